"""Retraining of the GAN: pictures in, a generator that draws such pictures out."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from prefect import get_run_logger

from eightytwenty.engine.summary import Summary
from eightytwenty.errors import UserError
from eightytwenty.files import sha256
from eightytwenty.pictures.dataset import read_pictures
from eightytwenty.pictures.near_twins import find_twins
from eightytwenty.pictures.run import clean_pictures
from eightytwenty.pictures.schema import pictures_table
from eightytwenty.pictures.source import open_pictures
from eightytwenty.pictures.store import ATTRIBUTES, PICTURES
from schemas.attributes import KNOWN_ATTRIBUTES
from schemas.parameters import GanParameters, RetrainAvatarsParameters
from tasks.ingest.generate import ATTRIBUTION, AVATARS
from tasks.retrain.experiment import CleanedDelivery, RefusedError
from tasks.retrain.gate import Decision, Scores, decide_gan
from tasks.retrain.held_out import require_enough, split_pictures
from tasks.retrain.inbox import Delivery
from tasks.retrain.reading import read_delivered_pictures
from tasks.retrain.versions import RAW, Version, link_tree
from tasks.running.allowed_paths import require_allowed_to_copy
from tasks.running.confined import run_confined
from tasks.running.stages import Stage, data_folder, run_stage
from tasks.tracking.registry import describe, load
from tasks.tracking.run import Run

if TYPE_CHECKING:
    from tasks.gans.data import CleanPictures
    from tasks.gans.measures import Measures

_TABLE = ".attributes.parquet"  # after the name of a delivery's folder: the attributes of its pictures
_ALARMS = "alarms"  # tag of a model version
_BLOCK = 1024  # pictures that are profiled at a time


class PictureExperiment:
    """See `tasks.retrain.experiment.Experiment`. tasks/gans is imported where it is used: it loads TensorFlow."""

    flow, rows_folder = "retrain-avatars", "pictures"

    def __init__(self, parameters: RetrainAvatarsParameters) -> None:
        self._parameters, self._table = parameters, pictures_table(parameters.size)

    def first_delivery(self) -> Delivery | None:
        """Drawn avatars, or a folder or archive."""
        from tasks.gans.tasks import ingest_pictures

        parameters = self._parameters
        if parameters.start != AVATARS:
            return Delivery.at(require_allowed_to_copy(parameters.start)) if parameters.start else None
        config = parameters.model_dump(include={"rows", "size", "seed"})
        raw = ingest_pictures(GanParameters(source=AVATARS, dirt=0, **config))

        def make(folder: Path) -> None:
            link_tree(raw.path, folder / AVATARS)
            (folder / AVATARS / ATTRIBUTION).write_text(raw.attribution, encoding="utf-8")

        return Delivery.at(run_stage(data_folder(), "start", {"raw": raw.sha256}, {}, make).folder / AVATARS)

    def clean_delivery(self, delivery: Delivery) -> CleanedDelivery:
        """Cleans and checks a delivery: a folder or an archive with, or without, a table of attributes."""
        from tasks.gans.data import RawPictures
        from tasks.gans.tasks import check_pictures, clean_raw_pictures

        def clean(raw: RawPictures, parameters: GanParameters, folder: Path) -> None:
            run_confined(read_delivered_pictures, str(raw.path), str(folder), parameters.size, size=delivery.size)

        raw = RawPictures(delivery.path, delivery.sha256, 0.0)
        cleaned = clean_raw_pictures(raw, self._gan(str(delivery.path)), clean)
        checked = check_pictures(cleaned, self._parameters.most_quarantine)
        return CleanedDelivery(delivery, cleaned.folder, cleaned.stage.sha256, cleaned.summary, checked)

    def copy_files(self, cleaned: CleanedDelivery, place: Path) -> None:
        """Copies the files of the clean pictures unchanged, and writes their attributes into a table next to them."""
        rows = pl.read_parquet(cleaned.rows / "clean.parquet")
        names = set(rows["source"])
        source = open_pictures(cleaned.delivery.path, known_attributes=KNOWN_ATTRIBUTES)
        for picture, content in source.read():
            if picture.name in names and content is not None:
                file = place / picture.name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
        attribution = cleaned.delivery.path / ATTRIBUTION
        if attribution.is_file():
            shutil.copy2(attribution, place / ATTRIBUTION)
        table = rows.drop("source", "record").insert_column(0, (f"{place.name}/" + rows["source"]).alias("file"))
        table.write_parquet(place.with_name(f"{place.name}{_TABLE}"))

    def clean_version(self, folder: Path) -> Summary:
        """Cleans all accepted pictures of a version together, with one table of all their attributes."""
        raw, table = folder / RAW, folder / "attributes.csv"
        tables = [pl.read_parquet(file) for file in sorted(raw.glob(f"*{_TABLE}"))]
        for new in tables[1:]:
            if new.columns != tables[0].columns:
                old_names, new_names = (", ".join(part.columns[1:]) or "none" for part in (tables[0], new))
                raise RefusedError(
                    f"The dataset has the attributes {old_names}, but the new pictures have {new_names}."
                )
        has_attributes = tables[0].width > 1
        if has_attributes:
            pl.concat(tables).write_csv(table)
        return clean_pictures(
            open_pictures(raw, table if has_attributes else None, known_attributes=KNOWN_ATTRIBUTES),
            self._table,
            folder / self.rows_folder,
        )

    def profile(self, rows: Path) -> pl.DataFrame:
        """The attributes of each picture, its brightness, contrast, and mean red, green and blue (0 to 255)."""
        pictures = read_pictures(rows)
        starts = range(0, len(pictures.images), _BLOCK)
        colours = pl.concat([_colours(pictures.images[start : start + _BLOCK]) for start in starts])
        names = [attribute.name for attribute in pictures.attributes]
        return pl.concat([pl.read_parquet(rows / "clean.parquet", columns=names), colours], how="horizontal")

    def check_champion(self, champion: ModelVersion) -> None:
        """A champion that draws pictures of another size cannot be compared."""
        size = champion.tags.get("size", "another number of")
        if size != str(self._parameters.size):
            raise UserError(
                f"the champion {champion.name}/{champion.version} draws pictures of {size} pixels, and a challenger "
                f"of {self._parameters.size} cannot be compared with it: give its size, or another model."
            )

    @property
    def training_parameters(self) -> Mapping[str, object]:
        """What the challenger is trained with."""
        return self._parameters.model_dump(include={"size", "epochs", "seed"})

    @property
    def gate_parameters(self) -> Mapping[str, object]:
        """What the challenger must reach."""
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
        """Draws as many pictures as are held out, with the same attributes, and compares the two sets.

        Raises:
            UserError: the network has other attributes than the pictures.
        """
        from models.gans.draw import draw_with
        from models.gans.gan import NOISE
        from models.gans.quality.measure import measure
        from tasks.gans.data import training_set

        held_out = read_pictures(self._part(version, "held_out").folder)
        generator = load(client, model)
        attributes = [[attribute.name, list(attribute.values)] for attribute in held_out.attributes]
        if "attributes" in generator.input and describe(client, model).get("attributes") != attributes:
            raise UserError(
                f"{model.name}/{model.version} has other attributes than {version.name}, and cannot be compared with a "
                "challenger that learns from it: give another model."
            )
        shape = (len(held_out.images), NOISE)
        noise = np.random.default_rng([self._parameters.seed, 3]).standard_normal(shape, np.float32)
        inputs = {"noise": noise, "attributes": held_out.codes}
        images = draw_with(generator, {name: inputs[name] for name in generator.input})
        training = training_set(self._part(version, "training").folder, self._parameters.seed)
        scores = measure(self._measures(version).features(training), np.asarray(held_out.images), images)
        return {**scores, "alarms": float(model.tags.get(_ALARMS, 0))}

    def decide(self, challenger: Scores, champion: Scores | None) -> Decision:
        """By coverage, alarms and FID."""
        gate = self._parameters
        return decide_gan(challenger, champion, least_coverage=gate.least_coverage, margin=gate.margin)

    def delete_checkpoints(self, version: Version) -> None:
        """Deletes those of the finished training."""
        from tasks.gans.tasks import checkpoints

        shutil.rmtree(checkpoints(self._part(version, "training"), self._gan(str(version.folder))), ignore_errors=True)

    def _gan(self, source: str) -> GanParameters:
        """The parameters of the gan flow for this source."""
        config = self._parameters.model_dump(include={"size", "epochs", "seed", "model", "most_quarantine"})
        return GanParameters(source=source, **config)

    def _measures(self, version: Version) -> "Measures":
        """The features by which both networks are measured, determined on the training rows."""
        from tasks.gans.tasks import find_features

        return find_features(self._part(version, "training"), self._gan(str(version.folder)))

    def _part(self, version: Version, part: str) -> "CleanPictures":
        """The rows of a version to learn from, or those held out, as a folder of cleaned pictures."""
        from tasks.gans.data import CleanPictures, RawPictures

        def make(folder: Path) -> None:
            rows = pl.read_parquet(version.rows_folder / "clean.parquet")
            images = read_pictures(version.rows_folder).images
            # the rows are sorted by the number of the version that added them, so earlier ones keep their side
            split = split_pictures(images, find_twins(images))
            held_out = require_enough(split.held_out, version.name, "pictures")
            get_run_logger().info(
                "%s: %d pictures to learn from, %d held out, %d left out, because they have twins among both",
                *(version.name, split.training.sum(), held_out.sum(), (~split.training & ~held_out).sum()),
            )
            for name, mask in (("training", split.training), ("held_out", held_out)):
                place = folder / name / self.rows_folder
                place.mkdir(parents=True)
                rows.filter(mask).write_parquet(place / "clean.parquet")
                np.save(place / PICTURES, images[mask])
                shutil.copy2(version.rows_folder / ATTRIBUTES, place / ATTRIBUTES)

        stage = run_stage(data_folder(), "split", {"dataset": version.sha256}, {}, make)
        folder = stage.folder / part
        attribution = "".join(
            sorted({file.read_text(encoding="utf-8") for file in version.raw.glob(f"*/{ATTRIBUTION}")})
        )
        return CleanPictures(
            f"{self._parameters.model}-{version.name}",
            RawPictures(version.raw, version.sha256, 0.0, attribution=attribution),
            Stage(stage.name, folder, sha256(folder), stage.seconds, stage.fresh),
            Summary.load(version.rows_folder),
        )


def _colours(images: np.ndarray) -> pl.DataFrame:
    """Brightness, contrast and mean red, green and blue of (n, size, size, 3) uint8 pictures."""
    values = images.astype(np.float32)
    means = values.mean(axis=(1, 2))
    columns = {"brightness": means.mean(axis=1), "contrast": values.mean(axis=3).std(axis=(1, 2))}
    return pl.DataFrame(columns | dict(zip(("red", "green", "blue"), means.T, strict=True)))
