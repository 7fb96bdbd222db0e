"""How numbers are written in figures, tables and reports."""

import math
from collections.abc import Mapping, Sequence
from statistics import median


def compact(value: float, digits: int = 3) -> str:
    """Write a number with a few significant digits, or as a whole number above a thousand.

    Args:
        value: Any number.
        digits: How many significant digits.

    Returns:
        For example ``0.0123``, ``12.3``, ``3,746``, ``1.25e9``; ``NaN`` and ``∞`` if it is not finite.
    """
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    magnitude = abs(value)
    if magnitude >= 1e7 or 0 < magnitude < 1e-3:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        text = f"{float(mantissa):g}e{int(exponent)}"
    elif magnitude >= 999.5:
        text = f"{value:,.0f}"
    else:
        text = f"{value:.{digits}g}"
    return text.replace("-", "−")


def percent(share: float) -> str:
    """Write a share between 0 and 1 as a percentage that never rounds up to all or down to nothing.

    Returns:
        For example ``47.3 %``; ``100 %`` and ``0 %`` only if it is exactly that.
    """
    if math.isnan(share):
        return "NaN"
    if 0 < share < 0.001:
        return "< 0.1 %"
    if 0.999 < share < 1:
        return "> 99.9 %"
    return f"{round(100 * share, 1):g} %"


def counts(numbers: Mapping[str, int]) -> str:
    """Write how many there are of each, such as ``363 clean, 45 quarantine``."""
    return ", ".join(f"{number:,} {name}" for name, number in numbers.items())


def seconds(value: float) -> str:
    """Write a duration in seconds, with as many decimals as are useful (``0.01 s``, ``4.2 s``, ``512 s``)."""
    if 0 < value < 0.01:
        return "< 0.01 s"
    decimals = 0 if value == 0 else 2 if value < 1 else 1 if value < 100 else 0
    return f"{value:,.{decimals}f} s"


def spread(values: Sequence[float]) -> tuple[float, float, float]:
    """Give minimum, median and maximum of the numbers among the values, or NaN three times if there are none."""
    numbers = [value for value in values if not math.isnan(value)]
    if not numbers:
        return math.nan, math.nan, math.nan
    return min(numbers), median(numbers), max(numbers)
