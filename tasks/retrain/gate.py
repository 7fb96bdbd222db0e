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

    It must reach `least_accuracy`, and be more accurate than the champion: by `margin` at least.
    """
    bar = _at_least("accuracy", challenger["accuracy"], least_accuracy)
    gain = None if champion is None else challenger["accuracy"] - champion["accuracy"]
    return _decide([bar], gain, margin, _rival("accuracy", challenger, champion))


def decide_gan(challenger: Scores, champion: Scores | None, *, least_coverage: float, margin: float) -> Decision:
    """Judges a GAN by its coverage of the held-out pictures and its FID against them.

    It must reach `least_coverage`, must not have collapsed in training ("alarms" counts that), and its FID must be
    smaller than the champion's: by the share `margin` of it at least.
    """
    alarms = challenger["alarms"]
    calm = (
        alarms == 0,
        f"In its training there {'was 1 alarm' if alarms == 1 else f'were {alarms:g} alarms'} of collapse.",
    )
    bars = [_at_least("coverage", challenger["coverage"], least_coverage), calm]
    gain = None
    if champion is not None:
        # a champion of FID 0 cannot be beaten
        gain = 1 - challenger["fid"] / champion["fid"] if champion["fid"] else 0.0
    return _decide(bars, gain, margin, _rival("FID", challenger, champion))


def _decide(bars: Sequence[tuple[bool, str]], gain: float | None, margin: float, rival: str) -> Decision:
    """Promotes a challenger that passes all bars and gains enough."""
    passed = [sentence for met, sentence in bars if met]
    failed = [sentence for met, sentence in bars if not met]
    if gain is None:
        passed.append("There is no champion to beat.")
    else:
        rounded = round(gain, _DIGITS)
        # written so that NaN fails
        beaten = rounded > 0 and rounded >= margin
        sentence = f"{rival}: a gain of {rounded:.4g}, and {margin:g} is asked for{'.' if beaten else '; too little.'}"
        (passed if beaten else failed).append(sentence)
    return Decision(not failed, tuple(failed or passed))


def _at_least(measure: str, value: float, least: float) -> tuple[bool, str]:
    met = value >= least
    return met, f"The challenger's {measure} is {value:.4g}, {'at least' if met else 'below'} {least:g}."


def _rival(measure: str, challenger: Scores, champion: Scores | None) -> str:
    if champion is None:
        return ""
    key = measure.lower()
    return f"The challenger's {measure} is {challenger[key]:.6g}, the champion's {champion[key]:.6g}"
