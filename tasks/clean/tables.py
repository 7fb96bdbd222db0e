"""The tables of this project, which the command line finds by entry points: pairs of numbers, and pictures."""

from pathlib import Path
from typing import TYPE_CHECKING

from eightytwenty.tables import InstalledTable
from schemas.parameters.clean import PairsOptions, PicturesOptions

if TYPE_CHECKING:
    from eightytwenty.pictures.schema import PictureTable
    from eightytwenty.schema import Table


def _pairs(options: PairsOptions) -> "Table":
    from schemas.pairs import pairs_table

    return pairs_table(options.largest_sum)


def _pictures(options: PicturesOptions) -> "PictureTable":
    from eightytwenty.pictures.schema import pictures_table
    from schemas.attributes import KNOWN_ATTRIBUTES
    from tasks.running.allowed_paths import require_allowed

    file = require_allowed(options.attributes) if options.attributes else None
    return pictures_table(options.size, known_attributes=KNOWN_ATTRIBUTES, attribute_file=file, gallery=_draw_gallery)


def _draw_gallery(cleaned: Path, file: Path, raw: Path | None) -> None:
    from reports.gallery import gallery

    gallery(cleaned, file, raw)


PAIRS = InstalledTable(PairsOptions, _pairs)
PICTURES = InstalledTable(PicturesOptions, _pictures)
