"""What a run spent on cleaning and what it gained by it: the numbers, and the report as Markdown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from eightytwenty.pages.markdown import markdown_table, plain
from reports.numbers import compact, percent, seconds, spread

Kind = Literal["cleaning", "modelling", "other"]
Action = Literal["repair", "quarantine", "deduplicate"]

KINDS: tuple[Kind, ...] = ("cleaning", "modelling", "other")


@dataclass(frozen=True)
class StageTime:
    """A stage of the run.

    Attributes:
        name: As the reader knows it ("ingest", "clean", "train").
        kind: The kind of work.
        seconds: Measured on the wall clock.
        reused: An earlier run did and timed it.
    """

    name: str
    kind: Kind
    seconds: float
    reused: bool = False

    @property
    def title(self) -> str:
        """The name, and whether the stage was reused."""
        return f"{self.name} (reused)" if self.reused else self.name


@dataclass(frozen=True)
class RuleCount:
    """How many rows a cleaning rule repaired, sent to quarantine or marked as duplicates."""

    rule: str
    action: Action
    rows: int


@dataclass(frozen=True)
class Gain:
    """One measure of the same networks, trained on uncleaned and on cleaned rows from the same seeds.

    Attributes:
        measure: Name of the measure ("accuracy", "mean absolute error").
        uncleaned: For each seed, its value after training on the uncleaned rows that can be read at all.
        cleaned: For each seed, its value after training on the cleaned rows.
        unit: "share" for values between 0 and 1, "number" for any other.
    """

    measure: str
    uncleaned: tuple[float, ...]
    cleaned: tuple[float, ...]
    unit: Literal["share", "number"] = "number"

    def text(self, values: Sequence[float]) -> str:
        """Write the median of the seeds and, where they differ, the range in brackets."""
        write = percent if self.unit == "share" else compact
        least, middle, most = map(write, spread(values))
        return middle if least == most else f"{middle} ({least.removesuffix(' %')}–{most})"


@dataclass(frozen=True)
class EightyTwenty:
    """The measured numbers of one run.

    Attributes:
        stages: In the order in which they ran.
        fates: Raw rows by where they ended: "clean", "quarantine", "duplicates"; together all raw rows.
        rules: The rules that fired; a row counts under every rule that applied to it.
        gains: What cleaning bought; empty if that was not measured.
        subject: Which network the gains are about.
    """

    stages: tuple[StageTime, ...]
    fates: Mapping[str, int]
    rules: tuple[RuleCount, ...]
    gains: tuple[Gain, ...] = ()
    subject: str = ""

    @property
    def seconds(self) -> float:
        """Seconds of all stages."""
        return sum(stage.seconds for stage in self.stages)

    @property
    def rows(self) -> int:
        """Raw rows."""
        return sum(self.fates.values())

    def time_share(self, kind: Kind) -> float:
        """Share of the run's seconds that went into a kind of work."""
        return _share(sum(stage.seconds for stage in self.stages if stage.kind == kind), self.seconds)

    @property
    def sentence(self) -> str:
        """The measured shares in one sentence."""
        cleaning, modelling = percent(self.time_share("cleaning")), percent(self.time_share("modelling"))
        return f"Cleaning took {cleaning} of {seconds(self.seconds)} of work, modelling {modelling}"

    @property
    def seeds(self) -> str:
        """How many seeds the gains rest on."""
        count = max((len(gain.cleaned) for gain in self.gains), default=0)
        return "one seed, so a small difference may be chance" if count == 1 else f"median (range) of {count} seeds"


@dataclass(frozen=True)
class Survey:
    """What people said about their working time: shares in percent of the tasks that prepare data."""

    name: str
    year: int
    data_tasks: Mapping[str, int]
    source: str


SURVEYS = (
    Survey(
        "CrowdFlower",
        2016,
        {"cleaning and organizing": 60, "collecting": 19},
        "CrowdFlower, Data Science Report, 2016",
    ),
    Survey(
        "Anaconda",
        2020,
        {"loading and cleansing": 45},
        "Anaconda, 2020 State of Data Science: Moving From Hype Toward Maturity, 2020",
    ),
)
_MEASURED = (
    "Measured in this run, except for the surveys and for stages marked as reused, which an earlier run did and "
    "timed. Getting or generating the data, and training on uncleaned rows to compare, are other work, not cleaning. "
    "Start-up and the drawing of this report are not counted."
)
SURVEY_NOTE = "The surveys asked people about their working time; this run counts seconds of one machine."


def eighty_twenty_markdown(data: EightyTwenty) -> str:
    """Write the report of a run.

    Args:
        data: The measured numbers.

    Returns:
        Markdown with a title, tables of time, rows, rules and gains, and a list of the surveys with their sources.
    """
    parts = [
        f"# {data.sentence}",
        _MEASURED,
    ]
    parts += [
        "## Time",
        markdown_table(("stage", "kind", "seconds", "share"), [_stage(stage, data) for stage in data.stages]),
    ]
    by_kind = [(kind, percent(data.time_share(kind))) for kind in KINDS]
    parts += [markdown_table(("kind", "share of time"), by_kind)]
    parts += [f"## Rows\n\n{data.rows:,} raw rows, each in exactly one place."]
    parts += [
        markdown_table(("fate", "rows", "share"), [_count(fate, rows, data.rows) for fate, rows in data.fates.items()])
    ]
    if data.rules:
        parts += ["Rows by rule; a row counts under every rule that applied to it."]
        rules = [(plain(rule.rule), rule.action, f"{rule.rows:,}") for rule in ranked(data.rules)]
        parts += [markdown_table(("rule", "action", "rows"), rules)]
    else:
        parts += ["No rule fired."]
    if data.gains:
        gains = [(gain.measure, gain.text(gain.uncleaned), gain.text(gain.cleaned)) for gain in data.gains]
        parts += ["## What cleaning bought", f"The same training, twice: {plain(data.subject)}; {data.seeds}."]
        parts += [markdown_table(("measure", "on uncleaned rows", "on cleaned rows"), gains)]
    parts += ["## For comparison: what surveys found", SURVEY_NOTE]
    parts += ["\n".join(map(_survey, SURVEYS))]
    return "\n\n".join(parts) + "\n"


def ranked(rules: Sequence[RuleCount]) -> list[RuleCount]:
    """Sort rules by their rows, most first, then by name."""
    return sorted(rules, key=lambda rule: (-rule.rows, rule.rule))


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _stage(stage: StageTime, data: EightyTwenty) -> tuple[str, ...]:
    return stage.title, stage.kind, seconds(stage.seconds), percent(_share(stage.seconds, data.seconds))


def _count(name: str, count: int, total: int) -> tuple[str, ...]:
    return name, f"{count:,}", percent(_share(count, total))


def _survey(survey: Survey) -> str:
    tasks = " + ".join(f"{share} % {task}" for task, share in survey.data_tasks.items())
    return f"- {survey.name} {survey.year}: {tasks} of the working time ({survey.source})"
