"""How the files of an inbox are cleaned by a schema in a file; imported by the process that reads what others sent."""

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from eightytwenty.files import sha256, whole_folder
from eightytwenty.schema import Table
from eightytwenty.schema_file import EVIDENCE, read_table
from tasks.cleaning import Clean

_SCHEMA = "schema"  # folder beside the versions of a dataset


@dataclass(frozen=True)
class CleanTable(Clean):
    """The stage `clean` of any table.

    Attributes:
        schema: its YAML file, with the evidence beside it.
        schema_sha256: digest of what the clean rows depend on of them.
    """

    schema: str
    schema_sha256: str

    @property
    def kind(self) -> Mapping[str, object]:
        """What is in the schema counts, not where it lies."""
        return {"schema": self.schema_sha256}

    @property
    def table(self) -> Table:
        """As the file has it."""
        return read_table(self.schema)


def dataset_stage(datasets: Path, name: str, schema: Path) -> tuple[Path, CleanTable]:
    """The folder of a dataset, and how its files are cleaned.

    Another schema has a dataset of its own, because the rows of one dataset are cleaned by one schema. A copy of the
    schema is kept there, so that it can be edited while files are cleaned by it.

    Args:
        datasets: folder of all datasets.
        name: of the dataset.
        schema: the YAML file.
    """
    evidence = [
        file
        for file in sorted((schema.parent / EVIDENCE).glob("*"))
        if file.is_file() and not file.is_symlink() and not file.parent.is_symlink()
    ]
    tables = [file for file in evidence if file.suffix == ".parquet"]  # the rest is what was seen, for people
    digest = hashlib.sha256("".join(map(sha256, [schema, *tables])).encode()).hexdigest()
    folder = datasets / f"{name}-{digest[:8]}"
    if not (folder / _SCHEMA).is_dir():
        with whole_folder(folder / _SCHEMA) as partial:
            shutil.copy(schema, partial / schema.name)
            (partial / EVIDENCE).mkdir()
            for file in evidence:
                shutil.copy(file, partial / EVIDENCE / file.name)
    return folder, CleanTable(str(folder / _SCHEMA / schema.name), digest)
