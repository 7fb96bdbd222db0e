"""What holds for the kinds that recognise their cells, and for each of their formats."""

import polars as pl

from eightytwenty.engine.repair import repair_column
from eightytwenty.inference.column import infer_column
from eightytwenty.inference.values import Values
from eightytwenty.kinds import find_kind
from eightytwenty.schema import Column

# some cells of each kind, in all of its notations
SAMPLES = {
    "boolean": ["true", "False", "T", "f", "yes", "NO", "Y", "n", "on", "OFF", "1", "0", "1.0", "0.0"],
    "category": ["red", " light  blue ", "N/A"],
    "code": ["007", "A-17", "SW1A  2AA", "1.23457E+11", "12E+05"],
    "coordinates": [
        *("41.88, -87.62", "[41.880,-87.62]", "41.88; +87.62", "41.88 −87.62", "POINT (-87.62 41.88)", "90, 180"),
        *("41.88° N, 87.62° W", "41.88N 87.62W", "41°52'48\"N 87°37'12.5\"W", "41º 52′ 48″ S, 87º 37′ 12″ E"),
        "41°52.8'N 87°37.2'W",
    ],
    "date": [
        *("2024-01-05", "2024/1/5", "20240105", "31.12.2024", "05/01/2024", "5/1/24", "2024-01-05T00:00:00", "310524"),
        *("5 Jan 2024", "March 1st, 2024", "Friday, 5 January 2024", "05-JAN-69", "2 sept 2024", "31/02/2024"),
        *("5. Januar 2024", "1er août 2024", "5 DE ABRIL DE 2024", "5-mrt-24", "12 września 2024", "5 мая 2024"),
    ],
    "decimal": ["7.5", "1,234.5", "1.234,5", "1 234,25", "$ 4,402.00", "(7.5)", "+007.50", ".5", "-0.0", "1.25e-3"],
    "duration": [
        *("30:05:00", "0:05:00.25", "44:44", "2 days 03:00:00", "1 day, 0:00:01", "PT30S", "P1DT2H", "1h 30m", "5m"),
        *("1 hour 30 minutes", "90 min", "1.5 hours", "30 days"),
    ],
    "email": [
        *("Ann.B+c@example.org", "ann@EXAMPLE.Org", "<ann@example.org>", "mailto:ann@example.org", "ann @ example.org"),
        *("ann@example.org;", "jörg@example.org", "ann@München.de", "ann@xn--mnchen-3ya.de"),
    ],
    "float": ["1.5", "6.1e-27", "2E3", "-7", "1,5e3", "1e999", "inf"],
    "integer": ["7", "-1,234,567", "1.234", "7.0", "$1,200", "(12)", "7 kg", "seven", "٤٤٠٢", "+07", "1e3"],
    "ip_address": [
        *("192.0.2.1", "255.255.255.255", "１９２.0.2.1", "2001:db8::1", "[2001:db8::1]", "::", "::FFFF:192.0.2.1"),
        "2001:0DB8:0000:0000:0000:0000:0000:0001",
    ],
    "json": [
        '{"a": 1.10, "b": 1E400, "c": "\\u00e9"}',
        '["a","b"]',
        "[]",
        '{\n  "a": [\n    1\n  ]\n}',
        '{"a":\r\n"b  c"}',
    ],
    "percentage": ["12%", "7.5 %", "12", "1,5%", "0.07", "%12", "100 percent"],
    "phone": [
        *("(212) 555-0100", "2125550100", "555-0100", "+44 (0)20 7946 0018", "089/123456", "212‐555–0100"),
        *("tel:+1-212-555-0100", "212-555-0100 ext. 12", "212-555-0100 #12", "2125550100.0"),
    ],
    "postal_code": [
        *("02139", "02139-4307", "021394307", "02139–4307", "90210.0", "k1a0b1", "SW1A 2AA", "1012 ab", "00-950"),
        *("114 55", "100-0001", "01310-100", "1000-205", "8001", "110001"),
    ],
    "quantity": ["12 kg", "12.5kg", "$1,200.50", "-$7", "7", "1.234,5 €", "5 oz.", "3 Ounces", "300 g"],
    "text": ["two words", " two  words ", "n/a", "007"],
    "time": ["09:05:00", "9:05", "9:05 p.m.", "12:30 am", "24:00", "7 PM", "10:00:00.250"],
    "timestamp": [
        *("2024-01-05 10:00:00", "2024-01-05T10:00:00.250Z", "2024-01-05 01:30:00+02:00", "31/12/2024 9:05"),
        *("5 Jan 2024, 9:05 pm", "Fri Jan 05 10:00:00 2024", "20240105T100000"),
    ],
    "url": [
        *(
            "https://example.org/A?b=C#D",
            "HTTP://Example.org/A",
            "ftp://Ann:Secret@Example.org:21/x",
            "www.example.org",
        ),
        *("http://[2001:DB8::1]/", "https://münchen.de/straße", "example.org/x", "<https://example.org>"),
        "HTTP:\\\\Example.org/x",
    ],
    "uuid": [
        *(
            "c0ffee00-1234-4abc-8def-001122334455",
            "{C0FFEE00-1234-4ABC-8DEF-001122334455}",
            "C0FFEE0012344ABC8DEF001122334455",
        ),
        "urn:uuid:c0ffee00-1234-4abc-8def-001122334455",
    ],
}
# of each kind, beside the plain one
FORMATS = {
    "boolean": ["true/false", "TRUE/FALSE", "True/False", "Y/N", "yes/no", "Yes/No", "t/f", "ON/OFF", "1/0"],
    "coordinates": ["41.88, -87.62", "(41.88, -87.62)", "POINT (-87.62 41.88)", "41°52'48\"N 87°37'12\"W"],
    "date": ["%-d/%-m/%Y", "%m/%d/%y", "%d %b %Y", "%d/%m/%Y or %m/%d/%Y", "%-d. %{de}B %Y", "%-d %{fr}#b %y"],
    "decimal": ["1,234.5", "1.234,5", "1 234,5", "$1234.5", "1,234 or 1234,5"],
    "duration": ["HH:MM:SS", "[H:]M:SS", "M:SS or H:MM", "D days, H:MM:SS", "PT1H30M", "1h 30m", "90 min"],
    "integer": ["1,234", "1.234", "$1,234"],
    "percentage": ["12%", "1234,5 %"],
    "phone": ["(999) 999-9999", "999-999-9999", "9999999999", "+1 999 999 9999", "+91 99999 99999", "E.164"],
    "postal_code": [
        *("9999", "99999", "999999", "A9A 9A9", "A9 9AA", "9999 AA", "99-999", "999 99", "999-9999", "99999-999"),
    ],
    "quantity": ["$1,234.5", "1234.5 kg", "1.234,5 €"],
    "time": ["%H:%M", "%-I:%M %p", "%-I:%M a.m."],
    "timestamp": ["%d.%m.%Y %H:%M", "%Y-%m-%dT%H:%M:%S.%3fZ", "%m/%d/%y %-I:%M %p"],
    "uuid": ["lower", "upper", "{lower}", "{upper}"],
}


def repaired(name, cell, form=""):
    """The cell after its repairs, None if it is not plain then."""
    column = repair_column(pl.Series("c", [cell]), Column("c", name, format=form))
    return column.cells[0] if column.values.null_count() == 0 else None


def recognised(name, cells, named=False):
    """Which of the cells a kind recognises, all of them together."""
    kind = find_kind(name)
    recognise = kind.recognise_named if named else kind.recognise
    series = pl.Series("c", cells, dtype=pl.String)
    found = recognise(series)
    assert (found.dtype, len(found), found.null_count()) == (pl.Boolean, len(cells), 0)
    return [cell for cell, is_found in zip(cells, found, strict=True) if is_found]


def form(name, counts):
    """The format that a kind finds in cells, given how often each occurs."""
    found = find_kind(name).find_form(
        pl.Series(list(counts), dtype=pl.String), pl.Series(list(counts.values()), dtype=pl.UInt32)
    )
    assert find_kind(name, found.format).name == name
    return found.format


def flags_of(name, cells):
    """The rules that flag cells of a column of which nothing is known, and these, in their order."""
    column, _, _ = infer_column(name, Values.of(pl.Series(cells, dtype=pl.String)))
    after = repair_column(pl.Series(cells, dtype=pl.String), column)
    flags = {cells[row]: rule for row, rule, _ in after.proposals.rows()}
    is_open = column.form.doubt(after.cells).to_list() if column.form.doubt else [False] * len(cells)
    for cell, value, is_doubtful in zip(after.cells, after.values, is_open, strict=True):
        if is_doubtful or value is None:
            flags.setdefault(cell, column.form.doubt_name if is_doubtful else column.form.fault)
    return [(flags[cell], cell) for cell in after.cells if cell in flags]
