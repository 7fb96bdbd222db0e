"""Counts how much of the project's own code is cleaning and how much is modelling."""

from pathlib import Path

from tasks.report.eighty_twenty import Kind

_ROOT = Path(__file__).parent.parent.parent
# Tracking, reports and flows serve both and count as neither.
_KINDS: dict[str, Kind] = {
    "schemas": "cleaning",
    "tasks/ingest": "cleaning",
    "tasks/clean": "cleaning",
    "tasks/expect": "cleaning",
    "models": "modelling",
    "tasks": "other",
    "flows": "other",
}


def code_lines() -> dict[Kind, int]:
    """Lines of Python that are neither blank nor comment, docstrings included, by kind of work."""
    counts: dict[Kind, int] = {"cleaning": 0, "modelling": 0, "other": 0}
    for folder in ("schemas", "models", "tasks", "flows"):
        for file in (_ROOT / folder).rglob("*.py"):
            place = file.relative_to(_ROOT).parent.as_posix()
            # the longest folder named above in which the file lies
            kind = next(
                _KINDS[name] for name in sorted(_KINDS, key=len, reverse=True) if f"{place}/".startswith(f"{name}/")
            )
            lines = (line.strip() for line in file.read_text(encoding="utf-8").splitlines())
            counts[kind] += sum(1 for line in lines if line and not line.startswith("#"))
    return counts
