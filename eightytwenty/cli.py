"""The command line: `eightytwenty --help` lists its commands.

A command's options are the fields of a pydantic model. Other distributions add commands by entry points of the group
`eightytwenty.commands`, each naming a sequence of `Command`, and tables by those of `eightytwenty.tables`. The function
of a command is imported when the command runs, so that `--help` answers at once.
"""

import argparse
import codecs
import locale
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import chain
from typing import Any, NoReturn, cast

from pydantic import BaseModel, Field, ValidationError, create_model
from pydantic_settings import (
    CliApp,
    CliSettingsSource,
    CliSubCommand,
    SettingsConfigDict,
    SettingsError,
    get_subcommand,
)

from eightytwenty.errors import UserError
from eightytwenty.plugins import load_all
from eightytwenty.printable import print_error
from eightytwenty.signals import sigterm_raises
from eightytwenty.tables import (
    CheckOptions,
    CleanCommandOptions,
    ExplainOptions,
    InferOptions,
    SchemaOptions,
    installed_tables,
)


@dataclass(frozen=True)
class Command:
    """A command of the command line.

    Args:
        name: as a Python identifier; on the command line its underscores are hyphens.
        summary: what it does, for the list of commands.
        options: its options; their docstring describes the command.
        function: the function to call with them, as "module:function".
        prepare: rewrites its arguments before they are parsed.
    """

    name: str
    summary: str
    options: type[BaseModel]
    function: str
    prepare: Callable[[list[str]], list[str]] = list


def main() -> None:
    """Runs a command. Exits with 2 and one sentence where the user can fix the error, and with 130 on Ctrl-C."""
    _use_utf8()
    try:
        with sigterm_raises():
            command, options = parse(sys.argv[1:])
            module, _, function = command.function.partition(":")
            getattr(import_module(module), function)(options)
    except UserError as error:
        print_error(str(error))
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


def _use_utf8() -> None:
    """Starts this process again in Python's UTF-8 mode if its locale, such as C, has no UTF-8 for paths and texts."""
    if not sys.flags.utf8_mode and codecs.lookup(locale.getencoding()).name != "utf-8":
        os.environ["PYTHONUTF8"] = "1"  # for child processes
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])  # noqa: S606 - our own arguments


def parse(arguments: Sequence[str]) -> tuple[Command, BaseModel]:
    """The command that the arguments name, and its options.

    Raises:
        UserError: an argument is wrong, or the commands of another distribution cannot be loaded.
    """
    commands = {command.name: command for command in _commands()}
    arguments = list(arguments) or ["--help"]
    if command := commands.get(arguments[0].replace("-", "_")):
        arguments = [arguments[0], *command.prepare(arguments[1:])]
    parser = _Parser(prog="eightytwenty", description=_Commands.__doc__, formatter_class=argparse.RawTextHelpFormatter)
    # a name of its own for each field, because models have methods called "schema"
    fields: dict[str, Any] = {
        f"{name}_command": (CliSubCommand[command.options], Field(alias=name, description=command.summary))  # type: ignore[misc, name-defined]
        for name, command in commands.items()
    }
    model = create_model("Commands", __base__=_Commands, **fields)
    source: CliSettingsSource[Any] = CliSettingsSource(model, root_parser=parser)  # type: ignore[arg-type]
    try:
        options = get_subcommand(CliApp.run(model, cli_args=arguments, cli_settings_source=source))
    except ValidationError as error:
        raise UserError(_sentence(error)) from None
    except SettingsError as error:
        raise UserError(f"{error}; see eightytwenty --help") from None
    return next(command for command in commands.values() if type(options) is command.options), cast(
        "BaseModel", options
    )


def join_conditions(arguments: Sequence[str]) -> list[str]:
    """Collects all --fail-if into one, with a line for each, because the parser would split lists at commas."""
    others, conditions = [], []
    rest = iter(arguments)
    for argument in rest:
        option, mark, value = argument.partition("=")
        if len(option) > len("--") and "--fail-if".startswith(option):
            value = value if mark else next(rest, "--")
            if value.startswith("--"):
                raise UserError("--fail-if needs a condition, such as 'quarantine > 1%'; see eightytwenty check --help")
            conditions.append(value)
        else:
            others.append(argument)
    return [*others, "--fail-if", "\n".join(conditions)] if conditions else others


class _Commands(BaseModel):
    """Cleans tables and pictures, with every row accounted for."""

    model_config = SettingsConfigDict(cli_kebab_case=True, cli_hide_none_type=True, cli_avoid_json=True)


class _Parser(argparse.ArgumentParser):
    """A parser that raises its errors as one sentence."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message}; see {self.prog} --help")


def _commands() -> list[Command]:
    """The library's own commands and those of other distributions."""
    table_options = dict.fromkeys(table.options for table in installed_tables().values())
    options: dict[type[BaseModel], type[BaseModel]] = {
        own: create_model(own.__name__, __base__=(*table_options, own), __doc__=own.__doc__)
        for own in (CleanCommandOptions, CheckOptions, SchemaOptions)
    }
    own = "eightytwenty.commands"
    return [
        *chain.from_iterable(load_all("eightytwenty.commands").values()),
        Command("clean", "clean a table or pictures of your own", options[CleanCommandOptions], f"{own}:clean_command"),
        Command(
            "check",
            "fail if there is too much to clean",
            options[CheckOptions],
            f"{own}:check_command",
            join_conditions,
        ),
        Command("explain", "say why a row or a cell ended as it did", ExplainOptions, f"{own}:explain_command"),
        Command("infer", "find out what a table is", InferOptions, f"{own}:infer_command"),
        Command(
            "schema", "write a table in another form", options[SchemaOptions], "eightytwenty.export:schema_command"
        ),
    ]


def _sentence(error: ValidationError) -> str:
    """The first error in the options, in one sentence."""
    first = error.errors()[0]
    command, *option = (str(part).replace("_", "-") for part in first["loc"])
    if first["type"] == "missing":
        return f"{command} needs --{option[0]}; see eightytwenty {command} --help"
    subject = f"--{option[0]} {first['input']}" if option else command
    return f"{subject}: {first['msg'].removeprefix('Value error, ')}; see eightytwenty {command} --help"
