"""Hostile and damaged archives: no name leads out, no link is followed, and no cut-off archive counts as whole."""

import bz2
import gzip
import io
import lzma
import os
import stat
import struct
import tarfile
import tracemalloc
import zipfile

import pytest

from eightytwenty.errors import UserError
from eightytwenty.read import archives
from eightytwenty.read.archives import members

PACKINGS = {"tar": bytes, "tar.gz": gzip.compress, "tar.bz2": bz2.compress, "tar.xz": lzma.compress}


def make_tar(*files, **types):
    """A tar archive of (name, content) and of name=(type, target)."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for name, (kind, target) in types.items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            archive.addfile(info)
    return buffer.getvalue()


def make_zip(*files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return buffer.getvalue()


def read_members(path):
    """Each member as (name, problem, content)."""
    return [(member.name, member.problem, None if member.problem else member.read()) for member in members(path)]


def save(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    return tmp_path / name


FILES = [("b/two.png", b"2" * 3000), ("a.png", b"1"), ("empty", b""), ("b/three", b"3" * 512)]


@pytest.mark.parametrize("packing", PACKINGS)
def test_a_tar_yields_its_files_in_its_own_order(tmp_path, packing):
    path = save(tmp_path, f"x.{packing}", PACKINGS[packing](make_tar(*FILES)))
    assert read_members(path) == [(name, "", content) for name, content in FILES]


def test_a_zip_and_a_folder_yield_their_files_by_name(tmp_path):
    path = save(tmp_path, "x.zip", make_zip(*FILES))
    folder = tmp_path / "folder"
    (folder / "b").mkdir(parents=True)
    for name, content in FILES:
        (folder / name).write_bytes(content)
    assert read_members(path) == read_members(folder) == sorted((name, "", content) for name, content in FILES)


UNSAFE = ["../x.png", "a/../../x.png", "/etc/x.png", "..\\x.png", "C:/x.png", "C:\\x.png", "\\\\host\\x.png"]


@pytest.mark.parametrize("name", UNSAFE)
@pytest.mark.parametrize("pack", [make_tar, make_zip])
def test_a_name_that_leads_out_is_refused_and_the_rest_is_read(tmp_path, pack, name):
    result = read_members(save(tmp_path, "x", pack((name, b"bad"), ("good.png", b"good"))))
    name = (
        name.replace("\\", "/") if pack is make_zip else name
    )  # in a zip without slashes, backslashes are meant as such
    assert sorted(result) == sorted([(name, "a name that leads out of the archive", None), ("good.png", "", b"good")])


def test_links_devices_and_pipes_of_a_tar_are_refused(tmp_path):
    content = make_tar(
        ("good.png", b"good"),
        soft=(tarfile.SYMTYPE, "/etc/passwd"),
        hard=(tarfile.LNKTYPE, "good.png"),
        pipe=(tarfile.FIFOTYPE, ""),
        character=(tarfile.CHRTYPE, ""),
        block=(tarfile.BLKTYPE, ""),
    )
    assert read_members(save(tmp_path, "x.tar", content)) == [
        ("good.png", "", b"good"),
        ("soft", "a symbolic link", None),
        ("hard", "a hard link", None),
        ("pipe", "a pipe", None),
        ("character", "a device", None),
        ("block", "a device", None),
    ]


def test_links_and_devices_of_a_zip_are_refused(tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, kind in (("link.png", stat.S_IFLNK), ("pipe.png", stat.S_IFIFO), ("good.png", stat.S_IFREG)):
            info = zipfile.ZipInfo(name)
            info.external_attr = (kind | 0o644) << 16
            archive.writestr(info, b"/etc/passwd")
    assert [(member.name, member.problem) for member in members(save(tmp_path, "x.zip", buffer.getvalue()))] == [
        ("good.png", ""),
        ("link.png", "a symbolic link"),
        ("pipe.png", "a pipe"),
    ]


def test_links_and_pipes_of_a_folder_are_neither_followed_nor_opened(tmp_path):
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "x.png").write_bytes(b"secret")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "file.png").symlink_to(secret / "x.png")
    (folder / "linked").symlink_to(secret)
    (folder / "nowhere.png").symlink_to(tmp_path / "nothing")
    os.mkfifo(folder / "pipe.png")  # reading it would wait forever
    (folder / "real.png").write_bytes(b"real")
    assert read_members(folder) == [
        ("file.png", "a symbolic link", None),
        ("linked", "a symbolic link", None),
        ("nowhere.png", "a symbolic link", None),
        ("pipe.png", "a pipe", None),
        ("real.png", "", b"real"),
    ]


def test_a_file_that_becomes_a_link_or_vanishes_is_not_read(tmp_path):
    (tmp_path / "folder").mkdir()
    for name in ("a.png", "b.png"):
        (tmp_path / "folder" / name).write_bytes(b"old")
    (tmp_path / "secret").write_bytes(b"secret")
    contents = {}
    for member in members(tmp_path / "folder"):
        (tmp_path / "folder" / member.name).unlink()
        if member.name == "a.png":
            (tmp_path / "folder" / "a.png").symlink_to(tmp_path / "secret")
        contents[member.name] = member.read()
    assert contents == {"a.png": None, "b.png": None}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("pack", [make_tar, make_zip])
def test_a_second_file_of_a_name_is_refused_with_a_record_of_its_own(tmp_path, pack):
    path = save(tmp_path, "x", pack(("a.png", b"first"), ("./a.png", b"second"), ("b", b""), ("b/c.png", b"below")))
    result = [(member.name, member.record, member.problem) for member in members(path)]
    assert sorted(result) == [
        ("a.png", 1, ""),
        ("a.png", 2, "a second file of this name"),
        ("b", 1, ""),
        ("b/c.png", 1, "a file and a folder of one name"),
    ]


def test_a_file_with_the_name_of_a_folder_is_refused(tmp_path):
    path = save(tmp_path, "x.tar", make_tar(("b/c/d.png", b"1"), ("b/c", b"2")))
    assert [member.problem for member in members(path)] == ["", "a file and a folder of one name"]


def test_names_that_are_no_text_or_too_long_make_no_trouble(tmp_path):
    content = make_tar(("caf\udce9.png", b"1"), ("x" * 300 + ".png", b"2"))
    names = [(member.name, member.problem) for member in members(save(tmp_path, "x.tar", content))]
    assert [problem for _, problem in names] == ["", "too long a name"]
    assert all(name.encode() for name, _ in names)


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("lost", ["end mark", "in a file", "between files", "some bytes"])
def test_a_tar_that_is_cut_off_is_not_taken_as_whole(tmp_path, packing, lost):
    whole = make_tar(("a.png", bytes(range(256)) * 2), ("b.png", b"2" * 512))
    if lost == "some bytes":
        content = PACKINGS[packing](whole)[:-9] if packing != "tar" else whole[:1000]
    else:
        content = PACKINGS[packing](whole[: {"end mark": 2048, "in a file": 1700, "between files": 1024}[lost]])
    with pytest.raises(UserError, match=r"x\..* (is cut off or damaged|cannot be unpacked)"):
        read_members(save(tmp_path, f"x.{packing}", content))


def test_a_tar_with_a_broken_header_in_the_middle_is_not_taken_as_whole(tmp_path):
    content = bytearray(make_tar(("a.png", b"1"), ("b.png", b"2"), ("c.png", b"3")))
    content[1024 + 150] ^= 0xFF  # the checksum of the second header
    with pytest.raises(UserError, match="is cut off or damaged after 1 files"):
        read_members(save(tmp_path, "x.tar", content))


def test_a_checksum_of_the_packing_that_is_wrong_is_seen(tmp_path):
    content = bytearray(gzip.compress(make_tar(("a.png", b"1"))))
    content[-8] ^= 1
    with pytest.raises(UserError, match=r"cannot be unpacked .*CRC"):
        read_members(save(tmp_path, "x.tgz", content))


def test_a_damaged_member_of_a_zip_is_a_file_without_content(tmp_path):
    content = bytearray(make_zip(("a.png", os.urandom(500)), ("b.png", b"fine")))
    content[100] ^= 1
    assert read_members(save(tmp_path, "x.zip", content)) == [("a.png", "", None), ("b.png", "", b"fine")]


def test_an_encrypted_zip_is_one_sentence(tmp_path):
    content = bytearray(make_zip(("a.png", b"1")))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + offset] |= 1
    with pytest.raises(UserError, match=r"x\.zip is encrypted; pack it again without a password"):
        read_members(save(tmp_path, "x.zip", content))


@pytest.mark.parametrize(
    "content", [b"PK\x03\x04" + b"x" * 100, b"GIF89a", b"", gzip.compress(b"no tar", mtime=0), b"\x1f\x8b"]
)
def test_what_is_no_archive_is_one_sentence(tmp_path, content):
    with pytest.raises(UserError, match=r"cannot be unpacked|is not a folder, zip or tar"):
        read_members(save(tmp_path, "x", content))


def test_what_is_not_there_or_a_pipe_is_one_sentence(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UserError, match="neither a file nor a folder"):
        read_members(tmp_path / "pipe")
    with pytest.raises(UserError, match="does not exist"):
        read_members(tmp_path / "none")


@pytest.mark.parametrize("form", ["zip", "tar.gz", "tar.xz"])
def test_an_archive_that_explodes_is_refused_before_it_is_unpacked(tmp_path, monkeypatch, form):
    monkeypatch.setattr(archives, "BOMB_BYTES", 1 << 16)
    big = ("a.png", bytes(30 << 20))
    content = make_zip(big) if form == "zip" else PACKINGS[form](make_tar(big))
    tracemalloc.start()
    with pytest.raises(UserError, match=r"unpacks to more than .* far beyond its size"):
        read_members(save(tmp_path, f"x.{form}", content))
    assert tracemalloc.get_traced_memory()[1] < 20 << 20
    tracemalloc.stop()


def test_a_packing_that_explodes_after_the_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "BOMB_BYTES", 1 << 16)
    with pytest.raises(UserError, match="unpacks to more than"):
        read_members(save(tmp_path, "x.tgz", gzip.compress(make_tar(("a", b"1")) + bytes(30 << 20))))


def test_bounds_of_number_size_and_one_file(tmp_path, monkeypatch):
    path = save(tmp_path, "x.tar", make_tar(*((f"{number}.png", b"12345") for number in range(5))))
    monkeypatch.setattr(archives, "MOST_FILE_BYTES", 4)
    assert {problem for _, problem, _ in read_members(save(tmp_path, "x.zip", make_zip(("a", b"12345"))))} == {
        "larger than 0 MB"
    }
    monkeypatch.undo()
    monkeypatch.setattr(archives, "MOST_MEMBERS", 4)
    with pytest.raises(UserError, match="holds more than 4 files"):
        read_members(path)
    monkeypatch.undo()
    monkeypatch.setattr(archives, "MOST_UNPACKED_BYTES", 24)
    with pytest.raises(UserError, match="split it"):
        read_members(path)


@pytest.mark.parametrize("size", [-512, -1024, 1 << 40])
def test_a_made_up_size_neither_leads_in_circles_nor_takes_memory(tmp_path, size):
    content = bytearray(make_tar(("a.png", b"1"), ("b.png", b"2")))
    header = content[1024:1536]
    header[124:136] = b"\xff" * 4 + struct.pack(">q", size) if size < 0 else b"\x80\0\0\0" + struct.pack(">q", size)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    content[1024:1536] = header
    with pytest.raises(UserError, match=r"cannot be unpacked|cut off or damaged|far beyond its size"):
        read_members(save(tmp_path, "x.tar", content))


def test_a_huge_extended_header_is_refused(tmp_path):
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 900 << 20
    with pytest.raises(UserError, match="a header of absurd size"):
        read_members(save(tmp_path, "x.tar", make_tar(("a.png", b"1"))[:1024] + info.tobuf()))


def test_a_sparse_file_that_claims_much_is_not_read(tmp_path):
    info = tarfile.TarInfo("x.png")
    info.pax_headers = {"GNU.sparse.major": "0", "GNU.sparse.size": str(1 << 40), "GNU.sparse.map": "0,0"}
    content = info.tobuf(tarfile.PAX_FORMAT) + make_tar(("a.png", b"1"))
    with pytest.raises(UserError, match="holds more than"):
        read_members(save(tmp_path, "x.tar", content))


def test_damaged_archives_end_in_members_or_in_one_sentence(tmp_path):
    """Bytes are changed at every tenth place; the result is always a listing or a UserError."""
    for name, content in (
        ("x.tar", make_tar(*FILES)),
        ("x.zip", make_zip(*FILES)),
        ("x.tgz", gzip.compress(make_tar(*FILES))),
    ):
        sentences = 0
        for place in range(0, len(content), max(1, len(content) // 60)):
            damaged = bytearray(content)
            damaged[place] ^= 0xA5
            try:
                read_members(save(tmp_path, name, damaged))
            except UserError:
                sentences += 1
        assert sentences


def test_a_member_that_unpacks_to_more_than_it_says_takes_no_memory(tmp_path):
    size = 0x4030201
    content = make_zip(("bomb.png", bytes(size)), ("good.png", b"good"))
    lying = content.replace(struct.pack("<I", size), struct.pack("<I", 1_000))
    tracemalloc.start()
    result = read_members(save(tmp_path, "x.zip", lying))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert result == [("bomb.png", "", None), ("good.png", "", b"good")]
    assert peak < 8 << 20


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_members_packed_by_other_methods_are_read_up_to_their_listed_size(tmp_path, method):
    size = 0x3030201
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a.png", b"a" * 1000, compress_type=method)
        archive.writestr("b.png", b"b")
        archive.writestr("bomb.png", bytes(size), compress_type=method)
    content = (tmp_path / "x.zip").read_bytes().replace(struct.pack("<I", size), struct.pack("<I", 1_000))
    tracemalloc.start()
    result = read_members(save(tmp_path, "x.zip", content))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert result == [("a.png", "", b"a" * 1000), ("b.png", "", b"b"), ("bomb.png", "", None)]
    assert peak < size // 2  # LZMA keeps a dictionary of 8 MB


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_member_packed_by_another_method_has_no_content(tmp_path, method):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a.png", bytes(range(256)) * 9, compress_type=method)
        place = archive.getinfo("a.png").header_offset + 30 + len("a.png") + 60
    content = bytearray((tmp_path / "x.zip").read_bytes())
    content[place] ^= 0xFF
    assert read_members(save(tmp_path, "x.zip", content)) == [("a.png", "", None)]


def test_a_method_that_is_not_read_is_named(tmp_path):
    content = make_zip(("a.png", b"a" * 1000), ("b.png", b"b"))
    deflated = struct.pack("<HH", 0, zipfile.ZIP_DEFLATED)
    at = content.index(b"PK\x01\x02") + 8
    assert content[at : at + 4] == deflated
    other = content[: at + 2] + struct.pack("<H", 9) + content[at + 4 :]
    assert read_members(save(tmp_path, "x.zip", other)) == [
        ("a.png", "packed by a method that is not read; pack it again by deflate", None),
        ("b.png", "", b"b"),
    ]


def test_a_zip_behind_other_bytes_is_a_zip(tmp_path):
    path = save(tmp_path, "x.exe", b"MZ a program that unpacks itself" * 40 + make_zip(("a.png", b"a")))
    assert read_members(path) == [("a.png", "", b"a")]


def unmarked_zip(*names: bytes) -> bytes:
    """A zip whose names are not marked as UTF-8, whatever they are."""
    stand_ins = [chr(ord("a") + number) * len(name) for number, name in enumerate(names)]
    content = make_zip(*((stand_in, b"x") for stand_in in stand_ins))
    for stand_in, name in zip(stand_ins, names, strict=True):
        content = content.replace(stand_in.encode(), name)
    return content


@pytest.mark.parametrize(
    ("names", "read"),
    [
        (["bücher/é_1.png".encode()], ["bücher/é_1.png"]),
        (["写真/あソ_0.png".encode("cp932"), "写真/表紙.png".encode("cp932")], ["写真/あソ_0.png", "写真/表紙.png"]),
        (["été.png".encode("cp437"), "château.png".encode("cp437")], ["château.png", "été.png"]),
        ([b"faces\\a.png", b"faces\\b.png"], ["faces/a.png", "faces/b.png"]),
        ([b"faces/a\\1.png"], ["faces/a\\1.png"]),
    ],
)
def test_names_of_a_zip_are_read_in_the_code_page_in_which_they_are_words(tmp_path, names, read):
    members_read = read_members(save(tmp_path, "x.zip", unmarked_zip(*names)))
    assert sorted(members_read) == sorted((name, "", b"x") for name in read)


@pytest.mark.parametrize("pack", [make_tar, make_zip])
def test_a_name_that_goes_up_and_stays_inside_is_read(tmp_path, pack):
    path = save(tmp_path, "x", pack(("./d/../d/a.png", b"a")))
    assert read_members(path) == [("d/a.png", "", b"a")]


def test_a_name_that_is_not_text_is_replaced_by_one_that_is(tmp_path):
    for name in (b"\xe9t\xe9.png", b"caf\xe9.png", b"..\\\xe9.png"):
        (tmp_path / os.fsdecode(name)).write_bytes(b"x")
    assert read_members(tmp_path) == [
        ("..\\\\xe9.png", "a name that leads out of the archive", None),
        ("caf\\xe9.png", "", b"x"),
        ("\\xe9t\\xe9.png", "", b"x"),
    ]
