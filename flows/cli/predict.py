"""Asks a registered network for sums: `eightytwenty predict 2 2`, or `predict --file pairs.csv`. Needs no server."""

import codecs
import math
from pathlib import Path

from rich.console import Console

from eightytwenty.errors import UserError
from eightytwenty.files import write_whole
from eightytwenty.printable import for_spreadsheet, print_json, visible
from eightytwenty.progress import waiting
from schemas.parameters import PredictParameters
from tasks.adders.registered import RegisteredAdder, find_adder
from tasks.running.stages import data_folder

_BOM = codecs.BOM_UTF8  # which spreadsheets need


def predict_command(parameters: PredictParameters) -> None:
    """Prints the sum of two numbers, or writes the sums of a file and prints its path.

    Raises:
        UserError: the model does not exist or is not an adder, or the file cannot be read or written.
    """
    source, out = Path(parameters.file), Path(parameters.out)
    if parameters.file:
        from tasks.adders.predict import COLUMNS, answer_file  # what reads files takes half a second to load

        header = ",".join(COLUMNS).encode()
        _refuse_other_files(out, source, header)
        copy = out.with_stem(f"{out.stem}-for-spreadsheets")
        _refuse_other_files(copy, source, header)
    with waiting(f"load {parameters.model}"):
        adder = find_adder(data_folder(), parameters.model)
    if parameters.file:
        with waiting(f"answer {source.name}"):
            answers = answer_file(adder, source)
        content = answers.write_csv()
        write_whole(out, content.encode())
        write_whole(copy, for_spreadsheet(content).encode("utf-8-sig"))
        beyond, unanswered = answers["beyond"].sum(), answers["sum"].null_count()
        if parameters.as_json:
            counts = {"rows": answers.height, "unanswered": unanswered, "beyond_its_domain": beyond}
            print_json({"model": adder.name, "file": str(out), **counts})
            return
        lines = [visible(str(out))]
        lines += [f"  {answers.height - unanswered:,} of {answers.height:,} rows answered by {adder.name}"]
        lines += [f"  {unanswered:,} without an answer: the column reason says why"] if unanswered else []
        lines += [f"  {beyond:,} beyond its domain: {_domain(adder)}"] if beyond else []
    else:
        raw = _ask(adder, parameters)
        if parameters.as_json:
            is_beyond = bool(adder.is_beyond([parameters.pair])[0])
            answer = {"numbers": parameters.pair, "sum": round(raw), "exact": raw, "beyond_its_domain": is_beyond}
            print_json({"model": adder.name, **answer})
            return
        lines = _sum(adder, parameters, raw)
        lines += [f"  beyond its domain: {_domain(adder)}"] if adder.is_beyond([parameters.pair])[0] else []
    Console().print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)


def _ask(adder: RegisteredAdder, parameters: PredictParameters) -> float:
    raw = float(adder.predict([parameters.pair])[0])
    if math.isnan(raw):
        question = " + ".join(parameters.numbers)
        raise UserError(
            f"{adder.name} has no answer to {question}: the numbers are too large for it; give smaller ones."
        )
    return raw


def _sum(adder: RegisteredAdder, parameters: PredictParameters, raw: float) -> list[str]:
    """The lines with the network's answer, rounded, and its exact answer if that differs."""
    question = " + ".join(parameters.numbers)
    answer = str(round(raw))
    exact = f"{raw:.6f}".rstrip("0").rstrip(".")
    says = f", which says {exact}" if exact != answer else ""
    return [f"{question} = {answer}", f"  answered by {adder.name}{says}"]


def _domain(adder: RegisteredAdder) -> str:
    return f"{adder.name} learned sums to {adder.largest_sum:,}, of numbers from 0 to {adder.largest_sum // 2:,}"


def _refuse_other_files(out: Path, source: Path, header: bytes) -> None:
    if out.is_dir():
        raise UserError(f"{out} is a folder: give --out a file name, such as {out / 'sums.csv'}.")
    if out.exists() and source.exists() and out.samefile(source):
        raise UserError(f"{out} is the file with the questions: give --out another name.")
    if out.is_file():
        with out.open("rb") as stream:
            if not stream.read(len(_BOM + header)).startswith((header, _BOM + header)):
                raise UserError(f"{out} exists and was not written by this command: give --out another name.")
