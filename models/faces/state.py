"""What the page shows, as its link holds it: which 16 faces, and how they are drawn.

The link is the address of the page, "#", and keys and values as in a query: #m=5f0c...&s=7&f=-.3.-&t=90. A key that is
missing has its default, one that is unknown is ignored, of one that is there twice the first counts.

    key  meaning                                                      values               default
    m    digest of the model that the link was made with              16 hex digits
    s    seed                                                         0 to 4294967295      0
    f    features: for each attribute its value's number, or -: any   joined by "."        all any
    l    locked features: for each attribute a seed, or -: none       joined by "."        none locked
    t    turn of the style in degrees                                 0 to 359             0
    v    variety in percent                                           0 to 150             100
    k    locked faces                                                 joined by "."        none
    p    place of the face that is picked                             0 to 15              0

The face in place i has the number i and the seed of the link. The noise n and a second noise m follow from both
(models/faces/random.py), and what is drawn is

    v / 100 (cos(t) n + sin(t) m)

in double precision, rounded to single precision at the end: a great circle through n, on which its length hardly
changes. Where an attribute may have any value, the face's value follows from its number and the seed, or the seed that
the feature is locked to, so that the faces keep it when there is a new seed.

A locked face is place:seed:number:features:turn:variety, with the numbers of its values joined by "-". It stays as it
is, whatever the rest of the link says.
"""

import math
import re
from collections.abc import Sequence
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
    """A face that stays as it is: in which place, and how it is drawn."""

    place: int
    seed: int
    face: int
    features: tuple[int, ...] = ()
    turn: int = 0
    variety: int = 100

    @property
    def entry(self) -> str:
        """As it stands in a link."""
        place, seed, face, features, turn, variety = self
        return ":".join(map(str, (place, seed, face, "-".join(map(str, features)), turn, variety)))


@dataclass(frozen=True)
class State:
    """See the module.

    Attributes:
        seed: of all faces that are not locked.
        features: for each attribute of the model the number of its value; None: any.
        feature_seeds: for each attribute of the model the seed that its values are locked to; None: the seed.
        turn: of the style, in degrees.
        variety: in percent.
        locked: at most one for each place.
        picked: place of a face.
    """

    seed: int = 0
    features: tuple[int | None, ...] = ()
    feature_seeds: tuple[int | None, ...] = ()
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

        counts = [len(entries) for entries in model.attributes.values()]
        features, are_odd = _of_attributes(values.get("f"), [count - 1 for count in counts])
        if are_odd:
            remarks.append("The link has odd features: where they do not fit, any are drawn.")
        feature_seeds, are_odd = _of_attributes(values.get("l"), [_LARGEST for _ in counts])
        if are_odd:
            remarks.append("The link has odd locked features: where they do not fit, none are locked.")
        locked, are_odd = _locked(values.get("k"), counts)
        if are_odd:
            remarks.append("The link has odd locked faces: they are left out.")
        state = cls(
            seed=read("s", "seed", _LARGEST, cls.seed),
            features=features,
            feature_seeds=feature_seeds,
            turn=read("t", "turn", _MOST_TURN, cls.turn),
            variety=read("v", "variety", _MOST_VARIETY, cls.variety),
            locked=locked,
            picked=read("p", "picked face", FACES - 1, cls.picked),
        )
        return state, remarks

    def link(self, model: FaceModel) -> str:
        """The link, from its "#" on. Defaults are left out, but for the seed."""
        entries = {
            "m": model.digest,
            "s": str(self.seed),
            "f": _joined(self.features),
            "l": _joined(self.feature_seeds),
            "t": str(self.turn or ""),
            "v": "" if self.variety == State.variety else str(self.variety),
            "k": ".".join(face.entry for face in self.locked),
            "p": str(self.picked or ""),
        }
        return "#" + "&".join(f"{key}={entry}" for key, entry in entries.items() if entry)


def inputs_of(state: State, model: FaceModel, faces: int = FACES) -> NDArray[np.float32]:
    """The inputs of the faces of a state.

    Args:
        state: which.
        model: what they are going to be drawn with.
        faces: how many, from the first place on.

    Returns:
        (faces, asked): noise, then for each attribute a 1 for its value and a 0 for all others.
    """
    locked = {face.place: face for face in state.locked}
    recipes = [locked.get(place) or _unlocked(state, place, model) for place in range(faces)]
    columns = [np.stack([_noise(recipe, model.noise) for recipe in recipes])]
    for index, values in enumerate(model.attributes.values()):
        columns.append(np.eye(len(values), dtype=np.float32)[[recipe.features[index] for recipe in recipes]])
    return np.concatenate(columns, 1)


def _unlocked(state: State, place: int, model: FaceModel) -> Locked:
    """How the face in a place is drawn that is not locked."""
    missing = (None,) * len(model.attributes)
    features = []
    for index, values in enumerate(model.attributes.values()):
        feature, seed = (state.features or missing)[index], (state.feature_seeds or missing)[index]
        if feature is None:
            feature = value(state.seed if seed is None else seed, place, index, len(values))
        features.append(feature)
    return Locked(place, state.seed, place, tuple(features), state.turn, state.variety)


def _noise(face: Locked, numbers: int) -> NDArray[np.float32]:
    own, second = (noise(face.seed, face.face, numbers, stream).astype(np.float64) for stream in (NOISE, STYLE))
    turn = face.turn * math.pi / 180
    turned = face.variety / 100 * (math.cos(turn) * own + math.sin(turn) * second)
    return turned.astype(np.float32)


def _joined(numbers: Sequence[int | None]) -> str:
    """Of each attribute, or nothing if there is nothing to say of any."""
    entries = ["-" if number is None else str(number) for number in numbers]
    return ".".join(entries) if {*entries} != {"-"} else ""


def _number(text: str, largest: int) -> int | None:
    """A whole number in at most 10 digits; None if it is none, or too large."""
    number = int(text) if re.fullmatch("[0-9]{1,10}", text) else largest + 1
    return number if number <= largest else None


def _of_attributes(text: str | None, largest: Sequence[int]) -> tuple[tuple[int | None, ...], bool]:
    """A number or nothing for each attribute, and whether some of a link do not fit."""
    if text is None:
        return (None,) * len(largest), False
    entries = text.split(".") if text else []
    padded = [*entries, *("-" for _ in largest)][: len(largest)]
    numbers = tuple(_number(entry, limit) for entry, limit in zip(padded, largest, strict=True))
    is_odd = any(number is None and entry != "-" for number, entry in zip(numbers, padded, strict=True))
    return numbers, is_odd or len(entries) != len(largest)


def _locked(text: str | None, counts: Sequence[int]) -> tuple[tuple[Locked, ...], bool]:
    """The locked faces of a link, and whether some of them were left out."""
    entries = text.split(".") if text else []
    locked: dict[int, Locked] = {}
    for face in filter(None, (_locked_face(entry, counts) for entry in entries)):
        locked.setdefault(face.place, face)
    return tuple(locked.values()), len(locked) != len(entries)


def _locked_face(entry: str, counts: Sequence[int]) -> Locked | None:
    parts = entry.split(":")
    if len(parts) != 6:
        return None
    place, seed, face, features, turn, variety = parts
    texts = [place, seed, face, turn, variety, *(features.split("-") if features else [])]
    limits = [FACES - 1, _LARGEST, _LARGEST, _MOST_TURN, _MOST_VARIETY, *(count - 1 for count in counts)]
    read = [_number(text, limit) for text, limit in zip(texts, limits, strict=False)]
    numbers = [number for number in read if number is not None]
    if not len(texts) == len(numbers) == len(limits):
        return None
    return Locked(numbers[0], numbers[1], numbers[2], tuple(numbers[5:]), numbers[3], numbers[4])
