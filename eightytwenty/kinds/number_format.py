"""How a column writes its numbers: labels around them, groups of digits, and the mark before the fraction.

A format is one number as an example: `1,234.5`, `1.234,5`, `$1,234`, `1234.5 kg`, `12%`. The labels are whatever stands
around its digits.
"""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import polars as pl

from eightytwenty.kinds import Form, Kind, Repair
from eightytwenty.kinds.number_notation import dashed_fraction, script_digits, spreadsheet_text
from eightytwenty.kinds.spelling import unicode_variants
from eightytwenty.kinds.units import CURRENCY, usual_unit

_GROUPS = ",.' \u00a0\u202f’"
_EXAMPLE = re.compile(rf"(\D*)(?:12|1([{_GROUPS}]?)234(?:([.,])5)?)(\D*)", re.DOTALL)
_NUMBER = (
    r"(?:[0-9]{1,3}(?:,[0-9]{3})+(?:[.][0-9]+)?|[0-9]{1,3}(?:[.][0-9]{3})+(?:,[0-9]+)?"
    r"|[0-9]{1,3}(?:[' \u00a0\u202f’][0-9]{3})+(?:[.,][0-9]+)?|[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)"
)
# A number with one label at most on each side. A sign stands on either side of the first one; brackets around the
# number, or a minus behind it, are one as well.
_LABELLED = (
    rf"^[(]?[-+−]?(?P<before>(?:{CURRENCY}\s*)?)[-+−]?(?P<number>{_NUMBER})"
    r"(?P<exponent>(?:[eE][-+]?[0-9]{1,3})?)(?P<after>\s*[^0-9\s(),;:+-][^0-9(),;:+]*|)(?:[)]|-)?$"
)
# A label must be on this share of the cells to be how the column writes them; else the bare number is the form.
_USUAL = 0.9
_ARABIC = {0x66C: ",", 0x66B: "."}  # its marks between groups and before the fraction
# what is not ASCII, a mark of a spreadsheet at the start, or a dash for zeros at the end
_NOTATED = r"[^\x00-\x7f]|^['=]|[.,]--?$"
_HALF = 0.5
_EITHER = " or "  # between the two formats of a column whose marks have two readings
_DOUBT = "nothing tells whether the mark before three digits stands between groups or before a fraction"
_TWO_READINGS = r"^[1-9][0-9]{0,2}[.,][0-9]{3}$"
# Of the numbers with two readings: so many numbers must prove that the mark is not what it usually is. Fewer are slips.
_PROOFS = 0.05
_FEWEST, _MANY = 3, 0.1  # numbers with groups, and their share, that are no slips
_LONG = 11  # digits behind the first one; spreadsheets shorten whole numbers from there on


Recogniser = Callable[[pl.Series, str, pl.Series | None], pl.Series]

NUMBER_FORMAT = "number format"
UNKNOWN_MARK = "group or fraction"


class _Last(threading.local):
    cells: pl.Series | None = None
    parts: pl.DataFrame = pl.DataFrame()


_last = _Last()


@dataclass(frozen=True)
class NumberFormat:
    """How numbers are written.

    Args:
        before: what stands before the digits, such as `$`.
        group: the mark between groups of three digits, empty for none. Numbers without it are plain all the same.
        mark: the mark before a fraction.
        after: what stands behind the digits, such as ` kg`.
    """

    before: str = ""
    group: str = ""
    mark: str = "."
    after: str = ""

    @classmethod
    def parse(cls, example: str) -> "NumberFormat":
        """The format of the number 1234.5 (or 1234, or 12) as an example.

        Raises:
            ValueError: it is no such example.

        >>> NumberFormat.parse("$1,234.5"), NumberFormat.parse("1.234 kg").mark
        (NumberFormat(before='$', group=',', mark='.', after=''), ',')
        """
        match = _EXAMPLE.fullmatch(example)
        if not match:
            raise ValueError(f"{example!r} is no format of numbers; write the number 1234.5, such as $1,234.5")
        before, group, mark, after = match.groups(default="")
        if group and group == mark:
            raise ValueError(f"{example!r} has the same mark between groups and before the fraction")
        return cls(before, group, mark or ("," if group == "." else "."), after)

    def __str__(self) -> str:
        fraction = f"{self.mark}5" if self.mark == "," or self.group else ""
        body = f"1{self.group}234{fraction}"
        return f"{self.before}{body}{self.after}"

    @classmethod
    def parse_either(cls, example: str) -> "tuple[NumberFormat, ...]":
        """The format of an example, or both of two, such as `1,234 or 1234,5`: the usual reading first.

        Raises:
            ValueError: it is no such example.

        >>> [str(form) for form in NumberFormat.parse_either("1,234 or 1234,5")]
        ['1,234.5', '1234,5']
        """
        usual, _, other = example.partition(_EITHER)
        return (cls.parse(usual), cls.parse(other)) if other else (cls.parse(example),)

    @property
    def pattern(self) -> str:
        """A regular expression of the cells in this format, for Python and for polars."""
        grouped = rf"[1-9][0-9]{{0,2}}(?:{re.escape(self.group)}[0-9]{{3}})+|" if self.group else ""
        number = rf"(?:{grouped}[0-9]+)(?:{re.escape(self.mark)}[0-9]+)?"
        before = re.escape(self.before)
        signed = rf"(?:-?{before}|{before}-)" if before else "-?"
        return rf"{signed}{number}{re.escape(self.after)}"

    def read(self, cell: str) -> str:
        """The plain number of a cell in this format."""
        bare = cell.replace(self.before, "", 1).removesuffix(self.after)
        bare = bare.replace(self.group, "") if self.group else bare
        return bare.replace(",", ".") if self.mark == "," else bare

    def bare(self, cells: pl.Series) -> pl.Series:
        """(n,) String, the plain numbers of cells in this format, null for others."""
        bare = cells.set(~cells.str.contains(rf"^(?:{self.pattern})\z"), None)
        bare = bare.str.replace(self.before, "", literal=True) if self.before else bare
        bare = bare.str.strip_suffix(self.after) if self.after else bare
        if self.group:
            bare = bare.str.replace_all(self.group, "", literal=True)
        return bare.str.replace(",", ".", literal=True) if self.mark == "," else bare

    def write(self, number: str) -> str:
        """Writes a plain number, such as -1234.5, in this format.

        >>> NumberFormat("$", ",").write("-1234567.50"), NumberFormat(mark=",", after=" kg").write("0.5")
        ('-$1,234,567.50', '0,5 kg')
        """
        sign = "-" if number.startswith("-") else ""
        whole, point, fraction = number.removeprefix("-").partition(".")
        if self.group:
            whole = f"{int(whole):,}".replace(",", self.group)
        return f"{sign}{self.before}{whole}{self.mark if point else ''}{fraction}{self.after}"


def number_parts(cells: pl.Series) -> pl.DataFrame:
    """What numbers consist of: before, number, exponent and after, with null in all of them for a cell that is none.

    Args:
        cells: (n,) String. The digits of other scripts are read as well.
    """
    if _last.cells is cells:  # several kinds look at the same cells, one after the other
        return _last.parts
    _last.cells, _last.parts = cells, _parts(cells)
    return _last.parts


def _parts(cells: pl.Series) -> pl.DataFrame:
    odd = cells.str.contains(_NOTATED).arg_true()
    if len(odd):
        cells = cells.clone().scatter(odd, [_bare_notation(cell) for cell in cells[odd]])
    parts = cells.str.extract_groups(_LABELLED).struct.unnest()
    unreadable = _no_accounting(cells, parts) | _cut_short(parts)
    if not unreadable.any():
        return parts
    return parts.select(pl.when(~unreadable).then(pl.all()))


def _no_accounting(cells: pl.Series, parts: pl.DataFrame) -> pl.Series:
    """(n,) Boolean, which numbers have a bracket or a minus behind them that is not the sign of an amount.

    It is one where brackets are a pair, not around all numbers of the column, which would be an enumeration, and some
    numbers of the column have a mark or a currency, as amounts do: `2-` is a grade among whole numbers.
    """
    is_number = parts["number"].is_not_null()
    opened, closed = cells.str.starts_with("(") & is_number, cells.str.ends_with(")") & is_number
    behind = cells.str.ends_with("-") & is_number
    if not (opened | closed | behind).any():
        return opened
    broken = (opened != closed) | ((opened | behind) & cells.str.contains(r"^[(]?[^0-9]*[-+−]"))
    broken |= behind & (opened | (parts["after"] != ""))
    sound = parts.filter(~broken & is_number)
    has_amounts = (
        sound["number"].str.contains("[^0-9]") | (sound["before"] != "") | sound["after"].str.contains(CURRENCY)
    ).any()
    is_enumeration = bool((opened | ~is_number | broken).all())
    no_sign = (opened & (is_enumeration or not has_amounts)) | (behind & (not has_amounts))
    return broken | no_sign


def _cut_short(parts: pl.DataFrame) -> pl.Series:
    """(n,) Boolean, which numbers are what a spreadsheet leaves of long ones, such as others here: `1.2E+11`."""
    exponents = parts["exponent"].str.extract("^[eE][+]?([0-9]+)$").cast(pl.Int64)
    is_long = exponents >= _LONG
    if not is_long.any():
        return pl.Series([False]).new_from_index(0, len(parts))
    fraction = parts["number"].str.extract("[.,]([0-9]+)$").str.len_bytes().fill_null(0)
    whole = parts.filter(pl.col("number").str.contains("^[1-9][0-9]+$") & (pl.col("exponent") == ""))["number"]
    lengths = whole.str.len_bytes().unique().cast(pl.Int64)
    return (is_long & (fraction < exponents) & (exponents + 1).is_in(lengths.implode())).fill_null(value=False)


def _bare_notation(cell: str) -> str:
    """A number without what scripts, spreadsheets and accountants write into it."""
    for change in (script_digits, unicode_variants, spreadsheet_text, dashed_fraction):
        cell = change(cell) or cell
    return cell.translate(_ARABIC)


def find_number_form(cells: pl.Series, counts: pl.Series, known_mark: str = "") -> Form:
    """How most of these numbers are written; in either of two ways, if `1,250` may be 1250 and 1.25.

    Args:
        cells: (n,) String, distinct.
        counts: (n,) integer, how often each occurs.
        known_mark: the mark before fractions, if something else tells; else the numbers themselves do.
    """
    if not cells.str.contains("[^0-9-]").any():
        return Form()
    parts = number_parts(cells).with_columns(count=counts).drop_nulls("number")
    proven = known_mark or decimal_mark(parts)
    mark = proven or "."
    group = _group_mark(parts, mark)
    before, after, unit = _labels(parts)
    form = NumberFormat(before, group, mark, after)
    if not proven and (either := _either(parts, form)):
        return Form(either, unit, _DOUBT)
    example = "" if form == NumberFormat() else str(form)
    has_fraction = _weight(parts, rf"{re.escape(mark)}[0-9]+$") > 0
    return Form(example if has_fraction else example.replace(f"{mark}5", ""), unit)


def _either(parts: pl.DataFrame, form: NumberFormat) -> str:
    """The usual format, and the one in which points and commas change places; empty if no number tells them apart."""
    numbers = parts["number"]
    commas = form.group == "," and numbers.str.contains(r"^[1-9][0-9]{0,2},[0-9]{3}$").any()
    points = form.group != "." and numbers.str.contains(r"^[1-9][0-9]{0,2}[.][0-9]{3}$").any()
    if not commas and not points:
        return ""
    usual = f"1{form.group}234{'.5' if points else ''}"
    other = f"1{'.' if points else ''}234{',5' if commas else ''}"
    return _EITHER.join(f"{form.before}{example}{form.after}" for example in (usual, other))


def _weight(parts: pl.DataFrame, pattern: str) -> int:
    """How many cells have a number that matches a pattern."""
    return int(parts.filter(pl.col("number").str.contains(pattern))["count"].sum())


def has_two_readings(cell: str) -> bool:
    """Whether the mark in a number may stand between groups or before a fraction.

    >>> [has_two_readings(cell) for cell in ("1,250", "-$12.390", "0,125", "1,250.5", "1250")]
    [True, True, False, False, False]
    """
    number = re.search(r"[0-9](?:[0-9.,]*[0-9])?", cell)
    return number is not None and re.search(_TWO_READINGS, number[0]) is not None


def column_mark(cells: pl.Series, counts: pl.Series) -> str:
    """The mark before fractions that the numbers of a column prove; empty if nothing does, or most cells are none.

    Args:
        cells: (n,) String, distinct.
        counts: (n,) integer, how often each occurs.
    """
    parts = number_parts(cells).with_columns(count=counts)
    numbers = parts.drop_nulls("number")
    with_digits = int(counts.filter(cells.str.contains("[0-9]")).sum())
    return decimal_mark(numbers) if int(numbers["count"].sum()) > _HALF * with_digits else ""


def decimal_mark(parts: pl.DataFrame) -> str:
    """The mark before fractions, from the numbers that have one reading; empty where they do not tell.

    Args:
        parts: of numbers, with the column `count` where they are distinct.
    """
    if "count" not in parts.columns:
        parts = parts.with_columns(count=1).drop_nulls("number")
    proofs = _proofs(parts)
    if proofs["."] > proofs[","] or (proofs["."] == proofs[","] == 0 and _are_groups(parts)):
        return "."
    return "," if proofs[","] > max(proofs["."], _PROOFS * _weight(parts, _TWO_READINGS)) else ""


def _are_groups(parts: pl.DataFrame) -> bool:
    """Whether commas before three digits can only be groups.

    As fractions, those with a zero at the end would all be written with three digits, and whole numbers were so, too.
    """
    grouped = _weight(parts, "^[1-9][0-9]{0,2},[0-9]{3}$")
    return (
        grouped >= max(_FEWEST, _MANY * int(parts["count"].sum()))
        and _weight(parts, ",[0-9]{2}0$") > 0
        and _weight(parts, "^[1-9][0-9]{0,2}$") > 0
        and _weight(parts, "^[0-9]{4}|[.]") == 0
    )


def _proofs(parts: pl.DataFrame) -> dict[str, int]:
    """How many numbers prove that a mark stands before fractions."""
    marks = {}
    for mark, group in ((".", ","), (",", ".")):
        m, g = re.escape(mark), re.escape(group)
        # a fraction that is no group of three digits, several groups, or groups and a fraction
        alone = rf"^[0-9]*{m}(?:[0-9]{{0,2}}|[0-9]{{4,}})$|^(?:0|[0-9]{{4,}}){m}[0-9]{{3}}$"
        marks[mark] = _weight(parts, rf"{alone}|{g}[0-9]{{3}}{g}|{g}.*{m}|[' \u00a0\u202f’].*{m}")
    return marks


def _group_mark(parts: pl.DataFrame, mark: str) -> str:
    """The mark between groups of digits, if at least half of the numbers that are long enough have it."""
    long = _weight(parts, r"^[0-9]{4,}")
    weights = {group: _weight(parts, rf"^[1-9][0-9]{{0,2}}{re.escape(group)}[0-9]{{3}}") for group in _GROUPS}
    weights.pop(mark)
    group = max(weights, key=lambda group: weights[group])
    return group if weights[group] > long else ""


def _labels(parts: pl.DataFrame) -> tuple[str, str, str]:
    """The labels around the numbers of the column, empty where too few have them; and the unit they stand for."""
    labels = (
        parts.group_by("before", "after").agg(pl.col("count").sum()).sort("count", "before", "after", descending=True)
    )
    units = [
        usual_unit(before) or usual_unit(after) or after.strip()
        for before, after in labels.select("before", "after").rows()
    ]
    labels = labels.with_columns(unit=pl.Series(units, dtype=pl.String))
    weights = labels.filter(pl.col("unit") != "").group_by("unit", maintain_order=True).agg(pl.col("count").sum())
    if weights.is_empty():
        return "", "", ""
    unit, count = weights.sort("count", descending=True, maintain_order=True).row(0)
    before, after = labels.filter(pl.col("unit") == unit).select("before", "after").row(0)
    is_usual = count >= _USUAL * int(labels["count"].sum())
    return (before, after, unit) if is_usual else ("", "", unit)


def formatted(kind: Kind, example: str) -> Kind:
    """A kind of numbers as columns of a format have it.

    Raises:
        ValueError: the example is no format.
    """
    usual, *others = NumberFormat.parse_either(example)
    formatted_kind = _formatted(kind, usual)
    if not others:
        return formatted_kind
    (other,) = others

    def is_open(cells: pl.Series) -> pl.Series:
        return (usual.bare(cells) != other.bare(cells)).fill_null(value=False)

    return replace(
        formatted_kind,
        doubt=is_open,
        doubt_name=UNKNOWN_MARK,
        doubt_reason=f"{_DOUBT}; state the format of the column",
    )


def in_column(kind: Kind, mark: str, counts: pl.Series, recognise: Recogniser) -> Kind:
    """A kind of numbers that knows the mark of a column, and how often each cell occurs.

    Args:
        kind: of numbers.
        mark: before fractions, empty if unknown.
        counts: (n,) integer, how often each cell occurs.
        recognise: as the kind does, with the mark and the counts as further arguments.
    """
    return replace(
        kind,
        recognise=lambda cells: recognise(cells, mark, counts),
        find_form=lambda cells, counts: find_number_form(cells, counts, mark),
    )


@lru_cache(maxsize=1_000)
def _formatted(kind: Kind, format: NumberFormat) -> Kind:  # noqa: A002
    pattern, unlabelled = re.compile(format.pattern), NumberFormat(group=format.group, mark=format.mark)
    bare_pattern = re.compile(unlabelled.pattern)

    def is_plain(cell: str) -> bool:
        return pattern.fullmatch(cell) is not None and kind.is_plain(format.read(cell))

    def write(cell: str) -> str:
        plain = unlabelled.read(cell) if bare_pattern.fullmatch(cell) else cell
        return format.write(plain) if kind.is_plain(plain) else cell

    as_written = Repair(NUMBER_FORMAT, "the number as this column writes its numbers", write)
    return replace(
        kind,
        is_plain=is_plain,
        parse=lambda cells: kind.parse(format.bare(cells)),
        # first, because the marks of the column have one reading, which they have not everywhere
        repairs=(as_written, *kind.repairs, as_written),
        has_one_form=False,
    )
