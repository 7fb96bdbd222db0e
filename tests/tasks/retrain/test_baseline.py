"""Which rows new ones are compared with: those that the champion's run names, also a run of an earlier release."""

import json
from pathlib import Path

import pytest
from mlflow.entities import Dataset as MlflowDataset
from mlflow.entities import DatasetInput
from mlflow.entities.model_registry import ModelVersion

from eightytwenty.files import sha256
from tasks.retrain.drift import find_baseline
from tasks.tracking.lifecycle import parent_run
from tasks.tracking.run import Dataset


@pytest.mark.parametrize("release", ["this", "earlier"])
def test_the_champion_is_what_it_learned_from(tmp_path: Path, release: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    rows = tmp_path / "stage" / "output" / "rows"
    rows.mkdir(parents=True)
    (rows / "clean.parquet").write_bytes(b"rows")
    digest = sha256(rows.parent)
    now = [Dataset("pairs", rows, digest, 1)] if release == "this" else []
    with parent_run(tmp_path / "data", "adders", "one", {}, datasets=now) as run:
        if release == "earlier":
            source = json.dumps({"uri": str(rows)})
            run.client.log_inputs(run.run_id, [DatasetInput(MlflowDataset("pairs", digest[:36], "local", source))])
            run.client.set_tag(run.run_id, "dataset.pairs.sha256", digest)
    champion = ModelVersion("adders", "1", 0, run_id=run.run_id)
    baseline = find_baseline.fn(run.tracking_uri, champion, None)
    assert baseline
    assert (baseline.rows, baseline.sha256) == (rows, digest)
    (rows / "clean.parquet").write_bytes(b"other rows")
    assert find_baseline.fn(run.tracking_uri, champion, None) is None
