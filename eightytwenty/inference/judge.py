"""Weighs what speaks for and against each proposal, and says how likely it is right.

The weights were fitted to tables whose truth is known, so that no table counts for much; `python -m benchmarks.judge`
fits them, and measures them on tables that are left out.
"""

import csv
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from eightytwenty.engine.executor import in_threads
from eightytwenty.inference.candidates import FEATURES, find_candidates
from eightytwenty.inference.evidence import Cells, Evidence
from eightytwenty.inference.groups import Floats
from eightytwenty.inference.near_duplicates import are_own
from eightytwenty.inference.references import not_found
from eightytwenty.inference.repeats import repeated
from eightytwenty.inference.spelling import Spelling
from eightytwenty.inference.spills import spilled, with_spills
from eightytwenty.inference.variants_by_right import is_mangled_label, may_both_be_right
from eightytwenty.kinds import find_kind
from eightytwenty.mined_rules import MinedRule, Once, Reference, SourceVotes, Spill, Template, active
from eightytwenty.schema import Rule

WEIGHTS = Path(__file__).with_name("weights.csv")
INTERCEPT = "1"
# Confidence in a slip whose two texts may both be right: a bold cleaning changes it. Of a column that has one value but
# for a few cells, it is no question which is right.
_OF_VARIANTS, _CONSTANT = 0.95, 0.9
_OF_TEMPLATE = 0.7  # confidence where a template alone speaks: the part may be the mistake
_OF_REFERENCE = 0.7  # confidence in the only value near a cell that refers to none: no more than that speaks for it
_LIKELY = 0.5  # probability from which on a proposal is worth a flag
VERDICTS = pl.Schema(
    {
        "row": pl.Int64,
        **dict.fromkeys(("column", "cell", "proposal", "rule", "reason"), pl.String),
        "confidence": pl.Float64,
    }
)


@dataclass(frozen=True)
class Judge:
    """Judges the cells of rows by the evidence of a table.

    Args:
        evidence: of the table, or of an earlier delivery of it.
        forms: column -> the kind and the format of its values.
    """

    evidence: Evidence
    forms: Mapping[str, tuple[str, str]]

    def __call__(
        self, rules: tuple[Rule, ...], texts: pl.DataFrame, unreadable: Mapping[str, pl.Series]
    ) -> pl.DataFrame:
        """What is doubtful in n rows.

        Args:
            rules: of the table; those that are mined and not off count.
            texts: (n, columns) String, the cells after the repairs of their columns.
            unreadable: column -> (n,) Boolean, the cells that are not of the column's kind.

        Returns:
            One line per doubtful cell, sorted by row and column: row, column, cell, proposal, rule (its name), reason
            (for people), confidence (that the proposal is right).
        """
        mined = active(rules)
        cells = Cells(texts, unreadable)
        told = self._told([rule for rule in mined if isinstance(rule, SourceVotes)], texts)
        found, odd = self.find_candidates(mined, cells)
        found = found.with_columns(confidence=pl.Series(1 / (1 + np.exp(-log_odds(found)))))
        found = _with_templates(found, [rule for rule in mined if isinstance(rule, Template)])
        found = found.filter(pl.col("confidence") >= _LIKELY)
        found = _without_guesses(found).select(list(VERDICTS))
        odd = odd.filter(pl.col("log_odds") > 0).join(found, on=["row", "column"], how="anti")
        odd = odd.with_columns(proposal=pl.lit(None, pl.String), confidence=pl.lit(None, pl.Float64))
        found = pl.concat([found, odd.select(list(VERDICTS))])
        # what sources say of a thing, they say better than its groups
        by_group = found.join(told.select("row", "column"), on=["row", "column"], how="anti")
        is_doubt = pl.col("proposal").is_not_null() | pl.col("confidence").is_null()
        judged = pl.concat([by_group, told.filter(is_doubt)])
        spills = [
            self._spilled(rule, texts) for rule in mined if isinstance(rule, Spill) and self.evidence.covers(rule)
        ]
        judged = with_spills(judged.sort("row", "column"), pl.concat(spills)) if spills else judged
        # of a cell that is doubtful anyway, the others say more
        lost = self._lost([rule for rule in mined if isinstance(rule, Reference)], cells)
        again = self._again([rule for rule in mined if isinstance(rule, Once)], cells)
        for more in (lost, again):
            more = more.join(judged.select("row", "column"), on=["row", "column"], how="anti")
            judged = pl.concat([judged, more])
        return judged.sort("row", "column")

    def are_own(self, rules: tuple[Rule, ...], texts: pl.DataFrame, sizes: pl.Series) -> pl.Series:
        """Which rows have enough of their own; see `eightytwenty.inference.near_duplicates`."""
        return are_own(rules, self.evidence, texts, sizes)

    def find_candidates(self, rules: Sequence[MinedRule], cells: Cells) -> tuple[pl.DataFrame, pl.DataFrame]:
        """What rules propose for cells, and which cells are odd; see `eightytwenty.inference.candidates`."""
        return find_candidates(rules, self.evidence, cells, self._spellings)

    def _told(self, rules: list[SourceVotes], texts: pl.DataFrame) -> pl.DataFrame:
        """What sources say of the rows: no proposal where it is what the cell says, and where they leave it out."""
        pieces = [pl.DataFrame(schema=VERDICTS)]
        for rule in rules:
            keys = texts.select(key=pl.col(rule.of)).with_row_index("row")
            for column in rule.told:
                of_column = self.evidence.told.filter(pl.col("column") == column)
                found = keys.with_columns(cell=texts[column]).join(of_column, on="key", maintain_order="left")
                # there may be nothing to tell of a thing of which most sources leave out what they usually tell
                is_told = pl.col("log_odds") >= 0
                is_other = ~pl.col("cell").eq_missing(pl.col("value"))
                found = found.with_columns(
                    proposal=pl.when(is_told & is_other).then("value"),
                    rule=pl.lit(rule.name),
                    confidence=pl.when(is_told).then(1 / (1 + (-pl.col("log_odds")).exp())),
                )
                pieces.append(found.select(list(VERDICTS)).cast(VERDICTS))
        return pl.concat(pieces)

    def _lost(self, rules: list[Reference], cells: Cells) -> pl.DataFrame:
        """The cells that refer to nothing, each once, with what was meant where that is likely."""
        pieces = [pl.DataFrame(schema=VERDICTS)]
        for rule in rules:
            found = not_found(rule, self.evidence, cells).with_columns(
                column=pl.lit(rule.column),
                rule=pl.lit(rule.name),
                confidence=pl.when(pl.col("proposal").is_not_null()).then(_OF_REFERENCE),
            )
            pieces.append(found.select(list(VERDICTS)).cast(VERDICTS))
        return pl.concat(pieces).unique(["row", "column"], keep="first", maintain_order=True)

    def _again(self, rules: list[Once], cells: Cells) -> pl.DataFrame:
        """The cells whose values come again in columns in which they should not."""
        texts = cells.readable if rules else cells.texts
        pieces = [
            repeated(self.evidence.repeats[rule.once], texts[rule.once]).select(
                "row",
                pl.lit(rule.once).alias("column"),
                "cell",
                pl.lit(None, pl.String).alias("proposal"),
                pl.lit(rule.name).alias("rule"),
                "reason",
                pl.lit(None, pl.Float64).alias("confidence"),
            )
            for rule in rules
            if rule.once in self.evidence.repeats
        ]
        return pl.concat([pl.DataFrame(schema=VERDICTS), *pieces])

    def _spilled(self, rule: Spill, texts: pl.DataFrame) -> pl.DataFrame:
        """The verdicts on cells that hold two values, and on those in which one of these should stand."""
        known, domain = (
            self.evidence.vocabularies[name].values.cells.filter(pl.Series(self.evidence.readable[name]))
            for name in rule.columns
        )
        found = spilled(rule, texts, known, domain)
        found = found.with_columns(confidence=1 / (1 + (-pl.col("log_odds")).exp()))
        rest = found.filter(pl.col("column") == rule.spill)
        # what is left must be of the column's kind, too
        is_right = find_kind(*self.forms[rule.spill]).parse(rest["proposal"]).is_not_null()
        rows = rest.filter(is_right)["row"]
        return found.filter(pl.col("row").is_in(rows.implode()), pl.col("confidence") >= _LIKELY).select(list(VERDICTS))

    @cached_property
    def _spellings(self) -> dict[str, Spelling]:
        names = [name for name in self.evidence.vocabularies if name in self.forms]
        return dict(zip(names, in_threads(self.spelling, names), strict=True))

    def spelling(self, name: str) -> Spelling:
        """How the values of a column are written; it is learnt once, when it is asked for."""
        if name not in self._learnt:
            self._learnt[name] = Spelling.of(self.evidence.vocabularies[name].values, find_kind(*self.forms[name]))
        return self._learnt[name]

    @cached_property
    def _learnt(self) -> dict[str, Spelling]:
        return {}

    @cached_property
    def digest(self) -> str:
        """Of the evidence and of the weights: rows that another judge has judged may end otherwise."""
        parts = [self.evidence.digest, repr(sorted(self.forms.items())), WEIGHTS.read_text(encoding="utf-8")]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def __getstate__(self) -> dict[str, Any]:
        """Without what is made of the evidence again elsewhere."""
        return {"evidence": self.evidence, "forms": self.forms}


def _with_templates(found: pl.DataFrame, templates: list[Template]) -> pl.DataFrame:
    """Candidates, with a confidence of those for which a template alone speaks, unless one of its parts is doubtful."""
    for rule in templates:
        doubtful = found.filter(pl.col("column").is_in(rule.parts), pl.col("confidence") >= _LIKELY)["row"].unique()
        is_alone = (pl.col("rule") == rule.name) & ~pl.col("row").is_in(doubtful.implode())
        found = found.with_columns(
            confidence=pl.when(is_alone)
            .then(pl.max_horizontal("confidence", pl.lit(rule.holds * _OF_TEMPLATE)))
            .otherwise("confidence")
        )
    return found


def _without_guesses(found: pl.DataFrame) -> pl.DataFrame:
    """Candidates, of which none is as good as certain whose two texts may both be right.

    The tables to which the weights were fitted have slips of a few sorts, and no more than a few columns in which two
    right values are nearly the same. Where nothing but the spelling speaks for a slip that people do not make on
    purpose once, it is a proposal.
    """
    is_open = (pl.col("is_spelling_alone") > 0) & (pl.col("share") < _CONSTANT) & (pl.col("confidence") > _OF_VARIANTS)
    pairs = found.filter(is_open).select("cell", "proposal", pl.col("is_unreadable") > 0).drop_nulls().unique()
    variants = [
        (cell, proposal)
        for cell, proposal, is_unreadable in pairs.iter_rows()
        if may_both_be_right(cell, proposal) and not (is_unreadable and is_mangled_label(cell, proposal))
    ]
    known = pl.DataFrame(variants, {"cell": pl.String, "proposal": pl.String}, orient="row").with_columns(known=True)
    joined = found.join(known, on=["cell", "proposal"], how="left", maintain_order="left")
    is_repeated = pl.col("count") > 0
    is_guess = is_open & (pl.col("known").fill_null(value=False) | is_repeated)
    return joined.with_columns(confidence=pl.when(is_guess).then(_OF_VARIANTS).otherwise("confidence"))


def log_odds(candidates: pl.DataFrame) -> Floats:
    """(n,) that the proposals of candidates are right; other weights hold where nothing but the spelling speaks."""
    features: Floats = candidates.select(FEATURES).to_numpy()
    by_votes, by_spelling = weights()
    is_alone = candidates["is_spelling_alone"].to_numpy() > 0
    return np.where(is_alone, _weighed(features, by_spelling), _weighed(features, by_votes))


def _weighed(features: Floats, weights: Floats) -> Floats:
    """(n,) the sums, added in one order: those of a product of matrices depend in their last digits on its size."""
    total = np.full(len(features), weights[0])
    for at, weight in enumerate(weights[1:]):
        total += features[:, at] * weight
    return total


@cache
def weights() -> tuple[Floats, Floats]:
    """What each of the `FEATURES` counts, as log odds, behind those of a proposal for which none of them speaks.

    Returns:
        the weights where groups or templates vote for the proposal, and where nothing but the spelling speaks for it.
    """
    with WEIGHTS.open(encoding="utf-8", newline="") as stream:
        lines = {line["feature"]: line for line in csv.DictReader(stream)}
    votes, spelling = (
        np.array([float(lines[name][kind]) for name in (INTERCEPT, *FEATURES)]) for kind in ("votes", "spelling")
    )
    return votes, spelling
