"""Durations: what is one, which format a column has, and what is rewritten to it."""

import datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eightytwenty.engine.repair import repair_column
from eightytwenty.inference.column import infer_column
from eightytwenty.inference.values import Values
from eightytwenty.kinds import find_kind
from eightytwenty.kinds.duration_format import FORMATS
from eightytwenty.schema import Column
from tests.eightytwenty.kinds.formats import flags_of

DURATION = find_kind("duration")
durations = st.integers(0, 10**12).map(lambda seconds: seconds * 1000) | st.integers(0, 10**5).map(lambda s: s * 10**6)
near_cells = durations.flatmap(
    lambda value: st.sampled_from(sorted(FORMATS)).map(lambda text: FORMATS[text].text_of(value))
)
damaged_cells = st.tuples(near_cells, st.integers(0, 12), st.sampled_from([*"0159:. ,PTdhms-é", ""])).map(
    lambda parts: parts[0][: parts[1]] + parts[2] + parts[0][parts[1] + 1 :]
)


@settings(max_examples=500)
@given(format_=st.sampled_from(["", *FORMATS]), cells=st.lists(near_cells | damaged_cells | st.none(), max_size=20))
def test_the_fast_reader_of_a_format_reads_what_is_plain_in_it_and_nothing_else(format_, cells):
    kind = find_kind("duration", format_)
    values = kind.parse(pl.Series("c", cells, dtype=pl.String))
    assert values.dtype == pl.Duration("us")
    read = [None if cell is None else FORMATS[format_ or "H:MM:SS"].read(cell) for cell in cells]
    assert values.dt.total_microseconds().to_list() == read
    assert [value is not None for value in values] == [cell is not None and kind.is_plain(cell) for cell in cells]


@settings(max_examples=500)
@given(format_=st.sampled_from(sorted(FORMATS)), value=durations)
def test_a_duration_is_written_as_it_is_read_or_not_at_all(format_, value):
    text = FORMATS[format_].write(value)
    assert text is None or FORMATS[format_].read(text) == value


def recognised(*cells):
    return [
        cell
        for cell, is_one in zip(cells, DURATION.recognise(pl.Series(cells, dtype=pl.String)), strict=True)
        if is_one
    ]


def test_times_of_day_are_no_durations():
    assert recognised("7:46", "23:10", "1:06:34") == []
    assert recognised("7:46", "83:10", "7:10 pm") == ["7:46", "83:10"]
    assert recognised("1 day, 3:00:00", "3:00:00") == ["1 day, 3:00:00", "3:00:00"]
    times = [f"{hour}:{minute:02}" for hour in range(24) for minute in range(60)]
    assert recognised(*times, "29:10") == ["29:10"]
    assert find_kind("time").recognise(pl.Series([*times, "29:10"])).sum() == len(times)


def test_what_is_no_duration_is_not_recognised():
    others = [
        "5m",
        "90s",
        "3 d",
        "2 months",
        "1 year",
        "7.5 kg",
        "12",
        "1.5",
        "P",
        "PT",
        "PHD",
        "1:2",
        "100:75",
        "",
        "é",
    ]
    assert recognised(*others) == []
    assert recognised("5m", "1h 30m") == ["5m", "1h 30m"]
    assert recognised() == []


@pytest.mark.parametrize(
    ("cells", "format_"),
    [
        (["30:05:00", "0:05:00.25"], ""),
        (["30:05:00", "00:05:00"], "HH:MM:SS"),
        (["44:44.1", "4:22.5"], "M:SS"),
        (["44:44", "4:22", "1:06:34"], "[H:]M:SS"),
        (["44:44", "04:22", "1:06:34"], "[H:]MM:SS"),
        (["2 days 03:00:00", "0 days 00:00:01.5"], "D days HH:MM:SS"),
        (["2 days, 3:00:00", "1 day, 0:00:01", "0:00:01"], "D days, H:MM:SS"),
        (["PT30S", "P1DT2H", "P2W"], "PT1H30M"),
        (["1h 30m", "45m"], "1h 30m"),
        (["1h30m", "2h"], "1h30m"),
        (["1 hour 30 minutes", "2 hours 1 minute"], "1 hour 30 minutes"),
        (["90 min", "1.5 min"], "90 min"),
        (["1 day", "30 days"], "90 days"),
    ],
)
def test_the_format_of_a_column_is_that_of_its_cells(cells, format_):
    cells = pl.Series(cells)
    assert DURATION.recognise(cells).all()
    form = DURATION.find_form(cells, pl.Series([1] * len(cells)))
    assert (form.format, form.doubt) == (format_, "")
    assert find_kind("duration", form.format).parse(cells).null_count() == 0


@pytest.mark.parametrize(
    ("cells", "open_format"),
    [
        (["31:52", "8:05"], "M:SS or H:MM"),
        (["31:52", "08:05"], "MM:SS or HH:MM"),
        (["1:05", "59:59", "62:10"], "M:SS or H:MM"),
    ],
)
def test_two_numbers_are_minutes_and_seconds_or_hours_and_minutes_only_if_something_tells(cells, open_format):
    assert flags_of("x", cells) == [("minutes or hours first", cell) for cell in cells]
    minutes, hours = open_format.split(" or ")
    for name, format_, doubt in (
        ("x", open_format, "minutes and seconds cannot be told from hours and minutes"),
        ("duration", open_format, "minutes and seconds cannot be told from hours and minutes"),
        ("Lap", minutes, ""),
        ("min_played", minutes, ""),
        ("hours", hours, ""),
    ):
        column, _, evidence = infer_column(name, Values.of(pl.Series(cells)))
        assert (column.kind, column.format, evidence.doubt) == ("duration", format_, doubt)
        assert (column.form.dtype == pl.String) == bool(doubt)
    assert infer_column("x", Values.of(pl.Series([*cells, "1:06:34"])))[0].form.dtype == pl.Duration("us")


def test_a_few_times_after_midnight_are_flagged_among_times_of_day():
    for cells, flagged in (
        (["23:59", "24:00", "00:15"], ["24:00"]),
        ([f"{hour:02}:{minute}" for hour in range(24) for minute in (10, 40)] + ["25:30", "24:00"], ["25:30", "24:00"]),
        (
            [f"{hour:02}:10" for hour in range(24)] + ["25:30", "26:30", "29:10", "27:15"],
            ["25:30", "26:30", "29:10", "27:15"],
        ),
    ):
        column, _, _ = infer_column("arrival", Values.of(pl.Series(cells)))
        assert (column.kind, column.format) == ("time", "%H:%M")
        assert flags_of("arrival", cells) == [("not a time", cell) for cell in flagged]
    assert infer_column("x", Values.of(pl.Series(["23:10", "21:15", "25:30", "26:00"])))[0].kind == "duration"


@pytest.mark.parametrize(
    ("format_", "cell", "plain"),
    [
        ("", "1h 30m", "1:30:00"),
        ("", "P1DT2H", "26:00:00"),
        ("", "90 min", "1:30:00"),
        ("", "5m", "0:05:00"),
        ("", "2 days 03:00:00", "51:00:00"),
        ("", "83:10", None),
        ("", "2 months", None),
        ("M:SS", "04:05", "4:05"),
        ("M:SS", "1:04:05", "64:05"),
        ("H:MM", "04:05", "4:05"),
        ("H:MM", "1:04:05", None),
        ("1h 30m", "1:30:00", "1h 30m"),
        ("1h 30m", "1 hour, 30 minutes", "1h 30m"),
        ("90 min", "1h 30m", "90 min"),
        ("90 hours", "45 min", "0.75 hours"),
        ("PT1H30M", "1:30:00.5", "PT1H30M0.5S"),
    ],
)
def test_a_cell_in_another_notation_is_written_in_that_of_its_column_if_it_can_mean_one_thing(format_, cell, plain):
    repaired = repair_column(pl.Series("c", [cell]), Column("c", "duration", format=format_))
    assert [repaired.cells[0] if repaired.values.null_count() == 0 else None] == [plain]


def test_a_range_is_one_of_durations():
    assert Column("c", "duration", range=("0:00:30", "48:00:00")).limits == (
        datetime.timedelta(seconds=30),
        datetime.timedelta(days=2),
    )


def test_another_format_is_refused():
    with pytest.raises(ValueError, match=r"'%H:%M' is no format of durations; .*HH:MM"):
        find_kind("duration", "%H:%M")
