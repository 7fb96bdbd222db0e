"""Open Data Contract Standard, version 3.0: the clean rows as a contract, with its rules of quality."""

from typing import Any

import yaml

from eightytwenty.engine.reasons import OUT_OF_RANGE
from eightytwenty.engine.rules import value_reason
from eightytwenty.export.fields import (
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
        "properties": [_property(column, table) for column in table.columns],
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
    severity, rules = _SEVERITIES[column.action], []
    if column.values:
        rules.append({"type": "library", "rule": "validValues", "validValues": known_values(column)})
    is_held = column.action == "quarantine" and type_of(column) not in ("boolean", "duration")
    if any(column.range) and not is_held:
        rules.append({"type": "text", "description": value_reason(column, OUT_OF_RANGE)})
    return [{**rule, "dimension": "conformity", "severity": severity} for rule in rules]


def _check_rule(check: Check) -> dict[str, Any]:
    """The rows that break a check, counted. Where it is null, a row counts as sound."""
    # the line break ends a comment in the check
    query = f"SELECT COUNT(*) FROM ${{object}} WHERE NOT ({check.check}\n)"  # noqa: S608 - it is a check of the table
    return {
        "name": check.name,
        "description": check.reason,
        "type": "sql",
        "query": query if "--" in check.check else query.replace("\n)", ")"),
        "mustBe": 0,
        "unit": "rows",
        "dimension": "consistency",
        "severity": _SEVERITIES[check.action],
    }


def _key_rule(rule: Unique) -> dict[str, Any]:
    """The keys that occur more than once, counted. A row in which a part of the key is missing has none."""
    names = ['"' + name.replace('"', '""') + '"' for name in rule.unique]
    key, has_key = ", ".join(names), " AND ".join(f"{name} IS NOT NULL" for name in names)
    repeated = f"SELECT {key} FROM ${{object}} WHERE {has_key} GROUP BY {key} HAVING COUNT(*) > 1"  # noqa: S608
    return {
        "name": rule.name,
        "description": f"no two rows have the same {', '.join(rule.unique)} ({rule.reason})",
        "type": "sql",
        "query": f"SELECT COUNT(*) FROM ({repeated}) AS repeated",  # noqa: S608 - of names in quotation marks
        "mustBe": 0,
        "unit": "rows",
        "dimension": "uniqueness",
        "severity": "error",
    }
