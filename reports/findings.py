"""The results of Great Expectations as plain values, free of its classes."""

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

    In a distribution of texts, each value has a named bin of width 1.
    """

    start: float
    end: float
    expected: float
    observed: float
    name: str = ""


@dataclass(frozen=True)
class Finding:
    """An expectation and its result.

    Attributes:
        met: whether the batch meets the expectation.
        expected: what must hold, in one sentence.
        observed: a number, a share of unexpected values, or the reason why nothing could be computed.
        reason: why this is expected; may be empty.
        bins: both distributions, if the expectation compares distributions.
    """

    met: bool
    expected: str
    observed: str
    reason: str
    bins: tuple[Bin, ...]


@dataclass(frozen=True)
class Validation:
    """The findings on one table, in the order of the expectations."""

    table: str
    rows: int
    note: str
    findings: tuple[Finding, ...]

    @property
    def met_count(self) -> int:
        """Number of expectations that were met."""
        return sum(finding.met for finding in self.findings)

    @property
    def passed(self) -> bool:
        """Whether every expectation was met."""
        return self.met_count == len(self.findings)

    @property
    def failures(self) -> tuple[str, ...]:
        """One sentence for each expectation that was not met."""
        return tuple(
            f"{self.table}: {finding.expected.rstrip('.')}; observed {finding.observed}."
            for finding in self.findings
            if not finding.met
        )


def findings(result: ExpectationSuiteValidationResult, order: Mapping[str | None, int]) -> tuple[Finding, ...]:
    """The findings of one validation.

    Args:
        result: from Great Expectations, which changes the order of the expectations.
        order: id of an expectation -> its position among the findings.

    Raises:
        ValueError: a result does not name its expectation.
    """
    numbered = []
    for entry in result.results:
        config = entry.expectation_config
        if config is None:
            raise ValueError("a validation result without its expectation cannot be reported")
        reason = str((config.meta or {}).get("notes", ""))
        finding = Finding(bool(entry.success), _expected(config), _observed(entry), reason, _bins(entry.result))
        numbered.append((order[config.id], finding))
    return tuple(finding for _, finding in sorted(numbered, key=lambda pair: pair[0]))


def _expected(config: ExpectationConfiguration) -> str:
    """The description of an expectation, or else the sentence that Great Expectations has for it."""
    if config.description:
        return config.description
    from great_expectations.render.renderer.inline_renderer import InlineRenderer

    content = InlineRenderer(render_object=config).get_rendered_content()[0].to_json_dict()
    value: Any = content["value"]
    value = value.get("header", {}).get("value", value)  # the text above a chart
    parameters = {name: _text(parameter["value"]) for name, parameter in value["params"].items()}
    return Template(value["template"]).safe_substitute(parameters)


def _observed(result: ExpectationValidationResult) -> str:
    # if the computation failed, there is one report for each number that could not be computed
    reports = [report for report in (result.exception_info or {}).values() if isinstance(report, dict)]
    if reports:
        return f"nothing, since it could not be computed: {str(reports[0]['exception_message']).rstrip('.')}"
    values = result.result
    if values.get("unexpected_percent") is not None:
        examples = list(dict.fromkeys(_text(value) for value in values["partial_unexpected_list"]))[:3]
        suffix = f", such as {'; '.join(examples)}" if examples else ""
        return f"{values['unexpected_percent']:.3g}% unexpected{suffix}"
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
    shares = zip(expected.get("weights", ()), observed.get("weights", ()), strict=False)
    bins = zip(edges, shares, names or itertools.repeat(""), strict=False)
    return tuple(Bin(*ends, *both_shares, str(name)) for ends, both_shares, name in bins)


def _text(value: object) -> str:
    """A value for people, such as 8,500 or 0.0123457; the parts of a list are joined by "and"."""
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, numbers.Integral):
        return f"{int(value):,}"
    if isinstance(value, numbers.Real):
        return f"{float(value):,.6g}"
    if isinstance(value, list | tuple):
        return " and ".join(map(_text, value))
    return str(value)
