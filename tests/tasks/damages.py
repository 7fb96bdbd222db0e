"""Everything that may happen to a small file that the program wrote for itself."""

import json
from collections.abc import Callable
from pathlib import Path

from eightytwenty.files import remove


def _without_a_key(content: bytes) -> bytes:
    try:
        fields = json.loads(content)
    except ValueError:  # not JSON, but with lines or bytes that can be missing
        return content[len(content) // 3 :]
    fields.pop(next(iter(fields)))
    return json.dumps(fields).encode()


def _with_another_type(content: bytes) -> bytes:
    try:
        fields = json.loads(content)
    except ValueError:
        return b"- 1\n" + content
    return json.dumps({**fields, next(iter(fields)): [None]}).encode()


def _with_a_flipped_bit(content: bytes) -> bytes:
    """The file with another digit, such as 0 instead of 1."""
    place = next(place for place, byte in enumerate(content) if chr(byte).isdigit())
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


_CONTENTS: dict[str, Callable[[bytes], bytes]] = {
    "null": lambda _: b"null",
    "a list": lambda _: b"[]",
    "a number": lambda _: b"1",
    "nothing": lambda _: b"",
    "no text": lambda _: b"\xff\xfe\x00",
    "deep brackets": lambda _: b'{"a":' * 100_000,
    "a half": lambda content: content[: len(content) // 2],
    "a missing key": _without_a_key,
    "another type": _with_another_type,
    "a flipped bit": _with_a_flipped_bit,
}
DAMAGES = [*_CONTENTS, "a folder"]


def damage(path: Path, how: str) -> None:
    """Put one of DAMAGES in the place of a file, or "a file" in the place of a folder, or leave "nothing there"."""
    content = path.read_bytes() if path.is_file() else b"a file"
    remove(path)
    if how == "a folder":
        path.mkdir()
        (path / "file").write_bytes(content)
    elif how != "nothing there":
        path.write_bytes(_CONTENTS.get(how, bytes)(content))
