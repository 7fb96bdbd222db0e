"""The options of the library's commands."""

from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import CliPositionalArg

DEFAULT_TABLE = "default"


class CleanOptions(BaseModel):
    """Clean a table or pictures: every row ends as clean, quarantine or duplicate, with its reasons."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: CliPositionalArg[str] = Field(
        title="Source",
        min_length=1,
        description="CSV, TSV or Parquet file (also .gz, .zip), folder, or http(s) address; "
        "of pictures a folder, zip, tar (also .tgz), or http(s) address",
    )
    out: str = Field(
        title="Out", min_length=1, description="folder for clean, quarantine, duplicates, ledger and report"
    )
    table: str = Field(
        DEFAULT_TABLE,
        title="Schema",
        alias="schema",
        min_length=1,
        description="what the source must be: the name of an installed table, or FILE.py:NAME for one of your own",
    )
