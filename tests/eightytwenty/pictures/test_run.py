"""Pictures: every file ends once, a correct picture does not change, and the ledger lists every change."""

import io
import json
import os
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from eightytwenty.engine.executor import Executor, in_threads
from eightytwenty.engine.summary import Summary
from eightytwenty.errors import UserError
from eightytwenty.files import sha256
from eightytwenty.pictures import check, run
from eightytwenty.pictures.dataset import read_pictures
from eightytwenty.pictures.run import clean_pictures
from eightytwenty.pictures.schema import MOST_BYTES, pictures_table
from eightytwenty.pictures.source import open_pictures
from schemas.attributes import KNOWN_ATTRIBUTES
from tasks.ingest.avatars import draw_avatars
from tests.eightytwenty.executors import pickled
from tests.real_data import CARTOONSET

SIZE = 32


def drawing(seed: int, width: int = SIZE, height: int = SIZE) -> Image.Image:
    """Coarse blocks of random colour: no two alike, and sharp edges between them."""
    blocks = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return Image.fromarray(blocks).resize((width, height), Image.Resampling.NEAREST)


def encode(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


class Cleaned:
    """A cleaned source: its folder and tables."""

    def __init__(self, out: Path, summary: Summary) -> None:
        self.out, self.summary = out, summary
        names = ("clean", "quarantine", "duplicates", "ledger")
        self.tables = {name: pl.read_parquet(out / f"{name}.parquet") for name in names}

    def __getitem__(self, name: str) -> pl.DataFrame:
        return self.tables[name]

    @property
    def rules(self) -> dict[str, list[str]]:
        return dict(self["quarantine"].select("source", "rules").rows())

    @property
    def pictures(self) -> dict[str, np.ndarray]:
        images = np.load(self.out / "pictures.npy", allow_pickle=False)
        return dict(zip(self["clean"]["source"], images, strict=True))

    def changes(self, source: str) -> list[tuple[str, str, str]]:
        return self["ledger"].filter(source=source).select("rule", "before", "after").rows()


@pytest.fixture
def clean(tmp_path):
    def run_it(
        files: dict[str, bytes],
        size: int = SIZE,
        attributes: Path | None = None,
        executor: Executor = in_threads,
        index: Path | None = None,
    ) -> Cleaned:
        for name, content in files.items():
            (tmp_path / "raw" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "raw" / name).write_bytes(content)
        source = open_pictures(tmp_path / "raw", attributes)
        out = tmp_path / "out"
        return Cleaned(out, clean_pictures(source, pictures_table(size), out, executor=executor, index=index))

    return run_it


def broken_files() -> dict[str, tuple[bytes, str]]:
    """File name -> its content and the rule that it fails."""
    sound = encode(drawing(0, 64, 64))
    at = sound.index(b"IDAT") + 10
    bomb = sound[:8] + chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)) + sound[33:]
    large = sound[:8] + chunk(b"IHDR", struct.pack(">IIBBBBB", 9_000, 9_000, 8, 2, 0, 0, 0)) + sound[33:]
    jpeg = encode(Image.effect_noise((64, 64), 90), "JPEG")
    frames = {"save_all": True, "append_images": [drawing(2)]}
    return {
        "empty.png": (b"", "empty file"),
        "large.png": (sound + bytes(MOST_BYTES), "file too large"),
        "letter.png": (b"Dear all,", "not an image"),
        "icon.png": (encode(drawing(0), "ICO"), "other picture format"),
        "jpeg.png": (encode(drawing(1), "JPEG"), "wrong format"),
        "cut.png": (sound[: at + 5], "truncated"),
        "cut.jpg": (jpeg[: len(jpeg) // 2], "truncated"),
        "cut.bmp": (encode(drawing(1), "BMP")[:-500], "truncated"),
        "flipped.png": (sound[:at] + bytes([sound[at] ^ 1]) + sound[at + 1 :], "damaged"),
        "pixels.png": (sound.replace(sound[at - 10 - 4 :], b"") + chunk(b"IDAT", b"no zlib") + sound[-12:], "damaged"),
        "endless.png": (sound[:-12], "missing end"),
        "endless.jpg": (encode(drawing(1, 64, 64), "JPEG")[:-2] + bytes(3_000), "missing end"),
        "bomb.png": (bomb, "decompression bomb"),
        "poster.png": (large, "decompression bomb"),
        "film.gif": (encode(drawing(1), "GIF", **frames), "animated"),
        "film.png": (encode(drawing(1), "PNG", **frames), "animated"),
        "pages.tif": (encode(drawing(1), "TIFF", **frames), "animated"),
        "float.tif": (
            encode(Image.fromarray(np.random.default_rng(0).random((32, 32), np.float32)), "TIFF"),
            "unknown mode",
        ),
        "thumb.png": (encode(drawing(1, 31, 40)), "too small"),
        "strip.png": (encode(drawing(1, 65, 32)), "far from square"),
        "white.png": (encode(Image.new("RGB", (32, 32), "white")), "blank"),
        "noise.png": (encode(Image.effect_noise((32, 32), 2)), "blank"),
        "speck.png": (
            encode(Image.composite(drawing(0), Image.new("RGB", (32, 32)), Image.new("L", (32, 32)))),
            "blank",
        ),
    }


def test_each_broken_file_fails_its_rule_and_keeps_its_bytes(clean):
    broken = broken_files()
    cleaned = clean({name: content for name, (content, _) in broken.items()} | {"good.png": encode(drawing(9))})
    assert cleaned.rules == {name: [rule] for name, (_, rule) in broken.items()}
    assert cleaned["clean"]["source"].to_list() == ["good.png"]
    for row in cleaned["quarantine"].iter_rows(named=True):
        assert (cleaned.out / row["file"]).read_bytes() == broken[row["source"]][0], row["source"]
        assert len(row["reason"]) > 10


def test_correct_pictures_do_not_change(clean):
    cleaned = clean({"a.png": encode(drawing(1)), "b.bmp": encode(drawing(2), "BMP"), "c": encode(drawing(3))})
    assert cleaned.summary.fates == {"clean": 3, "quarantine": 0, "duplicates": 0}
    assert cleaned["ledger"].is_empty()
    for number, name in enumerate(("a.png", "b.bmp", "c"), 1):
        assert (cleaned.pictures[name] == np.asarray(drawing(number))).all()


def test_each_repair_is_a_line_of_the_ledger_and_gives_the_true_picture(clean):
    pixels = np.asarray(drawing(5))
    grey = drawing(6).convert("L")
    clear = np.dstack([pixels, np.where(np.arange(SIZE) < 16, 0, 255)[None].repeat(SIZE, 0)]).astype(np.uint8)
    on_white = np.where(clear[..., 3:] == 0, 255, pixels)
    exif = Image.Exif()
    exif[0x0112] = 6
    framed = np.pad(np.asarray(drawing(7)), ((0, 0), (5, 5), (0, 0)))
    cases = {
        "palette.png": (drawing(5).quantize(256), pixels, [("palette to RGB", "P", "RGB")]),
        "grey.png": (grey, np.asarray(grey.convert("RGB")), [("grey to RGB", "L", "RGB")]),
        "clear.png": (Image.fromarray(clear), on_white, [("transparency onto white", "RGBA", "RGB")]),
        "frame.png": (Image.fromarray(framed), np.asarray(drawing(7)), [("centre crop", "42x32", "32x32")]),
        "deep.png": (
            Image.fromarray(np.asarray(grey).astype(np.uint16)[::-1] * 257),
            np.asarray(grey.convert("RGB"))[::-1],
            [("16 bits to 8", "16 bits", "8 bits"), ("grey to RGB", "I;16", "RGB")],
        ),
        "inks.tif": (drawing(4).convert("CMYK"), np.asarray(drawing(4)), [("inks to RGB", "CMYK", "RGB")]),
    }
    files = {name: encode(image, "TIFF" if name.endswith("tif") else "PNG") for name, (image, _, _) in cases.items()}
    files["turned.png"] = encode(drawing(3).transpose(Image.Transpose.ROTATE_90), exif=exif)
    cleaned = clean(files)
    for name, (_, true, changes) in cases.items():
        assert (cleaned.pictures[name] == true).all(), name
        assert len(cleaned.changes(name)) == len(changes), cleaned.changes(name)
        assert [(rule, after) for rule, _, after in cleaned.changes(name)] == [(rule, to) for rule, _, to in changes]
    assert (cleaned.pictures["turned.png"] == np.asarray(drawing(3))).all()
    assert cleaned.changes("turned.png") == [("EXIF rotation", "orientation 6", "orientation 1")]
    assert cleaned["ledger"]["column"].unique().to_list() == ["picture"]


def test_large_photographs_go_through_all_steps(clean):
    photo = drawing(1, 500, 400).convert("RGBA")
    cleaned = clean({"photo.png": encode(photo), "photo2.jpg": encode(drawing(2, 640, 480), "JPEG", quality=95)})
    assert cleaned.changes("photo.png") == [
        ("transparency onto white", "RGBA", "RGB"),
        ("centre crop", "500x400", "400x400"),
        ("resize", "400x400", "32x32"),
    ]
    assert cleaned.changes("photo2.jpg")[-1] == ("resize", "480x480", "32x32")
    middle = np.asarray(drawing(2, 640, 480).crop((80, 0, 560, 480)).resize((SIZE, SIZE), Image.Resampling.LANCZOS))
    assert np.abs(cleaned.pictures["photo2.jpg"].astype(int) - middle).mean() < 3


def test_shrinking_quickly_costs_less_than_a_level(clean):
    faces, _ = draw_avatars(8, 500, seed=0)
    cleaned = clean({f"{number}.png": encode(Image.fromarray(face)) for number, face in enumerate(faces)}, size=64)
    expected = [np.asarray(Image.fromarray(face).resize((64, 64), Image.Resampling.LANCZOS), float) for face in faces]
    errors = np.array(list(cleaned.pictures.values())) - expected
    assert np.sqrt((errors**2).mean()) < 1


TABLE = "file,hair,eyes\na.png,bun,open\nb.png,bob,closed\n"


def test_missing_and_malformed_attributes_send_their_picture_to_quarantine(clean):
    lines = ["c.png,bun,shut?", "d.png,,open", "e.png,bun", "gone.png,bob,open"]
    names = "abcdef"
    values = [
        f"{n}{i}.png,{'bun' if n < 5 else 'bob'},{'open' if i % 2 else 'closed'}" for n in range(9) for i in range(9)
    ]
    files = {f"{name}.png": encode(drawing(place)) for place, name in enumerate(names)}
    files |= {f"{n}{i}.png": encode(drawing(100 + 9 * n + i)) for n in range(9) for i in range(9)}
    content = TABLE + "\n".join(lines + values) + "\n"
    cleaned = clean(files | {"attributes.csv": content.encode()})
    rules = cleaned.rules
    assert rules["d.png"] == ["missing value"]
    assert rules["e.png"] == ["malformed"]
    assert rules["f.png"] == ["picture without attributes"]
    line = cleaned["quarantine"].filter(source="attributes.csv").row(0, named=True)
    assert (line["record"], line["original"]) == (6, b"gone.png,bob,open")
    assert line["rules"] == ["attributes without picture"]
    assert cleaned.summary.rows == len(files) + 1
    dataset = read_pictures(cleaned.out)
    assert [attribute.name for attribute in dataset.attributes] == ["hair", "eyes"]
    clean_rows = cleaned["clean"]
    for column, attribute in enumerate(dataset.attributes):
        assert [attribute.values[code] for code in dataset.codes[:, column]] == clean_rows[attribute.name].to_list()
    assert dataset.codes.dtype == np.int32
    assert (dataset.images[0] == cleaned.pictures[clean_rows["source"][0]]).all()


def test_an_unreadable_file_never_stops_the_run(tmp_path):
    raw = tmp_path / "raw"
    raw.mkdir()
    for number in range(3):
        (raw / f"{number}.png").write_bytes(encode(drawing(number)))
    (raw / "link.png").symlink_to(raw / "0.png")
    os.mkfifo(raw / "pipe.png")
    source = open_pictures(raw)
    (raw / "1.png").unlink()  # deleted since it was listed
    cleaned = Cleaned(tmp_path / "out", clean_pictures(source, pictures_table(SIZE), tmp_path / "out"))
    assert cleaned.rules == {"1.png": ["cannot be read"], "link.png": ["refused"], "pipe.png": ["refused"]}
    reasons = dict(cleaned["quarantine"].select("source", "reason").rows())
    assert reasons["link.png"] == "a symbolic link"


def test_folder_zip_and_tar_give_the_same_rows(clean, tmp_path):
    files = {name: content for name, (content, _) in broken_files().items() if name != "large.png"}
    files |= {"sub/a b.png": encode(drawing(1)), "ü.png": encode(drawing(2)), "copy.png": encode(drawing(2))}
    folder = clean(files)
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    with tarfile.open(tmp_path / "all.tar.gz", "w:gz") as archive:
        for name, content in reversed(files.items()):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    for packed in ("all.zip", "all.tar.gz"):
        clean_pictures(open_pictures(tmp_path / packed), pictures_table(SIZE), tmp_path / packed[4:])
        for name in ("clean.parquet", "quarantine.parquet", "duplicates.parquet", "ledger.parquet", "pictures.npy"):
            assert (tmp_path / packed[4:] / name).read_bytes() == (folder.out / name).read_bytes(), (packed, name)
        assert sha256(tmp_path / packed[4:] / "quarantine") == sha256(folder.out / "quarantine")


def test_neither_workers_nor_executors_change_a_byte(clean, monkeypatch):
    files = {f"{n:03}.png": encode(drawing(n % 90, 32 + n % 7, 32)) for n in range(150)}
    files |= {name: content for name, (content, _) in broken_files().items() if name != "large.png"}
    first = clean(files)
    whole = sha256(first.out)
    monkeypatch.setattr("eightytwenty.engine.executor._WORKERS", 1)
    assert sha256(clean({}).out) == whole
    monkeypatch.setattr(run, "_BATCH_FILES", 7)
    assert sha256(clean({}).out) == whole
    assert sha256(clean({}, executor=pickled).out) == whole


def test_a_source_that_grows_is_not_decoded_again_and_gives_the_same_bytes(clean, tmp_path, monkeypatch):
    decoded, observed = [], check.observe

    def observe(name, content, size):
        decoded.append(name)
        return observed(name, content, size)

    monkeypatch.setattr(check, "observe", observe)
    index = tmp_path / "index"
    table = b"file,hair\n" + b"".join(b"%03d.png,%s\n" % (n, (b"bob", b"bun")[n % 2]) for n in range(20))
    grey = encode(drawing(3).convert("L").convert("RGB"))
    first = {f"{n:03}.png": encode(drawing(n, 32 + n, 32)) for n in range(10)} | {"003.png": grey, "009.png": b""}
    # copies, one of them of less repair, a picture with other attributes, a changed one, and one without attributes
    second = {
        "010.png": encode(drawing(0)),
        "011.png": encode(drawing(1)),
        "012.png": encode(drawing(3).convert("L")),
        "004.png": encode(drawing(99)),
        "999.png": encode(drawing(77)),
    }
    clean(first | {"attributes.csv": table}, index=index)
    decoded.clear()
    grown = sha256(clean(second, index=index).out)
    assert sorted(decoded) == ["004.png", "009.png", "010.png", "011.png", "012.png", "999.png"]
    decoded.clear()
    again = sha256(clean({}, index=index).out)
    assert sorted(decoded) == ["009.png", "999.png"]  # what is not clean by itself is looked at each time
    assert again == grown == sha256(clean({}).out)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_second_table_of_one_name_has_a_row_id_of_its_own(tmp_path):
    table = b"file,hair\n" + b"".join(b"%d.png,%s\n" % (n, (b"bob", b"bun")[n % 2]) for n in range(12))
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for name, content in [("labels.csv", table), ("labels.csv", b"a,b\n")]:
            archive.writestr(name, content)
        for number in range(0, 12, 2):
            archive.writestr(f"{number}.png", encode(drawing(number)))
    cleaned = Cleaned(
        tmp_path / "out", clean_pictures(open_pictures(tmp_path / "x.zip"), pictures_table(SIZE), tmp_path / "out")
    )
    rows = cleaned["quarantine"].filter(source="labels.csv").select("record", "rules").rows()
    assert rows[-1] == (14, ["refused"])
    assert [record for record, _ in rows[:-1]] == [2, 4, 6, 8, 10, 12]


def test_names_are_safe_in_quarantine(clean):
    names = ["a/b.png", "a__b.png", "x\ny.png", "é" * 120 + ".png", "A__B.png"]
    cleaned = clean({name: name.encode() for name in names} | {"good.png": encode(drawing(1))})
    files = cleaned["quarantine"]["file"].to_list()
    assert len(set(files)) == len(names)
    assert all(Path(file).parent.name == "quarantine" and file.isprintable() for file in files)
    assert sorted(file.name for file in (cleaned.out / "quarantine").iterdir()) == sorted(Path(f).name for f in files)


def test_folders_that_hold_something_else_are_not_replaced(clean, tmp_path):
    cleaned = clean({"a.png": encode(drawing(1)), "b.png": b""})
    source = open_pictures(tmp_path / "raw")
    with pytest.raises(UserError, match="raw contains the source"):
        clean_pictures(source, pictures_table(SIZE), tmp_path / "raw")
    with pytest.raises(UserError, match=r"clean lies in .*raw, and its files would belong to the source"):
        clean_pictures(source, pictures_table(SIZE), tmp_path / "raw" / "clean")
    (cleaned.out / "gallery.png").write_bytes(b"drawn later")
    clean_pictures(source, pictures_table(SIZE), cleaned.out)  # its own result may be replaced
    (cleaned.out / "thesis.tex").write_text("years of work")
    with pytest.raises(UserError, match=r"holds thesis\.tex, which would be lost"):
        clean_pictures(source, pictures_table(SIZE), cleaned.out)


def test_a_table_without_attributes_and_the_current_folder_are_named(tmp_path, monkeypatch):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "a.png").write_bytes(encode(drawing(1)))
    (tmp_path / "raw" / "t.csv").write_text("file,all\na.png,same\n")
    monkeypatch.chdir(tmp_path / "raw")
    summary = clean_pictures(open_pictures(Path()), pictures_table(SIZE), tmp_path / "out")
    assert [(file["name"], file["ignored_columns"]) for file in summary.files] == [
        ("raw", []),
        ("t.csv", ["all (it has one value only)"]),
    ]


def test_a_run_that_fails_leaves_nothing(tmp_path):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "a.png").write_bytes(encode(drawing(1)))

    def progress(done: int, total: int) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        clean_pictures(open_pictures(tmp_path / "raw"), pictures_table(SIZE), tmp_path / "out", progress)
    assert [path.name for path in tmp_path.iterdir()] == ["raw"]


def test_only_a_cleaned_folder_is_read(clean, tmp_path):
    cleaned = clean({"a.png": encode(drawing(1)), "b.png": encode(drawing(2))})
    assert read_pictures(cleaned.out).codes.shape == (2, 0)
    with pytest.raises(UserError, match="raw is not a folder of cleaned pictures"):
        read_pictures(tmp_path / "raw")
    np.save(cleaned.out / "pictures.npy", read_pictures(cleaned.out).images[:1])
    with pytest.raises(UserError, match="out was changed since it was cleaned"):
        read_pictures(cleaned.out)


def test_a_source_without_a_clean_picture_is_still_reported(clean):
    cleaned = clean({"a.png": b"", "b.png": b"text"})
    assert cleaned.summary.fates == {"clean": 0, "quarantine": 2, "duplicates": 0}
    assert read_pictures(cleaned.out).images.shape == (0, SIZE, SIZE, 3)
    report = (cleaned.out / "report.md").read_text()
    assert "- **empty file**, 1: the file has no bytes; download it again. For example: `a.png`" in report
    assert json.loads((cleaned.out / "attributes.json").read_text()) == {}


@pytest.mark.skipif(not CARTOONSET.is_dir(), reason="the real pictures are missing")
@pytest.mark.parametrize("size", [32, 64, 128])
def test_real_faces_pass_and_are_all_different(tmp_path, size):
    summary = clean_pictures(
        open_pictures(CARTOONSET, known_attributes=KNOWN_ATTRIBUTES), pictures_table(size), tmp_path / "out"
    )
    assert summary.fates == {"clean": 10, "quarantine": 0, "duplicates": 0}
    assert summary.repaired == {"resize": 10, "transparency onto white": 10}


def test_repaired_attributes_are_lines_of_the_ledger(clean):
    table = b"file,hair\na.png,red\nb.png,RED \nc.png,blond\nd.png,red\n"
    files = {f"{name}.png": encode(drawing(place).convert("L")) for place, name in enumerate("abcd")}
    cleaned = clean(files | {"t.csv": table})
    assert cleaned["clean"]["hair"].to_list() == ["red", "red", "blond", "red"]
    lines = cleaned["ledger"].filter(source="b.png").select("column", "rule", "before", "after").rows()
    assert lines == [
        ("picture", "grey to RGB", "L", "RGB"),
        ("hair", "stray spaces", "RED ", "RED"),
        ("hair", "letter case", "RED", "red"),
    ]
    assert cleaned.summary.repaired == {"grey to RGB": 4, "letter case": 1, "stray spaces": 1}


def test_what_is_not_read_is_in_the_reports(clean):
    hidden = {f".{number:02}": b"" for number in range(30)}
    cleaned = clean({"a.png": encode(drawing(1)), "more.zip": b""} | hidden)
    unread = json.loads((cleaned.out / "report.json").read_text())["unread"]
    assert unread == cleaned.summary.unread
    assert [file["name"] for file in unread] == [*sorted(hidden), "more.zip"]
    assert unread[0]["reason"] == "a hidden file"
    report = (cleaned.out / "report.md").read_text()
    assert "| `.00` | a hidden file |" in report
    assert "And 11 more; `report.json` names all." in report
    assert "more.zip" not in report
