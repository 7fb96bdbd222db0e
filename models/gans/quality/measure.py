"""Every measure of a set of generated pictures under the name by which it is logged."""

from __future__ import annotations

import numpy as np

from models.gans.images import Images
from models.gans.quality.classifier import Classifier, Codes
from models.gans.quality.coverage import density_and_coverage, diversity
from models.gans.quality.distances import frechet_distance, kernel_distance
from models.gans.quality.ellipses import Background, EllipseTest, distribution_distance, ellipse_test
from models.gans.quality.features import Features
from models.gans.quality.fidelity import attribute_fidelity
from models.gans.quality.modes import attribute_modes


def measure(features: Features, real: Images, fake: Images) -> dict[str, float]:
    """Measure generated pictures against real ones that were held out from the generator's training.

    Args:
        features: Learned from the real pictures.
        real: uint8 (n, size, size, 3), more than 5.
        fake: uint8 (m, size, size, 3). With m = n the values can be compared with other runs and,
            nearly, with `real_floor`.

    Returns:
        "fid", "kid", "density", "coverage", "diversity".
    """
    real_features, fake_features = features.features(real), features.features(fake)
    density, coverage = density_and_coverage(real_features, fake_features)
    return {
        "fid": frechet_distance(real_features, fake_features),
        "kid": kernel_distance(real_features, fake_features),
        "density": density,
        "coverage": coverage,
        "diversity": diversity(real_features, fake_features),
    }


def real_floor(features: Features, real: Images, seed: int) -> dict[str, float]:
    """Measure one random half of the real pictures against the other: what a perfect generator would get.

    Each half has only half of the pictures, so the FID is a little higher than a floor from whole sets would be.

    Returns:
        "real_fid", "real_kid", "real_density", "real_coverage", "real_diversity".
    """
    first, second = halves(real, seed)
    return {f"real_{name}": value for name, value in measure(features, first, second).items()}


def halves(images: Images, seed: int) -> tuple[Images, Images]:
    """Split pictures at random into two halves without a common picture, of equal size."""
    order = np.random.default_rng(seed).permutation(len(images))
    half = len(images) // 2
    return images[order[:half]], images[order[half : 2 * half]]


def measure_attributes(classifier: Classifier, fake: Images, targets: Codes | None, real: Codes) -> dict[str, float]:
    """Measure the attributes of generated pictures.

    Args:
        classifier: Trained on the real pictures.
        fake: uint8 (n, size, size, 3).
        targets: (n, k) int32, the attributes that the generator was given, drawn from the real combinations; None if it
            takes none.
        real: (m, k) int32, the attributes of the real pictures.

    Returns:
        "modes_captured" (share of the real pairs of attribute values), "reverse_kl" (nats) and, with targets,
        "fidelity" (share recognised as the target) and "fidelity_share" (as a share of the classifier's accuracy on
        held-out real pictures).
    """
    predictions = classifier.predict(fake)
    modes = attribute_modes(predictions, real, classifier.cardinalities)
    values = {"modes_captured": modes.share, "reverse_kl": modes.reverse_kl}
    if targets is None:
        return values
    fidelity = attribute_fidelity(targets, predictions, classifier.held_out_accuracy)
    return {"fidelity": fidelity.mean, "fidelity_share": fidelity.share, **values}


def measure_ellipses(real: Images | EllipseTest, fake: Images, background: Background) -> dict[str, float]:
    """Measure generated ellipses by the exact test and their colours and sizes against real ones.

    Args:
        real: uint8 (n, size, size, 3), or their test, if it was done before.
        fake: uint8 (m, size, size, 3).
        background: The background the real ones are drawn on.

    Returns:
        "ellipses" (share that passes), "red_distance", "green_distance", "blue_distance", "area_distance",
        "fill_distance" (in units of the real spread).
    """
    real_test = real if isinstance(real, EllipseTest) else ellipse_test(real, background)
    fake_test = ellipse_test(fake, background)
    distances = distribution_distance(real_test, fake_test)
    return {"ellipses": fake_test.pass_rate, **{f"{name}_distance": value for name, value in distances.items()}}
