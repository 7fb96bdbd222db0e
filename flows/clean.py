"""Cleans a table or pictures of one's own, with the result in the Prefect UI and in MLflow.

`eightytwenty clean` does the same without any server.
"""

import time
from pathlib import Path

from prefect import State, get_run_logger
from prefect.states import Completed

from eightytwenty.engine.summary import Summary
from eightytwenty.read.download import is_address, redact_address, redact_source
from eightytwenty.tables import require_clean
from flows.forms import flow_of
from reports.numbers import counts
from schemas.parameters import CleanParameters
from tasks.clean.record import finished_cleaning, publish_cleaning, record_cleaning, source_dataset
from tasks.clean.tables import table_of_form
from tasks.clean.tasks import clean_own
from tasks.running.allowed_paths import require_allowed
from tasks.running.stages import data_folder
from tasks.tracking.lifecycle import parent_run, summary_of


@flow_of("clean", CleanParameters)
def clean(parameters: CleanParameters) -> State[Summary]:
    """Cleans a source into a folder.

    Raises:
        UserError: the source cannot be read, the schema is none or lies outside the data folder, the folder cannot be
            written or holds something else, a path is not allowed, or no row is clean; the folder with the reasons is
            there in this last case.
    """
    source, table, out = parameters.source, table_of_form(parameters), require_allowed(parameters.out)
    shown, started = redact_address(source) if is_address(source) else source, time.perf_counter()
    summary = clean_own(source, table, out, mask=parameters.mask, cluster=parameters.cluster)
    seconds = time.perf_counter() - started
    cleaned = finished_cleaning(parameters, table, out)
    config = redact_source(parameters.model_dump(by_alias=True))
    datasets = [source_dataset(shown, summary)]
    about = summary_of(CleanParameters)
    with parent_run(data_folder(), "clean", Path(shown).name, config, datasets=datasets, about=about) as run:
        docs = record_cleaning(run, cleaned, seconds, mask=parameters.mask)
        publish_cleaning("clean", run, cleaned, mask=parameters.mask)
        get_run_logger().info("%s: %s rows: %s; see %s", shown, f"{summary.rows:,}", counts(summary.fates), out)
        get_run_logger().info("Data Docs: %s; MLflow: %s", docs / "index.html", run.link)
        require_clean(table, summary, out)
    fates = f"{summary.quarantine:,} in quarantine, {summary.duplicates:,} duplicates"
    message = f"{summary.clean:,} of {summary.rows:,} {getattr(table, 'unit', 'rows')} are clean, {fates}."
    return Completed(data=summary, message=message)
