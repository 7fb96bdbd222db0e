"""What the command line says of its commands and options, and of names that it does not know."""

import argparse
import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NoReturn, Protocol

from eightytwenty.errors import UserError
from eightytwenty.pages.nearest import nearest_names

_FOR_ALL = (
    ("-h, --help", "of a command, too: eightytwenty clean --help"),
    ("-q, --quiet", "say nothing but what is wrong; behind any command"),
    ("--version", "print the version"),
)
_WIDTH = 18  # of the names of commands and options
# pydantic shows types; people read what to write
_METAVARS = {"int": "N", "float": "X", "list[int]": "N,N,...", "dict[str,str]": "NAME=VALUE"}
_NO_DEFAULT = re.compile(r"\s*\(default: (|False|None|\{\}|\[\])\)$")
_LIST_DEFAULT = re.compile(r"\(default: \[(.*)\]\)$")


class Listed(Protocol):
    """What the list of commands says of one."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def summary(self) -> str: ...  # noqa: D102
    @property
    def group(self) -> str: ...  # noqa: D102
    @property
    def example(self) -> str: ...  # noqa: D102


class Parser(argparse.ArgumentParser):
    """A parser that raises its errors as one sentence, and the root one lists the commands in groups."""

    listing = ""

    def format_help(self) -> str:
        """What --help prints."""
        return self.listing or super().format_help()

    def error(self, message: str) -> NoReturn:
        """Raises what is wrong with the arguments."""
        raise UserError(f"{message}; see {self.prog} --help")


def subparsers(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The parser of each command."""
    return next((dict(one.choices) for one in parser._actions if isinstance(one, argparse._SubParsersAction)), {})


def describe(parser: Parser, commands: Sequence[Listed], about: str) -> None:
    """Makes the help of a parser and of its commands one for people.

    Args:
        parser: with all commands.
        commands: in the order of the list.
        about: what the program does.
    """
    parser.listing = "\n".join(_listing(commands, about)) + "\n"
    for command in commands:
        of_command = subparsers(parser)[_shown(command.name)]
        if command.example:
            of_command.epilog = f"example: {command.example}"
        for action in of_command._actions:
            if isinstance(action.metavar, str):
                own = max(action.option_strings, key=len, default="").lstrip("-").upper()
                action.metavar = own if action.metavar == "str" else _METAVARS.get(action.metavar, action.metavar)
            help_text = _NO_DEFAULT.sub("", action.help or "")
            action.help = _LIST_DEFAULT.sub(lambda match: f"(default: {match[1].replace(' ', '')})", help_text)


def _listing(commands: Sequence[Listed], about: str) -> Iterator[str]:
    """The lines of the list of commands, in groups, each with the example of its first command."""
    yield "usage: eightytwenty COMMAND ..."
    yield ""
    yield about
    for group in dict.fromkeys(command.group for command in commands):
        of_group = [command for command in commands if command.group == group]
        yield f"\n{group}"
        yield from (f"  {_shown(command.name):{_WIDTH}}{command.summary}" for command in of_group)
        if example := next((command.example for command in of_group if command.example), ""):
            yield f"  {'':{_WIDTH}}example: {example}"
    yield "\nOptions"
    yield from (f"  {name:{_WIDTH}}{what}" for name, what in _FOR_ALL)


def require_known(arguments: Sequence[str], parser: argparse.ArgumentParser, names: Iterable[str]) -> None:
    """Checks the names of the command and of its options.

    Args:
        arguments: of the command line.
        parser: with all commands.
        names: of the commands.

    Raises:
        UserError: there is no such command or option; says which ones are near.
    """
    command, *rest = arguments
    shown = [_shown(name) for name in names]
    if command.startswith("-"):
        if command not in parser._option_string_actions:
            raise UserError(f"there is no option {command} without a command; see eightytwenty --help")
        return
    of_commands = subparsers(parser)
    if command not in of_commands:
        raise UserError(f"there is no command {command}; {nearest_names(command, shown)} See eightytwenty --help")
    known = [name for name in of_commands[command]._option_string_actions if name.startswith("--")]
    for argument in rest:
        option = argument.partition("=")[0]
        if argument == "--":
            return
        if option.startswith("--") and option not in known:
            # the dashes make all names look alike
            near = difflib.get_close_matches(option.removeprefix("--"), [name.removeprefix("--") for name in known], 1)
            meant = f"did you mean --{near[0]}? See" if near else "see"
            raise UserError(f"{command} has no option {option}; {meant} eightytwenty {command} --help")


def _shown(name: str) -> str:
    return name.replace("_", "-")
