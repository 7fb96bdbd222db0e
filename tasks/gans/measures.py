"""How generated pictures are measured: by features learned from real ones, and beside what real ones reach."""

import json
from dataclasses import dataclass
from pathlib import Path

from models.gans.quality.classifier import Classifier, train_classifier
from models.gans.quality.ellipses import Background, EllipseTest, ellipse_test
from models.gans.quality.features import Features, PixelFeatures
from models.gans.quality.measure import real_floor
from models.gans.training import Progress
from tasks.gans.data import TrainingSet
from tasks.running.stages import Stage

_CLASSIFIER, _FLOOR = "classifier.npz", "floor.json"
_BACKGROUNDS: dict[str, Background] = {
    "ellipses-outline": "white",
    "ellipses-white": "black",
    "ellipses-colour": "white",
}


@dataclass(frozen=True)
class Measures:
    """A finished stage that learned the features."""

    stage: Stage

    @property
    def floor(self) -> dict[str, float]:
        """The measures of real pictures against real ones: "real_fid", "real_coverage" and so on."""
        floor: dict[str, float] = json.loads((self.stage.folder / _FLOOR).read_text())
        return floor

    @property
    def accuracy(self) -> dict[str, float]:
        """The classifier's mean accuracy on held-out real pictures; empty without a classifier."""
        classifier = self.classifier()
        return {"classifier_accuracy": float(classifier.held_out_accuracy.mean())} if classifier else {}

    def classifier(self) -> Classifier | None:
        """The classifier of the attributes, if the pictures have any."""
        path = self.stage.folder / _CLASSIFIER
        return Classifier.load(path) if path.exists() else None

    def features(self, data: TrainingSet) -> Features:
        """The classifier's features or, without attributes, the principal components of the coarse pictures."""
        return self.classifier() or PixelFeatures.fit(data.images)


def find_measures(folder: Path, data: TrainingSet, seed: int, progress: Progress | None = None) -> None:
    """Trains the classifier, if there are attributes, and measures real pictures against real ones.

    Args:
        folder: receives the classifier and the floor.
        data: the pictures.
        seed: of the classifier, and of the halves that are compared.
        progress: called with (epochs done, epochs).
    """
    features: Features
    if data.attributes:
        features = train_classifier(data.images, data.codes, data.cardinalities, seed=seed, progress=progress)
        features.save(folder / _CLASSIFIER)
    else:
        features = PixelFeatures.fit(data.images)
    (folder / _FLOOR).write_text(json.dumps(real_floor(features, data.held_out_images, seed)))


def ellipses(source: str, data: TrainingSet) -> tuple[Background, EllipseTest] | None:
    """The background of a source of ellipses and the exact test of its held-out pictures; None for other sources."""
    background = _BACKGROUNDS.get(source)
    return (background, ellipse_test(data.held_out_images, background)) if background else None
