"""A record is read as it was written, or not at all."""

import json
from contextlib import suppress
from pathlib import Path

import pytest

from tasks.running.records import DamagedError, Record
from tests.tasks.damages import DAMAGES, damage


class _Card(Record):
    rows: int
    seconds: float
    names: tuple[str, ...]
    of: dict[str, object]


CARD = _Card(rows=10, seconds=1.0, names=("one", "zwölf"), of={"seed": 1, "sizes": [1, 2], "dirt": 0.05})


def test_a_record_comes_back_as_it_was(tmp_path: Path) -> None:
    CARD.write(tmp_path / "card.json")
    assert _Card.read(tmp_path / "card.json") == CARD
    with pytest.raises(FileNotFoundError):
        _Card.read(tmp_path / "other.json")


@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_record_is_not_read_and_can_be_written_again(tmp_path: Path, how: str) -> None:
    path = tmp_path / "card.json"
    CARD.write(path)
    damage(path, how)
    with pytest.raises(DamagedError):
        _Card.read(path)
    CARD.write(path)
    assert _Card.read(path) == CARD


def test_whichever_bit_flips_the_record_is_read_correctly_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    CARD.write(path)
    content = path.read_bytes()
    for bit in range(8 * len(content)):
        flipped = content[bit // 8] ^ 1 << bit % 8
        path.write_bytes(content[: bit // 8] + bytes([flipped]) + content[bit // 8 + 1 :])
        with suppress(DamagedError):
            assert _Card.read(path) == CARD


def test_a_record_of_an_earlier_release_is_read_strictly(tmp_path: Path) -> None:
    """It has no checksum."""
    path, fields = tmp_path / "card.json", CARD.model_dump(mode="json")
    path.write_text(json.dumps(fields))
    assert _Card.read(path) == CARD
    for wrong in ({**fields, "rows": "10"}, {**fields, "more": 1}, {"rows": 10}):
        path.write_text(json.dumps(wrong))
        with pytest.raises(DamagedError):
            _Card.read(path)
