"""The one error that a user causes and can fix."""

from eightytwenty.printable import visible


class UserError(Exception):
    """Bad input: one sentence that says what was wrong, where, and what to do.

    The command line prints the sentence and exits with code 2; a flow fails with it as its reason. It may quote names
    and cells: what would act in a terminal or a log is made visible here.

    Attributes:
        redacted: the sentence without quotations of the user's data, so that it may be stored.
    """

    def __init__(self, sentence: str, redacted: str = "") -> None:
        super().__init__(visible(sentence))
        self.redacted = visible(redacted or sentence)
