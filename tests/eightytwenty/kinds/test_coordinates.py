import pytest

from tests.eightytwenty.kinds.formats import flags_of, form, recognised, repaired

REPAIRED = {
    "41.88, -87.62": "41.88, -87.62",
    "41.88,-87.62": "41.88, -87.62",
    "(41.88, -87.62)": "41.88, -87.62",
    "[41.880, -87.62]": "41.880, -87.62",
    "41.88; +87.62": "41.88, 87.62",
    "41.88 -87.62": "41.88, -87.62",
    "41.88, −87.62": "41.88, -87.62",
    "POINT (-87.62 41.88)": "41.88, -87.62",
    "point(-87.62 41.88)": "41.88, -87.62",
    "41.88° N, 87.62° W": "41.88, -87.62",
    "41.88N 87.62W": "41.88, -87.62",
    "41°52'48\"N 87°37'12\"W": "41.88, -87.62",
    "41º 52′ 48″ S, 87º 37′ 12″ E": "-41.88, 87.62",
    "41°52'49\"N 87°37'12.5\"W": "41.88028, -87.620139",
    "41°52.8'N 87°37.2'W": "41.88, -87.62",
    "90, 180": "90, 180",
    "N/A": None,
}
FAULTS = [
    *(
        "41.88",
        "91, 0",
        "0, 181",
        "-122.42, 37.77",
        "POINT (0 91)",
        "POINT EMPTY",
        "41.88, -87.62, 7",
        "LINESTRING (1 2)",
    ),
    *("41.88 W, 87.62 N", "41°61'N 87°W", "41.88, x", "1,5, 2,5", "41.88/-87.62", "(41.88)", "95°N 5°W"),
]
ANGLES = "41°52'48\"N 87°37'12\"W"


@pytest.mark.parametrize(("cell", "plain"), REPAIRED.items())
def test_what_has_one_meaning_is_repaired(cell, plain):
    assert repaired("coordinates", cell) == plain


@pytest.mark.parametrize("cell", FAULTS)
def test_what_has_another_meaning_or_none_is_a_fault(cell):
    assert repaired("coordinates", cell) is None


def test_coordinates_are_recognised():
    cells = ["41.8781, -87.6298", "(41.878, -87.6298)", "POINT (-87.62 41.88)", "41°52'N 87°37'W", "41.88N 87.62W"]
    assert recognised("coordinates", cells) == cells
    assert recognised("coordinates", FAULTS) == []


def test_two_numbers_that_may_be_an_interval_are_recognised_only_in_a_column_that_says_so():
    pairs = ["41.88, -87.62", "(1.25, 3.75)", "0.12345, 0.67891", "[0, 5]", "1, 2", "(0.1234, 0.5678)"]
    assert recognised("coordinates", pairs) == []
    assert recognised("coordinates", pairs, named=True) == pairs
    others = ["41.88", "1,5", "2024-01-05", "10:30", "north", "1 of 2", "POINT", "Springfield, IL", *FAULTS]
    assert recognised("coordinates", [cell for cell in others if cell != "1,5"], named=True) == []


@pytest.mark.parametrize(
    ("counts", "found"),
    [
        ({"41.88, -87.62": 2, "POINT (-87.62 41.88)": 1}, ""),
        ({"41.88, -87.62": 1, "(41.88,-87.62)": 2}, "(41.88, -87.62)"),
        ({"41.88, -87.62": 1, "POINT(-87.62 41.88)": 2}, "POINT (-87.62 41.88)"),
        ({"41°52'N 87°37'W": 1}, ANGLES),
        ({"41°52'N 87°37'W": 1, "41.88, -87.62": 1}, ""),
    ],
)
def test_a_column_keeps_its_notation(counts, found):
    assert form("coordinates", counts) == found


def test_coordinates_stay_as_their_column_writes_them():
    angles = [f"41°52'{second}\"N 87°37'12\"W" for second in range(10, 40)] + ["41º 52′ 48″ S, 87º 37′ 12″ E"]
    points = [f"POINT (-87.62 41.{number})" for number in range(20)]
    points = [point.replace("POINT (", "POINT(") if at % 3 else point for at, point in enumerate(points)]
    for cells in (angles, points):
        assert flags_of("gps", cells) == []
        format_ = form("coordinates", dict.fromkeys(cells, 1))
        assert [repaired("coordinates", cell, format_) for cell in cells] == cells
    assert repaired("coordinates", "95°N 5°W", ANGLES) is None
    assert repaired("coordinates", "41.88, -87.62", ANGLES) is None


def test_the_order_changes_only_as_the_notation_has_it():
    assert repaired("coordinates", "41.88, -87.62", "POINT (-87.62 41.88)") == "POINT (-87.62 41.88)"
    assert repaired("coordinates", "POINT (-87.62 41.88)", "(41.88, -87.62)") == "(41.88, -87.62)"
    assert repaired("coordinates", "-87.62, 41.88") == "-87.62, 41.88"
    with pytest.raises(ValueError, match="is no format of coordinates; there are 41"):
        repaired("coordinates", "1, 2", "lat, lon")
