"""The parameters of cleaning without training."""

from pydantic import Field

from eightytwenty.tables import CleanOptions
from schemas.parameters.base import Even, Parameters, PictureSize


class PairsOptions(Parameters):
    """The options of the table of pairs."""

    largest_sum: Even = Field(65536, description="of a pair; a and b go up to half of it")


class PicturesOptions(Parameters):
    """The options of the table of pictures."""

    size: PictureSize = Field(64, description="side of a clean picture in pixels")
    attributes: str = Field("", description="CSV file of the pictures' attributes, if it is not among them")


class CleanParameters(PicturesOptions, PairsOptions, CleanOptions):
    """Clean a table or pictures: every row ends as clean, quarantine or duplicate, with its reasons."""

    # a Python file is for the command line, whose user may run code anyway
    table: str = Field(
        "",
        title="Schema",
        alias="schema",
        description="what the source must be: pairs, pictures, or a YAML file in the data folder such as "
        "orders/schema.yaml; if empty, what a table is is found out",
    )
    # what the server and its artifacts show is seen by more people than the folder
    mask: bool = Field(
        True, title="Mask", description="whether letters and digits of examples are hidden in schema and report"
    )
