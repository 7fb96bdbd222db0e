"""Retrains the adders model."""

from prefect import flow

from schemas.parameters import RetrainAddersParameters


@flow(name="retrain-adders")
def retrain_adders(parameters: RetrainAddersParameters) -> None:
    """Take in new files, train a challenger, and let the better one be champion."""
    raise NotImplementedError
