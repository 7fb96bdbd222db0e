"""The command line: `eightytwenty --help` lists its commands.

Its options are the fields of schemas/parameters.py. A flow and its libraries are imported when it is called, so that
`--help` answers at once.
"""

import argparse
import json
import sys
from importlib import import_module
from typing import Any, NoReturn, cast

from pydantic import BaseModel, Field, ValidationError
from pydantic_settings import (
    CliApp,
    CliSettingsSource,
    CliSubCommand,
    SettingsConfigDict,
    SettingsError,
    get_subcommand,
)

from eightytwenty.errors import UserError
from eightytwenty.signals import sigterm_raises
from schemas.parameters import (
    AdderParameters,
    CleanParameters,
    DeployParameters,
    DrawParameters,
    GanParameters,
    PredictParameters,
    RetrainAddersParameters,
    RetrainAvatarsParameters,
    RollbackParameters,
    RunParameters,
    StatusParameters,
    UpParameters,
)

_COMMANDS = {
    RunParameters: ("run_flow", "run_locally"),
    AdderParameters: ("run_flow", "run_locally"),
    GanParameters: ("run_flow", "run_locally"),
    RetrainAddersParameters: ("run_flow", "run_locally"),
    RetrainAvatarsParameters: ("run_flow", "run_locally"),
    CleanParameters: ("clean", "clean_command"),
    DrawParameters: ("draw", "draw_command"),
    PredictParameters: ("predict", "predict_command"),
    RollbackParameters: ("rollback", "rollback_command"),
    UpParameters: ("up", "up_command"),
    DeployParameters: ("deploy", "deploy_command"),
    StatusParameters: ("status", "status_command"),
}


class Commands(BaseModel):
    """eightytwenty: an ML workflow in which data cleaning is the main character.

    Runs keep what they make in the folder `data`, or in the one that EIGHTYTWENTY_DATA names.
    """

    model_config = SettingsConfigDict(cli_kebab_case=True, cli_hide_none_type=True, cli_avoid_json=True)

    run: CliSubCommand[RunParameters] = Field(description="all of it: ingest, clean, check, train, track and report")
    adders: CliSubCommand[AdderParameters] = Field(description="the same, for networks that add two numbers")
    gan: CliSubCommand[GanParameters] = Field(description="the same, for a GAN that draws pictures")
    clean: CliSubCommand[CleanParameters] = Field(description="clean a table or pictures of your own")
    draw: CliSubCommand[DrawParameters] = Field(description="draw pictures with a trained model")
    predict: CliSubCommand[PredictParameters] = Field(description="ask a trained network for sums")
    retrain_adders: CliSubCommand[RetrainAddersParameters] = Field(
        description="take in new pairs, train a challenger, and let the better one be champion"
    )
    retrain_avatars: CliSubCommand[RetrainAvatarsParameters] = Field(description="the same, for pictures")
    rollback: CliSubCommand[RollbackParameters] = Field(description="make an earlier version champion again")
    up: CliSubCommand[UpParameters] = Field(description="start both UIs and a worker, until Ctrl-C")
    deploy: CliSubCommand[DeployParameters] = Field(description="register the deployments at a running Prefect server")
    status: CliSubCommand[StatusParameters] = Field(description="say what is up, and how the last runs ended")


class _Parser(argparse.ArgumentParser):
    """Says in one sentence what is wrong with a command line."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message}; see {self.prog} --help")


def main() -> None:
    """Runs a command. Exit code 0; 2 and one sentence where the user can cure it; 130 on Ctrl-C."""
    try:
        with sigterm_raises():
            _call(_parse(sys.argv[1:]))
    except UserError as error:
        sys.exit(_complain(str(error)))
    except KeyboardInterrupt:
        sys.exit(130)


def _parse(arguments: list[str]) -> BaseModel:
    parser = _Parser(prog="eightytwenty", description=Commands.__doc__, formatter_class=argparse.RawTextHelpFormatter)
    source: CliSettingsSource[Any] = CliSettingsSource(Commands, root_parser=parser)  # type: ignore[arg-type]
    try:
        arguments = _with_attributes_together(arguments or ["--help"])
        commands = CliApp.run(Commands, cli_args=arguments, cli_settings_source=source)
    except ValidationError as error:
        raise UserError(_sentence(error)) from None
    except SettingsError as error:
        raise UserError(f"{error}; see eightytwenty --help") from None
    return cast("BaseModel", get_subcommand(commands))


def _with_attributes_together(arguments: list[str]) -> list[str]:
    """Makes one option of those of `draw` that are named after attributes: they are known when the model is loaded."""
    if arguments[0] != "draw":
        return arguments
    names = [field.alias or name for name, field in DrawParameters.model_fields.items()]
    # the parser knows a name of one letter by one dash
    own = {"--help": "--help"} | {f"--{name}": f"--{name}" if len(name) > 1 else f"-{name}" for name in names}
    kept, attributes = [], {}
    rest = iter(arguments)
    for argument in rest:
        option, mark, value = argument.partition("=")
        if option in own or not option.startswith("--"):
            kept.append(own.get(option, option) + mark + value)
            continue
        value = value if mark else next(rest, "--")
        if value.startswith("--"):
            raise UserError(f"{option} needs a value; see eightytwenty draw --help")
        attributes[option.removeprefix("--").replace("-", "_")] = value
    return [*kept, "--attributes", json.dumps(attributes)] if attributes else kept


def _sentence(error: ValidationError) -> str:
    """The first thing that is wrong with the options, in one sentence."""
    first = error.errors()[0]
    command, *option = (str(part).replace("_", "-") for part in first["loc"])
    if first["type"] == "missing":
        return f"{command} needs --{option[0]}; see eightytwenty {command} --help"
    what = f"--{option[0]} {first['input']}" if option else command
    return f"{what}: {first['msg'].removeprefix('Value error, ')}; see eightytwenty {command} --help"


def _call(parameters: BaseModel) -> None:
    """Calls what stands behind a command: a function of its parameters in a module of flows/cli/."""
    module, function = _COMMANDS[type(parameters)]
    # imported here, because the libraries behind a command take seconds to load
    getattr(import_module(f"flows.cli.{module}"), function)(parameters)


def _complain(sentence: str) -> int:
    print(f"eightytwenty: {sentence}", file=sys.stderr)
    return 2
