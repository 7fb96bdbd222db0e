"""Sorts judged pictures, refused files and attributes without a picture out into rows of the written tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eightytwenty.pictures.attributes import PictureAttributes
from eightytwenty.pictures.near_duplicates import Candidate, PictureCopies, find_copies
from eightytwenty.pictures.rules import Judged
from eightytwenty.pictures.schema import CONTRADICTING
from eightytwenty.pictures.source import Refused
from eightytwenty.pictures.store import SCHEMAS, SoundPictures

REFUSED = "refused"
Rows = dict[str, list[tuple[object, ...]]]


@dataclass(frozen=True)
class Sound:
    """The pictures that failed no rule, in the order in which they came, and what they say of each other."""

    judged: tuple[Judged, ...]
    copies: PictureCopies

    @property
    def contradicting(self) -> set[str]:
        """Names of pictures that are there with other attributes too."""
        return {self.judged[number].name for number in self.copies.contradicting}

    @property
    def clean(self) -> list[int]:
        """Numbers of the clean ones, by name."""
        gone = self.copies.contradicting | self.copies.original.keys()
        return sorted(set(range(len(self.judged))) - gone, key=lambda number: self.judged[number].name)


def compare(judged: Sequence[Judged], attributes: PictureAttributes, pictures: SoundPictures) -> Sound:
    """Compares the pictures that failed no rule with each other."""
    sound = tuple(one for one in judged if not one.failed)
    candidates = [
        Candidate(one.digest, one.hash, attributes.values.get(one.name), one.rank)
        for one in sound
        if one.digest is not None and one.hash is not None
    ]
    return Sound(sound, find_copies(candidates, pictures.__getitem__))


def sort_out(
    judged: Sequence[Judged],
    sound: Sound,
    refused: Sequence[Refused],
    attributes: PictureAttributes,
    files: Mapping[str, str],
    reasons: Mapping[str, str],
) -> Rows:
    """The rows of each table of `SCHEMAS`, sorted by row id.

    Args:
        judged: all pictures.
        sound: those that failed no rule.
        refused: files that the source does not hand out.
        attributes: of the pictures, and those that no picture claims.
        files: name of a quarantined picture -> its file in quarantine.
        reasons: rule -> why it is there.
    """
    rows: Rows = {name: [] for name in SCHEMAS}

    def quarantine(
        source: str, record: int, rules: Sequence[str], why: str = "", original: bytes | None = None
    ) -> None:
        reason = why or "; ".join(reasons[rule] for rule in rules)
        rows["quarantine"].append((source, record, list(rules), reason, files.get(source), original))

    for one in judged:
        if one.failed:
            quarantine(one.name, 1, one.failed)
    for name in sound.contradicting:
        quarantine(name, 1, [CONTRADICTING.name])
    for file in refused:
        quarantine(file.name, file.record, [REFUSED], file.reason)
    for line in attributes.unclaimed:
        quarantine(line.source, line.record, line.problems, original=line.original)
    for copy, first in sound.copies.original.items():
        rows["duplicates"].append((sound.judged[copy].name, 1, sound.judged[first].name, 1))
    for number in sound.clean:
        one = sound.judged[number]
        rows["clean"].append((one.name, 1, *attributes.values.get(one.name, ())))
        rows["ledger"] += [
            (one.name, 1, "picture", change.step.name, change.before, change.after) for change in one.changes
        ]
    for name in ("quarantine", "duplicates"):
        rows[name].sort(key=lambda row: (str(row[0]), row[1]))
    return rows
