"""How long `stable` takes to reach what the article's `dcgan` has after its 50 epochs, on avatars.

Claim: 1/20 of the time. Both learn from the same pictures without their attributes, which the article's network cannot
use, and are measured by the same classifier on the same held-out pictures. `stable` has got there when its FID and its
coverage are both at least as good as those of `dcgan` after the last epoch; its learning rate falls as in a training
of as many epochs. Time is the CPU time of the process, for training only, so that a busy machine does not change the
ratio. Hours at full size:

    python -m benchmarks.gan_time --pictures 10000 --size 64
    python -m benchmarks.gan_time --pictures 5000 --size 64      # 80 minutes on two cores
"""

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from models.gans.gan import NOISE, Codes
from models.gans.images import Images
from models.gans.quality.classifier import Classifier, train_classifier
from models.gans.quality.measure import measure, real_floor
from models.gans.training import Recipe, build, make_repeatable, steps_in, train_epoch
from schemas.attributes import AVATARS
from schemas.parameters import GanParameters
from tasks.ingest.pictures.avatars import draw_avatars

HELD_OUT = 1000
LOOK_EVERY = 2000  # pictures shown to `stable` between two looks


def main() -> None:
    """Print both recipes' measures as they learn, and the ratio of their times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=10_000)
    parser.add_argument("--size", type=int, choices=[32, 64, 128], default=64)
    parser.add_argument("--epochs", type=int, default=50, help="of dcgan")
    parser.add_argument("--out", type=Path, default=Path("data/benchmarks/gan_time.json"))
    asked = parser.parse_args()

    make_repeatable()
    images, _, real, _, features = pictures(asked.pictures, asked.size)
    print(f"real against real: {real_floor(features, real, 0)}", flush=True)
    lines = []
    wanted: dict[str, Any] = {}
    there = False
    for line in _train("dcgan", asked.epochs, images, real, features, len(images)):
        lines.append(line)
        wanted = line
    for line in _train("stable", asked.epochs, images, real, features, min(LOOK_EVERY, len(images))):
        lines.append(line)
        there = line["fid"] <= wanted["fid"] and line["coverage"] >= wanted["coverage"]
        if there or line["seconds"] > wanted["seconds"]:
            break
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps(lines, indent=1))
    if there:
        print(f"dcgan needed {wanted['seconds'] / lines[-1]['seconds']:.1f} times the time of stable")
    else:
        print("stable did not get there in the time that dcgan needed")


def pictures(count: int, size: int) -> tuple[Images, Codes, Images, Codes, Classifier]:
    """Avatars to learn from and their attributes, held-out ones and theirs, and a classifier trained on the former."""
    images, attributes = draw_avatars(count + HELD_OUT, size, seed=0)
    places = [attributes[one.name].replace_strict(list(one.values), range(len(one.values))) for one in AVATARS]
    codes = np.stack([place.to_numpy() for place in places], axis=1).astype(np.int32)
    features = train_classifier(images[:count], codes[:count], tuple(len(one.values) for one in AVATARS), seed=0)
    print(f"classifier: {features.held_out_accuracy.mean():.1%} on held-out pictures", flush=True)
    return images[:count], codes[:count], images[count:], codes[count:], features


def _train(
    recipe: Recipe, epochs: int, images: Images, real: Images, features: Classifier, rows: int
) -> Iterator[dict[str, Any]]:
    """Trains for as many epochs, and measures after each `rows` pictures."""
    batch_size = GanParameters(recipe=recipe).pictures_in_step
    gan = build(recipe, images.shape[1], (), 0, epochs * steps_in(len(images), batch_size))
    noise = np.random.default_rng(1).standard_normal((len(real), NOISE), np.float32)
    nothing = np.zeros((max(len(real), rows), 0), np.int32)
    order = np.random.default_rng(2)
    seconds = 0.0
    for look in range(epochs * len(images) // rows):
        part = images if rows == len(images) else images[order.choice(len(images), rows, replace=False)]
        started = time.process_time()
        train_epoch(gan, part, nothing[:rows], epoch=look, batch_size=batch_size, seed=0)
        seconds += time.process_time() - started
        values = measure(features, real, gan.draw(noise, nothing[: len(real)]))
        line = {"recipe": recipe, "shown": (look + 1) * rows, "seconds": round(seconds, 1)}
        line |= {name: round(value, 4) for name, value in values.items()}
        print(json.dumps(line), flush=True)
        yield line


if __name__ == "__main__":
    main()
