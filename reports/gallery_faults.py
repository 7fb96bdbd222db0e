"""What is wrong with a picture that looks sound, in a few words, for the page about its cleaning."""

import csv
import json
import warnings
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path, PurePosixPath

from PIL import Image

from eightytwenty.pictures.attribute_files import LINE_MISSING, MALFORMED, MISSING_VALUE, UNKNOWN_VALUE
from eightytwenty.pictures.observe import REFUSALS
from eightytwenty.pictures.schema import CONTRADICTING, FORMATS, MISSING_END
from eightytwenty.pictures.store import ATTRIBUTES

_WORDS = {
    LINE_MISSING: "in no line",
    MISSING_END: "no end mark",
    CONTRADICTING.name: "two lines differ",
    "blank": "one colour",
}
_LARGEST_TABLE = 1 << 26  # bytes; of a larger one the page does not show the cells


class Faults:
    """The faults of quarantined pictures.

    Args:
        cleaned: the folder of cleaned pictures.
        raw: the folder that was cleaned, whose attribute table says which values were wrong; None for an archive.
    """

    def __init__(self, cleaned: Path, raw: Path | None) -> None:
        self._values: dict[str, list[str]] = json.loads((cleaned / ATTRIBUTES).read_text(encoding="utf-8"))
        self._lines: dict[str, tuple[list[str], list[str]]] = {}  # file name -> header and cells
        for table in sorted(raw.glob("*.csv")) if raw and self._values else ():
            if table.is_file() and not table.is_symlink() and table.stat().st_size <= _LARGEST_TABLE:
                header, *lines = csv.reader(table.read_text(encoding="utf-8", errors="replace").splitlines())
                self._lines |= {PurePosixPath(cells[0]).name: (header, cells) for cells in lines if cells}

    def of(self, rule: str, name: str, content: bytes | None) -> str:
        """What made a picture fail a rule; empty where its reason says it all.

        Args:
            rule: the rule.
            name: of the picture in the source.
            content: of its file, if it could be read.
        """
        if rule in (MALFORMED, UNKNOWN_VALUE, MISSING_VALUE):
            return self._cell(rule, *self._lines.get(PurePosixPath(name).name, ([], [])))
        return _WORDS.get(rule) or (_fact(rule, content) if content else "")

    def _cell(self, rule: str, header: list[str], cells: list[str]) -> str:
        if rule == MALFORMED or len(cells) != len(header):
            return f"{len(cells)} cells, not {len(header)}" if len(cells) != len(header) else ""
        known: Mapping[str, list[str]] = self._values
        wrong = [(name, cell) for name, cell in zip(header, cells, strict=True) if cell not in known.get(name, [cell])]
        if not wrong:
            return ""
        name, cell = wrong[0]
        return f"no {name}" if rule == MISSING_VALUE else f"{cell} as {name}"


def _fact(rule: str, content: bytes) -> str:
    """What the file's header says about the fault."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(BytesIO(content), formats=list(FORMATS))
            facts = {
                "wrong format": f"{image.format} inside",
                "animated": f"{getattr(image, 'n_frames', 1)} frames",
                "too small": f"{image.width}x{image.height} pixels",
                "far from square": f"{image.width}x{image.height} pixels",
                "decompression bomb": f"{image.width * image.height / 1e6:,.0f} megapixels",
            }
    except (*REFUSALS, Image.DecompressionBombError):
        return ""
    return facts.get(rule, "")
