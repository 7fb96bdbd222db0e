"""JSON Schema, draft 2020-12: one clean row as an object, as JSON lines of clean.parquet have it."""

import json
from typing import Any

from eightytwenty.export.fields import (
    RECORD,
    SOURCE,
    Type,
    describe,
    iso,
    json_number,
    limits,
    may_be_missing,
    pattern,
    type_of,
    unsaid,
    values,
)
from eightytwenty.schema import Column, Table

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_DECIMAL = "^-?[0-9]+(?:\\.[0-9]+)?$"
# The formats date-time and time demand a zone, which clean rows have none of, and duration has no fractions of seconds.
_TYPES: dict[Type, dict[str, Any]] = {
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "time": {"type": "string", "pattern": "^[0-2][0-9]:[0-5][0-9]:[0-5][0-9](?:\\.[0-9]+)?$"},
    "timestamp": {
        "type": "string",
        "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-2][0-9]:[0-5][0-9]:[0-5][0-9](?:\\.[0-9]+)?$",
    },
    "duration": {
        "type": "string",
        "pattern": "^P(?:[0-9]+D)?(?:T(?:[0-9]+H)?(?:[0-9]+M)?(?:[0-9]+(?:\\.[0-9]+)?S)?)?$",
    },
    "string": {"type": "string", "minLength": 1},
}
_NO_ZONE = "without a zone, in UTC if its cells said how far they are from it"
_ROW_ID = {
    "source": {"type": "string", "description": SOURCE},
    "record": {"type": "integer", "minimum": 1, "description": RECORD},
}


def json_schema(table: Table) -> str:
    """The JSON Schema of a clean row."""
    unable = unsaid(table, table.rules)
    schema = {
        "$schema": DRAFT,
        "title": table.name,
        "description": f"A clean row of {table.name}, as JSON lines of clean.parquet have it.",
        **({"$comment": f"The table says more than JSON Schema can: {'; '.join(unable)}."} if unable else {}),
        "type": "object",
        "properties": {**_ROW_ID, **{column.name: _property(column) for column in table.columns}},
        "required": [column.name for column in table.columns if column.required],
        "additionalProperties": False,
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _property(column: Column) -> dict[str, Any]:
    """What a value of a column must be; null as well where it may be missing."""
    kind, (low, high) = type_of(column), limits(column)
    known: list[Any] = list(values(column))
    is_decimal = column.form.dtype.is_decimal()
    fields = dict(_TYPES[kind])
    if is_decimal:  # which JSON lines of polars have as text, so that no digit is lost
        fields |= {"type": ["number", "string"], "pattern": _DECIMAL}
    fields |= _format(column)
    if kind in ("integer", "number"):
        fields |= {"minimum": json_number(low)} if low is not None else {}
        fields |= {"maximum": json_number(high)} if high is not None else {}
    if kind == "boolean" and (low is not None or high is not None):
        known = [value for value in (False, True) if low in (None, False, value) and high in (None, True, value)]
    if known:
        fields["enum"] = known
    if may_be_missing(column):
        types = fields["type"] if isinstance(fields["type"], list) else [fields["type"]]
        fields["type"] = [*types, "null"]
        if known:
            fields["enum"] = [*known, None]
    return {**fields, "description": describe(column, more=_more(column, is_decimal=is_decimal))}


def _format(column: Column) -> dict[str, Any]:
    """The format and the pattern of a text, as far as no sound one breaks them: addresses may have any letters."""
    if type_of(column) != "string":
        return {}
    fields = {"pattern": text} if (text := pattern(column)) else {}
    if column.kind == "ip_address":
        either = [{"format": "ipv4"}, {"format": "ipv6"}]
        return {**fields, "anyOf": [*either, {"type": "null"}] if may_be_missing(column) else either}
    if column.kind == "uuid" and "{" not in column.format:
        fields["format"] = "uuid"
    return {**fields, "format": "idn-email"} if column.kind == "email" else fields


def _more(column: Column, *, is_decimal: bool) -> list[str]:
    kind, (low, high) = type_of(column), limits(column)
    sentences = [_NO_ZONE] if kind == "timestamp" else []
    if low is None and high is None:
        return sentences
    if is_decimal:
        sentences.append("minimum and maximum hold for text as well")
    if kind in ("date", "time", "timestamp", "duration"):
        ends = [(word, end) for word, end in (("from", low), ("to", high)) if end is not None]
        sentences.append(" ".join(f"{word} {end if kind == 'duration' else iso(end)}" for word, end in ends))
    return sentences
