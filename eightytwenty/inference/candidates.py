"""What the mined rules propose for the cells of rows, and all that speaks for and against each proposal.

Each rule that a row breaks proposes a value for one cell. Which cell of the row is wrong shows in the other rules:
those that the row keeps speak for its cells, on either side.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import polars as pl
from rapidfuzz import process
from rapidfuzz.distance import OSA

from eightytwenty.inference.codes import Codes
from eightytwenty.inference.evidence import Cells, Evidence
from eightytwenty.inference.groups import Floats, Groups, Mask, Votes
from eightytwenty.inference.spelling import Spelling
from eightytwenty.inference.templates import expected
from eightytwenty.mined_rules import Depends, MinedRule, Template, Typos

_MOST_LEAD, _MOST_FOR_CELL = 6.0, 8.0  # log odds beyond which nothing becomes more certain
_FEWEST = 2  # other rows that vote for a proposal
_TEMPLATE_LEAD = 4.0  # log odds of a template that nearly all rows keep
_ALIKE = 0.7  # similarity of two texts that are nearly the same
_CONSTANT = 0.8  # share of one value in a column in which others are exceptions
_VOTES = pl.Schema(
    {
        "row": pl.Int64,
        **dict.fromkeys(("column", "proposal", "rule"), pl.String),
        "lead": pl.Float64,
        **dict.fromkeys(("support", "others", "own"), pl.Int64),
        **dict.fromkeys(("noise", "spelling", "wins"), pl.Float64),
        "reason": pl.String,
    }
)
# What the judge goes by, each a number per proposal; `Candidates.features` says what they are.
FEATURES = (
    "lead",
    "rules",
    "rival",
    "kept",
    "kept_rules",
    "kept_left",
    "is_rare",
    "count",
    "is_near",
    "is_one_edit",
    "own",
    "is_exception",
    "share",
    "support",
    "noise",
    "is_unreadable",
    "is_other_number",
    "spelling",
    "is_spelling_alone",
    "fits",
    "misfits",
    "oddness",
)


ODD = pl.Schema(
    {
        "row": pl.Int64,
        **dict.fromkeys(("column", "cell", "rule", "reason"), pl.String),
        "log_odds": pl.Float64,
    }
)
CANDIDATES = pl.Schema(
    {
        "row": pl.Int64,
        **dict.fromkeys(("column", "cell", "proposal", "rule", "reason"), pl.String),
        **dict.fromkeys(FEATURES, pl.Float64),
    }
)


def find_candidates(
    rules: Sequence[MinedRule],
    evidence: Evidence,
    cells: Cells,
    spellings: Mapping[str, Spelling],
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The best proposal for each cell that some rule doubts.

    Args:
        rules: of the table, none of which is off.
        evidence: for them.
        cells: of n rows.
        spellings: column -> how its values are written.

    Returns:
        One line per cell: row, column, cell, proposal, rule (the one that says most for it), reason (of that rule, for
        people), and `FEATURES`; and one line for each of the other cells that are wrong in a way that nobody can undo:
        row, column, cell, rule, reason, log_odds.
    """
    pool = _Pool(rules, evidence, cells)
    for rule in rules:
        if isinstance(rule, Depends) and rule.name in evidence.groups:
            pool.add_dependency(rule)
        elif isinstance(rule, Template):
            pool.add_template(rule)
        elif isinstance(rule, Typos):
            for column in rule.typos:
                if column in spellings:
                    pool.add_typos(rule, column, spellings[column])
    return pool.best(), pool.odd


class _Pool:
    """Collects what rules say of the cells of n rows, and adds what the columns say of the best proposal for each.

    Args:
        rules: of the table, none of which is off.
        evidence: for them.
        cells: of the rows.
    """

    def __init__(self, rules: Sequence[MinedRule], evidence: Evidence, cells: Cells) -> None:
        self.evidence, self.cells = evidence, cells
        self._dependencies = [rule for rule in rules if isinstance(rule, Depends) and rule.name in evidence.groups]
        of_groups = {name for rule in self._dependencies for name in rule.columns}
        self.coded = evidence.encode(cells.texts.select(name for name in cells.texts.columns if name in of_groups))
        self._votes: list[pl.DataFrame] = [pl.DataFrame(schema=_VOTES)]
        self._odd: list[pl.DataFrame] = [pl.DataFrame(schema=ODD)]
        # for each column, what the rules that a row keeps say for its cell
        self._kept: dict[str, Floats] = {}
        self._kept_rules: dict[str, Floats] = {}
        self._kept_left: dict[str, Floats] = {}
        self._certain: dict[str, Mask] = {}  # cells that are written as a template says

    def add_dependency(self, rule: Depends) -> None:
        """Adds the votes of the groups of a dependency."""
        groups, then = self.evidence.groups[rule.name], rule.then
        votes = groups.vote(self.evidence.keys(rule, self.coded), self.coded[then])
        trust = 1 - groups.noise
        share = np.clip((votes.support + 1) / (votes.others + 2), 0.05, 0.98)
        strength = np.minimum(np.log(share / (1 - share)), votes.lead) * trust
        self._keep(rule.when, then, np.where(votes.agrees & (votes.others >= 1), strength, 0.0))
        is_broken = ~votes.agrees & (votes.winner >= 0) & (votes.support >= _FEWEST) & (votes.lead > 0)
        rows = np.flatnonzero(is_broken)
        if not len(rows):
            return
        proposals = self.evidence.vocabularies[then].decode(votes.winner[rows])
        self._add(
            rows,
            rule.name,
            then,
            proposals,
            lead=np.minimum(votes.lead[rows], _MOST_LEAD) * trust,
            support=votes.support[rows],
            others=votes.others[rows],
            own=votes.own[rows],
            wins=votes.wins[rows],
            noise=groups.noise,
            reason=_in_words(rule, votes, rows, proposals, self.cells.texts),
        )

    def add_template(self, rule: Template) -> None:
        """Adds what a template says of the rows that do not keep it."""
        texts, meant = self.cells.texts[rule.column], expected(rule, self.cells.texts)
        is_kept = (texts == meant).fill_null(value=False).to_numpy()
        self._keep(rule.parts, rule.column, is_kept * _TEMPLATE_LEAD)
        self._certain[rule.column] = self._certain.get(rule.column, False) | is_kept
        is_broken = (texts != meant).fill_null(value=False).to_numpy() | (
            texts.is_null() & meant.is_not_null()
        ).to_numpy()
        rows = np.flatnonzero(is_broken)
        self._add(
            rows,
            rule.name,
            rule.column,
            meant[rows],
            lead=_TEMPLATE_LEAD * rule.holds,
            support=_FEWEST,
            own=1,
            reason=pl.repeat(
                f"{rule.column} is written as {rule.template} in {rule.holds:.1%} of the rows", len(rows), eager=True
            ),
        )

    def add_typos(self, rule: Typos, column: str, spelling: Spelling) -> None:
        """Adds the slips that a speller finds in a column."""
        texts = self.cells.texts[column]
        proposed = spelling.propose(texts)
        found = pl.DataFrame({"cell": texts}).with_row_index("row").join(proposed, on="cell", maintain_order="left")
        is_odd = pl.col("proposal").is_null()
        odd = found.filter(is_odd).select(
            "row", pl.lit(column).alias("column"), "cell", pl.lit(rule.name).alias("rule"), "reason", "log_odds"
        )
        # of a cell that is not of the column's kind, that says enough
        if column in self.cells.unreadable:
            odd = odd.filter(~self.cells.unreadable[column].gather(odd["row"]))
        self._odd.append(odd.cast(ODD))
        found = found.filter(~is_odd)
        self._add(
            found["row"].to_numpy().astype(np.int64),
            rule.name,
            column,
            found["proposal"],
            spelling=found["log_odds"].to_numpy(),
            reason=found["reason"],
        )

    def _keep(self, left: Sequence[str], right: str, strength: Floats) -> None:
        strength = np.maximum(strength, 0.0)
        for kept, name, of_rule in (
            (self._kept, right, strength),
            (self._kept_rules, right, (strength > 0).astype(float)),
            *((self._kept_left, name, strength / len(left)) for name in left),
        ):
            kept[name] = kept[name] + of_rule if name in kept else of_rule

    def _add(
        self, rows: Codes, rule: str, column: str, proposals: pl.Series, reason: pl.Series, **numbers: object
    ) -> None:
        columns = {
            name: numbers.get(name, 0 if dtype == pl.Int64 else 0.0)
            for name, dtype in _VOTES.items()
            if dtype.is_numeric() and name != "row"
        }
        votes = pl.DataFrame({"row": rows, "proposal": proposals, "reason": reason}, strict=False)
        votes = votes.with_columns(
            column=pl.lit(column),
            rule=pl.lit(rule),
            **{
                name: pl.Series(number) if isinstance(number, np.ndarray) else pl.lit(number)
                for name, number in columns.items()
            },
        )
        self._votes.append(votes.select(list(_VOTES)).cast(_VOTES))

    @property
    def odd(self) -> pl.DataFrame:
        """The cells that are wrong in a way that nobody can undo."""
        return pl.concat(self._odd)

    def best(self) -> pl.DataFrame:
        """The best proposal of each doubtful cell, with all that speaks for and against it."""
        votes = pl.concat(self._votes)
        score = pl.col("lead") + pl.col("spelling")
        votes = votes.with_columns(score=score).sort(
            "row", "column", "proposal", "score", "rule", descending=[False, False, False, True, False]
        )
        is_vote = pl.col("lead") > 0
        by_value = votes.group_by("row", "column", "proposal", maintain_order=True).agg(
            pl.col("rule").first(),
            pl.col("reason").first(),
            pl.col("lead").max(),
            rules=is_vote.sum().log1p(),
            support=pl.col("support").max().clip(lower_bound=1).log(),
            own=pl.col("own").max().clip(lower_bound=1).log(),
            noise=pl.col("noise").filter(is_vote).min().fill_null(0.0),
            wins=pl.col("wins").max(),
            spelling=pl.col("spelling").max().clip(-_MOST_LEAD, _MOST_LEAD),
            score=pl.col("score").sum(),
        )
        by_cell = by_value.sort("row", "column", "score", "proposal", descending=[False, False, True, False])
        of_cell = pl.col("score").sum().over("row", "column") - pl.col("score")
        odd = self.odd.group_by("row", "column").agg(oddness=pl.col("log_odds").max())
        by_cell = by_cell.join(odd, on=["row", "column"], how="left", maintain_order="left")
        by_cell = by_cell.with_columns(pl.col("oddness").fill_null(0.0))
        best = by_cell.with_columns(rival=of_cell.clip(upper_bound=_MOST_FOR_CELL)).unique(
            ["row", "column"], keep="first", maintain_order=True
        )
        pieces = [
            self._describe(str(name), of_column) for (name,), of_column in best.group_by("column", maintain_order=True)
        ]
        if not pieces:
            return pl.DataFrame(schema=CANDIDATES)
        return pl.concat(pieces).sort("row", "column")

    def _describe(self, name: str, best: pl.DataFrame) -> pl.DataFrame:
        """Adds what a column says of its cells and their proposals."""
        if name in self._certain:
            best = best.filter(~self._certain[name][best["row"].to_numpy()])
        rows, vocabulary = best["row"].to_numpy(), self.evidence.vocabularies[name]
        texts, codes = self.cells.texts[name][rows], vocabulary.encode(self.cells.texts[name][rows])
        proposed = vocabulary.encode(best["proposal"])
        counts = (
            np.where(codes >= 0, vocabulary.counts[np.maximum(codes, 0)], 1) if len(vocabulary) else np.ones(len(rows))
        )
        of_proposal = (
            np.where(proposed >= 0, vocabulary.counts[np.maximum(proposed, 0)], 0)
            if len(vocabulary)
            else np.zeros(len(rows))
        )
        total = max(vocabulary.values.total, 1)
        are_near, edits, are_numbers = _alike(texts, best["proposal"])
        share = of_proposal / total
        fits, misfits = self._fits(name, rows, proposed)
        is_missing = texts.is_null().to_numpy()
        unreadable = self.cells.unreadable.get(name)
        zeros = np.zeros(len(rows))
        kept = {
            what: np.minimum(known[name][rows], _MOST_FOR_CELL) if name in known else zeros
            for what, known in (("kept", self._kept), ("kept_left", self._kept_left))
        }
        alone, wins = (best["lead"] == 0).to_numpy(), (best["wins"] > 0).to_numpy()
        return (
            best.with_columns(
                cell=texts,
                **{what: pl.Series(np.where(is_missing, 0.0, number)) for what, number in kept.items()},
                kept_rules=pl.Series(np.log1p(self._kept_rules[name][rows]) if name in self._kept_rules else zeros),
                is_rare=pl.Series((counts <= 2) & ~is_missing),
                # a value that wins no group is a mistake, however often it is made
                count=pl.Series(np.where(is_missing | ~(wins | alone), 0.0, np.log(counts))),
                is_near=pl.Series(are_near),
                is_one_edit=pl.Series(edits == 1),
                is_exception=pl.Series((share >= _CONSTANT) & (are_near == 0) & (counts >= 3)),
                # a column that nearly always has one value has exceptions, but none that is nearly this value
                share=pl.Series(share * (alone | wins | (are_near == 0))),
                is_unreadable=unreadable[rows] if unreadable is not None else pl.Series(zeros),
                is_other_number=pl.Series(are_numbers),
                is_spelling_alone=pl.Series(alone),
                fits=pl.Series(fits),
                misfits=pl.Series(misfits),
            )
            .select(list(CANDIDATES))
            .cast(CANDIDATES)
        )

    def _fits(self, name: str, rows: Codes, proposed: Codes) -> tuple[Floats, Floats]:
        """(k,) how many columns that depend on this one are as each proposal says, and how many are not."""
        fits, misfits = np.zeros(len(rows)), np.zeros(len(rows))
        for rule, groups in self._on(name):
            votes = groups.vote(proposed, self.coded[rule.then][rows])
            is_clear = (
                (votes.others >= 2) & (votes.support >= _CONSTANT * votes.others) & (self.coded[rule.then][rows] >= 0)
            )
            fits += is_clear * votes.agrees * (1 - groups.noise)
            misfits += is_clear * ~votes.agrees * (1 - groups.noise)
        return np.minimum(fits, 4.0), np.minimum(misfits, 4.0)

    def _on(self, name: str) -> Iterator[tuple[Depends, Groups]]:
        """The dependencies on one column alone, in all rows."""
        for rule in self._dependencies:
            if rule.when == (name,) and not rule.where:
                yield rule, self.evidence.groups[rule.name]


def _in_words(rule: Depends, votes: Votes, rows: Codes, proposals: pl.Series, texts: pl.DataFrame) -> pl.Series:
    """What speaks for each proposal, for people."""
    names = [*(column for column, _ in rule.where), *rule.when]
    left = (
        texts[rows]
        .select(pl.concat_str([pl.concat_str([pl.lit(f"{name} "), pl.col(name)]) for name in names], separator=" and "))
        .to_series()
    )
    numbers = pl.DataFrame(
        {"left": left, "proposal": proposals, "support": votes.support[rows], "others": votes.others[rows]}
    )
    return numbers.select(
        pl.format("{} of {} other rows with {} say {}", "support", "others", "left", "proposal")
    ).to_series()


def _alike(texts: pl.Series, proposals: pl.Series) -> tuple[Floats, Codes, Floats]:
    """(k,) whether two texts are nearly the same, by how many edits they differ, and whether in their digits alone."""
    pairs = pl.DataFrame({"text": texts.fill_null(""), "proposal": proposals})
    distinct = pairs.unique(maintain_order=True)
    first, second = distinct["text"], distinct["proposal"]
    edits = process.cpdist(first.to_list(), second.to_list(), scorer=OSA.distance, dtype=np.int32).astype(np.int64)
    lengths = np.maximum(first.str.len_chars().to_numpy(), second.str.len_chars().to_numpy())
    shortest = second.str.len_chars().to_numpy()
    digits = r"\d+"
    are_numbers = (first.str.replace_all(digits, "") == second.str.replace_all(digits, "")).to_numpy()
    similarity = 1 - edits / np.maximum(lengths, 1)
    are_near = ~are_numbers & ((similarity >= _ALIKE) | ((shortest <= 3) & (shortest >= 2) & (edits == 1)))
    found = distinct.with_columns(near=pl.Series(are_near), edits=pl.Series(edits), numbers=pl.Series(are_numbers))
    joined = pairs.join(found, on=["text", "proposal"], how="left", maintain_order="left")
    return (
        joined["near"].to_numpy().astype(float),
        joined["edits"].to_numpy().astype(np.int64),
        joined["numbers"].to_numpy().astype(float),
    )
