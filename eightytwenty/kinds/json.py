"""JSON: an object or a list on one line, as written. No number in it is rewritten."""

import json
import re

import polars as pl

from eightytwenty.kinds import Kind, Repair, register
from eightytwenty.kinds.spelling import MISSING_MARKS

_ONE_LINE = r"[\[{][^\r\n]*[\]}]"
_IS_ONE_LINE = re.compile(_ONE_LINE)
_MAYBE = r"^\s*[\[{](?s:.*)[\]}]\s*$"
# A quote, an object, a list within a list, three elements or none. Others, such as [1] and [0, 5], may be notes or
# ranges.
_SHOWN = r'["{]|\[\s*\[|,.*,|\[\s*\]'
_LINE_ENDS = re.compile(r"[\r\n]+")


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _is_json(cell: str) -> bool:
    try:
        # numbers as text: to read them would only take time, and Python refuses those of many digits
        json.loads(cell, parse_int=str, parse_float=str, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return False
    return True


def is_plain(cell: str) -> bool:
    r"""Whether a cell is an object or a list on one line.

    >>> is_plain('{"a": [1, 2.50]}'), is_plain("[]"), is_plain("7"), is_plain("{'a': 1}"), is_plain('{\n"a": 1}')
    (True, True, False, False, False)
    """
    return _IS_ONE_LINE.fullmatch(cell) is not None and _is_json(cell)


def parse(cells: pl.Series) -> pl.Series:
    """Reads plain JSON as text."""
    maybe = cells.filter(cells.str.contains(rf"^{_ONE_LINE}\z")).unique()
    return cells.set(~cells.is_in([cell for cell in maybe.drop_nulls() if _is_json(cell)]), None)


def one_line(cell: str) -> str:
    r"""Joins the lines of an object or a list; no string in JSON has the end of a line in it.

    >>> one_line('{\n  "a": 1,\n  "b": 2\n}')
    '{"a": 1, "b": 2}'
    """
    if not cell.startswith(("{", "[")):
        return cell
    lines = [line.strip(" \t") for line in _LINE_ENDS.split(cell)]
    joined = "".join(line + " " * line.endswith(",") for line in lines).strip(" ")
    return joined if is_plain(joined) and _is_json(cell) else cell


def recognise(cells: pl.Series) -> pl.Series:
    """Which cells are objects or lists; lists of one or two numbers only where as many cells are others.

    >>> recognise(pl.Series(['{"a": 1}', "[1]", "7"])).to_list(), recognise(pl.Series(["[1]", "[0, 5]"])).to_list()
    ([True, True, False], [False, False])
    """
    recognised = recognise_named(cells)
    if not recognised.any():
        return recognised
    shown = recognised & cells.str.contains(_SHOWN)
    return recognised if 2 * shown.sum() >= recognised.sum() else shown


def recognise_named(cells: pl.Series) -> pl.Series:
    """Which cells are objects or lists if the name of their column says so."""
    maybe = cells.str.contains(_MAYBE)
    return maybe & cells.is_in([cell for cell in cells.filter(maybe) if _is_json(cell)])


JSON = register(
    Kind(
        name="json",
        dtype=pl.String(),
        fault="not JSON",
        fault_reason="a cell is not one object or list of JSON",
        is_plain=is_plain,
        parse=parse,
        has_one_form=True,
        repairs=(Repair("lines of JSON", "the ends of lines between its parts have no meaning", one_line),),
        missing_marks=MISSING_MARKS,
        recognise=recognise,
        signs="[{",
        names=frozenset({"json"}),
        recognise_named=recognise_named,
    )
)
