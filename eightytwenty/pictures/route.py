"""Routes checked pictures, refused files and attributes without a picture to rows of the written tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eightytwenty.pictures.attributes import PictureAttributes
from eightytwenty.pictures.near_duplicates import Candidate, PictureCopies, find_picture_copies
from eightytwenty.pictures.rules import CheckedPicture
from eightytwenty.pictures.schema import CONTRADICTING
from eightytwenty.pictures.source import RefusedFile
from eightytwenty.pictures.store import SCHEMAS, SoundPictures

REFUSED = "refused"
Rows = dict[str, list[tuple[object, ...]]]


@dataclass(frozen=True)
class Comparison:
    """The pictures that failed no rule, in the order of arrival, and the copies among them."""

    pictures: tuple[CheckedPicture, ...]
    copies: PictureCopies

    @property
    def contradicting(self) -> set[str]:
        """Names of pictures that also occur with other attributes."""
        return {self.pictures[number].name for number in self.copies.contradicting}

    @property
    def clean(self) -> list[int]:
        """Numbers of the clean pictures, sorted by name."""
        not_clean = self.copies.contradicting | self.copies.original.keys()
        return sorted(set(range(len(self.pictures))) - not_clean, key=lambda number: self.pictures[number].name)


def compare(checked: Sequence[CheckedPicture], attributes: PictureAttributes, pixels: SoundPictures) -> Comparison:
    """Compares the pictures that failed no rule with each other."""
    pictures = tuple(picture for picture in checked if not picture.failed_rules)
    candidates = [
        Candidate(picture.digest, picture.hash, attributes.values.get(picture.name), picture.rank)
        for picture in pictures
        if picture.digest is not None and picture.hash is not None
    ]
    return Comparison(pictures, find_picture_copies(candidates, pixels.__getitem__))


def route_pictures(
    checked: Sequence[CheckedPicture],
    comparison: Comparison,
    refused_files: Sequence[RefusedFile],
    attributes: PictureAttributes,
    quarantine_files: Mapping[str, str],
    reasons: Mapping[str, str],
) -> Rows:
    """The rows of each table of `SCHEMAS`, sorted by row id.

    Args:
        checked: all pictures.
        comparison: of the pictures that failed no rule.
        refused_files: files that the source does not read.
        attributes: of the pictures, and those that belong to no picture.
        quarantine_files: name of a quarantined picture -> its file in quarantine.
        reasons: rule -> its reason.
    """
    rows: Rows = {name: [] for name in SCHEMAS}

    def quarantine(
        source: str, record: int, rules: Sequence[str], reason: str = "", original: bytes | None = None
    ) -> None:
        reason = reason or "; ".join(reasons[rule] for rule in rules)
        rows["quarantine"].append((source, record, list(rules), reason, quarantine_files.get(source), original))

    for picture in checked:
        if picture.failed_rules:
            quarantine(picture.name, 1, picture.failed_rules)
    for name in comparison.contradicting:
        quarantine(name, 1, [CONTRADICTING.name])
    for file in refused_files:
        quarantine(file.name, file.record, [REFUSED], file.reason)
    for line in attributes.unclaimed_rows:
        quarantine(line.source, line.record, line.problems, original=line.original)
    for copy, original in comparison.copies.original.items():
        rows["duplicates"].append((comparison.pictures[copy].name, 1, comparison.pictures[original].name, 1))
    for number in comparison.clean:
        picture = comparison.pictures[number]
        rows["clean"].append((picture.name, 1, *attributes.values.get(picture.name, ())))
        rows["ledger"] += [
            (picture.name, 1, "picture", change.step.name, change.before, change.after) for change in picture.changes
        ]
    for name in ("quarantine", "duplicates"):
        rows[name].sort(key=lambda row: (str(row[0]), row[1]))
    return rows
