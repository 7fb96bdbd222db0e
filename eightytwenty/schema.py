"""What a table declares: its columns and its rules, as data that can be written to YAML and sent to another machine.

docs/cleaning.md explains columns and rules; schemas/pairs.yaml is an example.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from textwrap import shorten
from typing import Any, ClassVar, Literal, Protocol

import polars as pl

from eightytwenty.engine.confidence import DEFAULT
from eightytwenty.engine.equation import Equation
from eightytwenty.engine.expression import compile_check
from eightytwenty.engine.reasons import NAMES
from eightytwenty.kinds import Kind, find_kind, nearest
from eightytwenty.mined_rules import MinedRule, NearDuplicates, require_action
from eightytwenty.read.options import ReadOptions

Action = Literal["quarantine", "flag", "off"]
ACTIONS: tuple[Action, ...] = ("quarantine", "flag", "off")

_OF_NUMBERS = "0123456789+-.,"
_LONGEST_LIST = 200  # characters of the names in a message, because a line of data may stand where the header should be
# the columns of what cleaning writes beside those of the table
_OWN_NAMES = {"source", "record", "line", "rules", "reason", "original", "copy_of_source", "copy_of_record"}

_CONTROL_SPACES = re.compile(r"[\t-\r\x1c-\x1f\x85\u2028\u2029]+")  # line ends and the like


@dataclass(frozen=True)
class Check:
    """A condition that a row must satisfy.

    Args:
        check: an SQL expression that is true for a sound row, such as `start <= end`. It sees the typed cells of that
            row, and no other row, because a table is read in pieces. A row for which it is null counts as sound: a
            missing cell has a reason of its own.
        reason: why a row that breaks it is not sound, for people.
        name: in reports; the condition itself if not given.
        action: what becomes of a row that breaks it: it goes to quarantine, or stays and is flagged.
    """

    check: str
    reason: str
    name: str = ""
    action: Action = "quarantine"

    def __post_init__(self) -> None:
        require_action(self.action, ACTIONS)
        object.__setattr__(self, "name", self.name or self.check)


@dataclass(frozen=True)
class Impute:
    """Fills in the one cell of a row that is missing in an equation, or has two readings of which one fits.

    Where a check that flags says the same, it also changes the cell that is to blame for a row that breaks it, if that
    is certain enough.

    Args:
        impute: the equation, of sums and products of columns and numbers, such as `sum = a + b`.
        reason: why the cell can be filled in, for people.
        name: in reports; "from" and the equation if not given.
        action: whether the cell is filled in.
        confidence: that the equation holds in a row.
    """

    impute: str
    reason: str = "the other cells of the row leave one value only"
    name: str = ""
    action: Literal["repair", "off"] = "repair"
    confidence: float = 1.0

    def __post_init__(self) -> None:
        require_action(self.action, ("repair", "off"))
        object.__setattr__(self, "name", self.name or f"from {self.impute}")
        object.__setattr__(self, "confidence", _probability(self.confidence))


@dataclass(frozen=True)
class Unique:
    """Rows with the same key are one record. Equal rows are copies of one; different ones contradict each other.

    Copies go to duplicates; the one with the fewest repairs stays. Where any two rows of a key differ after repair, all
    of them go to quarantine. A row in which a cell of the key is missing is nobody's copy.

    Args:
        unique: the columns of the key.
        reason: why rows that contradict each other are not sound, for people.
        name: of that, in reports.
    """

    unique: tuple[str, ...]
    reason: str = "the same key came with other values"
    name: str = "conflicting record"

    def __post_init__(self) -> None:
        object.__setattr__(self, "unique", _texts("unique", self.unique))
        if not self.unique:
            raise ValueError("a key needs a column")


@dataclass(frozen=True)
class Respell:
    """Cells of a column of texts that are other values of it, written in another way or with a slip.

    Args:
        respell: cells, and what they are.
        column: the column.
        reason: why, for people.
        name: in reports; "respelled" and the column if not given.
        action: whether the cells are changed, or flagged with what they are as a proposal.
        confidence: the share of such changes that are right.
    """

    respell: tuple[tuple[str, str], ...]
    column: str
    reason: str = "the table says what the cell is"
    name: str = ""
    action: Literal["repair", "flag", "off"] = "repair"
    confidence: float = 1.0

    def __post_init__(self) -> None:
        require_action(self.action, ("repair", "flag", "off"))
        object.__setattr__(self, "respell", tuple(_texts("respell", pair) for pair in dict(self.respell).items()))
        object.__setattr__(self, "name", self.name or f"respelled {self.column}")
        object.__setattr__(self, "confidence", _probability(self.confidence))


Rule = Check | Impute | Unique | Respell | MinedRule


@dataclass(frozen=True)
class Column:
    """A column of the raw table. What a column says of values is text in the plain form of its kind.

    Args:
        name: the name it has when clean.
        kind: a name that `eightytwenty.kinds` knows: integer, decimal, boolean, date, time, timestamp, category, code,
            text, or one of your own.
        required: whether a file without this column is refused.
        nullable: whether a cell may be missing.
        aliases: other names that files may use for it; case, spaces and hyphens never matter. A file that has the
            column under its own name may use the aliases for something else.
        missing: the cells that mean "missing" here, instead of the usual marks of the kind.
        format: how its cells write the values of the kind, such as `%d.%m.%Y` for dates or `$1,234.5` for amounts; the
            usual plain form of the kind if not given. docs/kinds.md lists the formats.
        blank: how a missing value is written in this column, such as `-`; an empty cell always counts as well.
        decimal: the mark before the fraction of its numbers, a comma or a point, where the table does not state it.
        unit: of its numbers; a cell may have it beside the number, and no other.
        values: the only values that are sound; any if empty. A cell that is one of them in other case becomes that one.
        pattern: a regular expression that all of a sound cell must match; of a column of texts.
        range: the smallest and the largest sound value; either may be None.
        replace: cells and what they stand for.
        keep: values that are sound whatever `values` or the rest of the table says.
        action: what becomes of a row whose value is not sound. A column that flags and may lack values also flags cells
            that are not of its kind: they are missing in clean.parquet, and the flag has their text.
        repair: the names of the only repairs of its kind that change a cell; all if not given. Of the others, the cell
            stays as it is, and is flagged with what it would become.
    """

    name: str
    kind: str
    required: bool = True
    nullable: bool = False
    aliases: tuple[str, ...] = ()
    missing: tuple[str, ...] | None = None
    format: str = ""
    blank: str = ""
    decimal: str = ""
    unit: str = ""
    values: tuple[str, ...] = ()
    pattern: str = ""
    range: tuple[str | None, str | None] = (None, None)
    replace: tuple[tuple[str, str], ...] = ()
    keep: tuple[str, ...] = ()
    action: Action = "quarantine"
    repair: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        kind = self.form
        require_action(self.action, ACTIONS)
        for name in ("aliases", "missing", "values", "keep", "range", "repair"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, _texts(name, getattr(self, name)))
        object.__setattr__(self, "replace", tuple(_texts("replace", pair) for pair in dict(self.replace).items()))
        if len(self.range) != 2:
            raise ValueError("a range has two ends, such as ('0', None)")
        if not self.name or _is_pattern(self.name) or self.name in _OWN_NAMES:
            remedy = "give it another one, and name this one in aliases"
            raise ValueError(f"a column cannot have the name {self.name!r}; {remedy}")
        if (self.values or self.keep) and not kind.is_text:
            raise ValueError(f"values and keep are for columns of text, not of the kind {self.kind}; give a range")
        if self.pattern and not kind.is_text:
            raise ValueError(f"a pattern is for columns of text, not of the kind {self.kind}; give a range")
        if self.pattern:
            _require_pattern(self.pattern)
        if self.unit and (self.unit[0] in _OF_NUMBERS or self.unit[-1] in _OF_NUMBERS):
            raise ValueError(f"{self.unit!r} is no unit; it cannot be told from the number beside it")
        if self.decimal not in {"", ",", "."}:
            raise ValueError(f"{self.decimal!r} is no decimal mark; give a comma or a point")
        if self.decimal and kind.from_number is None:
            raise ValueError(f"a decimal mark is for columns of numbers, not of the kind {self.kind}")
        if self.unit and kind.from_number is None:
            raise ValueError(f"a unit is for columns of numbers, not of the kind {self.kind}")
        known = {repair.name for repair in (*kind.repairs, *kind.guesses)}
        if unknown := next((name for name in self.repair or () if name not in known), None):
            raise ValueError(f"{unknown} is no repair of the kind {self.kind}; {nearest(unknown, sorted(known))}")
        if (
            self.unit
            and self.format
            and (labels := re.sub(r"[0-9.,]+", "", self.format).strip())
            and self.unit not in labels
        ):
            raise ValueError(f"the unit {self.unit} is not the one in the format {self.format}")
        stated = [*self.values, *self.keep, *filter(None, self.range), *(after for _, after in self.replace)]
        wrong = next((value for value in stated if not kind.is_plain(value)), None)
        if wrong is not None:
            written = f" as the column writes it, {self.format}" if self.format else ""
            raise ValueError(f"{wrong!r} is not in the plain form of {self.kind}{written}")
        low, high = self.limits
        if low is not None and high is not None and low > high:
            raise ValueError(f"the range from {self.range[0]} to {self.range[1]} is empty")
        if self.blank and self.blank in {*self.special, *stated}:
            raise ValueError(f"{self.blank!r} cannot be how a missing value is written and something else")
        if again := self.special.keys() & set(stated):
            raise ValueError(f"{min(again)!r} cannot be a sound value and stand for something else")

    @property
    def form(self) -> Kind:
        """Its kind, as columns of its format have it."""
        return find_kind(self.kind, self.format)

    @property
    def known(self) -> tuple[str, ...]:
        """The only values that are sound; none if any may be."""
        return (*self.values, *self.keep) if self.values else ()

    @property
    def flags_other_kinds(self) -> bool:
        """Whether cells that are not of its kind are flagged; they quarantine their row otherwise."""
        return self.action == "flag" and self.nullable

    @property
    def limits(self) -> tuple[Any, Any]:
        """The ends of the range, with the type of the column's kind; None for none."""
        low, high = self.form.parse(pl.Series(self.range, dtype=pl.String))
        return low, high

    @property
    def special(self) -> dict[str, str | None]:
        """Cells that stand for something else: cell -> what it stands for, None for missing."""
        return dict.fromkeys(self.missing or ()) | dict(self.replace)


class Judge(Protocol):
    """Says which cells of rows are doubtful by the mined rules of a table; `eightytwenty.inference.judge` has one."""

    def __call__(
        self, rules: tuple[Rule, ...], texts: pl.DataFrame, unreadable: Mapping[str, pl.Series]
    ) -> pl.DataFrame:
        """The verdicts on the cells of n rows."""

    def are_own(self, rules: tuple[Rule, ...], texts: pl.DataFrame, sizes: pl.Series) -> pl.Series:
        """(n,) Boolean, which rows have so much of their own that other rows have the same hardly by chance."""

    @property
    def digest(self) -> str:
        """Of all that it goes by."""


@dataclass(frozen=True)
class Table:
    """What a table must be: its columns, its rules in their order, and what is known of its files.

    Args:
        name: of the table.
        columns: in order.
        rules: in the order in which they are applied.
        read: what is known of the files.
        csv: whether the clean rows are written as text as well, as their columns write them.
        min_confidence: what a repair by a mined rule needs to be made; below, it is only proposed.
        judge: has the evidence of the mined rules, if it has been counted; it is not written to YAML.
    """

    unit: ClassVar[str] = "rows"  # for progress bars
    name: str
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...] = ()
    read: ReadOptions = field(default_factory=ReadOptions)
    csv: bool = False
    min_confidence: float = DEFAULT
    judge: Judge | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "min_confidence", float(self.min_confidence))
        if not 0 <= self.min_confidence <= 1:
            raise ValueError(f"a confidence lies between 0 and 1, and {self.min_confidence:g} does not")
        object.__setattr__(self, "columns", tuple(self.columns))
        object.__setattr__(self, "rules", tuple(self.rules))
        if not self.columns:
            raise ValueError("a table needs a column")
        spellings = [{column.name.casefold(), *map(str.casefold, column.aliases)} for column in self.columns]
        if again := _repeated(name for names in spellings for name in names):
            raise ValueError(f"two columns may be called {again} in a file")
        if again := _repeated(rule.name for rule in self.rules):
            raise ValueError(f"two rules have the name {again}; give one of them another name")
        kinds = [column.form for column in self.columns]
        taken = NAMES | {kind.fault for kind in kinds} | {repair.name for kind in kinds for repair in kind.repairs}
        if again := next((rule.name for rule in self.rules if rule.name in taken), None):
            raise ValueError(
                f"a rule cannot have the name {again}, which the cleaning itself uses; give it another one"
            )
        if sum(isinstance(rule, Unique) for rule in self.rules) > 1:
            raise ValueError("there is more than one unique rule")
        for rule in self.rules:
            self.require_fitting(rule)

    @property
    def names(self) -> list[str]:
        """The clean names of all columns, in order."""
        return [column.name for column in self.columns]

    @property
    def spellings(self) -> dict[str, str]:
        """The names that a file may use, without the differences that do not count -> clean name."""
        aliases = {loose_name(alias): column.name for column in self.columns for alias in column.aliases}
        return aliases | {loose_name(column.name): column.name for column in self.columns}

    @property
    def written_columns(self) -> tuple[Column, ...]:
        """The columns, those of numbers with the decimal mark of the table's files, if it is known."""
        return tuple(
            replace(column, decimal=column.decimal or self.read.decimal)
            if self.read.decimal and column.form.from_number
            else column
            for column in self.columns
        )

    @property
    def dtypes(self) -> dict[str, pl.DataType]:
        """The types of the clean columns."""
        return {column.name: column.form.dtype for column in self.columns}

    @property
    def unique(self) -> Unique | None:
        """The rule that finds copies, if the table has one."""
        return next((rule for rule in self.rules if isinstance(rule, Unique)), None)

    @property
    def near_duplicates(self) -> NearDuplicates | None:
        """The rule that finds near duplicates, if the table has one and can judge them."""
        rules = (rule for rule in self.rules if isinstance(rule, NearDuplicates) and rule.action != "off")
        return next(rules, None) if self.judge else None

    def checks(self, action: Action) -> list[Check]:
        """The checks with this action, in order."""
        return [rule for rule in self.rules if isinstance(rule, Check) and rule.action == action]

    def respells(self, action: str) -> list[Respell]:
        """The rules that say what cells are, with this action, in order."""
        return [rule for rule in self.rules if isinstance(rule, Respell) and rule.action == action]

    @property
    def imputes(self) -> list[Impute]:
        """The equations that fill in cells, in order."""
        return [rule for rule in self.rules if isinstance(rule, Impute) and rule.action == "repair"]

    def require_fitting(self, rule: Rule) -> None:
        """Checks that a rule can be applied to the columns of the table.

        Raises:
            ValueError: it cannot; the message says why.
        """
        if isinstance(rule, Check):
            compile_check(rule.check, self.dtypes)
            return
        if isinstance(rule, Respell):
            names: Sequence[str] = [rule.column]
        elif isinstance(rule, MinedRule):
            names = rule.columns
        else:
            names = Equation.parse(rule.impute).columns if isinstance(rule, Impute) else rule.unique
        for name in names:
            if name not in self.names:
                raise ValueError(f"{name} is not a column; {nearest(name, self.names)}")
        if isinstance(rule, Respell):
            form = next(column.form for column in self.columns if column.name == rule.column)
            if not form.is_text:
                raise ValueError(f"{rule.column} holds no text; use replace for a column of the kind {form.name}")
            if wrong := next((after for _, after in rule.respell if not form.is_plain(after)), None):
                raise ValueError(f"{wrong!r} is not in the plain form of {form.name}")
        if isinstance(rule, Impute):
            kinds = {column.name: column.form for column in self.columns}
            words = next((name for name in names if kinds[name].from_number is None), None)
            if words:
                raise ValueError(f"{words} holds no numbers, and an equation needs them")

    def match(self, header: Sequence[str]) -> dict[str, int]:
        """Finds the columns in a file's header, whatever their order.

        A name that is written as the table has it comes first; else case, spaces, hyphens and invisible characters are
        no difference. A column without a name, or the second one of a name, is found by what `unique_names` calls it.

        Args:
            header: the names as the file has them.

        Returns:
            clean name -> position in the header, for each column of the table that the file has.

        Raises:
            ValueError: a required column is missing, or a column occurs twice.
        """
        names, unique, loose = set(self.names), unique_names(header), [loose_name(name) for name in header]
        exact = [
            own if own in names and loose_name(own) != plain else name.strip()
            for name, own, plain in zip(header, unique, loose, strict=True)
        ]
        free = [position for position, name in enumerate(exact) if name not in names]
        exactly, visibly, loosely = _places(exact), _places(unique, free), _places(loose, free)
        positions: dict[str, int] = {}
        for column in self.columns:
            matches = exactly.get(column.name) or visibly.get(column.name) or loosely.get(loose_name(column.name))
            if not matches:
                aliases = {loose_name(alias) for alias in column.aliases}
                matches = sorted(position for alias in aliases for position in loosely.get(alias, ()))
            if len(matches) > 1:
                duplicates = " and ".join(header[position] for position in matches[:2])
                raise ValueError(f"the column {column.name} occurs twice (as {duplicates})")
            if matches:
                positions[column.name] = matches[0]
        if again := _repeated(map(str, positions.values())):
            doubtful = header[int(again)]
            raise ValueError(f"{doubtful} may be either of two columns; name it as one of them is named")
        missing = [column.name for column in self.columns if column.required and column.name not in positions]
        if missing:
            columns = shorten(", ".join(name.strip() for name in header), _LONGEST_LIST)
            raise ValueError(f"there is no column {' or '.join(missing)} among {columns}")
        return positions


def loose_name(name: str) -> str:
    """A name without the differences that do not count: case, width, invisible characters, and spaces, _ and -."""
    visible = "".join(character for character in name if unicodedata.category(character) != "Cf")
    return re.sub(r"[\s_\u2010-\u2015-]+", " ", unicodedata.normalize("NFKC", visible).casefold()).strip()


def unique_names(header: Sequence[str]) -> tuple[str, ...]:
    """Names for the columns of a file, each of which a column of a table can have.

    Spaces around a name and invisible characters are left out. The second column of a name gets `_2`, where case is no
    difference; one without a name gets its number, and so does one whose name is a pattern for polars.

    Args:
        header: the names as the file has them.

    Returns:
        as many names, no two alike.

    >>> unique_names(["a ", "A", "", "record", "a_2"])
    ('a', 'A_3', 'column_3', 'record_', 'a_2')
    """
    visible = [_visible(name) for name in header]
    found: dict[int, str] = {}
    used: set[str] = set()
    for at, name in enumerate(visible):
        is_possible = name and not _is_pattern(name) and name not in _OWN_NAMES
        if is_possible and name.casefold() not in used:
            found[at] = name
            used.add(name.casefold())
    numbers: Counter[str] = Counter()  # the last one behind each name
    for at, name in enumerate(visible):
        if at in found:
            continue
        stem = f"column_{at + 1}" if not name or _is_pattern(name) else f"{name}_" if name in _OWN_NAMES else name
        own = stem
        while own.casefold() in used:
            numbers[stem.casefold()] = max(numbers[stem.casefold()], 1) + 1
            own = f"{stem}_{numbers[stem.casefold()]}"
        found[at] = own
        used.add(own.casefold())
    return tuple(found[at] for at in range(len(visible)))


def _visible(name: str) -> str:
    """A name on one line, without spaces around it and without characters that nobody sees."""
    if name.isprintable():
        return name.strip()
    line = _CONTROL_SPACES.sub(" ", name)
    categories = [(character, unicodedata.category(character)) for character in line]
    # of bytes that are no character, there is something to see
    return "".join("\ufffd" if kind == "Cs" else one for one, kind in categories if kind not in {"Cc", "Cf"}).strip()


def _is_pattern(name: str) -> bool:
    """Whether polars reads a name as a pattern for names."""
    return name == "*" or name.startswith("^")


def _places(names: Sequence[str], positions: Iterable[int] | None = None) -> dict[str, list[int]]:
    """Name -> where it is, among these positions."""
    places: dict[str, list[int]] = {}
    for position in range(len(names)) if positions is None else positions:
        places.setdefault(names[position], []).append(position)
    return places


def _texts(what: str, values: Iterable[object]) -> tuple[Any, ...]:
    """A tuple of texts or None, from any list of them.

    Raises:
        ValueError: it is one text, or holds something else, such as a number.
    """
    texts = () if isinstance(values, str) else tuple(values)
    if isinstance(values, str) or not all(text is None or isinstance(text, str) for text in texts):
        raise ValueError(f"{what} must be a list of texts, such as ['0', 'A'], not {values!r}")
    return texts


def _require_pattern(pattern: str) -> None:
    try:
        pl.Series([""]).str.contains(anchored(pattern))
    except pl.exceptions.ComputeError:
        raise ValueError(f"{pattern!r} is no regular expression; see docs.rs/regex for what one is") from None


def anchored(pattern: str) -> str:
    """A regular expression that all of a cell must match."""
    return rf"^(?:{pattern})\z"


def _probability(number: float | str) -> float:
    """A number that YAML has as text.

    Raises:
        ValueError: it is no probability.
    """
    if not 0 <= float(number) <= 1:
        raise ValueError(f"a confidence lies between 0 and 1, and {float(number):g} does not")
    return float(number)


def _repeated(names: Iterable[str]) -> str | None:
    return next((name for name, count in Counter(names).items() if count > 1), None)
