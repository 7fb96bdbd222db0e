"""Protects folders that a cleaning must not replace."""

from collections.abc import Collection
from pathlib import Path

from eightytwenty.engine.summary import REPORT
from eightytwenty.errors import UserError


def require_replaceable(source: Path, out: Path, own_names: Collection[str], later_names: Collection[str] = ()) -> None:
    """Refuses to replace a folder that holds anything but the unchanged result of an earlier cleaning.

    Args:
        source: the file or folder to clean.
        out: the folder to replace.
        own_names: the names of the files and folders that a cleaning writes there, besides its report.
        later_names: the names of files that are made from its result and are therefore newer.

    Raises:
        UserError: something would be lost, or the folder lies inside the source.
    """
    require_apart(source, out)
    if not out.is_dir():
        return
    foreign = sorted({path.name for path in out.iterdir()} - {REPORT, *own_names, *later_names})
    if foreign or (any(out.iterdir()) and not (out / REPORT).is_file()):
        what = foreign[0] if foreign else "other files"
        raise UserError(f"{out} holds {what}, which would be lost; choose a new or an empty folder.")
    # the report is written last, so a newer file was changed by somebody, such as a corrected quarantine
    report_time = (out / REPORT).stat().st_mtime if (out / REPORT).is_file() else 0
    for path in out.rglob("*"):
        if (
            path.is_file()
            and path.stat().st_mtime > report_time
            and path.relative_to(out).as_posix() not in later_names
        ):
            raise UserError(f"{path} was changed since it was written and would be lost; choose another folder.")


def require_apart(source: Path, out: Path) -> None:
    """Checks that neither the source lies in a folder to be written, nor that one in the source.

    Raises:
        UserError: one does.
    """
    if source.resolve().is_relative_to(out.resolve()):
        raise UserError(f"{out} contains the source and would be replaced; choose another folder.")
    if source.is_dir() and out.resolve().is_relative_to(source.resolve()):
        raise UserError(
            f"{out} lies in {source}, and its files would belong to the source in the next run; choose another folder."
        )
