"""The raw rows of a source of pictures, as the engine routes them: pictures, refused files, attributes without one."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from eightytwenty.engine.account import check_accounts
from eightytwenty.engine.executor import Executor
from eightytwenty.engine.repair import LEDGER
from eightytwenty.engine.route import route_rows
from eightytwenty.engine.rules import Doubt, RuleResults, check_failures
from eightytwenty.pictures.attribute_files import REASONS
from eightytwenty.pictures.attributes import PictureAttributes
from eightytwenty.pictures.check import Observed
from eightytwenty.pictures.near_cells import Rows
from eightytwenty.pictures.near_duplicates import Candidates, PictureCopies, find_picture_copies
from eightytwenty.pictures.schema import CONTRADICTING
from eightytwenty.pictures.source import PictureSource
from eightytwenty.read.batch import Indices
from eightytwenty.schema import Check

REFUSED = "refused"


class PictureRows:
    """The rows, sorted by row id.

    Args:
        source: its refused files are rows.
        attributes: those of no picture are rows.
        observed: all pictures of the source, in any order.
        doubts: rules that flag a picture.
    """

    def __init__(
        self,
        source: PictureSource,
        attributes: PictureAttributes,
        observed: Observed,
        doubts: Sequence[Check],
    ) -> None:
        self._attributes, self._observed = attributes, observed
        names, unclaimed = observed.files["name"], attributes.unclaimed_rows
        # a second file with the name of an attribute table comes after the lines of the table
        lines = {line.source: line.record for line in unclaimed}  # of each table, the last
        refused = [replace(file, record=file.record + lines.get(file.name, 0)) for file in source.refused_files]
        row_ids = pl.DataFrame(
            {
                "source": [*names, *(file.name for file in refused), *(line.source for line in unclaimed)],
                "record": [
                    *([1] * len(names)),
                    *(file.record for file in refused),
                    *(line.record for line in unclaimed),
                ],
            },
            {"source": pl.String, "record": pl.Int64},
        )
        order = row_ids.select(pl.arg_sort_by("source", "record"))[:, 0].to_numpy()
        self._order, self._places = order, np.argsort(order)  # the rows in order of arrival, and the other way round
        self.row_ids = row_ids[order]
        self._notes = [*([None] * len(names)), *(file.reason for file in refused), *([None] * len(unclaimed))]
        self._originals = [*([None] * (len(names) + len(refused))), *(line.original for line in unclaimed)]
        problems = [
            *([problem] if (problem := attributes.problems.get(name)) else [] for name in names),
            *([REFUSED] for _ in refused),
            *(line.problems for line in unclaimed),
        ]
        no_other = np.zeros(len(refused) + len(unclaimed), dtype=bool)
        self._failures = {
            name: np.append(observed.failures[name].to_numpy(), no_other) for name in observed.failures.columns
        } | {rule: np.array([rule in found for found in problems], dtype=bool) for rule in (REFUSED, *REASONS)}
        self._doubts = {
            rule: np.append(doubtful, no_other) for rule, doubtful in check_failures(doubts, observed.files).items()
        }

    def find_copies(self, pixels: Rows, hashes: Rows, executor: Executor) -> PictureCopies:
        """Compares the pictures that failed no rule with each other.

        Args:
            pixels: of those that failed no rule by themselves, in the order in which they were observed.
            hashes: of the same pictures.
            executor: compares them.

        Returns:
            The copies among all observed pictures.
        """
        files, values = self._observed.files, self._attributes.values
        changes = self._observed.changes["row"].value_counts(name="changes")
        ranked = (
            files.select("name", is_jpeg=pl.col("format") == "JPEG", area=pl.col("width") * pl.col("height"))
            .with_columns(row=pl.arange(pl.len()))
            .join(changes, "row", "left", maintain_order="left")
            .filter(self._observed.is_sound)
            .with_columns(number=pl.arange(pl.len()))
            .filter(~pl.col("name").is_in(list(self._attributes.problems)))
            .sort(pl.col("changes").fill_null(0), "is_jpeg", -pl.col("area"), "name")
        )
        numbers = ranked["number"].cast(pl.Int32).to_numpy()
        groups: dict[tuple[str, ...] | None, int] = {}
        candidates = Candidates(
            numbers,
            self._observed.digests[numbers],
            self._observed.means[numbers],
            np.array([groups.setdefault(values.get(name), len(groups)) for name in ranked["name"]], np.int32),
        )
        found = find_picture_copies(candidates, pixels, hashes, executor)
        rows = ranked["row"].to_numpy()
        copies = PictureCopies(np.full(files.height, -1), np.zeros(files.height, np.bool_))
        copies.original[rows] = np.where(found.original < 0, -1, rows[found.original])
        copies.contradicts[rows] = found.contradicts
        return copies

    def route(
        self, copies: PictureCopies, files: Mapping[str, str], reasons: Mapping[str, str]
    ) -> dict[str, pl.DataFrame]:
        """Routes the rows.

        Args:
            copies: from `find_copies`.
            files: name of a picture -> its file in quarantine.
            reasons: rule -> its reason.

        Returns:
            The rows of each output.
        """
        height, names = self.row_ids.height, self._observed.files["name"]
        contradicts, copied_from = np.zeros(height, dtype=bool), np.full(height, -1)
        contradicts[: len(names)], copied_from[: len(names)] = copies.contradicts, copies.original
        failures = {rule: mask[self._order] for rule, mask in self._failures.items()}
        flags = [Doubt(rule, None, np.flatnonzero(mask[self._order])) for rule, mask in self._doubts.items()]
        failures[CONTRADICTING.name] = contradicts[self._order]
        originals = copied_from[self._order]
        is_copy = originals >= 0

        def raw(rows: Indices) -> pl.DataFrame:
            arrived = self._order[rows]
            return pl.DataFrame(
                {
                    "file": [files.get(name) for name in self.row_ids["source"][rows]],
                    "original": [self._originals[row] for row in arrived],
                    "note": [self._notes[row] for row in arrived],
                },
                {"file": pl.String, "original": pl.Binary, "note": pl.String},
            )

        tables = route_rows(
            self.row_ids,
            RuleResults(self._values, self._values, self._ledger, failures, flags),
            raw,
            is_copy,
            pl.DataFrame({"copy_of_source": names[originals[is_copy]]}).with_columns(
                copy_of_record=pl.lit(1, pl.Int64)
            ),
            reasons,
            {},
        )
        # a refused file has its own reason
        return tables | {"quarantine": tables["quarantine"].with_columns(reason=pl.coalesce("note", "reason"))}

    @property
    def _values(self) -> pl.DataFrame:
        """The attributes of each row; null where it has none."""
        attributes, values = self._attributes.attributes, self._attributes.values
        nothing = (None,) * len(attributes)
        rows = [values.get(name, nothing) for name in self.row_ids["source"]]
        return pl.DataFrame(rows, {attribute.name: pl.String for attribute in attributes}, orient="row")

    @property
    def _ledger(self) -> pl.DataFrame:
        changes = self._observed.changes
        rows = pl.Series(self._places[changes["row"].to_numpy()], dtype=pl.Int64)
        pictures = (
            changes.with_columns(
                row=rows, column=pl.lit("picture"), confidence=pl.lit(1.0), reason=pl.lit(None, pl.String)
            )
            .select(list(LEDGER))
            .sort("row", "step")
        )
        repaired = self._attributes.changes
        places = {
            name: int(self._places[at]) for at, name in enumerate(self._observed.files["name"]) if name in repaired
        }
        attributes = pl.DataFrame(
            [
                (places[name], step, change.attribute, change.repair, change.before, change.after, 1.0, None)
                for name in places
                for step, change in enumerate(repaired[name])
            ],
            LEDGER,
            orient="row",
        )
        return pl.concat([pictures, attributes]).sort("row", maintain_order=True)


def check_rows(folder: Path, row_ids: pl.DataFrame) -> None:
    """Checks in written files that each of their rows ended once.

    Args:
        folder: of the files.
        row_ids: of the rows, sorted.

    Raises:
        ContractError: it did not.
    """
    counts = row_ids.group_by("source", maintain_order=True).agg(pl.col("record").max())
    starts = counts.select("source", start=pl.col("record").cum_sum() - pl.col("record"))
    rows = row_ids.join(starts, on="source", how="left", maintain_order="left")
    expected = rows.select(pl.col("start") + pl.col("record") - 1)[:, 0].to_numpy()
    check_accounts(folder, counts["source"].to_list(), counts["record"].to_list(), expected)
