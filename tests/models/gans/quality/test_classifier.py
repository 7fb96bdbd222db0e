"""Trained once, on shapes in two colours: quick to learn, and two attributes."""

import numpy as np
import pytest

from benchmarks import shapes
from models.gans.quality.classifier import Classifier, train_classifier
from models.gans.quality.features import PixelFeatures
from models.gans.quality.measure import halves, measure, measure_attributes, measure_ellipses, real_floor
from tasks.ingest.ellipses import draw_ellipses


def examples(n, seed):
    """Shapes (10 values) in red, green or blue (3 values)."""
    images, modes = shapes.draw(n, seed)
    colour = np.random.default_rng((seed, 1)).integers(0, 3, n)
    single = np.zeros_like(images)
    single[np.arange(n), :, :, colour] = images[..., 0]
    return single, np.stack([modes // 100, colour], axis=1).astype(np.int32)


@pytest.fixture(scope="module")
def classifier():
    images, codes = examples(1500, 0)
    return train_classifier(images, codes, (10, 3), seed=0, epochs=5)


def test_it_learns_and_its_accuracy_holds_on_other_pictures(classifier):
    images, codes = examples(500, 1)
    assert classifier.held_out_accuracy.dtype == np.float32
    assert (classifier.held_out_accuracy > 0.95).all()
    np.testing.assert_allclose(
        (classifier.predict(images) == codes).mean(axis=0), classifier.held_out_accuracy, atol=0.04
    )


def test_shapes_and_types(classifier):
    images, _ = examples(300, 2)
    assert classifier.features(images).shape == (300, 128)
    assert classifier.features(images).dtype == np.float32
    assert classifier.predict(images).dtype == np.int32
    np.testing.assert_allclose(
        classifier.features(images[290:]), classifier.features(images)[290:], rtol=1e-4, atol=1e-4
    )


def test_two_trainings_give_the_same_bits_and_another_seed_others():
    images, codes = examples(140, 0)
    calls = []
    one, again, other = (
        train_classifier(images, codes, (10, 3), seed=seed, epochs=1, progress=lambda *call: calls.append(call))
        for seed in (0, 0, 1)
    )
    for weight, same in zip(one.network.get_weights(), again.network.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, same)
    assert not np.array_equal(one.network.get_weights()[0], other.network.get_weights()[0])
    assert calls == [(1, 1)] * 3


def test_a_loaded_classifier_is_the_saved_one(classifier, tmp_path):
    images, _ = examples(20, 3)
    classifier.save(tmp_path / "classifier.npz")
    loaded = Classifier.load(tmp_path / "classifier.npz")
    np.testing.assert_array_equal(loaded.features(images), classifier.features(images))
    np.testing.assert_array_equal(loaded.held_out_accuracy, classifier.held_out_accuracy)
    assert loaded.cardinalities == (10, 3)
    loaded.save(tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "classifier.npz").read_bytes()


def test_another_file_is_not_a_classifier(tmp_path):
    np.savez(tmp_path / "other.npz", a=np.zeros(1))
    with pytest.raises(ValueError, match="is not a classifier"):
        Classifier.load(tmp_path / "other.npz")


@pytest.mark.parametrize(
    ("n", "codes", "sentence"),
    [
        (30, np.zeros((30, 1), np.int32), r"need codes of shape \(30, 2\), not \(30, 1\)"),
        (10, np.zeros((10, 2), np.int32), "at least 20 pictures, not 10"),
        (30, np.full((30, 2), 3, np.int32), "between 0 and the number of values"),
    ],
)
def test_pictures_and_codes_that_do_not_fit_are_an_error(n, codes, sentence):
    with pytest.raises(ValueError, match=sentence):
        train_classifier(np.zeros((n, 32, 32, 3), np.uint8), codes, (10, 3), seed=0)


@pytest.mark.parametrize("kind", ["classifier", "pixels"])
def test_every_measure_sees_a_lost_shape_and_repeated_pictures(kind, classifier):
    real, _ = examples(400, 4)
    fake, codes = examples(400, 5)
    features = classifier if kind == "classifier" else PixelFeatures.fit(examples(1000, 0)[0])
    good = measure(features, real, fake)
    few = measure(features, real, np.repeat(fake[:8], 50, axis=0))
    lost = measure(features, real, fake[codes[:, 0] < 5])
    floor = real_floor(features, real, seed=0)
    assert set(floor) == {f"real_{name}" for name in good} == {f"real_{name}" for name in few}
    assert good["fid"] < lost["fid"] < few["fid"]
    assert good["kid"] < lost["kid"] < few["kid"]
    assert few["coverage"] < 0.3 < lost["coverage"] < 0.85 < good["coverage"]
    assert good["diversity"] == pytest.approx(1, abs=0.05)
    assert floor["real_coverage"] == pytest.approx(0.97, abs=0.06)
    assert floor["real_fid"] < lost["fid"]
    assert measure(features, real, fake) == good


def test_measures_of_attributes(classifier):
    real, codes = examples(400, 4)
    good = measure_attributes(classifier, real, codes, codes)
    wrong = measure_attributes(classifier, real, np.roll(codes, 1, axis=0), codes)
    assert good["fidelity"] > 0.95
    assert good["fidelity_share"] == pytest.approx(1, abs=0.04)
    assert good["modes_captured"] > 0.9
    assert wrong["fidelity"] < 0.4
    unconditional = measure_attributes(classifier, real, None, codes)
    assert unconditional == {name: good[name] for name in ("modes_captured", "reverse_kl")}
    few = measure_attributes(classifier, np.repeat(real[:3], 50, axis=0), np.repeat(codes[:3], 50, axis=0), codes)
    assert few["modes_captured"] <= 0.1
    assert few["reverse_kl"] > 1 > good["reverse_kl"]


def test_measures_of_ellipses():
    real, _ = draw_ellipses("ellipses-colour", 60, 32, seed=0)
    measured = measure_ellipses(real, real, "white")
    assert measured == {"ellipses": 1.0} | dict.fromkeys(
        [f"{name}_distance" for name in ("red", "green", "blue", "area", "fill")], 0.0
    )
    assert measure_ellipses(real, 255 - real, "white")["ellipses"] == 0


def test_pixel_features_are_orthonormal_components_of_coarse_pictures():
    images, _ = examples(300, 0)
    fitted = PixelFeatures.fit(images, dimensions=20)
    np.testing.assert_allclose(fitted.components.T @ fitted.components, np.eye(20), atol=1e-9)
    features = fitted.features(images)
    assert features.shape == (300, 20)
    assert (np.diff(features.std(axis=0)) < 1e-6).all(), "the direction of most variance comes first"
    twice = images.repeat(2, axis=1).repeat(2, axis=2)
    np.testing.assert_allclose(fitted.features(twice), features, atol=1e-5)
    with pytest.raises(ValueError, match="multiple of 16, not 30"):
        fitted.features(images[:, :30, :30])
    with pytest.raises(ValueError, match="all look the same"):
        PixelFeatures.fit(np.repeat(images[:1], 5, axis=0))


def test_halves_share_no_picture():
    images = np.arange(7, dtype=np.uint8).reshape(7, 1, 1, 1)
    one, other = halves(images, seed=0)
    assert len(one) == len(other) == 3
    assert len(np.unique([*one.ravel(), *other.ravel()])) == 6
