"""Numbers are read by the marks, units and signs of their column and of their table; what may mean two is flagged."""

import pytest

from eightytwenty import clean, infer


@pytest.fixture
def cleaned(tmp_path):
    def run(text):
        path = tmp_path / "raw.csv"
        path.write_text(text, encoding="utf-8")
        return clean(path, out=tmp_path / "out")

    return run


@pytest.fixture
def column(tmp_path):
    def run(text, name):
        path = tmp_path / "raw.csv"
        path.write_text(text, encoding="utf-8")
        return next(column for column in infer(path).columns if column.name == name)

    return run


def lines(*rows):
    return "".join(f"{row}\n" for row in rows)


def flags(result, column):
    found = result.flags.collect()
    return [(line["value"], line["rule"], line["proposal"]) for line in found.to_dicts() if line["column"] == column]


def test_numbers_with_two_readings_are_flagged(cleaned):
    result = cleaned(lines("p;q", "1,649;a", "1,712;b", "1,598;c"))
    assert [rule for _, rule, _ in flags(result, "p")] == ["group or fraction"] * 3
    assert result.clean.collect()["p"].to_list() == [1649, 1712, 1598]


def test_a_lone_number_with_two_readings_is_flagged(cleaned):
    result = cleaned(lines("p;q", "15;a", "22;b", "31;c", "7,250;d"))
    assert [(value, rule) for value, rule, _ in flags(result, "p")] == [("7,250", "group or fraction")]


@pytest.mark.parametrize(
    ("other", "cell", "kind", "format_"),
    [
        ("2,5", "1,649", "decimal", "1234,5"),
        ("2.5", "1,649", "integer", "1,234"),
        ("2,5", "12.390", "integer", "1.234"),
        ("2.5", "12.390", "decimal", ""),
        ("1.234.567", "12.390", "integer", "1.234"),
    ],
)
def test_another_column_tells_which_mark_stands_before_fractions(column, other, cell, kind, format_):
    rows = lines("p;q", *(f"{cell[:-1]}{n};{other}" for n in range(1, 9)))
    found = column(rows, "p")
    assert (found.kind, found.format) == (kind, format_)


def test_the_column_itself_tells_more_than_another(column):
    rows = lines("p;q", *(f"{n},125;{n}.5" for n in range(9)))
    assert column(rows, "p").kind == "decimal"


def test_columns_that_disagree_tell_nothing(column):
    rows = lines("p;q;r", *(f"1,64{n};2,5;2.5" for n in range(1, 9)))
    assert column(rows, "p").format == "1,234 or 1234,5"


def test_a_group_where_a_comma_is_a_fraction_is_not_joined(cleaned):
    result = cleaned(lines("n;q", *(f"{n};2.5" for n in range(60)), *(f"7.25{n};2.5" for n in range(1, 5))))
    assert not (result.ledger.collect()["column"] == "n").any()


def test_a_label_on_a_few_numbers_is_flagged(cleaned):
    result = cleaned(lines("d;q", *(f"{n};a" for n in range(3, 30)), "5 km;b", "5 km;c", "5 km;d"))
    assert flags(result, "d") == [("5 km", "not a whole number", None)] * 3
    assert "unit or currency" not in result.ledger.collect()["rule"].to_list()


def test_percentages_keep_their_sign_and_shares_are_none(cleaned):
    result = cleaned(lines("s;q", *(f"{n}%;a" for n in range(1, 31)), *["0.12;a"] * 3, *["7 %;a"] * 3))
    assert flags(result, "s")[:3] == [("0.12", "not a percentage", None)] * 3
    assert set(result.ledger.collect()["after"]) == {"7%"}


def test_a_minus_behind_a_grade_is_no_sign(cleaned):
    result = cleaned(lines("g;q", *(f"{n % 5 + 1};a" for n in range(60)), *["2-;a"] * 4))
    assert result.ledger.collect().is_empty()
    assert {value for value, *_ in flags(result, "g")} == {"2-"}


def test_a_column_of_two_units_is_in_that_of_most_cells_and_flags_the_others(cleaned):
    cells = [*(f"{n}.5 kg" for n in range(20)), *(f"{n}00 g" for n in range(1, 20))]
    result = cleaned(lines("mass;q", *(f"{cell};a" for cell in cells)))
    schema = (result.folder / "schema.yaml").read_text()
    line = next(line for line in schema.splitlines() if "mass:" in line)
    assert ("kind: quantity" in line, "unit: kg" in line, "1234 kg" in line) == (True, True, True)
    assert flags(result, "mass") == [(cell, "not a quantity", None) for cell in cells if cell.endswith(" g")]
    assert result.ledger.collect().is_empty()
    assert result.clean.collect()["mass"].to_list()[19:] == [19.5, *[None] * 19]
    text = next((result.folder / "evidence").glob("columns.md")).read_text()
    assert "the numbers are in kg and g, and none is converted" in text


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["12 kg", "300 g", "7"], "text"),  # 7 of which?
        (["12 kg", "3 l"], "text"),
        (["12 kg", "300 g", "many"], "text"),
        (["$5", "€7"], "quantity"),
        (["5 mph", "8 km/h"], "quantity"),
        (["5 m", "3 h"], "text"),
    ],
)
def test_units_of_one_quantity_stand_in_one_column(column, cells, kind):
    rows = [f"{n}{cell};a" if cell[0].isdigit() else f"{cell}{n};a" for n in range(1, 9) for cell in cells]
    assert column(lines("x;q", *rows), "x").kind == kind
