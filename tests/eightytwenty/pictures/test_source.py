"""Which files of a folder or archive are pictures, attribute files, or neither, and in which order they are read."""

import io
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from eightytwenty.errors import UserError
from eightytwenty.pictures import source as source_module
from eightytwenty.pictures.source import RefusedFile, open_pictures
from eightytwenty.read.beside import Unread
from schemas.attributes import KNOWN_ATTRIBUTES
from tests.real_data import CARTOONSET

FILES = {
    "b.png": b"b",
    "a.jpg": b"a",
    "deep/c.webp": b"c",
    "word.png": b"PK a document, renamed",
    "no_suffix": b"d",
    "strange.dat": b"e",
    "readme.png": b"f",
    "table.csv": b"file,hair\na.jpg,red\n",
    "other.csv": b"day,amount\n1,2\n",
    "README.md": b"",
    "LICENSE": b"",
    "ATTRIBUTION.txt": b"",
    "notes.txt": b"",
    "Thumbs.db": b"",
    "deep/.DS_Store": b"",
    ".git/config": b"",
    "__MACOSX/b.png": b"",
}


def as_folder(path: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


def as_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def as_tar(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


@pytest.mark.parametrize("save", [as_folder, as_zip, as_tar])
def test_every_file_is_a_picture_or_says_that_it_is_none(tmp_path, save):
    source = open_pictures(save(tmp_path / "x", FILES))
    names = ["a.jpg", "b.png", "deep/c.webp", "no_suffix", "readme.png", "strange.dat", "word.png"]
    assert [picture.name for picture in source.pictures] == names
    assert [picture.size for picture in source.pictures] == [len(FILES[name]) for name in names]
    assert [table.name for table in source.tables] == ["table.csv"]
    assert source.sidecars == {}
    assert {file.name for file in source.unread_files} == FILES.keys() - set(names) - {"table.csv"}
    assert source.refused_files == ()
    assert {picture.name: content for picture, content in source.read()} == {name: FILES[name] for name in names}
    # a tar is read in its own order, the others by name
    order = [name for name in FILES if name in names] if save is as_tar else names
    assert [picture.name for picture, _ in source.read()] == order


def test_the_digest_is_that_of_what_counts(tmp_path):
    digest = open_pictures(as_folder(tmp_path / "folder", FILES)).sha256()
    assert digest == open_pictures(as_zip(tmp_path / "x.zip", FILES)).sha256()
    assert digest == open_pictures(as_tar(tmp_path / "x.tgz", FILES)).sha256()
    assert digest == open_pictures(as_zip(tmp_path / "y.zip", FILES | {"notes.txt": b"new"})).sha256()
    others = [
        FILES | {"b.png": b"B"},
        FILES | {"table.csv": b"file,hair\na.jpg,grey\n"},
        {("z.png" if name == "b.png" else name): content for name, content in FILES.items()},
    ]
    digests = {open_pictures(as_zip(tmp_path / f"{number}.zip", files)).sha256() for number, files in enumerate(others)}
    assert len(digests | {digest}) == 4


def test_refused_files_are_listed_and_never_read(tmp_path):
    folder = as_folder(tmp_path / "folder", {"a.png": b"a"})
    (folder / "link.png").symlink_to("/etc/passwd")
    os.mkfifo(folder / "pipe")
    source = open_pictures(folder, known_attributes=KNOWN_ATTRIBUTES)
    assert source.refused_files == (RefusedFile("link.png", 1, "a symbolic link"), RefusedFile("pipe", 1, "a pipe"))
    assert [(picture.name, content) for picture, content in source.read()] == [("a.png", b"a")]


def test_only_the_requested_pictures_are_read(tmp_path):
    for save in (as_folder, as_zip, as_tar):
        source = open_pictures(save(tmp_path / save.__name__, FILES))
        assert [(picture.name, content) for picture, content in source.read({"b.png", "none"})] == [("b.png", b"b")]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become a user who may not read")
def test_folders_inside_that_may_not_be_read_are_faults_of_their_own(tmp_path):
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents:
        if parent.stat().st_uid == os.geteuid() and "pytest" in str(parent):
            parent.chmod(0o755)
    folder = as_folder(tmp_path / "x", {"a.png": b"a", "locked/b.png": b"b", "listed/c.png": b"c"})
    other = as_folder(tmp_path / "y", {"locked/b.png": b"b"})
    (folder / "listed").chmod(0o744)
    for path in (folder / "locked", other / "locked"):
        path.chmod(0)
    program = """
import os, sys
from pathlib import Path
from eightytwenty.errors import UserError
from eightytwenty.pictures.source import open_pictures
os.setuid(65534)
for path in sys.argv[1:]:
    try:
        source = open_pictures(Path(path))
        print([content for _, content in source.read()], [(file.name, file.reason) for file in source.refused_files])
    except UserError as error:
        print(error)
"""
    paths = [folder, folder / "locked", other]
    result = subprocess.run(
        [sys.executable, "-c", program, *map(str, paths)], capture_output=True, text=True, check=True
    )
    assert result.stdout.splitlines() == [
        "[b'a'] [('listed/c.png', 'cannot be read'), ('locked', 'a folder that cannot be read')]",
        f"{folder / 'locked'} cannot be read (Permission denied); change its permissions.",
        f"{other} holds no picture (0 other files, 1 refused, such as locked: a folder that cannot be read); "
        "give a folder or archive that does.",
    ]


def test_a_picture_that_vanishes_has_no_content(tmp_path):
    folder = as_folder(tmp_path / "folder", {"a.png": b"a", "b.png": b"b", "c.png": b"c"})
    source = open_pictures(folder, known_attributes=KNOWN_ATTRIBUTES)
    (folder / "b.png").unlink()
    assert {picture.name: content for picture, content in source.read()} == {
        "a.png": b"a",
        "b.png": None,
        "c.png": b"c",
    }


def test_sidecar_files_are_found_with_and_without_their_picture(tmp_path):
    line = b'"face_shape", 4, 7\n'
    files = {"0/1.png": b"", "0/1.csv": line, "0/2.png": b"", "0/2.csv": b"broken", "1/3.csv": line, "log.csv": b"a,b"}
    source = open_pictures(as_tar(tmp_path / "x.tgz", files), known_attributes=KNOWN_ATTRIBUTES)
    assert {stem: file.name for stem, file in source.sidecars.items()} == {
        "0/1": "0/1.csv",
        "0/2": "0/2.csv",
        "1/3": "1/3.csv",
    }
    assert [file.name for file in source.unread_files] == ["log.csv"]
    assert source.tables == ()


def test_a_separate_table_replaces_those_inside(tmp_path):
    (tmp_path / "separate.csv").write_bytes("\ufeffPicture;hair\na.jpg;red\nb.jpg;black\n".encode())
    source = open_pictures(as_zip(tmp_path / "x.zip", FILES), tmp_path / "separate.csv")
    assert [table.name for table in source.tables] == ["separate.csv"]
    assert Unread("table.csv", "the attributes come from another file") in source.unread_files
    assert source.sha256() != open_pictures(tmp_path / "x.zip").sha256()


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"README.md": b"", "table.csv": b"file,hair\na,b\n"}, "holds no picture .*2 other files, 0 refused"),
        (
            {"a.png": b"", "x.csv": b"file,a\nb,1\nc,2\n", "y.csv": b"image,b\nb,1\nc,2\n"},
            r"attribute tables with different columns \(x\.csv and y\.csv\)",
        ),
        ({}, "holds no picture"),
    ],
)
def test_a_source_without_use_is_one_sentence(tmp_path, files, sentence):
    (tmp_path / "x").mkdir()
    with pytest.raises(UserError, match=sentence):
        open_pictures(as_folder(tmp_path / "x", files))


def test_a_separate_table_without_attributes_is_one_sentence(tmp_path):
    folder = as_folder(tmp_path / "x", {"a.png": b""})
    with pytest.raises(UserError, match="cannot be read"):
        open_pictures(folder, tmp_path / "none.csv")
    (tmp_path / "some.csv").write_bytes(b"day,amount\n1,2\n")
    with pytest.raises(UserError, match="no column file"):
        open_pictures(folder, tmp_path / "some.csv")
    (tmp_path / "some.csv").write_bytes(b"file,age\na.png,1.5\nb.png,2.5\n")
    with pytest.raises(UserError, match=r"has no attribute of the pictures \(age: it holds measured numbers\)"):
        open_pictures(folder, tmp_path / "some.csv")


def test_attribute_files_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(source_module, "MOST_ATTRIBUTE_BYTES", 10)
    with pytest.raises(UserError, match="MB of attribute files"):
        open_pictures(as_folder(tmp_path / "x", FILES))


def test_real_pictures_of_the_cartoon_set_are_found():
    if not CARTOONSET.is_dir():
        pytest.skip(f"no {CARTOONSET}")
    source = open_pictures(CARTOONSET, known_attributes=KNOWN_ATTRIBUTES)
    assert len(source.pictures) == 10
    assert source.unread_files == (Unread("README.md", "a text about the data"),)
    assert all((content or b"").startswith(b"\x89PNG") for _, content in source.read())


def test_a_table_with_the_name_of_a_picture_is_no_attribute_file(tmp_path):
    files = {"plot.png": b"", "plot.csv": b"x,y\n1,2\n", "b.png": b"", "b.csv": b""}
    source = open_pictures(as_zip(tmp_path / "x.zip", files))
    assert (source.sidecars, [file.name for file in source.unread_files]) == ({}, ["b.csv", "plot.csv"])


def damage(path: Path, name: str) -> Path:
    """The zip, with a byte changed in a stored file, so that it cannot be read."""
    with zipfile.ZipFile(path) as archive:
        at = archive.getinfo(name).header_offset + 30 + len(name)
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)
    return path


def test_an_unreadable_attribute_file_stops_nothing_where_others_can_be_read(tmp_path):
    line = b'"face_shape", 4, 7\n'
    files = {"1.png": b"", "1.csv": line, "2.png": b"", "2.csv": line, "3.csv": line}
    path = as_zip(tmp_path / "x.zip", files)
    source = open_pictures(damage(damage(path, "2.csv"), "3.csv"), known_attributes=KNOWN_ATTRIBUTES)
    assert [(stem, file.content) for stem, file in source.sidecars.items()] == [("1", line), ("2", b"")]
    assert source.refused_files == (RefusedFile("3.csv", 1, "cannot be read"),)
    assert source.unread_files == ()


def test_the_only_attribute_file_must_be_readable(tmp_path):
    path = as_zip(tmp_path / "x.zip", {"a.png": b"", "table.csv": FILES["table.csv"]})
    with pytest.raises(UserError, match=r"table\.csv cannot be read"):
        open_pictures(damage(path, "table.csv"))


REASONS = {
    "a/.DS_Store": "a hidden file",
    ".cache/b.png": "a hidden file",
    "__MACOSX/._a.png": "a file of the operating system",
    "Thumbs.db": "a file of the operating system",
    "LICENSE": "a text about the data",
    "more.ZIP": "an archive inside the source; unpack it, or clean it by itself",
    "film.MOV": "sound or film, not a picture",
    "paper.pdf": "its suffix is not that of a picture",
    "caption.txt": "no column names the pictures, as one with the header file or picture would",
    "amounts.csv": "no column names the pictures, as one with the header file or picture would",
    "boxes.csv": "a table without attributes",
}


@pytest.mark.parametrize("save", [as_folder, as_zip, as_tar])
def test_each_file_that_is_not_read_has_a_reason(tmp_path, save):
    files = dict.fromkeys(REASONS, b"day,amount\n1,2\n")
    files["boxes.csv"] = b"file,x,y\na.png,1.5,2.5\nb.png,2.5,3.5\n"
    files |= {"a.png": b"a", "b.png": b"b", "labels.csv": b"file,hair\na.png,red\nb.png,blond\n"}
    source = open_pictures(save(tmp_path / "x", files))
    assert {file.name: file.reason for file in source.unread_files} == REASONS
    named = [*source.pictures, *source.tables, *source.refused_files, *source.unread_files]
    assert sorted(file.name for file in named) == sorted(files)


def test_a_second_attribute_file_of_a_picture_is_not_dropped_silently(tmp_path):
    line = b'"face_shape", 4, 7\n'
    path = as_zip(tmp_path / "x.zip", {"1.png": b"", "1.csv": line, "1.tsv": line})
    source = open_pictures(path, known_attributes=KNOWN_ATTRIBUTES)
    assert [file.name for file in source.sidecars.values()] == ["1.csv"]
    assert source.unread_files == (Unread("1.tsv", "the picture has another attribute file"),)


def test_a_chosen_table_inside_the_source_counts_as_read(tmp_path):
    folder = as_folder(
        tmp_path / "x", {"a.png": b"", "t.csv": b"file,kind\na,1\nb,2\n", "u.csv": b"file,b\na,1\nb,2\n"}
    )
    source = open_pictures(folder, folder / "t.csv")
    assert source.unread_files == (Unread("u.csv", "the attributes come from another file"),)


def test_tables_with_equal_columns_are_read_together(tmp_path):
    train, test = b"file,hair,eyes\na.png,red,1\n", b"eyes,Hair,image\n2,blond,b.png\n"
    source = open_pictures(
        as_zip(tmp_path / "x.zip", {"a.png": b"", "b.png": b"", "train.csv": train, "test.csv": test})
    )
    assert [table.name for table in source.tables] == ["test.csv", "train.csv"]


def test_a_source_without_pictures_says_what_it_holds(tmp_path):
    path = as_zip(tmp_path / "x.zip", {"class0.zip": b"", "class1.zip": b""})
    with pytest.raises(UserError, match=r"2 other files, 0 refused, such as class0\.zip: an archive inside the source"):
        open_pictures(path)
