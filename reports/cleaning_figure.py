"""The 80/20 picture of a run, on one page."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.eighty_twenty import KINDS, SURVEY_NOTE, SURVEYS, EightyTwenty, Gain, RuleCount, ranked
from reports.numbers import percent, seconds
from reports.style import (
    ACTION_COLOURS,
    BLUE,
    FATE_COLOURS,
    HAIRLINE,
    INK,
    KIND_COLOURS,
    PAPER,
    SKY,
    SMALL,
    SOFT,
    TEXT,
    add_axes,
    new_figure,
)

_WIDTH, _LEFT, _RIGHT = 10.8, 0.3, 0.3  # inches, like all positions and sizes below
_ROW = 0.27  # from one bar to the next
_GAP = 0.75  # between two bands, with the headings of the lower one
_SHARES, _SHARES_WIDTH = 1.35, 8.6  # height and width of the three bars of shares
_MOST_RULES = 12  # more would be too many for a page; the report lists them all
_ACTION_WORDS = {"repair": "repaired", "quarantine": "quarantined", "deduplicate": "duplicates"}
_CHARACTER = 0.068  # mean width of a character of the small size

Bar = tuple[str, float, str, str]  # name, value, text beside the bar, colour


def cleaning_figure(data: EightyTwenty) -> Figure:
    """Draw where the time and the rows of a run went, and what cleaning bought.

    Args:
        data: The measured numbers.

    Returns:
        The figure, one page.
    """
    stages = [(stage.title, stage.seconds, seconds(stage.seconds), KIND_COLOURS[stage.kind]) for stage in data.stages]
    rules = [_rule_bar(rule) for rule in ranked(data.rules)[:_MOST_RULES]]
    fates = [_fate_bar(fate, rows, data.rows, FATE_COLOURS.get(fate, SKY)) for fate, rows in data.fates.items()]

    middle = _ROW * max(len(stages), len(rules), 1)
    lower = max(_ROW * max(len(fates), 3), 0.4 + 0.52 * len(data.gains))
    height = 0.95 + _SHARES + _GAP + middle + _GAP + lower + 0.35
    figure = new_figure(_WIDTH, height, data.sentence, SURVEY_NOTE)

    top = height - 0.95
    _shares(add_axes(figure, _WIDTH - _RIGHT - _SHARES_WIDTH, top - _SHARES, _SHARES_WIDTH, _SHARES), data)
    top -= _SHARES + _GAP
    _bars(figure, (_LEFT, top), "Seconds by stage", stages, names=1.25, width=2.3)
    _bars(figure, (5.3, top), _rules_title(data.rules), rules, names=2.6, width=1.35)
    top -= middle + _GAP
    _bars(figure, (_LEFT, top), f"Where the {data.rows:,} raw rows went", fates, names=1.25, width=2.3)
    _gains(figure, (5.3, top), data.gains, data.subject)
    return figure


def _shares(axes: Axes, data: EightyTwenty) -> None:
    """Draw the shares of this run above those of the surveys, all bars equally long."""
    bars: dict[str, list[tuple[str, float, str]]]
    bars = {"this run": [(kind, data.time_share(kind), KIND_COLOURS[kind]) for kind in KINDS]}
    for survey in SURVEYS:
        tasks = [(task, share / 100, BLUE if "clean" in task else SKY) for task, share in survey.data_tasks.items()]
        rest = ("all else", 1 - sum(share for _, share, _ in tasks), HAIRLINE)
        bars[f"{survey.name} {survey.year}"] = [*tasks, rest]
    for place, parts in enumerate(bars.values()):
        start = 0.0
        for name, share, colour in parts:
            axes.barh(place, share, left=start, height=0.72, color=colour, edgecolor=PAPER, linewidth=1)
            text = f"{name} {percent(share)}"
            if share * _SHARES_WIDTH > _CHARACTER * len(text) + 0.1:  # otherwise it would not fit into its bar
                ink = PAPER if colour == BLUE else INK
                axes.text(start + share / 2, place, text, size=SMALL, color=ink, ha="center", va="center")
            start += share
    axes.set(xlim=(0, 1), ylim=(len(bars) - 0.5, -0.5))
    axes.set_xticks([])
    axes.set_yticks(range(len(bars)), list(bars), size=TEXT, color=INK)
    axes.get_yticklabels()[0].set_fontweight("bold")
    _hide_spines(axes)


def _bars(
    figure: Figure, corner: tuple[float, float], title: str, bars: Sequence[Bar], names: float, width: float
) -> None:
    """Draw horizontal bars with their names on the left and their values on the right.

    Args:
        figure: Where to draw.
        corner: Left and top in inches; the title stands above.
        title: The heading.
        bars: From top to bottom.
        names: Room for the names, in inches.
        width: Length of the longest bar, in inches.
    """
    left, top = corner
    _heading(figure, left, top, title)
    if not bars:
        _note(figure, left, top, "none")
        return
    axes = add_axes(figure, left + names, top - _ROW * len(bars), width, _ROW * len(bars))
    values = [value for _, value, _, _ in bars]
    longest = max(values) or 1.0
    axes.barh(range(len(bars)), values, height=0.68, color=[colour for _, _, _, colour in bars])
    for place, (name, value, text, _) in enumerate(bars):
        y = top - _ROW * (place + 0.5)
        figure.text(
            *_at(figure, left, y),
            _shortened(name, names),
            size=SMALL,
            color=INK,
            va="center",
            parse_math=False,
        )
        end = left + names + width * value / longest
        figure.text(*_at(figure, end + 0.06, y), text, size=SMALL, color=INK, va="center")
    axes.set(xlim=(0, longest), ylim=(len(bars) - 0.5, -0.5))
    axes.set_xticks([])
    axes.set_yticks([])
    _hide_spines(axes)


def _gains(figure: Figure, corner: tuple[float, float], gains: Sequence[Gain], subject: str) -> None:
    """Write each measure without and with cleaning."""
    left, top = corner
    _heading(figure, left, top, "What cleaning bought")
    if not gains:
        _note(figure, left, top, "not measured")
        return
    for line, y in (("trained on uncleaned → on cleaned rows", top - 0.06), (subject, top - 0.25)):
        figure.text(*_at(figure, left, y), line, size=SMALL, color=SOFT, va="center", parse_math=False)
    for place, gain in enumerate(gains):
        y = top - 0.56 - 0.52 * place
        text = f"{gain.text(gain.uncleaned)} → {gain.text(gain.cleaned)}"
        figure.text(*_at(figure, left, y), text, size=TEXT + 3, weight="bold", color=BLUE, va="center")
        figure.text(*_at(figure, left, y - 0.21), gain.measure, size=SMALL, color=INK, va="center")


def _rule_bar(rule: RuleCount) -> Bar:
    return rule.rule, rule.rows, f"{rule.rows:,} {_ACTION_WORDS[rule.action]}", ACTION_COLOURS[rule.action]


def _rules_title(rules: Sequence[RuleCount]) -> str:
    return "Rows by rule" if len(rules) <= _MOST_RULES else f"Rows by rule, the top {_MOST_RULES} of {len(rules)}"


def _fate_bar(name: str, count: int, total: int, colour: str) -> Bar:
    return name, count, f"{count:,} ({percent(count / total if total else 0.0)})", colour


def _shortened(name: str, room: float) -> str:
    longest = int(room / _CHARACTER)
    return name if len(name) <= longest else f"{name[: longest - 1]}…"


def _heading(figure: Figure, left: float, top: float, text: str) -> None:
    figure.text(*_at(figure, left, top + 0.24), text, size=TEXT + 0.5, weight="bold", color=INK, va="center")


def _note(figure: Figure, left: float, top: float, text: str) -> None:
    figure.text(*_at(figure, left, top - _ROW / 2), text, size=SMALL, color=SOFT, va="center")


def _at(figure: Figure, x: float, y: float) -> tuple[float, float]:
    width, height = figure.get_size_inches()
    return x / width, y / height


def _hide_spines(axes: Axes) -> None:
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
