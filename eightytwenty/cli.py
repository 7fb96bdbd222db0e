"""The command line: `eightytwenty --help` lists its commands.

A command's options are the fields of a pydantic model. Other distributions add commands by entry points of the group
`eightytwenty.commands`, each naming a sequence of `Command`, and tables by those of `eightytwenty.tables`. The function
of a command is imported when the command runs, so that `--help` answers at once.
"""

import argparse
import codecs
import json
import locale
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, cast

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
from eightytwenty.printable import visible
from eightytwenty.signals import sigterm_raises
from eightytwenty.tables import (
    CheckOptions,
    CleanCommandOptions,
    ExplainOptions,
    InferOptions,
    SchemaOptions,
    installed_tables,
    load_table,
    require_clean,
)

if TYPE_CHECKING:
    from rich.console import Console

    from eightytwenty.engine.summary import Summary

_MOST_FILES = 10  # to list in the terminal; the report lists all
_MOST_COLUMNS = 50  # to list in the terminal; the schema lists all


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
        sys.exit(_print_error(str(error)))
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


def clean_command(options: CleanCommandOptions) -> None:
    """Cleans a source into a folder and prints where its rows ended.

    Raises:
        UserError: the source cannot be read, the folder cannot be written or holds something else, or no picture is
            clean. In the last case the folder is written all the same, with the reasons.
    """
    from rich.console import Console

    from eightytwenty import clean
    from eightytwenty.pages.report import examples_rich
    from eightytwenty.printable import for_terminal
    from eightytwenty.progress import progress_bar

    if not options.out and not options.dry_run:
        raise UserError("clean needs --out; see eightytwenty clean --help")
    table, out = load_table(options), None if options.dry_run else Path(options.out)
    with progress_bar("clean", getattr(table, "unit", "rows")) as progress:
        cleaned = clean(options.source, table, out, progress, mask=options.mask, min_confidence=options.min_confidence)
    console = Console()
    _print_summary(console, cleaned.summary)
    if out is None:
        for shown in examples_rich(cleaned.folder, mask=options.mask):
            console.print(shown)
        console.print("Nothing was written.")
        require_clean(table, cleaned.summary, out)
        return
    console.print("[bold]Where to look next[/]")
    descriptions = {
        "clean": "the clean pictures",
        "clean.parquet": "the clean rows",
        "clean.csv": "the same as text",
        "schema.yaml": "what the table is",
        "report.md": "what was done and why",
        "flags.parquet": "what is doubtful" if cleaned.summary.flagged else "",
        "quarantine.parquet": "what needs a person" if cleaned.summary.quarantine else "",
        "gallery.png": "what it looks like",
    }
    for name, description in descriptions.items():
        if description and (out / name).exists():
            console.print(f"  {description:<24}{for_terminal(str(out / name))}", soft_wrap=True, highlight=False)
    require_clean(table, cleaned.summary, out)


def _print_summary(console: "Console", summary: "Summary") -> None:
    """Prints what was read, what was not, and where the rows ended."""
    from eightytwenty.pages.report import summary_rich
    from eightytwenty.printable import for_terminal

    for file in summary.files[:_MOST_FILES]:
        description = for_terminal(f"{file['name']}: {file['format']}")
        console.print(f"{description}, {file['records']:,} records", soft_wrap=True)
    for unread in summary.not_read[:_MOST_FILES]:
        name, reason = for_terminal(unread["name"]), for_terminal(unread["reason"])
        console.print(f"[yellow]not read: {name}: {reason}[/]", soft_wrap=True, highlight=False)
    if len(summary.not_read) > _MOST_FILES:
        console.print(f"[yellow]not read: {len(summary.not_read) - _MOST_FILES:,} more, see report.json[/]")
    console.print(summary_rich(summary))


def check_command(options: CheckOptions) -> None:
    """Cleans a source into a folder that does not stay, and prints where its rows ended.

    Raises:
        UserError: the source cannot be read, or a condition is none.
        SystemExit: with 1, a condition is met; each is a sentence on the standard error.
    """
    from rich.console import Console

    from eightytwenty import check
    from eightytwenty.progress import progress_bar

    table = load_table(options)
    with progress_bar("check", getattr(table, "unit", "rows")) as progress:
        checked = check(options.source, table, options.fail_if.split("\n"), progress)
    if options.as_json:
        sys.stdout.write(json.dumps(checked.as_json(), indent=2) + "\n")
    else:
        _print_summary(Console(), checked.summary)
    for sentence in checked.failed:
        _print_error(visible(sentence))
    if not checked.ok:
        raise SystemExit(1)


def explain_command(options: ExplainOptions) -> None:
    """Prints why a row or a cell ended as it did.

    Raises:
        UserError: there is no such folder, row or column.
    """
    from rich.console import Console

    from eightytwenty.pages.explain import explain, explanation_rich

    console = Console()
    for line in explanation_rich(explain(Path(options.cleaned), options.row, options.column)):
        console.print(line, soft_wrap=True, highlight=False)


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


def infer_command(options: InferOptions) -> None:
    """Writes the schema of a source, with the evidence for it, and prints what its columns are.

    Raises:
        UserError: the source cannot be read, or the folder holds a schema or something else.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table as RichTable

    from eightytwenty import infer_into
    from eightytwenty.printable import for_terminal
    from eightytwenty.progress import progress_bar

    out = Path(options.out)
    with progress_bar("read", "rows") as progress:
        table = infer_into(
            options.source,
            out,
            options.read,
            progress,
            mask=options.mask,
            update=options.update,
            min_confidence=options.min_confidence,
        )
    shown = RichTable(box=box.HORIZONTALS, pad_edge=False)
    for title in ("column", "kind", "format", "missing"):
        shown.add_column(title)
    for column in table.columns[:_MOST_COLUMNS]:
        marks = ", ".join(map(repr, filter(None, [column.blank, *(column.missing or ())])))
        shown.add_row(*(for_terminal(text) for text in (column.name, column.kind, column.format, marks)))
    console = Console()
    console.print(shown)
    if len(table.columns) > _MOST_COLUMNS:
        console.print(f"and {len(table.columns) - _MOST_COLUMNS:,} more columns")
    console.print("[bold]Where to look next[/]")
    for name, description in {"schema.yaml": "to correct", "evidence/columns.md": "why"}.items():
        console.print(f"  {description:<24}{for_terminal(str(out / name))}", soft_wrap=True, highlight=False)


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
    own = "eightytwenty.cli"
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


def _print_error(sentence: str) -> int:
    sys.stderr.write(f"eightytwenty: {sentence}\n")
    return 2
