"""Stores frames of polars, pandas and pyarrow as Arrow files, which are read as any other."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import polars as pl
import polars.selectors as cs
import pyarrow as pa
import pyarrow.compute as pc

from eightytwenty.errors import UserError
from eightytwenty.files import explain_write_errors
from eightytwenty.read.any_table import AnyTable
from eightytwenty.schema import Table

if TYPE_CHECKING:
    import pandas as pd

    Frame: TypeAlias = pl.DataFrame | pl.LazyFrame | pa.Table | pd.DataFrame

NAME = "frame.arrow"  # in row ids
_TEXTS = (pl.String, pl.Categorical, pl.Enum)
_INTEGERS = 10**18  # beyond those of the kind integer
_WHOLE_DIGITS, _DECIMALS = 20, 18  # of the kind decimal


def store_frame(frame: "Frame", folder: Path) -> Path:
    """Writes a frame as an Arrow file into a folder.

    Durations become text, as ISO 8601 has it, and so do whole numbers of 128 bits and the values of a pandas column
    that mixes types. Lists and structs become JSON, in which numbers that are not finite are null; those with bytes in
    them stay, and are left out as columns of bytes are.

    Raises:
        UserError: two columns have one name, one holds objects of Python, or the disk is full.
        TypeError: it is no frame.
    """
    path = folder / NAME
    rows: Any = _from_pandas(frame) if _is_pandas(frame) else frame
    with explain_write_errors(path):
        if isinstance(rows, pa.Table):
            for at, field in enumerate(rows.schema):
                if pa.types.is_duration(field.type) or _is_nested(field.type):
                    values = pl.Series(pl.from_arrow(rows.column(at))).rename(field.name)
                    stored = _storable(values.to_frame().lazy()).collect().to_series()
                    rows = rows.set_column(at, field.name, stored.to_arrow())
            with pa.ipc.new_file(path, rows.schema) as writer:
                writer.write_table(rows)
        elif isinstance(rows, pl.DataFrame | pl.LazyFrame):
            _storable(rows.lazy()).sink_ipc(path)
        else:
            raise TypeError(
                f"{type(rows).__name__} is no source; give a path, an address, or a frame of polars, pandas or pyarrow"
            )
    return path


def _storable(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Rows whose columns an Arrow file can hold.

    Raises:
        UserError: one holds objects of Python.
    """
    types = rows.collect_schema().items()
    if python := next((name for name, dtype in types if dtype == pl.Object), None):
        raise UserError(f"The frame has objects of Python in its column {python}; make them text.")
    nested = [dtype for _, dtype in types if dtype.is_nested() and not _has_bytes(dtype)]
    return rows.with_columns(
        cs.duration().dt.to_string("iso"),
        cs.by_dtype(pl.Int128, pl.UInt128).cast(pl.String),
        cs.by_dtype(nested).map_batches(_as_json, return_dtype=pl.String, is_elementwise=True),
    )


def _is_nested(dtype: pa.DataType) -> bool:
    return pa.types.is_nested(dtype) and not pa.types.is_union(dtype)


def _has_bytes(dtype: pl.DataType) -> bool:
    """Whether there are bytes in lists or structs, which JSON cannot hold."""
    if isinstance(dtype, pl.Struct):
        return any(_has_bytes(field.dtype) for field in dtype.fields)  # type: ignore[arg-type]
    return _has_bytes(dtype.inner) if isinstance(dtype, pl.List | pl.Array) else dtype == pl.Binary  # type: ignore[arg-type]


def _as_json(values: pl.Series) -> pl.Series:
    """(n,) lists or structs as (n,) String.

    >>> _as_json(pl.Series([[1, None], [], None])).to_list()
    ['[1,null]', '[]', None]
    """
    # only structs are encoded
    encoded = values.alias("_").to_frame().to_struct().struct.json_encode()
    texts = encoded.str.slice(len('{"_":')).str.head(-1)
    return texts.set(values.is_null(), None).alias(values.name)


def stated_kinds(path: Path) -> dict[str, str]:
    """The kinds that the types of a stored frame state: clean name -> kind. Texts, among others, state none."""
    with pa.memory_map(str(path)) as stream:
        rows = pa.ipc.open_file(stream).read_all()
        return {name: kind for name, at in _positions(rows.schema, AnyTable()) if (kind := _kind(rows.column(at)))}


def zones(path: Path, table: Table | AnyTable) -> dict[str, str]:
    """The time zones of the moments in a stored frame: clean name -> zone."""
    with pa.ipc.open_file(path) as reader:
        types = reader.schema.types
        places = _positions(reader.schema, table)
    return {name: types[at].tz for name, at in places if pa.types.is_timestamp(types[at]) and types[at].tz}


def _positions(schema: pa.Schema, table: Table | AnyTable) -> Iterable[tuple[str, int]]:
    return table.match(schema.names).items()


def _kind(values: pa.ChunkedArray) -> str:
    """The kind of a column of this type, empty if its values have to tell."""
    types, dtype = pa.types, values.type
    if types.is_integer(dtype):
        ends = pc.min_max(values).as_py().values()
        return "integer" if all(end is None or abs(end) < _INTEGERS for end in ends) else "decimal"
    if types.is_decimal(dtype):
        is_held = dtype.precision - dtype.scale <= _WHOLE_DIGITS and 0 <= dtype.scale <= _DECIMALS
        return "decimal" if is_held else ""
    kinds = {
        "float": types.is_floating,
        "boolean": types.is_boolean,
        "date": types.is_date,
        "timestamp": types.is_timestamp,
        "time": types.is_time,
    }
    return next((kind for kind, is_kind in kinds.items() if is_kind(dtype)), "")


def _is_pandas(frame: object) -> bool:
    """Whether it is a frame of pandas, which is loaded if it is one, and need not be installed otherwise."""
    return any(
        cls.__module__.partition(".")[0] == "pandas" and cls.__name__ == "DataFrame" for cls in type(frame).__mro__
    )


def _from_pandas(frame: Any) -> pl.DataFrame:
    """The columns of a pandas frame, without its index."""
    names = [str(name) for name in frame.columns]
    if again := next((name for name in names if names.count(name) > 1), None):
        raise UserError(f"The frame has two columns of the name {again}; give each a name of its own.")
    return pl.DataFrame([_series(frame.iloc[:, at]).alias(name) for at, name in enumerate(names)])


def _series(column: Any) -> pl.Series:
    try:
        series = pl.Series(pl.from_pandas(column))
    except (ValueError, TypeError):  # of pyarrow too
        series = None
    if series is not None and (series.dtype.is_nested() or _is_known(series.dtype)):
        return series
    texts = [None if is_missing else str(value) for value, is_missing in zip(column, column.isna(), strict=True)]
    return pl.Series(texts, dtype=pl.String)


def _is_known(dtype: pl.DataType) -> bool:
    return dtype.is_numeric() or dtype.is_temporal() or dtype in (*_TEXTS, pl.Boolean, pl.Null)
