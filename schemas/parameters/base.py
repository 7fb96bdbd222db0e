"""The base of all parameters, and the types that several of them use."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

_LARGEST = 10**8

Even = Annotated[int, Field(ge=2, le=_LARGEST, multiple_of=2)]
Share = Annotated[float, Field(ge=0, le=1)]
Seed = Annotated[int, Field(ge=0, le=2**31)]


def _number(value: object) -> object:
    """Turns a text from the command line into a number, because a Literal of numbers accepts no text."""
    return int(value) if isinstance(value, str) and value.isdecimal() else value


PictureSize = Annotated[Literal[32, 64, 128], BeforeValidator(_number)]

# 0: the value of the champion
EvenOrChampions = Annotated[int, Field(ge=0, le=_LARGEST, multiple_of=2)]
SizeOrChampions = Annotated[Literal[0, 32, 64, 128], BeforeValidator(_number)]


def _title(name: str, _: object) -> str:
    return name.replace("_", " ").capitalize()


class Parameters(BaseModel):
    """The base of all parameters: immutable, and an unknown parameter is an error. A form shows titles."""

    model_config = ConfigDict(frozen=True, extra="forbid", field_title_generator=_title)
