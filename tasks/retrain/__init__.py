"""Retraining: new files become a dataset version, a challenger learns from it, and the better network is champion."""

from eightytwenty.errors import UserError

# the names of the states in which a run over an inbox ends, where it is no plain success
NOTHING_TO_DO = "Nothing to do"
ALL_REFUSED = "All files refused"
SOME_REFUSED = "Some files refused"
CHALLENGER_LOST = "Challenger lost"
SOME_REFUSED_AND_LOST = "Some files refused, challenger lost"


class RefusedError(UserError):
    """New rows that must not become part of the dataset: a sentence that says why."""
