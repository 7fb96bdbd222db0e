"""Retraining of the GAN: pictures in, a generator that draws such pictures out."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion

from eightytwenty.engine.summary import Summary
from eightytwenty.errors import UserError
from eightytwenty.files import sha256
from eightytwenty.pictures.dataset import read_pictures
from eightytwenty.pictures.run import clean_pictures
from eightytwenty.pictures.schema import pictures_table
from eightytwenty.pictures.source import open_pictures
from eightytwenty.pictures.store import ATTRIBUTES, PICTURES
from schemas.attributes import KNOWN
from schemas.parameters import GanParameters, RetrainAvatarsParameters
from tasks.ingest.generate import ATTRIBUTION, AVATARS
from tasks.retrain.experiment import RefusedError, Taken
from tasks.retrain.gate import Decision, Scores, decide_gan
from tasks.retrain.held_out import enough, held_out_pictures
from tasks.retrain.inbox import Delivery
from tasks.retrain.versions import RAW, Version, link_tree
from tasks.running.allowed_paths import require_allowed_to_copy
from tasks.running.stages import Stage, data_folder, run_stage
from tasks.tracking.registry import describe, load
from tasks.tracking.run import Run

if TYPE_CHECKING:
    from tasks.gans.measures import Measures
    from tasks.gans.pictures import CleanPictures

_TABLE = ".attributes.parquet"  # behind the name of a delivery's folder: its pictures' attributes
_ALARMS = "alarms"  # tag of a model version
_BLOCK = 1024  # pictures looked at at a time


class PictureExperiment:
    """See `tasks.retrain.experiment.Experiment`. tasks/gans is imported where used: it loads TensorFlow."""

    flow, cleaned = "retrain-avatars", "pictures"

    def __init__(self, parameters: RetrainAvatarsParameters) -> None:
        self._parameters, self._table = parameters, pictures_table(parameters.size)

    def start(self) -> Delivery | None:
        """Avatars drawn here, or a folder or archive."""
        from tasks.gans.tasks import ingest_pictures

        parameters = self._parameters
        if parameters.start != AVATARS:
            return Delivery.at(require_allowed_to_copy(parameters.start)) if parameters.start else None
        drawn = parameters.model_dump(include={"rows", "size", "seed"})
        raw = ingest_pictures(GanParameters(source=AVATARS, dirt=0, **drawn))

        def make(folder: Path) -> None:
            link_tree(raw.path, folder / AVATARS)
            (folder / AVATARS / ATTRIBUTION).write_text(raw.attribution)

        return Delivery.at(run_stage(data_folder(), "start", {"raw": raw.sha256}, {}, make).folder / AVATARS)

    def take(self, delivery: Delivery) -> Taken:
        """Cleans and checks a delivery: a folder or an archive with, or without, a table of attributes."""
        from tasks.gans.pictures import RawPictures
        from tasks.gans.tasks import check_pictures, clean_raw_pictures

        digest = open_pictures(delivery.path, known=KNOWN).sha256  # says in one sentence why it holds no pictures
        cleaned = clean_raw_pictures(RawPictures(delivery.path, digest, 0.0), self._gan(str(delivery.path)))
        checked = check_pictures(cleaned, self._parameters.most_quarantine)
        return Taken(delivery, cleaned.folder, cleaned.stage.sha256, cleaned.summary, checked)

    def put(self, taken: Taken, place: Path) -> None:
        """Writes the files of the clean pictures as they came, and their attributes into a table beside."""
        rows = pl.read_parquet(taken.rows / "clean.parquet")
        names = set(rows["source"])
        source = open_pictures(taken.delivery.path, known=KNOWN)
        for picture, content in source.read():
            if picture.name in names and content is not None:
                file = place / picture.name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
        attribution = taken.delivery.path / ATTRIBUTION
        if attribution.is_file():
            shutil.copy2(attribution, place / ATTRIBUTION)
        table = rows.drop("source", "record").insert_column(0, (f"{place.name}/" + rows["source"]).alias("file"))
        table.write_parquet(place.with_name(f"{place.name}{_TABLE}"))

    def clean(self, folder: Path) -> Summary:
        """Cleans all accepted pictures of a version together, with one table of all their attributes."""
        raw, table = folder / RAW, folder / "attributes.csv"
        tables = [pl.read_parquet(file) for file in sorted(raw.glob(f"*{_TABLE}"))]
        for other in tables[1:]:
            if other.columns != tables[0].columns:
                old, new = (", ".join(one.columns[1:]) or "none" for one in (tables[0], other))
                raise RefusedError(f"The dataset has the attributes {old}, and the new pictures have {new}.")
        attributes = tables[0].width > 1
        if attributes:
            pl.concat(tables).write_csv(table)
        return clean_pictures(
            open_pictures(raw, table if attributes else None, known=KNOWN), self._table, folder / self.cleaned
        )

    def profile(self, rows: Path) -> pl.DataFrame:
        """The attributes, and of each picture brightness, contrast, and how red, green and blue it is (0 to 255)."""
        pictures = read_pictures(rows)
        looks = [_looks(pictures.images[start : start + _BLOCK]) for start in range(0, len(pictures.images), _BLOCK)]
        names = [one.name for one in pictures.attributes]
        return pl.concat([pl.read_parquet(rows / "clean.parquet", columns=names), pl.concat(looks)], how="horizontal")

    def fits(self, champion: ModelVersion) -> None:
        """A champion of another size draws other pictures."""
        known = champion.tags.get("size", "another number of")
        if known != str(self._parameters.size):
            raise UserError(
                f"the champion {champion.name}/{champion.version} draws pictures of {known} pixels, and a challenger "
                f"of {self._parameters.size} cannot be compared with it: give its size, or another model."
            )

    @property
    def challenger(self) -> Mapping[str, object]:
        """What it is trained with."""
        return self._parameters.model_dump(include={"size", "epochs", "seed"})

    @property
    def gate(self) -> Mapping[str, object]:
        """What it must show."""
        return self._parameters.model_dump(include={"least_coverage", "margin"})

    def train(self, run: Run, version: Version) -> int:
        """Trains a GAN as the gan flow does, on the rows that are not held out."""
        from tasks.gans.tasks import train_gan

        pictures = self._part(version, "training")
        trained = train_gan(run, pictures, self._measures(version), self._gan(str(version.folder)), promote=False)
        alarms = str(len(trained.checkpoint.alarms))
        run.client.set_model_version_tag(self._parameters.model, str(trained.version), _ALARMS, alarms)
        return trained.version

    def score(self, client: MlflowClient, model: ModelVersion, version: Version) -> Scores:
        """Draws as many pictures as are held out, of the same attributes, and measures them against these.

        Raises:
            UserError: the network knows other attributes than the pictures have.
        """
        from models.gans.draw import draw_with
        from models.gans.gan import NOISE
        from models.gans.quality.measure import measure
        from tasks.gans.data import training_set

        held = read_pictures(self._part(version, "held_out").folder)
        generator = load(client, model)
        attributes = [[one.name, list(one.values)] for one in held.attributes]
        if "attributes" in generator.input and describe(client, model)["attributes"] != attributes:
            raise UserError(
                f"{model.name}/{model.version} knows other attributes than {version.name} has, and cannot be compared "
                "with what learns from it: give another model."
            )
        noise = np.random.default_rng([self._parameters.seed, 3]).standard_normal((len(held.images), NOISE), np.float32)
        given = {"noise": noise, "attributes": held.codes}
        drawn = draw_with(generator, {name: given[name] for name in generator.input})
        learned = training_set(self._part(version, "training").folder, self._parameters.seed)
        measured = measure(self._measures(version).features(learned), np.asarray(held.images), drawn)
        return {**measured, "alarms": float(model.tags.get(_ALARMS, 0))}

    def decide(self, challenger: Scores, champion: Scores | None) -> Decision:
        """By coverage, alarms and FID."""
        gate = self._parameters
        return decide_gan(challenger, champion, least_coverage=gate.least_coverage, margin=gate.margin)

    def finish(self, version: Version) -> None:
        """Removes the checkpoints."""
        from tasks.gans.tasks import checkpoints

        shutil.rmtree(checkpoints(self._part(version, "training"), self._gan(str(version.folder))), ignore_errors=True)

    def _gan(self, source: str) -> GanParameters:
        """The parameters of the gan flow for a source of one's own."""
        asked = self._parameters.model_dump(include={"size", "epochs", "seed", "model", "most_quarantine"})
        return GanParameters(source=source, **asked)

    def _measures(self, version: Version) -> "Measures":
        """The features in which both are measured, found on the training rows."""
        from tasks.gans.tasks import find_features

        return find_features(self._part(version, "training"), self._gan(str(version.folder)))

    def _part(self, version: Version, part: str) -> "CleanPictures":
        """The rows of a version to learn from, or those held out, as a folder of cleaned pictures."""
        from tasks.gans.pictures import CleanPictures, RawPictures

        def make(folder: Path) -> None:
            rows = pl.read_parquet(version.rows_folder / "clean.parquet")
            images = read_pictures(version.rows_folder).images
            held_out = enough(held_out_pictures(images), version.name, "pictures")
            for name, mask in (("training", ~held_out), ("held_out", held_out)):
                place = folder / name / self.cleaned
                place.mkdir(parents=True)
                rows.filter(mask).write_parquet(place / "clean.parquet")
                np.save(place / PICTURES, images[mask])
                shutil.copy2(version.rows_folder / ATTRIBUTES, place / ATTRIBUTES)

        stage = run_stage(data_folder(), "split", {"dataset": version.sha256}, {}, make)
        folder = stage.folder / part
        attribution = "".join(sorted({file.read_text() for file in version.raw.glob(f"*/{ATTRIBUTION}")}))
        return CleanPictures(
            f"{self._parameters.model}-{version.name}",
            RawPictures(version.raw, version.sha256, 0.0, attribution=attribution),
            Stage(stage.name, folder, sha256(folder), stage.seconds, stage.fresh),
            Summary.load(version.rows_folder),
        )


def _looks(images: np.ndarray) -> pl.DataFrame:
    """Brightness, contrast and mean colours of (n, size, size, 3) uint8 pictures."""
    values = images.astype(np.float32)
    colours = values.mean(axis=(1, 2))
    looks = {"brightness": colours.mean(axis=1), "contrast": values.mean(axis=3).std(axis=(1, 2))}
    return pl.DataFrame(looks | dict(zip(("red", "green", "blue"), colours.T, strict=True)))
