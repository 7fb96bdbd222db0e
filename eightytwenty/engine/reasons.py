"""The rules of the engine itself, by name, and why a row that breaks one is not sound."""

MISSING, OUT_OF_RANGE, UNKNOWN, PATTERN = "missing cell", "out of range", "unknown value", "other pattern"
DAMAGED = "damaged encoding"
DAMAGED_REASON = "characters that come of reading a text in a wrong encoding"
REASONS = {
    "row cut off": "the record has fewer cells than the header",
    "too many cells": "the record has more cells than the header",
    "broken quotes": "the quotes of the record do not match",
    "undecodable bytes": "the record holds bytes that are not text in the file's encoding",
    "NUL character": "the record holds a character that no text has",
    "broken JSON": "the record is no JSON object",
    "field twice": "the record has a field twice",
    "unknown field": "the record has a field that the first records of the file lack",
    "repeated header": "the record is the header again",
    "total row": "the record is the last one and sums up the others",
    MISSING: "a cell is missing and nothing says what it was",
}
# the repairs of every kind of column
REPLACEMENT, MISSING_MARK, LETTER_CASE = "replacement", "missing mark", "letter case"
NAMES = {*REASONS, OUT_OF_RANGE, UNKNOWN, PATTERN, DAMAGED, REPLACEMENT, MISSING_MARK, LETTER_CASE, "stray spaces"}
