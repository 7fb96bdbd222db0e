"""Evidence survives its files, and what is wrong with them is said in one sentence."""

from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eightytwenty.errors import UserError
from eightytwenty.inference.evidence import GROUPS, REFERENCES, TOLD, TOLD_SCHEMA, VALUES, Cells, Evidence
from eightytwenty.mined_rules import Depends, Once, Reference, SourceVotes, Template, Typos

NAMES = ("zip", "day, of -> week", '"city"')
RULES = [
    Depends(("zip",), '"city"'),
    Depends(NAMES[:2], '"city"'),
    Depends(("zip",), '"city"', {NAMES[1]: "a"}),
    Typos(NAMES),
    Reference("zip", '"city"'),
]
ROWS = st.lists(st.tuples(*[st.none() | st.sampled_from(["", "a", "b", "ä -> {x}"])] * 3), max_size=30)


def cells(rows, unreadable=()):
    texts = pl.DataFrame(rows, dict.fromkeys(NAMES, pl.String), orient="row")
    return Cells(texts, {"zip": texts["zip"].is_in(list(unreadable)).fill_null(value=False)})


def write(folder, evidence, rules):
    for name, content in evidence.files(rules).items():
        (folder / name).write_bytes(content)
    return folder


def counts(evidence):
    """Rule -> texts of the groups and values -> count, and column -> value -> count and whether it can be read."""
    groups = {}
    for rule in RULES[:3]:
        if not evidence.groups.get(rule.name) or not len(evidence.groups[rule.name].keys):
            continue
        found, vocabularies = (
            evidence.groups[rule.name],
            [evidence.vocabularies[name] for name in (*rule.when, rule.then)],
        )
        keys = divmod(found.keys, len(vocabularies[1])) if len(rule.when) > 1 else (found.keys,)
        texts = [
            vocabulary.decode(codes) for vocabulary, codes in zip(vocabularies, (*keys, found.values), strict=True)
        ]
        groups[rule.name] = dict(zip(zip(*texts, strict=True), found.counts.tolist(), strict=True))
    values = {
        name: list(zip(one.values.cells, one.values.counts, evidence.readable[name].tolist(), strict=True))
        for name, one in evidence.vocabularies.items()
    }
    return groups, values, {name: one.values.nulls for name, one in evidence.vocabularies.items()}


@given(ROWS)
def test_files_give_equal_evidence(tmp_path_factory, rows):
    evidence = Evidence.of(RULES, cells(rows, ["b"]))
    read = Evidence.read(write(tmp_path_factory.mktemp("evidence"), evidence, RULES), RULES)
    assert read.digest == evidence.digest
    assert counts(read) == counts(evidence)


@given(ROWS, st.data())
def test_the_order_of_rows_does_not_matter(rows, data):
    shuffled = Evidence.of(RULES, cells(data.draw(st.permutations(rows)), ["b"]))
    assert shuffled.digest == Evidence.of(RULES, cells(rows, ["b"])).digest


def test_what_cannot_be_read_is_counted_and_is_in_no_group():
    groups, values, nulls = counts(
        Evidence.of(RULES, cells([("a", "b", "c")] * 3 + [("b", "b", "c"), (None, "b", "c")], "b"))
    )
    assert values["zip"] == [("a", 3, True), ("b", 1, False)]
    assert groups[RULES[0].name] == {("a", "c"): 3}
    assert RULES[2].name not in groups
    assert nulls == {"zip": 1, NAMES[1]: 0, NAMES[2]: 0}


@given(ROWS)
def test_another_order_of_values_is_the_same_evidence(rows):
    evidence = Evidence.of(RULES, cells(rows))
    turned = Evidence(
        {
            name: type(one)(type(one.values)(one.values.cells.reverse(), one.values.counts.reverse(), one.values.nulls))
            for name, one in evidence.vocabularies.items()
        },
        {name: mask[::-1] for name, mask in evidence.readable.items()},
        {},
        evidence.told,
    )
    groups = evidence.recoded(RULES, turned.vocabularies)
    turned = replace(turned, groups=groups, references=evidence.references)
    assert counts(turned)[0] == counts(evidence)[0]
    assert turned.most_frequent_first(RULES).digest == evidence.digest


@given(ROWS)
def test_groups_of_a_condition_are_those_of_the_rows_that_keep_it(rows):
    groups, *_ = counts(Evidence.of(RULES, cells(rows)))
    kept, *_ = counts(Evidence.of(RULES, cells([row for row in rows if row[1] == "a"])))
    assert groups.get(RULES[2].name) == kept.get(RULES[0].name)


def test_a_condition_on_a_value_that_nobody_has_is_kept_by_no_row():
    rule = Depends(("zip",), '"city"', {NAMES[1]: "nowhere"})
    evidence = Evidence.of([rule], cells([("a", "b", "c")] * 3))
    later = cells([("a", "nowhere", "c"), ("a", "b", "c"), ("a", None, "c")])
    assert (evidence.keys(rule, evidence.encode(later.texts)) < 0).all()


@given(ROWS, ROWS)
def test_values_to_which_columns_refer_survive_and_are_added(tmp_path_factory, rows, more):
    evidence = Evidence.of(RULES, cells(rows))
    read = Evidence.read(write(tmp_path_factory.mktemp("evidence"), evidence, RULES), RULES)
    assert list(read.references.get('"city"', [])) == sorted({row[2] for row in rows} - {None})
    both = read.with_references(Evidence.of(RULES, cells(more)).references)
    assert list(both.references.get('"city"', [])) == sorted({row[2] for row in [*rows, *more]} - {None})
    assert (both.digest == read.digest) == ({row[2] for row in more} <= {None, *(row[2] for row in rows)})


@given(ROWS)
def test_values_that_come_again_survive(tmp_path_factory, rows):
    rules = [Once("zip")]
    evidence = Evidence.of(rules, cells(rows))
    again = evidence.repeats["zip"].values
    ids = [row[0] for row in {*rows} if row[0] is not None]
    assert dict(zip(again.cells, again.counts, strict=True)) == {
        one: ids.count(one) for one in ids if ids.count(one) > 1
    }
    read = Evidence.read(write(tmp_path_factory.mktemp("evidence"), evidence, rules), rules)
    assert read.covers(rules[0]) == (len(again) > 0)
    if len(again):
        assert read.digest == evidence.digest
        assert read.with_more(Evidence.of(RULES[:1], cells(rows)), RULES[:1]).covers(rules[0])


def test_where_no_column_refers_to_another_there_is_no_file_of_them(tmp_path):
    evidence = Evidence.of(RULES[:1], cells([("a", "b", "c")]))
    assert REFERENCES not in evidence.files(RULES[:1])
    assert Evidence.read(write(tmp_path, evidence, RULES[:1]), RULES).references == {}


def test_what_is_told_survives_as_well(tmp_path):
    told = pl.DataFrame([("k", "zip", None, -1.5, "why"), ("k2", "zip", "ä", 0.1, "")], TOLD_SCHEMA, orient="row")
    rules = [SourceVotes("day, of -> week", '"city"', ("zip",))]
    evidence = Evidence.of(rules, cells([("a", "b", "c")]), told)
    read = Evidence.read(write(tmp_path, evidence, rules), rules)
    assert read.told.equals(told)
    assert read.digest == evidence.digest
    assert read.digest != Evidence.of(rules, cells([("a", "b", "c")]), told[:1]).digest


def test_it_covers_what_was_counted(tmp_path):
    evidence = Evidence.of(RULES[:1], cells([("a", "b", "c")]))
    lacking = [RULES[1], Typos(NAMES), Template("{zip}", NAMES[1]), SourceVotes("zip", '"city"', (NAMES[1],))]
    assert [evidence.covers(rule) for rule in [RULES[0], Typos(("zip",)), *lacking]] == [True, True] + [False] * 4
    both = evidence.with_more(Evidence.of(RULES[1:], cells([("a", "b", "c"), ("z", "b", "c")])), RULES[1:])
    assert counts(both)[0] == {RULES[0].name: {("a", "c"): 1}, RULES[1].name: {("a", "b", "c"): 1}}
    assert both.references['"city"'].to_list() == ["c"]
    # rules with columns that were not there when the evidence was counted
    later = [*RULES, Depends(("new",), "zip")]
    assert not Evidence.read(write(tmp_path, evidence, RULES[:1]), later).covers(later[-1])


@pytest.mark.parametrize(
    ("name", "damage"),
    [(name, damage) for name in (VALUES, GROUPS, TOLD) for damage in ("missing", "cut", "other table")]
    + [(REFERENCES, "cut"), (REFERENCES, "other table")],
)
def test_damaged_files_are_one_sentence(tmp_path, name, damage):
    path = write(tmp_path, Evidence.of(RULES, cells([("a", "b", "c")] * 3)), RULES) / name
    if damage == "missing":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:-20])
    else:
        pl.DataFrame({"column": [1], "rule": [2], "key": [3], "value": [4], "count": ["x"]}).write_parquet(path)
    with pytest.raises(
        UserError, match=r"^[^\n]+ holds no evidence that can be read \([^\n]+\); infer the table again\.$"
    ):
        Evidence.read(tmp_path, RULES)


def test_a_folder_without_evidence_has_none(tmp_path):
    assert Evidence.read(tmp_path, RULES) is None
