"""Frictionless Table Schema, version 2: the columns of clean.csv, as they are written there."""

import json
import re
from typing import Any

from eightytwenty.export.fields import (
    RECORD,
    SOURCE,
    describe,
    json_number,
    limits,
    may_be_missing,
    pattern,
    type_of,
    unsaid,
    values,
)
from eightytwenty.kinds.date_directives import Token
from eightytwenty.kinds.date_format import compile_format
from eightytwenty.kinds.number_format import NumberFormat
from eightytwenty.schema import Column, Table, Unique

PROFILE = "https://datapackage.org/profiles/2.0/tableschema.json"
_ISO_DURATION = "PT1H30M"  # as columns call it
_FORMATS = {"email": "email", "uuid": "uuid"}
_UNREADABLE = "Table Schema has no type for it"
_WHOLE = "whole, and of the type number for readers that know groups of digits in no other"
_SIGN = "a minus sign stands before the label, where some readers do not look for it"
_ROW_ID: tuple[dict[str, Any], ...] = (
    {"name": "source", "type": "string", "description": SOURCE, "constraints": {"required": True}},
    {"name": "record", "type": "integer", "description": RECORD, "constraints": {"required": True, "minimum": 1}},
)


def table_schema(table: Table) -> str:
    """The Table Schema of clean.csv."""
    unable = unsaid(table, (rule for rule in table.rules if not isinstance(rule, Unique)))
    more = f" The table says more than Table Schema can: {'; '.join(unable)}." if unable else ""
    schema: dict[str, Any] = {
        "$schema": PROFILE,
        "name": table.name,
        "description": f"The clean rows of {table.name}, as clean.csv has them.{more}",
        "fields": [*_ROW_ID, *(_field(column, table.unique) for column in table.columns)],
        "missingValues": [""],
    }
    if not all(column.required for column in table.columns):
        schema["fieldsMatch"] = "superset"  # a file may have fewer
    if table.unique:
        columns = {column.name: column for column in table.columns}
        has_gaps = any(may_be_missing(columns[name]) for name in table.unique.unique)
        key = list(table.unique.unique)
        schema |= {"uniqueKeys": [key]} if has_gaps else {"primaryKey": key}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def strptime(text: str) -> str | None:
    """A format of dates and times as `datetime.strptime` reads it; None if it cannot.

    >>> strptime("%-d.%-m.%Y %-I:%M %p"), strptime("%-I:%M a.m."), strptime("%B %-dth, %Y")
    ('%d.%m.%Y %I:%M %p', None, None)
    """
    directives = [_directive(token) for token in compile_format(text).tokens]
    return None if None in directives else "".join(filter(None, directives))


def _directive(token: Token) -> str | None:
    """A part of a format for strptime, which needs no leading zeros, and to which the case of a name is no matter."""
    if not token.field:
        return token.text
    if token.field == "half":
        return "%p" if token.text in ("%p", "AM", "am") else None
    if token.text in ("%-dth", "%#z") or token.is_foreign:
        return None
    return "%d" if token.text == "%e" else re.sub("[-^#:1-6]", "", token.text)


def _field(column: Column, unique: Unique | None) -> dict[str, Any]:
    fields = _type(column)
    constraints: dict[str, Any] = {} if may_be_missing(column) else {"required": True}
    if unique and unique.unique == (column.name,):
        constraints["unique"] = True
    more = []
    if type_of(column) == "string":
        constraints |= {"minLength": 1}
        constraints |= {"pattern": text} if (text := pattern(column)) else {}
        constraints |= {"enum": known} if (known := values(column)) else {}
    elif fields["type"] == "string":
        more = [_UNREADABLE]
    elif type_of(column) == "integer" and fields["type"] == "number":
        more = [_WHOLE]
    constraints, more = constraints | _ends(column, fields["type"]), more + _unheld(column, fields["type"])
    missing = {"missingValues": ["", column.blank]} if column.blank else {}
    described = {"name": column.name, **fields, "description": describe(column, more=more), **missing}
    return described | ({"constraints": constraints} if constraints else {})


def _type(column: Column) -> dict[str, Any]:
    """The type and the format of a column, as its cells are written."""
    kind = type_of(column)
    if kind == "string":
        is_known = column.kind in _FORMATS and "{" not in column.format
        return {"type": "string"} | ({"format": _FORMATS[column.kind]} if is_known else {})
    if kind in ("integer", "number"):
        properties = _number(NumberFormat.parse_either(column.format)[0]) if column.format else {}
        return {"type": "number" if "groupChar" in properties else kind, **properties}
    if kind == "boolean":
        yes, no = (column.format or "true/false").split("/")
        return {"type": kind, "trueValues": [yes], "falseValues": [no]}
    if kind == "duration":
        return {"type": "duration" if column.format == _ISO_DURATION else "string"}
    name = "datetime" if kind == "timestamp" else kind
    if not column.format:
        # any, because seconds may have a fraction, or none
        return {"type": name} | ({} if kind == "date" else {"format": "any"})
    text = strptime(column.format)
    return {"type": name, "format": text} if text else {"type": "string"}


def _number(format_: NumberFormat) -> dict[str, Any]:
    properties: dict[str, Any] = {"decimalChar": ","} if format_.mark == "," else {}
    properties |= {"groupChar": format_.group} if format_.group else {}
    return properties | ({"bareNumber": False} if format_.before or format_.after else {})


def _ends(column: Column, written: str) -> dict[str, Any]:
    """The range of a column; one of dates and times as the table has it, which is how the cells are written."""
    ends = {}
    for name, value, text in zip(("minimum", "maximum"), limits(column), column.range, strict=True):
        if value is not None and written not in ("string", "boolean"):
            ends[name] = json_number(value) if written in ("integer", "number") else text
    return ends


def _unheld(column: Column, written: str) -> list[str]:
    """What a type does not hold of its column: a range, or the sign of a number with a label before it."""
    low, high = limits(column)
    if written in ("integer", "number") and column.format and NumberFormat.parse_either(column.format)[0].before:
        return [] if low is not None and low >= 0 else [_SIGN]
    if (low is None and high is None) or written not in ("string", "boolean"):
        return []
    return [f"{word} {end}" for word, end in zip(("at least", "at most"), column.range, strict=True) if end is not None]
