"""Keeps what the first stage found out about each file, so that a source that grows is not read again and again."""

import hashlib
import itertools
import json
import shutil
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

import eightytwenty
from eightytwenty.engine.account import Counts
from eightytwenty.engine.parts import Part, file_folder
from eightytwenty.read.source import RawFile
from eightytwenty.read.streams import file_sha256
from eightytwenty.schema import Table

_CARD = "card.json"


def code_digest(*files: str) -> str:
    """Digest of the library's own code and of other files of code: what another code found out does not count."""
    own = Path(eightytwenty.__file__).parent.rglob("*.py")
    contents = [path.read_bytes() for path in sorted({*own, *map(Path, files)}) if path.is_file()]
    return hashlib.sha256(b"\0".join(contents)).hexdigest()


def way_of_cleaning(table: Table) -> str:
    """Everything but the source on which the result of a cleaning depends."""
    codes = [getattr(column.form.parse, "__code__", None) for column in table.columns]
    kinds = [code.co_filename for code in codes if code]
    # the hashes of keys are those of this version of polars
    evidence = table.judge.digest if table.judge else ""
    return f"{table!r}\n{evidence}\n{code_digest(*kinds)}\n{pl.__version__}"


class Index:
    """The parts of files that were cleaned before, in a folder. Files are added to it, and changed ones replaced.

    Args:
        folder: need not exist.
        table: a file counts as known only if it was cleaned by the same table, with the same libraries.
    """

    def __init__(self, folder: Path, table: Table) -> None:
        self.folder, self._table = folder, table
        folder.mkdir(parents=True, exist_ok=True)
        for unfinished in folder.glob(".*"):  # of a process that died
            shutil.rmtree(unfinished)

    @cached_property
    def _how(self) -> str:
        return way_of_cleaning(self._table)

    def find(self, files: Sequence[RawFile]) -> tuple[dict[Path, str], list[Part]]:
        """The files that are known and unchanged.

        Returns:
            the digest of each such file, or archive if all its members are known; and the parts of all of them.
        """
        digests: dict[Path, str] = {}
        parts: list[Part] = []
        for path, numbered in itertools.groupby(enumerate(files), lambda item: item[1].path):
            members = list(numbered)
            cards = [self._read(file) for _, file in members]
            known = [card for card in cards if card]
            if len(known) < len(members) or {card["sha256"] for card in known} != {file_sha256(path)}:
                for _, file in members:  # another file of this name, or one that was not finished
                    shutil.rmtree(self.folder / file_folder(file.name), ignore_errors=True)
                continue
            digests[path] = known[0]["sha256"]
            parts += [
                self._part(number, file, entry)
                for (number, file), card in zip(members, known, strict=True)
                for entry in card["parts"]
            ]
        return digests, parts

    def add(self, file: RawFile, digest: str, parts: Sequence[Part]) -> None:
        """Remembers the parts of a file, which are in the folder."""
        entries = [
            {
                "first": part.first,
                "height": part.height,
                "header": part.text and part.text.header,
                "counts": [dict(count) for count in vars(part.counts).values()],
            }
            for part in parts
        ]
        card = {"how": self._of(file), "sha256": digest, "parts": entries}
        folder = self.folder / file_folder(file.name)
        folder.mkdir(exist_ok=True)
        (folder / _CARD).write_text(json.dumps(card), encoding="utf-8")

    def _of(self, file: RawFile) -> str:
        described = f"{self._how}\n{file.name}\n{file.format}\n{file.columns}\n{file.ignored_columns}"
        return hashlib.sha256(described.encode()).hexdigest()

    def _read(self, file: RawFile) -> dict[str, Any] | None:
        card = self.folder / file_folder(file.name) / _CARD
        try:
            content = json.loads(card.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return content if isinstance(content, dict) and content.get("how") == self._of(file) else None

    def _part(self, number: int, file: RawFile, entry: dict[str, Any]) -> Part:
        counts = Counts(*(Counter(count) for count in entry["counts"]))
        text = file.format and file.format.headed(tuple(entry["header"]))
        place = self.folder, number, file.name, entry["first"], entry["height"]
        return Part(*place, file.columns, text, counts, file.empty)
