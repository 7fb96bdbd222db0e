"""Equations between columns that hold in nearly all rows, such as `total = price * number`.

All sums, products and ratios of two columns, and the totals of adjacent ones, are tried on a few rows. What holds there
is computed on more rows, and again with one of its columns shuffled: zeros, constants and small numbers make equations
that hold as often as not. However many columns a table has, only some hundred candidates get so far.
"""

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from eightytwenty.engine.slips import is_slip
from eightytwenty.inference.formulas import COPY, PRODUCT, RATIOS, SPANS, SUM, Formula, Mask
from eightytwenty.inference.measures import (
    DAY,
    MOMENT,
    MOST_ROWS,
    NUMBER,
    TIME,
    Floats,
    Measure,
    find_measures,
    in_order_of_content,
    quoted,
    readable,
)
from eightytwenty.schema import Check, Column, Impute

_HOLDS = 0.9  # of the rows
_COPY_HOLDS = 0.995  # but for slips: two columns for one thing are there because they differ at times
_UNLIKE = 0.25  # of the slips, other differences of two equal columns: some cells have two slips
_LIFT = 0.9  # of the way from what holds by chance to what always holds
_FEWEST = 10  # rows in which an equation is no truism
_DISTINCT = 5  # results: fewer are states rather than amounts
_MOST = 20  # equations of a table: more are not read
_FIRST_ROWS = 16  # on which everything is tried
_FIRST_OF_COPIES = 128  # the same for equal columns, of which there are fewer pairs
_FEWEST_FIRST = 6  # of the first rows that tell something
_FIRST_HOLDS = 0.6  # of these: what holds in .9 of the rows hardly ever fails here
_MOST_CANDIDATES = 500  # that are computed on more rows, the best ones
_WINDOW = 128  # columns that are tried with each other: in wider tables, those that are not far apart
_SHIFTS = (1, 3, 7, 12)  # rows, in the order of their content, by which a column is moved to shuffle it
_NEAREST, _DOWN = 0.51, 1.01  # of the last digit, and a little: what rounding to the nearest and rounding down change
_FEWER = 5  # times as many rows break an equation if its result is not rounded in some way: then it is
_LARGE = 5  # times its rounding: of smaller results, one in ten is right by chance
_EXACT = 1e-9  # of a number, what its binary form may lie beside the decimal one
_PLAIN_NAME = re.compile(r"[^\W\d]\w*")  # that an equation need not quote
TEXT = "text"  # the family of columns that can only be equal


@dataclass(frozen=True)
class Relation:
    """A column that is computed from others.

    Args:
        result: the name of the column.
        terms: the names of the others.
        formula: that computes it.
        within: how far the result may be from what the formula gives, because it is rounded; 0 for not at all.
        is_exact: whether no number is rounded.
        rows: that have all of the columns.
        held: rows among them in which it holds.
    """

    result: str
    terms: tuple[str, ...]
    formula: Formula
    within: float
    is_exact: bool
    rows: int
    held: int

    @property
    def columns(self) -> frozenset[str]:
        """The columns that it relates."""
        return frozenset((self.result, *self.terms))

    @property
    def confidence(self) -> float:
        """That it holds in a further row."""
        return round((self.held + 1) / (self.rows + 2), 4)

    @property
    def reason(self) -> str:
        """The equation for people, and in how many rows it holds."""
        rounded = ", rounded," if self.within else ""
        return f"{self.result} is {self.formula.words(self.terms)}{rounded} in {self.held:,} of {self.rows:,} rows"

    @property
    def equation(self) -> str:
        """The equation that can be solved for any of its columns; empty if there is none."""
        if not (self.is_exact and self.formula.mark) or any('"' in name for name in self.columns):
            return ""
        names = [name if _PLAIN_NAME.fullmatch(name) else quoted(name) for name in (self.result, *self.terms)]
        return f"{names[0]} = " + f" {self.formula.mark} ".join(names[1:])


@dataclass(frozen=True)
class _Candidate:
    result: Measure
    terms: tuple[Measure, ...]
    formula: Formula

    def differences(self, shifted: int = -1, by: int = 0) -> tuple[Floats, Mask]:
        """How far each row is from the equation, and where it tells something; one of the terms may be shuffled."""
        terms = [np.roll(term.numbers, by) if at == shifted else term.numbers for at, term in enumerate(self.terms)]
        differences = np.abs(self.formula.compute(terms) - self.result.numbers)
        return differences, self.formula.tells(terms) & ~np.isnan(differences)

    @property
    def columns(self) -> frozenset[str]:
        return frozenset((self.result.name, *self.names))

    @property
    def names(self) -> list[str]:
        """Of the terms."""
        return [term.name for term in self.terms]

    @property
    def unit(self) -> float:
        """What the last digit of the result counts."""
        return 10.0**-self.result.decimals

    @property
    def roundings(self) -> tuple[float, ...]:
        """How far the result may be from the equation, from not at all to one in its last digit."""
        if self.formula is COPY or self.result.family != NUMBER:
            return (0.0,)
        nearest, down = _NEAREST * self.unit, _DOWN * self.unit
        return (0.0, nearest, down) if self.formula.mark else (nearest, down)


@np.errstate(over="ignore", invalid="ignore")  # what is beyond all numbers equals none
def find_relations(values: pl.DataFrame, columns: Mapping[str, Column]) -> list[Relation]:
    """Finds the columns that others determine, the most certain first.

    Args:
        values: n rows with the types of their kinds.
        columns: what each column is.
    """
    if values.height < _FEWEST:
        return []
    rows = in_order_of_content(values)[:MOST_ROWS]
    measures = _measures(rows, columns)
    copies = list(_copies(measures, rows))
    copied = {candidate.result.name for candidate in copies}
    # what holds of a column holds of its copies, and need not be said again
    measures = [measure for measure in measures if measure.name not in copied]
    scored = [(*score, candidate) for candidate in _candidates(measures) if (score := _score(candidate))]
    scored.sort(key=_preference)
    found: dict[frozenset[str], tuple[float, _Candidate]] = {}
    for _, within, candidate in scored:
        found.setdefault(candidate.columns, (within, candidate))
    chosen = [*((0.0, candidate) for candidate in copies), *found.values()][:_MOST]
    names = {name for _, candidate in chosen for name in candidate.columns}
    whole = {measure.name: measure for measure in _measures(values.select(sorted(names)), columns)}
    relations = [_counted(candidate, within, whole) for within, candidate in chosen]
    return [relation for relation in relations if relation.formula is COPY or relation.held >= _HOLDS * relation.rows]


def _preference(scored: tuple[float, float, _Candidate]) -> tuple[float, bool, int, int, str, list[str]]:
    """Where equations hold as often: the exact one, the shorter total, and the one for the column that is rounded."""
    share, within, candidate = scored
    places = len(candidate.terms), -candidate.result.decimals
    return -round(share, 2), within > 0, *places, candidate.result.name, candidate.names


def find_equations(values: pl.DataFrame, columns: Mapping[str, Column]) -> list[Check | Impute]:
    """The rules that equations give: they flag the rows that break them, and fill in what they leave one value for.

    Args:
        values: n rows with the types of their kinds.
        columns: what each column is.
    """
    return equation_rules(find_relations(values, columns), values.schema)


def equation_rules(relations: Sequence[Relation], dtypes: Mapping[str, pl.DataType]) -> list[Check | Impute]:
    """The rules that some equations give.

    Args:
        relations: the equations.
        dtypes: of the columns.
    """
    checks = [Check(readable(condition(relation, dtypes)), relation.reason, action="flag") for relation in relations]
    solvable = [relation for relation in relations if relation.equation and _are_numbers(relation, dtypes)]
    imputes = [Impute(relation.equation, relation.reason, confidence=relation.confidence) for relation in solvable]
    return [*checks, *imputes]


def _measures(values: pl.DataFrame, columns: Mapping[str, Column]) -> list[Measure]:
    """The columns that can be computed with, and those of texts, with a number for each text."""
    texts = values.select(pl.col(pl.String))
    measures = find_measures(values, columns)
    if not texts.width:
        return measures
    codes = pl.concat([texts[name].alias("text") for name in texts.columns]).rank("dense").cast(pl.Float64)
    matrix = codes.fill_null(float("nan")).to_numpy().reshape(texts.width, texts.height)
    return [
        *measures,
        *(Measure(name, TEXT, "", numbers) for name, numbers in zip(texts.columns, matrix, strict=True)),
    ]


def _copies(measures: list[Measure], values: pl.DataFrame) -> Iterator[_Candidate]:
    """The columns that are equal to an earlier one."""
    copied: set[str] = set()
    for at, measure in enumerate(measures):
        for earlier in measures[max(0, at - _WINDOW) : at]:
            if earlier.name in copied or (earlier.family, earlier.unit) != (measure.family, measure.unit):
                continue
            first, own = earlier.numbers[:_FIRST_OF_COPIES], measure.numbers[:_FIRST_OF_COPIES]
            both = ~(np.isnan(first) | np.isnan(own))
            candidate = _Candidate(measure, (earlier,), COPY)
            if np.sum(first[both] == own[both]) > np.sum(both) / 2 and _is_copy(candidate, values):
                copied.add(measure.name)
                yield candidate
                break


def _is_copy(candidate: _Candidate, values: pl.DataFrame) -> bool:
    """Whether two columns are equal but for slips; those that have values of their own at times are two on purpose."""
    differences, tells = candidate.differences()
    rows, broken = int(tells.sum()), np.flatnonzero(tells & (differences > 0))
    if rows < _FEWEST or np.unique(candidate.result.numbers[tells]).size < _DISTINCT:
        return False
    texts = [_as_texts(values[name][broken]) for name in (candidate.result.name, *candidate.names)]
    pairs = Counter(zip(*texts, strict=True))
    slips = sum(is_slip(*pair) for pair, number in pairs.items() if number == 1)  # no slip comes twice
    unlike = len(broken) - slips
    if unlike > max((1 - _COPY_HOLDS) * rows, min(_UNLIKE * slips, (1 - _HOLDS) * rows)):
        return False
    chance = np.mean([np.mean(candidate.differences(0, shift)[0][tells] == 0) for shift in _SHIFTS])
    return bool(1 - unlike / rows - chance >= _LIFT * (1 - chance))


def _as_texts(values: pl.Series) -> pl.Series:
    texts = values.cast(pl.String)
    return texts.str.strip_chars_end("0") if values.dtype.is_decimal() else texts


def _candidates(measures: list[Measure]) -> list[_Candidate]:
    """What holds in some of the rows, the best first."""
    numbers = [measure for measure in measures if measure.family == NUMBER]
    tried = list(_spans(measures))
    for start in range(0, max(1, len(numbers) - _WINDOW // 2), _WINDOW // 2):
        window = numbers[start : start + _WINDOW]
        tried += [*_of_two(window), *_totals(window)]
    tried.sort(key=lambda item: -item[0])
    return [candidate for _, candidate in tried[:_MOST_CANDIDATES]]


_Tried = Iterator[tuple[float, _Candidate]]  # the share of the rows in which it holds


def _spans(measures: list[Measure]) -> _Tried:
    """The times between two columns that are others."""
    times = [measure for measure in measures if measure.family in (DAY, MOMENT, TIME)]
    for start, end in itertools.permutations(times, 2):
        for result in measures:
            if start.family == end.family and (start.family, result.family) in SPANS:
                for formula in SPANS[start.family, result.family]:
                    candidate = _Candidate(result, (start, end), formula)
                    differences, tells = candidate.differences()
                    if tells.any():
                        yield float(np.mean(differences[tells] <= candidate.roundings[-1])), candidate


def _of_two(measures: list[Measure]) -> _Tried:
    """The sums, products and ratios of two columns that are others."""
    if len(measures) < 3:
        return
    numbers = _fullest(measures)
    first, second = np.triu_indices(len(measures), 1)
    ways = [(SUM, first, second), (PRODUCT, first, second)]
    ways += [(formula, *pair) for formula in RATIOS for pair in ((first, second), (second, first))]
    for formula, one, other in ways:
        terms = [numbers[one], numbers[other]]
        computed = np.where(formula.tells(terms), formula.compute(terms), np.nan)
        for share, row, result in _matches(computed, numbers, measures, formula):
            if result not in (one[row], other[row]):
                pair = (measures[one[row]], measures[other[row]])
                if formula is not SUM or len({measure.unit for measure in (measures[result], *pair)}) == 1:
                    yield share, _Candidate(measures[result], pair, formula)


def _totals(measures: list[Measure]) -> _Tried:
    """The totals of three and more adjacent columns of one unit."""
    for unit in dict.fromkeys(measure.unit for measure in measures):
        alike = [measure for measure in measures if measure.unit == unit]
        numbers = _fullest(alike)
        sums = np.vstack([np.zeros(numbers.shape[1]), np.cumsum(np.nan_to_num(numbers), axis=0)])
        gaps = np.vstack([np.zeros(numbers.shape[1]), np.cumsum(np.isnan(numbers), axis=0)])
        start, end = np.triu_indices(len(alike) + 1, 3)
        if not len(start):
            continue
        computed = np.where(gaps[end] == gaps[start], sums[end] - sums[start], np.nan)
        for share, row, result in _matches(computed, numbers, alike, SUM):
            if not start[row] <= result < end[row]:
                yield share, _Candidate(alike[result], tuple(alike[start[row] : end[row]]), SUM)


def _fullest(measures: list[Measure]) -> Floats:
    """(columns, rows) of numbers, of the rows in which fewest are missing or zero."""
    numbers = np.array([measure.numbers for measure in measures])
    empty = np.sum(np.isnan(numbers) | (numbers == 0), axis=0)
    return np.asarray(numbers[:, np.argsort(empty, kind="stable")[:_FIRST_ROWS]])


def _matches(
    computed: Floats, numbers: Floats, measures: list[Measure], formula: Formula
) -> Iterator[tuple[float, int, int]]:
    """The results that are as computed in most rows.

    Args:
        computed: (c, rows) NaN where it tells nothing.
        numbers: (k, rows) of the columns.
        measures: (k) the columns.
        formula: by which it was computed.

    Yields:
        the share of the rows, the position in `computed`, and the column.
    """
    units = np.array([10.0**-measure.decimals for measure in measures])
    roundings = (_NEAREST if formula.mark else _DOWN) * units
    if not formula.mark:
        numbers = np.where(np.abs(numbers) > _LARGE * roundings[:, np.newaxis], numbers, np.nan)
    told = (~np.isnan(computed)).astype(np.float32) @ (~np.isnan(numbers)).astype(np.float32).T
    by_row = np.ascontiguousarray(computed.T)
    differences = np.empty_like(by_row)  # one for all, because making room for it takes longer than computing it
    for result, (own, rounding) in enumerate(zip(numbers, roundings.tolist(), strict=True)):
        np.abs(np.subtract(by_row, own[:, np.newaxis], out=differences), out=differences)
        is_near = differences <= (rounding + _EXACT * np.abs(own))[:, np.newaxis]
        held = np.asarray(np.sum(is_near, axis=0, dtype=np.int8))
        found = np.flatnonzero((told[:, result] >= _FEWEST_FIRST) & (held >= _FIRST_HOLDS * told[:, result]))
        for row in found.tolist():
            yield float(held[row] / told[row, result]), row, result


def _score(candidate: _Candidate) -> tuple[float, float] | None:
    """How often an equation holds where it tells something, and within what; None if it may be a coincidence."""
    best: tuple[float, float, int] | None = None
    for within in candidate.roundings:
        held, tells = _held(candidate, within)
        rows, broken = int(tells.sum()), int(np.sum(tells & ~held))
        if rows < _FEWEST or broken > (1 - _HOLDS) * rows:
            continue
        if np.unique(candidate.result.numbers[tells]).size < _DISTINCT or not _breaks_if_shuffled(candidate, within):
            continue
        # whole numbers that are one off are wrong, if most are not
        is_rounded = candidate.result.decimals > 0 and best is not None and _FEWER * broken < best[2]
        if best is None or is_rounded:
            best = 1 - broken / rows, within, broken
    return best[:2] if best else None


def _held(candidate: _Candidate, within: float, shuffled: int = -1, by: int = 0) -> tuple[Mask, Mask]:
    """(n,) where an equation holds, and where it tells something."""
    differences, tells = candidate.differences(shuffled, by)
    sizes = np.abs(candidate.result.numbers)
    # where all is as small as its rounding, anything fits
    return differences <= within + _EXACT * sizes, tells & (sizes + differences > _LARGE * within)


def _breaks_if_shuffled(candidate: _Candidate, within: float) -> bool:
    """Whether rows that get another value of a term break the equation, as they would not if it held by chance."""
    before, told = _held(candidate, within)
    for at, term in enumerate(candidate.terms):
        held = chance = rows = 0
        for shift in _SHIFTS:
            after, tells = _held(candidate, within, at, shift)
            changed = told & tells & (np.roll(term.numbers, shift) != term.numbers)
            rows += int(changed.sum())
            held += int(np.sum(changed & before))
            chance += int(np.sum(changed & after))
        if rows < _FEWEST or held - chance < _LIFT * (rows - chance):
            return False
    return True


def _counted(candidate: _Candidate, within: float, measures: Mapping[str, Measure]) -> Relation:
    """An equation with the number of all rows in which it holds."""
    terms = tuple(term.name for term in candidate.terms)
    whole = _Candidate(measures[candidate.result.name], tuple(measures[name] for name in terms), candidate.formula)
    held, _ = _held(whole, within)
    columns = (whole.result, *whole.terms)
    rows = ~np.logical_or.reduce([np.isnan(measure.numbers) for measure in columns]) & ~np.isnan(whole.differences()[0])
    is_exact = not within and all(measure.is_exact for measure in columns)
    result = candidate.result.name
    return Relation(
        result, terms, candidate.formula, within, is_exact, rows=int(rows.sum()), held=int(np.sum(held & rows))
    )


def condition(relation: Relation, dtypes: Mapping[str, pl.DataType]) -> str:
    """The condition that an equation holds, in SQL."""
    names, result = [quoted(name) for name in relation.terms], quoted(relation.result)
    kinds = {dtypes[name].base_type() for name in relation.columns}
    if relation.formula is COPY or (relation.is_exact and not (relation.formula is PRODUCT and pl.Decimal in kinds)):
        return f"{result} = {relation.formula.sql(names)}"
    if relation.formula in (SUM, PRODUCT):
        names = [f"CAST({name} AS DOUBLE)" for name in names]
    result = f"CAST({result} AS DOUBLE)"
    within = f"{relation.within:.12f}".rstrip("0").rstrip(".") if relation.within else f"{_EXACT:.9f} * ABS({result})"
    return f"ABS({result} - ({relation.formula.sql(names)})) <= {within}"


def _are_numbers(relation: Relation, dtypes: Mapping[str, pl.DataType]) -> bool:
    return all(dtypes[name].is_numeric() for name in relation.columns)
