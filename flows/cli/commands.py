"""The workflow's commands, which the command line of the library finds by an entry point."""

import json
from collections.abc import Iterator, Sequence

from eightytwenty.cli import Command
from eightytwenty.errors import UserError
from schemas.parameters import (
    DeployParameters,
    DrawParameters,
    FacesParameters,
    PredictParameters,
    RollbackParameters,
    RunParameters,
    StatusParameters,
    UpParameters,
    with_json,
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


_TRAINING, _CHAMPIONS, _SERVERS = "Networks that learn from clean data", "Champions", "Servers"
_EXAMPLES = {
    "adders": "eightytwenty adders --hidden-units 1,2 --largest-sums 16",
    "gan": "eightytwenty gan --source ellipses-colour --size 32",
    "retrain_adders": "eightytwenty retrain-adders --inbox inbox",
    "retrain_avatars": "eightytwenty retrain-avatars --inbox inbox",
}


def _commands() -> Iterator[Command]:
    flow = "flows.cli.run_flow"
    yield Command(
        *("run", "all of it: ingest, clean, check, train, track and report", with_json(RunParameters)),
        f"{flow}:run_all",
        group=_TRAINING,
        example="eightytwenty run --seeds 5",
    )
    for model in MODELS:
        name = identifier(model.name)
        summary = f"the same, for {model.trains}"
        yield Command(
            *(name, summary, with_json(model.form), f"{flow}:run_training"),
            group=_TRAINING,
            example=_EXAMPLES.get(name, ""),
        )
    yield Command(
        *("draw", "draw pictures with a trained model", DrawParameters, "flows.cli.draw:draw_command"),
        join_attributes,
        _TRAINING,
        "eightytwenty draw --hair bun --out faces.png",
    )
    yield Command(
        *("faces", "write a page on which a trained model draws in a browser", FacesParameters),
        "flows.cli.faces:faces_command",
        group=_TRAINING,
        example="eightytwenty faces --out faces.html",
    )
    yield Command(
        *("predict", "ask a trained network for sums", PredictParameters, "flows.cli.predict:predict_command"),
        group=_TRAINING,
        example="eightytwenty predict 2 2",
    )
    better = "to the dataset, train a challenger, and make the better network champion"
    for model in MODELS:
        name = identifier(model.retraining)
        summary = f"add new {model.data} {better}"
        form, run = with_json(model.retraining_form), f"{flow}:run_retraining"
        yield Command(name, summary, form, run, group=_CHAMPIONS, example=_EXAMPLES.get(name, ""))
    for name, summary, options, group, example in (
        ("rollback", "make an earlier version champion again", RollbackParameters, _CHAMPIONS, "rollback adders"),
        ("up", "start both UIs and a worker, until Ctrl-C", UpParameters, _SERVERS, "up"),
        ("deploy", "register the deployments with a running Prefect server", DeployParameters, _SERVERS, "deploy"),
        ("status", "say what is up, and how the last runs ended", StatusParameters, _SERVERS, "status --runs 5"),
    ):
        function = f"flows.cli.{name}:{name}_command"
        yield Command(name, summary, options, function, group=group, example=f"eightytwenty {example}")


COMMANDS = tuple(_commands())
