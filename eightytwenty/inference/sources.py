"""Tables in which many sources tell of the same things: what they are, and what is true by what the sources tell.

Nothing is known of the sources but what they say. Those that agree with others on most things are accurate, and those
that always agree with each other are one.
"""

import calendar
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from eightytwenty.inference.accuracy import Trust, learn, posterior, votes
from eightytwenty.inference.copiers import find_copiers, group_numbers
from eightytwenty.inference.statements import Indices, Statements, gather, statements_on, usual_shapes

_MOST_ROWS = 100_000  # looked at: the accuracy of each of a hundred sources is then known to .03
_FEWEST_SOURCES, _FEWEST_THINGS = 3, 10
_MOST_SOURCES = 300  # beyond, they are rather things themselves, and all pairs of them too many
_PER_SOURCE = 8  # things of which a source tells on average: of fewer, nothing can be said of its accuracy
_PER_THING = 2.5  # sources that tell of a thing on average: of two that disagree, either can be right
_ONCE = 0.97  # of the rows are the only ones of their thing and source
_FEWEST_TOLD = 2  # columns
_MOST_CHANCE = 0.5  # probability that two cells of a told column are equal anyway: agreement must mean something
_AGREE = 0.3  # by how much two sources of one thing are more often equal than any two cells, as a share of the rest
_DISAGREE = 0.98  # the same, from which on there is no disagreement worth mentioning
_BETTER = 0.3  # by so much more, another column determines a told one: then that is its thing
_BELONGS = 0.9  # the same: from here on, a column is one of the source, such as where it is
_EXPLAINED = 0.5  # of the disagreement is left within one value of such a column: what is told differs by that, too
_NAMED = 0.9  # share of the sources that have names: letters, and no digits, for those count periods and places
_ACCURATE = 0.8  # accuracy of a source that can be relied on: where there are not two of them, nothing is told
_KNOWN = 8  # statements at least from which an accuracy is known
_SIGMAS = 5.0  # by which the sources must differ in two columns: rare enough for all tables of the world
_CALENDAR = frozenset(
    name.lower() for name in (*calendar.month_name, *calendar.month_abbr, *calendar.day_name, *calendar.day_abbr)
)
_SURE = 1e-12  # no probability is nearer to 0 or 1


@dataclass(frozen=True)
class Sources:
    """Who tells what in a table.

    Args:
        key: the column that names the thing.
        source: the column that names who tells.
        told: the columns that are told.
        copiers: groups of sources that count as one, because they copy from each other.
        trust: told column -> how the sources tell it.
        rows: how many rows this rests on.
    """

    key: str
    source: str
    told: tuple[str, ...]
    copiers: tuple[tuple[str, ...], ...]
    trust: Mapping[str, Trust]
    rows: int

    @property
    def accuracy(self) -> dict[str, Mapping[str, float]]:
        """Told column -> source -> share of its statements that agree with what is taken as true."""
        return {column: trust.accuracy for column, trust in self.trust.items()}


def find_sources(cells: pl.DataFrame) -> Sources | None:
    """Finds out whether many sources tell of the same things in a table.

    Args:
        cells: (n, columns) String, after the repairs of each column; null where a cell is missing.

    Returns:
        Who tells what; None if the table is no such table.
    """
    if cells.height < _FEWEST_SOURCES * _PER_SOURCE:
        return None
    candidates = sorted(_candidates(cells), key=lambda candidate: candidate.score, reverse=True)
    return next((found for candidate in candidates if (found := _learn(candidate, cells))), None)


def tell(sources: Sources, cells: pl.DataFrame) -> pl.DataFrame:
    """Says what is true by what the sources tell.

    Args:
        sources: who tells what.
        cells: (n, columns) String, as for `find_sources`; all rows of each thing of which it is to be said.

    Returns:
        One row per thing and told column of which anyone tells something: key, column, value (String), log_odds
        (Float64, that the value is right), share (of the sources that say so, those that copy counted as one), reason
        (for people). It is as unlikely as the log_odds say where most sources leave out what they usually tell.
    """
    counts = gather(cells, sources.key, sources.source, sources.told)
    return pl.concat(
        [
            _tell_column(sources, column, statements_on(column, counts, sources.trust[column].shapes))
            for column in sources.told
        ]
    )


def _learn(candidate: "_Candidate", cells: pl.DataFrame) -> Sources | None:
    """How the sources tell; None if it does not matter who tells, for then errors are slips, as in any table."""
    key, source = candidate.key, candidate.source
    sample = _whole_things(cells, key)
    counts = gather(sample, key, source, candidate.told)
    shapes = {column: usual_shapes(column, counts) for column in candidate.told}
    told = {column: statements_on(column, counts, shapes[column]) for column in candidate.told}
    names = told[candidate.told[0]].sources
    alone = np.arange(len(names))
    copiers = find_copiers([(statements, learn(statements, alone)) for statements in told.values()])
    groups, trust, differing = group_numbers(names, copiers), {}, 0
    for column, statements in told.items():
        learned = learn(statements, groups, shapes[column])
        if _can_be_told(statements, groups, learned):
            trust[column] = learned
            differing += _matters_who_tells(statements, groups, learned)
    return Sources(key, source, tuple(trust), copiers, trust, sample.height) if differing >= _FEWEST_TOLD else None


def _tell_column(sources: Sources, column: str, statements: Statements) -> pl.DataFrame:
    vote = votes(statements, group_numbers(statements.sources, sources.copiers))
    right, _ = posterior(statements, vote, sources.trust[column])
    is_said, claims, thing = statements.claim >= 0, statements.claims.height, statements.claim_thing
    said = np.bincount(statements.claim[is_said], weights=vote[is_said], minlength=claims)
    share = said / np.bincount(thing, weights=said, minlength=statements.things)[thing]
    number = np.bincount(statements.claim[is_said], minlength=claims)
    right = np.clip(right, _SURE, 1 - _SURE)
    frame = statements.claims.with_columns(
        pl.Series("thing", thing),
        pl.Series("log_odds", np.log(right / (1 - right))),
        pl.Series("share", share),
        pl.Series("number", number),
        pl.Series("all", np.bincount(statements.thing, minlength=statements.things)[thing]),
        pl.Series("silent", np.bincount(statements.thing[~is_said], minlength=statements.things)[thing]),
    )
    order = ["thing", "log_odds", "number", "value"]
    best = frame.sort(order, descending=[False, True, True, False]).unique("thing", keep="first", maintain_order=True)
    others = (
        frame.join(best.select("thing", "value"), on=["thing", "value"], how="anti")
        .sort("thing", "number", "value", descending=[False, True, False])
        .unique("thing", keep="first", maintain_order=True)
        .select("thing", other="value", other_number="number")
    )
    return best.join(others, on="thing", how="left", maintain_order="left").select(
        "key", pl.lit(column).alias("column"), "value", "log_odds", "share", _reason(sources.key).alias("reason")
    )


def _reason(key: str) -> pl.Expr:
    """Who says what, in words."""

    def say(number: str) -> pl.Expr:
        return pl.when(pl.col(number) == 1).then(pl.lit("says")).otherwise(pl.lit("say"))

    start = pl.format(f"{{}} of {{}} sources {{}} {{}} of this {key}", "number", "all", say("number"), "value")
    other = pl.format(", {} {} {}", "other_number", say("other_number"), "other").fill_null("")
    leave = pl.when(pl.col("silent") == 1).then(pl.lit("leaves")).otherwise(pl.lit("leave"))
    silent = pl.when(pl.col("silent") > 0).then(pl.format(", {} {} it out", "silent", leave)).otherwise(pl.lit(""))
    return pl.concat_str(start, other, silent)


@dataclass(frozen=True)
class _Candidate:
    """Columns that may name things and sources, and what may be told; with how much speaks for them."""

    key: str
    source: str
    told: list[str]
    score: tuple[float, float]


def _candidates(cells: pl.DataFrame) -> Iterator[_Candidate]:
    rows, distinct = cells.height, {name: cells[name].drop_nulls().n_unique() for name in cells.columns}
    named = [name for name in cells.columns if _may_be_sources(cells[name], distinct[name])]
    if not named:
        return
    for key in cells.columns:
        if not _FEWEST_THINGS <= distinct[key] <= rows / _PER_THING:
            continue
        sample = _whole_things(cells, key)
        agreement = {
            name: _agreement(sample, [key], name)
            for name in cells.columns
            if name != key and distinct[name] > 1 and _chance(sample, name) <= _MOST_CHANCE
        }
        agreeing = [name for name, agree in agreement.items() if agree >= _AGREE]
        if len(agreeing) < _FEWEST_TOLD or all(agreement[name] > _DISAGREE for name in agreeing):
            continue
        for source in named:
            if source == key or source in agreeing or distinct[key] * distinct[source] < _ONCE * rows:
                continue
            pairs = sample.select(key, source).drop_nulls()
            if pairs.n_unique() < max(_ONCE * pairs.height, _ONCE * sample.height):
                continue
            told = [name for name in agreeing if _is_told(sample, name, agreement[name], key, source)]
            if len(told) >= _FEWEST_TOLD and any(agreement[name] <= _DISAGREE for name in told):
                yield _Candidate(key, source, told, (len(told), sum(agreement[name] for name in told)))


def _may_be_sources(cells: pl.Series, distinct: int) -> bool:
    """Whether the values of a column may be names of those who tell."""
    if not _FEWEST_SOURCES <= distinct <= min(_MOST_SOURCES, len(cells) / _PER_SOURCE):
        return False
    names = cells.drop_nulls().unique()
    is_named = names.str.contains(r"\p{L}") & ~names.str.contains(r"\d")
    is_named &= ~names.str.to_lowercase().is_in(list(_CALENDAR))
    return float(is_named.sum()) >= _NAMED * distinct


def _is_told(sample: pl.DataFrame, name: str, agreement: float, key: str, source: str) -> bool:
    """Whether no other column says better what stands in this one, nor explains why sources disagree."""
    if _agreement(sample, [source], name) >= agreement:
        return False
    for other in sample.columns:
        if other in (name, key, source) or sample[other].n_unique() > sample.height / _PER_THING:
            continue
        if _agreement(sample, [other], name) > agreement + _BETTER:
            return False
        if _agreement(sample, [source], other) >= _BELONGS:
            explained = _agreement(sample, [key, other], name)
            if 1 - explained < _EXPLAINED * (1 - agreement):
                return False
    return True


def _whole_things(cells: pl.DataFrame, key: str) -> pl.DataFrame:
    """All rows of some things, chosen by their names alone; all rows if they are few."""
    if cells.height <= _MOST_ROWS:
        return cells
    hashes = cells[key].hash(seed=0)
    return cells.filter(hashes < int(2**64 * (_MOST_ROWS / cells.height)))


def _chance(sample: pl.DataFrame, name: str) -> float:
    """The probability that two cells of a column are equal."""
    counts = sample[name].drop_nulls().value_counts(name="count")["count"].cast(pl.Float64)
    total = float(counts.sum())
    return float((counts * (counts - 1)).sum()) / (total * (total - 1)) if total > 1 else 1.0


def _agreement(sample: pl.DataFrame, key: list[str], name: str) -> float:
    """By how much two cells of one thing are more often equal than any two, as a share of the rest."""
    counts = sample.select(*key, name).drop_nulls().group_by(*key, name).agg(n=pl.len().cast(pl.Float64))
    things = counts.group_by(key).agg(equal=(pl.col("n") * (pl.col("n") - 1)).sum(), n=pl.col("n").sum())
    # a thing counts by its number of cells, not of pairs, lest few things be all
    several = things.filter(pl.col("n") > 1)
    if not several.height:
        return 0.0
    equal, all_of = float((several["equal"] / (several["n"] - 1)).sum()), float(several["n"].sum())
    chance = _chance(sample, name)
    return (equal / all_of - chance) / (1 - chance) if chance < 1 else 0.0


def _can_be_told(statements: Statements, groups: Indices, trust: Trust) -> bool:
    """Whether at least two sources that do not copy from each other are accurate."""
    is_said = statements.claim >= 0
    said = np.bincount(statements.source[is_said], minlength=len(statements.sources))
    accuracy = np.array([trust.accuracy[name] for name in statements.sources])
    return len(set(groups[(accuracy >= _ACCURATE) & (said >= _KNOWN)].tolist())) > 1


def _matters_who_tells(statements: Statements, groups: Indices, trust: Trust) -> bool:
    """Whether the sources differ more in accuracy than by chance (a chi-squared test on those that do not copy)."""
    vote, is_said = votes(statements, groups), statements.claim >= 0
    right, _ = posterior(statements, vote, trust)
    group, vote, right = groups[statements.source[is_said]], vote[is_said], right[statements.claim[is_said]]
    said = np.bincount(group, weights=vote)
    hits = np.bincount(group, weights=vote * right)[said >= _KNOWN]
    said = said[said >= _KNOWN]
    mean = float(np.clip(hits.sum() / said.sum(), _SURE, 1 - _SURE)) if len(said) else 0.5
    squares = float(((hits - said * mean) ** 2 / (said * mean * (1 - mean))).sum())
    freedom = max(len(said) - 1, 1)
    return bool(squares > freedom + _SIGMAS * (2 * freedom) ** 0.5)
