"""The base of all parameters, and the types that several of them use."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model
from pydantic_settings import CliImplicitFlag

from eightytwenty.printable import visible
from eightytwenty.read.download import is_address

_LARGEST = 10**8


@dataclass(frozen=True)
class InForm:
    """What the description of a parameter says only in a form, whose user may do less than that of a command."""

    text: str


LocalPath = Annotated[str, InForm("a path must lie inside the data folder")]
Even = Annotated[int, Field(ge=2, le=_LARGEST, multiple_of=2)]
Share = Annotated[float, Field(ge=0, le=1)]
Seed = Annotated[int, Field(ge=0, le=2**31)]
PrintsJson = Annotated[
    CliImplicitFlag[bool], Field(title="JSON", alias="json", description="whether to print JSON and nothing else")
]


def _number(value: object) -> object:
    """Turns a text from the command line into a number, because a Literal of numbers accepts no text."""
    return int(value) if isinstance(value, str) and value.isdecimal() else value


ClusterOfSweep = Annotated[
    str,
    Field(
        title="Cluster",
        description="address of a Dask scheduler, such as tls://host:8786, whose workers share a sweep, and the data "
        "folder; if empty, processes of this machine do",
    ),
]
PictureSize = Annotated[Literal[32, 64, 128], BeforeValidator(_number)]

# 0: the value of the champion
EvenOrChampions = Annotated[int, Field(ge=0, le=_LARGEST, multiple_of=2)]
SizeOrChampions = Annotated[Literal[0, 32, 64, 128], BeforeValidator(_number)]


def short_source(source: str) -> str:
    """The last part of a path or an address, without what a query or a password may hold."""
    return visible(Path(urlsplit(source).path).name if is_address(source) else Path(source).name)


def title_of(name: str, _: object = None) -> str:
    """The title of a parameter in a form, if it has none of its own."""
    return name.replace("_", " ").capitalize()


class Parameters(BaseModel):
    """The base of all parameters: immutable, and an unknown parameter is an error. A form shows titles."""

    model_config = ConfigDict(frozen=True, extra="forbid", field_title_generator=title_of)

    @property
    def run_name(self) -> str:
        """What a run with these parameters works on, in a few words; empty if its flow says it all."""
        return ""

    def arguments(self) -> dict[str, Any]:
        """The arguments of the flow that these parameters are for."""
        return self.model_dump(by_alias=True)


class PrintsResults(Parameters):
    """What a command that runs a flow has beside the form of the flow."""

    as_json: PrintsJson = False

    def arguments(self) -> dict[str, Any]:
        """The arguments of the flow, which prints nothing."""
        return self.model_dump(by_alias=True, exclude={"as_json"})


def with_json(form: type[Parameters]) -> type[Parameters]:
    """The options of the command that runs the flow with a form."""
    return create_model(form.__name__, __base__=(PrintsResults, form), __doc__=form.__doc__)
