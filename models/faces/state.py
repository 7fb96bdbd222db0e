"""What the page shows, as its link holds it: which 16 faces, and how they are drawn.

The link is the address of the page, "#", and keys and values as in a query: #m=5f0c...&s=7&f=-.3.-&t=90. A key that is
missing has its default, one that is unknown is ignored, of one that is there twice the first counts.

    key  meaning                                                           values                          default
    m    digest of the model that the link was made with                   16 hexadecimal digits
    s    seed                                                              0 to 4294967295                 0
    f    for each attribute the number of its value, or - for any          joined by "."                   all any
    t    turn of the style in degrees                                      0 to 359                        0
    v    variety in percent                                                0 to 150                        100
    k    locked faces: place, seed, number, joined by ":"                  joined by "."                   none
    p    place of the face that is picked                                  0 to 15                         0

The face in place i has the number i and the seed of the link, unless the place is locked: then it keeps its own. The
noise n and a second noise m follow from seed and number (models/faces/random.py), and what is drawn is

    v / 100 (cos(t) n + sin(t) m)

in double precision, rounded to single precision at the end: a great circle through n, on which its length hardly
changes. Where an attribute may have any value, the face's value follows from seed and number, too.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self
from urllib.parse import parse_qsl

import numpy as np
from numpy.typing import NDArray

from models.faces.random import NOISE, STYLE, noise, value
from models.faces.weights import FaceModel

FACES = 16
"""Shown at once."""

_LARGEST = 2**32 - 1
_MOST_TURN, _MOST_VARIETY = 359, 150


class Locked(NamedTuple):
    """A face that keeps its seed and number."""

    place: int
    seed: int
    face: int


@dataclass(frozen=True)
class State:
    """See the module.

    Attributes:
        seed: of all faces that are not locked.
        features: for each attribute of the model the number of its value; None: any.
        turn: of the style, in degrees.
        variety: in percent.
        locked: at most one for each place.
        picked: place of a face.
    """

    seed: int = 0
    features: tuple[int | None, ...] = ()
    turn: int = 0
    variety: int = 100
    locked: tuple[Locked, ...] = ()
    picked: int = 0

    @classmethod
    def of_link(cls, link: str, model: FaceModel) -> tuple[Self, list[str]]:
        """Reads a link.

        Args:
            link: the whole address, or what follows its "#".
            model: what it is going to be shown with.

        Returns:
            The state, and a sentence for whatever in the link does not hold.
        """
        values = dict(reversed(parse_qsl(link.strip().rpartition("#")[2], keep_blank_values=True)))
        remarks = []
        if "m" in values and values["m"] != model.digest:
            remarks.append("The link was made with another model, whose faces look different.")

        def read(key: str, name: str, largest: int, default: int) -> int:
            number = _number(values.get(key, str(default)), largest)
            if number is None:
                remarks.append(f"The link has an odd {name}: it is {default} instead.")
                return default
            return number

        features, are_odd = _features(values.get("f"), model.attributes)
        if are_odd:
            remarks.append("The link has odd features: where they do not fit, any are drawn.")
        locked, are_odd = _locked(values.get("k"))
        if are_odd:
            remarks.append("The link has odd locked faces: they are left out.")
        state = cls(
            seed=read("s", "seed", _LARGEST, cls.seed),
            features=features,
            turn=read("t", "turn", _MOST_TURN, cls.turn),
            variety=read("v", "variety", _MOST_VARIETY, cls.variety),
            locked=locked,
            picked=read("p", "picked face", FACES - 1, cls.picked),
        )
        return state, remarks

    def link(self, model: FaceModel) -> str:
        """The link, from its "#" on. Defaults are left out, but for the seed."""
        entries = {"m": model.digest, "s": self.seed}
        if any(feature is not None for feature in self.features):
            entries["f"] = ".".join("-" if feature is None else str(feature) for feature in self.features)
        entries |= {"t": self.turn} if self.turn != State.turn else {}
        entries |= {"v": self.variety} if self.variety != State.variety else {}
        entries |= {"k": ".".join(":".join(map(str, one)) for one in self.locked)} if self.locked else {}
        entries |= {"p": self.picked} if self.picked != State.picked else {}
        return "#" + "&".join(f"{key}={entry}" for key, entry in entries.items())


def inputs_of(state: State, model: FaceModel, faces: int = FACES) -> NDArray[np.float32]:
    """The inputs of the faces of a state.

    Args:
        state: which.
        model: what they are going to be drawn with.
        faces: how many, from the first place on.

    Returns:
        (faces, asked): noise, then for each attribute a 1 for its value and a 0 for all others.
    """
    locked = {place: (seed, face) for place, seed, face in state.locked}
    keys = [locked.get(place, (state.seed, place)) for place in range(faces)]
    columns = [np.stack([_noise(state, *key, model.noise) for key in keys])]
    for index, values in enumerate(model.attributes.values()):
        feature = state.features[index] if index < len(state.features) else None
        codes = [value(*key, index, len(values)) if feature is None else feature for key in keys]
        columns.append(np.eye(len(values), dtype=np.float32)[codes])
    return np.concatenate(columns, 1)


def _noise(state: State, seed: int, face: int, numbers: int) -> NDArray[np.float32]:
    own, second = (noise(seed, face, numbers, stream).astype(np.float64) for stream in (NOISE, STYLE))
    turn = state.turn * math.pi / 180
    turned = state.variety / 100 * (math.cos(turn) * own + math.sin(turn) * second)
    return turned.astype(np.float32)


def _number(text: str, largest: int) -> int | None:
    """A whole number in at most 10 digits; None if it is none, or too large."""
    number = int(text) if re.fullmatch("[0-9]{1,10}", text) else largest + 1
    return number if number <= largest else None


def _features(text: str | None, attributes: Mapping[str, Sequence[str]]) -> tuple[tuple[int | None, ...], bool]:
    """The features of a link, and whether some of them do not fit."""
    counts = [len(values) for values in attributes.values()]
    if text is None:
        return (None,) * len(counts), False
    entries = text.split(".") if text else []
    padded = [*entries, *("-" for _ in counts)][: len(counts)]
    features = tuple(_number(entry, count - 1) for entry, count in zip(padded, counts, strict=True))
    is_odd = any(number is None and entry != "-" for number, entry in zip(features, padded, strict=True))
    return features, is_odd or len(entries) != len(counts)


def _locked(text: str | None) -> tuple[tuple[Locked, ...], bool]:
    """The locked faces of a link, and whether some of them were left out."""
    locked: dict[int, Locked] = {}
    entries = text.split(".") if text else []
    for entry in entries:
        parts = entry.split(":")
        numbers = [_number(part, limit) for part, limit in zip(parts, (FACES - 1, _LARGEST, _LARGEST), strict=False)]
        if len(parts) == 3 and None not in numbers:
            face = Locked(*(number for number in numbers if number is not None))
            locked.setdefault(face.place, face)
    return tuple(locked.values()), len(locked) != len(entries)
