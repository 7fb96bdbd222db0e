"""Sections of large files, which are read apart from each other."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Section:
    """A section of a file.

    Args:
        start: its first byte in a text, or its first row in Parquet.
        stop: the byte or row behind it.
        record: the number of its first record in the file.
        line: of a text, the number of its first line.
        is_end: whether it is the last one of the file.
    """

    start: int
    stop: int
    record: int = 1
    line: int = 1
    is_end: bool = False


@dataclass(frozen=True)
class Measure:
    """What a section of a text holds.

    Args:
        records: their number.
        lines: their number.
        is_alone: whether it can be read without what stands before it.
    """

    records: int
    lines: int
    is_alone: bool
