"""Asks a registered network for sums: `eightytwenty predict 2 2`, or `predict --file pairs.csv`. Needs no server."""

import codecs
import math
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from eightytwenty.errors import UserError
from eightytwenty.files import write_whole
from eightytwenty.printable import for_spreadsheet, visible
from schemas.parameters import PredictParameters
from tasks.adders.predict import COLUMNS, answer_file, is_beyond, predict
from tasks.adders.register import largest_sum_of
from tasks.running.stages import data_folder
from tasks.tracking.registry import describe, find, load
from tasks.tracking.store import connect_existing

if TYPE_CHECKING:
    import keras

_HEADER = ",".join(COLUMNS).encode()
_BOM = codecs.BOM_UTF8  # which spreadsheets need


def predict_command(parameters: PredictParameters) -> None:
    """Prints the sum of two numbers, or writes the sums of a file and prints its path.

    Raises:
        UserError: the model does not exist or is not an adder, or the file cannot be read or written.
    """
    source, out = Path(parameters.file), Path(parameters.out)
    if parameters.file:
        _refuse_other_files(out, source)
        copy = out.with_stem(f"{out.stem}-for-spreadsheets")
        _refuse_other_files(copy, source)
    client = connect_existing(data_folder())
    version = find(client, parameters.model)
    name = f"{version.name}/{version.version}"
    largest_sum = largest_sum_of(describe(client, version), parameters.model)
    model = load(client, version)
    if parameters.file:
        answers = answer_file(model, largest_sum, source)
        content = answers.write_csv()
        write_whole(out, content.encode())
        write_whole(copy, for_spreadsheet(content).encode("utf-8-sig"))
        beyond, unanswered = answers["beyond"].sum(), answers["sum"].null_count()
        lines = [visible(str(out)), f"  {answers.height - unanswered:,} of {answers.height:,} rows answered by {name}"]
        lines += [f"  {unanswered:,} without an answer: the column reason says why"] if unanswered else []
        lines += [f"  {beyond:,} beyond its domain: {_domain(name, largest_sum)}"] if beyond else []
    else:
        lines = _sum(model, parameters, name)
        lines += (
            [f"  beyond its domain: {_domain(name, largest_sum)}"]
            if is_beyond([parameters.pair], largest_sum)[0]
            else []
        )
    Console().print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)


def _sum(model: "keras.Model", parameters: PredictParameters, name: str) -> list[str]:
    """The lines with the network's answer, rounded, and its exact answer if that differs."""
    question = " + ".join(parameters.numbers)
    raw = float(predict(model, [parameters.pair])[0])
    if math.isnan(raw):
        raise UserError(f"{name} has no answer to {question}: the numbers are too large for it.")
    answer = str(round(raw))
    exact = f"{raw:.6f}".rstrip("0").rstrip(".")
    return [f"{question} = {answer}", f"  answered by {name}" + (f", which says {exact}" if exact != answer else "")]


def _domain(name: str, largest_sum: int) -> str:
    return f"{name} learned sums to {largest_sum:,}, of numbers from 0 to {largest_sum // 2:,}"


def _refuse_other_files(out: Path, source: Path) -> None:
    if out.is_dir():
        raise UserError(f"{out} is a folder: give --out a file name, such as {out / 'sums.csv'}.")
    if out.exists() and source.exists() and out.samefile(source):
        raise UserError(f"{out} is the file with the questions: give --out another name.")
    if out.is_file():
        with out.open("rb") as stream:
            if not stream.read(len(_BOM + _HEADER)).startswith((_HEADER, _BOM + _HEADER)):
                raise UserError(f"{out} exists and was not written by this command: give --out another name.")
