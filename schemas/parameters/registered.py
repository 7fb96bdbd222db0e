"""The parameters of commands that use registered models: draw, predict, roll back."""

import math
from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_settings import CliPositionalArg, CliToggleFlag

from schemas.parameters.base import Parameters, PrintsJson, Seed

Generator = Annotated[str, Field(min_length=1, description="registered model, as avatars@champion or avatars/3")]


class DrawParameters(Parameters):
    """Draw pictures with a registered model.

    Attributes of the pictures, such as the hair, are options named after the model's attributes:
    --hair bun --hair-colour black. Attributes that are not given are drawn at random.
    """

    model: Generator = "avatars@champion"
    attributes: dict[str, str] = Field({}, description="what to draw; --hair bun is short for --attributes hair=bun")
    only_list: CliToggleFlag[bool] = Field(
        False, title="List", alias="list", description="draw nothing, but list the model's attributes and their values"
    )
    n: int = Field(16, title="Number", ge=1, le=1024, description="of pictures")
    seed: Seed = Field(0, description="the same seed gives the same pictures")
    link: str = Field(
        "",
        description="of a faces page: draw its 16 faces, whatever the other options say",
    )
    out: str = Field("drawn.png", min_length=1, description="PNG file to write")
    as_json: PrintsJson = False


class FacesParameters(Parameters):
    """Write a page on which a registered model draws faces in any browser, offline: one HTML file."""

    model: Generator = "avatars@champion"
    out: str = Field("faces.html", min_length=1, description="HTML file to write")
    as_json: PrintsJson = False


class PredictParameters(Parameters):
    """Ask a registered network for sums: of two numbers (predict 2 2), or of every row of a file.

    Write negative numbers after --: predict -- -1 2.
    """

    numbers: CliPositionalArg[list[str]] = Field([], description="a and b; leave them out if there is a file")
    model: str = Field("adders@champion", min_length=1, description="registered model, as adders@champion or adders/3")
    file: str = Field("", description="CSV, TSV or Parquet file with columns a and b")
    out: str = Field("sums.csv", min_length=1, description="CSV file to write the sums of a file to")
    as_json: PrintsJson = False

    @model_validator(mode="after")
    def _numbers_or_file(self) -> Self:
        if len(self.numbers) != (0 if self.file else 2):
            raise ValueError("give either two numbers, such as 2 2, or --file")
        for number in self.numbers:
            if not _is_finite(number):
                raise ValueError(f"{number} is not a number")
        return self

    @property
    def pair(self) -> list[float]:
        """The two numbers; empty if there is a file."""
        return [float(number) for number in self.numbers]


def _is_finite(number: str) -> bool:
    try:
        return math.isfinite(float(number))
    except ValueError:
        return False


class RollbackParameters(Parameters):
    """Make an earlier version of a registered model its champion again."""

    model: CliPositionalArg[str] = Field(min_length=1, description="registered model, such as avatars")
    to: int = Field(0, ge=0, description="version; 0: the champion before this one")
    as_json: PrintsJson = False
