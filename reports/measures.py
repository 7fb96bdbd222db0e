"""The measures of networks as people read them: under one title, and shares in percent."""

from reports.numbers import compact, percent

_TITLES = {
    "fid": "FID",
    "kid": "KID",
    "fidelity": "attributes recognised as requested",
    "fidelity_share": "attributes recognised, as a share of the real",
    "modes_captured": "attribute pairs captured",
    "reverse_kl": "reverse KL over attribute pairs",
    "ellipses": "pictures that are ellipses",
    "alarms": "alarms of collapse",
    **{
        f"{name}_distance": f"spread of {name}, distance from the real one" for name in ("red", "green", "blue", "area")
    },
}
_SHARES = {"accuracy", "coverage", "diversity", "fidelity", "fidelity_share", "modes_captured", "ellipses"}


def title(measure: str) -> str:
    """What a measure is called.

    >>> title("fid"), title("mean_absolute_error")
    ('FID', 'mean absolute error')
    """
    return _TITLES.get(measure, measure.replace("_", " "))


def text(measure: str, value: float | None) -> str:
    """The value of a measure; empty if there is none.

    >>> text("coverage", 0.962), text("fid", 31.08), text("fid", None)
    ('96.2 %', '31.1', '')
    """
    if value is None:
        return ""
    return percent(value) if measure in _SHARES else compact(value)


def exact(value: float | None) -> str:
    """The value of any measure with six digits, so that two networks can be told apart; empty if there is none.

    >>> exact(0.99951), exact(31.0412345), exact(0.0)
    ('0.99951', '31.0412', '0')
    """
    return "" if value is None else f"{value:.6g}"
