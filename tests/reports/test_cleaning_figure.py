"""The 80/20 report and its picture say what was measured, and no more."""

import dataclasses
import math
import subprocess
import sys

import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from reports.cleaning_figure import cleaning_figure
from reports.eighty_twenty import EightyTwenty, Gain, RuleCount, StageTime, eighty_twenty_markdown
from reports.numbers import compact, percent, seconds, spread
from reports.style import KIND_COLOURS, save

RUN = EightyTwenty(
    stages=(
        StageTime("check the batch", "cleaning", 2.0),
        StageTime("clean", "cleaning", 4.0),
        StageTime("train", "modelling", 3.0),
        StageTime("report", "other", 1.0),
    ),
    fates={"clean": 900, "quarantine": 75, "duplicates": 25},
    rules=(RuleCount("wrong sum", "quarantine", 75), RuleCount("number word", "repair", 120)),
    gains=(
        Gain("accuracy", (0.3, 0.25, 0.2), (0.975, 0.975, 0.975), "share"),
        Gain("mean absolute error", (900.0, 700.0, 812.0), (0.5, 0.5, 0.5)),
    ),
    subject="8 nodes, sums to 16",
)


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def test_the_title_gives_the_measured_shares():
    sentence = "Cleaning took 60 % of 10.0 s of work, modelling 30 %"
    assert sentence in texts(cleaning_figure(RUN))
    assert eighty_twenty_markdown(RUN).startswith(f"# {sentence}\n")


def test_the_figure_shows_every_part():
    labels = set(texts(cleaning_figure(RUN)))
    assert {"cleaning 60 %", "modelling 30 %", "other 10 %"} <= labels
    assert {"cleaning and organizing 60 %", "collecting 19 %", "loading and cleansing 45 %"} <= labels
    assert {"train", "3.0 s", "120 repaired", "75 quarantined", "900 (90 %)"} <= labels
    assert {"25 % (20–30 %)", "97.5 %", "812 (700–900)", "0.5"} <= labels
    assert "8 nodes, sums to 16; median (range) of 3 seeds" in labels


def test_a_share_too_small_for_its_label_has_it_above_the_bar():
    stages = (StageTime("clean", "cleaning", 0.1), StageTime("train", "modelling", 9.8), StageTime("x", "other", 0.1))
    figure = cleaning_figure(dataclasses.replace(RUN, stages=stages))
    labels = {text.get_text(): text for text in figure.axes[0].texts}
    assert labels["modelling 98 %"].get_position()[1] == 0  # in its bar
    assert labels["cleaning 1 %"].get_position()[1] == labels["other 1 %"].get_position()[1] < 0
    assert labels["cleaning 1 %"].get_position()[0] == 0
    assert labels["other 1 %"].get_position()[0] < 0.95  # all of it is on the page


def test_one_seed_is_called_one():
    run = dataclasses.replace(RUN, gains=(Gain("coverage", (0.5,), (0.75,), "share"),))
    assert "8 nodes, sums to 16; one seed, so a small difference may be chance." in eighty_twenty_markdown(run)
    assert "| coverage | 50 % | 75 % |" in eighty_twenty_markdown(run)


def test_the_bars_of_shares_are_as_long_as_the_shares():
    axes = cleaning_figure(RUN).axes[0]
    bars = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    assert [bar.get_width() for bar in bars[:3]] == pytest.approx([0.6, 0.3, 0.1])
    assert [bar.get_x() for bar in bars[:3]] == pytest.approx([0.0, 0.6, 0.9])
    assert to_hex(bars[0].get_facecolor()) == KIND_COLOURS["cleaning"]
    assert sum(bar.get_width() for bar in bars) == pytest.approx(3.0)


def test_the_report_lists_everything_that_was_measured():
    report = eighty_twenty_markdown(RUN)
    for line in (
        "| clean | cleaning | 4.0 s | 40 % |",
        "| quarantine | 75 | 7.5 % |",
        "| number word | repair | 120 |",
        "| accuracy | 25 % (20–30 %) | 97.5 % |",
    ):
        assert line in report
    assert "1,000 raw rows" in report
    assert report.index("number word") < report.index("wrong sum"), "most rows first"
    assert report.index("CrowdFlower 2016") < report.index("Anaconda 2020")
    assert "working time" in report


def test_what_was_not_measured_is_not_claimed():
    run = dataclasses.replace(RUN, gains=(), rules=())
    assert "bought" not in eighty_twenty_markdown(run)
    assert "No rule fired." in eighty_twenty_markdown(run)
    assert {"not measured", "none"} <= set(texts(cleaning_figure(run)))


def test_a_run_without_anything_is_drawn_too(tmp_path):
    save(cleaning_figure(EightyTwenty((), {}, ())), tmp_path / "empty.png")
    assert "0 raw rows" in eighty_twenty_markdown(EightyTwenty((), {}, ()))


def test_a_small_share_is_not_rounded_away():
    run = dataclasses.replace(
        RUN, stages=(StageTime("clean", "cleaning", 0.01), StageTime("train", "modelling", 500.0))
    )
    assert run.sentence == "Cleaning took < 0.1 % of 500 s of work, modelling > 99.9 %"


def test_many_rules_with_long_names_stay_on_the_page():
    name = "a rule whose name is a whole sentence and then some more"
    rules = tuple(RuleCount(f"{name} {n}", "repair", n) for n in range(30))
    figure = cleaning_figure(dataclasses.replace(RUN, rules=rules))
    assert "Rows by rule, the top 24 of 30" in texts(figure)
    assert sum(text.startswith("a rule") for text in texts(figure)) == 24
    assert not any(name in text for text in texts(figure))
    assert eighty_twenty_markdown(dataclasses.replace(RUN, rules=rules)).count(name) == 30


def test_a_rule_cannot_break_the_table():
    run = dataclasses.replace(RUN, rules=(RuleCount("a | b\nc", "repair", 1),))
    assert r"| a \| b\\nc | repair | 1 |" in eighty_twenty_markdown(run)


def test_a_rule_with_currency_signs_is_no_formula(tmp_path):
    name = r"strip $ and \frac$"
    figure = cleaning_figure(dataclasses.replace(RUN, rules=(RuleCount(name, "repair", 1),), subject=name))
    save(figure, tmp_path / "run.png")
    assert sum(text.startswith(name) for text in texts(figure)) == 2


def test_the_same_run_gives_the_same_bytes(tmp_path):
    for name in ("first.png", "second.png"):
        save(cleaning_figure(RUN), tmp_path / name)
    assert (tmp_path / "first.png").read_bytes() == (tmp_path / "second.png").read_bytes()


def test_tables_and_reports_do_not_load_matplotlib():
    code = "import sys, reports.results, reports.eighty_twenty; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.01234, "0.0123"),
        (-12.34, "−12.3"),
        (999.6, "1,000"),
        (3746.2, "3,746"),
        (1.25e9, "1.25e9"),
        (-2e-7, "−2e−7"),
        (math.nan, "NaN"),
        (-math.inf, "−∞"),
    ],
)
def test_numbers_are_short(value, text):
    assert compact(value) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0 %"), (1e-9, "< 0.1 %"), (0.473, "47.3 %"), (0.9999, "> 99.9 %"), (1.0, "100 %"), (math.nan, "NaN")],
)
def test_a_share_is_all_or_nothing_only_if_it_is(share, text):
    assert percent(share) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0 s"), (0.001, "< 0.01 s"), (0.01, "0.01 s"), (4.25, "4.2 s"), (512.4, "512 s")]
)
def test_seconds_keep_what_tells_something(value, text):
    assert seconds(value) == text


def test_a_spread_leaves_out_what_is_no_number():
    assert spread([3.0, math.nan, 1.0, 2.0]) == (1.0, 2.0, 3.0)
    assert all(map(math.isnan, spread([math.nan])))
