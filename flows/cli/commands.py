"""The workflow's commands, which the command line of the library finds by an entry point."""

import json
from collections.abc import Iterator, Sequence

from eightytwenty.cli import Command
from eightytwenty.errors import UserError
from schemas.parameters import (
    DeployParameters,
    DrawParameters,
    PredictParameters,
    RollbackParameters,
    RunParameters,
    StatusParameters,
    UpParameters,
)
from tasks.registry import MODELS, identifier


def join_attributes(arguments: Sequence[str]) -> list[str]:
    """Collects options named after attributes into --attributes: which exist is known once the model is loaded."""
    names = [field.alias or name for name, field in DrawParameters.model_fields.items()]
    # the parser knows a name of one letter by one dash
    own = {"--help": "--help"} | {f"--{name}": f"--{name}" if len(name) > 1 else f"-{name}" for name in names}
    others, attributes = [], {}
    rest = iter(arguments)
    for argument in rest:
        option, mark, value = argument.partition("=")
        if option in own or not option.startswith("--"):
            others.append(own.get(option, option) + mark + value)
            continue
        value = value if mark else next(rest, "--")
        if value.startswith("--"):
            raise UserError(f"{option} needs a value; see eightytwenty draw --help")
        attributes[option.removeprefix("--").replace("-", "_")] = value
    return [*others, "--attributes", json.dumps(attributes)] if attributes else others


def _commands() -> Iterator[Command]:
    flow = "flows.cli.run_flow"
    yield Command("run", "all of it: ingest, clean, check, train, track and report", RunParameters, f"{flow}:run_all")
    for model in MODELS:
        yield Command(identifier(model.name), f"the same, for {model.trains}", model.form, f"{flow}:run_training")
    yield Command(
        "draw", "draw pictures with a trained model", DrawParameters, "flows.cli.draw:draw_command", join_attributes
    )
    yield Command("predict", "ask a trained network for sums", PredictParameters, "flows.cli.predict:predict_command")
    better = "to the dataset, train a challenger, and make the better network champion"
    for model in MODELS:
        summary = f"add new {model.data} {better}"
        yield Command(identifier(model.retraining), summary, model.retraining_form, f"{flow}:run_retraining")
    for name, summary, options in (
        ("rollback", "make an earlier version champion again", RollbackParameters),
        ("up", "start both UIs and a worker, until Ctrl-C", UpParameters),
        ("deploy", "register the deployments with a running Prefect server", DeployParameters),
        ("status", "say what is up, and how the last runs ended", StatusParameters),
    ):
        yield Command(name, summary, options, f"flows.cli.{name}:{name}_command")


COMMANDS = tuple(_commands())
