"""Turns the text of a check into an expression."""

import json
import re
import warnings
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import polars as pl

from eightytwenty.kinds import nearest

# The parts of an expression that compute a row from its own cells. All others are refused, new ones of polars too.
_ORDINARY = 1_000
_OPERANDS = {"BinaryExpr": ("left", "right"), "Cast": ("expr",), "Ternary": ("predicate", "truthy", "falsy")}
_FAMILIES = ("Sql.", "TemporalExpr.")
_CLOCK = re.compile(
    r"\b(now|current_date|current_time|current_timestamp|today|localtime|localtimestamp)\b", re.IGNORECASE
)
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
# what an error of polars says -> what to write instead
_REMEDIES = {
    "in decimal": "cast decimals to DOUBLE to multiply or divide them",
    "'date/datetime/time' to a string|cannot check for (Date|Time)": (
        "write days as date '2024-01-05', moments as timestamp '2024-01-05 10:00:00', and times as time '10:00:00'"
    ),
    "string with numeric|for String values in|in List.String. data": (
        "write numbers without quotes, and texts in single quotes"
    ),
    "allowed on (date|datetime|time)": "add an interval to a day or a moment, such as interval '1d'",
}
_FUNCTIONS = {
    *("Abs", "Coalesce", "FillNull", "MaxHorizontal", "MinHorizontal", "Round", "Boolean.Not", "Negate"),
    *("Floor", "Ceil", "Sign", "Boolean.AllHorizontal", "Boolean.AnyHorizontal"),
    *(f"Boolean.{name}" for name in ("IsNull", "IsNotNull", "IsBetween", "IsIn", "IsNan", "IsNotNan", "IsFinite")),
    *(f"StringExpr.{name}" for name in ("Contains", "StartsWith", "EndsWith", "LenChars", "LenBytes", "Slice")),
    *(f"StringExpr.{name}" for name in ("Uppercase", "Lowercase", "StripChars", "StripCharsStart", "StripCharsEnd")),
    *(f"StringExpr.{name}" for name in ("Head", "Tail", "Replace", "ConcatHorizontal")),
}


def compile_check(check: str, dtypes: Mapping[str, pl.DataType]) -> pl.Expr:
    """The expression of a check.

    Args:
        check: SQL, such as `start <= end`.
        dtypes: the columns that it may name, and their types.

    Returns:
        A Boolean expression, true for rows that satisfy the check or for which it is null.

    Raises:
        ValueError: it is no SQL, names other columns, looks at other rows than its own, or is neither true nor false.
    """
    return _compile(check, tuple(dtypes.items()))


@lru_cache(maxsize=1_000)
def _compile(check: str, dtypes: tuple[tuple[str, pl.DataType], ...]) -> pl.Expr:
    columns = dict(dtypes)
    if clock := _CLOCK.search(_QUOTED.sub("", check)):
        raise ValueError(f"{check!r} asks for {clock[0]}, and a check must not depend on the clock")
    try:
        expression = pl.sql_expr(check)
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"{check!r} is not an SQL expression ({_first_line(error)})") from None
    names = expression.meta.root_names()
    unknown = next((name for name in names if name not in columns), None)
    if unknown is not None:
        raise ValueError(f"{check!r} names {unknown}, which is not a column; {nearest(unknown, list(columns))}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # JSON is deprecated as a way to store expressions, which we don't
        tree = json.loads(expression.meta.serialize(format="json"))
    if not names or not _is_of_one_row(tree):
        raise ValueError(f"{check!r} must look at the cells of one row, with functions that a check may use")
    try:
        # ordinary numbers, so that a product that does not fit is found before the first row is read
        row = {name: _ORDINARY if kind.is_numeric() else None for name, kind in columns.items()}
        dtype = pl.DataFrame([row], schema=columns).select(check=expression).schema["check"]
    except pl.exceptions.PolarsError as error:
        remedy = next((f"; {remedy}" for pattern, remedy in _REMEDIES.items() if re.search(pattern, str(error))), "")
        raise ValueError(f"{check!r} cannot be computed ({_first_line(error)}){remedy}") from None
    if dtype != pl.Boolean:
        raise ValueError(f"{check!r} must be true or false; it is of the type {dtype}")
    return expression.fill_null(value=True)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _is_of_one_row(node: Any) -> bool:
    """Whether an expression, as polars' JSON has it, is made of the parts that are known to compute row by row."""
    if not isinstance(node, dict):
        return False
    ((variant, body),) = node.items()
    if variant in ("Column", "Literal"):
        return True
    if variant in _OPERANDS:
        return all(_is_of_one_row(body[operand]) for operand in _OPERANDS[variant])
    if variant != "Function":
        return False
    name = _function_name(body["function"])
    inputs = body["input"]
    # the other side of "in" may be a list of values, but not a column, which would be that of all rows
    is_list = name not in ("Sql.IsIn", "Boolean.IsIn") or "Literal" in inputs[1]
    return (name in _FUNCTIONS or name.startswith(_FAMILIES)) and is_list and all(map(_is_of_one_row, inputs))


def _function_name(function: Any) -> str:
    """The name of a function with its family, such as `StringExpr.Contains`; its options are left out."""
    if isinstance(function, str):
        return function
    ((name, rest),) = function.items()
    if isinstance(rest, str):
        return f"{name}.{rest}"
    return f"{name}.{next(iter(rest))}" if name in ("Boolean", "Sql", "StringExpr", "TemporalExpr") else str(name)
