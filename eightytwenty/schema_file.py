"""Reads tables from YAML, and writes them to it.

Every scalar is text, and what it means is decided by the table: `off`, `NO` and `007` stay what they are.
"""

import dataclasses
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import yaml

from eightytwenty.engine.confidence import DEFAULT
from eightytwenty.errors import UserError
from eightytwenty.kinds import nearest
from eightytwenty.mined_rules import (
    Depends,
    NearDuplicates,
    Once,
    Reference,
    SourceVotes,
    Spill,
    Template,
    Typos,
    active,
)
from eightytwenty.read.options import ReadOptions
from eightytwenty.schema import Check, Column, Impute, Respell, Rule, Table, Unique

VERSION = "1"
EVIDENCE = "evidence"  # the folder beside a schema with what its rules rest on
_MOST_BYTES = 10_000_000
_ONE_LINE = 1 << 30  # as a width
_LONGEST_LINE = 120
_STYLE: dict[str, Any] = {"sort_keys": False, "allow_unicode": True}
_READ_AS = {("delimiter", "\t"): "tab", ("quote", ""): "none"}  # as a person writes them
_OPEN = {"", "~", "null"}  # the end of a range that has none
_RULES: dict[str, type[Rule]] = {
    "check": Check,
    "impute": Impute,
    "unique": Unique,
    "respell": Respell,
    "when": Depends,
    "template": Template,
    "sources": SourceVotes,
    "typos": Typos,
    "references": Reference,
    "spill": Spill,
    "near_duplicates": NearDuplicates,
    "once": Once,
}
_Made = TypeVar("_Made")


def read_table(path: Path | str) -> Table:
    """Reads a table from a YAML file, with the evidence beside it.

    Raises:
        UserError: the file cannot be read, or is no table; the sentence names the line.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
        text = content[: _MOST_BYTES + 1].decode("utf-8-sig")
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}); give a YAML file of a table.") from None
    except UnicodeDecodeError:
        raise UserError(f"{path} is not UTF-8 text; give a YAML file of a table.") from None
    if len(content) > _MOST_BYTES:
        raise UserError(f"{path} has more than {_MOST_BYTES // 10**6} MB; give a YAML file of a table.")
    try:
        table = _Reader(str(path)).table(text)
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise UserError(f"{path}{line}: this is not YAML ({error.problem}); correct it.") from None
    except (yaml.YAMLError, RecursionError) as error:
        raise UserError(f"{path} is not YAML ({type(error).__name__}); correct it.") from None
    return _with_evidence(table, path.parent / EVIDENCE)


def _with_evidence(table: Table, folder: Path) -> Table:
    """A table with what was counted for its mined rules when it was inferred, if that is in a folder."""
    if not active(table.rules) or not folder.is_dir():
        return table
    from eightytwenty.inference.mine import read_judge

    return dataclasses.replace(table, judge=read_judge(table, folder))


def table_yaml(table: Table, comments: Mapping[str, str] | None = None) -> str:
    """Writes a table as YAML, without what is as it is by default; `read_table` gives an equal table.

    Args:
        table: the table.
        comments: column -> what stands behind it, on one line.
    """
    columns = {}
    for column in table.columns:
        fields = _changed_fields(column)
        fields.pop("name")
        columns[column.name] = fields
    rules = "".join(_rule_text(rule) for rule in table.rules)
    content: dict[str, Any] = {"version": VERSION, "table": table.name}
    if read := {name: value for name, value in vars(table.read).items() if value is not None}:
        content["read"] = {name: _READ_AS.get((name, value), value) for name, value in read.items()}
    if table.csv:
        content["csv"] = True
    if table.min_confidence != DEFAULT:
        content["min_confidence"] = table.min_confidence
    notes = comments or {}
    # a key on each line
    lines = [*(_dump({key: value}) for key, value in content.items()), "columns:\n"]
    for name, fields in columns.items():
        line = yaml.safe_dump({name: fields}, **_STYLE, width=_ONE_LINE, default_flow_style=True).strip()
        lines.append(f"  {line[1:-1]}" + (f"  # {notes[name]}" if name in notes else "") + "\n")
    return "".join([*lines, *(["rules:\n", rules] if rules else [])])


def _rule_text(rule: Rule) -> str:
    """A rule as an item of a list: on one line if it is short."""
    fields = _changed_fields(rule)
    line: str = yaml.safe_dump([fields], **_STYLE, width=_ONE_LINE, default_flow_style=True).strip()
    if len(line) <= _LONGEST_LINE:
        return f"- {line[1:-1]}\n"
    text: str = yaml.safe_dump([fields], **_STYLE, width=_LONGEST_LINE, default_flow_style=None)
    return text


def _dump(content: dict[str, Any]) -> str:
    is_flat = not any(isinstance(value, dict | list) for value in content.values())
    text: str = yaml.safe_dump(content, **_STYLE, width=120, default_flow_style=False if is_flat else None)
    return text


def _changed_fields(item: Column | Rule) -> dict[str, Any]:
    """The fields of a column or rule that are not as by default, as YAML knows them."""
    fields = {}
    # a rule without a name or a reason gives itself one
    texts = {} if isinstance(item, Column) else _default_texts(item)
    unnamed = dataclasses.replace(item, **texts)
    for field in dataclasses.fields(item):
        value = getattr(item, field.name)
        is_derived = field.name in texts and value == getattr(unnamed, field.name)
        if value != field.default and not is_derived:
            if field.name in {"replace", "respell", "where"}:
                value = dict(value)
            elif field.name == "range":
                value = list(value)
            fields[field.name] = list(value) if isinstance(value, tuple) else value
    return fields


def _default_texts(rule: Rule) -> dict[str, Any]:
    """The name and the reason that a rule has if none are given, as far as it may have none."""
    fields = {field.name: field.default for field in dataclasses.fields(rule)}
    return {name: fields[name] for name in ("name", "reason") if isinstance(fields[name], str)}


@dataclasses.dataclass(frozen=True)
class _Reader:
    """Reads the nodes of a YAML file; `path` is for messages."""

    path: str

    def table(self, text: str) -> Table:
        for token in yaml.scan(text, Loader=yaml.BaseLoader):
            if isinstance(token, yaml.AliasToken | yaml.AnchorToken):
                raise self.error(token, "anchors and aliases are not read; write the value out")
        root = yaml.compose(text, Loader=yaml.BaseLoader)
        if root is None:
            raise UserError(f"{self.path} is empty; give a YAML file of a table.")
        fields = self.mapping(
            root,
            ["version", "table", "read", "csv", "min_confidence", "columns", "rules"],
            required=["table", "columns"],
        )
        if "version" in fields and self.text(fields["version"]) != VERSION:
            raise self.error(fields["version"], f"only version {VERSION} is known; install a newer eightytwenty")
        columns = [self.column(name, node) for name, node in self.entries(fields["columns"], "columns").items()]
        read = self.read(fields["read"]) if "read" in fields else ReadOptions()
        csv = self.boolean(fields["csv"]) if "csv" in fields else False
        table = self.make(root, lambda: Table(self.text(fields["table"]), tuple(columns), read=read, csv=csv))
        if least := fields.get("min_confidence"):
            confidence: Any = self.text(least)
            unset = table
            table = self.make(least, lambda: dataclasses.replace(unset, min_confidence=confidence))
        rules = []
        for node in self.sequence(fields["rules"]) if "rules" in fields and not self.is_empty(fields["rules"]) else []:
            rule = self.rule(node)
            self.make(node, partial(table.require_fitting, rule))
            rules.append(rule)
        return self.make(fields.get("rules", root), lambda: dataclasses.replace(table, rules=tuple(rules)))

    def read(self, node: yaml.Node) -> ReadOptions:
        fields = self.mapping(node, [field.name for field in dataclasses.fields(ReadOptions)], required=[])
        values = {key: self.text(value) for key, value in fields.items()}
        return self.make(node, lambda: ReadOptions(**values))

    def column(self, name: str, node: yaml.Node) -> Column:
        known = [field.name for field in dataclasses.fields(Column) if field.name != "name"]
        fields = self.mapping(node, known, required=["kind"])
        values: dict[str, Any] = {}
        for key, value in fields.items():
            if key in ("required", "nullable"):
                values[key] = self.boolean(value)
            elif key in ("aliases", "missing", "values", "keep", "repair"):
                values[key] = tuple(map(self.text, self.sequence(value)))
            elif key == "range":
                values[key] = self.range(value)
            elif key == "replace":
                values[key] = tuple((cell, self.text(new)) for cell, new in self.entries(value, key).items())
            else:
                values[key] = self.text(value)
        return self.make(node, lambda: Column(name, **values))

    def rule(self, node: yaml.Node) -> Rule:
        given = self.entries(node, "a rule")
        name = next((key for key in given if key in _RULES), None)
        if name is None:
            raise self.error(node, f"a rule is one of {', '.join(_RULES)}")
        rule = _RULES[name]
        required = [field.name for field in dataclasses.fields(rule) if field.default is dataclasses.MISSING]
        fields = self.mapping(node, [field.name for field in dataclasses.fields(rule)], required)
        values: dict[str, Any] = {}
        for key, value in fields.items():
            if key in {"unique", "when", "told", "typos", "near_duplicates"}:
                values[key] = tuple(map(self.text, self.sequence(value)))
            elif key == "copiers":
                values[key] = tuple(tuple(map(self.text, self.sequence(group))) for group in self.sequence(value))
            elif key in {"respell", "where"}:
                values[key] = tuple((cell, self.text(new)) for cell, new in self.entries(value, key).items())
            else:
                values[key] = self.text(value)
        return self.make(node, lambda: rule(**values))

    def mapping(self, node: yaml.Node, known: list[str], required: list[str]) -> dict[str, yaml.Node]:
        """The values of a mapping with known keys."""
        fields = self.entries(node, "the value")
        for key in fields:
            if key not in known:
                key_node = next(first for first, _ in node.value if first.value == key)
                raise self.error(key_node, f"{key} is not known here; {nearest(key, known)}")
        missing = next((key for key in required if key not in fields), None)
        if missing:
            raise self.error(node, f"{missing} is missing")
        return fields

    def entries(self, node: yaml.Node, what: str) -> dict[str, yaml.Node]:
        """The values of a mapping by their keys, which are text and occur once."""
        if not isinstance(node, yaml.MappingNode):
            raise self.error(node, f"{what} must be a mapping, such as {{key: value}}")
        fields: dict[str, yaml.Node] = {}
        for key_node, value in node.value:
            key = self.text(key_node)
            if key in fields:
                raise self.error(key_node, f"{key} stands here twice")
            fields[key] = value
        return fields

    def is_empty(self, node: yaml.Node) -> bool:
        """Whether nothing stands behind a key."""
        return isinstance(node, yaml.ScalarNode) and node.value in _OPEN

    def sequence(self, node: yaml.Node) -> list[yaml.Node]:
        if not isinstance(node, yaml.SequenceNode):
            raise self.error(node, "this must be a list, such as [A, B]")
        return list(node.value)

    def text(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise self.error(node, "this must be one value, not a list or a mapping")
        return str(node.value)

    def boolean(self, node: yaml.Node) -> bool:
        text = self.text(node)
        if text not in ("true", "false"):
            raise self.error(node, f"{text!r} must be true or false")
        return text == "true"

    def range(self, node: yaml.Node) -> tuple[str | None, str | None]:
        ends = [None if (end := self.text(item)) in _OPEN else end for item in self.sequence(node)]
        if len(ends) != 2:
            raise self.error(node, "a range has two ends, such as [0, 400] or [0, null]")
        return ends[0], ends[1]

    def make(self, node: yaml.Node, build: Callable[[], _Made]) -> _Made:
        """What `build` returns; what it finds wrong is said of the line of the node."""
        try:
            return build()
        except ValueError as error:
            raise self.error(node, str(error)) from None

    def error(self, node: yaml.Node | yaml.Token, fault: str) -> UserError:
        """The error that a line is wrong."""
        return UserError(f"{self.path}, line {node.start_mark.line + 1}: {fault}.")
