"""The dataset of a model: its versions, which never change, and the book of what became of every delivery.

<data>/datasets/<model>/v0001/raw/       the accepted files so far, a folder for each delivery
<data>/datasets/<model>/v0001/<cleaned>  what the cleaning of all of them left
<data>/datasets/<model>/v0001/card.json  digest, parent, deliveries, counts
<data>/datasets/<model>/book.json        deliveries with their fates, and the challengers that were judged
<data>/datasets/<model>/arriving/        copies of deliveries while they are looked at
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from eightytwenty.engine.summary import Summary
from eightytwenty.errors import UserError
from eightytwenty.files import irregular, sha256, whole_folder, write_whole
from tasks.retrain.inbox import Delivery
from tasks.running.ownership import only_one

_CARD, _BOOK, _PENDING, _ARRIVING = "card.json", "book.json", "pending.json", "arriving"
_KIND = {"largest_sum", "size"}
RAW = "raw"


@dataclass(frozen=True)
class Version:
    """A version of a dataset.

    Attributes:
        folder: where it lies.
        number: from 1.
        parent: the version that it grew out of; 0 for the first.
        cleaned: name of the folder with the cleaned rows.
        sha256: digest of that folder.
        raw_sha256: digest of the accepted files.
        kind: the largest sum, or the size, that it was cleaned for.
        deliveries: digest -> name of every delivery in it.
        added: names of those that its parent does not have.
        rows: raw rows, and what became of them.
    """

    folder: Path
    number: int
    parent: int
    cleaned: str
    sha256: str
    raw_sha256: str
    kind: dict[str, object]
    deliveries: dict[str, str]
    added: list[str]
    rows: dict[str, int]

    @property
    def name(self) -> str:
        """As its folder is called, v0001."""
        return self.folder.name

    @property
    def rows_folder(self) -> Path:
        """What the cleaning left."""
        return self.folder / self.cleaned

    @property
    def raw(self) -> Path:
        """The accepted files."""
        return self.folder / RAW


class DatasetVersions:
    """The versions of a model's dataset, and the book.

    Args:
        folder: of the dataset.
        cleaned: name that the folder of cleaned rows has in each version.
        terms: the parameters on which it depends whether a delivery is refused.
    """

    def __init__(self, folder: Path, cleaned: str, terms: Mapping[str, object]) -> None:
        self.folder, self._cleaned, self._terms = folder, cleaned, dict(terms)
        self._kind = {name: value for name, value in terms.items() if name in _KIND}

    @property
    def book(self) -> Path:
        """The file with the fate of every delivery."""
        return self.folder / _BOOK

    @property
    def arriving(self) -> Path:
        """The folder for copies of deliveries, which is gone when the retraining ends."""
        return self.folder / _ARRIVING

    def newest(self) -> Version | None:
        """The newest version, None where there is none.

        Raises:
            UserError: it is not what it was when it was written.
        """
        number = max((int(card.parent.name[1:]) for card in self.folder.glob(f"v[0-9]*/{_CARD}")), default=0)
        return self._read(number) if number else None

    def seen(self) -> set[str]:
        """Digests of the deliveries that are in the newest version, or were refused on the same terms."""
        newest = self.newest()
        refused = {digest for digest, entry in self._book("deliveries").items() if entry.get("terms") == self._terms}
        return refused | set(newest.deliveries if newest else ())

    def add(
        self,
        parent: Version | None,
        deliveries: Sequence[Delivery],
        put: Callable[[Delivery, Path], None],
        clean: Callable[[Path], Summary],
    ) -> Version:
        """Makes the next version, whole or not at all.

        Args:
            parent: the newest version until now.
            deliveries: what is new.
            put: puts the files of a delivery into a folder, made for it.
            clean: cleans raw/ of a version's folder into the folder of cleaned rows beside it.

        Raises:
            UserError: the files of the parent are not what they were when it was written.
        """
        if parent and not _is_whole(parent.raw, parent.raw_sha256):
            raise _damaged(parent.folder)
        number = parent.number + 1 if parent else 1
        with whole_folder(self.folder / f"v{number:04}") as folder:
            raw = folder / RAW
            if parent:
                link_tree(parent.raw, raw)
            for delivery in deliveries:
                # numbered, so that of two copies the older one comes first and is the one that is kept
                place = raw / f"{number:04}-{delivery.sha256[:12]}"
                place.mkdir(parents=True)
                put(delivery, place)
            summary = clean(folder)
            card = {
                "number": number,
                "parent": parent.number if parent else 0,
                "cleaned": self._cleaned,
                "sha256": sha256(folder / self._cleaned),
                "raw_sha256": sha256(raw),
                "kind": self._kind,
                "deliveries": (parent.deliveries if parent else {}) | {one.sha256: one.name for one in deliveries},
                "added": [one.name for one in deliveries],
                "rows": {"rows": summary.rows, **summary.fates},
            }
            (folder / _CARD).write_text(json.dumps({**card, "made": _now()}, indent=2))
        version = self._read(number)
        self._write_accepted(version)
        return version

    def refuse(self, delivery: Delivery, why: str) -> None:
        """Writes into the book that a delivery was refused, why, and on which terms."""
        told = {"name": delivery.name, "when": _now(), "fate": "refused", "why": why, "terms": self._terms}
        self._write({"deliveries": {delivery.sha256: told}})

    def judged(self, key: str) -> bool:
        """Whether the challenger with this key was judged."""
        return key in self._book("judged")

    def write_judgement(self, key: str, version: Version, told: Mapping[str, object]) -> None:
        """Writes into the book how a challenger was judged; it is not pending any more."""
        self._write_accepted(version)  # a process may have been killed before it could
        self._write({"judged": {key: {**told, "when": _now()}}})
        (self.folder / _PENDING).unlink(missing_ok=True)

    def pending_run(self, key: str) -> str | None:
        """The MLflow run of a retraining with this key that was killed."""
        try:
            pending = json.loads((self.folder / _PENDING).read_text())
        except (FileNotFoundError, ValueError):
            return None
        return str(pending["run"]) if pending["key"] == key else None

    def keep_pending(self, key: str, run_id: str) -> None:
        """Remembers the MLflow run of a retraining until the challenger is judged."""
        write_whole(self.folder / _PENDING, json.dumps({"key": key, "run": run_id}).encode())

    def _read(self, number: int) -> Version:
        folder = self.folder / f"v{number:04}"
        try:
            card = json.loads((folder / _CARD).read_text())
            card.pop("made")
            version = Version(folder, **card)
        except (OSError, ValueError, KeyError, TypeError):
            raise _damaged(folder) from None
        if not _is_whole(version.rows_folder, version.sha256):
            raise _damaged(folder)
        if version.cleaned != self._cleaned:
            raise UserError(
                f"{self.folder} holds the {version.cleaned} of another model; choose another name of model."
            )
        if not self._kind.items() <= version.kind.items():
            had, asked = (
                ", ".join(f"{name} {value}" for name, value in one.items()) for one in (version.kind, self._kind)
            )
            raise UserError(
                f"{folder} was cleaned for {had.replace('_', ' ')}, and what is asked for, or the champion has, is "
                f"{asked.replace('_', ' ')}: choose another name of model."
            )
        return version

    def _book(self, part: str) -> dict[str, Any]:
        try:
            book = json.loads((self.folder / _BOOK).read_text())
        except FileNotFoundError:
            return {}
        except ValueError:
            raise UserError(
                f"{self.folder / _BOOK} is damaged; put it back from a backup, or remove it: refused files are then "
                "looked at once more."
            ) from None
        return dict(book.get(part, {}))

    def _write_accepted(self, version: Version) -> None:
        """Writes into the book the deliveries of a version that are not in it."""
        accepted = {digest for digest, entry in self._book("deliveries").items() if entry["fate"] == "accepted"}
        told = {"when": _now(), "fate": "accepted", "why": f"in {version.name}"}
        new = {digest: {"name": name, **told} for digest, name in version.deliveries.items() if digest not in accepted}
        self._write({"deliveries": new})

    def _write(self, told: Mapping[str, Mapping[str, object]]) -> None:
        book = {part: self._book(part) | dict(told.get(part, {})) for part in ("deliveries", "judged")}
        write_whole(self.folder / _BOOK, json.dumps(book, indent=2).encode())


@contextmanager
def only_one_retraining(folder: Path) -> Iterator[None]:
    """One retraining of a dataset at a time: a second one waits for the end of the first. No copy outlives it."""
    with only_one(folder / "retraining.lock"):
        arriving = folder / _ARRIVING
        shutil.rmtree(arriving, ignore_errors=True)  # of a process that was killed
        try:
            yield
        finally:
            shutil.rmtree(arriving, ignore_errors=True)


def _is_whole(place: Path, digest: str) -> bool:
    try:
        return irregular(place) is None and sha256(place) == digest
    except OSError:
        return False


def _damaged(folder: Path) -> UserError:
    return UserError(
        f"{folder} was changed or damaged since it was written; put it back from a backup, or remove it: the version "
        "before it is used then, and what lies in the inbox is taken in again."
    )


def link_tree(source: Path, target: Path) -> None:
    """Gives a file or folder that never changes a second name; copies it where that cannot be."""
    if source.is_dir():
        shutil.copytree(source, target, copy_function=_link)
    else:
        _link(str(source), str(target))


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
