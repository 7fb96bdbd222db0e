"""Whether a text is another one with a slip of the pen in it."""

_SHORTEST = 4  # characters: of fewer, many texts are one character apart


def is_slip(one: str, other: str) -> bool:
    """Whether two texts differ in one character: another one, one more or less, or two that changed places.

    >>> is_slip("1050", "150"), is_slip("1050", "1005"), is_slip("1050", "1150"), is_slip("1050", "1535")
    (True, True, True, False)
    """
    shorter, longer = sorted((one, other), key=len)
    if len(longer) - len(shorter) > 1 or len(longer) < _SHORTEST or one == other:
        return False
    start = next((at for at, pair in enumerate(zip(shorter, longer, strict=False)) if pair[0] != pair[1]), len(shorter))
    if len(shorter) < len(longer):
        return shorter[start:] == longer[start + 1 :]
    if shorter[start + 1 :] == longer[start + 1 :]:
        return True
    return shorter[start : start + 2] == longer[start : start + 2][::-1] and shorter[start + 2 :] == longer[start + 2 :]
