"""What a run of the gan flow reports: pictures, films, curves and two pages of text."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rich import box
from rich.table import Table

from eightytwenty.files import write_whole
from eightytwenty.pages.markdown import markdown_table, plain
from models.gans.draw import draw_with
from models.gans.gan import Codes
from models.gans.images import Images
from models.gans.quality.ellipses import ellipse_test
from models.gans.quality.fidelity import attribute_fidelity
from reports.contact_sheet import contact_sheet
from reports.eighty_twenty import EightyTwenty, eighty_twenty_markdown
from reports.film import epoch_frames, film
from reports.gallery import gallery
from reports.gan_figures import distributions, fidelity_figure, training_curves
from reports.grid import grid, png, side_by_side
from reports.measures import text, title
from reports.style import save
from tasks.experiment import Cleaned
from tasks.gans.checkpoint import Checkpoint
from tasks.gans.config import GanConfig
from tasks.gans.data import TrainingSet, attribute_square, attribution_of, evaluation_inputs
from tasks.gans.measures import Measures, ellipses
from tasks.gans.train import TrainedGan

_PICTURES = 64  # drawn and real ones in samples.png
_FILM_SECONDS = 6.0
MEASURE_COLUMNS = ("measure", "generated", "real")
_COMPARED = ("fid", "coverage", "diversity", "alarms")  # of the variants of a sweep
VARIANT_COLUMNS = ("variant", *map(title, _COMPARED))
# measure -> the measure of real pictures to compare it with
_MEASURES = {
    **{name: f"real_{name}" for name in ("fid", "kid", "density", "coverage", "diversity")},
    "fidelity": "classifier_accuracy",
    **dict.fromkeys(("fidelity_share", "modes_captured", "reverse_kl", "ellipses"), ""),
    **{f"{name}_distance": "" for name in ("red", "green", "blue", "area")},
}


def draw_training(folder: Path, data: TrainingSet, measures: Measures, trained: TrainedGan, config: GanConfig) -> None:
    """Writes the pictures of a training into a folder: samples, film, contact sheet, curves, measures."""
    checkpoint, generator = trained.checkpoint, trained.generator()
    samples = np.stack(checkpoint.samples)

    def draw(noise: npt.NDArray[np.float32], codes: Codes) -> Images:
        inputs = {"noise": noise, "attributes": codes}
        return draw_with(generator, {name: inputs[name] for name in generator.input})

    noise, codes = evaluation_inputs(data, config.split)
    fake = draw(noise, codes)

    real = data.held_out_images[:_PICTURES]
    write_whole(folder / "samples.png", png(side_by_side(fake[:_PICTURES], real, trained.generator_epoch, columns=8)))
    if "attributes" in generator.input:
        square = attribute_square(data, config.split)
        drawn = draw(square.noise, square.codes)
        labelled = grid(drawn, row_labels=square.row_labels, column_labels=square.column_labels)
        write_whole(folder / "attributes.png", png(labelled))
    film(epoch_frames(samples), folder / "training.gif", folder / "training.mp4", _FILM_SECONDS)
    sheet = contact_sheet(
        samples, best=checkpoint.best_epoch or None, alarms=[alarm.epoch for alarm in checkpoint.alarms]
    )
    write_whole(folder / "contact_sheet.png", png(sheet))
    curves = training_curves(checkpoint.history, measures.floor, checkpoint.alarms, config.collapse_share)
    save(curves, folder / "training.png")

    classifier = measures.classifier()
    if classifier and "attributes" in generator.input:
        fidelity = attribute_fidelity(codes, classifier.predict(fake), classifier.held_out_accuracy)
        names = [attribute.name for attribute in data.attributes]
        recognised, of_real = (
            dict(zip(names, map(float, values), strict=True)) for values in (fidelity.recognised, fidelity.of_real)
        )
        save(fidelity_figure(recognised, of_real), folder / "fidelity.png")
    real_ellipses = ellipses(config.source, data)
    if real_ellipses:
        background, real_test = real_ellipses
        save(distributions(real_test, ellipse_test(fake, background)), folder / "distributions.png")


def write_texts(
    folder: Path,
    cleaned: Cleaned,
    measures: Measures,
    trained: TrainedGan,
    shares: EightyTwenty,
    recipe: str,
    variants: Sequence[Sequence[str]],
) -> tuple[str, str]:
    """Writes the 80/20 report, the gallery of the cleaning and the attribution.

    The lines of `variants` are those of `variant_lines`, if the training was the best of a sweep.

    Returns:
        Markdown: the measures, and the 80/20 report.
    """
    checkpoint, attribution = trained.checkpoint, attribution_of(cleaned)
    result = "\n\n".join(
        [
            f"# {plain(cleaned.raw.words)}, {recipe}, {checkpoint.epochs} epochs",
            *(f"- **{alarm}**" for alarm in checkpoint.alarms),
            markdown_table(MEASURE_COLUMNS, measure_lines(trained, measures), right=MEASURE_COLUMNS[1:]),
            *([markdown_table(VARIANT_COLUMNS, variants, right=VARIANT_COLUMNS[1:])] if variants else []),
        ]
    )
    report = f"{eighty_twenty_markdown(shares)}\n" + "\n".join(map(plain, attribution.splitlines()))
    (folder / "gan.md").write_text(f"{result}\n\n{report}", encoding="utf-8")
    raw = cleaned.raw.path
    gallery(cleaned.rows, folder / "cleaning.png", raw if raw.is_dir() else None)
    if attribution:
        (folder / "ATTRIBUTION.txt").write_text(attribution, encoding="utf-8")
    return result, report


def final_measures(trained: TrainedGan) -> dict[str, float]:
    """The measures after the epoch whose generator was saved."""
    history = trained.checkpoint.history
    return {name: series[trained.generator_epoch - 1] for name, series in history.items()}


def epoch_line(checkpoint: Checkpoint, epochs: int) -> str:
    """How the last epoch of a checkpoint ended, such as "epoch 3 of 30: coverage 95 %, FID 4.1"."""
    coverage, fid = (checkpoint.history[name][-1] for name in ("coverage", "fid"))
    return f"epoch {checkpoint.epochs:,} of {epochs:,}: coverage {text('coverage', coverage)}, FID {text('fid', fid)}"


def measure_lines(trained: TrainedGan, measures: Measures) -> list[tuple[str, str, str]]:
    """The table of the measures, with what real pictures reach: measure, generated, real."""
    values, real = final_measures(trained), {**measures.floor, **measures.accuracy}
    return [
        (title(name), text(name, values[name]), text(name, real.get(floor)))
        for name, floor in _MEASURES.items()
        if name in values
    ]


def table_rich(columns: Sequence[str], lines: Sequence[Sequence[str]]) -> Table:
    """A table for the terminal; all columns but the first are right-aligned."""
    table = Table(box=box.HORIZONTALS, pad_edge=False)
    for number, name in enumerate(columns):
        table.add_column(name, justify="right" if number else "left")
    for line in lines:
        table.add_row(*line)
    return table


def rank(trained: TrainedGan) -> tuple[bool, float]:
    """The smallest is that of the best variant of a sweep: no collapse, then the smallest FID."""
    return bool(trained.checkpoint.alarms), final_measures(trained)["fid"]


def variant_lines(variants: Mapping[str, TrainedGan]) -> list[tuple[str, ...]]:
    """The table of the variants of a sweep, by what they differ in, the best first."""
    lines = []
    for name, trained in sorted(variants.items(), key=lambda item: rank(item[1])):
        values = {**final_measures(trained), "alarms": float(len(trained.checkpoint.alarms))}
        lines.append((name, *(text(measure, values[measure]) for measure in _COMPARED)))
    return lines


def summary_metrics(trained: TrainedGan) -> dict[str, float]:
    """The measures of the saved generator, for the parent run."""
    return {**metric_names(final_measures(trained)), "training/collapse_alarms": float(len(trained.checkpoint.alarms))}


def version_text(trained: TrainedGan, data: str) -> str:
    """What distinguishes a generator, for the page of its version: its epoch, its data and how good it is."""
    values = final_measures(trained)
    measures = ", ".join(f"{title(name)} {text(name, values[name])}" for name in ("fid", "coverage"))
    return f"The generator after epoch {trained.generator_epoch}, trained on {plain(data)}: {measures}."


def metric_names(values: Mapping[str, float]) -> dict[str, float]:
    """Measures under the names by which MLflow sorts them: quality/fid, real/fid, training/generator_loss."""
    return {_metric_name(name): value for name, value in values.items()}


def _metric_name(name: str) -> str:
    if name in _MEASURES:
        return f"quality/{name}"
    is_of_real = name.startswith("real_") or name == "classifier_accuracy"
    return f"real/{name.removeprefix('real_')}" if is_of_real else f"training/{name}"
