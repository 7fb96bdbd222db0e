"""The table of pictures: what a file must be to become a square RGB picture of one size, and what may be repaired.

The rules check the observations of a file, one row of a frame for each file:

| column           | kind    | meaning                                                                          |
|------------------|---------|----------------------------------------------------------------------------------|
| bytes            | Int64   | size of the file                                                                 |
| unreadable       | Boolean | the disk or archive cannot read it                                               |
| suffix_format    | String  | the format that its suffix stands for; empty if it stands for none               |
| format           | String  | its real format; empty if it is not a picture                                    |
| width, height    | Int64   | pixels, as its header says; null if there is no header                           |
| content          | String  | what a file without such a format looks like, one of those below; empty otherwise |
| bomb             | Boolean | its header claims far more pixels than its bytes can hold                        |
| too_many_pixels  | Boolean | it is no bomb, but decoding it would take too much memory                        |
| animated         | Boolean | it has several frames or pages                                                   |
| mode_known       | Boolean | its channels can be turned into red, green and blue                              |
| fault            | String  | "truncated", "damaged" or "missing end"; empty if it is complete                 |
| bits_assumed     | Boolean | only its largest sample says how many of its 16 bits are in use                  |
| colours_assumed  | Boolean | it states other colours than sRGB in a way that cannot be applied                |
| foreground_share | Float64 | share of pixels that differ visibly from the background; null if not decoded     |

The faults of its attributes are in eightytwenty/pictures/attribute_files.py.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import polars as pl

from eightytwenty.kinds.category import NO_KNOWN_ATTRIBUTES, Attribute, KnownAttributes
from eightytwenty.schema import Action, Check, Unique

if TYPE_CHECKING:
    import pandera.polars as pa

SIZES = (32, 64, 128)
MOST_BYTES = 80_000_000  # of a file; a photograph of 200 megapixels has about 50 MB
# Pixels that decoding holds at once. Each of them takes up to 12 bytes (decoded, converted, multiplied by its opacity),
# so that each of at most four workers needs up to 600 MB; with 16 bits a channel, up to twice as much.
MOST_PIXELS = 50_000_000
MOST_JPEG_PIXELS = 250_000_000  # of a JPEG, which is decoded at a fraction of its size; cameras have up to 200 million
BOMB_RATIO = 1_000  # pixels for each byte of the file: photographs have fewer than 100
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

PICTURE_SUFFIXES = frozenset(suffix for suffixes in FORMATS.values() for suffix in suffixes)

OTHER_PICTURE, PICTURE_HEADER, WEB_PAGE, GIT_LFS_POINTER = "other picture", "header", "web page", "Git LFS pointer"
TRUNCATED, DAMAGED, MISSING_END = "truncated", "damaged", "missing end"
CONTRADICTING = Unique(
    ("pixels",),
    "the same picture came with other attributes, and nothing says which are right; correct them",
    "contradicting attributes",
)


@dataclass(frozen=True)
class Step:
    """A repair of a picture, made by `eightytwenty.pictures.repair`."""

    name: str
    reason: str


ROTATION = Step("EXIF rotation", "the camera was held sideways, and a tag in the file says so")
DEPTH = Step("16 bits to 8", "networks use no more than 256 shades; the bits that are in use are scaled to 8")
PROFILE = Step("colour profile to sRGB", "the colour profile in the file says what its numbers mean as colours")
TRANSPARENCY = Step("transparency onto white", "what shows through is paper")
PALETTE = Step("palette to RGB", "the pixels are indices into a table of colours")
GREY = Step("grey to RGB", "one channel stands for three equal ones")
INKS = Step("inks to RGB", "the channels are those of print or film")
CROP = Step("centre crop", "pictures are square, and the subject is in the middle")
RESIZE = Step("resize", "all pictures have one size")
STEPS = (ROTATION, DEPTH, TRANSPARENCY, PALETTE, GREY, INKS, PROFILE, CROP, RESIZE)


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

    def checks(self, action: Action) -> tuple[Check, ...]:
        """The rules on a file alone that are followed by an action."""
        return tuple(rule for rule in self.rules if isinstance(rule, Check) and rule.action == action)

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
    formats = ", ".join(FORMATS)
    unread = f"unreadable or bytes = 0 or bytes > {MOST_BYTES}"
    rules: tuple[Check | Unique, ...] = (
        Check(
            "not unreadable", "the disk or the archive cannot read the file; copy or pack it again", "cannot be read"
        ),
        Check("unreadable or bytes <> 0", "the file has no bytes; download it again", "empty file"),
        Check(
            f"bytes <= {MOST_BYTES}",
            f"the file has more than {MOST_BYTES // 10**6} MB; save the picture smaller",
            "file too large",
        ),
        Check(
            f"content <> '{WEB_PAGE}'",
            "the file is a web page, such as a server sends in place of a picture; download the picture again",
            "web page",
        ),
        Check(
            f"content <> '{GIT_LFS_POINTER}'",
            "the file only points to the picture, which is in Git LFS; fetch it with git lfs pull",
            "Git LFS pointer",
        ),
        Check(
            f"content <> '{OTHER_PICTURE}'",
            f"the file is a picture, but its format is none of {formats}; convert it to one of them",
            "other picture format",
        ),
        Check(
            f"content <> '{PICTURE_HEADER}'",
            "the file begins like a picture, but its header is damaged or describes a variant that is not read; save "
            "it again, with 8 or 16 bits a channel",
            "unreadable header",
        ),
        Check(
            f"{unread} or format <> '' or content <> ''",
            f"nothing in the file looks like a picture ({formats}); remove it, or replace it by the picture",
            "not an image",
        ),
        Check(
            "suffix_format = '' or format = '' or suffix_format = format",
            "the suffix of the name stands for another format than that of the file; rename it",
            "wrong format",
        ),
        Check(
            "not bomb",
            f"the header claims more than {BOMB_RATIO:,} pixels for each byte of the file, beyond what can be decoded; "
            "do not open it",
            "decompression bomb",
        ),
        Check(
            "not too_many_pixels",
            f"decoding would hold more than {MOST_PIXELS // 10**6} megapixels in memory, or the file is a JPEG of more "
            f"than {MOST_JPEG_PIXELS // 10**6}; save the picture smaller",
            "too many pixels",
        ),
        Check(f"fault <> '{TRUNCATED}'", "the file ends before its pixels do; download it again", TRUNCATED),
        Check(
            f"fault <> '{DAMAGED}'",
            "a checksum is wrong, or the pixels cannot be decoded; download it or save it again",
            DAMAGED,
        ),
        Check(
            f"fault <> '{MISSING_END}'", "the mark at the end of the file is missing; download it again", MISSING_END
        ),
        Check(
            "not animated",
            "the file has several frames or pages, and nothing says which is meant; save the one that is",
            "animated",
        ),
        Check(
            "mode_known",
            "the samples are fractions, signed or 32-bit numbers or of another colour space than RGB and CMYK, and "
            "nothing says which of them are black and white; save the picture with 8 or 16 bits a channel",
            "unknown mode",
        ),
        Check(
            f"width >= {size} and height >= {size}",
            f"a side is shorter than {size} pixels, and enlarging would only blur; choose a smaller size",
            "too small",
        ),
        Check(
            f"width <= {MOST_ASPECT} * height and height <= {MOST_ASPECT} * width",
            f"one side is more than {MOST_ASPECT:g} times the other, and the crop would lose more than half; crop it",
            "far from square",
        ),
        Check(
            f"foreground_share >= {LEAST_FOREGROUND}",
            f"fewer than {LEAST_FOREGROUND:.0%} of the pixels differ visibly from the background; remove the picture",
            "blank",
        ),
        Check(
            "not bits_assumed",
            "nothing in the file says how many of its 16 bits are in use, so the largest sample decided: "
            "8, 10, 12 or all",
            "bits assumed",
            action="flag",
        ),
        Check(
            "not colours_assumed",
            "the file has a gamma, Adobe RGB without a profile, or a profile that is damaged or of other channels; "
            "none was applied, and the colours count as sRGB",
            "colours assumed",
            action="flag",
        ),
        CONTRADICTING,
    )
    return PictureTable(size, rules, known_attributes, attribute_file, gallery)
