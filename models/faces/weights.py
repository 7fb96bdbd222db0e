"""A trained generator as numbers: what it takes, what it draws, and its weights in half precision."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import keras

SLOPE = 0.2
"""Of the leaky rectifiers."""

_DIGITS = 16  # of the digest: enough to tell models apart and to notice damage, and short in a link
_SMALLEST = 4  # side of the generator's first map
# layers that the engine knows, or that change nothing that it has to know of
_KNOWN = {
    *("InputLayer", "Concatenate", "Dense", "Reshape", "LeakyReLU", "UpSampling2D", "Conv2D"),
    *("Multiply", "Permute", "Rescaling", "ReLU", "Sequential"),
}


@dataclass(frozen=True)
class FaceModel:
    """A generator of the recipe `stable` (models/gans/stable.py).

    The weights are in the order in which they are used, each matrix before its bias: the style, (inputs, features); the
    first map, (features, 16 channels[0]); for each doubling the convolution, (3, 3, channels[i - 1], channels[i]), and
    the gain, (features, channels[i]); the last convolution, (3, 3, channels[-1], 12). The axes are those of Keras.

    Attributes:
        size: side of the pictures.
        channels: of the maps with sides of 4, 8, 16, ... pixels; the last map is half as large as the pictures.
        features: of the style.
        noise: numbers of noise.
        attributes: name -> names of its values, in the order of the inputs.
        weights: (n,) float32, each a number of half precision.
    """

    size: int
    channels: tuple[int, ...]
    features: int
    noise: int
    attributes: Mapping[str, tuple[str, ...]]
    weights: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.size != _SMALLEST << len(self.channels):
            raise ValueError(f"maps of {len(self.channels)} sizes do not make pictures of {self.size} pixels.")
        if any(channels % 8 for channels in self.channels) or self.features % 8:
            raise ValueError("channels and features have to be multiples of 8.")
        if self.weights.shape != (expected := sum(map(_area, self.shapes)),):
            raise ValueError(f"there are {self.weights.size:,} weights instead of {expected:,}.")
        if not np.isfinite(self.weights).all():
            raise ValueError("some weights are infinite or no numbers.")

    @classmethod
    def of(cls, generator: "keras.Model", attributes: Mapping[str, Sequence[str]]) -> Self:
        """Reads a Keras generator, with or without the final scaling to [0, 1]. Its weights are rounded.

        Args:
            generator: from {"noise": float32 (n, d), "attributes": int32 (n, k)} to pictures (n, s, s, 3).
            attributes: name -> names of its values, in the order of the inputs; empty if it takes none.

        Raises:
            ValueError: it is not of the recipe `stable`; or its weights are no numbers of half precision.
        """
        layers = list(_layers_of(generator))
        kinds = {kind: [layer for layer in layers if type(layer).__name__ == kind] for kind in ("Dense", "Conv2D")}
        dense, convolutions = kinds["Dense"], kinds["Conv2D"]
        if not all(map(_is_known, layers)) or not convolutions or len(dense) != len(convolutions) + 1:
            raise _unknown()
        doublings = zip(convolutions[:-1], dense[2:], strict=True)
        arrays = [
            np.asarray(weight)
            for layer in (*dense[:2], *(layer for doubling in doublings for layer in doubling), convolutions[-1])
            for weight in layer.weights
        ]
        with np.errstate(over="ignore"):  # it is found below
            halves = np.concatenate([array.ravel() for array in arrays]).astype(np.float16)
        model = cls(
            size=generator.output_shape[1],
            channels=tuple(layer.kernel.shape[2] for layer in convolutions),
            features=dense[0].kernel.shape[1],
            noise=generator.input["noise"].shape[1],
            attributes={name: tuple(values) for name, values in attributes.items()},
            weights=halves.astype(np.float32),
        )
        if [array.shape for array in arrays] != list(model.shapes):
            raise _unknown()
        return model

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Reads what `to_bytes` wrote.

        Raises:
            ValueError: it is damaged.
        """
        try:
            digest, description, halves = content.split(b"\n", 2)
            told = json.loads(description)
            model = cls(
                size=told["size"],
                channels=tuple(told["channels"]),
                features=told["features"],
                noise=told["noise"],
                attributes={entry["name"]: tuple(entry["values"]) for entry in told["attributes"]},
                weights=np.frombuffer(halves, "<f2").astype(np.float32),
            )
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError("the weights of the faces are damaged.") from error
        if model.digest.encode() != digest:
            raise ValueError("the weights of the faces are damaged: their digest does not fit.")
        return model

    def to_bytes(self) -> bytes:
        """The digest, a line feed, the description in JSON, a line feed, and the weights in half precision."""
        return b"\n".join([self.digest.encode(), *self._content])

    @cached_property
    def digest(self) -> str:
        """The first 16 hexadecimal digits of the SHA-256 of description, line feed and weights."""
        return hashlib.sha256(b"\n".join(self._content)).hexdigest()[:_DIGITS]

    @property
    def description(self) -> dict[str, Any]:
        """What the digest covers besides the weights, in this order."""
        attributes = [{"name": name, "values": list(values)} for name, values in self.attributes.items()]
        return {
            "size": self.size,
            "channels": list(self.channels),
            "features": self.features,
            "noise": self.noise,
            "attributes": attributes,
        }

    @property
    def for_page(self) -> dict[str, Any]:
        """The JSON object that `faceModel` of engine.js takes, together with `halves` in base64."""
        return {**self.description, "asked": self.asked, "digest": self.digest}

    @property
    def halves(self) -> bytes:
        """The weights in half precision, little-endian."""
        return self.weights.astype("<f2").tobytes()

    @property
    def asked(self) -> int:
        """Numbers that a picture is drawn from: the noise, then one for each value of each attribute."""
        return self.noise + sum(map(len, self.attributes.values()))

    @property
    def shapes(self) -> Iterator[tuple[int, ...]]:
        """The shapes of the arrays in `weights`, in order."""
        first, *_, last = self.channels
        yield from _with_bias(self.asked, self.features)
        yield from _with_bias(self.features, _SMALLEST**2 * first)
        for before, after in zip(self.channels[:-1], self.channels[1:], strict=True):
            yield from _with_bias(3, 3, before, after)
            yield from _with_bias(self.features, after)
        yield from _with_bias(3, 3, last, 12)

    @property
    def _content(self) -> tuple[bytes, bytes]:
        # as JavaScript's JSON.stringify writes it, so that the page computes the same digest
        description = json.dumps(self.description, ensure_ascii=False, separators=(",", ":"))
        return description.encode(), self.halves


def _with_bias(*shape: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return shape, shape[-1:]


def _area(shape: tuple[int, ...]) -> int:
    return int(np.prod(shape))


def _layers_of(model: "keras.Model") -> Iterator["keras.Layer"]:
    for layer in model.layers:
        yield from _layers_of(layer) if hasattr(layer, "layers") else (layer,)


def _is_known(layer: "keras.Layer") -> bool:
    kind, config = type(layer).__name__, layer.get_config()
    settings: dict[str, dict[str, object]] = {
        "LeakyReLU": {"negative_slope": SLOPE},
        "UpSampling2D": {"size": (2, 2), "interpolation": "nearest"},
        "Dense": {"activation": "linear", "use_bias": True},
        "Conv2D": {"activation": "linear", "use_bias": True, "padding": "same", "strides": (1, 1), "groups": 1},
    }
    return kind in _KNOWN and all(_plain(config[name]) == value for name, value in settings.get(kind, {}).items())


def _plain(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _unknown() -> ValueError:
    return ValueError("it is not a generator of the recipe stable.")
