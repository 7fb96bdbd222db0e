"""The faces page in a headless browser, and `eightytwenty draw`, against Keras.

Claim: at 64x64, 16 faces in at most 30 ms, one in at most 3 ms, ready in at most .3 s, at most 4.5 MB, and all of it
within one level of Keras; `draw` takes at most 1 s of processor time. The generator has random weights, which are no
slower and no smaller than trained ones.

    python -m benchmarks.faces
"""

import base64
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.harness import Result, Size, command_line, run
from models.faces.engine import Engine
from models.faces.kernel import program_for
from models.faces.page import face_page
from models.faces.state import FACES, State, inputs_of
from models.faces.weights import FaceModel
from tests.system.browser import browser

if TYPE_CHECKING:
    import keras

_ATTRIBUTES = {"hair": 13, "hair colour": 6, "skin": 4, "mouth": 9}  # name -> how many values, as the avatars have them
# what one call of the page's engine takes, in milliseconds: the median of some calls
_TIME = """({description, weights, program, faces, calls}) => {
    const engine = new FaceEngine(faceModel(description, weights), faceBytes(program));
    const inputs = Float32Array.from({length: faces * description.asked}, (_, at) => Math.sin(at));
    engine.draw(inputs, faces);
    const took = Array.from({length: calls}, () => {
        const began = performance.now();
        engine.draw(inputs, faces);
        return performance.now() - began;
    });
    return took.sort((a, b) => a - b)[calls >> 1];
}"""


def main() -> None:
    """Runs the benchmark as the command line asks."""
    parser = command_line(__doc__)
    parser.set_defaults(size=Size(64, quick=32), calls=Size(41, quick=3), starts=Size(9, quick=1))
    run(measure, parser)


def measure(size: int, calls: int, starts: int) -> Result:
    """Prints what the page and the command take, beside the goals.

    Args:
        size: side of the pictures.
        calls: of the engine, whose median counts.
        starts: of the page, whose median counts.
    """
    from models.gans.stable import generator

    network = generator(size, tuple(_ATTRIBUTES.values()))
    attributes = {name: [str(value) for value in range(count)] for name, count in _ATTRIBUTES.items()}
    model = FaceModel.of(network, attributes)
    page = face_page(model, title="Faces", credit="")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "faces.html")
        file.write_text(page, encoding="utf-8")
        of_page = _in_browser(file, model, calls, starts)
        cpu = _draw_cpu(Path(folder, "data"), network, attributes)
    result = {**of_page, "megabytes": len(page.encode()) / 1e6, "levels": _levels(network, model), "draw_cpu_s": cpu}
    goals = {"faces_ms": 30.0, "face_ms": 3.0, "ready_s": 0.3, "megabytes": 4.5, "levels": 1.0, "draw_cpu_s": 1.0}
    for name, goal in goals.items():
        shown = f"{result[name]:.2f}" if name in result else "not measured: there is no browser"
        print(f"{name:<12} {shown:>8}   goal: at most {goal:g}")
    return result


def _in_browser(file: Path, model: FaceModel, calls: int, starts: int) -> dict[str, float]:
    """Milliseconds for 16 faces and for one, and seconds until the first faces are there; nothing without a browser."""
    with browser() as chromium:
        if chromium is None:
            return {}
        ready = []
        for _ in range(starts):
            page = chromium.new_page()
            page.goto(file.as_uri())
            page.wait_for_selector("html[data-ready]")
            # the page is parsed when its script has drawn the first faces
            ready.append(page.evaluate("performance.getEntriesByType('navigation')[0].domInteractive") / 1000)
            page.close()
        page = chromium.new_page()
        page.goto(file.as_uri())
        given = {
            "description": model.for_page,
            "weights": base64.b64encode(model.halves).decode(),
            "program": base64.b64encode(program_for(model)).decode(),
            "calls": calls,
        }
        faces, face = (float(page.evaluate(_TIME, {**given, "faces": number})) for number in (FACES, 1))
        return {"faces_ms": faces, "face_ms": face, "ready_s": float(np.median(ready))}


def _levels(network: "keras.Model", model: FaceModel) -> float:
    """By how many of 256 levels a pixel of 64 faces differs from that of Keras, at most."""
    from models.gans.draw import draw_with
    from tasks.gans.record import to_keras

    inputs = inputs_of(State(seed=1), model, 64)
    noise, *columns = np.split(inputs, np.cumsum([model.noise, *map(len, model.attributes.values())])[:-1], axis=1)
    codes = np.stack([column.argmax(axis=1) for column in columns], axis=1).astype(np.int32)
    expected = draw_with(to_keras(network), {"noise": noise, "attributes": codes})
    return float(np.abs(Engine(model).draw(inputs).astype(int) - expected).max())


def _draw_cpu(data: Path, network: "keras.Model", attributes: dict[str, list[str]]) -> float:
    """Seconds of processor time of `eightytwenty draw` with a registered generator: the best of three calls."""
    from tasks.gans.record import to_keras
    from tasks.gans.registered import save_beside
    from tasks.tracking.lifecycle import parent_run
    from tasks.tracking.networks import log_model
    from tasks.tracking.registry import register

    logged = to_keras(network)
    example = {"noise": np.zeros((2, 100), np.float32), "attributes": np.zeros((2, len(attributes)), np.int32)}
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "MLFLOW_"))}
    environment["EIGHTYTWENTY_DATA"] = str(data)
    with parent_run(data, "gans", "faces", {}) as recorded:
        files = partial(save_beside, logged, attributes, "")
        register(recorded, log_model(recorded, logged, example, files=files), "faces")
    command = [sys.executable, "-m", "eightytwenty", "draw", "--model", "faces/1", "--out", str(data / "drawn.png")]
    call: Callable[[], object] = partial(
        subprocess.run,
        command,
        check=True,
        stdout=subprocess.DEVNULL,
        env={**environment, "EIGHTYTWENTY_DATA": str(data)},
    )
    return min(_cpu_of(call) for _ in range(3))


def _cpu_of(call: Callable[[], object]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    call()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
