"""From new pairs of numbers to a better adder, or to the same one: see flows/retraining.py for the recipe.

A deployment runs it every night; by hand it is `eightytwenty retrain-adders --help`.
"""

from prefect import State, flow

from flows.retraining import Retraining, retrain
from schemas.parameters import RetrainAddersParameters
from tasks.retrain.pairs import PairsExperiment
from tasks.running.failures import user_error_as_state


@flow(name="retrain-adders")
@user_error_as_state
def retrain_adders(parameters: RetrainAddersParameters) -> Retraining | State[None]:
    """Take in new pairs of numbers, train a challenger on all of them, and let the better one be champion.

    Raises:
        UserError: all that is new was refused, or nothing can be learned from what there is.
    """
    return retrain(PairsExperiment, parameters)
