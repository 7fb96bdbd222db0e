"""Cleaning a thousand dirty pictures against CleanVision's look at the same folder.

The folder holds drawn avatars in the form of the Cartoon Set (PNG, 500x500 pixels, transparent ground) with a table of
attributes and a fault in every tenth. CleanVision looks for its nine default kinds of issues with a process for each
core. It stops at the first file that cannot be decoded, so such faults are left out here; the tests have them. The
cleaning also repairs, shrinks, accounts for every file and writes everything down. Each is measured in a process of its
own, three times in turn, after a warm-up on twenty pictures; the best times are compared. At the end the cleaning is
scored against the truth of the dirt; the true pictures are those that the cleaning makes without dirt.

    python -m benchmarks.clean_pictures [--rows 1_000]
"""

import json
import tempfile
from pathlib import Path

from benchmarks.harness import Result, Size, command_line, run, run_python

_MAKE = """
import io, sys
from pathlib import Path
import numpy as np
import polars as pl
from PIL import Image
from tasks.ingest.avatars import draw_avatars
from eightytwenty.evaluate.picture_faults import KINDS, TABLE, add_dirt

UNREADABLE = ("empty file", "not an image", "truncated", "damaged chunk", "decompression bomb")
place, rows = Path(sys.argv[1]), int(sys.argv[2])
files = {}
pictures, attributes = draw_avatars(rows, 500, seed=0)
for number, picture in enumerate(pictures, 1):
    white = (picture == 255).all(axis=-1, keepdims=True)
    content = io.BytesIO()
    Image.fromarray(np.concatenate([picture, np.where(white, 0, 255).astype(np.uint8)], axis=-1)).save(content, "PNG")
    files[f"avatars-{number:05}.png"] = content.getvalue()
table = attributes.insert_column(0, pl.Series("file", list(files)))
# a near copy is saved without transparency; it needs less repair than its original, so it would be the one to stay
kinds = [kind for kind in KINDS if kind not in (*UNREADABLE, "near copy")]
dirty = add_dirt(files, table.write_csv().encode(), share=0.1, seed=0, size=64, kinds=kinds)
for name, contents, lines in (
    ("raw", dirty.files, dirty.attributes),
    ("sound", files, table.write_csv().encode()),
    ("small", dict(list(files.items())[:20]), table.head(20).write_csv().encode()),
):
    (place / name).mkdir()
    for file, content in (contents | {TABLE: lines}).items():
        (place / name / file).write_bytes(content)
dirty.truth.write_parquet(place / "truth.parquet")
table.write_parquet(place / "attributes.parquet")
"""

_CLEANVISION = """
import os
from cleanvision import Imagelab

def work(folder):
    lab = Imagelab(data_path=folder, verbose=False)
    lab.find_issues(n_jobs=os.cpu_count(), verbose=False)
    return lab.issue_summary["num_images"].sum()
"""

_CLEAN = """
from pathlib import Path
from schemas.attributes import KNOWN_ATTRIBUTES
from eightytwenty.pictures.schema import pictures_table
from eightytwenty.pictures.run import clean_pictures
from eightytwenty.pictures.source import open_pictures

def work(folder):
    clean_pictures(open_pictures(Path(folder), None, KNOWN_ATTRIBUTES), pictures_table(64), Path(folder + ".clean"))
    return 0
"""

_MEASURE = """
import json, sys, time
if __name__ == "__main__":
    work(sys.argv[2])
    started = time.perf_counter()
    work(sys.argv[1])
    print(json.dumps(time.perf_counter() - started))
"""

_SCORE = """
import json, sys
from pathlib import Path
import numpy as np
import polars as pl
from eightytwenty.evaluate.picture_score import score_pictures

place = Path(sys.argv[1])
sound = pl.read_parquet(place / "sound.clean" / "clean.parquet")["source"].cast(pl.String)
pictures = dict(zip(sound, np.load(place / "sound.clean" / "pictures.npy"), strict=True))
truth, attributes = (pl.read_parquet(place / f"{name}.parquet") for name in ("truth", "attributes"))
# shrinking rounds a transparent picture differently from an opaque one
truth = truth.with_columns(pl.col("tolerance") + 1)
score = score_pictures(place / "raw.clean", truth, pictures, attributes)
kinds = score.kinds.select(pl.col("injected", "caught", "right", "wrong").sum()).row(0, named=True)
print(json.dumps(kinds | {"touched": score.false_repairs, "lost": score.lost_rows}))
"""


def main() -> None:
    """Runs the benchmark as the command line asks."""
    parser = command_line(__doc__)
    parser.add_argument("--rows", type=int, default=Size(1_000, quick=20))
    parser.set_defaults(rounds=Size(3, quick=1))
    run(compare, parser)


def compare(rows: int, rounds: int) -> Result:
    """Makes the folder, measures both in turn and prints the ratio and the score."""
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        run_python(_MAKE, place, rows)
        pictures = sum(1 for file in (place / "raw").iterdir() if file.suffix != ".csv")
        print(f"{pictures:,} pictures, 500x500")
        best: dict[str, float] = {}
        for _ in range(rounds):
            for name, code in (("CleanVision, looking", _CLEANVISION), ("eightytwenty, cleaning", _CLEAN)):
                seconds = float(
                    json.loads(run_python(code + _MEASURE, place / "raw", place / "small").splitlines()[-1])
                )
                best[name] = min(best.get(name, seconds), seconds)
        for name, seconds in best.items():
            print(f"{name:<24}{seconds:6.2f} s  {pictures / seconds:6.0f} pictures/s")
        theirs, ours = best.values()
        print(f"cleaning handles {theirs / ours:.1f} times as many pictures a second (goal: at least 5)")
        run_python(_CLEAN + _MEASURE, place / "sound", place / "small")
        score = json.loads(run_python(_SCORE, place))
        print("dirt: {injected} injected, {caught} caught, {right} right, {wrong} wrong; ".format(**score), end="")
        print("sound pictures: {touched} touched, {lost} lost".format(**score))
    return {
        "pictures": pictures,
        "ratio": theirs / ours,
        "cleanvision_seconds": theirs,
        "cleaning_seconds": ours,
        **score,
    }


if __name__ == "__main__":
    main()
