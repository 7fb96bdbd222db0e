"""A version grows by cleaning the new delivery alone, and its rows are those of cleaning all deliveries together."""

from eightytwenty.files import remove, sha256
from eightytwenty.read import delimited
from tasks.adders.cleaning import CleanPairs
from tasks.experiment import Raw
from tasks.retrain.cards import INDEX, RAW
from tasks.retrain.versions import DatasetVersions

HEADER = "record_id,a,b,sum\n"
CONTENTS = {
    "one.csv": "1,1,2,3\n2,1,1,2\n3, 7,1,8\n4,9,9,\n5,1,1,1\n",
    "two.csv": "3,7,1,8\n1,1,2,3\n2,2,1,3\n5,1,1,1\n6,1,1,2\n",  # copies, and an id with other values
    "three.csv": "6,1,1,2\n2,1,1,2\n7,3,3,6\n",
}


def test_only_the_new_delivery_is_read(tmp_path, monkeypatch):
    stage, parsed, read = CleanPairs(65536), [], delimited.read_pieces

    def read_pieces(stream, name, *rest):
        parsed.append(name.rpartition("/")[2])
        return read(stream, name, *rest)

    def copy_files(delivery, place):
        stage.copy_files(delivery.name, delivery.path, place, place)

    def clean(folder):
        return stage.clean_version(folder / RAW, folder / "rows", folder / INDEX)

    monkeypatch.setattr(delimited, "read_pieces", read_pieces)
    versions = DatasetVersions(tmp_path / "dataset", "rows", {})
    for number, (name, rows) in enumerate(CONTENTS.items(), 1):
        path = tmp_path / name
        path.write_text(HEADER + rows)
        version = versions.add(versions.newest(), [Raw(name, path, sha256(path))], copy_files, clean)
        assert parsed == [name]
        parsed.clear()
        stage(version.raw, tmp_path / "together")
        assert len(parsed) == number
        assert sha256(tmp_path / "together") == version.sha256
        parsed.clear()
    # an index that was changed is not used, and neither is one that is gone
    (card,) = list(version.index.glob("*/card.json"))[:1]
    card.write_text("{}")
    (tmp_path / "four.csv").write_text(HEADER + "8,1,1,2\n")
    four = Raw("four.csv", tmp_path / "four.csv", sha256(tmp_path / "four.csv"))
    versions.add(version, [four], copy_files, clean)
    assert sorted(parsed) == sorted([*CONTENTS, "four.csv"])
    remove(tmp_path / "dataset" / "v0004")
    remove(version.index)
    versions.add(version, [four], copy_files, clean)
    stage(tmp_path / "dataset" / "v0004" / RAW, tmp_path / "together")
    assert sha256(tmp_path / "together") == sha256(tmp_path / "dataset" / "v0004" / "rows")
