"""Shared by the tests of retraining: small deliveries."""

from pathlib import Path

import polars as pl

from tasks.ingest.pairs import draw_pairs

TOP = 128
QUICK = {"rows": 600, "largest_sum": 2 * TOP, "hidden_units": 2, "seeds": 1}


def pairs(rows: int, seed: int, *, name: str = "r", top: int = TOP) -> pl.DataFrame:
    """Clean pairs of numbers up to `top`, whose ids begin with `name`."""
    table = draw_pairs(rows, 2 * top, seed)
    return table.with_columns(record_id=name + table["record_id"])


def deliver(data: Path, name: str, content: str | bytes | pl.DataFrame, inbox: str = "inbox/adders") -> Path:
    """Puts a file into the inbox."""
    place = data / inbox / name
    place.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, pl.DataFrame):
        content = content.write_csv()
    place.write_bytes(content.encode() if isinstance(content, str) else content)
    return place
