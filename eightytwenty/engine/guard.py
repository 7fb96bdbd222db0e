"""Keeps a cleaning from replacing a folder that is not its own."""

from collections.abc import Collection
from pathlib import Path

from eightytwenty.engine.summary import REPORT
from eightytwenty.errors import UserError


def spare_other_files(sources: Collection[Path], out: Path, own: Collection[str], later: Collection[str] = ()) -> None:
    """Refuses to replace a folder that holds anything but the untouched result of an earlier cleaning.

    Args:
        sources: what is to be cleaned.
        out: the folder that will be replaced.
        own: names that a cleaning gives to its files and folders there, besides its report.
        later: names of files that are made from its result, and so are younger.

    Raises:
        UserError: something would be lost, or the folder lies in one that is to be cleaned.
    """
    if any(source.resolve().is_relative_to(out.resolve()) for source in sources):
        raise UserError(f"{out} holds the source itself and would be replaced; choose another folder.")
    inside = next(
        (source for source in sources if source.is_dir() and out.resolve().is_relative_to(source.resolve())), None
    )
    if inside:
        raise UserError(
            f"{out} lies in {inside}, and what is written there would be taken for a part of it the next time; "
            "choose a folder outside."
        )
    if not out.is_dir():
        return
    foreign = sorted({path.name for path in out.iterdir()} - {REPORT, *own, *later})
    if foreign or (any(out.iterdir()) and not (out / REPORT).is_file()):
        what = foreign[0] if foreign else "other files"
        raise UserError(f"{out} holds {what}, which would be lost; choose a new or an empty folder.")
    # the report is written last, so what is younger was changed by somebody, a mended quarantine for example
    written = (out / REPORT).stat().st_mtime if (out / REPORT).is_file() else 0
    for path in out.rglob("*"):
        if path.is_file() and path.stat().st_mtime > written and path.relative_to(out).as_posix() not in later:
            raise UserError(f"{path} was changed since it was written and would be lost; choose another folder.")
