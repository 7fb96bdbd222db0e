"""Tables with every kind of column and rule, and files for them."""

from pathlib import Path

import polars as pl

from eightytwenty import clean
from eightytwenty.schema_file import read_table

VISITS = """
version: 1
table: visits
csv: true
columns:
  visit: {kind: code, aliases: [id]}
  site: {kind: category, values: [A, B], keep: [C], replace: {a1: A}}
  start: {kind: timestamp, range: ["2024-01-01 00:00:00", null]}
  day: {kind: date, format: "%-d.%-m.%Y", range: ["1.1.2024", "31.12.2024"]}
  clock: {kind: time, nullable: true, blank: "-"}
  guests: {kind: integer, range: [0, 400]}
  beds: {kind: integer, range: [0, 10], action: flag}
  paid: {kind: quantity, unit: $, format: "$1,234.5", range: ["$0.5", "$1,000.25"], nullable: true}
  share: {kind: float, range: [0, 1]}
  open: {kind: boolean, format: Y/N}
  mail: {kind: email, nullable: true}
  page: {kind: url, nullable: true}
  host: {kind: ip_address, nullable: true}
  key: {kind: uuid, format: upper, nullable: true}
  zip: {kind: postal_code, format: "99999", nullable: true}
  phone: {kind: phone, format: (999) 999-9999, nullable: true}
  place: {kind: coordinates, nullable: true}
  more: {kind: json, nullable: true}
  note: {kind: text, nullable: true, values: [fine, bad], action: flag}
rules:
  - {check: "beds * 2 <= guests -- a bed is for two\\n or guests = 0", reason: it's "full", name: crowded}
  - {check: "day <= CAST('2024-06-30' AS DATE)", reason: after the season, action: flag}
  - {check: "guests > 1000", reason: never, action: off}
  - {impute: guests = beds + 1}
  - {unique: [visit]}
"""
STAYS = """
version: 1
table: stays
csv: true
columns:
  stay: {kind: duration, format: PT1H30M, nullable: true, range: [PT0S, P2D]}
  "the \\"wait\\"": {kind: duration, required: false}
  lap: {kind: duration, format: "M:SS", range: [null, "90:00"]}
"""
HEADER = [
    *(
        "visit",
        "site",
        "start",
        "day",
        "clock",
        "guests",
        "beds",
        "paid",
        "share",
        "open",
        "mail",
        "page",
        "host",
        "key",
    ),
    *("zip", "phone", "place", "more", "note"),
]
RECORDS = [
    [
        *("001", "A", "2024-01-05 10:00:00", "5.1.2024", "09:05:00", "4", "2", "$1,000.25", "0.5", "Y"),
        *("ann@example.org", "https://example.org/a?b=c", "192.0.2.1", "C0FFEE00-1234-4ABC-8DEF-001122334455"),
        *("02139-4307", "(212) 555-0100", "41.88, -87.62", '{"a": [1, 2.50]}', "fine"),
    ],
    [
        *("002", "b", "2024-01-05 10:00:00.25", "31.12.2024", "09:05:00.5", "40", "20", "$0.50", "6.1e-3", "N"),
        *("zoë@münchen.de", "www.example.org/ä", "2001:db8::1", "00000000-0000-4000-8000-000000000000"),
        *("02139", "(212) 555-0101 x12", "(1, 2)", "[]", "neither"),
    ],
    ["003", "C", "2025-01-05T10:00Z", "1.7.2024", "", "0", "9", "", "1", "Y", *[""] * 9],
    ["004", "A", "2023-01-05 10:00:00", "5.1.2024", "", "4", "2", "", "0.5", "Y", *[""] * 9],
    ["", "A", "2024-01-05 10:00:00", "5.1.2024", "", "4", "2", "", "0.5", "Y", *[""] * 9],
]


def table_of(text: str, folder: Path):
    """A table, read from a file in a folder."""
    file = folder / "table.yaml"
    file.write_text(text, encoding="utf-8")
    return read_table(file)


def cleaned(folder: Path, text=VISITS, header=HEADER, records=RECORDS) -> tuple:
    """A table, and the folder into which its records were cleaned."""
    table, raw = table_of(text, folder), folder / "raw.csv"
    quoted = [",".join('"' + cell.replace('"', '""') + '"' if cell else "" for cell in row) for row in records]
    raw.write_text(
        "\n".join([",".join('"' + name.replace('"', '""') + '"' for name in header), *quoted]) + "\n", "utf-8"
    )
    clean(raw, table, folder / "out")
    return table, folder / "out"


def clean_rows(folder: Path) -> pl.DataFrame:
    """The clean rows, without where they came from."""
    return pl.read_parquet(folder / "clean.parquet").drop("source", "record")
