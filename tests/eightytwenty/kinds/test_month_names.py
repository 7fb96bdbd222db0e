"""Months in other languages are read, and their columns keep them and are dates."""

import datetime
from collections import defaultdict

import polars as pl
import pytest

from eightytwenty.engine.repair import repair_column
from eightytwenty.inference.column import infer_column
from eightytwenty.inference.values import Values
from eightytwenty.kinds import find_kind
from eightytwenty.kinds.month_names import FOREIGN, MONTHS, standard
from eightytwenty.schema import Column, Table

DAYS = [datetime.date(2024, month, 5) for month in range(1, 13)]


def written(language, directive, day):
    return f"{day.day}. {MONTHS[language][directive][day.month - 1]} {day.year}"


def test_no_word_is_two_months():
    months = defaultdict(set)
    for names in MONTHS.values():
        for words in names.values():
            assert len(words) == 12
            for month, word in enumerate(words):
                months[word.lower()].add(month)
    assert [word for word, numbers in months.items() if len(numbers) > 1] == []
    assert all(standard(word) in months for word in FOREIGN)


@pytest.mark.parametrize("directive", ["B", "b"])
@pytest.mark.parametrize("language", MONTHS)
def test_a_column_in_a_language_is_one_of_dates_that_stays_as_it_is(language, directive):
    cells = pl.Series([written(language, directive, day) for day in DAYS])
    column, _, evidence = infer_column("when", Values.of(cells))
    assert column.kind == "date"
    repaired = repair_column(cells, column)
    assert (repaired.cells.to_list(), evidence.doubt) == (cells.to_list(), "")
    assert repaired.values.to_list() == DAYS


def test_a_column_of_numbers_takes_the_months_of_any_language():
    cells = [written(language, "B", day) for language in MONTHS for day in DAYS]
    repaired = repair_column(pl.Series("c", cells), Column("c", "date"))
    assert repaired.values.to_list() == DAYS * len(MONTHS)


@pytest.mark.parametrize(
    ("cell", "plain"),
    [
        ("5. März 2024", "5. März 2024"),
        ("5. Mrz 2024", "5. März 2024"),
        ("5 MÄRZ 2024", "5. März 2024"),
        ("2024-03-05", "5. März 2024"),
        ("5 March 2024", "5. März 2024"),
        ("31. Februar 2024", None),
        ("05/03/2024", None),
        ("Mai 2024", None),
    ],
)
def test_another_notation_is_written_in_the_language_of_the_column(cell, plain):
    repaired = repair_column(pl.Series("c", [cell]), Column("c", "date", format="%-d. %{de}B %Y"))
    assert [repaired.cells[0] if repaired.values.null_count() == 0 else None] == [plain]


def test_sentences_with_months_and_numbers_are_no_dates():
    cells = pl.Series(["5 marts", "mai 12", "Set 5", "12 lug nuts", "5 mars bars 2024", "maj. 5 2024 x", "x" * 80])
    assert not find_kind("date").recognise(cells).any()


def test_cleaned_files_have_dates_and_what_was_written(clean_source):
    table = Table("visits", (Column("day", "date", format="%-d %{fr}#B %Y"),), csv=True)
    cleaned = clean_source("day\n5 janvier 2024\n1er août 2023\n".encode(), table=table)
    assert cleaned["clean"]["day"].to_list() == [datetime.date(2024, 1, 5), datetime.date(2023, 8, 1)]
    assert pl.read_csv(cleaned.folder / "clean.csv")["day"].to_list() == ["5 janvier 2024", "1 août 2023"]
