"""Formats of dates, times and timestamps: which a column has, what is plain in one, and what is rewritten to it."""

import datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eightytwenty.engine.repair import repair_column
from eightytwenty.kinds import find_kind
from eightytwenty.kinds.date_format import compile_format
from eightytwenty.kinds.time import time_within
from eightytwenty.schema import Column, Table
from tests.eightytwenty.kinds.formats import flags_of

FORMATS = [
    *(("date", format_) for format_ in ("%m/%d/%Y", "%-m/%-d/%Y", "%d.%m.%Y", "%-d-%b-%y", "%d-%^b-%y", "%Y%m%d")),
    *(
        ("date", format_)
        for format_ in (
            "%B %d, %Y",
            "%-d de %{pt}#B de %Y",
            "%A, %B %-dth, %Y",
            "%a %#b %e %y",
            "%d/%m/%Y 00:00:00",
            "%y%m%d",
        )
    ),
    *(("time", format_) for format_ in ("%H:%M", "%-H:%M:%S.%f", "%-I:%M %p", "%I:%M:%S %p", "%-I:%M a.m.", "%-I A")),
    *(("timestamp", format_) for format_ in ("%m/%d/%Y %-I:%M %p", "%Y-%m-%dT%H:%M:%S.%3fZ", "%H:%M %d.%m.%y")),
    *(("timestamp", format_) for format_ in ("%Y-%m-%d %H:%M:%S,%f", "%a %b %e %H:%M:%S %Y", "%Y%m%dT%H%M%S%z")),
    *(
        ("timestamp", format_)
        for format_ in ("%Y/%m/%d %H:%M:%S%#z", "%a, %d %b %y %H:%M:%S %:z", "%-d.%-m.%Y %H:%M UTC")
    ),
]
EITHER = [("date", "%d/%m/%Y or %m/%d/%Y"), ("timestamp", "%-d.%-m.%y %H:%M or %-m.%-d.%y %H:%M")]
moments = st.datetimes(datetime.datetime(1000, 1, 2), datetime.datetime(9999, 12, 30))
offsets = st.sampled_from(["+0000", "+0530", "-1200", "+00:00", "+23:59", "-02:00", "+00", "-05"])


@st.composite
def cells_near(draw, format_):
    """A cell in a format, but perhaps of another one, on another day, or with a character too many."""
    target = compile_format(format_.split(" or ")[0])
    moment = draw(moments | st.dates(datetime.date(1960, 1, 1), datetime.date(2080, 1, 1)).map(_midnight))
    parts = []
    for token in target.tokens:
        other = moment.replace(day=1, month=draw(st.integers(1, 12)))
        value = other if draw(st.integers(0, 19)) == 0 else moment
        text = token.write(value)
        parts.append(draw(offsets) if token.field == "offset" else text)
    cell = "".join(parts)
    if draw(st.integers(0, 3)) == 0:
        at = draw(st.integers(0, len(cell)))
        cell = cell[:at] + draw(st.sampled_from("0123456789 :/.-amPMTZé")) + cell[at + draw(st.integers(0, 1)) :]
    return cell


def _midnight(day):
    return datetime.datetime.combine(day, datetime.time())


@pytest.mark.parametrize(("kind", "format_"), [*FORMATS, *EITHER])
def test_the_fast_reader_of_a_format_reads_what_is_plain_in_it_and_nothing_else(kind, format_):
    formatted = find_kind(kind, format_)

    @given(st.lists(cells_near(format_) | st.text("0123456789/:. apmAPMTZ-,", max_size=24) | st.none(), max_size=20))
    def agrees(cells):
        values = formatted.parse(pl.Series("c", cells, dtype=pl.String))
        assert values.dtype == formatted.dtype
        assert [value is not None for value in values] == [c is not None and formatted.is_plain(c) for c in cells]
        if values.dtype != pl.String:
            read = [cell and compile_format(format_).read(cell) for cell in cells]
            of_type = {pl.Date: datetime.datetime.date, pl.Time: datetime.datetime.time}.get(values.dtype, lambda m: m)
            assert values.to_list() == [of_type(moment) if moment else None for moment in read]

    agrees()


@pytest.mark.parametrize(("kind", "format_"), [*FORMATS, *EITHER])
@given(data=st.data())
def test_repairs_of_a_format_end_and_leave_nothing_to_repair(kind, format_, data):
    cell = data.draw(cells_near(format_) | cells_near(data.draw(st.sampled_from(FORMATS))[1]))
    column = Column("c", kind, format=format_)
    once = repair_column(pl.Series("c", [cell]), column)
    if once.values[0] is not None:
        again = repair_column(once.cells, column)
        assert again.cells.equals(once.cells)
        assert again.ledger.is_empty()


@pytest.mark.parametrize(("kind", "format_"), FORMATS)
@given(moments)
def test_a_moment_is_written_as_it_is_read_or_not_at_all(kind, format_, moment):
    text = compile_format(format_).write(moment)
    assert text is None or compile_format(format_).read(text) == moment


def find_form(kind, cells):
    kind = find_kind(kind)
    cells = pl.Series(list(cells), dtype=pl.String)
    assert kind.recognise(cells).all()
    return kind.find_form(cells, pl.Series([1] * len(cells)))


FOUND = [
    ("date", "2024-01-05 2024-12-31", ""),
    ("date", "12/31/2024 01/05/2024", "%m/%d/%Y"),
    ("date", "12/31/2024 1/5/2024", "%-m/%-d/%Y"),
    ("date", "12/31/2024 1/05/2024", "%-m/%d/%Y"),
    ("date", "31.12.2024 05.01.2024", "%d.%m.%Y"),
    ("time", ["11AM", "12PM"], "%-I%p"),
    ("date", "31-12-00 05-01-24", "%d-%m-%y"),
    ("date", "00/12/31 05/01/24", "%y/%m/%d"),
    ("date", "20240105 20241231", "%Y%m%d"),
    ("date", "05-Jan-24 12-Dec-24", "%d-%b-%y"),
    ("date", "05-JAN-2024 12-DEC-2024", "%d-%^b-%Y"),
    ("date", ["January 5, 2024", "March 12, 2024"], "%B %-d, %Y"),
    ("date", ["Thu Dec  1 2011", "Thu Dec 15 2011"], "%a %b %e %Y"),
    ("date", ["Thu, Dec 1 2011", "Thu, Dec 15 2011"], "%a, %b %-d %Y"),
    ("date", ["5. Januar 2024", "17. März 2023", "1. April 2020"], "%-d. %{de}B %Y"),
    ("date", ["5 janvier 2024", "1 mars 2024", "12 août 2023"], "%-d %{fr}#B %Y"),
    ("date", ["5 de enero de 2024", "7 de abril de 2023"], "%-d de %{es}#B de %Y"),
    ("date", ["05-jan-2024", "06-mrt-2024", "07-apr-2024"], "%d-%{nl}#b-%Y"),
    ("date", ["5 april 2024", "6 september 2024"], "%-d %#B %Y"),
    ("date", ["5 мая 2024", "7 октября 2023", "8 марта 2023"], "%-d %{ru}#B %Y"),
    ("timestamp", ["5. Okt. 2024 10:30", "12. Dez. 2024 09:15"], "%-d. %{de}b. %Y %H:%M"),
    ("date", ["5th January 2024", "2nd March 2024"], "%-dth %B %Y"),
    ("date", ["12/31/2024 0:00:00", "1/5/2024 0:00:00"], "%-m/%-d/%Y 0:00:00"),
    ("date", ["2024-12-31T00:00:00Z"], "%Y-%m-%dT00:00:00Z"),
    ("time", "09:05:00 13:05:00.25", ""),
    ("time", "09:05 13:05", "%H:%M"),
    ("time", ["7:10 AM", "11:10 PM"], "%-I:%M %p"),
    ("time", ["07:10:00 PM", "11:10:00 AM"], "%I:%M:%S %p"),
    ("time", ["7:10 a.m.", "11:10 p.m."], "%-I:%M a.m."),
    ("time", ["7:10a", "11:10p"], "%-I:%Ma"),
    ("time", ["11AM", "7PM"], "%-I%p"),
    ("timestamp", ["2024-01-05 10:00:00", "2024-01-05 10:00:00.5"], ""),
    ("timestamp", ["2024-01-05 10:00"], "%Y-%m-%d %H:%M"),
    ("timestamp", ["2024-01-05T10:00:00Z"], "%Y-%m-%dT%H:%M:%SZ"),
    ("timestamp", ["2024-01-05T10:00:00.250+01:00"], "%Y-%m-%dT%H:%M:%S.%3f%:z"),
    ("timestamp", ["2024/01/05 10:00:00+00"], "%Y/%m/%d %H:%M:%S%#z"),
    ("timestamp", ["12/31/2024 7:10 PM", "1/5/2024 11:10 AM"], "%-m/%-d/%Y %-I:%M %p"),
    ("timestamp", ["10:00 31.12.2024"], "%H:%M %d.%m.%Y"),
    ("timestamp", ["Thu Dec  1 10:00:00 2011"], "%a %b %e %H:%M:%S %Y"),
    ("timestamp", ["20240105T101500"], "%Y%m%dT%H%M%S"),
]


@pytest.mark.parametrize(("kind", "cells", "format_"), FOUND)
def test_the_format_of_a_column_is_that_of_its_cells(kind, cells, format_):
    cells = cells.split() if isinstance(cells, str) else cells
    form = find_form(kind, cells)
    assert (form.format, form.doubt) == (format_, "")
    formatted = find_kind(kind, form.format)
    assert all(map(formatted.is_plain, cells))
    assert formatted.parse(pl.Series(cells)).null_count() == 0


def test_where_nothing_tells_day_and_month_apart_the_cells_stay_texts():
    form = find_form("date", ["5/1/2024", "12/10/2024", "6/6/2024"])
    assert form.format == "%-d/%-m/%Y or %-m/%-d/%Y"
    assert form.doubt == "day and month cannot be told apart: no cell has a day after the 12th"
    assert find_kind("date", form.format).dtype == pl.String


def test_the_format_is_that_of_the_majority_if_cells_contradict_one_another():
    form = find_form("date", ["31/12/2024", "30/12/2024", "12/29/2024", "01/02/2024"])
    assert form.format == "%d/%m/%Y"
    assert form.doubt == "day and month stand in both orders: in 2 cells only the day can be first, in 1 only the month"


@pytest.mark.parametrize(
    ("cells", "format_", "names"),
    [
        ("24/02/01 23/12/31 22/11/30", "%d/%m/%y or %y/%m/%d", "day and year"),
        ("12/25/02 10/12/24", "%m/%d/%y", ""),
        ("01-02-03 04-05-06", "%d-%m-%y or %m-%d-%y or %y-%m-%d", "day, month and year"),
        ("5.3.22 10.12.21", "%-d.%-m.%y or %-m.%-d.%y", "day and month"),
        ("99-12-31 24-02-01", "%y-%m-%d", ""),
    ],
)
def test_years_of_two_digits_may_be_the_first_number_or_the_last(cells, format_, names):
    form = find_form("date", cells.split())
    assert form.format == format_
    assert (f"{names} cannot be told apart" in form.doubt) == bool(names)
    kind = find_kind("date", format_)
    assert (kind.dtype == pl.String) == bool(names)
    if names:
        assert kind.doubt_name == "day or month first"
        assert kind.doubt(pl.Series([*cells.split(), "x", None])).to_list()[-2:] == [False, False]
        assert kind.doubt(pl.Series(cells.split())).any()


def test_moments_with_the_year_first_are_no_moments_of_other_days():
    assert find_form("timestamp", ["24/02/01 10:00", "23/12/31 11:00"]).format == ("%d/%m/%y %H:%M or %y/%m/%d %H:%M")
    assert find_form("timestamp", ["24/02/01 10:00", "99/12/31 11:00"]).format == "%y/%m/%d %H:%M"


def test_the_number_with_nearly_all_values_is_the_day():
    days = [f"{number:02}" for number in range(1, 32)]
    for order, format_ in (("{day}.10.{year}", "%d.%m.%y"), ("{year}.10.{day}", "%y.%m.%d")):
        form = find_form("date", [order.format(day=day, year=year) for day in days for year in (21, 22, 23)])
        assert form.format == format_
        assert "how many values" in form.doubt


def test_years_of_two_digits_from_two_centuries_are_doubtful():
    assert "1969 to 1999" in find_form("date", ["5-Jan-98", "5-Jan-03"]).doubt


def test_years_of_two_digits_that_may_be_of_the_last_century_are_flagged():
    cells = ["01.02.45", "13.04.51", "11.12.30"]
    form = find_form("date", cells)
    assert form.format == "%d.%m.%y"
    assert form.doubt == "years of two digits are taken for years up to 2051, and may be those of the last century"
    assert find_kind("date", "%d.%m.%y").doubt(pl.Series([*cells, None, "x"])).to_list()[:3] == [True, True, False]
    assert flags_of("born", cells) == [("century unclear", "01.02.45"), ("century unclear", "13.04.51")]


ZONED = ["2024-07-01 10:00:00+02:00", "2024-07-02T10:00:00Z", "2024-07-03 10:00:00 UTC"]


@pytest.mark.parametrize("length", [19, 16])
def test_a_moment_with_a_zone_among_others_is_flagged_and_not_changed(length):
    zoned = [cell[:length] + cell[19:] for cell in ZONED]
    cells = [f"2024-06-{day} 10:00:00"[:length] for day in range(10, 29)] + zoned
    assert flags_of("at", cells) == [("offset from UTC", cell) for cell in zoned]
    format_ = "" if length == 19 else "%Y-%m-%d %H:%M"
    declared = repair_column(pl.Series(zoned), Column("at", "timestamp", format=format_))
    assert declared.cells[0] == "2024-07-01 08:00:00"[:length]


@pytest.mark.parametrize(
    ("usual", "others"),
    [
        ([f"Oct {day}, 2023" for day in range(1, 28)], [f"{day} Oct 2023" for day in (15, 16, 17)]),
        ([f"{day:02}/10/2023" for day in range(1, 31)], [f"2023-11-{day}" for day in range(10, 20)]),
        ([f"{day}-JAN-2024" for day in range(1, 20)], [f"{day}-Jan-2024" for day in (20, 21, 22)]),
    ],
)
def test_days_of_one_meaning_in_another_notation_are_written_in_that_of_the_column(usual, others):
    assert flags_of("day", [*usual, *others]) == []
    # a single one is no notation of the column, but its meaning is clear
    assert flags_of("day", [*usual, others[0]]) == [("date format", others[0])]


def test_a_slip_does_not_change_leading_zeros():
    cells = pl.Series([f"{day:02}.10.2024" for day in range(1, 32)] + ["1.10.2024", "9.10.2024"])
    counts = pl.Series([10] * 31 + [1, 1])
    assert find_kind("date").find_form(cells, counts).format == "%d.%m.%Y"
    cells, counts = pl.Series(["10/20/2020", "1/20/2020", "10/2/2020"]), pl.Series([100, 2, 2])
    assert find_kind("date").find_form(cells, counts).format == "%m/%d/%Y"


def recognised(kind, cells):
    is_recognised = find_kind(kind).recognise(pl.Series(cells, dtype=pl.String))
    return [cell for cell, is_one in zip(cells, is_recognised, strict=True) if is_one]


def test_what_is_no_date_is_not_recognised():
    others = ["1.5", "3-4", "2012-13", "1/2", "2024", "1530", "Jan-2024", "Dec 1", "may", "10 12 15", "1,234", "6.1.2"]
    others += ["2023-02-29", "31/31/2024", "Fri Dec 1 2011", "12:30", "192.168.1.10", "555-12-1234", "ABC 1", "", "é"]
    for kind in ("date", "time", "timestamp"):
        assert recognised(kind, others) == (["12:30"] if kind == "time" else [])
    assert recognised("date", []) == []


def test_whole_numbers_are_days_only_if_all_of_them_are():
    assert recognised("date", ["20240105", "20241231", " 19000101"]) == ["20240105", "20241231", " 19000101"]
    for other in ("20240230", "2024", "18991231", "21010101", "0"):
        assert recognised("date", ["20240105", other]) == []
    assert recognised("date", ["20240105", "2024", "5 May 2024"]) == ["5 May 2024"]


def test_midnights_are_days_unless_there_are_other_moments():
    midnights = ["12/31/2024 12:00 AM", "12/30/2024 12:00 AM"]
    assert recognised("date", [*midnights, "12/29/2024"]) == [*midnights, "12/29/2024"]
    assert recognised("timestamp", midnights) == []
    assert recognised("timestamp", [*midnights, "12/31/2024 7:10 AM"]) == [*midnights, "12/31/2024 7:10 AM"]
    assert recognised("date", [*midnights, "12/31/2024 7:10 AM", "12/29/2024"]) == ["12/29/2024"]


WRITTEN = {
    ("date", "%m/%d/%Y"): {
        "2024-01-05": "01/05/2024",
        "5 Jan 2024": "01/05/2024",
        "Fri, Jan 5th, 2024": "01/05/2024",
        "1/5/2024": "01/05/2024",
        "31.12.2024": "12/31/2024",
        "05-05-2024": "05/05/2024",
        "05-01-2024": None,
        "12/31/24": None,
        "12/31/2024 00:00": "12/31/2024",
        "12/31/2024 10:00": None,
        "Thu, Jan 5, 2024": None,
        "20240105": "01/05/2024",
        "Jan 2024": None,
        "02/30/2024": None,
        "‎1/5/2024": "01/05/2024",
    },
    ("date", "%-d-%b-%y"): {
        "05-JAN-24": "5-Jan-24",
        "2024-01-05": "5-Jan-24",
        "1950-01-05": None,
        "31/12/99": "31-Dec-99",
        "5-Sept-2024": "5-Sep-24",
    },
    ("date", "%Y-%m-%d 00:00:00"): {"2024-01-05": "2024-01-05 00:00:00", "2024-01-05 10:00": None},
    ("date", ""): {"Fri Jan 5 2024": "2024-01-05", "31/12/24": None},
    ("date", "%d/%m/%Y or %m/%d/%Y"): {
        "5/1/2024": "05/01/2024",
        "05.05.2024": "05/05/2024",
        "2024-12-31": None,
        "31/12/2024": "31/12/2024",
    },
    ("time", "%-I:%M a.m."): {
        "7:10 PM": "7:10 p.m.",
        "07:10p": "7:10 p.m.",
        "19:10": "7:10 p.m.",
        "0:10": "12:10 a.m.",
        "7:10": None,
        "7 am": "7:00 a.m.",
        "19:10:30": None,
        "12/02/2011 7:10 a.m.": None,
    },
    ("time", "%H:%M"): {"7:10 p.m.": "19:10", "7:10": "07:10", "07:10:00": "07:10", "07:10:30": None, "24:00": None},
    ("time", ""): {"7 pm": "19:00:00"},
    ("timestamp", "%m/%d/%Y %-I:%M %p"): {
        "2024-01-05 19:10": "01/05/2024 7:10 PM",
        "1/5/2024 19:10": "01/05/2024 7:10 PM",
        "1/5/2024 7:10": None,
        "2024-01-05T19:10:00+02:00": "01/05/2024 5:10 PM",
        "01/05/2024": None,
        "2024-01-05 19:10:30": None,
    },
    ("timestamp", "%Y-%m-%dT%H:%M:%SZ"): {
        "2024-01-05T10:00:00+02:00": "2024-01-05T08:00:00Z",
        "2024-01-05 10:00:00 GMT": "2024-01-05T10:00:00Z",
        "2024-01-05 10:00:00": None,
    },
}


@pytest.mark.parametrize(
    ("column", "cell", "plain"),
    [
        (Column("c", kind, format=format_), cell, plain)
        for (kind, format_), cells in WRITTEN.items()
        for cell, plain in cells.items()
    ],
)
def test_a_cell_in_another_notation_is_written_in_that_of_its_column_if_it_can_mean_one_thing(column, cell, plain):
    repaired = repair_column(pl.Series("c", [cell]), column)
    assert [repaired.cells[0] if repaired.values.null_count() == 0 else None] == [plain]


@pytest.mark.parametrize(
    ("kind", "format_", "message"),
    [
        ("date", "%d/%m", "'%d/%m' is no format of dates or times: it has no year"),
        ("date", "%d.%m.%Q", "there is no directive %Q"),
        ("date", "%d.%b.%m.%Y", "it has the month twice"),
        ("date", "%d. %{xx}B %Y", "of other languages, it can have the months in de, fr, es"),
        ("date", "%d. %{de}A %Y", "of other languages, it can have the months"),
        ("date", "%-d%m%Y", "nothing says where %-d ends"),
        ("date", "%H:%M", "'%H:%M' is no format of dates"),
        ("date", "%d/%m/%Y or %Y-%m-%d", "the two may only differ in the order of day and month"),
        ("date", "day", "it cannot have 'd' in it"),
        ("time", "%I:%M", "an hour of twelve, %I, and %p belong together"),
        ("time", "%H:%M Z", "is no format of times of day"),
        ("timestamp", "%d.%m.%Y", "is no format of timestamps"),
        ("timestamp", "%d.%m.%Y %H:%M.%f", "a fraction stands behind the seconds"),
    ],
)
def test_what_is_no_format_of_a_kind_is_refused_with_a_reason(kind, format_, message):
    with pytest.raises(ValueError, match=message.replace("(", "[(]")):
        Column("c", kind, format=format_)


@pytest.mark.parametrize(
    ("cell", "time"),
    [
        ("12/02/2011 7:10 a.m.", "7:10 a.m."),
        ("Fri Dec 2 5:11 a.m.", "5:11 a.m."),
        ("3:29 p.m. (Estimated runway)", "3:29 p.m."),
        ("7:10aDec 1", "7:10a"),
        ("Thu  20:00", "20:00"),
        ("at 7:10.", "7:10"),
        ("7:10", None),
        ("7:10 to 8:10", None),
        ("25:10 today", None),
        ("no time", None),
        ("1:2:3:4 x", None),
    ],
)
def test_the_only_time_in_a_cell(cell, time):
    assert time_within(cell) == time


def test_a_column_in_a_format_is_typed_and_only_cells_in_another_notation_change(clean_source):
    columns = (
        Column("day", "date", format="%m/%d/%Y", range=("01/01/2000", None)),
        Column("open", "date", format="%d/%m/%Y or %m/%d/%Y"),
        Column("clock", "time", format="%-I:%M a.m."),
        Column("moment", "timestamp", format="%-m/%-d/%Y %-I:%M %p"),
        Column("length", "duration", format="M:SS"),
    )
    raw = (
        b"day,open,clock,moment,length\n"
        b"12/31/2024,01/05/2024,7:10 p.m.,1/5/2024 7:10 AM,83:10\n"
        b"5 Jan 2024,1/5/2024,19:10,2024-01-05 19:10,1:04:05\n"
        b"12/31/1999,01/05/2024,7:10 p.m.,1/5/2024 7:10 AM,83:10\n"
    )
    cleaned = clean_source(raw, table=Table("visits", columns))
    assert cleaned["clean"].drop("source", "record").rows() == [
        (
            datetime.date(2024, 12, 31),
            "01/05/2024",
            datetime.time(19, 10),
            datetime.datetime(2024, 1, 5, 7, 10),
            datetime.timedelta(minutes=83, seconds=10),
        ),
        (
            datetime.date(2024, 1, 5),
            "01/05/2024",
            datetime.time(19, 10),
            datetime.datetime(2024, 1, 5, 19, 10),
            datetime.timedelta(hours=1, minutes=4, seconds=5),
        ),
    ]
    assert cleaned["ledger"]["record"].unique().to_list() == [2]
    assert cleaned["ledger"]["after"].to_list() == [
        "01/05/2024",
        "01/05/2024",
        "7:10 p.m.",
        "1/5/2024 7:10 PM",
        "64:05",
    ]
    assert cleaned["quarantine"]["rules"].to_list() == [["out of range"]]
