"""Writes an inferred table as YAML with the evidence beside each line, and the evidence itself."""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

from eightytwenty.inference.column import ColumnEvidence
from eightytwenty.inference.judge import Judge
from eightytwenty.inference.table import Inferred
from eightytwenty.inference.update import merge, with_comments
from eightytwenty.mined_rules import active
from eightytwenty.pages.markdown import code, markdown_table, plain
from eightytwenty.printable import masked as hidden
from eightytwenty.schema import Table
from eightytwenty.schema_file import EVIDENCE, read_table, table_yaml

SCHEMA = "schema.yaml"
BEFORE = f"{EVIDENCE}/inferred.yaml"  # the schema as it was inferred, to tell what a person changes in it
_HEAD = """\
# What {name} was seen to be. Every line can be corrected; `eightytwenty clean FILE --schema {file}` applies it.
# docs/any-table.md explains the words.
"""


def inferred_files(inferred: Inferred, *, masked: bool = False) -> dict[str, str | bytes]:
    """The schema and the evidence of an inferred table: path in a folder -> content.

    Args:
        inferred: the table.
        masked: whether letters and digits of examples are hidden. The values of columns and their counts are then left
            out; rules that rest on them count again in the rows that they judge.
    """
    if not masked:
        return {**_texts(inferred, masked=False), **_counts(inferred.table)}
    return {**_texts(replace(inferred, table=without_values(inferred.table)), masked=True)}


def without_values(table: Table) -> Table:
    """A table that does not list the values of its columns, to be shown where these are nobody's business."""
    return replace(table, columns=tuple(replace(column, values=()) for column in table.columns))


def _counts(table: Table) -> dict[str, bytes]:
    """The counts that the mined rules of a table go by."""
    if not isinstance(table.judge, Judge):
        return {}
    return {f"{EVIDENCE}/{name}": content for name, content in table.judge.evidence.files(active(table.rules)).items()}


def _texts(inferred: Inferred, *, masked: bool) -> dict[str, str]:
    evidence = {name: _shown(seen, masked=masked) for name, seen in inferred.columns.items()}
    looked = f"{inferred.rows:,} of {inferred.seen:,} rows were looked at"
    broken = f"{inferred.broken:,} more records are no rows" if inferred.broken else ""
    looked = "; ".join(filter(None, [looked, broken]))
    head = _HEAD.format(name=_one_line(inferred.table.name), file=SCHEMA)
    head += f"# {looked}.\n" if inferred.rows < inferred.seen or inferred.broken else ""
    comments = {name: _comment(seen) for name, seen in evidence.items()}
    numbers = {"table": inferred.table.name, "rows": inferred.rows, "seen": inferred.seen, "keys": inferred.keys}
    columns = {name: asdict(seen) for name, seen in evidence.items()}
    return {
        SCHEMA: head + table_yaml(inferred.table, comments),
        BEFORE: table_yaml(inferred.table),
        f"{EVIDENCE}/columns.json": json.dumps({**numbers, "columns": columns}, indent=2, ensure_ascii=False) + "\n",
        f"{EVIDENCE}/columns.md": _page(inferred, evidence, looked),
    }


def updated_files(inferred: Inferred, folder: Path, *, masked: bool = False) -> dict[str, str | bytes]:
    """The same for a folder that has a schema, with what a person wrote into it.

    Args:
        inferred: the table.
        folder: holds the schema, and as evidence how it was inferred.
        masked: whether letters and digits of examples are hidden.

    Raises:
        UserError: the schema cannot be read.
    """
    own = read_table(folder / SCHEMA)
    before = read_table(folder / BEFORE) if (folder / BEFORE).exists() else own
    as_inferred = inferred_files(inferred, masked=masked)
    merged = replace(inferred, table=merge(before, own, inferred.table))
    columns = {name: seen for name, seen in inferred.columns.items() if name in merged.table.names}
    text = _texts(replace(merged, columns=columns), masked=masked)[SCHEMA]
    return {**as_inferred, SCHEMA: with_comments(text, (folder / SCHEMA).read_text(encoding="utf-8"))}


def _shown(seen: ColumnEvidence, *, masked: bool) -> ColumnEvidence:
    if not masked:
        return seen
    return ColumnEvidence(
        **asdict(seen)
        | {
            "examples": tuple(map(hidden, seen.examples)),
            "low": seen.low and hidden(seen.low),
            "high": seen.high and hidden(seen.high),
        }
    )


def _comment(seen: ColumnEvidence) -> str:
    """What was seen of a column, in a few words."""
    filled = seen.rows - seen.missing
    parts = [f"{filled:,} of {seen.rows:,}"]
    parts += [f"{seen.share:.1%} are"] if seen.share < 1 else []
    parts += ["no two alike"] if seen.is_unique and filled > 1 else [f"{seen.distinct:,} different"]
    parts += [f"{seen.low} to {seen.high}"] if seen.low is not None and seen.low != seen.high else []
    parts += [", ".join(map(repr, seen.examples))] if seen.examples else []
    parts += [seen.doubt] if seen.doubt else []
    return _one_line("; ".join(parts))


def _page(inferred: Inferred, evidence: Mapping[str, ColumnEvidence], looked: str) -> str:
    lines = [
        (
            code(_one_line(column.name)),
            column.kind,
            code(column.format) if column.format else "",
            f"{seen.share:.1%}",
            f"{seen.missing:,}",
            f"{seen.distinct:,}",
            ", ".join(code(_one_line(example)) for example in seen.examples),
            plain(
                "; ".join(
                    [*(f"{share:.0%} {kind}" for kind, share in seen.others.items()), *filter(None, [seen.doubt])]
                )
            ),
        )
        for column in inferred.table.columns
        if (seen := evidence.get(column.name))
    ]
    header = ("column", "kind", "format", "share", "missing", "different", "for example", "what else it could be")
    keys = ["Keys: " + ", ".join(" and ".join(map(code, key)) for key in inferred.keys) + "."] if inferred.keys else []
    title = f"# What {plain(_one_line(inferred.table.name))} was seen to be"
    return "\n\n".join([title, f"{looked}.", *keys, markdown_table(header, lines)]) + "\n"


def _one_line(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)
