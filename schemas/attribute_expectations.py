"""What a whole batch of clean pictures must be, for Great Expectations: its attributes and the fates of its files.

The strict schema (eightytwenty/pictures/schema.py) says which values are allowed. This file says how they must be
distributed.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from schemas.expectations import (
    FEWEST_ROWS,
    BatchExpectations,
    alarm_note,
    divergence_threshold,
    fate_expectations,
    sample_step,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from great_expectations.expectations.expectation import Expectation

    from eightytwenty.kinds.category import Attribute

LARGEST_SHARE = 0.995  # of one value: above it, there is next to nothing to learn from an attribute


def pictures_expectations(
    name: str, attributes: Sequence[Attribute], *, rows: int, generated: bool, most_quarantine: float = 0.5
) -> BatchExpectations:
    """What a batch of clean pictures must be.

    Args:
        name: what the batch is, for titles.
        attributes: of the pictures. For a source without attributes, only the fates are checked.
        rows: clean pictures in the batch. The room for chance follows from it.
        generated: whether the pictures were generated here, all values of an attribute equally likely. The
            distribution of a user's pictures is unknown.
        most_quarantine: the largest share of the raw files, from 0 to 1, that may be in quarantine.

    Returns:
        The expectations; those on fates also read `pictures_in_file`, the length of pictures.npy.
    """
    import great_expectations.expectations.core as gxe

    fates = (
        *fate_expectations("picture", most_quarantine),
        gxe.ExpectColumnPairValuesToBeEqual(
            column_A="rows_in_file",
            column_B="pictures_in_file",
            description="There must be as many pictures as rows in the clean table.",
            meta={"notes": "Rows come first, pictures second. If they differ, pictures have the wrong attributes."},
        ),
    )
    checked = math.ceil(rows / sample_step(rows))
    clean: list[Expectation] = []
    shares: list[Expectation] = []
    for attribute in attributes if checked >= FEWEST_ROWS else ():
        column = attribute.name
        clean.append(
            gxe.ExpectColumnUniqueValueCountToBeBetween(
                column=column,
                min_value=2,
                description=f"There must be at least 2 different values of {column}.",
                meta={"notes": "A network cannot learn what an attribute does from a single value."},
            )
        )
        shares.append(
            gxe.ExpectColumnMaxToBeBetween(
                column=column,
                max_value=LARGEST_SHARE,
                description=f"No value of {column} may make up more than {LARGEST_SHARE:.1%} of the pictures.",
                meta={"notes": "Too few pictures would have the other values to learn from them."},
            )
        )
        if generated and checked >= FEWEST_ROWS * len(attribute.values):
            clean.append(_uniform(attribute, checked))
    return BatchExpectations(
        name, tuple(attribute.name for attribute in attributes), tuple(clean), fates, tuple(shares)
    )


def _uniform(attribute: Attribute, rows: int) -> Expectation:
    """All values are equally likely, as far as chance allows with this many rows."""
    import great_expectations.expectations.core as gxe

    count = len(attribute.values)
    threshold = divergence_threshold(count, rows)
    return gxe.ExpectColumnKLDivergenceToBeLessThan(
        column=attribute.name,
        partition_object={"values": list(attribute.values), "weights": [1 / count] * count},
        threshold=threshold,
        description=f"The {count} values of {attribute.name} must be equally frequent: Kullback-Leibler divergence at "
        f"most {threshold:.4g}.",
        meta={"notes": f"They were drawn that way. {alarm_note(rows)}"},
    )
