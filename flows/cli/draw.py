"""Draws with a registered model: `eightytwenty draw --hair bun --n 16`. Needs no server."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from eightytwenty.errors import UserError
from eightytwenty.files import explain_write_errors, write_whole
from eightytwenty.printable import print_json, visible
from eightytwenty.progress import waiting
from reports.grid import grid, png
from schemas.parameters import DrawParameters
from tasks.gans.registered import RegisteredGenerator, find_generator
from tasks.running.stages import data_folder

_PNG = b"\x89PNG\r\n\x1a\n"

Attributes = Mapping[str, Sequence[str]]  # name -> names of its values


def draw_command(parameters: DrawParameters) -> None:
    """Writes a grid of drawn pictures and prints its path, or prints the attributes that the model takes.

    Raises:
        UserError: the model, an attribute or a value does not exist, or the file cannot be written or is not a picture.
    """
    console = Console()
    out = Path(parameters.out)
    if not parameters.only_list:
        _refuse_other_files(out)
    with waiting(f"load {parameters.model}"):
        generator = find_generator(data_folder(), parameters.model)
    name = f"{generator.name}/{generator.number}"
    if parameters.only_list:
        if parameters.as_json:
            attributes = {name: list(values) for name, values in generator.attributes.items()}
            print_json({"model": name, "attributes": attributes})
            return
        lines = [visible(f"{_option(name)}: {', '.join(values)}") for name, values in generator.attributes.items()]
        message = "\n".join(lines) or f"{parameters.model} draws without attributes"
        console.print(message, markup=False, highlight=False, soft_wrap=True)
        return

    with waiting("draw"):
        if parameters.link:
            pictures = _of_link(parameters.link, generator, parameters.model)
        else:
            codes = codes_of(parameters.attributes, generator.attributes, parameters.model)
            inputs = draw_inputs(parameters.n, parameters.seed, generator.noise, generator.attributes, codes)
            pictures = generator.draw(inputs)
        write_whole(out, png(grid(pictures)))
    if parameters.as_json:
        print_json(
            {"model": name, "file": str(out), "pictures": len(pictures), "attribution": generator.attribution or None}
        )
        return
    console.print(visible(str(out)), markup=False, highlight=False, soft_wrap=True)
    if generator.attribution:
        credit = "\n".join(map(visible, generator.attribution.splitlines()))
        console.print(credit, markup=False, highlight=False, soft_wrap=True)


def _of_link(link: str, generator: RegisteredGenerator, model: str) -> NDArray[np.uint8]:
    """The faces of a page's link.

    Returns:
        (16, s, s, 3) RGB.

    Raises:
        UserError: the link was made with another model, or is odd.
    """
    from models.faces.engine import Engine
    from models.faces.state import State, inputs_of

    faces = generator.faces()
    state, remarks = State.of_link(link, faces)
    if remarks:
        raise UserError(f"--link: {remarks[0]} Give the link of a page of {model}.")
    return Engine(faces).draw(inputs_of(state, faces))


def codes_of(values: Mapping[str, str], attributes: Attributes, model: str) -> dict[str, int]:
    """Turns names of values into the model's codes.

    Args:
        values: name of an attribute -> name of its value.
        attributes: those that the model takes.
        model: its name, for the error messages.

    Returns:
        name of the attribute -> code of the value.

    Raises:
        UserError: the model has no such attribute or value; the message says which it has.
    """
    for name, value in values.items():
        if not attributes:
            raise UserError(f"{_option(name)}: the model {model} draws without attributes: leave it out.")
        if name not in attributes:
            options = ", ".join(map(_option, attributes))
            raise UserError(f"the model {model} has no attribute {_option(name)}: choose from {options}.")
        if value not in attributes[name]:
            raise UserError(f"{_option(name)} {value}: choose one of {', '.join(attributes[name])}.")
    return {name: list(attributes[name]).index(value) for name, value in values.items()}


def draw_inputs(
    n: int, seed: int, noise: int, attributes: Attributes, fixed_codes: Mapping[str, int]
) -> dict[str, NDArray[np.float32] | NDArray[np.int32]]:
    """Draws the inputs of a generator; fixing one attribute does not change the noise or the other attributes.

    Args:
        n: number of pictures.
        seed: of all that is drawn.
        noise: dimensions of the noise.
        attributes: those that the model takes.
        fixed_codes: attributes that are not drawn: name -> code for all pictures.

    Returns:
        "noise", float32 (n, noise), standard normal, and, if there are attributes, "attributes", int32 (n, k).
    """
    rng = np.random.default_rng(seed)
    inputs: dict[str, NDArray[np.float32] | NDArray[np.int32]] = {
        "noise": rng.standard_normal((n, noise), dtype=np.float32)
    }
    if attributes:
        counts = [len(values) for values in attributes.values()]
        codes = rng.integers(0, counts, (n, len(counts)), dtype=np.int32)
        for name, code in fixed_codes.items():
            codes[:, list(attributes).index(name)] = code
        inputs["attributes"] = codes
    return inputs


def _refuse_other_files(out: Path) -> None:
    with explain_write_errors(out):  # a name that is too long fails as soon as the file is looked up
        if out.is_dir():
            raise UserError(f"{out} is a folder: give --out a file name, such as {out / 'drawn.png'}.")
        if out.is_file():
            with out.open("rb") as stream:
                if stream.read(len(_PNG)) != _PNG:
                    raise UserError(f"{out} exists and is not a PNG picture: give --out another name.")


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
