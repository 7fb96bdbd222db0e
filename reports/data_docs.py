"""The Data Docs: the results of Great Expectations on one page that needs nothing else.

The pages that Great Expectations builds itself load scripts, styles and fonts from seven hosts and are empty without
them. This one is a single file with its styles inside, no scripts and no links to other pages. It looks the same in a
folder, without a network, and in MLflow, which shows one file at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reports.template import render_page

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reports.findings import Bin, Validation

_TEMPLATE = Path(__file__).parent / "templates" / "data_docs.html.jinja"
CHART_WIDTH, CHART_HEIGHT = 640.0, 150.0


@dataclass(frozen=True)
class Bar:
    """One bin of a chart, in pixels: its left edge, its width and its two heights; and the text that explains it."""

    x: float
    width: float
    expected: float
    observed: float
    text: str


def data_docs(
    name: str, fates: Mapping[str, int], validations: Sequence[Validation], reasons: Sequence[str] = ()
) -> str:
    """The page: whether the batch passed, the fates of its rows, the validations, and each of their expectations.

    Args:
        name: name of the batch.
        fates: number of raw rows (`rows`), and of rows by fate.
        validations: one per table.
        reasons: a sentence for each rule by which rows are in quarantine.

    Returns:
        HTML, the same for the same batch whenever it is checked. All that comes from data is escaped.
    """
    import great_expectations

    return render_page(
        _TEMPLATE,
        name=name,
        fates=fates,
        validations=validations,
        reasons=reasons,
        passed=all(validation.passed for validation in validations),
        failures=[failure for validation in validations for failure in validation.failures],
        version=great_expectations.__version__,
        bars=bars,
        width=CHART_WIDTH,
        height=CHART_HEIGHT,
    )


def bars(bins: Sequence[Bin]) -> list[Bar]:
    """Lay out a histogram. Areas are shares, so that bins of different widths can be compared."""
    start, end = bins[0].start, bins[-1].end
    highest = max(max(each.expected, each.observed) / (each.end - each.start) for each in bins)
    x_scale, y_scale = CHART_WIDTH / (end - start), CHART_HEIGHT / highest
    return [
        Bar(
            x=(each.start - start) * x_scale,
            width=(each.end - each.start) * x_scale,
            expected=each.expected / (each.end - each.start) * y_scale,
            observed=each.observed / (each.end - each.start) * y_scale,
            text=f"{each.name or f'{each.start:,.10g} to {each.end:,.10g}'}: "
            f"{each.expected:.2%} expected, {each.observed:.2%} observed",
        )
        for each in bins
    ]
