"""The attributes of avatars and of the Cartoon Set."""

from eightytwenty.kinds.category import Attribute, KnownAttributes

# The attributes of drawn avatars (`tasks.ingest.avatars`): parts and colours of the DiceBear style toon-head.
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

# Cartoon Set (Google, 2018, https://google.github.io/cartoonset/): names and numbers of variants, in the order of the
# CSV file next to each picture. The values have no names; 14 of facial_hair and 11 of glasses mean none.
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
KNOWN_ATTRIBUTES = KnownAttributes(tables=(AVATARS, CARTOONSET), sidecar=CARTOONSET)
