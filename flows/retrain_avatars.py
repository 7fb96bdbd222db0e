"""From new pictures to a better GAN, or to the same one: see flows/retraining.py for the recipe.

A deployment runs it every night; by hand it is `eightytwenty retrain-avatars --help`.
"""

from prefect import State, flow

from flows.retraining import Retraining, retrain
from schemas.parameters import RetrainAvatarsParameters
from tasks.retrain.pictures import PictureExperiment
from tasks.running.failures import user_error_as_state


@flow(name="retrain-avatars")
@user_error_as_state
def retrain_avatars(parameters: RetrainAvatarsParameters) -> Retraining | State[None]:
    """Take in new pictures, train a challenger on all of them, and let the better one be champion.

    Raises:
        UserError: all that is new was refused, or nothing can be learned from what there is.
    """
    return retrain(PictureExperiment, parameters)
