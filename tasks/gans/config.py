"""How a GAN is trained, and where a killed training goes on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tasks.experiment import Cleaned
from tasks.running.stages import data_folder, stage_key

if TYPE_CHECKING:
    from models.gans.training import Recipe


@dataclass(frozen=True)
class GanConfig:
    """How a GAN is trained.

    Attributes:
        size: side of the pictures in pixels.
        epochs: in total.
        seed: the same seed gives the same weights, bit for bit, on one machine.
        recipe: see `models.gans.training.build`.
        batch_size: pictures in a step; 0: as many as suit the recipe and the device.
        on_collapse: what to do when the pictures lose their variety.
        collapse_share: share of the real coverage and diversity below which the generator has collapsed.
        source: of pictures that are drawn here, which decides whether there is an exact test for them; else "own".
    """

    size: int
    epochs: int
    seed: int
    recipe: "Recipe" = "stable"
    batch_size: int = 0
    on_collapse: Literal["continue", "stop", "roll-back"] = "continue"
    collapse_share: float = 0.5
    source: str = "own"

    def on(self, gpus: Sequence[object]) -> "GanConfig":
        """The same, with what it leaves to the device decided for a machine with these GPUs."""
        from models.gans.training import default_batch_size

        return replace(self, batch_size=self.batch_size or default_batch_size(self.recipe, gpus))

    def stage(self, cleaned: Cleaned) -> tuple[str, dict[str, str], dict[str, Any]]:
        """Name, inputs and parameters of the stage that trains on these pictures."""
        return f"train-{self.recipe}", {"clean": cleaned.sha256}, dict(vars(self))

    def checkpoints(self, data: Sequence[Cleaned]) -> Path:
        """The folder of the training's checkpoints, which outlives the training process."""
        return data_folder() / "checkpoints" / stage_key(*self.stage(data[0]))
