"""Changes and flags cells by the evidence of a table's mined rules, of which its judge tells the confidence."""

from collections.abc import Collection, Mapping

import polars as pl

from eightytwenty.mined_rules import Spill, Typos, active
from eightytwenty.read.batch import Indices
from eightytwenty.schema import Table

# A changed cell is new evidence for the others of its row: it is judged again until nothing changes, so that cleaning
# the result once more changes nothing.
_MOST_ROUNDS = 5


def decide_cells(
    table: Table, texts: pl.DataFrame, unreadable: Mapping[str, pl.Series], file_columns: Collection[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Which cells are changed, and which are only doubtful.

    Args:
        table: with a judge.
        texts: (n, columns) String, the cells after the repairs of their columns.
        unreadable: column -> (n,) Boolean, the cells that are not of the column's kind.
        file_columns: the columns that the file of the rows has. Of the others, no cell is doubtful.

    Returns:
        two times verdicts as `eightytwenty.schema.Judge` returns them.
    """
    rules = active(table.rules)
    needed = pl.DataFrame(
        {
            "rule": [rule.name for rule in rules],
            "needed": [table.min_confidence if rule.action == "repair" else None for rule in rules],
        },
        {"rule": pl.String, "needed": pl.Float64},
    )
    flagged, kept = _flagged(table), _kept(table)
    pairs = [rule.name for rule in rules if isinstance(rule, Spill)]
    rows: Indices | None = None  # all of them
    made: list[pl.DataFrame] = []
    open_: list[pl.DataFrame] = []
    for _ in range(_MOST_ROUNDS):
        verdicts = _judge(table, texts, unreadable, rows).filter(pl.col("column").is_in(list(file_columns)))
        verdicts = _whole(verdicts.join(kept, on=["rule", "column", "cell"], how="anti"), pairs)
        verdicts = verdicts.join(needed, on="rule", how="left", maintain_order="left")
        is_sure = (pl.col("confidence") >= pl.col("needed")).fill_null(value=False) & pl.col("proposal").is_not_null()
        sure, doubtful = verdicts.filter(is_sure).drop("needed"), verdicts.filter(~is_sure).drop("needed")
        if made:  # a cell is changed once
            sure = _whole(sure.join(pl.concat(made), on=["row", "column"], how="anti"), pairs)
        if rows is not None:
            again = pl.Series(rows)
            open_ = [frame.filter(~pl.col("row").is_in(again.implode())) for frame in open_]
        open_.append(doubtful)
        if sure.is_empty():
            break
        made.append(sure)
        texts, unreadable = _changed(texts, unreadable, sure)
        rows = sure["row"].unique().sort().to_numpy()
    changes = pl.concat(made) if made else pl.concat(open_).clear()
    # what another rule flags is not flagged twice
    doubts = pl.concat(open_).join(flagged, on=["column", "cell"], how="anti")
    return changes, doubts.sort("row", "column")


def _judge(
    table: Table, texts: pl.DataFrame, unreadable: Mapping[str, pl.Series], rows: Indices | None
) -> pl.DataFrame:
    """The verdicts on some rows, or on all."""
    if not table.judge:
        raise ValueError(f"{table.name} has no judge")
    if rows is None:
        return table.judge(table.rules, texts, unreadable)
    of_rows = {name: cells.gather(rows) for name, cells in unreadable.items()}
    verdicts = table.judge(table.rules, texts[rows], of_rows)
    return verdicts.with_columns(row=pl.Series(rows[verdicts["row"].to_numpy()], dtype=pl.Int64))


def _whole(verdicts: pl.DataFrame, pairs: list[str]) -> pl.DataFrame:
    """Verdicts without those of rules on pairs of cells of which only one cell is left."""
    is_half = pl.col("rule").is_in(pairs) & (pl.len().over("row", "rule") < 2)
    return verdicts.filter(~is_half) if pairs else verdicts


def _kept(table: Table) -> pl.DataFrame:
    """The cells that no rule doubts because the table says so: those to keep; and no known value is a slip."""
    rules, slips = active(table.rules), [rule for rule in active(table.rules) if isinstance(rule, Typos)]
    cells = [
        (rule.name, column.name, cell)
        for column in table.columns
        for ours, cells in ((rules, column.keep), (slips, column.values))
        for rule in ours
        for cell in cells
    ]
    return pl.DataFrame(cells, dict.fromkeys(("rule", "column", "cell"), pl.String), orient="row")


def _flagged(table: Table) -> pl.DataFrame:
    """The cells that other rules of a table flag."""
    cells = [(rule.column, cell) for rule in table.respells("flag") for cell, _ in rule.respell]
    return pl.DataFrame(cells, {"column": pl.String, "cell": pl.String}, orient="row")


def _changed(
    texts: pl.DataFrame, unreadable: Mapping[str, pl.Series], sure: pl.DataFrame
) -> tuple[pl.DataFrame, dict[str, pl.Series]]:
    """The cells with the proposals in their places."""
    changed, still = {name: texts[name] for name in texts.columns}, dict(unreadable)
    for (column,), found in sure.group_by("column", maintain_order=True):
        name = str(column)
        changed[name] = changed[name].clone().scatter(found["row"], found["proposal"])
        if name in still:
            still[name] = still[name].clone().scatter(found["row"], values=False)
    return pl.DataFrame(changed), still
