"""The figures of the adding networks show what the networks do."""

import math
from dataclasses import replace
from io import StringIO

import numpy as np
import pytest
from matplotlib.collections import LineCollection, QuadMesh
from matplotlib.figure import Figure
from matplotlib.text import Text
from rich.console import Console

from eightytwenty.errors import UserError
from models.adders.network import Adder, Score
from reports.adder_figures import error_along_sum, validation_curves
from reports.error_surface import error_surface
from reports.network_drawing import network_drawing
from reports.networks_figure import networks_figure
from reports.results import CellResult, results_markdown, results_rich
from reports.results_figure import results_figure
from reports.style import apart, ordered_colours, save


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def adder(hidden_units=2, largest_sum=256, seed=0, val_loss=(), best_epoch=0, **other) -> Adder:
    draw = np.random.default_rng(seed + hidden_units)
    return Adder(
        protocol="article",
        largest_sum=largest_sum,
        hidden_units=hidden_units,
        seed=seed,
        input_weights=other.pop("input_weights", draw.normal(0, 0.05, (2, hidden_units))),
        output_weights=other.pop("output_weights", draw.normal(0, 60, hidden_units)),
        history={"val_loss": np.array(val_loss, dtype=float)} if len(val_loss) else {},
        best_epoch=best_epoch,
        **other,
    )


def exact(largest_sum=256) -> Adder:
    """One node with bias in the sigmoid's linear part: f(a, b) is a + b to many digits."""
    weight = 1e-4
    return Adder(
        protocol="solved",
        largest_sum=largest_sum,
        hidden_units=1,
        seed=0,
        input_weights=np.full((2, 1), weight),
        output_weights=np.array([4 / weight]),
        output_bias=-2 / weight,
        scale=float(largest_sum),
    )


def off_by(error: float) -> Adder:
    network = exact()
    return replace(network, output_bias=network.output_bias + error / network.scale)


def cell(protocol="article", largest_sum=16, hidden_units=2, accuracies=(0.5,), errors=(1.0,), beyond=()) -> CellResult:
    scores = tuple(Score(a, e, e * e, 100) for a, e in zip(accuracies, errors, strict=True))
    return CellResult(protocol, largest_sum, hidden_units, scores, tuple(Score(a, 0.0, 0.0, 9) for a in beyond))


def rendered(results) -> str:
    console = Console(width=80, file=StringIO(), color_system=None)
    console.print(results_rich(results))
    return console.file.getvalue()


# --- the table of results


def test_the_table_shows_median_and_range_over_seeds():
    labels = texts(results_figure([cell(accuracies=(0.2, 0.4, 0.9), errors=(3.0, 1.0, 2.0), beyond=(0.25,))]))
    assert any("Small: the range." in label for label in labels)
    assert {"40 %", "20–90 %", "error 2", "1–3", "beyond range 25 %", "2 nodes", "article protocol"} <= set(labels)


def test_one_seed_has_no_range():
    results = [cell(accuracies=(0.4,), errors=(2.0,))]
    assert not [text for text in texts(results_figure(results)) if "–" in text]
    assert not [text for text in texts(results_figure(results)) if "Small:" in text]
    assert "One seed." in results_markdown(results)


def test_the_articles_number_appears_only_where_it_is_known():
    cells = [
        cell(largest_sum=65536, hidden_units=16),
        cell(largest_sum=65536, hidden_units=8),
        cell("solved", 65536, 16),
    ]
    results = [replace(each, predictions=(3493.0,)) for each in cells]
    assert texts(results_figure(results)).count("the article's 3,746") == 1
    assert results_markdown(results).count("3,746") == 1
    assert rendered(results).count("3,746") == 1


def test_a_missing_cell_is_named_and_nan_is_not_hidden():
    results = [cell(hidden_units=2, accuracies=(math.nan,), errors=(math.nan,)), cell(largest_sum=256, hidden_units=4)]
    labels = texts(results_figure(results))
    assert labels.count("not run") == 2
    assert "NaN" in labels


def test_no_results_is_an_error():
    with pytest.raises(ValueError, match="at least one cell"):
        results_figure([])


def test_markdown_has_a_line_per_cell_with_equal_columns():
    lines = results_markdown([cell(), cell("solved", 256, 16, (1.0, 0.5), (0.0, 4.0))]).splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert len(table) == 4
    assert len({line.count("|") for line in table}) == 1
    assert "75 % (50–100 %)" in table[-1]


def test_the_terminal_table_fits_eighty_columns():
    results = [cell(hidden_units=n, accuracies=(0.1, 0.9), errors=(32380.0, 32542.0)) for n in (1, 2, 4, 8, 16)]
    labels = rendered(results)
    assert labels.count("32,380–32,542") == 5
    assert "…" not in labels


# --- the curves


def test_curves_show_the_history_on_a_logarithmic_axis():
    losses = [[9.0, 4.0, 1.0, 2.0], [8.0, 3.0, 5.0]]
    adders = [adder(largest_sum=16, seed=s, val_loss=loss, best_epoch=1 + s) for s, loss in enumerate(losses)]
    figure = validation_curves([*adders, adder(4, 256, val_loss=[7.0, 6.0], best_epoch=1)])
    first, second = figure.axes
    assert first.get_yscale() == second.get_yscale() == "log"
    assert [axes.get_title("left") for axes in figure.axes] == ["sums to 16", "sums to 256"]
    lines = next(c for c in first.collections if isinstance(c, LineCollection)).get_segments()
    assert [line[:, 1].tolist() for line in lines] == losses
    assert lines[0][:, 0].tolist() == [1, 2, 3, 4]


def test_the_dot_marks_the_kept_epoch():
    figure = validation_curves([adder(val_loss=[9.0, 4.0, 1.0, 2.0], best_epoch=2)])
    dots = next(line for line in figure.axes[0].lines if line.get_marker() == "o")
    assert dots.get_xydata().tolist() == [[3.0, 1.0]]


def test_ticks_of_large_losses_share_one_factor():
    figure = validation_curves([adder(val_loss=[1.236e9, 1.235e9], best_epoch=1)])
    (axes,) = figure.axes
    figure.canvas.draw()
    assert axes.get_title("right") == r"$\times 10^{9}$"
    assert all(label.get_text().startswith("1.23") for label in axes.get_yticklabels())


def test_networks_without_history_have_no_curves():
    with pytest.raises(ValueError, match="validation loss"):
        validation_curves([exact()])


def test_losses_that_are_not_finite_leave_a_gap_and_a_word():
    figure = validation_curves([adder(val_loss=[math.nan, math.inf, 0.0], best_epoch=0)])
    assert "no finite loss" in texts(figure)


# --- the surface


def test_the_map_holds_the_absolute_error_beyond_the_trained_range():
    network = adder(4, 256)
    figure = error_surface(network)
    mesh = next(c for axes in figure.axes for c in axes.collections if isinstance(c, QuadMesh))
    error = mesh.get_array()
    assert max(error.shape) <= 65
    assert error[0, 0] == pytest.approx(abs(network.predict([(0, 0)])[0]))
    assert error[-1, -1] == pytest.approx(abs(network.predict([(160, 160)])[0] - 320))


def test_an_exact_network_is_called_right_everywhere():
    assert any("At all points shown" in text for text in texts(error_surface(exact())))
    assert any("At no point shown" in text for text in texts(error_surface(adder(output_weights=np.full(2, -1e4)))))


def test_predictions_that_are_not_finite_are_mentioned():
    assert "None of the predictions is finite." in texts(error_surface(adder(output_weights=np.full(2, np.nan))))


# --- the network


def test_the_drawing_shows_weights_activations_and_the_prediction():
    network = adder(
        input_weights=np.array([[0.25, -0.5], [1.5, 0.125]]), output_weights=np.array([7.0, -2.5]), output_bias=0.75
    )
    labels = texts(network_drawing(network, (2, 3)))
    assert {"0.25", "−0.5", "1.5", "0.125", "7", "−2.5", "0.75", "bias"} <= set(labels)
    prediction = network.predict([(2, 3)])[0]
    assert f"{network.hidden([(2, 3)])[0, 1]:.2f}" in labels
    assert f"2 + 3 = {round(prediction)}, says the network with 2 nodes" in labels
    assert any(text.endswith("wrong") for text in labels)


def test_a_scaled_network_that_adds_is_right():
    labels = texts(network_drawing(exact()))
    assert any(text == "rounded 4:\nright" for text in labels)
    assert any("divided by 256" in text for text in labels)


def test_weights_that_are_not_finite_are_drawn_as_such():
    labels = texts(network_drawing(adder(4, input_weights=np.full((2, 4), np.nan))))
    assert labels.count("NaN") >= 8


def test_networks_stand_side_by_side_each_with_its_map_and_its_weights():
    figure = networks_figure([exact(), adder(2, output_weights=np.full(2, np.nan)), adder(16)])
    labels = texts(figure)
    assert {"1 node, seed 0", "2 nodes, seed 0", "16 nodes, seed 0", "no finite prediction"} <= set(labels)
    assert sum(label.startswith("error: median") for label in labels) == 2
    assert len(figure.findobj(QuadMesh)) == 2
    edges = [lines.get_segments() for lines in figure.findobj(LineCollection) if lines.get_alpha() == 0.6]
    assert [len(segments) for segments in edges] == [2, 1, 4, 2, 32, 16]
    assert any(label.startswith("bias") for label in labels)


# --- along one sum


def test_the_error_is_signed_and_dashed_beyond_the_trained_range():
    network = adder(4, 128)
    axes = error_along_sum([network], total=100).axes[0]
    inside, beyond = axes.lines[:2]
    a = np.arange(101)
    expected = network.predict(np.column_stack([a, 100 - a])) - 100
    trained = (a >= 36) & (a <= 64)
    assert np.allclose(inside.get_ydata()[trained], expected[trained])
    assert np.isnan(inside.get_ydata()[~trained]).all()
    assert np.allclose(beyond.get_ydata()[~trained], expected[~trained])
    assert inside.get_linestyle() == "-" != beyond.get_linestyle()


@pytest.mark.parametrize(
    ("network", "scale"),
    [
        (off_by(1.0), "linear"),
        (off_by(0.001), "asinh"),
        (adder(output_weights=np.full(2, 1e4)), "asinh"),
    ],
)
def test_errors_much_larger_or_smaller_than_the_band_get_a_compressed_axis(network, scale):
    axes = error_along_sum([network]).axes[0]
    assert axes.get_yscale() == scale
    assert ("logarithmic" in axes.get_ylabel()) == (scale == "asinh")


def test_a_small_error_stands_apart_from_zero():
    axes = error_along_sum([off_by(0.001)]).axes[0]
    to_axes = axes.transData + axes.transAxes.inverted()
    zero, error = (to_axes.transform((60, value))[1] for value in (0.0, axes.lines[0].get_ydata()[60]))
    assert abs(error - zero) > 0.05


@pytest.mark.parametrize("adders", [[], [adder(largest_sum=16), adder(largest_sum=256)]])
def test_one_figure_is_about_one_largest_sum(adders):
    with pytest.raises(ValueError, match="share one largest sum"):
        error_along_sum(adders)


# --- style


@pytest.mark.parametrize("places", [[0.5, 0.51, 0.1, 0.99], [0.0, 0.0, 0.01], [1.0, 1.0, 0.99], [0.5] * 11])
def test_labels_are_moved_apart_and_keep_their_order(places):
    moved = apart(places, 0.1)
    assert np.argsort(moved).tolist() == np.argsort(places, kind="stable").tolist()
    assert min(np.diff(sorted(moved))) >= 0.1 - 1e-9
    assert min(moved) >= -1e-9
    assert max(moved) <= 1 + 1e-9


def test_each_number_of_nodes_has_its_own_colour():
    assert len(set(ordered_colours([1, 2, 4, 8, 16, 16]).values())) == 5


@pytest.mark.parametrize(
    "draw",
    [
        lambda: results_figure([cell()]),
        lambda: validation_curves([adder(val_loss=[2.0, 1.0], best_epoch=1)]),
        lambda: error_surface(adder()),
        lambda: network_drawing(adder(16)),
        lambda: networks_figure([adder(1), adder(16)]),
        lambda: error_along_sum([adder(), adder(4)]),
    ],
    ids=[
        "results_figure",
        "validation_curves",
        "error_surface",
        "network_drawing",
        "networks_figure",
        "error_along_sum",
    ],
)
def test_the_same_data_gives_the_same_bytes(tmp_path, draw):
    for name in ("first.png", "second.png"):
        save(draw(), tmp_path / name)
    first, second = ((tmp_path / name).read_bytes() for name in ("first.png", "second.png"))
    assert first == second
    assert first.startswith(b"\x89PNG")
    assert b"tIME" not in first
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first.png", "second.png"]


def test_a_figure_that_cannot_be_written_leaves_nothing(tmp_path):
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(UserError, match="there is a folder of that name"):
        save(results_figure([cell()]), tmp_path / "folder.png")
    assert [path.name for path in tmp_path.iterdir()] == ["folder.png"]
