"""The models: one line each drives training, retraining, the command line, the deployments and their forms."""

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, cast

from schemas.parameters import (
    AdderParameters,
    GanParameters,
    Parameters,
    RetrainAddersParameters,
    RetrainAvatarsParameters,
    RetrainParameters,
)

if TYPE_CHECKING:
    from tasks.experiment import Experiment


@dataclass(frozen=True)
class Model:
    """A model.

    Attributes:
        name: of the command, the deployment, the flow and the MLflow experiment that train it.
        form: of the flow that trains it. Its docstring describes the flow.
        retraining: of the command, the deployment, the flow and the MLflow experiment that retrain it.
        retraining_form: of the flow that retrains it.
        build: "module:function", imported when a flow runs, which makes its `tasks.experiment.Experiment` from a form.
        trains: what is trained, for the list of commands.
        data: what it learns from, for the list of commands and the tags of the deployments.
        cron: when the deployment retrains it, once its schedule is switched on.
    """

    name: str
    form: type[Parameters]
    retraining: str
    retraining_form: type[RetrainParameters]
    build: str
    trains: str
    data: str
    cron: str

    def experiment(self, form: Parameters) -> "Experiment":
        """The experiment that a form of this model describes."""
        module, _, function = self.build.partition(":")
        return cast("Experiment", getattr(import_module(module), function)(form))


def identifier(name: str) -> str:
    """The name of a flow or a command as a Python identifier."""
    return name.replace("-", "_")


MODELS = [
    Model(
        "adders",
        AdderParameters,
        "retrain-adders",
        RetrainAddersParameters,
        build="tasks.adders.experiment:experiment",
        trains="networks that add two numbers",
        data="numbers",
        cron="0 3 * * *",
    ),
    Model(
        "gan",
        GanParameters,
        "retrain-avatars",
        RetrainAvatarsParameters,
        build="tasks.gans.experiment:experiment",
        trains="a GAN that draws pictures",
        data="pictures",
        cron="0 4 * * *",
    ),
]
