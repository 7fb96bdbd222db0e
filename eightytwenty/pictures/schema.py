"""The table of pictures: what a file must be to become a square RGB picture of one size, and what may be repaired.

The rules check the observations of a file, one row of a frame for each file:

| column           | kind    | meaning                                                                          |
|------------------|---------|----------------------------------------------------------------------------------|
| bytes            | Int64   | size of the file                                                                 |
| unreadable       | Boolean | the disk or archive cannot read it                                               |
| suffix_format    | String  | the format that its suffix stands for; empty if it stands for none               |
| format           | String  | its real format; empty if it is not a picture                                    |
| width, height    | Int64   | pixels, as its header says; null if there is no header                           |
| bomb             | Boolean | its header claims more pixels than anybody needs                                 |
| animated         | Boolean | it has several frames                                                            |
| mode_known       | Boolean | its channels can be turned into red, green and blue                              |
| fault            | String  | "truncated", "damaged" or "missing end"; empty if it is complete                 |
| foreground_share | Float64 | share of pixels that differ visibly from the background; null if not decoded     |

The faults of its attributes are in eightytwenty/pictures/attribute_files.py.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import polars as pl

from eightytwenty.kinds.category import NO_KNOWN_ATTRIBUTES, Attribute, KnownAttributes
from eightytwenty.schema import Check, Unique

if TYPE_CHECKING:
    import pandera.polars as pa

SIZES = (32, 64, 128)
MOST_BYTES = 20_000_000  # of a file
MOST_PIXELS = 40_000_000  # of a picture; four bytes each when decoded, for each worker
MOST_ASPECT = 2.0  # the longer side by the shorter; a longer picture loses more than half to the crop
LEAST_FOREGROUND = 0.01  # the thinnest ellipse covers six times as much
# Pillow's name of each format -> the suffixes that stand for it. Other formats are not read: every decoder more is one
# more way in for a hostile file.
FORMATS = {
    "PNG": (".png", ".apng"),
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "GIF": (".gif",),
    "BMP": (".bmp", ".dib"),
    "WEBP": (".webp",),
    "TIFF": (".tif", ".tiff"),
}

TRUNCATED, DAMAGED, MISSING_END = "truncated", "damaged", "missing end"
CONTRADICTING = Unique(
    ("pixels",),
    "the same picture came with other attributes, and nothing says which are right",
    "contradicting attributes",
)


@dataclass(frozen=True)
class Step:
    """A repair of a picture, made by `eightytwenty.pictures.repair`."""

    name: str
    reason: str


ROTATION = Step("EXIF rotation", "the camera was held sideways, and a tag in the file says so")
DEPTH = Step("16 bits to 8", "networks use no more than 256 shades")
TRANSPARENCY = Step("transparency onto white", "what shows through is paper")
PALETTE = Step("palette to RGB", "the pixels are indices into a table of colours")
GREY = Step("grey to RGB", "one channel stands for three equal ones")
INKS = Step("inks to RGB", "the channels are those of print or film")
CROP = Step("centre crop", "pictures are square, and the subject is in the middle")
RESIZE = Step("resize", "all pictures have one size")
STEPS = (ROTATION, DEPTH, TRANSPARENCY, PALETTE, GREY, INKS, CROP, RESIZE)


@dataclass(frozen=True)
class PictureTable:
    """What a picture must be.

    Args:
        size: side of the clean pictures in pixels.
        rules: conditions on the observations of a file, in order, and on the attributes of copies.
        known_attributes: attributes whose values are known in advance.
        attribute_file: a table of attributes that is not among the pictures.
        gallery: draws examples of every rule; called with the finished folder, the file to write, and the source
            folder, or None if the source was an archive.
    """

    unit: ClassVar[str] = "pictures"  # for progress bars
    size: int
    rules: tuple[Check | Unique, ...]
    known_attributes: KnownAttributes = NO_KNOWN_ATTRIBUTES
    attribute_file: Path | None = None
    gallery: Callable[[Path, Path, Path | None], None] | None = None

    @property
    def name(self) -> str:
        """The name in reports."""
        return f"pictures {self.size}x{self.size}"

    @property
    def reasons(self) -> dict[str, str]:
        """Maps each rule or repair to its reason."""
        return {rule.name: rule.reason for rule in (*self.rules, *STEPS)}

    def clean(self, attributes: Sequence[Attribute]) -> "pa.DataFrameSchema":
        """The strict schema of clean rows: row id, unique, and one known value for each attribute."""
        import pandera.polars as pa

        values = {attribute.name: pa.Column(pl.String, pa.Check.isin(attribute.values)) for attribute in attributes}
        row_id = {"source": pa.Column(pl.String), "record": pa.Column(pl.Int64, pa.Check.ge(1))}
        return pa.DataFrameSchema(row_id | values, strict=True, ordered=True, unique=["source", "record"])


def pictures_table(
    size: int,
    known_attributes: KnownAttributes = NO_KNOWN_ATTRIBUTES,
    attribute_file: Path | None = None,
    gallery: Callable[[Path, Path, Path | None], None] | None = None,
) -> PictureTable:
    """The table of pictures that are `size` x `size` pixels large when clean; see `PictureTable` for the rest."""
    readable = f"not unreadable and bytes between 1 and {MOST_BYTES} and not bomb"
    rules: tuple[Check | Unique, ...] = (
        Check("not unreadable", "the file cannot be opened", "cannot be read"),
        Check("unreadable or bytes <> 0", "the file has no bytes", "empty file"),
        Check(f"bytes <= {MOST_BYTES}", f"the file has more than {MOST_BYTES // 10**6} MB", "file too large"),
        Check(f"not ({readable}) or format <> ''", f"the file is none of {', '.join(FORMATS)}", "not an image"),
        Check(
            "suffix_format = '' or format = '' or suffix_format = format",
            "the format of the file contradicts its name",
            "wrong format",
        ),
        Check("not bomb", f"the file unpacks to more than {MOST_PIXELS:,} pixels", "decompression bomb"),
        Check(f"fault <> '{TRUNCATED}'", "the file ends before its pixels do", TRUNCATED),
        Check(f"fault <> '{DAMAGED}'", "a checksum is wrong, or the pixels cannot be decoded", DAMAGED),
        Check(f"fault <> '{MISSING_END}'", "the mark at the end of the file is missing", MISSING_END),
        Check("not animated", "the file has several frames, and nothing says which is meant", "animated"),
        Check("mode_known", "the channels of the file have no single meaning as colours", "unknown mode"),
        Check(
            f"width >= {size} and height >= {size}",
            f"a side is shorter than {size} pixels, and enlarging would only blur",
            "too small",
        ),
        Check(
            f"width <= {MOST_ASPECT} * height and height <= {MOST_ASPECT} * width",
            f"one side is more than {MOST_ASPECT:g} times the other",
            "far from square",
        ),
        Check(
            f"foreground_share >= {LEAST_FOREGROUND}",
            f"fewer than {LEAST_FOREGROUND:.0%} of the pixels differ visibly from the background",
            "blank",
        ),
        CONTRADICTING,
    )
    return PictureTable(size, rules, known_attributes, attribute_file, gallery)
