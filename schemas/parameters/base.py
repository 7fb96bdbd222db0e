"""What all parameters have in common, and the kinds of values that several of them take."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

_LARGEST = 10**8

Even = Annotated[int, Field(ge=2, le=_LARGEST, multiple_of=2)]
Share = Annotated[float, Field(ge=0, le=1)]
Seed = Annotated[int, Field(ge=0, le=2**31)]


def _number(value: object) -> object:
    """The number in a text from the command line: a choice of numbers is no choice of texts."""
    return int(value) if isinstance(value, str) and value.isdecimal() else value


PictureSize = Annotated[Literal[32, 64, 128], BeforeValidator(_number)]

# 0: whatever the champion's is
EvenOrChampions = Annotated[int, Field(ge=0, le=_LARGEST, multiple_of=2)]
SizeOrChampions = Annotated[Literal[0, 32, 64, 128], BeforeValidator(_number)]


def _title(name: str, _: object) -> str:
    return name.replace("_", " ").capitalize()


class Parameters(BaseModel):
    """What all parameters have in common: they are fixed, and an unknown one is an error. A form shows titles."""

    model_config = ConfigDict(frozen=True, extra="forbid", field_title_generator=_title)
