"""Open Data Contract Standard, version 3.0: the clean rows as a contract, with its rules of quality."""

from typing import Any

import yaml

from eightytwenty.engine.reasons import OUT_OF_RANGE
from eightytwenty.engine.rules import value_reason
from eightytwenty.export.fields import (
    RECORD,
    SOURCE,
    Type,
    describe,
    iso,
    json_number,
    known_values,
    limits,
    may_be_missing,
    pattern,
    type_of,
    unsaid,
)
from eightytwenty.schema import Check, Column, Impute, Table, Unique

API_VERSION = "v3.0.2"
_HEAD = "# An Open Data Contract. Its id, version and status are for whoever publishes it to fill in.\n"
# date is the only logical type of moments and times; its options say which of them it is
_LOGICAL: dict[Type, str] = {"time": "date", "timestamp": "date", "duration": "string"}
_DATE_FORMATS: dict[Type, str] = {
    "date": "yyyy-MM-dd",
    "time": "HH:mm:ss[.SSSSSS]",
    "timestamp": "yyyy-MM-dd HH:mm:ss[.SSSSSS]",
}
_PHYSICAL: dict[Type, str] = {"integer": "int64", "number": "double"}
_ROW_ID: tuple[dict[str, Any], ...] = tuple(
    {"name": name, "logicalType": kind, "physicalType": stored, "description": text, "required": True}
    for name, kind, stored, text in (("source", "string", "string", SOURCE), ("record", "integer", "int64", RECORD))
)
_SEVERITIES = {"quarantine": "error", "flag": "warning"}


def data_contract(table: Table) -> str:
    """The contract of the clean rows, as YAML."""
    unable = unsaid(table, (rule for rule in table.rules if isinstance(rule, Impute) or _is_off(rule)))
    rules = [rule for rule in table.rules if isinstance(rule, Check | Unique) and not _is_off(rule)]
    rows: dict[str, Any] = {
        "name": table.name,
        "logicalType": "object",
        "physicalType": "table",
        "physicalName": "clean.parquet",
        "description": f"The clean rows of {table.name}.",
        "properties": [*_ROW_ID, *(_property(column, table) for column in table.columns)],
    }
    if rules:
        rows["quality"] = [_key_rule(rule) if isinstance(rule, Unique) else _check_rule(rule) for rule in rules]
    contract = {
        "apiVersion": API_VERSION,
        "kind": "DataContract",
        "id": table.name,
        "name": table.name,
        "version": "1.0.0",
        "status": "draft",
        "description": {
            "purpose": f"The clean rows of {table.name}.",
            **({"limitations": f"The table says more than a contract can: {'; '.join(unable)}."} if unable else {}),
        },
        "schema": [rows],
    }
    text: str = yaml.safe_dump(contract, sort_keys=False, allow_unicode=True, width=120, default_flow_style=False)
    return _HEAD + text


def _is_off(rule: object) -> bool:
    return getattr(rule, "action", "") == "off"


def _property(column: Column, table: Table) -> dict[str, Any]:
    kind, key = type_of(column), table.unique.unique if table.unique else ()
    columns = {other.name: other for other in table.columns}
    fields: dict[str, Any] = {
        "name": column.name,
        "logicalType": _LOGICAL.get(kind, kind),
        "physicalType": _physical_type(column),
        "description": describe(column),
        "required": not may_be_missing(column),
    }
    if key == (column.name,):
        fields["unique"] = True
    if column.name in key and not any(may_be_missing(columns[name]) for name in key):
        fields |= {"primaryKey": True, "primaryKeyPosition": key.index(column.name) + 1}
    if options := _options(column):
        fields["logicalTypeOptions"] = options
    if quality := _value_rules(column):
        fields["quality"] = quality
    return fields


def _physical_type(column: Column) -> str:
    """The type of a column in clean.parquet."""
    dtype = column.form.dtype
    if dtype.is_decimal():
        return f"decimal({getattr(dtype, 'precision', '')}, {getattr(dtype, 'scale', '')})"
    kind = type_of(column)
    return _PHYSICAL.get(kind, kind)


def _options(column: Column) -> dict[str, Any]:
    kind, (low, high) = type_of(column), limits(column)
    if kind == "string":
        options: dict[str, Any] = {"minLength": 1}
        options |= {"pattern": text} if (text := pattern(column)) else {}
        return options | ({"format": column.kind} if column.kind in ("email", "uuid") else {})
    ends = {name: end for name, end in (("minimum", low), ("maximum", high)) if end is not None}
    if kind in ("integer", "number"):
        return {name: json_number(end) for name, end in ends.items()}
    if kind in _DATE_FORMATS:
        return {"format": _DATE_FORMATS[kind]} | {name: iso(end) for name, end in ends.items()}
    return {}


def _value_rules(column: Column) -> list[dict[str, Any]]:
    """The known values of a column, and the range that no option of its type holds, or that is only flagged."""
    if _is_off(column):
        return []
    rules: list[dict[str, Any]] = []
    if column.values:
        known = ", ".join("'" + value.replace("'", "''") + "'" for value in known_values(column))
        rules.append(_count(f"${{object}} WHERE {_quoted(column.name)} NOT IN ({known})"))
    is_held = column.action == "quarantine" and type_of(column) not in ("boolean", "duration")
    if any(column.range) and not is_held:
        rules.append({"type": "text", "description": value_reason(column, OUT_OF_RANGE)})
    return [{**rule, "dimension": "conformity", "severity": _SEVERITIES[column.action]} for rule in rules]


def _check_rule(check: Check) -> dict[str, Any]:
    """The rows that break a check, counted. Where it is null, a row counts as sound."""
    end = "\n" if "--" in check.check else ""  # of a comment
    return {
        "name": check.name,
        "description": check.reason,
        **_count(f"${{object}} WHERE NOT ({check.check}{end})"),
        "dimension": "consistency",
        "severity": _SEVERITIES[check.action],
    }


def _key_rule(rule: Unique) -> dict[str, Any]:
    """The keys that occur more than once, counted. A row in which a part of the key is missing has none."""
    key = ", ".join(map(_quoted, rule.unique))
    has_key = " AND ".join(f"{_quoted(name)} IS NOT NULL" for name in rule.unique)
    repeated = f"SELECT {key} FROM ${{object}} WHERE {has_key} GROUP BY {key} HAVING COUNT(*) > 1"  # noqa: S608
    return {
        "name": rule.name,
        "description": f"no two rows have the same {', '.join(rule.unique)} ({rule.reason})",
        **_count(f"({repeated}) AS repeated"),
        "dimension": "uniqueness",
        "severity": "error",
    }


def _count(rows: str) -> dict[str, Any]:
    """A rule that there are no such rows. `${object}` stands for the table, whatever it is called."""
    return {"type": "sql", "query": f"SELECT COUNT(*) FROM {rows}", "mustBe": 0, "unit": "rows"}  # noqa: S608


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
