"""The command line: `eightytwenty --help` lists its commands.

A command's options are the fields of a pydantic model. Other distributions add commands by entry points of the group
`eightytwenty.commands`, each naming a sequence of `Command`, and tables by those of `eightytwenty.tables`. The function
of a command is imported when the command runs, so that `--help` answers at once.
"""

import argparse
import atexit
import codecs
import gc
import locale
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Any, cast

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
from eightytwenty.help import Parser, describe, require_known
from eightytwenty.plugins import load_all
from eightytwenty.printable import print_error
from eightytwenty.progress import QUIET, waiting
from eightytwenty.signals import sigterm_raises
from eightytwenty.tables import (
    CheckOptions,
    CleanCommandOptions,
    CompletionOptions,
    ExplainOptions,
    InferOptions,
    MergeOptions,
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
        group: under which it is listed.
        example: of a whole command line.
    """

    name: str
    summary: str
    options: type[BaseModel]
    function: str
    prepare: Callable[[list[str]], list[str]] = list
    group: str = "More"
    example: str = ""


def main() -> None:
    """Runs a command. Exits with 2 and one sentence where the user can fix the error, and with 130 on Ctrl-C."""
    _use_utf8()
    # Python would look for garbage again and again while libraries load, and at the end among all that TensorFlow has
    # made, which takes seconds
    gc.set_threshold(10_000)
    atexit.register(gc.freeze)
    try:
        with sigterm_raises(), _quiet(sys.argv[1:]) as arguments:
            command, options = parse(arguments)
            module, _, function = command.function.partition(":")
            with waiting("load the libraries"):
                run = getattr(import_module(module), function)
            run(options)
    except UserError as error:
        print_error(str(error))
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


@contextmanager
def _quiet(arguments: list[str]) -> Iterator[list[str]]:
    """Yields the arguments without -q or --quiet; if it is there, nothing but JSON and errors is printed."""
    others = [argument for argument in arguments if argument not in {"-q", "--quiet"}]
    if len(others) == len(arguments):
        yield others
        return
    os.environ[QUIET] = "1"
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "WARNING")
    with ExitStack() as stack:
        if "--json" not in others:
            nowhere = stack.enter_context(Path(os.devnull).open("w", encoding="utf-8"))
            stack.enter_context(redirect_stdout(nowhere))
        yield others


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
    commands = {command.name: command for command in all_commands()}
    arguments = list(arguments) or ["--help"]
    if command := commands.get(arguments[0].replace("-", "_")):
        arguments = [arguments[0], *command.prepare(arguments[1:])]
    parser, model, source = build_parser(list(commands.values()))
    require_known(arguments, parser, commands)
    try:
        options = get_subcommand(CliApp.run(model, cli_args=arguments, cli_settings_source=source))
    except ValidationError as error:
        raise UserError(_sentence(error)) from None
    except SettingsError as error:
        raise UserError(f"{error}; see eightytwenty --help") from None
    return next(command for command in commands.values() if type(options) is command.options), cast(
        "BaseModel", options
    )


def build_parser(commands: Sequence[Command]) -> tuple[Parser, type[BaseModel], CliSettingsSource[Any]]:
    """The parser of some commands, the model with the options of each, and what fills in the model."""
    parser = Parser(prog="eightytwenty", formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--version", action="version", version=f"eightytwenty {version('eightytwenty')}")
    # a name of its own for each field, because models have methods called "schema"
    fields: dict[str, Any] = {
        f"{command.name}_command": (
            CliSubCommand[command.options],  # type: ignore[misc, name-defined]
            Field(alias=command.name, description=command.summary),
        )
        for command in commands
    }
    model = create_model("Commands", __base__=_Commands, **fields)
    source: CliSettingsSource[Any] = CliSettingsSource(model, root_parser=parser)  # type: ignore[arg-type]
    describe(parser, commands, _Commands.__doc__ or "")
    return parser, model, source


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


def all_commands() -> list[Command]:
    """The library's own commands and those of other distributions."""
    table_options = dict.fromkeys(table.options for table in installed_tables().values())
    options: dict[type[BaseModel], type[BaseModel]] = {
        own: create_model(own.__name__, __base__=(*table_options, own), __doc__=own.__doc__)
        for own in (CleanCommandOptions, CheckOptions, SchemaOptions)
    }
    own, group = "eightytwenty.commands", "Your data"
    clean_what = "clean a table or pictures of your own"
    return [
        Command(
            *("clean", clean_what, options[CleanCommandOptions], f"{own}:clean_command"),
            group=group,
            example="eightytwenty clean messy.csv --out cleaned",
        ),
        Command(
            *("check", "fail if there is too much to clean", options[CheckOptions], f"{own}:check_command"),
            join_conditions,
            group,
            "eightytwenty check messy.csv --fail-if 'quarantine > 1%'",
        ),
        Command(
            *("explain", "say why a row or a cell ended as it did", ExplainOptions, f"{own}:explain_command"),
            group=group,
            example="eightytwenty explain cleaned messy.csv:1417",
        ),
        Command(
            *("infer", "find out what a table is", InferOptions, f"{own}:infer_command"),
            group=group,
            example="eightytwenty infer messy.csv --out messy",
        ),
        Command(
            *("schema", "write a table in another form", options[SchemaOptions]),
            "eightytwenty.export:schema_command",
            group=group,
            example="eightytwenty schema messy/schema.yaml --as pandera --out rows.py",
        ),
        Command(
            *("merge", "make one folder of what a cluster has cleaned", MergeOptions, f"{own}:merge_command"),
            group=group,
            example="eightytwenty merge /shared/cleaned --out cleaned",
        ),
        *chain.from_iterable(load_all("eightytwenty.commands").values()),
        Command(
            *("completion", "print what makes a shell complete all this", CompletionOptions),
            f"{own}:completion_command",
            group="Shell",
            example="eightytwenty completion bash > ~/.local/share/bash-completion/completions/eightytwenty",
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
