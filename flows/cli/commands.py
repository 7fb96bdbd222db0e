"""The workflow's commands, which the command line of the library finds by an entry point."""

import json
from collections.abc import Sequence

from eightytwenty.cli import Command
from eightytwenty.errors import UserError
from schemas.parameters import (
    AdderParameters,
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


_FLOW = "flows.cli.run_flow"
_BETTER = "add new pairs to the dataset, train a challenger, and make the better network champion"
COMMANDS = (
    Command("run", "all of it: ingest, clean, check, train, track and report", RunParameters, f"{_FLOW}:run_all"),
    Command("adders", "the same, for networks that add two numbers", AdderParameters, f"{_FLOW}:run_adders"),
    Command("gan", "the same, for a GAN that draws pictures", GanParameters, f"{_FLOW}:run_gan"),
    Command(
        "draw", "draw pictures with a trained model", DrawParameters, "flows.cli.draw:draw_command", join_attributes
    ),
    Command("predict", "ask a trained network for sums", PredictParameters, "flows.cli.predict:predict_command"),
    Command("retrain_adders", _BETTER, RetrainAddersParameters, f"{_FLOW}:run_retrain_adders"),
    Command("retrain_avatars", "the same, for pictures", RetrainAvatarsParameters, f"{_FLOW}:run_retrain_avatars"),
    Command(
        "rollback", "make an earlier version champion again", RollbackParameters, "flows.cli.rollback:rollback_command"
    ),
    Command("up", "start both UIs and a worker, until Ctrl-C", UpParameters, "flows.cli.up:up_command"),
    Command(
        "deploy",
        "register the deployments with a running Prefect server",
        DeployParameters,
        "flows.cli.deploy:deploy_command",
    ),
    Command(
        "status", "say what is up, and how the last runs ended", StatusParameters, "flows.cli.status:status_command"
    ),
)
