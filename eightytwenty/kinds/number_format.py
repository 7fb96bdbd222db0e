"""How a column writes its numbers: labels around them, groups of digits, and the mark before the fraction.

A format is one number as an example: `1,234.5`, `1.234,5`, `$1,234`, `1234.5 kg`, `12%`. The labels are whatever stands
around its digits.
"""

import re
from dataclasses import dataclass

import polars as pl

from eightytwenty.kinds import Form
from eightytwenty.kinds.number_parts import number_parts
from eightytwenty.kinds.units import usual_unit

_GROUPS = ",.' \u00a0\u202f’"
_EXAMPLE = re.compile(rf"(\D*)(?:12|1([{_GROUPS}]?)234(?:([.,])5)?)(\D*)", re.DOTALL)
# A label must be on this share of the cells to be how the column writes them; else the bare number is the form.
_USUAL = 0.9
_HALF = 0.5
_EITHER = " or "  # between the two formats of a column whose marks have two readings
DOUBT = "nothing tells whether the mark before three digits stands between groups or before a fraction"
_TWO_READINGS = r"^[1-9][0-9]{0,2}[.,][0-9]{3}$"
# Of the numbers with two readings: so many numbers must prove that the mark is not what it usually is. Fewer are slips.
_PROOFS = 0.05
_FEWEST, _MANY = 3, 0.1  # numbers with groups, and their share, that are no slips


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
    before, after, unit, doubt = _labels(parts)
    form = NumberFormat(before, group, mark, after)
    if not proven and (either := _either(parts, form)):
        return Form(either, unit, "; ".join(filter(None, [DOUBT, doubt])))
    example = "" if form == NumberFormat() else str(form)
    has_fraction = _weight(parts, rf"{re.escape(mark)}[0-9]+$") > 0
    return Form(example if has_fraction else example.replace(f"{mark}5", ""), unit, doubt)


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
    if not cells.str.contains("[.,\u066b\u066c]").any():
        return ""
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


def _labels(parts: pl.DataFrame) -> tuple[str, str, str, str]:
    """The labels around the numbers of the column, empty where too few have them; their unit; and the doubts about it.

    Where numbers are in several units, those in others have no say in how the column writes its own.
    """
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
        return "", "", "", ""
    weights = weights.sort("count", descending=True, maintain_order=True)
    unit, count = weights.row(0)
    before, after = labels.filter(pl.col("unit") == unit).select("before", "after").row(0)
    is_usual = count >= _USUAL * int(labels.filter(pl.col("unit").is_in([unit, ""]))["count"].sum())
    doubt = f"the numbers are in {' and '.join(weights['unit'])}, and none is converted" if len(weights) > 1 else ""
    return (before, after, unit, doubt) if is_usual else ("", "", unit, doubt)
