"""What all forms say of a column and its rules: its type, its description, and what no form can hold."""

import datetime
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, Literal

import polars as pl

from eightytwenty.engine.reasons import OUT_OF_RANGE
from eightytwenty.engine.rules import value_reason
from eightytwenty.mined_rules import MinedRule
from eightytwenty.schema import Column, Impute, Respell, Rule, Table, Unique

Type = Literal["integer", "number", "boolean", "date", "time", "timestamp", "duration", "string"]
_TYPES: dict[type[pl.DataType], Type] = {
    pl.Boolean: "boolean",
    pl.Date: "date",
    pl.Time: "time",
    pl.Datetime: "timestamp",
    pl.Duration: "duration",
}
# the columns of clean rows that say where each came from
SOURCE, RECORD = "file of the raw row", "number of the raw row in its file"
# what a column says of raw cells, which clean rows no longer show
_OF_RAW_CELLS = ("aliases", "missing", "decimal", "replace", "repair")


def type_of(column: Column) -> Type:
    """The type of a column's clean values."""
    dtype = column.form.dtype
    if dtype.is_integer():
        return "integer"
    return "number" if dtype.is_numeric() else _TYPES.get(dtype.base_type(), "string")


def may_be_missing(column: Column) -> bool:
    """Whether clean rows may have no value in a column: also the rows of a file that lacks it."""
    return column.nullable or not column.required


def limits(column: Column) -> tuple[Any, Any]:
    """The ends of the range that all clean rows keep to; None for none, or where a value beyond it is only flagged."""
    return column.limits if column.action == "quarantine" else (None, None)


def values(column: Column) -> list[str]:
    """The only values that clean rows have; none if there may be others, also where these are only flagged."""
    return known_values(column) if column.action == "quarantine" else []


def flagged(column: Column) -> list[str]:
    """What clean rows should keep to, and may not: sentences."""
    if column.action != "flag":
        return []
    low, high = column.limits
    ranges = [value_reason(column, OUT_OF_RANGE)] if low is not None or high is not None else []
    return [*ranges, *([f"{column.name} must be one of {', '.join(known_values(column))}"] if column.values else [])]


def known_values(column: Column) -> list[str]:
    """The values that a column states as sound, each once."""
    return list(dict.fromkeys([*column.values, *column.keep]))


def describe(column: Column, *, more: Iterable[str] = ()) -> str:
    """What a column is, for people: its kind and unit, how cells write its values, and what is flagged.

    Args:
        column: the column.
        more: what else is to be said.

    >>> describe(Column("mass", "quantity", unit="kg", format="1,234 kg"))
    'quantity in kg, written as 1,234 kg'
    """
    kind = column.kind + (f" in {column.unit}" if column.unit else "")
    kind += f", written as {column.format}" if column.format else ""
    return "; ".join([kind, *more, *(f"flagged otherwise: {sentence}" for sentence in flagged(column))])


def unsaid(table: Table, rules: Iterable[Rule]) -> list[str]:
    """What a form cannot hold, as sentences.

    Args:
        table: the table.
        rules: those that the form does not hold.

    >>> unsaid(Table("readings", (Column("kelvin", "integer", aliases=("temperature",)),)), ())
    ['aliases of kelvin']
    """
    sentences = []
    for key in _OF_RAW_CELLS:
        names = [column.name for column in table.columns if getattr(column, key)]
        sentences += [f"{key} of {', '.join(names)}"] if names else []
    off = [column.name for column in table.columns if column.action == "off" and (column.values or any(column.range))]
    sentences += [f"values and ranges that nothing keeps to, of {', '.join(off)}"] if off else []
    flagged = [column.name for column in table.columns if column.pattern and column.action != "quarantine"]
    sentences += [f"patterns, of {', '.join(flagged)}, that are only flagged"] if flagged else []
    whole = [column.name for column in table.columns if column.flags_other_kinds]
    if whole:
        where = "all columns" if whole == table.names else ", ".join(whole)
        sentences.append(f"cells of another kind, flagged, missing in clean.parquet and kept in clean.csv, of {where}")
    return sentences + [_sentence(rule) for rule in rules]


def _sentence(rule: Rule) -> str:
    if isinstance(rule, Unique):
        return f"unique: {', '.join(rule.unique)} ({rule.reason})"
    if isinstance(rule, Respell):
        return f"respell: {len(rule.respell)} values of {rule.column} ({rule.reason}, {rule.action})"
    if isinstance(rule, MinedRule):
        return f"{rule.name}: {rule.reason} ({rule.action})"
    word, text = ("impute", rule.impute) if isinstance(rule, Impute) else ("check", rule.check)
    name = f" {rule.name}," if rule.name not in (text, f"from {text}") else ""
    action = f", {rule.action}" if rule.action in ("flag", "off") else ""
    return f"{word}:{name} {text} ({rule.reason}{action})"


def json_number(value: int | float | Decimal) -> int | float:
    """A number as JSON and YAML have it."""
    return int(value) if value == int(value) else float(value)


def iso(value: datetime.date | datetime.time) -> str:
    """A day, a time of day or a moment, as ISO 8601 writes it, with a space between day and time.

    >>> iso(datetime.datetime(2024, 1, 5, 10)), iso(datetime.date(2024, 1, 5))
    ('2024-01-05 10:00:00', '2024-01-05')
    """
    return value.isoformat(" ") if isinstance(value, datetime.datetime) else value.isoformat()


_CODE_PART = r"[^\s\x00-\x1f\x7f-\x9f]+"
_DEGREES = r"-?[0-9]{1,3}(?:\.[0-9]+)?"
_EXTENSION = "(?: x[0-9]{1,6})?"
_POSTAL_CODES = {
    "": "[0-9A-Z]+(?:[ -][0-9A-Z]+)?",
    "99999": "[0-9]{5}(?:-[0-9]{4})?",
    "A9 9AA": "[A-Z]{1,2}[0-9][A-Z0-9]? [0-9][A-Z]{2}",
}


def _uuid(format_: str) -> str:
    digit = "[0-9A-F]" if "upper" in format_ else "[0-9a-f]"
    groups = "-".join(f"{digit}{{{length}}}" for length in (8, 4, 4, 4, 12))
    return rf"\{{{groups}\}}" if "{" in format_ else groups


def _phone(format_: str) -> str:
    # a number of another country need not have the shape of the column
    return (r"\+[1-9][0-9]{7,14}" if format_ == "E.164" else "[+(0-9][0-9 ()./-]*[0-9]") + _EXTENSION


def _postal_code(format_: str) -> str:
    return _POSTAL_CODES.get(format_) or format_.replace("9", "[0-9]").replace("A", "[A-Z]")


def _coordinates(format_: str) -> str:
    if format_.startswith("POINT"):
        return rf"POINT ?\({_DEGREES} {_DEGREES}\)"
    if "°" in format_:
        return r"\(?[0-9].*[NSns].*[0-9].*[EWew]\)?"
    pair = f"{_DEGREES}, {_DEGREES}"
    return rf"\({pair}\)" if format_.startswith("(") else pair


# kind -> its format -> what each of its texts matches. Some others match as well: a kind knows more than a pattern.
_PATTERNS: dict[str, Callable[[str], str]] = {
    "code": lambda _: rf"{_CODE_PART}(?: {_CODE_PART})*",
    "coordinates": _coordinates,
    "email": lambda _: r"[^\s@]+@[^\s@]+",
    "ip_address": lambda _: r"(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9a-f:.]*:[0-9a-f:.]*)",
    "json": lambda _: r"[\[{][^\r\n]*[\]}]",
    "phone": _phone,
    "postal_code": _postal_code,
    "url": lambda _: r'(?:[A-Za-z]{3,5}://[^\s<>"]+|[^\s<>":/]+\.[^\s<>"]+)',
    "uuid": _uuid,
}


def pattern(column: Column) -> str:
    """A regular expression that all texts of a column match, for Python, ECMAScript and Rust; empty if there is none.

    >>> pattern(Column("zip", "postal_code", format="99-999")), pattern(Column("name", "text"))
    ('^[0-9][0-9]-[0-9][0-9][0-9]$', '')
    """
    if column.pattern and column.action == "quarantine":
        return f"^(?:{column.pattern})$"
    found = _PATTERNS.get(column.kind)
    return f"^{found(column.format)}$" if found else ""
