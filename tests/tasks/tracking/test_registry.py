"""Registered models: versions and aliases, in the embedded store and through a server."""

import shutil
import subprocess
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion

from eightytwenty.errors import UserError
from eightytwenty.files import remove
from tasks.tracking.champion import promote
from tasks.tracking.lifecycle import parent_run
from tasks.tracking.local import DIGEST, SUMS
from tasks.tracking.registry import describe, find, load, register, version_with_tags
from tasks.tracking.store import connect
from tests.tasks.damages import DAMAGES, damage
from tests.tasks.generator import ATTRIBUTES, NOISE, SIZE, log_generator, tiny_generator
from tests.tasks.tracking.test_server import server  # noqa: F401


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with "avatars" in two versions, the first of them champion, and "ellipses" in one."""
    data = tmp_path_factory.mktemp("registry")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        with parent_run(data, "gans", "one", {}) as run:
            for name, conditional in (("avatars", True), ("avatars", True), ("ellipses", False)):
                log_generator(run, name, conditional)
            run.client.set_registered_model_alias("avatars", "champion", "1")
    return data


@pytest.fixture
def client(data: Path, monkeypatch: pytest.MonkeyPatch) -> MlflowClient:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return connect(data)


def inputs() -> dict[str, np.ndarray]:
    noise = np.random.default_rng(0).normal(size=(3, NOISE)).astype(np.float32)
    return {"noise": noise, "attributes": np.array([[0, 1], [1, 0], [2, 1]], dtype=np.int32)}


def test_a_registered_generator_comes_back_as_it_was(client: MlflowClient) -> None:
    version = find(client, "avatars@champion")
    assert (version.name, int(version.version), version.tags["recipe"]) == ("avatars", 1, "tiny")
    assert describe(client, version) == {
        "attributes": [[*attribute] for attribute in ATTRIBUTES.items()],
        "size": SIZE,
        "noise": NOISE,
        "attribution": "",
    }
    np.testing.assert_array_equal(np.asarray(load(client, version)(inputs())), np.asarray(tiny_generator()(inputs())))
    assert client.get_run(version.run_id).info.run_name == "one"
    files = {file.name: file for file in Path(version.source.removeprefix("file://")).rglob("*")}
    assert not [name for name in files if "pickle" in name or name.endswith(".pkl")]
    signature = files["MLmodel"].read_text()
    assert "noise" in signature
    assert "int32" in signature


def test_a_version_is_found_by_its_tags(client: MlflowClient) -> None:
    tiny = {"recipe": "tiny"}
    versions = [version_with_tags(client, name, tiny) for name in ("avatars", "ellipses", "unknown")]
    assert versions == [2, 1, None]
    assert version_with_tags(client, "avatars", {**tiny, "size": "64"}) is None


def test_an_unconditional_generator_takes_only_noise(client: MlflowClient) -> None:
    noise = inputs()["noise"]
    pictures = np.asarray(load(client, find(client, "ellipses/1"))({"noise": noise}))
    assert pictures.shape == (3, SIZE, SIZE, 3)
    np.testing.assert_array_equal(pictures, np.asarray(tiny_generator(conditional=False)({"noise": noise})))


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        (
            "cats@champion",
            "there is no registered model 'cats': choose one of avatars, ellipses, or train another with",
        ),
        ("cat's/1", 'there is no registered model "cat\'s"'),
        ("@champion", "there is no registered model ''"),
        ("avatars@best", "avatars@champion (version 1), avatars/1, avatars/2."),
        ("avatars/3", "avatars/1, avatars/2."),
        ("avatars", "there is no 'avatars': choose one of"),
        ("avatars/two", "there is no 'avatars/two': choose one of"),
        ("ellipses@champion", "there is no 'ellipses@champion': choose one of ellipses/1."),
    ],
)
def test_an_unknown_model_is_an_error_that_lists_those_that_exist(client, model, sentence) -> None:
    with pytest.raises(UserError) as error:
        find(client, model)
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


READERS: dict[str, Callable[[MlflowClient, ModelVersion], object]] = {"MLmodel": describe, "data/model.keras": load}


@pytest.fixture(scope="module")
def damaged(data: Path) -> dict[str, ModelVersion]:
    """A model whose files may be damaged, as it is registered now, and as an earlier release did without digests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        with parent_run(data, "gans", "damaged", {}) as run:
            log_generator(run, "damaged", conditional=False)
            register(run, run.model_id, "damaged")
            run.client.delete_model_version_tag("damaged", "2", DIGEST)
        return {"now": find(run.client, "damaged/1"), "earlier": find(run.client, "damaged/2")}


UNNOTICED = {"a flipped bit", "a missing key", "another type", "a half"}
"""What may go unnoticed without a digest."""


@pytest.mark.parametrize(
    ("registered", "how"),
    [*product(["now"], DAMAGES), *product(["earlier"], sorted({*DAMAGES} - UNNOTICED))],
)
@pytest.mark.parametrize("file", READERS)
def test_a_damaged_file_is_a_sentence_that_names_it(
    client: MlflowClient, damaged: dict[str, ModelVersion], file: str, registered: str, how: str
) -> None:
    version = damaged[registered]
    path = Path(version.source.removeprefix("file://")) / file
    content = path.read_bytes()
    damage(path, how)
    try:
        with pytest.raises(UserError) as error:
            READERS[file](client, version)
    finally:
        remove(path)
        path.write_bytes(content)
    assert f"{file} of the model damaged/{version.version} " in str(error.value)
    assert "\n" not in str(error.value)
    READERS[file](client, version)


def test_damaged_digests_are_a_sentence_that_names_their_file(client: MlflowClient, damaged) -> None:
    sums = Path(damaged["now"].source.removeprefix("file://")) / SUMS
    content = sums.read_bytes()
    for damaged_content in (b"", content.replace(b"a", b"b", 1)):
        sums.write_bytes(damaged_content)
        with pytest.raises(UserError, match="SHA256SUMS of the model damaged/1 was changed"):
            load(client, damaged["now"])
    sums.write_bytes(content)
    folder = sums.parent
    subprocess.run(["sha256sum", "--check", "--strict", SUMS], cwd=folder, check=True, capture_output=True)


def test_missing_files_are_an_error(client: MlflowClient, damaged: dict[str, ModelVersion]) -> None:
    version = damaged["now"]
    folder = Path(version.source.removeprefix("file://"))
    (folder / "data" / "model.keras").unlink()
    with pytest.raises(UserError, match=r"damaged/1 has no file data/model\.keras"):
        load(client, version)
    shutil.rmtree(folder)
    with pytest.raises(UserError, match="damaged/1 has no file MLmodel"):
        describe(client, version)


def test_code_that_came_with_a_model_does_not_run(client: MlflowClient, data: Path) -> None:
    import keras

    from tasks.tracking.networks import log_model

    noise = keras.Input((NOISE,), name="noise")
    hostile = keras.Model({"noise": noise}, keras.layers.Lambda(lambda x: x * 2)(noise))
    with parent_run(data, "gans", "hostile", {}) as run:
        model_id = log_model(run, hostile, {"noise": np.zeros((1, NOISE), dtype=np.float32)})
        number = register(run, model_id, "hostile")
    with pytest.raises(UserError, match="cannot be loaded safely"):
        load(client, find(client, f"hostile/{number}"))


def test_models_and_pictures_go_through_a_server(
    server: str,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    monkeypatch.setenv("EIGHTYTWENTY_DATA", str(tmp_path / "data"))
    with parent_run(tmp_path / "data", "served", "one", {}) as run:
        assert log_generator(run, "avatars") == 1
        assert log_generator(run, "avatars") == 2
        assert promote(run.client, "avatars", 2, "It was better.").version == 2
        for _ in range(2):
            run.log_picture(np.zeros((4, 4, 3), dtype=np.uint8), step=1)
        assert len(run.logged_pictures(1)) == 2
    with parent_run(tmp_path / "data", "served", "another", {"epochs": 3}, resume=run.run_id) as again:
        assert again.run_id == run.run_id
    assert run.client.get_run(run.run_id).data.params == {"epochs": "3"}
    version = find(run.client, "avatars@champion")
    assert int(version.version) == 2
    assert describe(run.client, version)["noise"] == NOISE
    np.testing.assert_array_equal(
        np.asarray(load(run.client, version)(inputs())), np.asarray(tiny_generator()(inputs()))
    )
    assert not (tmp_path / "data" / "mlflow").exists()
