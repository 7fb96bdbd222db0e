"""The one error that a user causes and can cure."""


class UserError(Exception):
    """Bad input: one sentence that says what was wrong, where, and what to do.

    The command line prints the sentence and exits with code 2; a flow fails with it as its reason.
    """
