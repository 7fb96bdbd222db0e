"""Notices when a generator loses its diversity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

MEASURES = ("coverage", "diversity")
YOUNG_SHARE = 0.2  # of the planned epochs, during which a network need not be diverse yet
YOUNG_EPOCHS = 2  # at the least


@dataclass(frozen=True)
class Alarm:
    """One measure below its limit at the end of an epoch."""

    measure: str
    value: float
    limit: float
    epoch: int

    def __str__(self) -> str:
        """Return the alarm as a sentence."""
        return (
            f"The {self.measure} of the generated pictures was {self.value:.3f} after epoch {self.epoch}, "
            f"below the limit of {self.limit:.3f}: the generator has collapsed or is collapsing."
        )


@dataclass
class CollapseWatch:
    """Compares coverage and diversity of every epoch with those of held-out real pictures.

    A measure is armed once it has reached its limit, or once two epochs and a fifth of those planned are over: a young
    network is not diverse yet, and that is no collapse. From then on every epoch below the limit raises an alarm.
    Everything depends on `history` alone, so a watch that is given the epochs of an interrupted run continues as if
    nothing had happened. After a roll-back, leave out the epochs that were rolled back.

    Attributes:
        planned_epochs: Epochs of the whole training.
        real: The value of each measure that real pictures reach, "coverage" and "diversity".
        share: The limit of a measure is this share of its real value.
        history: Epoch (counted from 1) -> the values of both measures after it.
    """

    planned_epochs: int
    real: Mapping[str, float]
    share: float = 0.5
    history: dict[int, dict[str, float]] = field(default_factory=dict)

    def record(self, epoch: int, *, coverage: float, diversity: float) -> Alarm | None:
        """Record an epoch and return the alarm it raises, coverage before diversity. NaN counts as below."""
        self.history[epoch] = {"coverage": coverage, "diversity": diversity}
        for measure in MEASURES:
            limit, value = self.share * self.real[measure], self.history[epoch][measure]
            if not value >= limit and self._armed(measure, limit, epoch):
                return Alarm(measure, value, limit, epoch)
        return None

    def _armed(self, measure: str, limit: float, epoch: int) -> bool:
        reached = any(values[measure] >= limit for past, values in self.history.items() if past < epoch)
        return reached or epoch > max(YOUNG_EPOCHS, YOUNG_SHARE * self.planned_epochs)
