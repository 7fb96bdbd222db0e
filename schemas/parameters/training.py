"""The parameters of the flows that train."""

import re
from itertools import product
from math import prod
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

from schemas.parameters.base import ClusterOfSweep, Even, LocalPath, Parameters, PictureSize, Seed, Share, short_source

GENERATED = "generated"
SWEPT = ("learning_rate", "batch_size", "seed", "recipe", "epochs")
_MOST_VARIANTS = 1000
DRAWN = ("avatars", "ellipses-outline", "ellipses-white", "ellipses-colour")


class AdderParameters(Parameters):
    """Ingest pairs of numbers, clean them, train networks that add them, and track it all."""

    source: LocalPath = Field(
        GENERATED,
        min_length=1,
        description="where the pairs come from: 'generated', a file, a folder, or an http(s) address",
    )
    protocol: Literal["both", "article", "solved"] = Field(
        "both", description="train as the article did, train so that it succeeds, or both"
    )
    hidden_units: list[Annotated[int, Field(ge=1, le=64)]] = Field(
        [1, 2, 4, 8, 16],
        title="Hidden units",
        min_length=1,
        max_length=8,
        description="sigmoid nodes of each network; several numbers train networks of each width",
    )
    largest_sums: list[Even] = Field(
        [16, 256, 65536],
        min_length=1,
        max_length=8,
        description="largest sums of the pairs, even numbers; a and b go up to half of it",
    )
    seeds: int = Field(3, ge=1, le=1000, description="networks of each kind, each from its own random start")
    epochs: int = Field(1000, ge=1, le=100_000, description="passes over the pairs at most, by the article's protocol")
    patience: int = Field(
        5, ge=0, le=100_000, description="epochs without a better validation loss before stopping; 0 = never stop"
    )
    rows: int = Field(10_000, ge=100, le=100_000_000, description="generated pairs for each largest sum")
    dirt: Share = Field(0.2, description="share of the generated rows that get a fault")
    most_quarantine: Share = Field(0.5, description="share of rows in quarantine above which training is refused")
    seed: Seed = Field(0, description="the same seed gives the same run, bit for bit")
    cluster: ClusterOfSweep = ""

    @model_validator(mode="after")
    def _no_duplicates(self) -> Self:
        for name in ("hidden_units", "largest_sums"):
            values = getattr(self, name)
            if len(set(values)) < len(values):
                raise ValueError(f"{name} holds a number twice")
        return self

    @property
    def run_name(self) -> str:
        """Such as "pairs to 16, 256, 65536; both protocols, 3 seeds"."""
        pairs = "pairs" if self.source == GENERATED else short_source(self.source)
        protocols = "both protocols" if self.protocol == "both" else f"{self.protocol} protocol"
        seeds = f"{self.seeds} seed{'s' if self.seeds > 1 else ''}"
        return f"{pairs} to {', '.join(map(str, self.largest_sums))}; {protocols}, {seeds}"

    @property
    def protocols(self) -> tuple[str, ...]:
        """The protocols to train, in order."""
        return ("article", "solved") if self.protocol == "both" else (self.protocol,)


class GanParameters(Parameters):
    """Ingest pictures, clean them, train a GAN that draws such pictures, and track it all."""

    source: LocalPath = Field(
        "avatars",
        min_length=1,
        description="'avatars', 'ellipses-outline', 'ellipses-white' or 'ellipses-colour', which are drawn here; or a "
        "folder, zip or tar of pictures (the Cartoon Set's, for example), or its http(s) address",
    )
    attributes: LocalPath = Field("", description="table of the pictures' attributes, if it is not among them")
    recipe: Literal["stable", "dcgan"] = Field(
        "stable", description="a GAN that does not collapse, or the article's, to compare with"
    )
    size: PictureSize = Field(64, description="side of the pictures in pixels")
    epochs: int = Field(
        0,
        ge=0,
        le=100_000,
        description="passes over the pictures; 0 = as the recipe says: 30 for stable, 50 for dcgan",
    )
    batch_size: int = Field(
        0,
        ge=0,
        le=4096,
        description="pictures in a training step; 0 = as the recipe says: 16 for stable, 64 on a GPU; 128 for dcgan",
    )
    learning_rate: float = Field(
        0, ge=0, le=1, description="of both networks; 0 = as the recipe says: 0.001 for stable, 0.0002 for dcgan"
    )
    on_collapse: Literal["continue", "stop", "roll-back"] = Field(
        "continue",
        description="when the pictures lose their variety: go on, stop, or stop and go back to the best epoch",
    )
    collapse_share: Share = Field(
        0.5, description="share of the real pictures' coverage and diversity below which a GAN has collapsed"
    )
    model: str = Field(
        "",
        pattern=r"^(\w[\w .-]*)?$",
        description="name under which the trained GAN is registered; if empty, that of the source, or pictures",
    )
    rows: int = Field(10_000, ge=150, le=1_000_000, description="pictures that are drawn")
    dirt: Share = Field(0.2, description="share of the drawn pictures that get a fault")
    most_quarantine: Share = Field(0.5, description="share of pictures in quarantine above which training is refused")
    seed: Seed = Field(0, description="the same seed gives the same run, bit for bit")

    sweep: list[str] = Field(
        [],
        description="train a variant for each combination of values, such as learning_rate=0.0005,0.001 and seed=0,1, "
        f"and take the best; what may vary: {', '.join(SWEPT)}",
    )
    cluster: ClusterOfSweep = ""

    @model_validator(mode="after")
    def _sweep_of_variants(self) -> Self:
        if self.cluster and not self.sweep:
            raise ValueError("cluster trains the variants of a sweep; give one, as seed=0,1, or leave cluster out")
        _ = self.variants
        return self

    @property
    def variants(self) -> "list[GanParameters]":
        """The parameters of each variant of a sweep; without one, these alone."""
        values: dict[str, list[str]] = {}
        for part in filter(None, re.split(r"[,;\s]+", ",".join(self.sweep))):
            # the command line has divided the values of a name at their commas
            name, mark, value = part.rpartition("=")
            name = name.replace("-", "_") if mark else next(reversed(values), "")
            if name not in SWEPT or value in values.get(name, []):
                raise ValueError(f"sweep takes different values, as seed=0,1, of {', '.join(SWEPT)}; not {part}")
            values.setdefault(name, []).append(value)
        if prod(map(len, values.values())) > _MOST_VARIANTS:
            raise ValueError(f"sweep makes more than {_MOST_VARIANTS} variants; give fewer values")
        return [self._variant(dict(zip(values, each, strict=True))) for each in product(*values.values())]

    def _variant(self, values: dict[str, str]) -> "GanParameters":
        if not values:
            return self
        try:
            return GanParameters.model_validate(
                {**self.model_dump(include=set(GanParameters.model_fields)), "sweep": [], "cluster": "", **values}
            )
        except ValidationError as error:
            first = error.errors()[0]
            raise ValueError(
                f"sweep cannot give {first['loc'][0]} the value {first['input']}: {first['msg']}"
            ) from None

    @model_validator(mode="after")
    def _attributes_of_own_pictures(self) -> Self:
        if self.attributes and self.is_drawn:
            raise ValueError(f"attributes are read for pictures of your own; those of {self.source} are known")
        return self

    @property
    def run_name(self) -> str:
        """Such as "avatars 64x64, 20 epochs, stable"."""
        pictures = self.source if self.is_drawn else short_source(self.source)
        epochs = f"{self.planned_epochs} epoch{'s' if self.planned_epochs > 1 else ''}"
        sweep = f", {len(self.variants)} variants" if self.sweep else ""
        return f"{pictures} {self.size}x{self.size}, {epochs}, {self.recipe}{sweep}"

    @property
    def is_drawn(self) -> bool:
        """Whether the pictures are drawn here; otherwise they are the user's."""
        return self.source in DRAWN

    @property
    def planned_epochs(self) -> int:
        """The epochs given, or those of the recipe."""
        return self.epochs or {"stable": 30, "dcgan": 50}[self.recipe]

    @property
    def registered_name(self) -> str:
        """The name given, or that of the source."""
        return self.model or (self.source if self.is_drawn else "pictures")


class RunParameters(AdderParameters):
    """Run everything: the adders, then a GAN that draws avatars.

    Runs write to the folder `data`, or to the folder that EIGHTYTWENTY_DATA names.
    """

    pictures: int = Field(4000, ge=150, le=1_000_000, description="avatars that the GAN learns from")
    picture_size: PictureSize = Field(32, description="side of the avatars in pixels")
    gan_epochs: int = Field(5, title="GAN epochs", ge=1, le=100_000, description="passes over the avatars")

    @property
    def run_name(self) -> str:
        """Those of both parts."""
        return f"{self.adders.run_name}; {self.gan.run_name}"

    @property
    def gan(self) -> GanParameters:
        """The parameters of the GAN."""
        shared = self.model_dump(include={"dirt", "most_quarantine", "seed"})
        pictures = {"rows": self.pictures, "size": self.picture_size, "epochs": self.gan_epochs}
        return GanParameters.model_validate(shared | pictures)

    @property
    def adders(self) -> AdderParameters:
        """The parameters of the adders."""
        return AdderParameters.model_validate(self.model_dump(include=set(AdderParameters.model_fields)))
