"""The Data Docs: what Great Expectations found, as one page that needs nothing else.

The pages that Great Expectations builds itself load scripts, styles and fonts from seven hosts and are empty without
them. This one is whole: no script, no link out, styles inside, one file. So it reads the same from a folder, from an
archive without network, and inside MLflow, which shows a single file. Values come from the user's data, so the template
escapes everything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from reports.findings import Bin, Validation

CHART_WIDTH, CHART_HEIGHT = 640.0, 150.0


@dataclass(frozen=True)
class Bar:
    """One bin of the chart in its pixels: the place, the two heights and the words."""

    x: float
    width: float
    expected: float
    observed: float
    words: str


def data_docs(name: str, fates: Mapping[str, int], validations: Sequence[Validation], checked_at: datetime) -> str:
    """The page: the result, the fates of the rows, a list of the validations, and every expectation of each.

    Args:
        name: what the batch is.
        fates: rows that went in (`rows`), and by where they ended.
        validations: what was found on each table.
        checked_at: when, with time zone.
    """
    import great_expectations
    from jinja2 import Environment, StrictUndefined

    # no template is ever read from elsewhere: everything that is put in is escaped
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(PAGE).render(
        name=name,
        fates=fates,
        validations=validations,
        passed=all(validation.passed for validation in validations),
        failures=[failure for validation in validations for failure in validation.failures],
        checked_at=checked_at,
        version=great_expectations.__version__,
        style=STYLE,
        bars=bars,
        width=CHART_WIDTH,
        height=CHART_HEIGHT,
    )


def bars(bins: Sequence[Bin]) -> list[Bar]:
    """Lay out a histogram: areas are shares, so that bins of unlike width compare."""
    start, end = bins[0].start, bins[-1].end
    highest = max(max(each.expected, each.observed) / (each.end - each.start) for each in bins)
    across, up = CHART_WIDTH / (end - start), CHART_HEIGHT / highest
    return [
        Bar(
            x=(each.start - start) * across,
            width=(each.end - each.start) * across,
            expected=each.expected / (each.end - each.start) * up,
            observed=each.observed / (each.end - each.start) * up,
            words=f"{each.name or f'{each.start:,.10g} to {each.end:,.10g}'}: "
            f"{each.expected:.2%} expected, {each.observed:.2%} observed",
        )
        for each in bins
    ]


STYLE = """
:root { --ink: #1c2733; --soft: #5b6b7b; --line: #dde4ea; --good: #17734a; --bad: #b3261e; --blue: #8fb8de; }
* { box-sizing: border-box; }
body { margin: 0; background: #f4f6f8; color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", sans-serif; }
main { max-width: 64rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.6rem; margin: 0; }
h2 { font-size: 1.15rem; margin: 0 0 .75rem; }
p { margin: .25rem 0; }
a { color: #1f5f99; }
.soft, dt { color: var(--soft); }
.card { background: #fff; border: 1px solid var(--line); border-radius: 8px; padding: 1.1rem 1.25rem; margin-top: 1rem;
  overflow-x: auto; }
.badge { display: inline-block; border-radius: 1rem; padding: .1rem .7rem; font-size: .85rem; font-weight: 600;
  white-space: nowrap; color: var(--good); background: #e0f3e9; }
.badge.bad { color: var(--bad); background: #fbe4e2; }
header { display: flex; justify-content: space-between; align-items: center; gap: 1rem; flex-wrap: wrap; }
header .badge { font-size: 1.05rem; padding: .35rem 1.1rem; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: 1rem; margin: 0; }
dd { margin: 0; font-size: 1.35rem; font-weight: 600; font-variant-numeric: tabular-nums; }
dd small { font-size: .9rem; font-weight: 400; color: var(--soft); }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .5rem .75rem .5rem 0; border-top: 1px solid var(--line); }
thead th { border-top: 0; color: var(--soft); font-weight: 600; font-size: .85rem; }
td.status { width: 7rem; }
td.expected, td.observed { overflow-wrap: anywhere; }
td.observed { width: 30%; font-variant-numeric: tabular-nums; }
tr.bad td.observed { color: var(--bad); font-weight: 600; }
.failures { border-left: 4px solid var(--bad); }
.failures ul { margin: 0; padding-left: 1.2rem; overflow-wrap: anywhere; }
figure { margin: .75rem 0 .25rem; max-width: 42rem; }
figcaption { font-size: .85rem; color: var(--soft); }
svg { width: 100%; height: auto; display: block; border-bottom: 1px solid var(--soft); }
.bar { fill: var(--blue); }
.bar:hover { fill: #5f96c9; }
.law { stroke: var(--ink); stroke-width: 1.5; fill: none; vector-effect: non-scaling-stroke; }
.key { display: inline-block; width: .9rem; height: .6rem; background: var(--blue); margin: 0 .3rem 0 .8rem; }
.key.line { height: 0; border-top: 2px solid var(--ink); background: none; vertical-align: middle; }
.axis { display: flex; justify-content: space-between; font-variant-numeric: tabular-nums; }
.names span { flex: 1; text-align: center; overflow: hidden; text-overflow: ellipsis; }
footer { margin: 1.25rem 0; font-size: .85rem; color: var(--soft); }
@media print { body { background: #fff; } .card { break-inside: avoid; } }
"""

PAGE = """\
{% macro badge(good, yes, no) %}
<span class="badge{{ '' if good else ' bad' }}">{{ ('✓ ' ~ yes) if good else ('✗ ' ~ no) }}</span>
{% endmacro %}
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Data Docs: {{ name }}</title>
<style>{{ style | safe }}</style>
</head>
<body>
<main>
<header>
<div><p class="soft">Data Docs</p><h1>{{ name | capitalize }}</h1></div>
{{ badge(passed, 'Batch passed', 'Batch failed') }}
</header>
{% if failures %}
<section class="card failures">
<h2>Why it failed</h2>
<ul>
{% for failure in failures %}
<li>{{ failure }}</li>
{% endfor %}
</ul>
</section>
{% endif %}
<section class="card">
<dl>
{% for fate, count in fates.items() %}
<div><dt>{{ 'rows in' if fate == 'rows' else fate }}</dt>
<dd>{{ '{:,}'.format(count) }}{% if fate != 'rows' and fates.rows %}
 <small>{{ '{:.1%}'.format(count / fates.rows) }}</small>{% endif %}</dd></div>
{% endfor %}
</dl>
</section>
<nav class="card">
<h2>Validations</h2>
<table>
<thead><tr><th>Result</th><th>Table</th><th>Rows checked</th><th>Expectations met</th></tr></thead>
<tbody>
{% for validation in validations %}
<tr><td class="status">{{ badge(validation.passed, 'passed', 'failed') }}</td>
<td><a href="#{{ validation.table }}">{{ validation.table }}</a></td>
<td>{{ '{:,}'.format(validation.rows) }}</td>
<td>{{ validation.met }} of {{ validation.findings | length }}</td></tr>
{% endfor %}
</tbody>
</table>
</nav>
{% for validation in validations %}
<section class="card" id="{{ validation.table }}">
<h2>{{ validation.table | capitalize }} {{ badge(validation.passed, 'passed', 'failed') }}</h2>
{% if validation.note %}
<p class="soft">{{ validation.note }}</p>
{% endif %}
{% if not validation.findings %}
<p class="soft">Nothing is expected of this table.</p>
{% else %}
<table>
<thead><tr><th>Status</th><th>Expected</th><th>Observed</th></tr></thead>
<tbody>
{% for finding in validation.findings %}
<tr class="{{ 'good' if finding.met else 'bad' }}">
<td class="status">{{ badge(finding.met, 'met', 'not met') }}</td>
<td class="expected">{{ finding.wanted }}
{% if finding.why %}
<p class="soft">{{ finding.why }}</p>
{% endif %}
{% if finding.bins %}
{% set chart = bars(finding.bins) %}
<figure>
<svg viewBox="0 0 {{ width }} {{ height + 2 }}" role="img" aria-label="distribution, expected and observed">
{% for bar in chart %}
<rect class="bar" x="{{ '%.2f' % bar.x }}" y="{{ '%.2f' % (height + 2 - bar.observed) }}" width="\
{{ '%.2f' % bar.width }}" height="{{ '%.2f' % bar.observed }}"><title>{{ bar.words }}</title></rect>
{% endfor %}
<path class="law" d="M0 {{ height + 2 }}{% for bar in chart %} V{{ '%.2f' % (height + 2 - bar.expected) }} \
H{{ '%.2f' % (bar.x + bar.width) }}{% endfor %} V{{ height + 2 }}"/>
</svg>
<figcaption>
{% if finding.bins[0].name %}
<span class="axis names">{% for bin in finding.bins %}<span>{{ bin.name }}</span>{% endfor %}</span>
{% endif %}
<span class="axis"><span>{{ '' if finding.bins[0].name else '{:,.10g}'.format(finding.bins[0].start) }}</span>
<span><span class="key"></span>observed<span class="key line"></span>expected</span>
<span>{{ '' if finding.bins[0].name else '{:,.10g}'.format(finding.bins[-1].end) }}</span></span></figcaption>
</figure>
{% endif %}
</td>
<td class="observed">{{ finding.observed }}</td></tr>
{% endfor %}
</tbody>
</table>
{% endif %}
</section>
{% endfor %}
<footer>Checked with Great Expectations {{ version }} on {{ checked_at.strftime('%Y-%m-%d %H:%M:%S %Z') }}.</footer>
</main>
</body>
</html>
"""
