"""Retraining: new files become a dataset version, a challenger learns from it, and the better network is champion."""

from eightytwenty.errors import UserError


class RefusedError(UserError):
    """New rows that must not become part of the dataset: a sentence that says why."""
