"""How long `stable` takes to reach what the article's `dcgan` has after its 50 epochs, on avatars.

Claim: 1/20 of the time. Both learn from the same pictures without their attributes, which the article's network cannot
use, and are measured by the same classifier on the same held-out pictures. `stable` is there when its FID and its
coverage are both at least as good as those of `dcgan` after the last epoch; its learning rate falls as in a training
of the same number of epochs. Time is the CPU time of the process, for training only, so that a busy machine does not
change the ratio. Hours at full size:

    python -m benchmarks.gan_time --pictures 10000 --size 64
    python -m benchmarks.gan_time --pictures 5000 --size 64      # 80 minutes on two cores
"""

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.harness import Result, Size, command_line, print_json, run
from models.gans.gan import NOISE, Codes
from models.gans.images import Images
from models.gans.quality.classifier import Classifier, train_classifier
from models.gans.quality.measure import measure, real_floor
from models.gans.training import Recipe, build, default_batch_size, make_repeatable, steps_per_epoch, train_epoch
from schemas.attributes import AVATARS
from tasks.ingest.avatars import draw_avatars

HELD_OUT = 1000


def main() -> None:
    """Run the benchmark as the command line asks."""
    parser = command_line(__doc__)
    parser.add_argument("--pictures", type=int, default=Size(10_000, quick=64))
    parser.add_argument("--size", type=int, choices=[32, 64, 128], default=Size(64, quick=32))
    parser.add_argument("--epochs", type=int, default=Size(50, quick=1), help="of dcgan")
    parser.set_defaults(held_out=Size(HELD_OUT, quick=20), look_every=Size(2000, quick=32))
    run(compare, parser)


def compare(pictures: int, size: int, epochs: int, held_out: int, look_every: int) -> Result:
    """Print both recipes' measures as they learn, and the ratio of their times.

    Args:
        pictures: to learn from.
        size: side of the pictures.
        epochs: of dcgan.
        held_out: pictures that both are measured against.
        look_every: pictures shown to `stable` between two measurements.
    """
    make_repeatable()
    images, _, real, _, features = draw_pictures(pictures, held_out, size)
    floor = real_floor(features, real, 0)
    print_json(floor)
    lines = list(_train("dcgan", epochs, images, real, features, len(images)))
    target = lines[-1]
    ratio = None
    for line in _train("stable", epochs, images, real, features, min(look_every, len(images))):
        lines.append(line)
        if line["fid"] <= target["fid"] and line["coverage"] >= target["coverage"]:
            ratio = target["seconds"] / line["seconds"]
            print(f"dcgan needed {ratio:.1f} times the time of stable")
            break
        if line["seconds"] > target["seconds"]:
            break
    if ratio is None:
        print("stable did not get there in the time of dcgan")
    return {"ratio": ratio, **floor, "looks": lines}


def draw_pictures(count: int, held_out: int, size: int) -> tuple[Images, Codes, Images, Codes, Classifier]:
    """Avatars to learn from and their attributes, held-out ones and theirs, and a classifier trained on the former."""
    images, attributes = draw_avatars(count + held_out, size, seed=0)
    cardinalities = tuple(len(attribute.values) for attribute in AVATARS)
    columns = [
        attributes[attribute.name].replace_strict(list(attribute.values), range(len(attribute.values)))
        for attribute in AVATARS
    ]
    codes = np.stack([column.to_numpy() for column in columns], axis=1).astype(np.int32)
    features = train_classifier(images[:count], codes[:count], cardinalities, seed=0)
    print(f"classifier: {features.held_out_accuracy.mean():.1%} on held-out pictures", flush=True)
    return images[:count], codes[:count], images[count:], codes[count:], features


def _train(
    recipe: Recipe, epochs: int, images: Images, real: Images, features: Classifier, rows: int
) -> Iterator[dict[str, Any]]:
    """Trains for `epochs` epochs and measures every `rows` pictures."""
    batch_size = default_batch_size(recipe)
    gan = build(recipe, images.shape[1], (), 0, epochs * steps_per_epoch(len(images), batch_size))
    noise = np.random.default_rng(1).standard_normal((len(real), NOISE), np.float32)
    no_codes = np.zeros((max(len(real), rows), 0), np.int32)
    order = np.random.default_rng(2)
    seconds = 0.0
    for look in range(epochs * len(images) // rows):
        part = images if rows == len(images) else images[order.choice(len(images), rows, replace=False)]
        started = time.process_time()
        train_epoch(gan, part, no_codes[:rows], epoch=look, batch_size=batch_size, seed=0)
        seconds += time.process_time() - started
        values = measure(features, real, gan.draw(noise, no_codes[: len(real)]))
        line = {"recipe": recipe, "shown": (look + 1) * rows, "seconds": seconds, **values}
        print_json(line)
        yield line


if __name__ == "__main__":
    main()
