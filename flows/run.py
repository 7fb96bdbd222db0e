"""Runs everything: first the adders, then a GAN that draws avatars. `make run` runs it with its defaults."""

from prefect import flow

from flows.cli.summaries import show_training
from flows.training import Training, adders, gan
from schemas.parameters import RunParameters
from tasks.running.failures import user_error_as_state


@flow(name="run")
@user_error_as_state
def run(parameters: RunParameters) -> list[Training]:
    """Run everything: ingest, clean, check, train, track and report, for numbers and for pictures.

    Raises:
        UserError: a source cannot be read, or a cleaned batch is not fit to train on.
    """
    results = adders(parameters.adders)
    try:
        return [results, gan(parameters.gan)]
    except Exception:
        show_training(results)  # they are finished, even if the pictures fail
        raise
