"""Writes the faces page of a registered model: `eightytwenty faces --out faces.html`. Needs no server."""

from pathlib import Path

from rich.console import Console

from eightytwenty.errors import UserError
from eightytwenty.files import explain_write_errors, write_whole
from eightytwenty.printable import print_json, visible
from eightytwenty.progress import waiting
from schemas.parameters import FacesParameters
from tasks.gans.registered import find_generator
from tasks.running.stages import data_folder

_START = b"<!doctype html>"


def faces_command(parameters: FacesParameters) -> None:
    """Writes the page and prints where it is.

    Raises:
        UserError: the model does not exist or cannot draw in a browser, or the file cannot be written or is no page.
    """
    out = Path(parameters.out)
    _refuse_other_files(out)
    with waiting(f"load {parameters.model}"):
        generator = find_generator(data_folder(), parameters.model)
        write_whole(out, generator.page.encode())
    if parameters.as_json:
        print_json({"model": f"{generator.name}/{generator.number}", "file": str(out)})
        return
    console = Console()
    lines = [
        str(out),
        f"  {generator.name}, version {generator.number}; open it in a browser: {out.resolve().as_uri()}",
    ]
    console.print("\n".join(map(visible, lines)), markup=False, highlight=False, soft_wrap=True)


def _refuse_other_files(out: Path) -> None:
    with explain_write_errors(out):
        if out.is_dir():
            raise UserError(f"{out} is a folder: give --out a file name, such as {out / 'faces.html'}.")
        if out.is_file():
            with out.open("rb") as stream:
                if stream.read(len(_START)).lower() != _START:
                    raise UserError(f"{out} exists and is not an HTML page: give --out another name.")
