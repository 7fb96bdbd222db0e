"""A registered generator, ready to draw: by the program of the faces page where possible; TensorFlow takes seconds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eightytwenty.errors import UserError
from eightytwenty.printable import visible
from models.faces.weights import FaceModel
from tasks.tracking.local import LocalVersion, find_local

if TYPE_CHECKING:
    import keras

BESIDE = "faces"
"""The folder of a logged model that holds its weights as the page and its program read them."""
_WEIGHTS, _CREDIT = "faces.bin", "credit.txt"

Inputs = Mapping[str, NDArray[np.float32] | NDArray[np.int32]]


@dataclass(frozen=True)
class RegisteredGenerator:
    """A version of a registered model that draws pictures.

    Attributes:
        name: of the registered model.
        number: of the version.
        noise: numbers of noise.
        attributes: name -> names of its values, in the order of the inputs; empty if it takes none.
        attribution: whom to credit; may be empty.
        draw: "noise", float32 (n, d), and if there are attributes "attributes", int32 (n, k) -> (n, s, s, 3) RGB.
        faces: the weights for the page and its program.
    """

    name: str
    number: int
    noise: int
    attributes: Mapping[str, Sequence[str]]
    attribution: str
    draw: Callable[[Inputs], NDArray[np.uint8]]
    faces: Callable[[], FaceModel]

    @property
    def page(self) -> str:
        """The page on which it draws, as HTML.

        Raises:
            UserError: it is not of the recipe that the page knows.
        """
        return page_of(self.faces(), self.name, self.number, self.attribution)


def page_of(faces: FaceModel, name: str, number: int, attribution: str) -> str:
    """The page on which a version of a registered model draws, as HTML."""
    from models.faces.page import face_page

    return face_page(faces, title=visible(f"Faces drawn by {name}, version {number}"), credit=attribution)


def save_beside(
    generator: "keras.Model", attributes: Mapping[str, Sequence[str]], attribution: str, folder: Path
) -> list[str]:
    """Writes what draws without Keras into the folder of a logged model; nothing of a generator of another recipe.

    Returns:
        the files, as paths in the folder.
    """
    try:
        faces = FaceModel.of(generator, attributes)
    except ValueError:
        return []
    (folder / BESIDE).mkdir()
    (folder / BESIDE / _WEIGHTS).write_bytes(faces.to_bytes())
    (folder / BESIDE / _CREDIT).write_text(attribution, encoding="utf-8")
    return [f"{BESIDE}/{name}" for name in (_WEIGHTS, _CREDIT)]


def find_generator(data: Path, model: str) -> RegisteredGenerator:
    """Finds a generator by "name@alias" or "name/version".

    Raises:
        UserError: there is no such model or version, or it does not draw pictures.
    """
    version = find_local(data, model)
    return (version and _from_weights(version)) or _from_keras(data, model)


def _from_weights(version: LocalVersion) -> RegisteredGenerator | None:
    """The generator without Keras; None if it is of another recipe, or was logged by an earlier release."""
    if not version.has_files(BESIDE, _WEIGHTS, _CREDIT):
        return None
    folder = version.folder / BESIDE
    try:
        faces = FaceModel.from_bytes((folder / _WEIGHTS).read_bytes())
        attribution = (folder / _CREDIT).read_text(encoding="utf-8")
    except (OSError, ValueError):  # somebody else's files
        return None

    def draw(inputs: Inputs) -> NDArray[np.uint8]:
        from models.faces.engine import Engine

        codes = inputs.get("attributes", np.empty((len(inputs["noise"]), 0), np.int32))
        columns = [np.eye(len(values))[codes[:, at]] for at, values in enumerate(faces.attributes.values())]
        return Engine(faces).draw(np.concatenate([inputs["noise"], *columns], axis=1).astype(np.float32))

    return RegisteredGenerator(
        version.name, version.number, faces.noise, faces.attributes, attribution, draw, lambda: faces
    )


def _from_keras(data: Path, model: str) -> RegisteredGenerator:
    from models.gans.draw import draw_with
    from tasks.tracking.registry import describe, find, load
    from tasks.tracking.store import connect_existing

    client = connect_existing(data)
    version = find(client, model)
    metadata: dict[str, Any] = describe(client, version)
    if not {"noise", "attributes"} <= metadata.keys():
        raise UserError(f"the model {model} does not draw pictures: choose a generator.")
    attributes: dict[str, Sequence[str]] = dict(metadata["attributes"])

    def faces() -> FaceModel:
        try:
            return FaceModel.of(load(client, version), attributes)
        except ValueError as error:
            raise UserError(f"the model {model} cannot draw in a browser: {error} Choose another model.") from None

    return RegisteredGenerator(
        version.name,
        int(version.version),
        metadata["noise"],
        attributes,
        metadata.get("attribution") or "",
        lambda inputs: draw_with(load(client, version), inputs),
        faces,
    )
