"""What a message says of the names that were possible."""

import difflib
from collections.abc import Iterable

_MOST = 3  # names, because there may be thousands


def nearest_names(name: str, choices: Iterable[str]) -> str:
    """The names nearest to one that does not exist; if none is near, the first.

    >>> nearest_names("ctiy", ["city", "zip"]), nearest_names("x", ["city", "zip"])
    ('did you mean city?', 'there is city, zip.')
    >>> nearest_names("x", "abcde"), nearest_names("x", [])
    ('there is a, b, c and 2 more.', 'there is none.')
    """
    names = list(dict.fromkeys(choices))
    folded: dict[str, str] = {choice.casefold(): choice for choice in names}
    if close := difflib.get_close_matches(name.casefold(), folded, _MOST):
        return f"did you mean {' or '.join(folded[one] for one in close)}?"
    more = f" and {len(names) - _MOST:,} more" if len(names) > _MOST else ""
    return f"there is {', '.join(names[:_MOST]) or 'none'}{more}."
