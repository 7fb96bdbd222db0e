"""Shared by the tests of cleaning: one call that turns bytes into the tables that cleaning writes."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, settings

from eightytwenty.engine.executor import Executor, in_threads
from eightytwenty.engine.run import clean_table
from eightytwenty.engine.summary import Summary
from eightytwenty.read.source import open_source
from eightytwenty.schema import Table
from schemas.pairs import pairs_table

# The first call of each library takes seconds, and no example fails because it is slow.
settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")


@dataclass(frozen=True)
class Cleaned:
    """A cleaned source: its folder, its summary, and its tables by name."""

    folder: Path
    summary: Summary

    def __getitem__(self, name: str) -> pl.DataFrame:
        return pl.read_parquet(self.folder / f"{name}.parquet").cast({"source": pl.String})

    @property
    def files(self) -> dict[str, bytes]:
        """Every file of the folder: relative path -> content."""
        files = (file for file in self.folder.rglob("*") if file.is_file())
        return {file.relative_to(self.folder).as_posix(): file.read_bytes() for file in files}


CleanSource = Callable[..., Cleaned]


@pytest.fixture(scope="session")
def clean_source(tmp_path_factory: pytest.TempPathFactory) -> CleanSource:
    """Cleans bytes, a path or a dict of file name -> bytes (a folder); each call uses a new folder."""
    base, number = tmp_path_factory.mktemp("cleaned"), itertools.count()

    def run(
        source: bytes | Path | dict[str, bytes],
        name: str = "pairs.csv",
        table: Table | None = None,
        piece: int | None = None,
        executor: Executor = in_threads,
        index: Path | None = None,
    ) -> Cleaned:
        folder = base / str(next(number))
        folder.mkdir()
        path = source if isinstance(source, Path) else folder / name
        if isinstance(source, bytes):
            path.write_bytes(source)
        elif isinstance(source, dict):
            for file, content in source.items():
                (path / file).parent.mkdir(parents=True, exist_ok=True)
                (path / file).write_bytes(content)
        table = table or pairs_table(65536)
        opened, out = open_source(path, table), folder / "out"
        return Cleaned(out, clean_table(opened, table, out, piece=piece, executor=executor, index=index))

    return run
