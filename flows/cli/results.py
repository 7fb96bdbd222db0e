"""What came of a training or a retraining: where to look next, and all of it as data, which --json prints.

docs/operate.md describes the JSON.
"""

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING

from eightytwenty.evaluate.score import fault_counts

if TYPE_CHECKING:
    from prefect import State

    from flows.retraining import Retraining
    from flows.training import Training


def training_json(training: "Training") -> Mapping[str, object]:
    """The result of a training, as data that JSON can hold."""
    shares = training.shares
    return {
        "model": f"{training.model}/{training.version}",
        "is_champion": training.is_champion,
        "scores": dict(training.scores),
        "rows": shares.rows,
        **shares.fates,
        "faults": fault_counts(training.cleaning) if training.cleaning else None,
        "seconds": {stage.title: stage.seconds for stage in shares.stages},
        "gains": {gain.measure: {"uncleaned": gain.uncleaned, "cleaned": gain.cleaned} for gain in shares.gains},
        "places": training_places(training),
    }


def retraining_json(state: "State[Retraining | None]", retraining: "Retraining | None") -> Mapping[str, object]:
    """How a retraining ended, as data that JSON can hold; without a result, only its state."""
    ending = {"state": state.name, "message": state.message}
    if retraining is None:
        return ending
    judgement = retraining.judgement
    return {
        **ending,
        "model": f"{retraining.model}/{judgement.challenger}",
        "is_champion": judgement.decision.promoted,
        "scores": {name: dict(scores) for name, scores in judgement.scores.items()},
        "dataset": f"{retraining.model}-{retraining.version.name}",
        **retraining.version.rows,
        "drifted": [sentence for drift in retraining.drifts for sentence in drift.drifted],
        "refused": list(retraining.refusals),
        "places": retraining_places(retraining),
    }


def training_places(training: "Training") -> Mapping[str, str]:
    """Label -> place where to look next, or command."""
    findings = training.findings
    return {
        **findings.places,
        "what the data was like": str(training.docs[0] / "index.html"),
        findings.network: _registered(training),
        "runs in MLflow": training.mlflow,
    }


def retraining_places(retraining: "Retraining") -> Mapping[str, str]:
    """Label -> place where to look next; several are lines."""
    pages = [str(drift.docs / "index.html") for drift in retraining.drifts if drift.docs]
    return {
        "the dataset": str(retraining.version.folder),
        "what became of each file": str(retraining.deliveries_file),
        **({"how the new rows differ": "\n".join(pages)} if pages else {}),
        "runs in MLflow": retraining.mlflow,
    }


def _registered(training: "Training") -> str:
    """Which version was registered, and whether it is champion or how to make it so."""
    model, version = training.model, training.version
    if training.is_champion:
        return f"{model}/{version}, champion of {model}"
    return (
        f"{model}/{version}; {shlex.join(['eightytwenty', 'rollback', model, '--to', str(version)])} makes it champion"
    )
