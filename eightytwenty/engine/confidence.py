"""How certain each repair is, as measured on tables whose truth is known."""

DEFAULT = 0.99  # what makes a repair certain enough, where nothing else is asked for
# repair -> the share of its results that are right; of the others, hardly any is wrong
_MEASURED = {"day and month swapped": 0.2, "letter case": 0.5, "accents": 0.5}


def confidence(rule: str) -> float:
    """The share of a rule's repairs that are right; 1 for a rule that has one reading alone."""
    return _MEASURED.get(rule, 1.0)
