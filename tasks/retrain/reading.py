"""Reads and cleans one delivery. A process of its own runs this, so it imports no library that it can do without."""

from pathlib import Path

from eightytwenty.engine.run import clean_table
from eightytwenty.read.source import open_source
from schemas.pairs import pairs_table


def read_delivered_pairs(source: str, out: str, largest_sum: int) -> None:
    """Cleans a file or folder of pairs into a folder.

    Raises:
        UserError: it is no table, or damaged.
    """
    table = pairs_table(largest_sum)
    clean_table(open_source(Path(source), table), table, Path(out))


def read_delivered_pictures(source: str, out: str, size: int) -> None:
    """Cleans a folder or archive of pictures into a folder, and draws the page about it next to that folder.

    Raises:
        UserError: there are no pictures in it, or it is damaged.
    """
    from eightytwenty.pictures.run import GALLERY, clean_pictures
    from eightytwenty.pictures.schema import pictures_table
    from eightytwenty.pictures.source import open_pictures
    from reports.gallery import gallery
    from schemas.attributes import KNOWN_ATTRIBUTES

    raw, cleaned = Path(source), Path(out)
    clean_pictures(open_pictures(raw, known_attributes=KNOWN_ATTRIBUTES), pictures_table(size), cleaned)
    gallery(cleaned, cleaned.with_name(GALLERY), raw if raw.is_dir() else None)
