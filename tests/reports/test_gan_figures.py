"""The figures of a GAN show what was measured."""

import math

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch
from matplotlib.text import Text

from models.gans.quality.collapse import Alarm
from models.gans.quality.ellipses import EllipseTest
from reports.gan_figures import distributions, fidelity_figure, training_curves
from reports.style import save

HISTORY = {
    "generator_loss": [0.9, 0.8, 0.7],
    "discriminator_loss": [1.1, 1.2, 1.25],
    "fid": [300.0, math.nan, 20.0],
    "coverage": [0.1, 0.9, 0.2],
    "diversity": [0.5, 0.9, 0.8],
    "fidelity": [0.3, 0.6, 0.95],
    "seconds": [1.0, 1.0, 1.0],
}
REAL = {"real_fid": 2.5, "real_coverage": 0.96, "real_diversity": 1.0}
ALARM = Alarm("coverage", 0.2, 0.48, 3)


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def panel(figure: Figure, title: str):
    return next(axes for axes in figure.axes if axes.get_title("left") == title)


def ellipses(count: int, red: float) -> EllipseTest:
    ones = np.ones(count, dtype=np.float32)
    colour = np.stack([red * ones, 10 * ones, 20 * ones], axis=1)
    return EllipseTest(ones > 0, ones.astype(np.int32), ones, ones, 0.1 * ones, ones, colour)


def test_each_measure_has_its_panel_and_its_values() -> None:
    figure = training_curves(HISTORY, REAL, [ALARM])
    titles = [axes.get_title("left") for axes in figure.axes]
    assert titles == ["Losses", "FID, logarithmic", "Coverage", "Diversity", "Attributes"]
    losses = [line.get_ydata().tolist() for line in panel(figure, "Losses").lines]
    assert losses == [HISTORY["discriminator_loss"], HISTORY["generator_loss"]]
    assert panel(figure, "FID, logarithmic").lines[0].get_xydata().tolist() == [[1, 300], [3, 20]]  # NaN: not measured
    assert panel(figure, "FID, logarithmic").get_yscale() == "log"
    assert {"generator 0.7", "FID 20", "coverage 0.2", "real 2.5", "as requested 0.95"} <= set(texts(figure))


def test_floor_limit_and_alarm_stand_in_the_panel_of_their_measure() -> None:
    figure = training_curves(HISTORY, REAL, [ALARM], share=0.5)
    levels = {
        title: [float(line.get_ydata()[0]) for line in panel(figure, title).lines[1:] if line.get_marker() != "^"]
        for title in ("FID, logarithmic", "Coverage", "Diversity")
    }
    assert levels == {"FID, logarithmic": [2.5], "Coverage": [0.96, 0.48], "Diversity": [1.0, 0.5]}
    marks = {
        axes.get_title("left"): line.get_xydata().tolist()
        for axes in figure.axes
        for line in axes.lines
        if line.get_marker() == "^" and len(line.get_xydata())
    }
    assert marks == {"Coverage": [[3.0, 0.2]]}
    assert any("once the limit was reached or the first epochs are over. 1 alarm." in text for text in texts(figure))
    assert any("No alarm." in text for text in texts(training_curves(HISTORY, REAL)))


def test_labels_stand_where_the_lines_end() -> None:
    figure = training_curves({"generator_loss": [4.0, 3.0, 0.0, 1.0], "fid": [100.0, 10.0]}, {})
    for title in ("Losses", "FID, logarithmic"):
        axes = panel(figure, title)
        (label,) = axes.texts
        end = float((axes.transData + axes.transAxes.inverted()).transform((1, axes.lines[0].get_ydata()[-1]))[1])
        assert label.get_position()[1] == pytest.approx(end, abs=0.02)


def test_a_young_or_bare_history_is_drawn_and_an_empty_one_is_an_error() -> None:
    assert len(training_curves({"coverage": [0.5]}, {}).axes) == 1
    assert len(training_curves({"coverage": [math.nan], "fid": [math.nan]}, REAL).axes) == 2
    with pytest.raises(ValueError, match="no loss and no measure"):
        training_curves({"seconds": [1.0]}, {})


def test_fidelity_is_a_bar_with_the_classifiers_accuracy_as_mark() -> None:
    figure = fidelity_figure({"hair": 0.75, "hair_colour": 0.5}, {"hair": 0.98, "hair_colour": 1.0, "skin": 0.1})
    (axes,) = figure.axes
    assert [bar.get_width() for bar in axes.patches] == [0.75, 0.5]
    assert [line.get_xdata()[0] for line in axes.lines] == [0.98, 1.0]
    assert {"hair colour", "75 %", "50 %"} <= set(texts(figure))
    assert any("62.5 %" in text and "99 %" in text for text in texts(figure))
    with pytest.raises(ValueError, match="no attributes"):
        fidelity_figure({}, {})


def test_histograms_are_shares_of_the_pictures() -> None:
    figure = distributions(ellipses(30, 200), ellipses(10, 40))
    assert [axes.get_title("left") for axes in figure.axes] == ["Red", "Green", "Blue", "Area"]
    real, generated = (patch.get_data() for patch in panel(figure, "Red").patches if isinstance(patch, StepPatch))
    assert real.values.sum() == generated.values.sum() == 1
    assert real.edges[real.values.argmax()] <= 200 < real.edges[real.values.argmax() + 1]
    assert generated.edges[generated.values.argmax()] <= 40 < generated.edges[generated.values.argmax() + 1]


@pytest.mark.parametrize(
    "draw",
    [
        lambda: training_curves(HISTORY, REAL, [ALARM]),
        lambda: fidelity_figure({r"$\no formula\n$": 0.75}, {r"$\no formula\n$": 0.98}),
        lambda: distributions(ellipses(30, 200), ellipses(10, 40)),
    ],
    ids=["training_curves", "fidelity_figure", "distributions"],
)
def test_the_same_data_gives_the_same_file(tmp_path, draw) -> None:
    for name in ("first.png", "second.png"):
        save(draw(), tmp_path / name)
    assert (tmp_path / "first.png").read_bytes() == (tmp_path / "second.png").read_bytes()
