"""Cleans what the form of the clean flow names, as a Prefect task."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from prefect import task
from prefect.utilities.annotations import quote

from eightytwenty import clean
from eightytwenty.engine.summary import Summary
from eightytwenty.errors import UserError
from eightytwenty.object_stores import is_object_store
from eightytwenty.pictures.schema import PictureTable
from eightytwenty.progress import counted
from eightytwenty.read.databases import is_server
from eightytwenty.read.download import is_address
from eightytwenty.read.options import ReadOptions
from eightytwenty.schema import Table
from schemas.parameters.base import short_source
from tasks.running.allowed_paths import require_allowed, require_allowed_store
from tasks.running.progress import task_progress
from tasks.running.retries import RETRIES


def _run_name(parameters: dict[str, Any]) -> str:
    return f"clean {short_source(parameters['source'])}"


@task(task_run_name=_run_name, **RETRIES)  # type: ignore[arg-type] # a function is such a callback
def clean_own(
    source: str, table: Table | PictureTable | ReadOptions, out: Path, *, mask: bool, cluster: str = ""
) -> Summary:
    """Cleans a source of the user's into a folder, and says what became of its rows.

    Args:
        source: a path or an address.
        table: what the source must be; or how its files are to be read, and the table is inferred.
        out: the folder.
        mask: whether the examples in an inferred schema are hidden.
        cluster: address of a Dask scheduler whose workers do the work, a task for each stage; here if empty.

    Raises:
        UserError: the source cannot be read or is not allowed, or the folder cannot be written or holds something else.
    """
    if is_server(source):  # whoever fills in the form would use the credentials of the worker
        raise UserError(
            "A database server is read on the command line; give the file of a database, or another source."
        )
    with task_progress("clean", getattr(table, "unit", "rows")) as progress:
        if is_object_store(source):
            require_allowed_store(source)
        path = source if is_address(source) else require_allowed(source)
        return clean(path, table, out, progress, mask=mask, cluster=cluster or None, watch=_in_task).summary


def _in_task(name: str, results: Iterator[Any], count: int | None) -> Iterator[Any]:
    """Runs a stage as a Prefect task of its own."""
    as_it_is = cast("Iterator[Any]", quote(results))  # nobody looks for futures in it
    return iter(_stage.with_options(task_run_name=name)(as_it_is, name, count))


@task(persist_result=False)
def _stage(results: Iterator[Any], name: str, count: int | None) -> Iterator[Any]:
    """Yields the results of a stage, and shows how many there are."""
    with task_progress(name, "pieces") as progress:
        yield from counted(results, count, progress)
