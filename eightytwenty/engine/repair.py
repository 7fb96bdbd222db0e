"""Repairs the cells of a column, and only those that are not in plain form."""

from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from eightytwenty.engine.confidence import confidence
from eightytwenty.engine.reasons import LETTER_CASE, MISSING_MARK, REPLACEMENT
from eightytwenty.kinds import Repair
from eightytwenty.kinds.formatted_numbers import NUMBER_FORMAT
from eightytwenty.kinds.number_notation import UNIT, StatedMark, only_unit, stated_mark
from eightytwenty.kinds.spelling import SPACES_WITHIN, STRAY_CHARACTERS, STRAY_SPACES, UNICODE_VARIANTS, typed_text
from eightytwenty.schema import Column

# One line per changed cell. `row` is its position in the batch; `step` orders several changes to one cell; `reason` is
# what the table says of this cell, null for the reason of the rule.
LEDGER = {
    "row": pl.Int64,
    "step": pl.Int64,
    "column": pl.String,
    "rule": pl.String,
    "before": pl.String,
    "after": pl.String,
    "confidence": pl.Float64,
    "reason": pl.String,
}
# repairs of what no slip makes of a value, whatever a column says
ALWAYS = frozenset(
    {
        STRAY_SPACES.name,
        STRAY_CHARACTERS.name,
        UNICODE_VARIANTS.name,
        MISSING_MARK,
        REPLACEMENT,
        LETTER_CASE,
        SPACES_WITHIN,
    }
)
_PROPOSALS = {"row": pl.Int64, "rule": pl.String, "proposal": pl.String}
_Step = tuple[int, str, str, str | None, float]  # number, rule, before, after, confidence


@dataclass(frozen=True)
class RepairedColumn:
    """A column after its repairs.

    Args:
        cells: (n,) String.
        values: (n,) of the kind's type, null where the cell is missing or not in plain form.
        ledger: one line per change.
        proposals: row, rule and proposal (null for missing), for cells that a repair would change which only proposes.
    """

    cells: pl.Series
    values: pl.Series
    ledger: pl.DataFrame
    proposals: pl.DataFrame


def parse_plain(cells: pl.Series, column: Column) -> pl.Series:
    """Reads the cells that are in plain form, with the kind's type; all others become null."""
    return column.form.parse(cells)


def canonical(cells: pl.Series, values: pl.Series) -> pl.Series:
    """(n,) String, equal for equal values, however many zeros end them; the cell where there is no value."""
    if values.dtype in (pl.String, pl.Int64):  # which have one plain form each
        return cells
    return typed_text(values).zip_with(values.is_not_null(), cells)


class _Special:
    """The cells of a column that stand for something else: by their text, and where they are numbers, by their value.

    Args:
        column: says which they are.
    """

    def __init__(self, column: Column) -> None:
        kind, known = column.form, {value.lower() for value in (*column.values, *column.keep)}
        self.texts = column.special
        self.marks = frozenset() if column.missing is not None else kind.missing_marks - known
        self._parse = kind.parse
        values = kind.parse(pl.Series(list(self.texts), dtype=pl.String))
        # "-999.00" is the value of "-999"
        self.values: dict[object, str | None] = (
            {} if kind.is_text else dict(zip(values, self.texts.values(), strict=True))
        )
        self.values.pop(None, None)

    def find(self, cells: pl.Series, values: pl.Series) -> pl.Series:
        """(n,) Boolean, which cells are special although they may be in plain form."""
        found = cells.is_in(list(self.texts))
        if self.values:
            found |= values.is_in(pl.Series(list(self.values), dtype=values.dtype).implode())
        if self.marks and values.dtype == pl.String:
            found |= cells.str.to_lowercase().is_in(list(self.marks))
        return found.fill_null(value=False)

    def replaced(self, cell: str) -> str | None:
        """What a cell is replaced by, None for missing; the cell itself if it is not special."""
        if cell in self.texts:
            return self.texts[cell]
        if self.values:
            value = self._parse(pl.Series([cell]))[0]
            if value in self.values:
                return self.values[value]
        return None if cell.lower() in self.marks else cell


class _Repairer:
    """Repairs single cells of a column."""

    def __init__(self, column: Column) -> None:
        kind = column.form
        self.special, self._is_plain, self.known = _Special(column), kind.is_plain, {*column.known}
        self.repairs = self._repairs(column)
        self._is_whole = column.flags_other_kinds
        made = {repair.name for repair in self.repairs} if column.repair is None else {*ALWAYS, *column.repair}
        self._proposed = {repair.name for repair in self.repairs} - made
        # "1.250" is in plain form, and not what it says where a comma is the decimal mark
        self.group_mark = "." if column.decimal == "," and kind.dtype != pl.Int64 else ""

    def _repairs(self, column: Column) -> tuple[Repair, ...]:
        special = self.special

        def replace(cell: str) -> str | None:
            after = special.replaced(cell)
            return cell if after is None else after

        def remove(cell: str) -> str | None:
            return None if special.replaced(cell) is None else cell

        own = []
        if column.replace:
            own.append(Repair(REPLACEMENT, "the table says what the cell stands for", replace))
        if column.missing or special.marks:
            own.append(Repair(MISSING_MARK, "a word for a missing value is a missing cell", remove))
        by_case: dict[str, set[str]] = {}
        for value in self.known:
            by_case.setdefault(value.casefold(), set()).add(value)
        one = {folded: values.pop() for folded, values in by_case.items() if len(values) == 1}
        case = Repair(LETTER_CASE, "one known value differs in case only", lambda cell: one.get(cell.casefold(), cell))
        kind = column.form
        # of a column that states no unit, a number with one is of another kind
        no_unit = {UNIT.name} if column.flags_other_kinds and not column.unit else set()
        of_kind = [
            only_unit(column.unit) if column.unit and repair is UNIT else repair
            for repair in kind.repairs
            if repair.name not in no_unit
        ]
        mark = [stated_mark(column.decimal)] if column.decimal else []
        # a cell may have become special by the repairs of its kind, such as "0999"
        guesses = (STRAY_CHARACTERS, *kind.guesses) if column.flags_other_kinds and not kind.is_text else ()
        return (
            STRAY_SPACES,
            *own,
            *guesses,
            *([case] if one else []),
            *mark,
            *of_kind,
            *(own if special.texts else []),
        )

    def steps(self, raw: str) -> tuple[list[_Step], tuple[str, str | None] | None]:
        """What each repair changes in a cell, and if one only proposes, the last such one and the result."""
        steps: list[_Step] = []
        proposed_by = ""
        cell: str | None = raw
        is_clean = self._is_clean(raw) and not (self.group_mark and self.group_mark in raw)
        for rule in self.repairs:
            if cell is None or is_clean or (isinstance(rule, StatedMark) and rule.contradicts(cell)):
                break
            after = rule.function(cell)
            if after != cell:
                # the last one says most of what the cell means, but for that which writes it as the column does
                if rule.name in self._proposed and (not proposed_by or rule.name != NUMBER_FORMAT):
                    proposed_by = rule.name
                if not proposed_by:
                    steps.append((len(steps), rule.name, cell, after, confidence(rule.name)))
                cell, is_clean = after, after is not None and self._is_clean(after)
        is_repaired = is_clean or cell is None
        if self._is_whole and (proposed_by or not is_repaired):  # the cell is flagged as it is
            steps = []
        return steps, (proposed_by, cell) if proposed_by and is_repaired else None

    def _is_clean(self, cell: str) -> bool:
        """Whether a cell needs no repair."""
        return self._is_plain(cell) and self._is_ordinary(cell)

    def _is_ordinary(self, cell: str) -> bool:
        """Whether a cell stands for nothing else and is one of the known values, if there are any."""
        return self.special.replaced(cell) == cell and (not self.known or cell in self.known)


@lru_cache(maxsize=10_000)
def _repairer(column: Column) -> _Repairer:
    return _Repairer(column)


def repairs(column: Column) -> tuple[Repair, ...]:
    """The repairs of a column, in the order in which they are tried: its own, those of its kind, and its own again."""
    return _repairer(column).repairs


def repair_cell(cell: str, column: Column) -> tuple[list[str], str | None]:
    """The names of the repairs that bring a cell to plain form, in order, and this form; none if they do not."""
    steps = _repairer(column).steps(cell)[0]
    return [rule for _, rule, *_ in steps], steps[-1][3] if steps else cell


def repair_column(cells: pl.Series, column: Column) -> RepairedColumn:
    """Applies a column's repairs in their order until each cell is in plain form.

    Each distinct cell is repaired once, however often it occurs. A cell that does not reach plain form keeps the text
    that the last repair gave it.

    Args:
        cells: (n,) String.
        column: its kind, and what it says of values.
    """
    if column.blank:
        cells = cells.set(cells == column.blank, None)
    values = parse_plain(cells, column)
    is_irregular = cells.is_not_null() & values.is_null()
    repairer = _repairer(column)
    special = repairer.special
    if special.texts or (special.marks and values.dtype == pl.String):
        is_irregular |= special.find(cells, values)
    if repairer.group_mark:
        has_mark = cells.str.contains(repairer.group_mark, literal=True).fill_null(value=False)
        values, is_irregular = values.set(has_mark, None), is_irregular | has_mark
    if column.values:
        is_irregular |= cells.is_not_null() & ~cells.is_in(list(column.known))
    irregular = pl.DataFrame({"row": is_irregular.arg_true().cast(pl.Int64)})
    if irregular.is_empty():
        return RepairedColumn(cells, values, pl.DataFrame(schema=LEDGER), pl.DataFrame(schema=_PROPOSALS))
    irregular = irregular.with_columns(cells[irregular["row"]].alias("raw"))
    distinct = irregular["raw"].unique(maintain_order=True)
    found = [(raw, *repairer.steps(raw)) for raw in distinct]
    changes = pl.DataFrame(
        [(raw, *step) for raw, steps, _ in found for step in steps],
        schema={"raw": pl.String} | {name: LEDGER[name] for name in ("step", "rule", "before", "after", "confidence")},
        orient="row",
    )
    proposed = [(raw, *proposal) for raw, _, proposal in found if proposal]
    proposals = pl.DataFrame(proposed, {"raw": pl.String, "rule": pl.String, "proposal": pl.String}, orient="row")
    ledger = (
        irregular.join(changes, on="raw")
        .with_columns(pl.lit(column.name).alias("column"), reason=pl.lit(None, pl.String))
        .select(list(LEDGER))
    )
    last = ledger.group_by("row").agg(pl.col("after").sort_by("step").last()).sort("row")
    return RepairedColumn(
        cells.scatter(last["row"], last["after"]),
        values.scatter(last["row"], parse_plain(last["after"], column)),
        ledger,
        irregular.join(proposals, on="raw").select(list(_PROPOSALS)).sort("row"),
    )
