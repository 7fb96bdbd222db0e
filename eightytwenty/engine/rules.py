"""Applies a table's rules to one batch of raw records."""

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import polars as pl

from eightytwenty.engine.confidence import confidence
from eightytwenty.engine.encoding_damage import find_damaged
from eightytwenty.engine.equation import Equation
from eightytwenty.engine.expression import compile_check
from eightytwenty.engine.mending import mend, stated_equations
from eightytwenty.engine.reasons import DAMAGED, DAMAGED_REASON, MISSING, OUT_OF_RANGE, PATTERN, REASONS, UNKNOWN
from eightytwenty.engine.repair import LEDGER, RepairedColumn, canonical, parse_plain, repair_column, repairs
from eightytwenty.engine.verdicts import decide_cells
from eightytwenty.mined_rules import active
from eightytwenty.read.batch import Batch, Indices
from eightytwenty.schema import Action, Check, Column, Impute, Respell, Table, anchored

# the step of an imputed cell in the ledger, after those of any chain of repairs
_AFTER_REPAIRS = 1_000
_MOST_AMBIGUOUS = 8  # cells of a row, because the combinations of their readings are all tried
Mask = npt.NDArray[np.bool_]


def rule_reasons(table: Table) -> dict[str, str]:
    """Maps every rule and repair that a report on the table can name to its reason."""
    kinds = [column.form for column in table.columns]
    ranges = [value_reason(column, OUT_OF_RANGE) for column in table.columns if any(column.range)]
    named = [value_reason(column, UNKNOWN) for column in table.columns if column.values]
    shaped = [value_reason(column, PATTERN) for column in table.columns if column.pattern]
    return (
        REASONS
        | {kind.fault: kind.fault_reason for kind in kinds}
        | {repair.name: repair.reason for column in table.written_columns for repair in repairs(column)}
        | {OUT_OF_RANGE: "; ".join(ranges), UNKNOWN: "; ".join(named), PATTERN: "; ".join(shaped)}
        | {DAMAGED: DAMAGED_REASON}
        | {column.form.doubt_name: column.form.doubt_reason for column in table.columns if column.form.doubt}
        | {rule.name: rule.reason for rule in table.rules}
    )


@dataclass(frozen=True)
class Doubt:
    """Cells of a column, or whole rows, that may not be right.

    Args:
        rule: the name of the rule that flags them.
        column: None for whole rows.
        rows: positions in the batch, sorted.
        proposals: String, what each of these cells would become; None if nothing is proposed.
        confidence: that the proposals are right, one for all or one for each.
        reasons: String, why each is doubtful; None if the reason of the rule says all.
    """

    rule: str
    column: str | None
    rows: Indices
    proposals: pl.Series | None = None
    confidence: float | pl.Series | None = None
    reasons: pl.Series | None = None


@dataclass(frozen=True)
class RuleResults:
    """What the rules found in a batch of n records.

    Args:
        cells: n rows of String, the cells after all repairs.
        values: the same columns with the types of their kinds, null where no value could be read.
        ledger: the changed cells (see `eightytwenty.engine.repair.LEDGER`), sorted by row, column and step.
        failures: rule name -> (n,) bool, the rows that failed it, in the order of the rules.
        flags: what is doubtful in them.
    """

    cells: pl.DataFrame
    values: pl.DataFrame
    ledger: pl.DataFrame
    failures: dict[str, Mask]
    flags: list[Doubt]

    @property
    def canonical(self) -> pl.DataFrame:
        """The cells as text, equal for equal values; see `eightytwenty.engine.repair.canonical`."""
        return pl.DataFrame([canonical(self.cells[name], self.values[name]) for name in self.cells.columns])

    @property
    def sound(self) -> Mask:
        """(n,) bool, the rows that failed no rule."""
        return ~np.asarray(np.logical_or.reduce(list(self.failures.values())), dtype=bool)


def apply_rules(table: Table, batch: Batch, file_columns: Collection[str]) -> RuleResults:
    """Repairs, imputes and checks, in this order. Duplicates are found across batches, elsewhere.

    Args:
        table: the rules.
        batch: n raw records.
        file_columns: the columns that the batch's file has. A column it lacks is not missing from its rows.
    """
    is_row = batch.problems.is_null().to_numpy()
    columns = {column.name: repair_column(batch.cells[column.name], column) for column in table.written_columns}
    for respell in table.respells("repair"):
        column = next(column for column in table.written_columns if column.name == respell.column)
        columns[column.name] = _respell(respell, column, columns[column.name])
    columns, judged = _apply_verdicts(table, columns, file_columns)
    for rule in table.imputes:
        # what is computed for a column that the file lacks would be in no output
        if set(Equation.parse(rule.impute).columns) <= set(file_columns):
            columns = _impute(rule, table, columns, is_row)
    columns, blamed, told = _mend(table, columns, file_columns, is_row)
    for name, doubts in blamed.items():
        judged.setdefault(name, []).extend(doubts)
    cells = pl.DataFrame({name: column.cells for name, column in columns.items()})
    values = pl.DataFrame({name: column.values for name, column in columns.items()})

    failures: dict[str, Mask] = {
        problem: (batch.problems == problem).fill_null(value=False).to_numpy()
        for problem in sorted(batch.problems.drop_nulls().unique())
    }
    needed = [column.name for column in table.columns if not column.nullable and column.name in file_columns]
    failures[MISSING] = _any(cells, [pl.col(name).is_null() for name in needed]) & is_row
    by_fault: dict[str, list[pl.Expr]] = {}
    for column in table.columns:
        if not column.flags_other_kinds:
            unreadable = pl.col(column.name).is_not_null() & values[column.name].is_null()
            by_fault.setdefault(column.form.fault, []).append(unreadable)
    for fault, unreadable_cells in by_fault.items():
        failures[fault] = _any(cells, unreadable_cells) & is_row
    for name, unsound in _unsound_values(table, "quarantine").items():
        failures[name] = _any(values, list(unsound.values())) & is_row
    for name, failed in check_failures(table.checks("quarantine"), values).items():
        failures[name] = failed & is_row
    flags = [
        doubt
        for column in table.columns
        for doubt in _doubts(column, columns[column.name], is_row, judged.get(column.name, []))
    ]
    flags += [
        Doubt(name, column_name, np.flatnonzero(_any(values, [unsound])))
        for name, by_column in _unsound_values(table, "flag").items()
        for column_name, unsound in by_column.items()
    ]
    flags += [
        Doubt(rule.name, rule.column, *_respelled(rule, cells[rule.column]), rule.confidence)
        for rule in table.respells("flag")
    ]
    for name, failed in check_failures(table.checks("flag"), values).items():
        flags.append(Doubt(name, None, np.setdiff1d(np.flatnonzero(failed), told.get(name, ()))))

    # within a row, columns are in the table's order and changes to one cell in the order in which they were made
    position = pl.col("column").replace_strict(
        {name: index for index, name in enumerate(table.names)}, return_dtype=pl.Int64
    )
    ledger = pl.concat([column.ledger for column in columns.values()])
    ledger = ledger.sort("row", position, "step") if len(ledger) else ledger
    return RuleResults(cells, values, ledger, failures, flags)


def _apply_verdicts(
    table: Table, columns: dict[str, RepairedColumn], file_columns: Collection[str]
) -> tuple[dict[str, RepairedColumn], dict[str, list[Doubt]]]:
    """Changes the cells for which the evidence is strong enough; the other doubtful ones, by column."""
    if not table.judge or not active(table.rules):
        return columns, {}
    texts = pl.DataFrame({name: repaired.cells for name, repaired in columns.items()})
    unreadable = {name: column.cells.is_not_null() & column.values.is_null() for name, column in columns.items()}
    changes, doubtful = decide_cells(table, texts, unreadable, file_columns)
    written = {column.name: column for column in table.written_columns}
    columns, doubts = dict(columns), dict[str, list[Doubt]]()
    for (column, rule), found in changes.group_by("column", "rule", maintain_order=True):
        name, rows = str(column), found["row"].to_numpy()
        columns[name] = _fill(
            columns[name], written[name], rows, found["proposal"], str(rule), found["confidence"], found["reason"]
        )
    for (column, rule), found in doubtful.group_by("column", "rule", maintain_order=True):
        doubt = Doubt(
            str(rule), str(column), found["row"].to_numpy(), found["proposal"], found["confidence"], found["reason"]
        )
        doubts.setdefault(str(column), []).append(doubt)
    return columns, doubts


def _mend(
    table: Table, columns: dict[str, RepairedColumn], file_columns: Collection[str], usable: Mask
) -> tuple[dict[str, RepairedColumn], dict[str, list[Doubt]], dict[str, Indices]]:
    """Changes the cells that are to blame for broken equations where that is certain enough.

    Returns:
        the columns; the other such cells, by column; and the rows of these, by the check that they break.
    """
    stated = stated_equations(table, file_columns)
    if not stated:
        return columns, {}, {}
    cells = pl.DataFrame({name: repaired.cells for name, repaired in columns.items()})
    values = pl.DataFrame({name: repaired.values for name, repaired in columns.items()})
    failures = check_failures([one.check for one in stated], values)
    written = {column.name: column for column in table.written_columns}
    found = mend(stated, {name: rows & usable for name, rows in failures.items()}, written, cells, values)
    columns, blamed, told = dict(columns), dict[str, list[Doubt]](), dict[str, Indices]()
    is_sure = pl.col("impute").is_not_null() & (pl.col("confidence") >= table.min_confidence)
    for (column,), of_column in found.group_by("column", maintain_order=True):
        name = str(column)
        is_changed = columns[name].ledger.filter(pl.col("step") >= _AFTER_REPAIRS)["row"]  # a cell is changed once
        sure = is_sure & ~pl.col("row").is_in(is_changed.implode())
        for (rule,), made in of_column.filter(sure).group_by("impute", maintain_order=True):
            columns[name] = _fill(
                columns[name],
                written[name],
                made["row"].to_numpy(),
                made["proposal"],
                str(rule),
                made["confidence"],
                made["reason"],
            )
        doubtful = of_column.filter(~sure).with_columns(rule=pl.col("checks").list.first())
        for (rule,), open_ in doubtful.group_by("rule", maintain_order=True):
            doubt = Doubt(
                str(rule), name, open_["row"].to_numpy(), open_["proposal"], open_["confidence"], open_["reason"]
            )
            blamed.setdefault(name, []).append(doubt)
        for (check,), rows in doubtful.explode("checks").group_by("checks", maintain_order=True):
            told[str(check)] = np.union1d(told.get(str(check), np.empty(0, np.int64)), rows["row"].to_numpy())
    return columns, blamed, told


def _doubts(column: Column, repaired: RepairedColumn, is_row: Mask, judged: Sequence[Doubt]) -> Iterator[Doubt]:
    """The cells of a column that a repair would change which only proposes, and those that it flags for their kind.

    Args:
        column: the column.
        repaired: its cells.
        is_row: (n,) bool, the records that are rows.
        judged: its cells that are doubtful by the evidence, which are flagged once.
    """
    yield from judged
    proposals = repaired.proposals
    for (rule,), proposed in proposals.group_by("rule", maintain_order=True):
        yield Doubt(
            str(rule),
            column.name,
            proposed["row"].to_numpy(),
            proposed["proposal"],
            confidence(str(rule), is_rare=True),
        )
    if column.flags_other_kinds:
        unreadable = (repaired.cells.is_not_null() & repaired.values.is_null()).to_numpy() & is_row
        unreadable[proposals["row"].to_numpy()] = False
        for doubt in judged:
            unreadable[doubt.rows] = False
        yield Doubt(column.form.fault, column.name, np.flatnonzero(unreadable))
        if column.form.doubt:
            is_open = column.form.doubt(repaired.cells).fill_null(value=False).to_numpy()
            yield Doubt(column.form.doubt_name, column.name, np.flatnonzero(is_open & is_row))
        if column.form.is_text:
            rows, meant = find_damaged(repaired.cells)
            yield Doubt(
                DAMAGED, column.name, rows.to_numpy().astype(np.int64), meant, confidence(DAMAGED, is_rare=True)
            )


def _respell(rule: Respell, column: Column, repaired: RepairedColumn) -> RepairedColumn:
    """Changes the cells of a column of which a rule says that they are other values."""
    rows, after = _respelled(rule, repaired.cells)
    return _fill(repaired, column, rows, after, rule.name, rule.confidence) if len(rows) else repaired


def _respelled(rule: Respell, cells: pl.Series) -> tuple[Indices, pl.Series]:
    """The rows whose cells are other values by a rule, and these."""
    meant = dict(rule.respell)
    rows = cells.is_in(list(meant)).fill_null(value=False).arg_true().to_numpy().astype(np.int64)
    return rows, cells[rows].replace_strict(meant, return_dtype=pl.String)


def check_failures(checks: Sequence[Check], rows: pl.DataFrame) -> dict[str, Mask]:
    """Maps each check to (n,) bool: the rows of typed columns for which it is false. A row passes where it is null."""
    if not checks:
        return {}
    compiled = [compile_check(check.check, rows.schema).alias(str(number)) for number, check in enumerate(checks)]
    passed = _passes(for_arithmetic(rows, checks), compiled)
    return {check.name: ~passed[str(number)].to_numpy() for number, check in enumerate(checks)}


def for_arithmetic(rows: pl.DataFrame, checks: Sequence[Check]) -> pl.DataFrame:
    """The rows with whole numbers so wide that the product of two of them fits, if a check may have such a product."""
    return rows.cast({pl.Int64: pl.Int128}) if any("*" in check.check for check in checks) else rows


def _passes(rows: pl.DataFrame, checks: list[pl.Expr]) -> pl.DataFrame:
    """Evaluates the checks. A row for which one cannot be computed, such as CAST of a word, fails it."""
    try:
        return rows.select(checks)
    except pl.exceptions.PolarsError:
        if len(checks) > 1:
            return pl.concat([_passes(rows, [check]) for check in checks], how="horizontal")
        if rows.height == 1:
            return pl.DataFrame({checks[0].meta.output_name(): [False]})
        half = rows.height // 2
        return pl.concat([_passes(rows[:half], checks), _passes(rows[half:], checks)])


def value_reason(column: Column, rule: str) -> str:
    """Why a value of this column is not sound, by the rule on values that it breaks."""
    if rule == OUT_OF_RANGE:
        return f"{column.name} must be {_range_text(column)}"
    if rule == PATTERN:
        return f"{column.name} must match {column.pattern}"
    return f"{column.name} must have one of its known values"


def _range_text(column: Column) -> str:
    low, high = column.range
    return f"{low} to {high}" if low and high else f"at least {low}" if low else f"at most {high}"


def _unsound_values(table: Table, action: Action) -> dict[str, dict[str, pl.Expr]]:
    """The conditions on values that columns state, as rule -> column -> expression, true for an unsound value."""
    unsound: dict[str, dict[str, pl.Expr]] = {}
    for column in table.columns:
        if column.action != action:
            continue
        dtype, (low, high) = column.form.dtype, column.limits
        outside = [pl.col(column.name) < pl.lit(low, dtype)] if low is not None else []
        outside += [pl.col(column.name) > pl.lit(high, dtype)] if high is not None else []
        if outside:
            unsound.setdefault(OUT_OF_RANGE, {})[column.name] = pl.any_horizontal(outside)
        if column.values:
            known = pl.Series([*column.values, *column.keep])
            unsound.setdefault(UNKNOWN, {})[column.name] = ~pl.col(column.name).is_in(known.implode())
        if column.pattern:
            matches = pl.col(column.name).str.contains(anchored(column.pattern))
            unsound.setdefault(PATTERN, {})[column.name] = ~matches
    return unsound


def _any(rows: pl.DataFrame, conditions: list[pl.Expr]) -> Mask:
    """(n,) bool, the rows that meet a condition; null counts as not met."""
    if not conditions:
        return np.zeros(rows.height, dtype=bool)
    return rows.select(pl.any_horizontal(conditions).fill_null(value=False))[:, 0].to_numpy()


def _impute(rule: Impute, table: Table, columns: dict[str, RepairedColumn], usable: Mask) -> dict[str, RepairedColumn]:
    """Fills in what an equation leaves one value for: the one missing cell of a row, or its ambiguous cells."""
    equation = Equation.parse(rule.impute)
    involved = {column.name: column for column in table.columns if column.name in equation.columns}
    frame = pl.DataFrame({name: columns[name].values for name in involved})
    unread_rows = np.flatnonzero(frame.select(pl.any_horizontal(pl.all().is_null()))[:, 0].to_numpy() & usable)
    gaps = choices = unread = np.zeros(len(unread_rows), dtype=np.int64)
    for name, column in involved.items():
        texts, is_unread = columns[name].cells[unread_rows], columns[name].values[unread_rows].is_null()
        readings = column.form.readings
        options = [text for text in texts.filter(is_unread).drop_nulls().unique() if readings(text)]
        is_choice = is_unread & texts.is_in(options).fill_null(value=False)
        # what is flagged for its kind is missing in clean.parquet
        is_gap = is_unread & ~is_choice if column.flags_other_kinds else texts.is_null()
        gaps, choices = gaps + is_gap.to_numpy(), choices + is_choice.to_numpy()
        unread = unread + is_unread.to_numpy()
    # every cell without a value is the only one that is missing, or has several readings
    is_open = (unread == gaps + choices) & (np.minimum(gaps, choices) == 0) & (gaps < 2)
    rows = unread_rows[is_open]
    if not len(rows):
        return columns
    values = {name: columns[name].values[rows].to_list() for name in involved}
    cells = {name: columns[name].cells[rows].to_list() for name in involved}
    filled: dict[str, dict[int, str]] = {name: {} for name in involved}  # column -> row -> new cell
    for number, row in enumerate(rows.tolist()):
        for name, cell in _solve(
            equation,
            involved,
            {name: texts[number] for name, texts in cells.items()},
            {name: Fraction(column[number]) for name, column in values.items() if column[number] is not None},
        ).items():
            filled[name][row] = cell
    return columns | {
        name: _fill(
            columns[name],
            involved[name],
            np.array(list(new), np.int64),
            pl.Series(list(new.values())),
            rule.name,
            rule.confidence,
        )
        for name, new in filled.items()
        if new
    }


def _solve(
    equation: Equation, columns: Mapping[str, Column], cells: Mapping[str, str | None], values: dict[str, Fraction]
) -> dict[str, str]:
    """The new cells of one row, by column: its missing cell, or the readings of its ambiguous ones."""
    unread = [name for name in columns if name not in values]
    if not any(columns[name].form.readings(cells[name] or "") for name in unread):
        answer, write = equation.solve(unread[0], values), columns[unread[0]].form.from_number
        cell = write(answer) if write and answer is not None else None
        return {} if cell is None else {unread[0]: cell}
    if len(unread) > _MOST_AMBIGUOUS:
        return {}
    options = [columns[name].form.readings(cells[name] or "") for name in unread]
    fits = [
        texts
        for texts in itertools.product(*options)
        if equation.holds(values | {name: Fraction(text) for name, text in zip(unread, texts, strict=True)})
    ]
    return dict(zip(unread, fits[0], strict=True)) if len(fits) == 1 else {}


def _fill(
    repaired: RepairedColumn,
    column: Column,
    rows: Indices,
    after: pl.Series,
    rule: str,
    confidence: float | pl.Series = 1.0,
    reasons: pl.Series | None = None,
) -> RepairedColumn:
    """Writes new cells into some rows of a column, and into its ledger."""
    change = pl.DataFrame(
        [pl.Series("row", rows, pl.Int64), repaired.cells[rows].alias("before"), after.alias("after")]
    )
    change = change.with_columns(
        step=pl.lit(_AFTER_REPAIRS, pl.Int64),
        column=pl.lit(column.name),
        rule=pl.lit(rule),
        confidence=confidence if isinstance(confidence, pl.Series) else pl.lit(confidence),
        reason=pl.lit(None, pl.String) if reasons is None else reasons,
    )
    return RepairedColumn(
        repaired.cells.scatter(rows, after),
        repaired.values.scatter(rows, parse_plain(after, column)),
        pl.concat([repaired.ledger, change.select(list(LEDGER))]),
        repaired.proposals,
    )
