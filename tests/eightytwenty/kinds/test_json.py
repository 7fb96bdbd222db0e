import pytest

from tests.eightytwenty.kinds.formats import recognised, repaired

REPAIRED = {
    '{"a": 1}': '{"a": 1}',
    '{"a": 1.10, "b": 1E400, "c": "\\u00e9"}': '{"a": 1.10, "b": 1E400, "c": "\\u00e9"}',
    '["a","b"]': '["a","b"]',
    "[1, 2, 3]": "[1, 2, 3]",
    "{}": "{}",
    "[]": "[]",
    ' {"a": 1}\n': '{"a": 1}',
    '{\n  "a": [\n    1,\n    2\n  ]\n}': '{"a": [1, 2]}',
    '{"a":\r\n\t"b  c"}': '{"a":"b  c"}',
    '{"a": 1, "a": 2}': '{"a": 1, "a": 2}',
    "[" + "9" * 5000 + "]": "[" + "9" * 5000 + "]",
    "N/A": None,
}
FAULTS = [
    *("7", '"a"', "true", "{'a': 1}", '{"a": NaN}', "[Infinity]", '{"a": 1', '{"a": 1,}', "{a: 1}", "[1] [2]", "[x]"),
    *('{"a": "b\nc"}', "[" * 100_000 + "]" * 100_000, '{"a": 1}\n{"a": 2}', "(1, 2)", "[None]"),
]
SAMPLES = [cell for cell, plain in REPAIRED.items() if plain and len(cell) < 100]


@pytest.mark.parametrize(("cell", "plain"), REPAIRED.items())
def test_what_has_one_meaning_is_repaired(cell, plain):
    assert repaired("json", cell) == plain


@pytest.mark.parametrize("cell", FAULTS)
def test_what_has_another_meaning_or_none_is_a_fault(cell):
    assert repaired("json", cell) is None


def test_objects_and_lists_are_recognised():
    assert recognised("json", SAMPLES) == SAMPLES
    assert recognised("json", FAULTS) == []


def test_notes_and_ranges_are_recognised_only_in_a_column_that_says_so():
    notes = ["[1]", "[2]", "[0, 5]", "[5, 10.5]"]
    assert recognised("json", notes) == []
    assert recognised("json", [*notes, '{"a": 1}']) == ['{"a": 1}']
    assert recognised("json", notes, named=True) == notes
    assert recognised("json", ["[1]", "[1, 2]", "[1, 2, 3]", "[4, 5, 6, 7]"]) == [
        "[1]",
        "[1, 2]",
        "[1, 2, 3]",
        "[4, 5, 6, 7]",
    ]
