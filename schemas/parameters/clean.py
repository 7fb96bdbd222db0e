"""The parameters of cleaning without training."""

from typing import Literal

from pydantic import Field

from eightytwenty.tables import CleanOptions
from schemas.parameters.base import Even, LocalPath, Parameters, PictureSize, Share, short_source


class PairsOptions(Parameters):
    """The options of the table of pairs."""

    largest_sum: Even = Field(65536, description="of a pair; a and b go up to half of it")


class PicturesOptions(Parameters):
    """The options of the table of pictures."""

    size: PictureSize = Field(64, description="side of a clean picture in pixels")
    attributes: LocalPath = Field("", description="CSV file of the pictures' attributes, if it is not among them")


class CleanParameters(PicturesOptions, PairsOptions, CleanOptions):
    """Clean a table or pictures: every row ends as clean, quarantine or duplicate, with its reasons."""

    source: LocalPath = Field(
        title="Source",
        min_length=1,
        description="table (text, JSON, workbook, Arrow, Parquet or database; packed or not), folder, or http(s) "
        "address; for pictures a folder, zip, tar or http(s) address",
    )
    out: LocalPath = Field(
        title="Out",
        min_length=1,
        description="folder for the clean rows, the quarantine, the duplicates and the report, such as cleaned/orders",
    )
    # a Python file is for the command line, whose user may run code anyway
    table: str = Field(
        "",
        title="Schema",
        alias="schema",
        description="what the source must be: pairs, pictures, or a YAML file inside the data folder, such as "
        "orders/schema.yaml; if empty, it is inferred",
    )
    # what the server and its artifacts show is seen by more people than the folder
    mask: bool = Field(
        True, title="Mask", description="whether letters and digits of examples are hidden in schema and report"
    )

    @property
    def run_name(self) -> str:
        """Such as "clean orders.csv"."""
        return f"clean {short_source(self.source)}"


class CleanInboxParameters(Parameters):
    """Clean the new files of an inbox by a schema, and add their rows to a dataset."""

    table: str = Field(
        "table/schema.yaml",
        title="Schema",
        alias="schema",
        min_length=1,
        description="YAML file inside the data folder; new files are compared with the evidence beside it, which "
        "`eightytwenty infer` wrote",
    )
    inbox: LocalPath = Field(
        "",
        description="folder into which new files and folders are put; if empty, the one in inbox/ that is named after "
        "the dataset",
    )
    name: str = Field(
        "table", pattern=r"^\w[\w .-]*$", description="name of the dataset, whose versions hold the clean rows"
    )
    most_drift: Share = Field(
        0.05,
        description="by how much a share of a column, such as that of missing cells, may differ from the evidence, "
        "beyond what chance explains",
    )
    on_drift: Literal["accept", "refuse"] = Field(
        "accept", description="add files that drifted and report how, or refuse them"
    )
    most_quarantine: Share = Field(0.5, description="share of a file's rows in quarantine above which it is refused")
    mask: bool = Field(True, description="whether letters and digits of examples are hidden in what servers show")

    @property
    def run_name(self) -> str:
        """Such as "clean inbox of orders"."""
        return f"clean inbox of {self.name}"
