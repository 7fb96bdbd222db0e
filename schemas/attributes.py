"""What is known of a picture besides its pixels: categorical attributes, such as the hair of an avatar."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Attribute:
    """A categorical attribute.

    Args:
        name: in snake_case, a column of the clean table.
        values: the names of its values; a value's code is its index.
    """

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class KnownAttributes:
    """Attributes whose values are known beforehand.

    Args:
        tables: sets of attributes; a table whose columns have just the names of one holds its values.
        beside: the attributes of files that stand beside pictures; without any, such files are not read.
    """

    tables: tuple[tuple[Attribute, ...], ...] = ()
    beside: tuple[Attribute, ...] = ()


NONE_KNOWN = KnownAttributes()

# What `tasks.ingest.pictures.avatars` draws: parts and colours of the DiceBear style toon-head.
AVATARS = (
    Attribute("hair", ("short", "spiky", "undercut", "bun", "bob", "long-straight", "long-wavy")),
    Attribute("hair_colour", ("black", "brown", "ginger", "blond", "grey")),
    Attribute("skin", ("light", "tan", "brown", "dark")),
    Attribute("beard", ("none", "moustache", "full", "long")),
    Attribute("eyes", ("round", "lashes", "closed", "winking")),
    Attribute("eyebrows", ("neutral", "lowered", "lifted", "one-lifted")),
    Attribute("mouth", ("smile", "laugh", "angry", "open")),
    Attribute("clothes", ("t-shirt", "shirt", "turtleneck", "jacket", "dress")),
    Attribute("clothes_colour", ("red", "yellow", "green", "blue", "purple", "black")),
)

# Cartoon Set (Google, 2018, https://google.github.io/cartoonset/): names and numbers of variants in the order in which
# the CSV beside each picture has them. The values have no names; of facial_hair 14 and of glasses 11 means none.
_CARTOONSET = {
    "eye_angle": 3,
    "eye_lashes": 2,
    "eye_lid": 2,
    "chin_length": 3,
    "eyebrow_weight": 2,
    "eyebrow_shape": 14,
    "eyebrow_thickness": 4,
    "face_shape": 7,
    "facial_hair": 15,
    "hair": 111,
    "eye_color": 5,
    "face_color": 11,
    "hair_color": 10,
    "glasses": 12,
    "glasses_color": 7,
    "eye_slant": 3,
    "eyebrow_width": 3,
    "eye_eyebrow_distance": 3,
}
CARTOONSET = tuple(Attribute(name, tuple(map(str, range(count)))) for name, count in _CARTOONSET.items())
CARTOONSET_ATTRIBUTION = (
    "Learned from Cartoon Set, https://google.github.io/cartoonset/, © Google LLC, CC BY 4.0 "
    "(https://creativecommons.org/licenses/by/4.0/)."
)
KNOWN = KnownAttributes(tables=(AVATARS, CARTOONSET), beside=CARTOONSET)
