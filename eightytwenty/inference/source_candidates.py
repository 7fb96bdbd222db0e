"""Which columns of a table may name things, and those who tell of them, and which may be told."""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

_MOST_ROWS = 100_000  # looked at: the accuracy of each of a hundred sources is then known to .03
_FEWEST_SOURCES = 5  # few periods, places or shops are alike by chance; many are not
_MOST_SOURCES = 300  # beyond, they are rather things themselves, and all pairs of them too many
_FEWEST_THINGS = 10
_PER_SOURCE = 8  # things of which a source tells on average: of fewer, nothing can be said of its accuracy
_PER_THING = 3  # sources that tell of a thing on average: of two that disagree, either can be right
_ONCE = 0.97  # of the rows are the only ones of their thing and source
_FEWEST_TOLD = 2  # columns
_TOLD = 0.5  # of the columns that are not of the source alone: a table of statements holds little else
_MOST_CHANCE = 0.5  # probability that two cells of a told column are equal anyway: agreement must mean something
_AGREE = 0.3  # by how much two sources of one thing are more often equal than any two cells, as a share of the rest
_DISAGREE = 0.98  # the same, from which on there is no disagreement worth mentioning
_BETTER = 0.3  # by so much more, another column determines a told one: then that is its thing
_BELONGS = 0.9  # the same: from here on, a column is one of the source, such as where it is
_EXPLAINED = 0.5  # of the disagreement is left within one value of such a column: what is told differs by that, too
_NAMED = 0.9  # share of the sources that have names: letters, and no digits, for those count periods and places
_CALENDAR = frozenset(
    name.lower() for name in (*calendar.month_name, *calendar.month_abbr, *calendar.day_name, *calendar.day_abbr)
)


@dataclass(frozen=True)
class Candidate:
    """Columns that may be those of a table that sources tell.

    Args:
        key: names the thing.
        source: names who tells.
        told: may be told.
        agreement: of the told columns, added up; the more, the likelier.
    """

    key: str
    source: str
    told: tuple[str, ...]
    agreement: float


def find_candidates(cells: pl.DataFrame) -> list[Candidate]:
    """The columns of a table that may be those, the likeliest first.

    Args:
        cells: (n, columns) String, null where a cell is missing.
    """
    rows, distinct = cells.height, {name: cells[name].drop_nulls().n_unique() for name in cells.columns}
    named = [name for name in cells.columns if _may_be_sources(cells[name], distinct[name])]
    found: list[Candidate] = []
    for key in cells.columns:
        sources = [name for name in named if name != key and distinct[key] * distinct[name] >= _ONCE * rows]
        if not sources or not _FEWEST_THINGS <= distinct[key] <= rows / _PER_THING:
            continue
        sample = whole_things(cells, key)
        sources = [
            name for name in sources if sample.select(key, name).drop_nulls().n_unique() >= _ONCE * sample.height
        ]
        if sources:
            found += _of_key(_Agreement(sample), key, sources)
    return sorted(found, key=lambda candidate: (len(candidate.told), candidate.agreement), reverse=True)


def whole_things(cells: pl.DataFrame, key: str) -> pl.DataFrame:
    """All rows of some things, chosen by their names alone; all rows if they are few.

    Args:
        cells: (n, columns) String.
        key: the column that names the thing.
    """
    if cells.height <= _MOST_ROWS:
        return cells
    return cells.filter(cells[key].hash(seed=0) < int(2**64 * (_MOST_ROWS / cells.height)))


def _may_be_sources(cells: pl.Series, distinct: int) -> bool:
    """Whether the values of a column may be names of those who tell."""
    if not _FEWEST_SOURCES <= distinct <= min(_MOST_SOURCES, len(cells) / _PER_SOURCE):
        return False
    names = cells.drop_nulls().unique()
    is_named = names.str.contains(r"\p{L}") & ~names.str.contains(r"\d")
    is_named &= ~names.str.to_lowercase().is_in(list(_CALENDAR))
    return float(is_named.sum()) >= _NAMED * distinct


class _Agreement:
    """By how much two cells of a column are more often equal where others are, as a share of the rest.

    Args:
        sample: of the table.
    """

    def __init__(self, sample: pl.DataFrame) -> None:
        self.columns, self.rows = sample.columns, sample.height
        # numbers, because they are grouped many times
        self._codes = sample.select(pl.all().rank("dense"))
        self.distinct = {name: self._codes[name].n_unique() for name in self.columns}
        self.chance = {name: _equal(self._codes, [], name) for name in self.columns}

    def of(self, name: str, *where: str) -> float:
        """Of a column, where some others are equal."""
        chance = self.chance[name]
        return (_equal(self._codes, list(where), name) - chance) / (1 - chance) if chance < 1 else 0.0


def _equal(codes: pl.DataFrame, where: list[str], name: str) -> float:
    """The probability that two cells of a column are equal where some others are.

    A group counts by the number of its cells, not of its pairs, lest few groups be all.
    """
    counts = codes.select(*where, name).drop_nulls().group_by(*where, name).agg(n=pl.len().cast(pl.Float64))
    counts = counts.with_columns(group=pl.struct(where) if where else pl.lit(0))
    groups = counts.group_by("group").agg(equal=(pl.col("n") * (pl.col("n") - 1)).sum(), n=pl.col("n").sum())
    several = groups.filter(pl.col("n") > 1)
    return float((several["equal"] / (several["n"] - 1)).sum()) / float(several["n"].sum()) if several.height else 0.0


def _of_key(agreement: _Agreement, key: str, sources: list[str]) -> Iterator[Candidate]:
    """What may be told of the things that a column names."""
    agreed = {
        name: agreement.of(name, key)
        for name in agreement.columns
        if name != key and agreement.distinct[name] > 1 and agreement.chance[name] <= _MOST_CHANCE
    }
    for source in sources:
        told = [
            name
            for name, agree in agreed.items()
            if name != source and agree >= _AGREE and _is_told(agreement, name, key, source)
        ]
        others = [
            name
            for name in agreement.columns
            if name not in (key, source, *told)
            and 1 < agreement.distinct[name] < _ONCE * agreement.rows
            and agreement.of(name, source) < _BELONGS
        ]
        if (
            len(told) >= max(_FEWEST_TOLD, _TOLD * (len(told) + len(others)))
            and agreed.get(source, 0) < _AGREE
            and any(agreed[name] <= _DISAGREE for name in told)
        ):
            yield Candidate(key, source, tuple(told), sum(agreed[name] for name in told))


def _is_told(agreement: _Agreement, name: str, key: str, source: str) -> bool:
    """Whether no other column says better what stands in this one, nor explains why sources disagree."""
    agree = agreement.of(name, key)
    if agreement.of(name, source) >= agree:
        return False
    for other in agreement.columns:
        if other in (name, key, source) or agreement.distinct[other] > agreement.rows / _PER_THING:
            continue
        # what has as many values as there are things names them as well, and tells more: what was said of them
        is_name = agreement.distinct[other] >= agreement.distinct[key]
        if not is_name and agreement.of(name, other) > agree + _BETTER:
            return False
        if agreement.of(other, source) >= _BELONGS:
            explained = agreement.of(name, key, other)
            if 1 - explained < _EXPLAINED * (1 - agree):
                return False
    return True
