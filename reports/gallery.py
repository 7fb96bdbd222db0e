"""Shows on one page what cleaning did to pictures: examples of each rule, step and fate."""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path, PurePosixPath

import numpy as np
import polars as pl
from numpy.typing import NDArray
from PIL import Image

from eightytwenty.engine.summary import Summary, part_files
from eightytwenty.evaluate.score import read_tables
from eightytwenty.pictures.arrays import StoredArrays
from eightytwenty.pictures.observe import REFUSALS
from eightytwenty.pictures.schema import FORMATS, MOST_BYTES, MOST_PIXELS, STEPS
from eightytwenty.pictures.store import PICTURES
from reports.gallery_faults import Faults
from reports.gallery_figure import Band, Row, Tile, gallery_figure
from reports.style import FATE_COLOURS, save

Pixels = NDArray[np.uint8]
CleanTile = Callable[[str, int, str], Tile]  # source, record, caption
_EXAMPLES = 4  # tiles in a row
_SIDE = 160  # pixels of a preview's longer side
_CHECK, _LIGHT, _DARK = 12, 255, 218  # the squares behind transparent parts: pixels, grey levels


def gallery(cleaned: Path, path: Path, raw: Path | None = None) -> None:
    """Draws the page from a folder of cleaned pictures.

    Args:
        cleaned: the folder that `eightytwenty.pictures.run.clean_pictures` wrote.
        path: the PNG file to write.
        raw: the folder that was cleaned, for copies and for repaired pictures as they were. Without it (an archive was
            cleaned) the page shows only what is in `cleaned`.

    Raises:
        UserError: the file cannot be written.
    """
    summary = Summary.load(cleaned)
    title = f"{summary.clean:,} of {summary.rows:,} rows are clean pictures"
    others = f"{summary.quarantine:,} are in quarantine, {summary.duplicates:,} are duplicates."
    note = "Each counts under every rule that it failed and every step that repaired it; examples of each are shown."
    save(gallery_figure(title, f"{others}\n{note}", gallery_bands(cleaned, raw)), path)


def gallery_bands(cleaned: Path, raw: Path | None = None) -> list[Band]:
    """The bands of the page: one for each fate, with a row of examples for every step or rule.

    Args:
        cleaned: see `gallery`.
        raw: see `gallery`.
    """
    summary = Summary.load(cleaned)
    tables = read_tables(cleaned)
    pictures = StoredArrays(part_files(cleaned / PICTURES))
    positions = {row: index for index, row in enumerate(_ids(tables["clean"]))}

    def clean_tile(source: str, record: int, caption: str) -> Tile:
        return Tile(pictures[[positions[source, record]]][0], caption=caption)

    bands = (
        Band("Clean", FATE_COLOURS["clean"], _clean_rows(tables, summary, clean_tile, raw)),
        Band("Duplicates", FATE_COLOURS["duplicates"], _copies(tables["duplicates"], summary.rows, clean_tile, raw)),
        Band("Quarantine", FATE_COLOURS["quarantine"], _quarantine(cleaned, tables["quarantine"], summary, raw)),
    )
    return [band for band in bands if band.rows]


def _clean_rows(
    tables: dict[str, pl.DataFrame], summary: Summary, clean_tile: CleanTile, raw: Path | None
) -> list[Row]:
    """Pictures as they came, and two examples of each step of repair, before and after."""
    clean, ledger = tables["clean"], tables["ledger"]
    untouched = clean.join(ledger, on=["source", "record"], how="anti")
    tiles = [clean_tile(source, record, source) for source, record in _ids(_spread(untouched))]
    rows = [Row("as they came", _count(untouched.height, summary.rows), "Nothing was changed.", tiles)] if tiles else []
    reasons = {step.name: step.reason for step in STEPS}
    for step, count in summary.repaired.items():
        tiles = []
        examples = ledger.filter(pl.col("rule") == step).join(clean, on=["source", "record"], how="semi")
        for source, record, before, after in (
            _spread(examples, _EXAMPLES // 2).select("source", "record", "before", "after").iter_rows()
        ):
            if raw:
                tiles.append(_raw_tile(raw, source, before, arrow=True))
            tiles.append(clean_tile(source, record, after))
        rows.append(Row(step, _count(count, summary.rows), _sentence(reasons.get(step, "")), tiles))
    return rows


def _copies(duplicates: pl.DataFrame, total: int, clean_tile: CleanTile, raw: Path | None) -> list[Row]:
    """Two rows of copies, each beside the picture that was kept."""
    per_row = _EXAMPLES // 2 if raw else _EXAMPLES
    examples = _spread(duplicates, 2 * per_row)
    rows = []
    for start in range(0, examples.height, per_row):
        tiles: list[Tile] = []
        for source, _, of, record in examples[start : start + per_row].iter_rows():
            tiles += [_raw_tile(raw, source, source, arrow=True)] if raw else []
            tiles.append(clean_tile(of, record, of))
        rows.append(Row("", "", "", tiles))
    if rows:
        note = "Left the copy, right the picture that was kept." if raw else "The pictures that were kept."
        rows[0] = Row("copies", _count(duplicates.height, total), note, rows[0].tiles)
    return rows


def _quarantine(cleaned: Path, quarantine: pl.DataFrame, summary: Summary, raw: Path | None) -> list[Row]:
    """Four examples of each rule, preferably rows that failed no other, with what is wrong with each."""
    rows, faults = [], Faults(cleaned, raw)
    ordered = quarantine.with_columns(others=pl.col("rules").list.len()).sort("others", maintain_order=True)
    for rule, count in summary.failed.items():
        failed = ordered.filter(pl.col("rules").list.contains(rule))
        alone = failed.filter(pl.col("others") == failed["others"][0])
        tiles = [_quarantine_tile(cleaned, row, rule, faults) for row in _spread(alone).iter_rows(named=True)]
        reason = alone["reason"][0] if alone["others"][0] == 1 else ""
        rows.append(Row(rule, _count(count, summary.rows), _sentence(reason), tiles))
    return rows


def _quarantine_tile(cleaned: Path, row: dict[str, object], rule: str, faults: Faults) -> Tile:
    """The original file if it can be decoded, otherwise a few words about it; what is wrong with it stands below."""
    name = str(row["source"])
    if isinstance(row["original"], bytes):
        words = row["original"][:200].decode(errors="replace").replace(",", ", ")  # so that lines can break
        return Tile(None, words, name)
    if not row["file"]:
        return Tile(None, "not handed out", name)
    file = cleaned / str(row["file"])
    tile = _file_tile(file, name)
    return replace(tile, fault=faults.of(rule, name, _content(file)))


def _raw_tile(raw: Path, source: str, caption: str, *, arrow: bool) -> Tile:
    return _file_tile(raw / source, caption, arrow=arrow)


def _file_tile(file: Path, caption: str, *, arrow: bool = False) -> Tile:
    """A file that may be anything. Links are not followed, and a file that is too large is not read."""
    if file.is_symlink() or not file.is_file():
        return Tile(None, "no longer there", caption, arrow)
    size, content = file.stat().st_size, _content(file)
    picture = preview(content) if content else None
    suffix = PurePosixPath(file.name).suffix.lower()
    return Tile(picture, f"{suffix} file of {size:,} bytes", caption, arrow)


def _content(file: Path) -> bytes | None:
    """The bytes of a file; None if it is a link or too large."""
    if file.is_symlink() or not file.is_file() or file.stat().st_size > MOST_BYTES:
        return None
    return file.read_bytes()


def preview(content: bytes) -> Pixels | None:
    """A small picture of a file as it is: not rotated, not cropped, transparent parts over squares.

    Args:
        content: may be anything.

    Returns:
        uint8 (height, width, 3), at most 160 pixels a side; None where the file cannot be decoded or claims too many
        pixels.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image: Image.Image = Image.open(BytesIO(content), formats=list(FORMATS))
            if image.width * image.height > MOST_PIXELS:
                return None
            image.draft("RGB", (_SIDE, _SIDE))
            image.load()
            if image.mode.startswith("I"):
                image = Image.fromarray((np.asarray(image).astype(np.int32) >> 8).astype(np.uint8))
            image = image.convert("RGBA")
            image.thumbnail((_SIDE, _SIDE))
    except (*REFUSALS, Image.DecompressionBombError):
        return None
    across, down = (np.arange(side) // _CHECK for side in image.size)
    squares = np.where((across[None] + down[:, None]) % 2, _DARK, _LIGHT).astype(np.uint8)
    background = Image.fromarray(squares).convert("RGBA")
    return np.asarray(Image.alpha_composite(background, image).convert("RGB"))


def _spread(rows: pl.DataFrame, most: int = _EXAMPLES) -> pl.DataFrame:
    """At most `most` rows, evenly spaced."""
    return rows[np.unique(np.linspace(0, rows.height - 1, min(most, rows.height)).astype(int))]


def _ids(rows: pl.DataFrame) -> Iterator[tuple[str, int]]:
    yield from rows.select("source", "record").iter_rows()


def _count(count: int, rows: int) -> str:
    return f"{count:,} ({count / rows:.1%})"


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}." if words else ""
