"""Infers a table again without losing what a person has written into its schema since."""

import dataclasses
from collections.abc import Iterator
from dataclasses import replace

from eightytwenty.mined_rules import NearDuplicates, Typos
from eightytwenty.schema import Column, Rule, Table


def merge(before: Table, written: Table, after: Table) -> Table:
    """The table that is inferred now, with the changes that a person made to the one inferred before.

    A field of a column that a person changed stays as it is. Columns and rules that a person added or removed stay
    added or removed.

    Args:
        before: as it was inferred then.
        written: the same, as the person left it.
        after: as it is inferred now.
    """
    old, own, new = ({column.name: column for column in table.columns} for table in (before, written, after))
    columns = [
        _merged(old.get(name, new[name]), own[name], new[name]) if name in own else new[name]
        for name in new
        if name in own or name not in old
    ]
    columns += [own[name] for name in own if name not in new and name not in old]
    removed = set(before.rules) - set(written.rules)
    kept = {rule.name for rule in removed} | {rule.name for rule in written.rules if rule not in before.rules}
    fields = {
        name: getattr(written, name) if getattr(written, name) != getattr(before, name) else getattr(after, name)
        for name in ("name", "read", "csv", "min_confidence")
    }
    table = Table(columns=tuple(columns), judge=after.judge, **fields)
    rules = [rule for rule in written.rules if rule not in before.rules]
    rules += [
        fitting for rule in after.rules if rule.name not in kept and _fits(fitting := _within(rule, table.names), table)
    ]
    return replace(table, rules=tuple(rules))


def _merged(before: Column, written: Column, after: Column) -> Column:
    changed = {
        field.name: getattr(written, field.name)
        for field in dataclasses.fields(Column)
        if getattr(written, field.name) != getattr(before, field.name)
    }
    # what was inferred of another kind does not fit the one that the person chose
    return replace(written if "kind" in changed else after, **changed)


def _within(rule: Rule, names: list[str]) -> Rule:
    """A rule on any number of columns, without those that a table does not have."""
    if not isinstance(rule, Typos | NearDuplicates):
        return rule
    left = tuple(name for name in rule.columns if name in names)
    if not left:
        return rule
    return replace(rule, typos=left) if isinstance(rule, Typos) else replace(rule, near_duplicates=left)


def _fits(rule: Rule, table: Table) -> bool:
    """Whether a rule can be applied to the columns as a person left them."""
    try:
        table.require_fitting(rule)
    except ValueError:
        return False
    return True


def with_comments(text: str, written: str) -> str:
    """A schema with the comments on lines of their own that a person has written into another version of it.

    Args:
        text: the new schema.
        written: the schema as the person left it. A comment stays above the line that it stands above, or at the top
            if there is no such line any more.
    """
    lines = text.splitlines(keepends=True)
    known = {line.strip() for line in lines if line.lstrip().startswith("#")}
    places = {_key(line): at for at, line in enumerate(lines)}
    above: dict[int, list[str]] = {}
    for comments, key in _comments(written):
        own = [line for line in comments if line.strip() not in known]
        if own:
            above.setdefault(places.get(key, 0), []).extend(own)
    return "".join(part for at, line in enumerate(lines) for part in (*above.get(at, ()), line))


def _comments(text: str) -> Iterator[tuple[list[str], str]]:
    """The comments on lines of their own, and the key of the line below them."""
    pending: list[str] = []
    for line in text.splitlines(keepends=True):
        if line.lstrip().startswith("#"):
            pending.append(line)
        elif pending and line.strip():
            yield pending, _key(line)
            pending = []
    if pending:
        yield pending, ""


def _key(line: str) -> str:
    """What a line is about: its key, or the whole of it."""
    bare = line.split("  # ")[0].rstrip()
    return bare.split(": {")[0] if ": {" in bare else bare
