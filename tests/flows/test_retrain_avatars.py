"""The retraining of the GAN as a schedule runs it: collapsed pictures, wrong ones, and good ones."""

import io
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from mlflow import MlflowClient
from prefect import State

from eightytwenty.errors import UserError
from flows.retraining import Retraining, retrain_avatars
from tasks.ingest.avatars import draw_attributes, draw_avatar
from tasks.ingest.generate import as_png
from tasks.servers.private_prefect import prefect_api
from tasks.tracking.champion import champion, history
from tasks.tracking.store import connect
from tests.flows.retraining import deliver

SIZE = 32
# after two epochs a GAN draws nothing yet; these tests are about the way to the gate, and the gate
QUICK = {"rows": 400, "size": SIZE, "epochs": 2, "least_coverage": 0.0}

Files = dict[str, bytes]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder with a dataset of one version and a champion."""
    data = tmp_path_factory.mktemp("retrain") / "data"
    with pytest.MonkeyPatch.context() as patch, prefect_api(data):
        patch.setenv("EIGHTYTWENTY_DATA", str(data))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        result = retrain().result()
        assert result.judgement.decision.promoted
        yield data


@pytest.fixture
def client(data: Path) -> MlflowClient:
    return connect(data)


def retrain(**parameters: object) -> State[Retraining]:
    return retrain_avatars(**{**QUICK, **parameters}, return_state=True)


def deliver_zip(data: Path, name: str, files: Files) -> Path:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for file, file_content in files.items():
            archive.writestr(file, file_content)
    return deliver(data, name, content.getvalue(), "inbox/avatars")


def avatars(
    rows: int, seed: int, change: Callable[[np.ndarray, int], np.ndarray] = lambda picture, _: picture
) -> Files:
    """Pictures with a table of their attributes, each picture changed by `change`."""
    attributes = draw_attributes(rows, seed)
    files = {}
    for number, values in enumerate(attributes.iter_rows(named=True)):
        files[f"{number}.png"] = as_png(change(draw_avatar(values, SIZE), number))
    table = attributes.insert_column(0, pl.Series("file", list(files)))
    return {**files, "attributes.csv": table.write_csv().encode()}


def noisy(picture: np.ndarray, number: int) -> np.ndarray:
    noise = np.random.default_rng(number).integers(-25, 26, picture.shape)
    return np.clip(picture.astype(int) + noise, 0, 255).astype(np.uint8)


def one_picture_many_times() -> Files:
    """One face with a little noise, and the most varied attributes."""
    (face,) = (draw_avatar(values, SIZE) for values in draw_attributes(1, 9).iter_rows(named=True))
    return avatars(120, 1, lambda _, number: noisy(face, number))


def one_combination() -> Files:
    """Pictures that all have the same attributes, as a collapsed GAN would draw them."""
    attributes = draw_attributes(1, 9)
    (values,) = attributes.iter_rows(named=True)
    files = {f"{number}.png": as_png(noisy(draw_avatar(values, SIZE), number)) for number in range(120)}
    table = pl.concat([attributes] * len(files)).insert_column(0, pl.Series("file", list(files)))
    return {**files, "attributes.csv": table.write_csv().encode()}


def darkened() -> Files:
    """Correct faces with correct attributes, as from a camera with too little light."""
    return avatars(120, 2, lambda picture, _: (picture * 0.8).astype(np.uint8))


def without_beards() -> Files:
    """Only one attribute has lost its variety."""
    attributes = draw_attributes(500, 3).filter(pl.col("beard") == "none")
    files = {}
    for number, values in enumerate(attributes.iter_rows(named=True)):
        files[f"{number}.png"] = as_png(draw_avatar(values, SIZE))
    return {**files, "attributes.csv": attributes.insert_column(0, pl.Series("file", list(files))).write_csv().encode()}


def state_of(data: Path, client: MlflowClient) -> tuple[object, ...]:
    """What a refused delivery must not change."""
    current = champion(client, "avatars")
    versions = sorted(int(version.version) for version in client.search_model_versions("name = 'avatars'"))
    cards = sorted(card.read_text() for card in (data / "datasets" / "avatars").glob("v*/card.json"))
    return (current and current.version, history(client, "avatars"), versions, cards)


@pytest.mark.parametrize(
    ("poison", "words"),
    [
        (one_picture_many_times, ["refused"]),
        (one_combination, ["refused"]),
        (darkened, ["brightness must be distributed", "Kullback-Leibler"]),
        (without_beards, ["beard"]),
    ],
)
def test_poison_never_reaches_the_dataset(
    data: Path, client: MlflowClient, poison: Callable[[], Files], words: list[str]
) -> None:
    before = state_of(data, client)
    place = deliver_zip(data, "poison.zip", poison())
    with pytest.raises(UserError, match=r"poison\.zip: refused") as error:
        retrain().result()
    assert all(word in str(error.value) for word in words), str(error.value)
    assert state_of(data, client) == before
    assert retrain().name == "Nothing to do"
    place.unlink()


def mirrored_start() -> Files:
    """Mirrored twins of the first 60 pictures that the dataset begins with, named as these."""
    attributes = draw_attributes(400, 0).head(60)
    names = [f"avatars-{number:05}.png" for number in range(1, 61)]
    faces = [draw_avatar(values, SIZE)[:, ::-1] for values in attributes.iter_rows(named=True)]
    table = attributes.insert_column(0, pl.Series("file", names)).write_csv().encode()
    return {**dict(zip(names, map(as_png, faces), strict=True)), "attributes.csv": table}


def names_in(data: Path, part: str, start: str) -> set[str]:
    """Names of the pictures in one part of all splits whose source begins with the number of a version."""
    tables = (data / "stages").glob(f"split-*/output/{part}/pictures/clean.parquet")
    sources = [source for table in tables for source in pl.read_parquet(table)["source"].cast(pl.String)]
    return {Path(source).name for source in sources if source.startswith(start)}


def test_good_pictures_join_the_dataset_and_their_copies_do_not(data: Path, client: MlflowClient) -> None:
    files = avatars(150, 4)
    deliver_zip(data, "good.zip", {**files, "broken.png": b"no picture"})
    deliver_zip(data, "mirrored.zip", mirrored_start())
    result = retrain(margin=0.9).result()
    assert result.version.name == "v0002"
    assert result.version.rows == {"rows": 610, "clean": 610, "quarantine": 0, "duplicates": 0}
    learned, compared = (names_in(data, part, "0001") for part in ("training", "held_out"))
    learned_twins, compared_twins = (
        {name for name in names_in(data, part, "0002") if name.startswith("avatars-")}
        for part in ("training", "held_out")
    )
    assert not learned & compared  # in both versions a picture is on the same side
    assert not learned_twins & compared
    assert not compared_twins & learned
    assert compared_twins
    assert not result.drifts[0].drifted
    # no challenger's FID is smaller than the champion's by a share of .9
    assert not result.judgement.decision.promoted
    assert result.judgement.champion == 1
    assert champion(client, "avatars").version == 1
    assert set(result.judgement.scores) == {"challenger", "champion"}
    assert result.judgement.scores["challenger"]["fid"] != result.judgement.scores["champion"]["fid"]
    # with a smaller margin the same challenger is judged again, but neither trained nor registered again
    again = retrain(margin=0.0).result()
    assert again.judgement.challenger == result.judgement.challenger == 2
    assert again.judgement.scores == result.judgement.scores
    deliver_zip(data, "copies.zip", {**files, "one-more.png": files["7.png"]})
    with pytest.raises(UserError, match="already has all of their rows"):
        retrain(margin=0.0).result()


def test_a_champion_of_another_size_stops_the_run_before_training(data: Path, client: MlflowClient) -> None:
    before = state_of(data, client)
    with pytest.raises(UserError, match="draws pictures of 32 pixels, and a challenger of 64"):
        retrain(size=64).result()
    assert state_of(data, client) == before


def test_a_loose_picture_is_refused_with_what_to_do(data: Path) -> None:
    place = deliver(data, "loose.png", avatars(1, 5)["0.png"], "inbox/avatars")
    with pytest.raises(UserError, match=r"loose.png: refused.*folder"):
        retrain(margin=0.0).result()
    place.unlink()
