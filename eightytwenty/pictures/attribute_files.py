"""The files of attributes next to pictures, what can be wrong with them, and the sidecar file of each picture."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from eightytwenty.engine.reasons import LETTER_CASE
from eightytwenty.kinds.category import Attribute
from eightytwenty.kinds.spelling import STRAY_SPACES

MOST_SIDECAR_BYTES = 1 << 16

FILE_MISSING = "attribute file missing"
LINE_MISSING = "picture without attributes"
WITHOUT_PICTURE = "attributes without picture"
SEVERAL_LINES = "several attribute lines"
MALFORMED = "malformed"
UNKNOWN_ATTRIBUTE = "unknown attribute"
INDEX_OUT_OF_RANGE = "index out of range"
WRONG_CARDINALITY = "wrong cardinality"
UNKNOWN_VALUE = "unknown value"
MISSING_VALUE = "missing value"
REPAIRS = {
    STRAY_SPACES.name: STRAY_SPACES.reason,
    LETTER_CASE: "one known value, or the most frequent one, differs in case only",
}
REASONS = {
    FILE_MISSING: "there is no attribute file next to the picture; add it",
    LINE_MISSING: "the attribute table has no line for the picture; add one",
    WITHOUT_PICTURE: "there is no picture, or more than one, for these attributes; give the path of one",
    SEVERAL_LINES: "the attribute table has several lines for the picture, and they differ; keep the right one",
    MALFORMED: "the attributes are cut off, doubled or not in the form of the others; write them again",
    UNKNOWN_ATTRIBUTE: "an attribute has a name that is not known; correct it",
    INDEX_OUT_OF_RANGE: "the number of a value is negative or not below the number of variants; correct it",
    WRONG_CARDINALITY: "an attribute has an unexpected number of variants; correct it",
    UNKNOWN_VALUE: "an attribute has a value that is not known or that hardly any other picture has; correct it",
    MISSING_VALUE: "an attribute has no value; fill it in",
}

_SEPARATOR_LINE = re.compile(rb'(?:\xef\xbb\xbf)?"?sep=[,;|\t]"?\r?\n')  # the first line of a file from Excel
_SIDECAR_LINE = re.compile(rb'\s*"?(\w+)"?\s*,\s*(-?\d{1,9})\s*,\s*(-?\d{1,9})\s*')


@dataclass(frozen=True)
class AttributeFile:
    """An attribute file: its path in the source, and its bytes."""

    name: str
    content: bytes


def attribute_file(name: str, content: bytes) -> AttributeFile:
    """The file without a first line such as `sep=;`, which is for Excel; the separator is detected without it."""
    separator = _SEPARATOR_LINE.match(content)
    return AttributeFile(name, content[separator.end() :] if separator else content)


def is_sidecar(content: bytes) -> bool:
    """Whether a file starts like a sidecar file of the Cartoon Set."""
    return _SIDECAR_LINE.fullmatch(content.lstrip()[:200].split(b"\n")[0]) is not None


def parse_sidecar(content: bytes, attributes: Sequence[Attribute]) -> tuple[tuple[str, ...] | None, str]:
    """Reads a sidecar file of the Cartoon Set: lines such as `"face_shape", 4, 7` (name, value, number of variants).

    Args:
        content: of the file.
        attributes: the attributes that the file must have, in any order.

    Returns:
        The values in the order of `attributes` and "", or None and one of `REASONS`.
    """
    variants = {attribute.name.encode(): len(attribute.values) for attribute in attributes}
    if len(content) > MOST_SIDECAR_BYTES:
        return None, MALFORMED
    matches = [_SIDECAR_LINE.fullmatch(line) for line in content.strip().split(b"\n")]
    lines = [match.groups() for match in matches if match]
    if len(lines) < len(matches):
        return None, MALFORMED
    if any(name not in variants for name, _, _ in lines):
        return None, UNKNOWN_ATTRIBUTE
    values = {name: int(value) for name, value, _ in lines}
    if len(lines) != len(values) or len(values) != len(variants):
        return None, MALFORMED
    if any(int(count) != variants[name] for name, _, count in lines):
        return None, WRONG_CARDINALITY
    if any(not 0 <= values[name] < count for name, count in variants.items()):
        return None, INDEX_OUT_OF_RANGE
    return tuple(attribute.values[values[attribute.name.encode()]] for attribute in attributes), ""
