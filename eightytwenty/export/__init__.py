"""A table in other forms: what its clean rows must be, for pandera, JSON Schema, Table Schema and data contracts.

No form holds all of a table. What it cannot hold, such as repairs, is named in it once.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from eightytwenty.errors import UserError
from eightytwenty.files import write_whole
from eightytwenty.tables import ExportForm, SchemaOptions, find_table

if TYPE_CHECKING:
    from eightytwenty.schema import Table


def export(table: "Table", form: ExportForm) -> str:
    """The text of a table in another form; the same for the same table."""
    from eightytwenty.export.data_contract import data_contract
    from eightytwenty.export.json_schema import json_schema
    from eightytwenty.export.pandera_source import pandera_source
    from eightytwenty.export.table_schema import table_schema

    forms = {
        "pandera": pandera_source,
        "json-schema": json_schema,
        "table-schema": table_schema,
        "data-contract": data_contract,
    }
    return forms[form](table)


def schema_command(options: SchemaOptions) -> None:
    """Writes a table in another form, to a file or to the standard output.

    Raises:
        UserError: there is no such table, it is one of pictures, or the file cannot be written.
    """
    from eightytwenty.schema import Table

    table = find_table(options)
    if not isinstance(table, Table):
        raise UserError(f"{options.table} is a table of pictures, which has no other form; name one of rows.")
    text = export(table, options.form)
    if options.out:
        write_whole(Path(options.out).absolute(), text.encode())
    else:
        sys.stdout.write(text)
