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
        learning_rate: of both networks; 0: as the recipe says.
        split: seed of what is held out and of the features, which the variants of a sweep have in common.
        source: of pictures that are drawn here, which decides whether there is an exact test for them; else "own".
    """

    size: int
    epochs: int
    seed: int
    recipe: "Recipe" = "stable"
    batch_size: int = 0
    on_collapse: Literal["continue", "stop", "roll-back"] = "continue"
    collapse_share: float = 0.5
    learning_rate: float = 0
    split: int = 0
    source: str = "own"

    def on(self, gpus: Sequence[object]) -> "GanConfig":
        """The same, with what it leaves to the device decided for a machine with these GPUs."""
        from models.gans.training import default_batch_size

        return replace(self, batch_size=self.batch_size or default_batch_size(self.recipe, gpus))

    def stage(self, cleaned: Cleaned) -> tuple[str, dict[str, str], dict[str, Any]]:
        """Name, inputs and parameters of the stage that trains on these pictures."""
        return f"train-{self.recipe}", {"clean": cleaned.sha256}, dict(vars(self))

    def key(self, cleaned: Cleaned) -> str:
        """The key of that stage."""
        return stage_key(*self.stage(cleaned))


def checkpoints_of(configs: Sequence[GanConfig], cleaned: Cleaned) -> Path:
    """The folder of a training's checkpoints, which outlives the process; that of a sweep has one for each variant."""
    key = configs[0].key(cleaned)
    if len(configs) > 1:
        key = stage_key("sweep", {}, {"variants": [config.key(cleaned) for config in configs]})
    return data_folder() / "checkpoints" / key


def differences(configs: Sequence[GanConfig]) -> list[str]:
    """What each of several variants differs in, such as "learning rate 0.001, seed 1"."""
    names = [name for name in vars(configs[0]) if len({getattr(config, name) for config in configs}) > 1]
    return [", ".join(f"{name.replace('_', ' ')} {getattr(each, name)}" for name in names) for each in configs]
