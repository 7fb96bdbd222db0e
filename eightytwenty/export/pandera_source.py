"""A Python file with the pandera schema of the clean rows, which needs pandera and polars alone.

It is written as ruff formats it: a call that does not fit on a line has one argument on each, with a comma behind it.
"""

import textwrap
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from eightytwenty.engine.reasons import OUT_OF_RANGE
from eightytwenty.engine.rules import value_reason
from eightytwenty.export.fields import describe, known_values, may_be_missing, pattern, type_of, unsaid
from eightytwenty.printable import visible
from eightytwenty.schema import Check, Column, Table, Unique

_WIDTH = 120
_DOCSTRING = '''\
"""What the clean rows of a table are, as a pandera schema.

    import polars as pl

    rows = pl.read_parquet("clean.parquet").drop("source", "record")
    CLEAN.validate(rows, lazy=True)

The whole table is validated at once, because a key is unique in all of it. A row that breaks a rule raises
SchemaErrors; one that is only flagged gives a SchemaWarning. To leave the columns source and record where they are,
set `CLEAN.strict = False` first.
"""
'''
_COMPLETE = '''\
def _complete(rows):
    """The rows, with nulls in the columns that their files lack."""
    missing = sorted(OPTIONAL.keys() - rows.collect_schema().names())
    return rows.with_columns(pl.lit(None, OPTIONAL[name]).alias(name) for name in missing)
'''
_HOLDS = '''\
def _holds(condition):
    """A check that rows pass for which an SQL condition is true, or null because a cell is missing."""
    expression = pl.sql_expr(condition).fill_null(value=True)
    return lambda rows: {rows}.select(expression)
'''
_IS_UNIQUE = '''\
def _is_unique(*key):
    """A check that no two rows have the same key. A row in which a part of the key is missing has none."""
    has_key = pl.all_horizontal(pl.col(name).is_not_null() for name in key)
    return lambda rows: {rows}.select(~(has_key & pl.struct(key).is_duplicated()))
'''
_LASTS = '''\
def _lasts(name, least, most):
    """A check of a duration on whole rows, for pandera cannot report one that fails by itself."""
    is_sound = pl.col(name).eq(pl.col(name).clip(least, most)).fill_null(value=True)
    return lambda rows: {rows}.select(is_sound)
'''


def pandera_source(table: Table) -> str:
    """A Python file with the pandera schema of a table's clean rows."""
    checks = [rule for rule in table.rules if isinstance(rule, Check) and rule.action != "off"]
    rules = [rule for rule in table.rules if isinstance(rule, Unique) or rule in checks]
    unable = unsaid(table, (rule for rule in table.rules if rule not in rules))
    lasting = [column for column in table.columns if type_of(column) == "duration" and _ends(column)]
    optional = [column for column in table.columns if (rules or lasting) and not column.required]
    rows = "_complete(rows.lazyframe)" if optional else "rows.lazyframe"
    # so wide that the product of two whole numbers fits
    wide = rows + ".cast({pl.Int64: pl.Int128})" * any("*" in check.check for check in checks)
    checked = [*map(_duration, lasting), *map(_rule, rules)]
    schema = _lines(_schema(table, checked), before="CLEAN = ")
    ends = "".join(_value(end) for column in table.columns for end in _ends(column))
    imports = ["import datetime"] * ("datetime." in ends) + ["from decimal import Decimal"] * ("Decimal(" in ends)
    top = [
        _DOCSTRING.strip("\n"),
        *(["\n".join(_comment(f"The table says more than pandera can: {'; '.join(unable)}."))] if unable else []),
        *(["\n".join(imports)] if imports else []),
        "import pandera.polars as pa\nimport polars as pl",
        *([_lines(_optional(optional), before="OPTIONAL = ")] if optional else []),
    ]
    functions = [
        *([_COMPLETE] if optional else []),
        *([_HOLDS.replace("{rows}", wide)] if checks else []),
        *([_LASTS.replace("{rows}", rows)] if lasting else []),
        *([_IS_UNIQUE.replace("{rows}", rows)] if table.unique else []),
    ]
    if functions:
        text = "\n\n\n".join(["\n\n".join(top), *(function.strip("\n") for function in functions), schema]) + "\n"
    else:
        text = "\n\n".join([*top, schema]) + "\n"
    return "# ruff: noqa: E501\n" * any(map(_is_too_long, text.splitlines())) + text


@dataclass(frozen=True)
class _Call:
    """A call, a list or a mapping.

    Args:
        head: what stands before its parts, with the bracket.
        parts: of Python, each with what it is called before it, such as `name=`.
        tail: the closing bracket.
    """

    head: str
    parts: "Sequence[tuple[str, str | _Call]]"
    tail: str = ")"

    def __str__(self) -> str:
        return self.head + ", ".join(f"{name}{part}" for name, part in self.parts) + self.tail


def _lines(call: _Call, indent: int = 0, before: str = "") -> str:
    """A call on one line if it fits, else with one part on each line.

    Args:
        call: the call.
        indent: how far the line is from the edge.
        before: what stands before the call on its first line.
    """
    line = f"{before}{call}"
    if indent + _columns(line) < _WIDTH or not call.parts:  # there may be a comma behind it
        return line
    inner, edge = indent + 4, " " * (indent + 4)
    parts = [
        f"{edge}{name}{part}," if isinstance(part, str) else f"{edge}{_lines(part, inner, name)},"
        for name, part in call.parts
    ]
    return "\n".join([f"{before}{call.head}", *parts, f"{' ' * indent}{call.tail}"])


def _schema(table: Table, checks: Sequence[_Call]) -> _Call:
    columns = [(f"{_text(column.name)}: ", _column(column)) for column in table.columns]
    return _Call(
        "pa.DataFrameSchema(",
        [
            ("", _Call("{", columns, "}")),
            *([("checks=", _Call("[", [("", check) for check in checks], "]"))] if checks else []),
            ("strict=", "True"),
            ("ordered=", "True"),
            ("name=", _text(table.name)),
        ],
    )


def _column(column: Column) -> _Call:
    checks = [("", check) for check in _checks(column)]
    return _Call(
        "pa.Column(",
        [
            ("", _dtype(column)),
            *([("", _Call("[", checks, "]"))] if checks else []),
            *([("nullable=", "True")] if may_be_missing(column) else []),
            *([] if column.required else [("required=", "False")]),
            ("description=", _text(describe(column))),
        ],
    )


def _dtype(column: Column) -> str:
    return f"pl.{column.form.dtype!r}".replace("'", '"')


def _checks(column: Column) -> list[_Call]:
    """The checks on the values of a column, those of which a value is only flagged as warnings."""
    checks = []
    if type_of(column) == "string" and (text := pattern(column)):
        checks.append(_Call("pa.Check.str_matches(", [("", _text(text))]))
    if column.action == "off":
        return checks
    warning = _warning(column)
    for function, end in zip(("ge", "le"), column.limits, strict=True):
        if end is not None and type_of(column) != "duration":
            checks.append(_Call(f"pa.Check.{function}(", [("", _value(end)), *warning]))
    if column.values:
        known = _Call("[", [("", _text(value)) for value in known_values(column)], "]")
        checks.append(_Call("pa.Check.isin(", [("", known), *warning]))
    return checks


def _ends(column: Column) -> list[Any]:
    """The ends of the range that is checked."""
    return [end for end in column.limits if end is not None and column.action != "off"]


def _duration(column: Column) -> _Call:
    """The check of a range of durations."""
    ends = ["None" if end is None else _value(end) for end in column.limits]
    function = _Call("_lasts(", [("", text) for text in (_text(column.name), *ends)])
    reason = value_reason(column, OUT_OF_RANGE)
    return _Call("pa.Check(", [("", function), ("error=", _text(reason)), *_warning(column)])


def _rule(rule: Check | Unique) -> _Call:
    if isinstance(rule, Check):
        function = _Call("_holds(", [("", _text(rule.check))])
    else:
        function = _Call("_is_unique(", [("", _text(name)) for name in rule.unique])
    named = [("name=", _text(rule.name)), ("error=", _text(rule.reason))]
    return _Call("pa.Check(", [("", function), *named, *_warning(rule)])


def _warning(subject: Column | Check | Unique) -> list[tuple[str, str]]:
    """What makes a check one that only warns, as it only flags."""
    return [("raise_warning=", "True")] if getattr(subject, "action", "") == "flag" else []


def _optional(columns: Sequence[Column]) -> _Call:
    return _Call("{", [(f"{_text(column.name)}: ", _dtype(column)) for column in columns], "}")


def _value(value: Any) -> str:
    """A value of a column in Python.

    >>> _value(Decimal("0.50")), _value(True)
    ('Decimal("0.5")', 'True')
    """
    return f'Decimal("{value.normalize():f}")' if isinstance(value, Decimal) else repr(value)


def _text(text: str) -> str:
    r"""A text in Python, in the quotes that need fewer backslashes.

    >>> print(_text("it's"), _text('say "no"'), _text("a\nb"))
    "it's" 'say "no"' "a\nb"
    """
    body = repr('"' + text)[2:-1].replace("\\'", "'")  # which puts single quotes around it, and escapes those within
    quote = "'" if text.count('"') > text.count("'") else '"'
    return quote + body.replace(quote, f"\\{quote}") + quote


def _comment(text: str) -> list[str]:
    # a letter of Chinese is as wide as two others
    width = _WIDTH - 2 if text.isascii() else _WIDTH // 2 - 2
    return [f"# {line}" for line in textwrap.wrap(visible(text), width, break_on_hyphens=False)]


def _columns(line: str) -> int:
    """How wide a line is at most: a character that is not ASCII may take the place of two."""
    return sum(1 if character.isascii() else 2 for character in line)


def _is_too_long(line: str) -> bool:
    """Whether a line that has several words is too long for linters."""
    wide = sum(unicodedata.east_asian_width(character) in ("W", "F") for character in line)
    return len(line) + wide > _WIDTH and len(line.split()) > 1
