"""The dataset of a model: its versions, which never change, and a file that says what became of every delivery.

<data>/datasets/<model>/v0001/raw/        the accepted files so far, a folder for each delivery
<data>/datasets/<model>/v0001/<rows>      what cleaning all of them left
<data>/datasets/<model>/v0001/index/      what is known of the accepted files
<data>/datasets/<model>/v0001/card.json   digests, parent, deliveries, counts
<data>/datasets/<model>/deliveries.json   the fate of each delivery, and the challengers that were judged
<data>/datasets/<model>/arriving/         copies of deliveries while they are examined
"""

import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from eightytwenty.engine.summary import Summary
from eightytwenty.errors import UserError
from eightytwenty.files import find_irregular, remove, sha256, whole_folder
from tasks.experiment import Raw
from tasks.retrain.cards import INDEX, RAW, Deliveries, Fate, Pending, Version
from tasks.running.links import link_tree
from tasks.running.ownership import exclusive_lock
from tasks.running.records import DamagedError

_CARD, _DELIVERIES, _PENDING, _ARRIVING = "card.json", "deliveries.json", "pending.json", "arriving"
_OLD_DELIVERIES = "book.json"  # what deliveries.json was called in earlier releases
CONDITIONS = {"most_quarantine", "most_drift", "on_drift"}
"""The terms that every model has; the others are what its data is cleaned for."""
_VERSION = re.compile(r"v(\d+)")


class DatasetVersions:
    """The versions of a model's dataset, and what became of every delivery.

    Args:
        folder: of the dataset.
        rows_folder: name of the folder of cleaned rows in each version.
        terms: the parameters that decide whether a delivery is refused.
    """

    def __init__(self, folder: Path, rows_folder: str, terms: Mapping[str, object]) -> None:
        self.folder, self._rows_folder, self._terms = folder, rows_folder, dict(terms)
        self._kind = {name: value for name, value in terms.items() if name not in CONDITIONS}

    @property
    def deliveries_file(self) -> Path:
        """The file with the fate of every delivery."""
        return self.folder / _DELIVERIES

    @property
    def arriving(self) -> Path:
        """The folder for copies of deliveries; it is removed when the retraining ends."""
        return self.folder / _ARRIVING

    def newest(self) -> Version | None:
        """The newest version; None if there is none. Its rows are read, and checked.

        Raises:
            UserError: it was changed or damaged after it was written.
        """
        names = [_VERSION.fullmatch(place.name) for place in self.folder.glob("v*")]
        number = max((int(name[1]) for name in names if name), default=0)
        return self._read(number) if number else None

    def known_digests(self, newest: Version | None) -> set[str]:
        """Digests of the deliveries that are in the newest version, or were refused on the same terms."""
        refused = {digest for digest, fate in self._fates().deliveries.items() if fate.terms == self._terms}
        return refused | set(newest.deliveries if newest else ())

    def accepted_within(self, days: int) -> set[str]:
        """Digests of the deliveries that were accepted in the last days."""
        since = datetime.now(UTC) - timedelta(days=days)
        accepted = {digest: fate for digest, fate in self._fates().deliveries.items() if fate.fate == "accepted"}
        return {digest for digest, fate in accepted.items() if datetime.fromisoformat(fate.when) >= since}

    def add(
        self,
        parent: Version | None,
        deliveries: Sequence[Raw],
        copy_files: Callable[[Raw, Path], None],
        clean: Callable[[Path], Summary],
    ) -> Version:
        """Makes the next version, whole or not at all.

        Args:
            parent: the newest version until now.
            deliveries: the new ones.
            copy_files: copies the files of a delivery into an empty folder.
            clean: given a version's folder, cleans its raw/ into the folder of cleaned rows next to it; index/ has
                what the parent kept about its files, and takes what the version keeps.

        Raises:
            UserError: the files of the parent were changed or damaged after they were written.
        """
        if parent and not _is_intact(parent.raw, parent.raw_sha256):
            raise _damaged(parent.folder, RAW)
        number = parent.number + 1 if parent else 1
        folder = self.folder / f"v{number:04}"
        with whole_folder(folder) as partial:
            raw = partial / RAW
            if parent:
                link_tree(parent.raw, raw)
                if parent.index_sha256 and _is_intact(parent.index, parent.index_sha256):
                    link_tree(parent.index, partial / INDEX)
            for delivery in deliveries:
                # the number puts the older of two copies first, and the first one stays
                place = raw / f"{number:04}-{delivery.sha256[:12]}"
                place.mkdir(parents=True)
                copy_files(delivery, place)
            summary = clean(partial)
            new = {delivery.sha256: delivery.name for delivery in deliveries}
            version = Version(
                number=number,
                parent=parent.number if parent else 0,
                cleaned=self._rows_folder,
                sha256=sha256(partial / self._rows_folder),
                raw_sha256=sha256(raw),
                index_sha256=sha256(partial / INDEX) if (partial / INDEX).is_dir() else "",
                kind=self._kind,
                deliveries=(parent.deliveries if parent else {}) | new,
                added=[delivery.name for delivery in deliveries],
                rows={"rows": summary.rows, **summary.fates},
                made=_now(),
            )
            version.write(partial / _CARD)
        version = version.model_copy(update={"folder": folder})
        self._write_accepted(version)
        return version

    def refuse(self, delivery: Raw, why: str) -> None:
        """Records that a delivery was refused, why, and on which terms."""
        fate = Fate(name=delivery.name, when=_now(), fate="refused", why=why, terms=self._terms)
        self._write(deliveries={delivery.sha256: fate})

    def is_judged(self, key: str) -> bool:
        """Whether the challenger with this key was judged."""
        return key in self._fates().judged

    def write_judgement(self, key: str, version: Version, judgement: Mapping[str, object]) -> None:
        """Records how a challenger was judged, and that it is no longer pending."""
        self._write_accepted(version)  # a process may have been killed before it could
        self._write(judged={key: {**judgement, "when": _now()}})
        remove(self.folder / _PENDING)

    def pending_run(self, key: str) -> str | None:
        """The MLflow run of a retraining with this key that was killed; None if there is none."""
        try:
            pending = Pending.read(self.folder / _PENDING)
        except (FileNotFoundError, DamagedError):
            return None
        return pending.run if pending.key == key else None

    def write_pending_run(self, key: str, run_id: str) -> None:
        """Remembers the MLflow run of a retraining until its challenger is judged."""
        Pending(key=key, run=run_id).write(self.folder / _PENDING)

    def _read(self, number: int) -> Version:
        folder = self.folder / f"v{number:04}"
        try:
            version = Version.read(folder / _CARD).model_copy(update={"folder": folder})
        except (FileNotFoundError, DamagedError):
            raise _damaged(folder, _CARD) from None
        if version.number != number or not _is_intact(version.rows_folder, version.sha256):
            raise _damaged(folder, _CARD if version.number != number else version.cleaned)
        if version.cleaned != self._rows_folder:
            raise UserError(f"{self.folder} holds the {version.cleaned} of another model; choose another model name.")
        if not self._kind.items() <= version.kind.items():
            dataset, challenger = (
                ", ".join(f"{name} {value}" for name, value in kind.items()).replace("_", " ")
                for kind in (version.kind, self._kind)
            )
            raise UserError(
                f"{folder} was cleaned for {dataset}, but the parameters or the champion require {challenger}: "
                "choose another model name."
            )
        return version

    def _fates(self) -> Deliveries:
        """The content of deliveries.json."""
        old = self.folder / _OLD_DELIVERIES
        if old.exists() and not self.deliveries_file.exists():
            old.replace(self.deliveries_file)
        try:
            return Deliveries.read(self.deliveries_file)
        except FileNotFoundError:
            return Deliveries()
        except DamagedError:
            raise UserError(
                f"{self.deliveries_file} is damaged; put it back from a backup, or remove it: refused files are then "
                "examined once more."
            ) from None

    def _write_accepted(self, version: Version) -> None:
        """Records the deliveries of a version that are not recorded as accepted yet."""
        accepted = {digest for digest, fate in self._fates().deliveries.items() if fate.fate == "accepted"}
        why = f"in {version.name}"
        new = {
            digest: Fate(name=name, when=_now(), fate="accepted", why=why)
            for digest, name in version.deliveries.items()
            if digest not in accepted
        }
        self._write(deliveries=new)

    def _write(self, **new: dict[str, Fate] | dict[str, dict[str, object]]) -> None:
        """Adds entries to deliveries.json."""
        old = self._fates()
        entries = {part: getattr(old, part) | new.get(part, {}) for part in Deliveries.model_fields}
        Deliveries(**entries).write(self.deliveries_file)


@contextmanager
def only_one_retraining(folder: Path) -> Iterator[None]:
    """One retraining of a dataset at a time: a second one waits for the first. Copies in arriving/ are removed."""
    with exclusive_lock(folder / "retraining.lock"):
        arriving = folder / _ARRIVING
        shutil.rmtree(arriving, ignore_errors=True)  # left by a process that was killed
        try:
            yield
        finally:
            shutil.rmtree(arriving, ignore_errors=True)


def _is_intact(place: Path, digest: str) -> bool:
    try:
        return find_irregular(place) is None and sha256(place) == digest
    except OSError:
        return False


def _damaged(folder: Path, part: str) -> UserError:
    return UserError(
        f"{folder / part} was changed or damaged after it was written; put {folder} back from a backup, or remove it: "
        "the version before it is then used, and deliveries that are still in the inbox are added again."
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
