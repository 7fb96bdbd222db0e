"""The gate: whether a challenger becomes champion. Numbers in, a decision with its reasons out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Scores = Mapping[str, float]

_DIGITS = 12  # .29 - .28 is .01


@dataclass(frozen=True)
class Decision:
    """Whether the challenger becomes champion, and why, a sentence each."""

    promoted: bool
    reasons: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """The reasons in one text."""
        return " ".join(self.reasons)


def decide(checks: Sequence[tuple[bool, str]], gain: float | None, margin: float, comparison: str) -> Decision:
    """Promotes a challenger that passes all checks and gains enough.

    Args:
        checks: whether each is passed, and a sentence about it.
        gain: over the champion; None if there is none.
        margin: the least gain that is enough.
        comparison: the two scores in words, from `compare`.
    """
    passed = [sentence for met, sentence in checks if met]
    failed = [sentence for met, sentence in checks if not met]
    if gain is None:
        passed.append("There is no champion to beat.")
    else:
        rounded = round(gain, _DIGITS)
        # written so that NaN fails
        is_enough = rounded > 0 and rounded >= margin
        verdict = "enough" if is_enough else "too little"
        sentence = f"{comparison}: a gain of {rounded:.4g}, {verdict} for the margin of {margin:g}."
        (passed if is_enough else failed).append(sentence)
    return Decision(not failed, tuple(failed or passed))


def at_least(measure: str, value: float, least: float) -> tuple[bool, str]:
    """A check that a measure reaches a threshold."""
    met = value >= least
    return met, f"The challenger's {measure} is {value:.4g}, {'at least' if met else 'below'} {least:g}."


def compare(measure: str, challenger: Scores, champion: Scores | None) -> str:
    """The scores of both networks by one measure in words; empty without a champion."""
    if champion is None:
        return ""
    key = measure.lower()
    return f"The challenger's {measure} is {challenger[key]:.6g}, the champion's {champion[key]:.6g}"
