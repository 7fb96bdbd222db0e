"""Cleans a table or pictures of one's own, with the report in the Prefect UI.

`eightytwenty clean` does the same without any server.
"""

from prefect import flow, get_run_logger

from eightytwenty.engine.summary import Summary
from eightytwenty.read.download import is_address, redact_address
from eightytwenty.tables import require_clean
from schemas.parameters import CleanParameters
from tasks.clean.tables import table_of_form
from tasks.clean.tasks import clean_own, report_cleaning
from tasks.running.allowed_paths import require_allowed
from tasks.running.failures import user_error_as_state


@flow(name="clean")
@user_error_as_state
def clean(parameters: CleanParameters) -> Summary:
    """Clean a table or pictures: every row ends as clean, quarantine or duplicate, with its reasons.

    Raises:
        UserError: the source cannot be read, the folder cannot be written or holds something else, a path is not
            allowed, or no picture is clean; the folder with the reasons is there in this last case.
    """
    source, table, out = parameters.source, table_of_form(parameters), require_allowed(parameters.out)
    summary = clean_own(source, table, out, mask=parameters.mask)
    report_cleaning(out)
    get_run_logger().info(
        "%s: %s rows, %s; see %s",
        redact_address(source) if is_address(source) else source,
        summary.rows,
        summary.fates,
        out,
    )
    require_clean(table, summary, out)
    return summary
