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


def decide_adder(challenger: Scores, champion: Scores | None, *, least_accuracy: float, margin: float) -> Decision:
    """Judges an adder by its accuracy, the share of held-out pairs whose rounded sum is right.

    It must reach `least_accuracy`, and be more accurate than the champion by at least `margin`.
    """
    threshold = _at_least("accuracy", challenger["accuracy"], least_accuracy)
    gain = None if champion is None else challenger["accuracy"] - champion["accuracy"]
    return _decide([threshold], gain, margin, _comparison("accuracy", challenger, champion))


def decide_gan(challenger: Scores, champion: Scores | None, *, least_coverage: float, margin: float) -> Decision:
    """Judges a GAN by its coverage of the held-out pictures and its FID against them.

    It must reach `least_coverage`, must not have collapsed in training (there were no "alarms"), and its FID must be
    smaller than the champion's by at least the share `margin`.
    """
    alarms = challenger["alarms"]
    checks = [
        _at_least("coverage", challenger["coverage"], least_coverage),
        (
            alarms == 0,
            f"In its training there {'was 1 alarm' if alarms == 1 else f'were {alarms:g} alarms'} of collapse.",
        ),
    ]
    gain = None
    if champion is not None:
        # a champion of FID 0 cannot be beaten
        gain = 1 - challenger["fid"] / champion["fid"] if champion["fid"] else 0.0
    return _decide(checks, gain, margin, _comparison("FID", challenger, champion))


def _decide(checks: Sequence[tuple[bool, str]], gain: float | None, margin: float, comparison: str) -> Decision:
    """Promotes a challenger that passes all checks and gains enough."""
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


def _at_least(measure: str, value: float, least: float) -> tuple[bool, str]:
    met = value >= least
    return met, f"The challenger's {measure} is {value:.4g}, {'at least' if met else 'below'} {least:g}."


def _comparison(measure: str, challenger: Scores, champion: Scores | None) -> str:
    if champion is None:
        return ""
    key = measure.lower()
    return f"The challenger's {measure} is {challenger[key]:.6g}, the champion's {champion[key]:.6g}"
