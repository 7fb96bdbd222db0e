"""Kinds of dates and times as the columns of one format have them: what is plain, and how cells are brought to it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import polars as pl

from eightytwenty.kinds import Kind, Repair
from eightytwenty.kinds.date_directives import without_padding
from eightytwenty.kinds.date_format import DateFormat, compile_format
from eightytwenty.kinds.date_forms import EITHER, LAST_CLEAR_YEAR, Belongs
from eightytwenty.kinds.date_notation import formats_of, tidy
from eightytwenty.kinds.spelling import UNICODE_VARIANTS


def rewriting(
    targets: Sequence[DateFormat], belongs: Belongs, *, swapped: bool = False, offset: bool = False
) -> Callable[[str], str]:
    """A repair that writes in a column's format, or in one of several, what a cell can only mean.

    A cell with the numbers in the order of the column, and with its separators, has the meaning that the column's
    format gives it. The century of a year of two digits is known only where the column itself has such years.

    Args:
        targets: the format of the column, or several.
        belongs: which formats are of the kind.
        swapped: whether day and month may stand in the other order than in the column, which is more often a slip.
        offset: whether a cell may say how far it is from UTC in a column that does not.
    """

    def rewrite(cell: str) -> str:
        tidied = tidy(cell)
        found = [(format_, format_.read(tidied)) for format_ in formats_of(tidied) if belongs(format_)]
        texts: set[str | None] = set()
        is_swapped = is_offset = False
        for target in targets:
            in_order = [pair for pair in found if target.order and pair[0].order == target.order and pair[1]]
            for format_, moment in in_order or found:
                if moment is not None:
                    is_swapped |= len(targets) == 1 and _is_swapped(format_, target)
                    is_offset |= format_.has_zone and not target.has_zone
                    texts.add(target.write(moment) if _says_all(format_, target, moment.hour) else None)
        if len(texts) != 1 or (is_swapped and not swapped) or (is_offset and not offset):
            return cell
        return texts.pop() or cell

    return rewrite


def _is_swapped(format_: DateFormat, target: DateFormat) -> bool:
    """Whether both write a day in numbers, in another order; no other number is taken for a year of four digits."""
    orders = {"".join(re.findall("[a-zA-Z]", one.order)) for one in (format_, target)}
    return orders <= {"dmy", "dmY", "mdy", "mdY", "ymd"} and len({order.lower() for order in orders}) > 1


def format_repairs(name: str, targets: Sequence[DateFormat], belongs: Belongs) -> tuple[Repair, ...]:
    """The repairs of a kind that write in the format of a column."""
    reason = f"a {name} in another notation, in that of its column"
    own = Repair(f"{name} format", reason, rewriting(targets, belongs))
    if not any(target.order for target in targets):
        return (own,)
    repairs = [own]
    if targets[0].has_time and not targets[0].has_zone:
        utc = rewriting(targets, belongs, offset=True)
        repairs.append(Repair("offset from UTC", "the same moment, in UTC", utc))
    other = "day and month can only stand in the other order than in the column"
    swapped = rewriting(targets, belongs, swapped=True, offset=True)
    return *repairs, Repair("day and month swapped", other, swapped)


def _says_all(format_: DateFormat, target: DateFormat, hour: int) -> bool:
    """Whether a cell in one format says all that a cell in another one does."""
    has_century = format_.fields.get("year") != "%y" or target.fields.get("year") == "%y"
    has_half = "half" in format_.fields or "half" not in target.fields or not 1 <= hour <= 12
    return has_century and has_half and (format_.has_zone or not target.has_zone)


def in_format(kind: Kind, text: str, belongs: Belongs, noun: str) -> Kind:
    """A kind as the columns of a format have it; of one of several formats, such as `%d/%m/%Y or %m/%d/%Y`.

    Raises:
        ValueError: it is no format of the kind.
    """
    targets = [compile_format(part) for part in text.split(EITHER)]
    if wrong := next((target for target in targets if not belongs(target)), None):
        raise ValueError(f"{wrong.text!r} is no format of {noun}")
    if len({_unordered(target) for target in targets}) > 1 or len(set(targets)) < len(targets):
        raise ValueError(f"{text!r} is no format of {noun}: the two may only differ in the order of day and month")
    repairs = (UNICODE_VARIANTS, *format_repairs(kind.name, targets, belongs))
    if len(targets) == 1:
        (target,) = targets
        if target.fields.get("year") == "%y":
            kind = replace(
                kind,
                doubt=lambda cells: target.parse(cells).dt.year() > LAST_CLEAR_YEAR,
                doubt_name="century unclear",
                doubt_reason="the two digits of its year may be those of the last century",
            )
        return replace(
            kind,
            is_plain=lambda cell: target.read(cell) is not None,
            parse=target.parse,
            repairs=repairs,
            has_one_form=False,
        )

    def moments(cells: pl.Series) -> pl.DataFrame:
        return pl.DataFrame([target.parse(cells).cast(pl.Datetime).alias(target.text) for target in targets])

    def parse(cells: pl.Series) -> pl.Series:
        return cells.set(moments(cells).select(pl.all_horizontal(pl.all().is_null())).to_series(), None)

    def is_open(cells: pl.Series) -> pl.Series:
        differ = pl.min_horizontal(pl.all()) != pl.max_horizontal(pl.all())
        return moments(cells).select(differ).to_series().fill_null(value=False)

    return replace(
        kind,
        dtype=pl.String(),
        is_plain=lambda cell: any(target.read(cell) is not None for target in targets),
        parse=parse,
        repairs=repairs,
        has_one_form=False,
        doubt=is_open,
        doubt_name="day or month first",
        doubt_reason="nothing in the column says which of the numbers is the day; state its format",
    )


def _unordered(target: DateFormat) -> str:
    return re.sub("%[my]", "%d", without_padding(target.text))
