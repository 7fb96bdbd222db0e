"""Rules that a table shows itself: which values belong together, and what its frequent values and its sources say.

Such a rule says which columns it is about. What it goes by, such as the city of each zip code, is evidence that is
counted in the rows and kept beside the schema. A rule without evidence counts in the rows that it judges.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

MinedAction = Literal["repair", "flag", "off"]
MINED_ACTIONS: tuple[MinedAction, ...] = ("repair", "flag", "off")

_PLACE = re.compile(r"\{([^{}]*)\}")
_AMBIGUOUS = re.compile(r'[",=]|->| where ')  # in the name of a column, within a list of names


@dataclass(frozen=True)
class Depends:
    """Rows that are equal in some columns have the same value in another one, perhaps in a part of the table only.

    Args:
        when: the columns, one or two.
        then: the other one.
        where: a column and its value in the rows of which that is said, as a mapping or a pair; all rows if empty.
        holds: the share of these rows whose value the other rows of their group predict.
        groups: how many groups of two rows or more there are.
        reason: why the cell of a row that differs is doubtful, for people.
        name: in reports; "dependency" and the columns if not given.
        action: whether cells are changed where the evidence is strong enough, or only flagged.
    """

    when: tuple[str, ...]
    then: str
    where: tuple[tuple[str, str], ...] = ()
    holds: float = 1.0
    groups: int = 0
    reason: str = ""
    name: str = ""
    action: MinedAction = "repair"

    def __post_init__(self) -> None:
        object.__setattr__(self, "when", _names("when", self.when))
        pairs = self.where.items() if isinstance(self.where, Mapping) else self.where
        object.__setattr__(self, "where", tuple(map(tuple, pairs)))
        object.__setattr__(self, "holds", float(self.holds))
        object.__setattr__(self, "groups", int(self.groups))
        left = " and ".join(self.when)
        part = "".join(f" where {column} is {value}" for column, value in self.where)
        object.__setattr__(self, "reason", self.reason or f"rows with the same {left} have the same {self.then}{part}")
        when, then = ", ".join(map(_shown, self.when)), _shown(self.then)
        part = "".join(f" where {_shown(column)} = {value}" for column, value in self.where)
        object.__setattr__(self, "name", self.name or f"dependency ({when} -> {then}{part})")
        require_action(self.action, MINED_ACTIONS)
        if not 1 <= len(self.when) <= 2:
            raise ValueError("a value depends on one column, or on two")
        if self.then in self.when or len(set(self.when)) < len(self.when):
            raise ValueError("a column does not depend on itself")
        if len(self.where) > 1:
            raise ValueError("a dependency holds where one column has one value, such as {country: US}")
        if any(column in (*self.when, self.then) for column, _ in self.where):
            raise ValueError("where names another column than when and then")

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it is about."""
        return (*self.when, self.then, *(column for column, _ in self.where))


@dataclass(frozen=True)
class Template:
    """A column is written out of others of its row, such as `{state}_{measure}`.

    Args:
        template: the text, with the names of columns in braces.
        column: the column that is written so.
        holds: the share of the rows in which it is.
        reason: why a cell that differs is doubtful, for people.
        name: in reports; "template" and the column if not given.
        action: as for `Depends`.
    """

    template: str
    column: str
    holds: float = 1.0
    reason: str = ""
    name: str = ""
    action: MinedAction = "repair"

    def __post_init__(self) -> None:
        object.__setattr__(self, "holds", float(self.holds))
        object.__setattr__(self, "reason", self.reason or f"{self.column} is written as {self.template}")
        object.__setattr__(self, "name", self.name or f"template ({self.column})")
        require_action(self.action, MINED_ACTIONS)
        if not self.parts:
            raise ValueError("a template names a column in braces, such as {state}")
        if self.column in self.parts:
            raise ValueError("a column is not written out of itself")

    @property
    def parts(self) -> tuple[str, ...]:
        """The columns that it names, each once."""
        return tuple(dict.fromkeys(_PLACE.findall(self.template)))

    @property
    def pieces(self) -> list[tuple[str, bool]]:
        """The pieces of the text in order: each with whether it is the name of a column."""
        split = _PLACE.split(self.template)
        return [(piece, at % 2 == 1) for at, piece in enumerate(split) if piece]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it is about."""
        return (*self.parts, self.column)


@dataclass(frozen=True)
class SourceVotes:
    """Many sources tell of the same things, and those that are more often right count for more.

    Args:
        sources: the column that names who tells.
        of: the column that names the thing.
        told: the columns that are told.
        copiers: groups of sources that copy from each other, and count as one.
        reason: why a cell that differs is doubtful, for people.
        name: in reports; "sources" and the column that names them if not given.
        action: as for `Depends`.
    """

    sources: str
    of: str
    told: tuple[str, ...]
    copiers: tuple[tuple[str, ...], ...] = ()
    reason: str = ""
    name: str = ""
    action: MinedAction = "repair"

    def __post_init__(self) -> None:
        object.__setattr__(self, "told", _names("told", self.told))
        object.__setattr__(self, "copiers", tuple(map(tuple, self.copiers)))
        object.__setattr__(
            self, "reason", self.reason or f"the {self.sources} that are usually right say something else"
        )
        object.__setattr__(self, "name", self.name or f"sources ({self.sources} of {self.of})")
        require_action(self.action, MINED_ACTIONS)
        if not self.told or {self.sources, self.of} & set(self.told):
            raise ValueError("sources tell at least one column, and neither their own names nor those of the things")

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it is about."""
        return (self.sources, self.of, *self.told)


@dataclass(frozen=True)
class Typos:
    """Rare values of columns that are slips of frequent ones.

    Args:
        typos: the columns.
        reason: why such a cell is doubtful, for people.
        name: in reports.
        action: as for `Depends`.
    """

    typos: tuple[str, ...]
    reason: str = "nearly the same as a frequent value of the column"
    name: str = "typo"
    action: MinedAction = "repair"

    def __post_init__(self) -> None:
        object.__setattr__(self, "typos", _names("typos", self.typos))
        require_action(self.action, MINED_ACTIONS)
        if not self.typos:
            raise ValueError("typos names a column")

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it is about."""
        return self.typos


@dataclass(frozen=True)
class Reference:
    """The values of a column are among those of another one, to which they refer: each `parent_id` is an `id`.

    Args:
        column: the one that refers.
        references: the other one.
        holds: the share of the different values that occur there.
        reason: why a cell that does not is doubtful, for people.
        name: in reports; "reference" and the columns if not given.
        action: whether cells are flagged; which value was meant, nobody knows for sure.
    """

    column: str
    references: str
    holds: float = 1.0
    reason: str = ""
    name: str = ""
    action: MinedAction = "flag"

    def __post_init__(self) -> None:
        object.__setattr__(self, "holds", float(self.holds))
        object.__setattr__(self, "reason", self.reason or f"the values of {self.column} occur in {self.references}")
        object.__setattr__(self, "name", self.name or f"reference ({_shown(self.column)} in {_shown(self.references)})")
        require_action(self.action, ("flag", "off"))
        if self.column == self.references:
            raise ValueError("a column refers to another one")

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it is about."""
        return (self.column, self.references)


@dataclass(frozen=True)
class Spill:
    """Cells of a column hold the value of another one beside their own, and that of the other column is missing.

    Both cells of such a row are changed, or neither.

    Args:
        spill: the column.
        into: the column in which the value should stand.
        position: where it stands in the cell.
        holds: the share of the cells that look so, in rows in which the other value is missing, that really hold two.
        reason: why both cells are doubtful, for people.
        name: in reports; "spill" and the columns if not given.
        action: as for `Depends`.
    """

    spill: str
    into: str
    position: Literal["end", "start"] = "end"
    holds: float = 1.0
    reason: str = ""
    name: str = ""
    action: MinedAction = "flag"

    def __post_init__(self) -> None:
        object.__setattr__(self, "holds", float(self.holds))
        where = "ends" if self.position == "end" else "begins"
        object.__setattr__(self, "reason", self.reason or f"{self.spill} {where} with a value of {self.into}")
        start = "" if self.position == "end" else "start of "
        object.__setattr__(self, "name", self.name or f"spill ({start}{_shown(self.spill)} -> {_shown(self.into)})")
        require_action(self.action, MINED_ACTIONS)
        if self.position not in {"end", "start"}:
            raise ValueError(f"{self.position} is no position in a cell; choose end or start")
        if self.spill == self.into:
            raise ValueError("a column does not spill into itself")

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it is about."""
        return (self.spill, self.into)


@dataclass(frozen=True)
class NearDuplicates:
    """Rows that are equal in some columns may be one thing entered twice.

    Case, spaces, punctuation and accents are no difference. They are flagged, and stay. Only rows count that have
    enough of their own to be equal by chance hardly ever.

    Args:
        near_duplicates: the columns.
        reason: why such rows are doubtful, for people.
        name: in reports.
        action: whether they are flagged.
    """

    near_duplicates: tuple[str, ...]
    reason: str = "the same as another row but for its key or how it is written"
    name: str = "near duplicate"
    action: Literal["flag", "off"] = "flag"

    def __post_init__(self) -> None:
        object.__setattr__(self, "near_duplicates", _names("near_duplicates", self.near_duplicates))
        require_action(self.action, ("flag", "off"))
        if not self.near_duplicates:
            raise ValueError("near_duplicates names a column")

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it is about."""
        return self.near_duplicates


@dataclass(frozen=True)
class Once:
    """Each value of a column stands in one row, such as an id, but for a few that come again.

    Args:
        once: the column.
        holds: the share of its cells that have a value of their own.
        reason: why a cell whose value comes again is doubtful, for people.
        name: in reports; "repeated" and the column if not given.
        action: whether cells are flagged; which of them is right, nobody knows.
    """

    once: str
    holds: float = 1.0
    reason: str = ""
    name: str = ""
    action: MinedAction = "flag"

    def __post_init__(self) -> None:
        object.__setattr__(self, "holds", float(self.holds))
        object.__setattr__(self, "reason", self.reason or f"each value of {self.once} stands in one row")
        object.__setattr__(self, "name", self.name or f"repeated ({self.once})")
        require_action(self.action, ("flag", "off"))

    @property
    def columns(self) -> tuple[str, ...]:
        """The column that it is about."""
        return (self.once,)


MinedRule = Depends | Template | SourceVotes | Typos | Reference | Spill | NearDuplicates | Once


def active(rules: Iterable[object]) -> list[MinedRule]:
    """The mined rules among some that are not switched off."""
    return [rule for rule in rules if isinstance(rule, MinedRule) and rule.action != "off"]


def _names(what: str, names: Iterable[object]) -> tuple[str, ...]:
    """The names of columns in any list of them.

    Raises:
        ValueError: it is one name, or holds something else.
    """
    listed = () if isinstance(names, str) else tuple(names)
    if isinstance(names, str) or not all(isinstance(name, str) for name in listed):
        raise ValueError(f"{what} must be a list of columns, such as [city], not {names!r}")
    return tuple(map(str, listed))


def _shown(name: str) -> str:
    """The name of a column, in quotes if two lists of names could otherwise look the same."""
    return json.dumps(name, ensure_ascii=False) if _AMBIGUOUS.search(name) else name


def require_action(action: str, actions: Sequence[str]) -> None:
    """Checks an action of a rule.

    Raises:
        ValueError: it is none of those that the rule has; the message names them.
    """
    if action not in actions:
        raise ValueError(f"{action} is no action here; choose {', '.join(actions)}")
