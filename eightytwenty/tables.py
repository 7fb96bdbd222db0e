"""The options of the commands, and the tables that they can name: installed ones, those in a YAML or Python file."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic_settings import CliImplicitFlag, CliPositionalArg

from eightytwenty.errors import UserError
from eightytwenty.plugins import load_all
from eightytwenty.read.options import ReadOptions

if TYPE_CHECKING:
    from eightytwenty.engine.summary import Summary
    from eightytwenty.pictures.schema import PictureTable
    from eightytwenty.schema import Table

INFER = "infer"  # in place of the name of a table
_DETECTED = "if empty, it is detected"
_FORMATS = ("parquet", "csv")
_JSON = "whether to print JSON and nothing else"
_CONFIDENCE = "what a repair needs to be made, from 0 to 1; below, it is only proposed"


class ReadingOptions(BaseModel):
    """What is known of the files of a source."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    encoding: str = Field("", title="Encoding", description=f"of texts, such as cp1252; {_DETECTED}")
    delimiter: str = Field("", title="Delimiter", description=f"of texts, one character or tab; {_DETECTED}")
    quote: str = Field("", title="Quote", description=f"of texts, one character or none; {_DETECTED}")
    header: str = Field("", title="Header", description=f"number of the line with the names, or none; {_DETECTED}")
    decimal: str = Field(
        "", title="Decimal", description="mark before fractions, a comma or a point; if empty, each cell decides"
    )
    sheet: str = Field(
        "", title="Sheet", description="the one sheet of a workbook, or table of a database, to read; if empty, all"
    )
    query: str = Field(
        "", title="Query", description="the rows of a database to read, in its SQL; if empty, its tables"
    )

    @property
    def read(self) -> ReadOptions:
        """What is known of the files.

        Raises:
            UserError: an option cannot be.
        """
        stated = {name: getattr(self, name) or None for name in ReadOptions.__dataclass_fields__}
        try:
            return ReadOptions(**stated)
        except ValueError as error:
            raise UserError(f"{error}.") from None


class InferOptions(ReadingOptions):
    """Find out what a table is: the kind of each column, how it writes its values, and what means a missing one."""

    source: CliPositionalArg[str] = Field(
        title="Source",
        min_length=1,
        description="table (text, JSON, workbook, Arrow, Parquet or database; packed or not), folder, or address",
    )
    out: str = Field(title="Out", min_length=1, description="folder for schema.yaml and the evidence")
    mask: CliImplicitFlag[bool] = Field(
        False, title="Mask", description="whether the letters and digits of examples are hidden in schema and evidence"
    )
    min_confidence: float | None = Field(
        None, title="Min confidence", ge=0, le=1, description=f"{_CONFIDENCE}; .99 if not given"
    )
    update: CliImplicitFlag[bool] = Field(
        False, title="Update", description="infer again, and keep what you wrote into the schema that is there"
    )
    as_json: CliImplicitFlag[bool] = Field(False, title="JSON", alias="json", description=_JSON)


class CleanOptions(ReadingOptions):
    """Clean a table or pictures: every row ends as clean, quarantine or duplicate, with its reasons."""

    source: CliPositionalArg[str] = Field(
        title="Source",
        min_length=1,
        description="table (text, JSON, workbook, Arrow or Parquet; packed or not), folder, pattern such as 'a/*.csv', "
        "http(s) address, or s3://, gs:// or az://; for pictures a folder, zip, tar (also .tgz), or http(s) address",
    )
    out: str = Field(
        title="Out", min_length=1, description="folder for clean, quarantine, duplicates, ledger and report"
    )
    table: str = Field(
        INFER,
        title="Schema",
        alias="schema",
        min_length=1,
        description="what the source must be: the name of an installed table, or FILE.yaml or FILE.py:NAME; "
        f"or {INFER}, to find out",
    )
    mask: CliImplicitFlag[bool] = Field(
        False, title="Mask", description="whether letters and digits of examples are hidden in schema and report"
    )
    cluster: str = Field(
        "",
        title="Cluster",
        description="address of a Dask scheduler, such as tls://host:8786, whose workers clean it together; "
        "source and out are then on a disk that all machines share, or in an object store",
    )


ExportForm = Literal["pandera", "json-schema", "table-schema", "data-contract"]


class SchemaOptions(BaseModel):
    """Write a table in another form: what its clean rows must be, for those who validate or describe them elsewhere."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    table: CliPositionalArg[str] = Field(
        title="Table", min_length=1, description="name of an installed table, or FILE.yaml or FILE.py:NAME"
    )
    form: ExportForm = Field(
        title="Form",
        alias="as",
        description="pandera for a file of Python, json-schema for a clean row as JSON, table-schema for clean.csv, "
        "data-contract for the Open Data Contract Standard",
    )
    out: str = Field("", title="Out", description="file to write; if empty, the standard output")


class CleanCommandOptions(CleanOptions):
    """Clean a table or pictures: every row ends as clean, quarantine or duplicate, with its reasons."""

    out: str = Field("", title="Out", description="folder for clean, quarantine, duplicates, ledger and report")
    min_confidence: float | None = Field(
        None,
        title="Min confidence",
        ge=0,
        le=1,
        description=f"{_CONFIDENCE}; if not given, .99 for an inferred schema and what another one says",
    )
    dry_run: CliImplicitFlag[bool] = Field(
        False, title="Dry run", description="whether to say what would happen, and write nothing; needs no --out"
    )
    format: str = Field(
        "",
        title="Format",
        description="parquet, or parquet,csv for the clean rows of a table as text, too; if empty, as the schema says",
    )
    work: str = Field(
        "",
        title="Work",
        description="folder for what is not finished where --out is an address; on a cluster, on a disk that all "
        "machines share; if empty, the one for temporary files",
    )
    as_json: CliImplicitFlag[bool] = Field(False, title="JSON", alias="json", description=_JSON)

    @field_validator("format")
    @classmethod
    def _formats(cls, text: str) -> str:
        named = text.split(",") if text else []
        if named and (set(named) - set(_FORMATS) or "parquet" not in named):
            raise ValueError("choose parquet or parquet,csv")
        return text

    @property
    def csv(self) -> bool | None:
        """Whether the clean rows are written as text, too; None if the schema says."""
        return "csv" in self.format.split(",") if self.format else None


class CheckOptions(ReadingOptions):
    """Fail if a table or pictures meet a condition, with code 1; nothing that is written stays."""

    source: CliPositionalArg[str] = Field(title="Source", min_length=1, description="as for clean")
    table: str = Field(
        INFER, title="Schema", alias="schema", min_length=1, description="what the source must be, as for clean"
    )
    fail_if: str = Field(
        "quarantine > 0",
        title="Fail if",
        description="a condition such as 'quarantine > 1%', on rows, clean, quarantine, duplicates, flagged, "
        "repaired, not_read or the name of a rule; give it again for another, or on another line",
    )
    as_json: CliImplicitFlag[bool] = Field(False, title="JSON", alias="json", description=_JSON)


class ExplainOptions(BaseModel):
    """Say why a row or a cell ended as it did: what was changed, what is doubtful, and what spoke against it."""

    cleaned: CliPositionalArg[str] = Field(title="Cleaned", min_length=1, description="folder of a cleaning")
    row: CliPositionalArg[str] = Field(
        title="Row", min_length=1, description="source and record, such as messy.csv:1417; of one source, the record"
    )
    column: CliPositionalArg[str] = Field("", title="Column", description="name of a column; if empty, all of the row")
    as_json: CliImplicitFlag[bool] = Field(False, title="JSON", alias="json", description=_JSON)


class MergeOptions(BaseModel):
    """Make one folder of a cleaning on a cluster: the one that a single machine would have written, byte for byte."""

    parts: CliPositionalArg[str] = Field(
        title="Parts", min_length=1, description="folder that clean --cluster wrote, or its s3://, gs:// or az://"
    )
    out: str = Field(title="Out", min_length=1, description="folder to write")
    as_json: CliImplicitFlag[bool] = Field(False, title="JSON", alias="json", description=_JSON)


class CompletionOptions(BaseModel):
    """Print what makes a shell complete commands and options; write it to a file that the shell reads."""

    shell: CliPositionalArg[Literal["bash", "zsh", "fish"]] = Field(title="Shell", description="bash, zsh or fish")


@dataclass(frozen=True)
class InstalledTable:
    """A table that an entry point of the group `eightytwenty.tables` names.

    Args:
        options: the options that the table adds to the command `clean`.
        build: makes the table from the options of the command, which include those of the table.
    """

    options: type[BaseModel]
    build: "Callable[[Any], Table | PictureTable]"


def installed_tables() -> dict[str, InstalledTable]:
    """The tables of the installed distributions, by name."""
    return load_all("eightytwenty.tables")


def load_table(options: CleanOptions | CheckOptions) -> "Table | PictureTable | ReadOptions":
    """The table that the options name, with what they say of its files; only this if the table is to be inferred.

    Raises:
        UserError: there is no such table, or its file cannot be read or run, or pictures are to be read as texts are.
    """
    from eightytwenty.schema import Table

    if options.table == INFER:
        return options.read
    table, stated = find_table(options), options.read
    if isinstance(table, Table):
        return replace(table, read=stated.over(table.read))
    if stated != ReadOptions():
        raise UserError(
            "encoding, delimiter, quote, header, decimal and sheet are of tables, not of pictures; leave them out."
        )
    return table


def find_table(options: CleanOptions | CheckOptions | SchemaOptions) -> "Table | PictureTable":
    """The table that the options name, as its file or its distribution has it.

    Raises:
        UserError: there is no such table, or its file cannot be read or run.
    """
    if Path(options.table).suffix in (".yaml", ".yml"):
        from eightytwenty.schema_file import read_table

        return read_table(options.table)
    file, colon, name = options.table.rpartition(":")
    if colon:
        return _from_file(Path(file), name)
    tables = installed_tables()
    if options.table not in tables:
        own = "FILE.yaml or FILE.py:NAME for a table of your own"
        choices = " or ".join([*sorted(tables), own])
        option = "--schema " if isinstance(options, CleanOptions) else ""
        raise UserError(f"{option}{options.table}: there is no such table; choose {choices}.")
    return tables[options.table].build(options)


def require_clean(table: "Table | PictureTable | ReadOptions", summary: "Summary", out: Path | None) -> None:
    """Checks that at least one row is clean.

    Args:
        table: what the rows are.
        summary: where they ended.
        out: the folder with the reasons, which is written all the same; None if nothing is.

    Raises:
        UserError: none is.
    """
    if not summary.clean:
        unit = "rows" if isinstance(table, ReadOptions) else table.unit
        why = f"{out / 'report.md'} says why" if out else "correct the schema, or give another source"
        raise UserError(f"None of the {summary.rows:,} {unit} is clean; {why}.")


def _from_file(file: Path, name: str) -> "Table | PictureTable":
    from eightytwenty.pictures.schema import PictureTable
    from eightytwenty.schema import Table

    tables = {key: value for key, value in vars(_run(file)).items() if isinstance(value, Table | PictureTable)}
    if name not in tables:
        names = ", ".join(sorted(tables)) or "none"
        raise UserError(f"{file} has no table named {name}; it has {names}.")
    return tables[name]


def _run(file: Path) -> ModuleType:
    """Runs a Python file as a module, which can import its neighbours, also later, when its rules are applied."""
    # a name that no other module has; dataclasses look their module up by it
    spec = spec_from_file_location(f"table_file_{file.stem}", file)
    if not file.is_file() or spec is None or spec.loader is None:
        raise UserError(f"{file} is not a Python file; give FILE.py:NAME, such as readings.py:READINGS.")
    module = sys.modules[spec.name] = module_from_spec(spec)
    sys.path.insert(0, str(file.resolve().parent))
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # noqa: BLE001 - the file belongs to the user and may raise anything
        raise UserError(f"{file} cannot be run ({type(error).__name__}: {error}); correct it.") from None
    return module
