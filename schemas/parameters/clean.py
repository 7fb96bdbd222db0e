"""The parameters of cleaning without training."""

from typing import Literal

from pydantic import Field
from pydantic_settings import CliPositionalArg

from schemas.parameters.base import Even, Parameters, PictureSize


class CleanParameters(Parameters):
    """Clean a table or pictures: every row ends as clean, quarantine or duplicate, with its reasons."""

    source: CliPositionalArg[str] = Field(
        title="Source",
        min_length=1,
        description="CSV, TSV or Parquet file (also .gz, .zip), folder, or http(s) address; "
        "of pictures a folder, zip, tar (also .tgz), or http(s) address",
    )
    out: str = Field(
        title="Out", min_length=1, description="folder for clean, quarantine, duplicates, ledger and report"
    )
    table: Literal["pairs", "pictures"] = Field(
        "pairs", title="Schema", alias="schema", description="what the source must be"
    )
    largest_sum: Even = Field(65536, title="Largest sum", description="of a pair; a and b go up to half of it")
    size: PictureSize = Field(64, title="Size", description="side of a clean picture in pixels")
    attributes: str = Field(
        "", title="Attributes", description="CSV file of the pictures' attributes, if it is not among them"
    )
