"""What holds for every kind: one plain form, a fast reader that knows it, and repairs that lead to it."""

import pkgutil
import subprocess
import sys
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import eightytwenty.kinds
from eightytwenty.engine.repair import repair_column, repairs
from eightytwenty.kinds import Kind, find_kind, register
from eightytwenty.schema import Column, Table

NAMES = (
    *("boolean", "category", "code", "date", "decimal", "integer", "text", "time", "timestamp"),
    *("coordinates", "email", "ip_address", "json", "phone", "postal_code", "url", "uuid"),
)


def kinds_with(**values):
    return [(kind, cell, plain) for kind, cells in values.items() for cell, plain in cells.items()]


READ = kinds_with(
    decimal={
        "7,5": "7.5",
        "1,234.5": "1234.5",
        "1.234,5": "1234.5",
        "1 234 567,25": "1234567.25",
        "$ 4,402.00": "4402.00",
        "+007.50": "7.50",
        ".5": "0.5",
        "-0.0": "0.0",
        "1.25e-3": "0.00125",
        "-2E2": "-200",
        "7.5 kg": "7.5",
        "0,125": "0.125",
    },
    boolean={"YES": "true", "n": "false", " 1 ": "true", "0": "false", "Off": "false", "N/A": None},
    date={
        "2024/1/5": "2024-01-05",
        "5.1.2024 ": None,
        "31.12.2024": "2024-12-31",
        "\u200e31\u200e/\u200e12\u200e/2024": "2024-12-31",
        # 2024 in the calendar of Iran
        "۱۴۰۳-۰۵-۱۲": None,
        "12/31/2024": "2024-12-31",
        "05/05/2024": "2024-05-05",
        "20240105": "2024-01-05",
        "Jan 5, 2024": "2024-01-05",
        "5th of May": None,
        "2 sept 2024": "2024-09-02",
        "2024-01-05T00:00:00": "2024-01-05",
        "2024-01-05 10:00": None,
        "2023-02-29": None,
        "05/01/2024": None,
        "05/01/24": None,
    },
    time={"9:05": "09:05:00", "9:05 p.m.": "21:05:00", "12:30 am": "00:30:00", "24:00": None, "9": None},
    timestamp={
        "2024-01-05T10:00": "2024-01-05 10:00:00",
        "2024-01-05T10:00:00.250Z": "2024-01-05 10:00:00.250",
        "2024-01-05 01:30:00+02:00": "2024-01-04 23:30:00",
        "2024-01-05 23:30:00 -0100": "2024-01-06 00:30:00",
        "5 Jan 2024, 9:05 pm": "2024-01-05 21:05:00",
        "31/12/2024 9:05": "2024-12-31 09:05:00",
        "05/01/2024 10:00": None,
        "2024-01-05": None,
    },
    code={
        "７\u00a07": "7 7",
        "SW1A  2AA": "SW1A 2AA",
        "007": "007",
        "\ufeffA\u200b1\u200e": "A1",
        "1.23457E+11": None,
        "1,2E+17": None,
        "1e+05": None,
        "1E5": "1E5",
        "12E+05": "12E+05",
        "1.5": "1.5",
    },
    category={" red ": "red", "NA": None},
    text={" two words ": "two words", "n/a": "n/a", "1.23457E+11": "1.23457E+11", "007": "007"},
)


@pytest.mark.parametrize(("kind", "cell", "plain"), READ)
def test_a_cell_is_read_if_it_can_mean_one_thing(kind, cell, plain):
    repaired = repair_column(pl.Series("c", [cell]), Column("c", kind))
    read = repaired.cells.to_list() if repaired.values.null_count() == 0 else [None]
    assert read == [plain]


def test_there_is_a_kind_in_each_file_and_no_other():
    for module in pkgutil.iter_modules(eightytwenty.kinds.__path__):
        if module.name in NAMES:
            assert find_kind(module.name).name == module.name
    with pytest.raises(ValueError, match="there is no kind intger; did you mean integer"):
        find_kind("intger")


@pytest.mark.parametrize("name", ["integer", "decimal"])
@given(st.integers(-(10**19), 10**19), st.integers(0, 19))
def test_a_number_is_written_in_plain_form_or_not_at_all(name, digits, shift):
    kind, number = find_kind(name), Fraction(digits, 10**shift)
    text = kind.from_number(number)
    if text is not None:
        assert kind.is_plain(text)
        assert Fraction(text) == number


@pytest.mark.timeout(20)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "cell",
    ["7" + " " * 10**6 + "x", "0" * 10**6 + "x", "1" + ",000" * 250_000 + "x", "1" * 10**6, "- " * 500_000 + "x"],
    ids=["spaces", "zeros", "groups", "digits", "dashes"],
)
def test_a_cell_of_a_megabyte_takes_no_longer_than_its_length(name, cell):
    for repair in repairs(Column("c", name)):
        repair.function(cell)


def test_no_library_of_a_single_kind_is_imported_before_it_is_needed():
    code = "import sys; from eightytwenty.kinds import all_kinds; all_kinds(); print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert {"phonenumbers", "email_validator", "dns"}.isdisjoint(modules)


def test_a_kind_of_ones_own_is_one_file(clean_source, tmp_path, monkeypatch):
    (tmp_path / "grades.py").write_text(
        """
import polars as pl
from eightytwenty.kinds import Kind, Repair, register

GRADE = register(Kind(
    name="grade", dtype=pl.Int8(), fault="no grade", fault_reason="a grade is a letter from A to F",
    is_plain=lambda cell: cell in set("ABCDEF"),
    parse=lambda cells: cells.replace_strict(list("ABCDEF"), range(6), default=None, return_dtype=pl.Int8),
    repairs=(Repair("small letter", "a small letter is the same grade", str.upper),),
))
"""
    )
    monkeypatch.syspath_prepend(tmp_path)
    __import__("grades")
    table = Table("exams", (Column("pupil", "text"), Column("grade", "grade", range=("A", "E"))))
    cleaned = clean_source(b"pupil,grade\nAnn,b\nBob,G\nCid,F\nDee, A\n", table=table)
    assert cleaned["clean"].select("pupil", "grade").rows() == [("Ann", 1), ("Dee", 0)]
    assert cleaned["quarantine"]["rules"].to_list() == [["no grade"], ["out of range"]]


def test_two_kinds_of_one_name_are_refused():
    integer = find_kind("integer")
    other = Kind("integer", pl.Int8(), "x", "y", lambda _: True, lambda cells: cells)
    assert register(integer) is integer
    with pytest.raises(ValueError, match="there are two kinds of the name integer"):
        register(other)
