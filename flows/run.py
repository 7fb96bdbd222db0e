"""Runs everything: first the adders, then a GAN that draws avatars. `make run` runs it with its defaults."""

from prefect import State
from prefect.states import Completed

from flows.cli.summaries import show_training
from flows.forms import flow_of
from flows.training import Training, adders, gan
from schemas.parameters import RunParameters


@flow_of("run", RunParameters)
def run(parameters: RunParameters) -> State[list[Training]]:
    """Trains the adders, then a GAN.

    Raises:
        UserError: a source cannot be read, or a cleaned batch is not fit to train on.
    """
    results = adders(**parameters.adders.arguments())
    try:
        trainings = [results, gan(**parameters.gan.arguments())]
    except Exception:
        show_training(results)  # they are finished, even if the pictures fail
        raise
    return Completed(data=trainings, message=" ".join(training.sentence for training in trainings))
