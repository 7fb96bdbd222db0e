"""Pictures by epoch in the embedded store."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tasks.tracking.lifecycle import parent_run
from tasks.tracking.run import Run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        with parent_run(tmp_path_factory.mktemp("images"), "gans", "one", {}) as run:
            return run


def picture(colour: int) -> np.ndarray:
    return np.full((6, 8, 3), colour, dtype=np.uint8)


def files(run: Run) -> list[Path]:
    folder = Path(run.client.get_run(run.run_id).info.artifact_uri.removeprefix("file://")) / "images"
    return sorted(folder.iterdir())


def pixels(run: Run, step: int, key: str = "samples") -> np.ndarray:
    (file,) = (file for file in files(run) if file.name.startswith(f"{key}+step+{step}+") and file.suffix == ".png")
    with Image.open(file) as image:
        return np.asarray(image)


def test_each_step_and_key_has_a_picture_of_its_own(run: Run) -> None:
    for step in (1, 2, 12):
        run.log_picture(picture(step), step)
    run.log_picture(picture(99), 1, key="real")
    assert len(files(run)) == 8  # a PNG and a small WebP copy of each
    for step in (1, 2, 12):
        np.testing.assert_array_equal(pixels(run, step), picture(step))
    np.testing.assert_array_equal(pixels(run, 1, "real"), picture(99))
    assert run.client.get_run(run.run_id).data.tags["mlflow.loggedImages"] == "True"


def test_a_step_that_is_logged_again_replaces_the_first(run: Run) -> None:
    run.log_picture(picture(3), 3)
    before = files(run)
    run.log_picture(picture(4), 3)
    assert len(files(run)) == len(before)
    np.testing.assert_array_equal(pixels(run, 3), picture(4))
    assert len(run.logged_pictures(3)) == 2


def test_a_picture_that_a_killed_process_wrote_in_part_is_replaced(run: Run) -> None:
    run.log_picture(picture(7), 7)
    for file in files(run):
        if file.name.startswith("samples+step+7+"):
            if file.suffix == ".webp":
                file.unlink()
            else:
                file.write_bytes(file.read_bytes()[:20])
    run.log_picture(picture(7), 7)
    np.testing.assert_array_equal(pixels(run, 7), picture(7))
    assert len(run.logged_pictures(7)) == 2
