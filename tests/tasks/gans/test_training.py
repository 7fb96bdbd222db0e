"""The training loop between the networks and MLflow: what it saves, how it resumes, what it does on a collapse."""

import json
import os
import time
import tracemalloc
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from eightytwenty.errors import UserError
from eightytwenty.pictures.run import clean_pictures
from eightytwenty.pictures.schema import pictures_table
from eightytwenty.pictures.source import open_pictures
from models.gans.quality.collapse import Alarm
from models.gans.quality.features import PixelFeatures
from models.gans.quality.measure import real_floor
from schemas.parameters import GanParameters
from tasks.gans.checkpoint import SPEED, Checkpoint, load_checkpoint, remove_abandoned, save_checkpoint
from tasks.gans.config import GanConfig
from tasks.gans.data import SAMPLES, attribute_square, evaluation_inputs, training_set
from tasks.gans.train import Training
from tasks.ingest.generate import generate_pictures

FLOOR = {"real_coverage": 0.95, "real_diversity": 1.0}


def cleaned(folder, source: str, rows: int = 130):
    raw = generate_pictures(folder / "pictures", source=source, rows=rows, size=32, dirt=0.1, seed=0)
    clean_pictures(open_pictures(raw), pictures_table(32), folder / "clean")
    return folder / "clean"


@pytest.fixture(scope="module")
def avatars(tmp_path_factory):
    return training_set(cleaned(tmp_path_factory.mktemp("avatars"), "avatars"), seed=0)


@pytest.fixture(scope="module")
def ellipses(tmp_path_factory):
    return training_set(cleaned(tmp_path_factory.mktemp("ellipses"), "ellipses-colour"), seed=0)


def training(data, gpus=(), **changes):
    config = {
        "recipe": "stable",
        "size": 32,
        "epochs": 3,
        "batch_size": 32,
        "collapse_share": 0.0,
        "on_collapse": "continue",
        "seed": 0,
    }
    return Training(data, PixelFeatures.fit(data.images), FLOOR, None, GanConfig(**{**config, **changes}), gpus)


def test_every_clean_picture_is_learned_from_or_held_out(tmp_path):
    folder = cleaned(tmp_path, "avatars")
    data = training_set(folder, seed=3)
    whole = np.load(folder / "pictures.npy")
    both = np.concatenate([data.images[:], data.held_out_images])
    assert sorted(map(bytes, both)) == sorted(map(bytes, whole))
    assert len(data.held_out_images) == max(16, len(whole) // 10)
    assert data.codes.shape == (len(data.images), len(data.attributes))
    assert not np.array_equal(training_set(folder, seed=4).held_out_images, data.held_out_images)


def test_too_few_pictures_are_one_sentence(tmp_path):
    with pytest.raises(UserError, match=r"clean pictures are too few to train on: give a source with at least 100"):
        training_set(cleaned(tmp_path, "ellipses-white", rows=100), seed=0)


def test_two_attributes_form_a_readable_square(avatars):
    square = attribute_square(avatars, seed=0)
    assert len(square.row_labels) == len(square.column_labels) == 4
    names = [attribute.name for attribute in avatars.attributes]
    varied = [index for index in range(len(names)) if len(set(square.codes[:, index])) > 1]
    assert len(varied) == 2
    row_name, row_value = square.row_labels[2].split(": ")
    place = names.index(row_name.replace(" ", "_"))
    assert {avatars.attributes[place].values[code] for code in square.codes[8:12, place]} == {row_value}
    assert (square.noise == square.noise[0]).all()


def test_the_samples_of_an_epoch_are_different_faces(avatars):
    noise, codes = evaluation_inputs(avatars, seed=0)
    assert len(np.unique(noise[:SAMPLES], axis=0)) == SAMPLES
    assert len(np.unique(codes[:SAMPLES], axis=0)) == SAMPLES


def test_with_one_attribute_the_noise_makes_the_columns_differ(avatars):
    data = replace(avatars, codes=avatars.codes[:, :1], held_out_codes=avatars.held_out_codes[:, :1])
    square = attribute_square(replace(data, attributes=avatars.attributes[:1]), seed=0)
    noise, codes = square.noise.reshape(4, 4, -1), square.codes.reshape(4, 4)
    assert (noise == noise[0]).all()
    assert len(np.unique(noise[0], axis=0)) == 4
    assert (codes == codes[:, :1]).all()
    assert len(square.row_labels) == 4
    assert square.column_labels == ()


@pytest.mark.parametrize("source", ["avatars", "ellipses-colour"])
def test_the_fewest_rows_that_the_form_allows_are_enough(tmp_path, source):
    (least,) = (bound.ge for bound in GanParameters.model_fields["rows"].metadata if hasattr(bound, "ge"))
    raw = generate_pictures(tmp_path / "pictures", source=source, rows=least, size=32, dirt=0.2, seed=0)
    clean_pictures(open_pictures(raw), pictures_table(32), tmp_path / "clean")
    assert training_set(tmp_path / "clean", seed=0)


def test_the_fewest_pictures_are_enough_for_all_measures(tmp_path):
    raw = generate_pictures(tmp_path / "pictures", source="avatars", rows=100, size=32, dirt=0, seed=0)
    clean_pictures(open_pictures(raw), pictures_table(32), tmp_path / "clean")
    data = training_set(tmp_path / "clean", seed=0)
    assert (len(data.images), len(data.held_out_images)) == (84, 16)
    assert real_floor(PixelFeatures.fit(data.images), data.held_out_images, 0)["real_coverage"] > 0


def test_as_many_pictures_are_measured_as_are_held_out(ellipses):
    noise, codes = evaluation_inputs(ellipses, seed=0)
    assert noise.shape == (len(ellipses.held_out_images), 100)
    assert codes.shape == (len(ellipses.held_out_images), 0)


def test_a_checkpoint_is_loaded_as_it_was_saved(tmp_path):
    checkpoint = Checkpoint(
        state={"0000": np.arange(3), "0001": np.float32([1.5])},
        best={"0000": np.ones(2)},
        best_epoch=1,
        history={"fid": [3.5, float("inf")]},
        samples=[np.zeros((16, 4, 4, 3), np.uint8), np.ones((16, 4, 4, 3), np.uint8)],
        alarms=[Alarm("coverage", 0.1, 0.4, 2)],
    )
    save_checkpoint(tmp_path, checkpoint)
    loaded = load_checkpoint(tmp_path)
    assert loaded.epochs == 2
    assert loaded.state.keys() == checkpoint.state.keys()
    assert all((loaded.state[name] == value).all() for name, value in checkpoint.state.items())
    assert (loaded.best["0000"] == 1).all()
    assert (loaded.best_epoch, loaded.history, loaded.alarms) == (1, checkpoint.history, checkpoint.alarms)
    assert (np.stack(loaded.samples) == np.stack(checkpoint.samples)).all()
    assert load_checkpoint(tmp_path / "nothing").epochs == 0


DAMAGES = {
    "cut off": lambda content: content[:-40],
    "half written": lambda content: content[: len(content) // 2],
    "emptied": lambda content: content[:0],
    "a bit flipped": lambda content: content[:900] + bytes([content[900] ^ 1]) + content[901:],
    "its directory overwritten": lambda content: content[:-200] + bytes(200),
    "another file": lambda content: content[::-1],
}


def save_twice(folder):
    checkpoint = Checkpoint(state={"0000": np.arange(500)}, samples=[np.zeros((16, 4, 4, 3), np.uint8)])
    save_checkpoint(folder, checkpoint)
    save_checkpoint(folder, replace(checkpoint, samples=checkpoint.samples * 2))


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize(
    ("names", "epochs", "effect"),
    [
        (["newest.npz"], 1, "continues after epoch 1"),
        (["samples-00002.npz"], 1, "continues after epoch 1"),
        (["newest.npz", "previous.npz"], 0, "starts from the beginning"),
        (["samples-00001.npz"], 0, "starts from the beginning"),
    ],
)
def test_after_damage_the_previous_checkpoint_is_used(tmp_path, damage, names, epochs, effect, caplog):
    save_twice(tmp_path)
    for name in names:
        (tmp_path / name).write_bytes(damage((tmp_path / name).read_bytes()))
    assert load_checkpoint(tmp_path).epochs == epochs
    (line,) = caplog.messages
    assert line.startswith(str(tmp_path / "newest.npz"))
    assert line.endswith(f"damaged; the training {effect}")


def test_a_process_killed_between_the_two_files_leaves_the_previous_one(tmp_path, caplog):
    save_twice(tmp_path)
    (tmp_path / "newest.npz").unlink()
    assert load_checkpoint(tmp_path).epochs == 1
    assert not caplog.messages


def test_an_epoch_writes_only_its_own_samples(tmp_path):
    save_twice(tmp_path)
    first = (tmp_path / "samples-00001.npz").stat().st_mtime_ns
    save_checkpoint(tmp_path, Checkpoint(samples=[np.full((16, 4, 4, 3), epoch, np.uint8) for epoch in (7, 8, 9)]))
    assert (tmp_path / "samples-00001.npz").stat().st_mtime_ns == first
    assert [samples[0, 0, 0, 0] for samples in load_checkpoint(tmp_path).samples] == [0, 0, 9]


def test_abandoned_checkpoints_are_removed(tmp_path):
    names = ("abandoned", "old, and about to continue", "recent")
    for name in names:
        (tmp_path / name).mkdir()
        save_twice(tmp_path / name)
    month_ago = time.time() - 31 * 24 * 3600
    for name in names[:2]:
        for place in (*(tmp_path / name).iterdir(), tmp_path / name):
            os.utime(place, (month_ago, month_ago))
    os.utime(tmp_path / "recent", (month_ago, month_ago))
    remove_abandoned(tmp_path, tmp_path / names[1])
    assert sorted(place.name for place in tmp_path.iterdir()) == sorted(names[1:])


def test_pictures_to_learn_from_stay_on_disk(tmp_path):
    """100,000 pictures of 128x128 are 5 GB."""
    rows = 30_000
    np.save(tmp_path / "pictures.npy", np.random.default_rng(0).integers(0, 256, (rows, 32, 32, 3), np.uint8))
    (tmp_path / "attributes.json").write_text("{}")
    pl.DataFrame({"record": np.ones(rows, np.int64)}).write_parquet(tmp_path / "clean.parquet")
    tracemalloc.start()
    data = training_set(tmp_path, seed=0)
    evaluation_inputs(data, seed=0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < (tmp_path / "pictures.npy").stat().st_size / 10
    whole = np.load(tmp_path / "pictures.npy")
    assert (data.images[np.array([0, 5])] == whole[data.images.rows[[0, 5]]]).all()
    assert (PixelFeatures.fit(data.images).mean == PixelFeatures.fit(data.images[:]).mean).all()


def test_whichever_byte_of_a_checkpoint_is_damaged_it_is_read_correctly_or_not_at_all(tmp_path):
    checkpoint = Checkpoint(state={"0000": np.arange(9)}, samples=[np.zeros((16, 1, 1, 3), np.uint8)])
    save_checkpoint(tmp_path, checkpoint)
    newest = tmp_path / "newest.npz"
    content = newest.read_bytes()
    for place in range(len(content)):
        newest.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        loaded = load_checkpoint(tmp_path)
        assert loaded.epochs == 0 or (loaded.state["0000"] == checkpoint.state["0000"]).all()
        newest.write_bytes(content[:place])
        assert load_checkpoint(tmp_path).epochs == 0


def test_a_training_continues_where_it_was_interrupted(tmp_path, avatars):
    class StopTrainingError(Exception):
        pass

    def stop(checkpoint):
        if checkpoint.epochs == 2:
            raise StopTrainingError

    epochs: list[int] = []
    # batches that are read ahead, as for a GPU, are the same
    _, whole = training(avatars, ["GPU:0"]).run(tmp_path / "whole", lambda checkpoint: epochs.append(checkpoint.epochs))
    assert epochs == [1, 2, 3]
    with pytest.raises(StopTrainingError):
        training(avatars).run(tmp_path / "cut", stop)
    epochs.clear()
    for _ in range(2):
        _, resumed = training(avatars).run(tmp_path / "cut", lambda checkpoint: epochs.append(checkpoint.epochs))
        assert epochs == [2, 3]  # the saved epoch is reported again: it may not have been logged
        assert all((resumed.state[name] == value).all() for name, value in whole.state.items())
        steady = {name: values for name, values in whole.history.items() if name != SPEED}
        assert json.dumps({name: resumed.history[name] for name in steady}) == json.dumps(steady)
        assert (np.stack(resumed.samples) == np.stack(whole.samples)).all()
        # once more, with a damaged newest checkpoint
        epochs.clear()
        newest = tmp_path / "cut" / "newest.npz"
        newest.write_bytes(newest.read_bytes()[:-1000])


@pytest.mark.parametrize(
    ("recipe", "gpus", "given", "used"),
    [
        ("stable", [], 0, 16),
        ("stable", ["GPU:0"], 0, 64),
        ("stable", ["GPU:0"], 16, 16),
        ("dcgan", ["GPU:0"], 0, 128),
    ],
)
def test_a_step_shows_more_pictures_where_there_is_a_gpu(recipe, gpus, given, used):
    config = GanConfig(size=32, epochs=1, seed=0, recipe=recipe, batch_size=given)
    assert config.on(gpus).batch_size == used


@pytest.mark.parametrize(("on_collapse", "epochs"), [("continue", 6), ("stop", 3), ("roll-back", 3)])
def test_what_a_collapse_leads_to(tmp_path, ellipses, on_collapse, epochs):
    """No young network reaches a share of 1, so the alarm comes as soon as it is no longer young."""
    noise, codes = evaluation_inputs(ellipses, 0)
    gan, done = training(ellipses, epochs=6, collapse_share=1.0, on_collapse=on_collapse).run(tmp_path, lambda _: None)
    assert done.epochs == epochs
    assert done.alarms
    sound = [epoch for epoch in range(1, epochs + 1) if epoch not in {alarm.epoch for alarm in done.alarms}]
    assert done.best_epoch == min(sound, key=lambda epoch: done.history["fid"][epoch - 1])
    assert "has collapsed or is collapsing" in str(done.alarms[0])
    drawn = gan.draw(noise[:4], codes[:4])
    best = [variable.tobytes() for variable in done.best.values()]
    now = [np.asarray(variable).tobytes() for variable in gan.sampler.variables]
    assert (now == best) == (on_collapse == "roll-back" or done.best_epoch == done.epochs)
    assert drawn.shape == (4, 32, 32, 3)
