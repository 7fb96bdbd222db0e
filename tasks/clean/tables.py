"""The tables of this project, which the command line finds by entry points: pairs of numbers, and pictures."""

from pathlib import Path
from typing import TYPE_CHECKING

from eightytwenty.errors import UserError
from eightytwenty.tables import INFER, InstalledTable, load_table
from schemas.parameters.clean import CleanParameters, PairsOptions, PicturesOptions

if TYPE_CHECKING:
    from eightytwenty.pictures.schema import PictureTable
    from eightytwenty.read.options import ReadOptions
    from eightytwenty.schema import Table

_SUFFIXES = (".yaml", ".yml")


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


def is_schema_file(schema: str) -> bool:
    """Whether a form names a file, and no table of this project."""
    return schema.endswith(_SUFFIXES)


def table_of_form(form: CleanParameters) -> "Table | PictureTable | ReadOptions":
    """The table that a form names; how its files are to be read, if it is to be inferred.

    Raises:
        UserError: there is no such table, or its file lies outside the data folder, cannot be read or is no table.
    """
    from tasks.running.allowed_paths import require_in_data_folder

    schema = form.table or INFER
    if is_schema_file(schema):
        schema = str(require_in_data_folder(schema))
    elif schema not in (INFER, "pairs", "pictures"):
        raise UserError(
            f"{schema} is no schema: leave it empty, or give pairs, pictures, or a YAML file in the data folder, such "
            "as orders/schema.yaml."
        )
    return load_table(form.model_copy(update={"table": schema}))
