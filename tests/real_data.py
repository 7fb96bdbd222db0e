"""Real data that may lie beside the checkout. It is not part of the project: tests that use it skip if it is absent."""

import os
from pathlib import Path

CARTOONSET = Path(
    os.environ.get("EIGHTYTWENTY_CARTOONSET", Path(__file__).resolve().parents[2] / "shared/data/cartoonset")
)
