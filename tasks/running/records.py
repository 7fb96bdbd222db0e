"""Small JSON files that the program writes for itself, and believes only as it wrote them.

Each has a checksum over its own content, so that a flipped bit is not taken for a number. Files of earlier releases
have none: they are believed if every key is there, none is unknown, and every value has its type.
"""

import hashlib
import json
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, TypeAdapter

from eightytwenty.files import make_way, write_whole

_CHECKSUM = "checksum"
_OBJECT = TypeAdapter(dict[str, Any])


class DamagedError(Exception):
    """A file is not as it was written."""


class Record(BaseModel):
    """The content of such a file: subclasses name its keys and their types."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Reads a file.

        Raises:
            FileNotFoundError: there is none.
            DamagedError: it is not as it was written, or it is no file, or cannot be read.
        """
        try:
            fields = _OBJECT.validate_json(path.read_bytes())
            checksum = fields.pop(_CHECKSUM, None)
            record = cls.model_validate_json(json.dumps(fields))
        except FileNotFoundError:
            raise
        except (OSError, ValueError) as error:
            raise DamagedError(path) from error
        if checksum not in (None, _digest(fields)):
            raise DamagedError(path)
        return record

    def write(self, path: Path) -> None:
        """Writes a file, whole or not at all.

        Raises:
            UnwritableError: the disk is full, locked or read-only.
        """
        fields = self.model_dump(mode="json")
        make_way(path)
        write_whole(path, json.dumps({**fields, _CHECKSUM: _digest(fields)}, indent=2).encode())


def _digest(fields: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()
