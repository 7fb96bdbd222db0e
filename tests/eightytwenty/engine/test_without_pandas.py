"""Cleaning needs no pandas, so a user who only cleans need not install it."""

import subprocess
import sys

import numpy as np
from PIL import Image

# pandera checks whether pandas can be imported, and recognizes the message of Python's own error
CODE = """
import sys
from pathlib import Path

class WithoutPandas:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "pandas":
            raise ModuleNotFoundError("No module named 'pandas'", name="pandas")

sys.meta_path.insert(0, WithoutPandas())

from schemas.pairs import pairs_table
from eightytwenty.pictures.schema import pictures_table
from eightytwenty.pictures.run import clean_pictures
from eightytwenty.engine.run import clean_table
from eightytwenty.pictures.source import open_pictures
from eightytwenty.read.source import open_source

folder, table = Path(sys.argv[1]), pairs_table()
print(clean_table(open_source(folder / "pairs.csv", table), table, folder / "pairs").fates)
print(clean_pictures(open_pictures(folder / "raw"), pictures_table(32), folder / "pictures").fates)
assert "pandas" not in sys.modules
"""


def test_pairs_and_pictures_are_cleaned_where_there_is_no_pandas(tmp_path):
    lines = ["1,1,2,3", '2,"7,000",1,8', "3,,2,3", "4,1,2,4", "1,1,2,3", "5,x,,3"]
    (tmp_path / "pairs.csv").write_text("\n".join(["record_id,a,b,sum", *lines]))
    (tmp_path / "raw").mkdir()
    blocks = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    for number, picture in enumerate(blocks):
        Image.fromarray(picture).save(tmp_path / "raw" / f"{number}.png")
    (tmp_path / "raw" / "copy.png").write_bytes((tmp_path / "raw" / "0.png").read_bytes())
    (tmp_path / "raw" / "empty.png").touch()
    (tmp_path / "raw" / "attributes.csv").write_text("file,hair\n0.png,bun\n1.png,bob\n2.png,bun\ncopy.png,bun\n")
    result = subprocess.run([sys.executable, "-c", CODE, str(tmp_path)], capture_output=True, text=True, check=False)
    assert result.stdout.splitlines() == [
        "{'clean': 3, 'quarantine': 2, 'duplicates': 1}",
        "{'clean': 3, 'quarantine': 1, 'duplicates': 1}",
    ], result.stderr
    assert result.returncode == 0, result.stderr
