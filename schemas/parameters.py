"""The parameters of each flow: the command line, the Prefect form and the flow read them from here, and only from here.

Flat, typed, bounded and without unions, because that is what a form can show.
"""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_settings import CliPositionalArg

GENERATED = "generated"
_LARGEST = 10**8

Even = Annotated[int, Field(ge=2, le=_LARGEST, multiple_of=2)]


class Parameters(BaseModel):
    """What all parameters have in common: they are fixed, and an unknown one is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class AdderParameters(Parameters):
    """Ingest pairs of numbers, clean them, train networks that add them, and track it all."""

    source: str = Field(
        GENERATED,
        title="Source",
        min_length=1,
        description="where the pairs come from: 'generated', a file, a folder, or an http(s) address",
    )
    protocol: Literal["both", "article", "solved"] = Field(
        "both", title="Protocol", description="train as the article did, train so that it succeeds, or both"
    )
    hidden_units: list[Annotated[int, Field(ge=1, le=64)]] = Field(
        [1, 2, 4, 8, 16],
        title="Hidden units",
        min_length=1,
        max_length=8,
        description="sigmoid nodes of each network, as 1,2,4",
    )
    largest_sums: list[Even] = Field(
        [16, 256, 65536],
        title="Largest sums",
        min_length=1,
        max_length=8,
        description="even, as 16,256; a and b go up to half of it",
    )
    seeds: int = Field(3, title="Seeds", ge=1, le=1000, description="networks of each kind, each from its own start")
    epochs: int = Field(1000, title="Epochs", ge=1, le=100_000, description="at most; for the article's protocol")
    patience: int = Field(
        5,
        title="Patience",
        ge=0,
        le=100_000,
        description="epochs without a better validation loss before stopping; 0: never",
    )
    rows: int = Field(10_000, title="Rows", ge=100, le=100_000_000, description="generated pairs for each largest sum")
    dirt: float = Field(0.2, title="Dirt", ge=0, le=1, description="share of the generated rows that get a fault")
    most_quarantine: float = Field(
        0.5,
        title="Most quarantine",
        ge=0,
        le=1,
        description="share of rows in quarantine above which training is refused",
    )
    seed: int = Field(0, title="Seed", ge=0, le=2**31, description="the same seed gives the same run, bit for bit")

    @model_validator(mode="after")
    def _no_repetition(self) -> Self:
        for name in ("hidden_units", "largest_sums"):
            values = getattr(self, name)
            if len(set(values)) < len(values):
                raise ValueError(f"{name} holds a number twice")
        return self

    @property
    def protocols(self) -> tuple[str, ...]:
        """The protocols to train, in order."""
        return ("article", "solved") if self.protocol == "both" else (self.protocol,)


class RunParameters(AdderParameters):
    """Run all of it: ingest, clean, check, train, track and report."""


class CleanParameters(Parameters):
    """Clean a table: every row ends as clean, quarantine or duplicate, with reasons, and every change in a ledger."""

    source: CliPositionalArg[str] = Field(
        title="Source",
        min_length=1,
        description="CSV, TSV or Parquet file (also .gz, .zip), folder, or http(s) address",
    )
    out: str = Field(
        title="Out", min_length=1, description="folder for clean, quarantine, duplicates, ledger and report"
    )
    table: Literal["pairs"] = Field("pairs", title="Schema", alias="schema", description="what the table must be")
    largest_sum: Even = Field(65536, title="Largest sum", description="of a pair; a and b go up to half of it")
