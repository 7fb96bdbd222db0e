"""What Great Expectations found, as plain values that need no knowledge of it."""

from __future__ import annotations

import itertools
import numbers
from dataclasses import dataclass
from string import Template
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from great_expectations.core import ExpectationSuiteValidationResult, ExpectationValidationResult
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration


@dataclass(frozen=True)
class Bin:
    """One bin of a distribution: its edges, and the shares (0 to 1) of the rows expected and observed in it.

    Of a distribution of text, each value has a bin of the width 1 and a name.
    """

    start: float
    end: float
    expected: float
    observed: float
    name: str = ""


@dataclass(frozen=True)
class Finding:
    """One expectation and what came of it.

    Attributes:
        met: whether the batch is what was expected.
        wanted: what must be, one sentence.
        observed: what is; a number, a share of unexpected values, or why nothing could be computed.
        why: the reason for expecting it; may be empty.
        bins: both distributions, where the expectation compares distributions.
    """

    met: bool
    wanted: str
    observed: str
    why: str
    bins: tuple[Bin, ...]


@dataclass(frozen=True)
class Validation:
    """The findings on one table, in the order in which they were expected."""

    table: str
    rows: int
    note: str
    findings: tuple[Finding, ...]

    @property
    def met(self) -> int:
        """How many expectations were met."""
        return sum(finding.met for finding in self.findings)

    @property
    def passed(self) -> bool:
        """Whether all were."""
        return self.met == len(self.findings)

    @property
    def failures(self) -> tuple[str, ...]:
        """One sentence for each expectation that was not met."""
        return tuple(
            f"{self.table}: {finding.wanted.rstrip('.')}; observed {finding.observed}."
            for finding in self.findings
            if not finding.met
        )


def findings(result: ExpectationSuiteValidationResult, order: Mapping[str | None, int]) -> tuple[Finding, ...]:
    """The findings of one validation, by the place that `order` gives their ids: Great Expectations regroups them."""
    found = []
    for each in result.results:
        config = each.expectation_config
        if config is None:
            raise ValueError("a validation result without its expectation cannot be reported")
        notes = str((config.meta or {}).get("notes", ""))
        finding = Finding(bool(each.success), _wanted(config), _observed(each), notes, _bins(each.result))
        found.append((order[config.id], finding))
    return tuple(finding for _, finding in sorted(found, key=lambda pair: pair[0]))


def _wanted(config: ExpectationConfiguration) -> str:
    """The expectation's own description, or else the words that Great Expectations has for it."""
    if config.description:
        return config.description
    from great_expectations.render.renderer.inline_renderer import InlineRenderer

    content = InlineRenderer(render_object=config).get_rendered_content()[0].to_json_dict()
    value: Any = content["value"]
    value = value.get("header", {}).get("value", value)  # words above a chart
    parameters = {name: _text(parameter["value"]) for name, parameter in value["params"].items()}
    return Template(value["template"]).safe_substitute(parameters)


def _observed(result: ExpectationValidationResult) -> str:
    # where computing failed, there is one report per number that could not be computed
    reports = [report for report in (result.exception_info or {}).values() if isinstance(report, dict)]
    if reports:
        return f"nothing, since it could not be computed: {str(reports[0]['exception_message']).rstrip('.')}"
    values = result.result
    if values.get("unexpected_percent") is not None:
        examples = list(dict.fromkeys(_text(value) for value in values["partial_unexpected_list"]))[:3]
        such_as = f", such as {'; '.join(examples)}" if examples else ""
        return f"{values['unexpected_percent']:.3g}% unexpected{such_as}"
    if values.get("observed_value") is not None:
        return _text(values["observed_value"])
    if "observed_partition" in values.get("details", {}):
        return "an infinite divergence, since there are values where none can be"
    return "no value"


def _bins(values: Mapping[str, Any]) -> tuple[Bin, ...]:
    details = values.get("details") or {}
    expected, observed = details.get("expected_partition", {}), details.get("observed_partition", {})
    names = expected.get("values", ())
    edges = itertools.pairwise(range(len(names) + 1) if names else expected.get("bins", ()))
    shares = zip(
        edges, expected.get("weights", ()), observed.get("weights", ()), names or itertools.repeat(""), strict=False
    )
    return tuple(Bin(start, end, before, after, str(name)) for (start, end), before, after, name in shares)


def _text(value: object) -> str:
    """A value for people: 8,500 and 0.0123457 and (1, 2)."""
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, numbers.Integral):
        return f"{int(value):,}"
    if isinstance(value, numbers.Real):
        return f"{float(value):,.6g}"
    if isinstance(value, list | tuple):
        return " and ".join(map(_text, value))
    return str(value)
