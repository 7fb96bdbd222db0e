"""The parameters of cleaning without training."""

from typing import Literal

from pydantic import Field

from eightytwenty.options import CleanOptions
from schemas.parameters.base import Even, Parameters, PictureSize


class PairsOptions(Parameters):
    """What the table of pairs can be told."""

    largest_sum: Even = Field(65536, description="of a pair; a and b go up to half of it")


class PicturesOptions(Parameters):
    """What the table of pictures can be told."""

    size: PictureSize = Field(64, description="side of a clean picture in pixels")
    attributes: str = Field("", description="CSV file of the pictures' attributes, if it is not among them")


class CleanParameters(PicturesOptions, PairsOptions, CleanOptions):
    """Clean a table or pictures: every row ends as clean, quarantine or duplicate, with its reasons."""

    # a form offers what is installed; a Python file of one's own is for the command line, whose user may run it anyway
    table: Literal["pairs", "pictures"] = Field(
        "pairs", title="Schema", alias="schema", description="what the source must be"
    )
