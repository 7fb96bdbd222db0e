"""The one error that a user causes and can cure."""


class UserError(Exception):
    """Bad input: one sentence that says what was wrong, where, and what to do.

    The command line prints the sentence and exits with code 2; a flow fails with it as its reason.

    Attributes:
        kept: the sentence as it may be stored: without a quotation of the user's data.
    """

    def __init__(self, sentence: str, kept: str = "") -> None:
        super().__init__(sentence)
        self.kept = kept or sentence
