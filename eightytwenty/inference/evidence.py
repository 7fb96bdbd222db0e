"""What the mined rules of a table go by: how often values occur, which occur together, and what sources say.

Evidence is counted in pieces of the rows, and the counts are added. It is kept beside the schema as Parquet, so that
the rows of one delivery judge those of later ones.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path

import numpy as np
import polars as pl

from eightytwenty.errors import UserError
from eightytwenty.inference.codes import MISSING, UNKNOWN, Codes, Vocabulary, combine
from eightytwenty.inference.groups import Groups, Mask
from eightytwenty.inference.repeats import Repeats
from eightytwenty.inference.values import Values
from eightytwenty.mined_rules import Depends, MinedRule, Once, Reference, SourceVotes

VALUES, GROUPS, TOLD = "values.parquet", "groups.parquet", "told.parquet"
REFERENCES = "references.parquet"  # only where columns refer to others
REPEATS = "repeats.parquet"  # only where values come again in columns in which they should not
_VALUES = {"column": pl.String, "value": pl.String, "count": pl.Int64, "is_readable": pl.Boolean}
_GROUPS = {"rule": pl.String, "first": pl.String, "second": pl.String, "value": pl.String, "count": pl.Int64}
_REFERENCES = {"column": pl.String, "value": pl.String}
_REPEATS = {"column": pl.String, "value": pl.String, "count": pl.UInt32, "alone": pl.Float64}
TOLD_SCHEMA = {
    "key": pl.String,
    "column": pl.String,
    "value": pl.String,
    "log_odds": pl.Float64,
    "reason": pl.String,
}


@dataclass(frozen=True)
class Cells:
    """Cells of n rows, after the repairs of their columns.

    Args:
        texts: (n, columns) String, null where a cell is missing.
        unreadable: column -> (n,) Boolean, the cells that are not of the column's kind; of typed columns.
    """

    texts: pl.DataFrame
    unreadable: Mapping[str, pl.Series]

    @property
    def readable(self) -> pl.DataFrame:
        """(n, columns) String, the cells; null also where one is not of its column's kind, since that says enough."""
        none = pl.lit(None, pl.String)
        return self.texts.with_columns(
            pl.when(is_unreadable).then(none).otherwise(pl.col(name)).alias(name)
            for name, is_unreadable in self.unreadable.items()
        )

    def unreadable_values(self, name: str) -> pl.Series:
        """String, the different cells of a column that are not of its kind."""
        return (
            self.texts[name].filter(self.unreadable[name]).unique() if name in self.unreadable else self.texts[name][:0]
        )


@dataclass(frozen=True)
class Evidence:
    """What the mined rules of a table go by.

    Args:
        vocabularies: column -> its values, with how often each occurs; unreadable ones among them.
        readable: column -> (d,) whether each of these values is of the column's kind.
        groups: name of a dependency -> what its groups have.
        told: key, column, value, log_odds and reason: what is true by what sources tell.
        references: column to which others refer -> String, all its values, sorted.
        repeats: column in which each value should stand once -> those that come again.
    """

    vocabularies: Mapping[str, Vocabulary]
    readable: Mapping[str, Mask]
    groups: Mapping[str, Groups]
    told: pl.DataFrame
    references: Mapping[str, pl.Series] = field(default_factory=dict)
    repeats: Mapping[str, Repeats] = field(default_factory=dict)

    @classmethod
    def of(cls, rules: Iterable[MinedRule], cells: Cells, told: pl.DataFrame | None = None) -> "Evidence":
        """Counts in rows that are all in memory."""
        rules = list(rules)
        names = {name for rule in rules for name in rule.columns}
        vocabularies = {name: Vocabulary(Values.of(cells.texts[name])) for name in cells.texts.columns if name in names}
        readable = {
            name: ~vocabulary.values.cells.is_in(cells.unreadable_values(name).implode()).to_numpy()
            for name, vocabulary in vocabularies.items()
        }
        what = pl.DataFrame(schema=TOLD_SCHEMA) if told is None else told.select(list(TOLD_SCHEMA))
        names = {rule.references for rule in rules if isinstance(rule, Reference)}
        references = {name: cells.texts[name].drop_nulls().unique() for name in names}
        given_once = [rule.once for rule in rules if isinstance(rule, Once)]
        distinct = cells.readable.unique(maintain_order=True) if given_once else cells.texts
        repeats = {name: Repeats.of(distinct, name) for name in given_once}
        found = cls(vocabularies, readable, {}, what, repeats=repeats)
        return found.with_references(references)._with_groups(rules, cells)

    def _with_groups(self, rules: Iterable[MinedRule], cells: Cells) -> "Evidence":
        """The same, and the groups that rows have by some rules."""
        coded = self.encode(cells.texts)
        groups = {
            rule.name: Groups.of(self.keys(rule, coded), coded[rule.then], len(self.vocabularies[rule.then]))
            for rule in rules
            if isinstance(rule, Depends)
        }
        return replace(self, groups={**self.groups, **groups})

    def encode(self, texts: pl.DataFrame) -> dict[str, Codes]:
        """Column -> (n,) the codes of its cells; unreadable ones are unknown."""
        coded = {}
        for name, vocabulary in self.vocabularies.items():
            if name not in texts.columns:
                continue
            codes = vocabulary.encode(texts[name])
            is_readable = self.readable[name]
            if not is_readable.all():
                codes = np.where((codes >= 0) & ~is_readable[np.maximum(codes, 0)], UNKNOWN, codes)
            coded[name] = codes
        return coded

    def covers(self, rule: MinedRule) -> bool:
        """Whether what a rule goes by has been counted."""
        if isinstance(rule, Depends):
            return rule.name in self.groups
        if isinstance(rule, Once):
            return rule.once in self.repeats
        if isinstance(rule, SourceVotes):
            return bool(self.told["column"].is_in(list(rule.told)).any())
        return set(rule.columns) <= self.vocabularies.keys()

    def with_more(self, other: "Evidence", rules: Iterable[MinedRule]) -> "Evidence":
        """This evidence, and what another one has of some rules.

        Args:
            other: of the rules. Of the values of a column that both have, those count that this one has.
            rules: that this one does not cover.
        """
        vocabularies = {**other.vocabularies, **self.vocabularies}
        return Evidence(
            vocabularies,
            {**other.readable, **self.readable},
            {**self.groups, **other.recoded(rules, vocabularies)},
            pl.concat([self.told, other.told]),
            self.references,
            {**other.repeats, **self.repeats},
        ).with_references(other.references)

    def with_references(self, values: Mapping[str, pl.Series]) -> "Evidence":
        """This evidence, and more values of columns to which others refer.

        Args:
            values: column -> String, distinct.
        """
        none = pl.Series(dtype=pl.String)
        known = {name: self.references.get(name, none) for name in values}
        more = {name: found.filter(~found.is_in(known[name].implode())) for name, found in values.items()}
        added = {
            name: pl.concat([known[name].rename(""), found.rename("")]).sort()
            for name, found in more.items()
            if len(found)
        }
        return replace(self, references={**self.references, **added}) if added else self

    def most_frequent_first(self, rules: Iterable[MinedRule]) -> "Evidence":
        """The same evidence of some rules, with the values of each column in the order of their counts."""
        vocabularies, readable = {}, {}
        for name, vocabulary in self.vocabularies.items():
            values = vocabulary.values
            frame = pl.DataFrame({"cell": values.cells, "count": values.counts, "readable": self.readable[name]})
            frame = frame.sort("count", "cell", descending=[True, False])
            vocabularies[name] = Vocabulary(Values(frame["cell"], frame["count"], values.nulls))
            readable[name] = frame["readable"].to_numpy()
        groups = self.recoded(rules, vocabularies)
        return replace(self, vocabularies=vocabularies, readable=readable, groups=groups)

    def recoded(self, rules: Iterable[MinedRule], vocabularies: Mapping[str, Vocabulary]) -> dict[str, Groups]:
        """The groups of some rules in the codes of other vocabularies, as far as these know their values."""
        found = {}
        for rule in rules:
            if not isinstance(rule, Depends) or rule.name not in self.groups:
                continue
            groups = self.groups[rule.name]
            names = (*rule.when, rule.then)
            codes = [vocabularies[name].encode(self.vocabularies[name].values.cells) for name in names]
            keys = [code[part] for code, part in zip(codes[:-1], self._key_codes(rule), strict=True)]
            size = len(vocabularies[rule.then])
            found[rule.name] = Groups.of(
                combine(keys, [len(vocabularies[name]) for name in rule.when]),
                codes[-1][groups.values],
                size,
                groups.counts,
            )
        return found

    def _key_codes(self, rule: Depends) -> tuple[Codes, ...]:
        """The codes of the columns that make the groups of a rule."""
        keys = self.groups[rule.name].keys
        return np.divmod(keys, max(len(self.vocabularies[rule.when[1]]), 1)) if len(rule.when) > 1 else (keys,)

    def keys(self, rule: Depends, coded: Mapping[str, Codes]) -> Codes:
        """(n,) the group of each row by a dependency, negative if it is in none, or not where the dependency holds."""
        keys = combine([coded[name] for name in rule.when], [len(self.vocabularies[name]) for name in rule.when])
        for column, value in rule.where:
            (code,) = self.vocabularies[column].encode(pl.Series([value], dtype=pl.String))
            keys = np.where((coded[column] == code) & (code >= 0), keys, MISSING)
        return keys

    @property
    def digest(self) -> str:
        """Of all counts."""
        found = hashlib.sha256(repr(sorted(self.vocabularies)).encode())
        for name in sorted(self.vocabularies):
            values = self.vocabularies[name].values
            found.update(repr((name, len(values), values.nulls)).encode())
            for numbers in (values.cells.str.len_bytes(), values.counts):
                found.update(numbers.cast(pl.Int64).to_numpy().tobytes())
            found.update("".join(values.cells).encode())
        for name in sorted(self.groups):
            groups = self.groups[name]
            if not len(groups.keys):  # files do not have it
                continue
            found.update(name.encode() + groups.keys.tobytes() + groups.values.tobytes() + groups.counts.tobytes())
        found.update(repr(self.told.rows()).encode())
        for name in sorted(self.references):
            found.update(repr((name, self.references[name].to_list())).encode())
        for name in sorted(self.repeats):
            again = self.repeats[name]
            found.update(repr((name, again.alone, *again.values.cells, *again.values.counts)).encode())
        return found.hexdigest()

    def files(self, rules: Iterable[MinedRule]) -> dict[str, bytes]:
        """The evidence of some rules: name of a file -> its content."""
        values = [
            pl.DataFrame(
                {"value": vocabulary.values.cells, "count": vocabulary.counts, "is_readable": self.readable[name]}
            )
            .extend(pl.DataFrame({"value": [None], "count": [vocabulary.values.nulls], "is_readable": [True]}))
            .select(pl.lit(name).alias("column"), "value", "count", "is_readable")
            .cast(pl.Schema(_VALUES))
            for name, vocabulary in self.vocabularies.items()
        ]
        groups = [self._groups_as_text(rule) for rule in rules if isinstance(rule, Depends)]
        references = [
            pl.DataFrame({"column": [name] * len(found), "value": found}, _REFERENCES)
            for name, found in self.references.items()
        ]
        repeats = [
            pl.DataFrame(
                {"column": name, "value": found.values.cells, "count": found.values.counts, "alone": found.alone},
                _REPEATS,
            )
            for name, found in self.repeats.items()
        ]
        return {
            VALUES: _parquet(pl.concat([pl.DataFrame(schema=_VALUES), *values])),
            GROUPS: _parquet(pl.concat([pl.DataFrame(schema=_GROUPS), *groups])),
            TOLD: _parquet(self.told),
            **({REFERENCES: _parquet(pl.concat(references))} if references else {}),
            **({REPEATS: _parquet(pl.concat(repeats))} if repeats else {}),
        }

    def _groups_as_text(self, rule: Depends) -> pl.DataFrame:
        groups, first = self.groups[rule.name], self.vocabularies[rule.when[0]]
        second = self.vocabularies[rule.when[1]] if len(rule.when) > 1 else None
        keys = self._key_codes(rule)
        return pl.DataFrame(
            {
                "rule": pl.repeat(rule.name, len(groups.keys), eager=True),
                "first": first.decode(keys[0]),
                "second": second.decode(keys[-1]) if second else pl.Series([None] * len(groups.keys), dtype=pl.String),
                "value": self.vocabularies[rule.then].decode(groups.values),
                "count": groups.counts,
            },
            _GROUPS,
        )

    @classmethod
    def read(cls, folder: Path, rules: Iterable[MinedRule]) -> "Evidence | None":
        """Reads the files of a folder, as far as some rules need them; None if they are not there.

        Raises:
            UserError: they cannot be read.
        """
        if not any((folder / name).is_file() for name in (VALUES, GROUPS, TOLD)):
            return None
        try:
            return cls._read(folder, rules)
        except (OSError, KeyError, pl.exceptions.PolarsError) as error:
            why = (str(error).splitlines() or [type(error).__name__])[0]
            raise UserError(f"{folder} holds no evidence that can be read ({why}); infer the table again.") from None

    @classmethod
    def _read(cls, folder: Path, rules: Iterable[MinedRule]) -> "Evidence":
        values, pairs_of_rules = _read_parquet(folder / VALUES, _VALUES), _read_parquet(folder / GROUPS, _GROUPS)
        vocabularies, readable = {}, {}
        for (name,), column in values.group_by("column", maintain_order=True):
            told = column.filter(pl.col("value").is_not_null())
            nulls = int(column.filter(pl.col("value").is_null())["count"].sum())
            vocabularies[str(name)] = Vocabulary(Values(told["value"], told["count"], nulls))
            readable[str(name)] = told["is_readable"].to_numpy()
        empty = cls(vocabularies, readable, {}, _read_parquet(folder / TOLD, TOLD_SCHEMA))
        counted = dict(iter(pairs_of_rules.group_by("rule", maintain_order=True)))
        groups = {}
        for rule in rules:
            # a person may have added a column since
            is_known = isinstance(rule, Depends) and vocabularies.keys() >= set(rule.columns)
            if isinstance(rule, Depends) and is_known and (rule.name,) in counted:
                pairs = counted[rule.name,]
                keys = combine(
                    [
                        vocabularies[name].encode(pairs[at])
                        for name, at in zip(rule.when, ("first", "second"), strict=False)
                    ],
                    [len(vocabularies[name]) for name in rule.when],
                )
                then = vocabularies[rule.then]
                groups[rule.name] = Groups.of(keys, then.encode(pairs["value"]), len(then), pairs["count"].to_numpy())
        references, repeats = _read_references(folder / REFERENCES), _read_repeats(folder / REPEATS)
        return cls(vocabularies, readable, groups, empty.told, references, repeats)


def _read_references(path: Path) -> dict[str, pl.Series]:
    """The values of columns to which others refer; none if no column does."""
    if not path.is_file():
        return {}
    return {str(name): found["value"].sort() for (name,), found in _read_parquet(path, _REFERENCES).group_by("column")}


def _read_repeats(path: Path) -> dict[str, Repeats]:
    """The values that come again in columns in which they should not; none if there is no such column."""
    if not path.is_file():
        return {}
    return {
        str(name): Repeats(Values(found["value"], found["count"], 0), float(found["alone"][0]))
        for (name,), found in _read_parquet(path, _REPEATS).group_by("column", maintain_order=True)
    }


def _read_parquet(path: Path, schema: Mapping[str, type[pl.DataType]]) -> pl.DataFrame:
    frame = pl.read_parquet(path)
    if dict(frame.schema) != schema:
        raise pl.exceptions.SchemaError(f"{path.name} has other columns")
    return frame


def _parquet(frame: pl.DataFrame) -> bytes:
    stream = BytesIO()
    frame.write_parquet(stream)
    return stream.getvalue()
