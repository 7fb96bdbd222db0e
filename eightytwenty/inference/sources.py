"""Tables in which many sources tell of the same things: what they are, and what is true by what the sources tell.

Nothing is known of the sources but what they say. Those that agree with others on most things are accurate, and those
that agree with each other more than that explains are one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from eightytwenty.inference.accuracy import Trust, learn, posterior, votes
from eightytwenty.inference.copiers import find_copiers, group_numbers
from eightytwenty.inference.source_candidates import Candidate, find_candidates, whole_things
from eightytwenty.inference.statements import Floats, Indices, Statements, gather, statements_on, sums, usual_shapes

_FEWEST_TOLD = 2  # columns in which it matters who tells
_SIGMAS = 5.0  # by which the sources must then differ: rare enough for all tables of the world
# Standard deviation of their accuracies. Where all are nearly as accurate, a majority does as well, and what looks like
# errors may be right: prices that differ by shop, addresses that change over time.
_SPREAD = 0.1
_ACCURATE = 0.8  # accuracy of a source that can be relied on: where there are not two of them, nothing is told
_KNOWN = 8  # statements at least from which an accuracy is known
_SAME = 0.05  # difference between two estimates of an accuracy that is none
_SURE = 1e-12  # no probability is nearer to 0 or 1


@dataclass(frozen=True)
class Sources:
    """Who tells what in a table.

    Args:
        key: the column that names the thing.
        source: the column that names who tells.
        told: the columns that are told.
        copiers: groups of sources that count as one, because they copy from each other.
        trust: told column -> how the sources tell it, the likeliest first. There are two where the sources are of two
            minds, so that either side can be right.
        rows: how many rows this rests on.
    """

    key: str
    source: str
    told: tuple[str, ...]
    copiers: tuple[tuple[str, ...], ...]
    trust: Mapping[str, tuple[Trust, ...]]
    rows: int

    @property
    def accuracy(self) -> dict[str, Mapping[str, float]]:
        """Told column -> source -> share of its statements that agree with what is taken as true."""
        return {column: trust[0].accuracy for column, trust in self.trust.items()}


def find_sources(cells: pl.DataFrame) -> Sources | None:
    """Finds out whether many sources tell of the same things in a table.

    Args:
        cells: (n, columns) String, after the repairs of each column; null where a cell is missing.

    Returns:
        Who tells what; None if the table is no such table.
    """
    candidates = find_candidates(cells)
    return next((found for candidate in candidates if (found := _learn_candidate(candidate, cells))), None)


def tell(sources: Sources, cells: pl.DataFrame) -> pl.DataFrame:
    """Says what is true by what the sources tell.

    Args:
        sources: who tells what.
        cells: (n, columns) String, as for `find_sources`; all rows of each thing of which it is to be said.

    Returns:
        As `tell_gathered`.
    """
    return tell_gathered(sources, gather(cells, sources.key, sources.source, sources.told))


def tell_gathered(sources: Sources, counts: pl.DataFrame) -> pl.DataFrame:
    """Says what is true by statements that were gathered piece by piece.

    Args:
        sources: who tells what.
        counts: as `eightytwenty.inference.statements.gather` and `merge` return them; all of each thing.

    Returns:
        One row per thing and told column of which anyone tells something: key, column, value (String), log_odds
        (Float64, that the value is right), share (of the sources that say so, those that copy counted as one), reason
        (for people). The log_odds are below 0 where most sources leave out what they usually tell: there may be nothing
        to tell.
    """
    return pl.concat(
        [
            _tell_column(sources, column, statements_on(column, counts, sources.trust[column][0].shapes))
            for column in sources.told
        ]
    )


def learn_sources(key: str, source: str, told: Sequence[str], cells: pl.DataFrame) -> Sources:
    """How sources tell, where it is known that they do.

    Args:
        key: the column that names the thing.
        source: the column that names who tells.
        told: the columns that are told.
        cells: (n, columns) String, as for `find_sources`.
    """
    sample = whole_things(cells, key)
    counts = gather(sample, key, source, told)
    shapes = {column: usual_shapes(column, counts) for column in told}
    statements = {column: statements_on(column, counts, shapes[column]) for column in told}
    names = statements[told[0]].sources
    alone = np.arange(len(names))
    copiers = find_copiers([(of_column, learn(of_column, alone)) for of_column in statements.values()])
    groups = group_numbers(names, copiers)
    by_majority = {column: learn(of_column, groups, shapes[column]) for column, of_column in statements.items()}
    trust = {}
    for column, of_column in statements.items():
        # who is right in the other columns is likely to be right in this one, even against a majority
        others = [by_majority[other].accuracy for other in told if other != column]
        elsewhere = (
            {name: float(np.mean([accuracy[name] for accuracy in others])) for name in names} if others else None
        )
        trust[column] = _different(learn(of_column, groups, shapes[column], elsewhere), by_majority[column])
    return Sources(key, source, tuple(told), copiers, trust, sample.height)


def _learn_candidate(candidate: Candidate, cells: pl.DataFrame) -> Sources | None:
    """How the sources tell; None if it does not matter who tells, for then errors are slips, as in any table."""
    learned = learn_sources(candidate.key, candidate.source, candidate.told, cells)
    counts = gather(whole_things(cells, candidate.key), candidate.key, candidate.source, candidate.told)
    told, differing = [], 0
    for column, trust in learned.trust.items():
        statements = statements_on(column, counts, trust[0].shapes)
        groups = group_numbers(statements.sources, learned.copiers)
        if _can_be_told(statements, groups, trust[0]):
            told.append(column)
            differing += _matters_who_tells(statements, groups, trust[0])
    if differing < _FEWEST_TOLD:
        return None
    return replace(learned, told=tuple(told), trust={column: learned.trust[column] for column in told})


def _different(one: Trust, other: Trust) -> tuple[Trust, ...]:
    """Two estimates, or one of them if they are the same."""
    is_same = all(abs(one.accuracy[name] - other.accuracy[name]) < _SAME for name in one.accuracy)
    return (one,) if is_same else (one, other)


def _can_be_told(statements: Statements, groups: Indices, trust: Trust) -> bool:
    """Whether at least two sources that do not copy from each other are accurate."""
    is_said = statements.claim >= 0
    said = np.bincount(statements.source[is_said], minlength=len(statements.sources))
    accuracy = np.array([trust.accuracy[name] for name in statements.sources])
    return len(set(groups[(accuracy >= _ACCURATE) & (said >= _KNOWN)].tolist())) > 1


def _matters_who_tells(statements: Statements, groups: Indices, trust: Trust) -> bool:
    """Whether the accuracies of sources that do not copy differ much, and more than by chance (a chi-squared test)."""
    vote, is_said = votes(statements, groups), statements.claim >= 0
    right, _ = posterior(statements, vote, trust)
    group, vote, right = groups[statements.source[is_said]], vote[is_said], right[statements.claim[is_said]]
    said = sums(group, vote)
    hits = sums(group, vote * right)[said >= _KNOWN]
    said = said[said >= _KNOWN]
    mean = float(np.clip(hits.sum() / said.sum(), _SURE, 1 - _SURE)) if len(said) else 0.5
    squares = float(((hits - said * mean) ** 2 / (said * mean * (1 - mean))).sum())
    freedom = max(len(said) - 1, 1)
    is_chance = squares <= freedom + _SIGMAS * (2 * freedom) ** 0.5
    # the variance of the shares, less what chance adds to it
    variance = (squares - freedom) * mean * (1 - mean) / max(float(said.sum()), 1)
    return not is_chance and variance >= _SPREAD**2


def _tell_column(sources: Sources, column: str, statements: Statements) -> pl.DataFrame:
    vote = votes(statements, group_numbers(statements.sources, sources.copiers))
    by_trust = [posterior(statements, vote, trust)[0] for trust in sources.trust[column]]
    right: Floats = np.clip(np.mean(by_trust, axis=0), _SURE, 1 - _SURE)
    is_said, claims, thing = statements.claim >= 0, statements.claims.height, statements.claim_thing
    said = sums(statements.claim[is_said], vote[is_said], claims)
    every, silent = (
        np.bincount(statements.thing[rows], minlength=statements.things)[thing]
        for rows in (np.ones(len(is_said), dtype=bool), ~is_said)
    )
    frame = statements.claims.with_columns(
        pl.Series("thing", thing),
        pl.Series("likeliest", by_trust[0]),
        pl.Series("log_odds", np.log(right / (1 - right))),
        pl.Series("share", said / sums(thing, said, statements.things)[thing]),
        pl.Series("number", np.bincount(statements.claim[is_said], minlength=claims)),
        pl.Series("every", every),
        pl.Series("silent", silent),
    )
    order = ["thing", "likeliest", "number", "value"]
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
    start = pl.format("{} of {} sources {} {} of this ", "number", "every", _verb("say", "number"), "value")
    other = pl.format(", {} {} {}", "other_number", _verb("say", "other_number"), "other").fill_null("")
    silent = pl.format(", {} {} it out", "silent", _verb("leave", "silent"))
    return pl.concat_str(start, pl.lit(key), other, pl.when(pl.col("silent") > 0).then(silent).otherwise(pl.lit("")))


def _verb(verb: str, number: str) -> pl.Expr:
    """A verb in its form for one or several."""
    return pl.when(pl.col(number) == 1).then(pl.lit(f"{verb}s")).otherwise(pl.lit(verb))
