"""How likely it is that what is seen in a table is a coincidence."""

import math


def log_chance(hits: float, tries: float, rate: float) -> float:
    """The most that the log of the probability of so many hits or more can be (Chernoff, 1952).

    Args:
        hits: how many tries hit.
        tries: that are independent.
        rate: probability that one of them hits.

    >>> round(log_chance(10, 10, 0.5) / math.log(0.5), 6), log_chance(4, 10, 0.5)
    (10.0, 0.0)
    """
    share = hits / tries if tries else 0.0
    if share <= rate:
        return 0.0
    if rate <= 0:
        return -math.inf
    missed = (1 - share) * math.log((1 - share) / (1 - rate)) if share < 1 else 0.0
    return -tries * (share * math.log(share / rate) + missed)
