"""The 80/20 picture of a run, on one page."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.eighty_twenty import KINDS, SURVEY_NOTE, SURVEYS, EightyTwenty, RuleCount, ranked
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
_MOST_RULES = 24  # more would be too many for a page; the report lists them all
_LABELS = 0.3  # room above the first bar of shares for labels that do not fit into it
_GAIN = 2.1, 3.7  # where the values of gains begin: on uncleaned rows, on cleaned ones
_COLUMN = 5.6  # where the right column begins
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

    blocks = [_ROW * max(len(stages), 1), _ROW * max(len(fates), 1), _ROW * (len(data.gains) + 2)]
    height = 0.95 + _LABELS + _SHARES + _GAP + max(sum(blocks) + 2 * _GAP, _ROW * len(rules)) + 0.3
    figure = new_figure(_WIDTH, height, data.sentence, SURVEY_NOTE)

    top = height - 0.95 - _LABELS
    _shares(add_axes(figure, _WIDTH - _RIGHT - _SHARES_WIDTH, top - _SHARES, _SHARES_WIDTH, _SHARES), data)
    top -= _SHARES + _GAP
    _bars(figure, (_COLUMN, top), _rules_title(data.rules), rules, names=2.35, width=1.4)
    _bars(figure, (_LEFT, top), "Seconds by stage", stages, names=1.5, width=2.2)
    top -= blocks[0] + _GAP
    _bars(figure, (_LEFT, top), f"Where the {data.rows:,} raw rows went", fates, names=1.5, width=2.2)
    top -= blocks[1] + _GAP
    _gains(figure, (_LEFT, top), data)
    return figure


def _shares(axes: Axes, data: EightyTwenty) -> None:
    """Draw the shares of this run above those of the surveys, all bars equally long.

    The labels of this run that do not fit into its bar stand above it.
    """
    bars: dict[str, list[tuple[str, float, str]]]
    bars = {"this run": [(kind, data.time_share(kind), KIND_COLOURS[kind]) for kind in KINDS]}
    for survey in SURVEYS:
        tasks = [(task, share / 100, BLUE if "clean" in task else SKY) for task, share in survey.data_tasks.items()]
        rest = ("all else", 1 - sum(share for _, share, _ in tasks), HAIRLINE)
        bars[f"{survey.name} {survey.year}"] = [*tasks, rest]
    above = 0.0  # where the next label above the first bar begins
    for place, parts in enumerate(bars.values()):
        start = 0.0
        for name, share, colour in parts:
            axes.barh(place, share, left=start, height=0.72, color=colour, edgecolor=PAPER, linewidth=1)
            text = f"{name} {percent(share)}"
            if share * _SHARES_WIDTH > _CHARACTER * len(text) + 0.1:  # otherwise it would not fit into its bar
                ink = PAPER if colour == BLUE else INK
                axes.text(start + share / 2, place, text, size=SMALL, color=ink, ha="center", va="center")
            elif place == 0:
                ink = SOFT if colour == KIND_COLOURS["other"] else colour
                length = (_CHARACTER * len(text) + 0.2) / _SHARES_WIDTH
                left = min(max(start, above), 1 - length)
                axes.text(left, -0.62, text, size=SMALL, color=ink, weight="bold", va="center")
                above = left + length
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


def _gains(figure: Figure, corner: tuple[float, float], data: EightyTwenty) -> None:
    """Write each measure without and with cleaning, in the rows of a table."""
    left, top = corner
    _heading(figure, left, top, "What cleaning bought")
    if not data.gains:
        _note(figure, left, top, "not measured")
        return
    _note(figure, left, top, f"{data.subject}; {data.seeds}")
    rows = [("trained on", "uncleaned rows", "clean rows")]
    rows += [(gain.measure, gain.text(gain.uncleaned), gain.text(gain.cleaned)) for gain in data.gains]
    for place, row in enumerate(rows):
        y = top - _ROW * (place + 1.5)
        looks = ((INK, "normal"), (INK, "normal"), (BLUE, "bold")) if place else ((SOFT, "normal"),) * 3
        for x, text, (colour, weight) in zip((0.0, *_GAIN), row, looks, strict=True):
            where = _at(figure, left + x, y)
            figure.text(*where, text, size=SMALL, color=colour, weight=weight, va="center", parse_math=False)


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
    figure.text(*_at(figure, left, top - _ROW / 2), text, size=SMALL, color=SOFT, va="center", parse_math=False)


def _at(figure: Figure, x: float, y: float) -> tuple[float, float]:
    width, height = figure.get_size_inches()
    return x / width, y / height


def _hide_spines(axes: Axes) -> None:
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
