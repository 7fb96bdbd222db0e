"""Retrains the avatars model."""

from prefect import flow

from schemas.parameters import RetrainAvatarsParameters


@flow(name="retrain-avatars")
def retrain_avatars(parameters: RetrainAvatarsParameters) -> None:
    """Take in new files, train a challenger, and let the better one be champion."""
    raise NotImplementedError
