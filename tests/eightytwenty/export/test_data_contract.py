"""The contract has the fields of the standard, and its queries count the rows that break its rules."""

import polars as pl
import yaml

from eightytwenty.export import export
from eightytwenty.schema import Check, Column, Table, Unique
from tests.eightytwenty.export.tables import STAYS, clean_rows, cleaned, table_of

# of Open Data Contract Standard 3.0.2
LOGICAL = {
    "string": {"minLength", "maxLength", "pattern", "format"},
    "date": {"format", "minimum", "maximum"},
    "integer": {"minimum", "maximum"},
    "number": {"minimum", "maximum"},
    "boolean": set(),
}
PROPERTY = {
    *("name", "logicalType", "physicalType", "description", "required", "unique", "primaryKey", "primaryKeyPosition"),
    *("logicalTypeOptions", "quality"),
}
QUALITY = {"name", "description", "type", "query", "mustBe", "unit", "dimension", "severity"}


def contract(table):
    return yaml.safe_load(export(table, "data-contract"))


def rules(table):
    rows = contract(table)["schema"][0]
    return [rule for part in [rows, *rows["properties"]] for rule in part.get("quality", ())]


def counts(table, frame):
    """What each query counts, by the name of its rule or by the query."""
    found = {}
    for rule in rules(table):
        if rule["type"] == "sql":
            query = rule["query"].replace("${object}", "clean")
            (count,) = pl.SQLContext(clean=frame.lazy()).execute(query, eager=True).row(0)
            found[rule.get("name", query)] = count
    return found


def test_it_has_the_fields_of_the_standard(tmp_path):
    for text in (STAYS, None):
        table = table_of(text, tmp_path) if text else cleaned(tmp_path)[0]
        made = contract(table)
        assert (made["apiVersion"], made["kind"], made["id"]) == ("v3.0.2", "DataContract", table.name)
        assert {"version", "status", "description"} < made.keys()
        (rows,) = made["schema"]
        assert [found["name"] for found in rows["properties"]] == ["source", "record", *table.names]
        for found in rows["properties"]:
            assert found.keys() <= PROPERTY
            assert found.get("logicalTypeOptions", {}).keys() <= LOGICAL[found["logicalType"]]
        for rule in rules(table):
            assert rule.keys() <= QUALITY
            assert rule["type"] in ("sql", "text")
            assert ("query" in rule) == (rule["type"] == "sql")


def test_its_properties_are_those_of_the_columns(tmp_path):
    table, _ = cleaned(tmp_path)
    found = {one["name"]: one for one in contract(table)["schema"][0]["properties"]}
    assert found["visit"]["primaryKey"] is found["visit"]["unique"] is found["visit"]["required"] is True
    assert found["clock"]["required"] is False
    assert found["guests"]["logicalTypeOptions"] == {"minimum": 0, "maximum": 400}
    assert found["paid"]["physicalType"] == "decimal(38, 18)"
    assert found["start"]["logicalTypeOptions"]["minimum"] == "2024-01-01 00:00:00"
    assert found["day"]["logicalTypeOptions"] == {
        "format": "yyyy-MM-dd",
        "minimum": "2024-01-01",
        "maximum": "2024-12-31",
    }
    assert "minimum" not in found["beds"].get("logicalTypeOptions", {})
    assert found["beds"]["quality"][0]["severity"] == "warning"


def test_its_queries_count_what_breaks_a_rule(tmp_path):
    table, out = cleaned(tmp_path)
    frame = clean_rows(out)
    site = "SELECT COUNT(*) FROM clean WHERE \"site\" NOT IN ('A', 'B', 'C')"
    note = "SELECT COUNT(*) FROM clean WHERE \"note\" NOT IN ('fine', 'bad')"
    day = "day <= CAST('2024-06-30' AS DATE)"
    assert counts(table, frame) == {"crowded": 0, day: 2, "conflicting record": 0, site: 0, note: 1}
    broken = pl.concat([frame, frame]).with_columns(guests=pl.lit(3), site=pl.lit("D"))
    assert counts(table, broken) == {"crowded": 6, day: 4, "conflicting record": 3, site: 6, note: 2}


def test_keys_with_gaps_are_no_primary_keys_and_rows_without_a_key_repeat_none():
    columns = (Column('a "b"', "integer"), Column("c", "integer", nullable=True))
    table = Table("t", columns, (Unique(('a "b"', "c")), Check('"c" > 0', "positive", action="off")))
    made = contract(table)
    assert not any({"primaryKey", "unique"} & one.keys() for one in made["schema"][0]["properties"])
    frame = pl.DataFrame({'a "b"': [1, 1, 1, 1], "c": [None, None, 2, 2]})
    assert counts(table, frame) == {"conflicting record": 1}
    assert 'check: "c" > 0 (positive, off)' in made["description"]["limitations"]
