"""Attributes are matched with the right picture, and each of their faults has a name."""

import zipfile

import pytest

from eightytwenty.errors import UserError
from eightytwenty.kinds.category import Attribute
from eightytwenty.pictures import attribute_files
from eightytwenty.pictures.attribute_files import AttributeFile, parse_sidecar
from eightytwenty.pictures.attribute_tables import parse_tables
from eightytwenty.pictures.attribute_text import is_table
from eightytwenty.pictures.attributes import UnclaimedAttributes, read_attributes
from eightytwenty.pictures.source import open_pictures
from schemas.attributes import AVATARS, CARTOONSET, KNOWN_ATTRIBUTES
from tasks.ingest.avatars import draw_attributes

LINES = [f'"{attribute.name}", {len(attribute.values) - 1}, {len(attribute.values)}' for attribute in CARTOONSET]
FACE = "\n".join(LINES).encode() + b"\n"
VALUES = tuple(attribute.values[-1] for attribute in CARTOONSET)


def read(tmp_path, files):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return read_attributes(open_pictures(tmp_path / "x.zip", known_attributes=KNOWN_ATTRIBUTES))


def table(text, encoding="utf-8"):
    return parse_tables([AttributeFile("t.csv", text.encode(encoding))], KNOWN_ATTRIBUTES)


def with_line(name, line):
    return "\n".join(line if f'"{name}"' in old else old for old in LINES).encode()


# -- sidecar files


@pytest.mark.parametrize("content", [FACE, FACE.replace(b"\n", b"\r\n"), FACE.replace(b", ", b","), FACE.rstrip()])
def test_a_file_of_the_cartoon_set_is_read(content):
    assert parse_sidecar(content, CARTOONSET) == (VALUES, "")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", attribute_files.MALFORMED),
        (b"\xff\xfe\0", attribute_files.MALFORMED),
        ("\n".join(LINES[:-1]).encode(), attribute_files.MALFORMED),
        ("\n".join([*LINES, LINES[0]]).encode(), attribute_files.MALFORMED),
        (with_line("hair", '"hair", 4'), attribute_files.MALFORMED),
        (with_line("hair", '"hair", 4.0, 111'), attribute_files.MALFORMED),
        (FACE + b" " * (1 << 17) + b"\n", attribute_files.MALFORMED),
        (with_line("hair", '"hiar", 4, 111'), attribute_files.UNKNOWN_ATTRIBUTE),
        (with_line("hair", '"hair", 111, 111'), attribute_files.INDEX_OUT_OF_RANGE),
        (with_line("hair", '"hair", -1, 111'), attribute_files.INDEX_OUT_OF_RANGE),
        (with_line("hair", '"hair", 4, 112'), attribute_files.WRONG_CARDINALITY),
    ],
)
def test_a_faulty_sidecar_file_says_why(content, problem):
    assert parse_sidecar(content, CARTOONSET) == (None, problem)


def test_sidecar_files_are_matched_with_their_pictures(tmp_path):
    bad = with_line("hair", '"hair", 4, 112')
    result = read(
        tmp_path, {"0/a.png": b"", "0/a.csv": FACE, "1/a.png": b"", "1/b.png": b"", "1/b.csv": bad, "1/c.csv": bad}
    )
    assert result.attributes == CARTOONSET
    assert result.values == {"0/a.png": VALUES}
    assert result.problems == {"1/a.png": attribute_files.FILE_MISSING, "1/b.png": attribute_files.WRONG_CARDINALITY}
    assert result.unclaimed_rows == (
        UnclaimedAttributes("1/c.csv", 1, (attribute_files.WITHOUT_PICTURE, attribute_files.WRONG_CARDINALITY), bad),
    )


# -- tables


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table_is_read_whatever_its_form(encoding, delimiter):
    text = 'Hair Colour,Filename,eyeShape\nbrünett,a.png,1\n"rot","b.png",10\n rot ,c.png,2\n'
    result = table(text.replace(",", delimiter), encoding)
    assert result.attributes == (Attribute("hair_colour", ("brünett", "rot")), Attribute("eye_shape", ("1", "2", "10")))
    assert [(line.record, line.picture, line.values) for line in result.lines] == [
        (1, "a.png", ("brünett", "1")),
        (2, "b.png", ("rot", "10")),
        (3, "c.png", ("rot", "2")),
    ]


def test_columns_that_are_not_attributes_are_ignored_and_reported():
    rows = [f"{n}.png,{'ab'[n % 2]},{n / 7:.3f},same,{n},,{n % 3}" for n in range(100)]
    result = table("\n".join(["file,kind,weight,all,id,blank,3d", *rows]))
    assert [attribute.name for attribute in result.attributes] == ["kind", "attribute_3d"]
    assert result.ignored_columns == {
        "weight": "it has more than 64 different values",
        "all": "it has one value only",
        "id": "it has more than 64 different values",
        "blank": "it is empty",
    }
    assert table("file,kind,weight\na,x,1.5\nb,y,2\nc,x,1.5\n").ignored_columns == {
        "weight": "it holds measured numbers"
    }


def test_in_a_table_of_some_length_an_id_or_caption_is_no_attribute():
    rows = [f"{n}.png,{n},picture {n // 2 * n},{'ab'[n % 2]}" for n in range(30)]
    result = table("\n".join(["file,id,caption,kind", *rows]))
    assert [attribute.name for attribute in result.attributes] == ["kind"]
    assert result.ignored_columns == dict.fromkeys(["id", "caption"], "most of its values stand on one line only")


def test_the_order_of_values_does_not_depend_on_that_of_counting():
    order = ("-1", "0", "00", "000", "0000", "01", "1", "2", "10", "x", "x1")
    lines = "".join(f"{number}.png,{value}\n" for number, value in enumerate(order * 5))
    assert [table(f"file,number\n{lines}").attributes[0].values for _ in range(5)] == [order] * 5


def test_whole_numbers_as_pandas_writes_them_are_values():
    result = table("file,smiling\na,1.0\nb,0.0\nc,\n")
    assert result.attributes == (Attribute("smiling", ("0.0", "1.0")),)
    assert [line.problem for line in result.lines] == ["", "", attribute_files.MISSING_VALUE]


def test_faulty_lines_say_why_and_keep_their_bytes():
    text = "file,hair,eyes\na,red,wide\nb,blond,\nc,red\nd,red,wide,x\n,red,wide\ne,n/a,shut\nf,blond,shut\n"
    result = table(text).lines
    assert [(line.picture, line.problem) for line in result] == [
        ("a", ""),
        ("b", attribute_files.MISSING_VALUE),
        ("c", attribute_files.MALFORMED),
        ("d", attribute_files.MALFORMED),
        ("", attribute_files.MALFORMED),
        ("e", attribute_files.MISSING_VALUE),
        ("f", ""),
    ]
    assert [line.original.decode() for line in result] == text.splitlines()[1:]
    assert all((line.values is None) == bool(line.problem) for line in result)


def test_the_values_of_generated_avatars_are_known():
    names = [attribute.name for attribute in AVATARS]
    rows = [["x.png", *row] for row in draw_attributes(20, seed=1).rows()]
    rows[3][1] = "bnu"
    result = table("\n".join(map(",".join, [["file", *names], *rows])))
    assert result.attributes == AVATARS
    assert [line.record for line in result.lines if line.problem == attribute_files.UNKNOWN_VALUE] == [4]


def test_in_a_large_table_a_value_of_one_line_is_a_typo():
    rows = [f"{n}.png,{'red' if n % 2 else 'blond'}" for n in range(3000)]
    rows[7] = "7.png,rde"
    result = table("\n".join(["file,hair", *rows]))
    assert result.attributes == (Attribute("hair", ("blond", "red")),)
    assert [line.record for line in result.lines if line.problem == attribute_files.UNKNOWN_VALUE] == [8]


def test_two_columns_of_one_name_are_one_sentence():
    with pytest.raises(UserError, match="two columns with the name hair_colour"):
        table("file,hair colour,HairColour\na,b,c\n")


def test_lines_name_pictures_by_path_name_or_stem(tmp_path):
    lines = ["d/a.png,1", "b.png,2", "c,1", "./d/e,2", "D:\\pictures\\f.png,1", "g.png,2", "nowhere.png,1"]
    names = ["d/a.png", "d/b.png", "d/c.jpg", "d/e.png", "d/f.png", "d/g.png", "h/g.png", "d/i.png"]
    result = read(tmp_path, dict.fromkeys(names, b"") | {"t.csv": "\n".join(["file,kind", *lines]).encode()})
    assert result.values == {
        "d/a.png": ("1",),
        "d/b.png": ("2",),
        "d/c.jpg": ("1",),
        "d/e.png": ("2",),
        "d/f.png": ("1",),
    }
    assert result.problems == dict.fromkeys(["d/g.png", "h/g.png", "d/i.png"], attribute_files.LINE_MISSING)
    assert result.unclaimed_rows == (
        UnclaimedAttributes("t.csv", 6, (attribute_files.WITHOUT_PICTURE,), b"g.png,2"),
        UnclaimedAttributes("t.csv", 7, (attribute_files.WITHOUT_PICTURE,), b"nowhere.png,1"),
    )


def test_paths_in_a_table_start_at_its_folder_or_at_the_top(tmp_path):
    lines = ["a.png,1", "deep/b,2", "x/c.png,2", "../y/d.png,1", "A2.png,2", "../../e.png,1"]
    names = [
        "a.png",
        "x/a.png",
        "y/a.png",
        "x/deep/b.png",
        "y/deep/b.png",
        "x/c.png",
        "y/d.png",
        "x/a2.png",
        "y/a2.png",
    ]
    result = read(tmp_path, dict.fromkeys(names, b"") | {"x/t.csv": "\n".join(["file,kind", *lines]).encode()})
    assert result.values == {
        "x/a.png": ("1",),
        "x/deep/b.png": ("2",),
        "x/c.png": ("2",),
        "y/d.png": ("1",),
        "x/a2.png": ("2",),
    }
    assert [row.record for row in result.unclaimed_rows] == [6]


@pytest.mark.parametrize("first", [b"sep=;\r\n", b'"sep=;"\n', b"\xef\xbb\xbfsep=;\r\n"])
def test_the_separator_line_of_excel_is_skipped(tmp_path, first):
    lines = first + "file;kind\r\na.png;ä\r\nb.png;ö\r\n".encode()
    assert read(tmp_path, {"a.png": b"", "b.png": b"", "t.csv": lines}).values == {"a.png": ("ä",), "b.png": ("ö",)}
    (tmp_path / "separate.csv").write_bytes(lines)
    attributes = read_attributes(
        open_pictures(tmp_path / "x.zip", tmp_path / "separate.csv", known_attributes=KNOWN_ATTRIBUTES)
    )
    assert attributes.values == {"a.png": ("ä",), "b.png": ("ö",)}


def test_a_line_for_a_missing_picture_does_not_claim_one_of_the_same_name_elsewhere(tmp_path):
    lines = b"file,kind\na/x.png,1\nb/x.png,2\ny.png,1\nb/y.png,2\n"
    result = read(tmp_path, {"a/x.png": b"", "y.png": b"", "t.csv": lines})
    assert result.values == {"a/x.png": ("1",), "y.png": ("1",)}
    assert [(row.record, row.problems) for row in result.unclaimed_rows] == [
        (2, (attribute_files.WITHOUT_PICTURE,)),
        (4, (attribute_files.WITHOUT_PICTURE,)),
    ]


def test_names_in_other_case_or_unicode_form_are_the_same_unless_both_are_there(tmp_path):
    lines = ["IMG_1.JPG,1", "B\u00fc.png,2", "a.png,1", "A.png,2", "D.png,1"]
    names = ["x/img_1.jpg", "Bu\u0308.png", "a.png", "A.png", "x/d.png", "y/D.PNG"]
    result = read(tmp_path, dict.fromkeys(names, b"") | {"t.csv": "\n".join(["file,kind", *lines]).encode()})
    assert result.values == {"x/img_1.jpg": ("1",), "Bu\u0308.png": ("2",), "a.png": ("1",), "A.png": ("2",)}
    assert result.problems == dict.fromkeys(["x/d.png", "y/D.PNG"], attribute_files.LINE_MISSING)


def test_several_lines_for_a_picture_must_agree(tmp_path):
    result = read(tmp_path, {"a.png": b"", "b.png": b"", "t.csv": b"file,kind\na.png,1\nb.png,1\na.png,1\nb.png,2\n"})
    assert result.values == {"a.png": ("1",)}
    assert result.problems == {"b.png": attribute_files.SEVERAL_LINES}


def test_a_source_without_attributes_says_nothing(tmp_path):
    result = read(tmp_path, {"a.png": b""})
    assert (result.attributes, result.values, result.problems, result.unclaimed_rows) == ((), {}, {}, ())
    only_files = read(tmp_path, {"a.png": b"", "t.csv": b"file\na.png\n"})
    assert (only_files.attributes, only_files.problems) == ((), {})


def test_lines_name_pictures_from_other_places_and_in_other_formats(tmp_path):
    lines = ["/home/me/data/train/a.png,1", "C:\\data\\test\\a.png,2", "b.jpg,1", "c.PNG,2", "person.2,1", "d.jpg,2"]
    names = ["faces/train/a.png", "faces/test/a.png", "b.png", "c", "person.1", "d.png", "d.gif"]
    result = read(tmp_path, dict.fromkeys(names, b"") | {"t.csv": "\n".join(["file,kind", *lines]).encode()})
    assert result.values == {"faces/train/a.png": ("1",), "faces/test/a.png": ("2",), "b.png": ("1",), "c": ("2",)}
    assert [row.record for row in result.unclaimed_rows] == [5, 6]  # nothing else, and two pictures


def test_the_suffix_in_a_line_counts_before_that_of_another_format(tmp_path):
    result = read(tmp_path, {"a.png": b"", "a.jpg": b"", "t.csv": b"file,kind\nA.PNG,1\na.jpg,2\n"})
    assert result.values == {"a.png": ("1",), "a.jpg": ("2",)}


CELEBA = "3\nSmiling Wavy_Hair\na.jpg -1  1\nb.jpg  1  1\nc.jpg  1 -1\n"


@pytest.mark.parametrize("header", ["Smiling Wavy_Hair", "image_id Smiling Wavy_Hair"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_the_table_of_celeba_is_read(tmp_path, header, ends):
    text = CELEBA.replace("Smiling Wavy_Hair", header).replace("\n", ends)
    result = read(tmp_path, {"a.jpg": b"", "b.jpg": b"", "c.png": b"", "list_attr_celeba.txt": text.encode()})
    assert result.attributes == (Attribute("smiling", ("-1", "1")), Attribute("wavy_hair", ("-1", "1")))
    assert result.values == {"a.jpg": ("-1", "1"), "b.jpg": ("1", "1"), "c.png": ("1", "-1")}
    assert result.files == {"list_attr_celeba.txt": 3}


def test_faulty_lines_of_celeba_say_why_and_keep_their_bytes():
    result = table(CELEBA + "d.jpg 1\ne.jpg 1 1 1\nf.jpg 1 ?\n").lines
    assert [(line.picture, line.problem, line.original) for line in result[3:]] == [
        ("d.jpg", attribute_files.MALFORMED, b"d.jpg 1"),
        ("e.jpg", attribute_files.MALFORMED, b"e.jpg 1 1 1"),
        ("f.jpg", attribute_files.MISSING_VALUE, b"f.jpg 1 ?"),
    ]


@pytest.mark.parametrize(
    "text", ["12\n", "a photo of a cat\n", "12\na b\nred 1 2 3\n", "1\n2\n3\n", "1\na\nb.png 2 3\n"]
)
def test_other_texts_are_no_tables(text):
    assert not is_table(text.encode())


def test_spellings_of_one_value_are_one_and_the_ledger_says_so(tmp_path):
    cells = ["short", "LONG", "none ", "Short", "long", " none", "short", "Long", "none", "short", "long", "None"]
    lines = [f"{number}.png,{cell},{'aA'[number % 2]}" for number, cell in enumerate(cells)]
    files = dict.fromkeys([f"{number}.png" for number in range(12)], b"")
    result = read(tmp_path, files | {"t.csv": "\n".join(["file,hair,code", *lines]).encode()})
    # single letters may be codes, such as those of chessmen
    assert result.attributes == (Attribute("hair", ("long", "none", "short")), Attribute("code", ("A", "a")))
    assert [result.values[f"{number}.png"][0] for number in range(12)] == [cell.strip().lower() for cell in cells]
    changes = {name: [(one.repair, one.before, one.after) for one in made] for name, made in result.changes.items()}
    assert changes == {
        "1.png": [("letter case", "LONG", "long")],
        "2.png": [("stray spaces", "none ", "none")],
        "3.png": [("letter case", "Short", "short")],
        "5.png": [("stray spaces", " none", "none")],
        "7.png": [("letter case", "Long", "long")],
        "11.png": [("letter case", "None", "none")],
    }


def test_a_known_value_counts_before_a_frequent_spelling():
    rows = [["x.png", *row] for row in draw_attributes(3, seed=1).rows()]
    for row in rows:
        row[1] = "BUN"
    result = table("\n".join(map(",".join, [["file", *(one.name for one in AVATARS)], *rows])))
    assert [line.values[0] for line in result.lines] == ["bun"] * 3


def test_several_tables_are_one_and_their_lines_keep_their_places(tmp_path):
    tables = {"train.csv": b"file,hair\ntrain/a,red\ngone,red\n", "test.csv": b"Hair,file\nblond,test/a\nRED,test/b\n"}
    result = read(tmp_path, dict.fromkeys(["train/a.png", "test/a.png", "test/b.png"], b"") | tables)
    assert result.values == {"train/a.png": ("red",), "test/a.png": ("blond",), "test/b.png": ("red",)}
    assert result.unclaimed_rows == (
        UnclaimedAttributes("train.csv", 2, (attribute_files.WITHOUT_PICTURE,), b"gone,red"),
    )
    assert result.files == {"test.csv": 2, "train.csv": 2}


def test_a_column_without_a_name_is_reported_if_it_holds_something(tmp_path):
    result = table("\ufeff,file,hair,\n0,a,red,\n1,b,blond,\n")
    assert result.ignored_columns == {"column 1": "it has no name"}


# -- folders


@pytest.mark.parametrize("wrapper", ["", "data/", "train/", "data/train/"])
def test_the_folders_of_pictures_are_classes(tmp_path, wrapper):
    result = read(tmp_path, {f"{wrapper}{kind}/{n}.png": b"" for kind in ("cat", "dog") for n in range(3)})
    assert result.attributes == (Attribute("class", ("cat", "dog")),)
    assert result.values[f"{wrapper}dog/1.png"] == ("dog",)
    assert result.files == {"the folders of the pictures": 2}


def test_splits_are_no_classes(tmp_path):
    names = [f"{split}/{kind}/{n}.png" for split in ("Train", "test") for kind in ("cat", "dog") for n in range(3)]
    assert read(tmp_path, dict.fromkeys(names, b"")).values["test/cat/0.png"] == ("cat",)
    assert read(tmp_path, {f"{split}/{n}.png": b"" for split in ("train", "val") for n in range(3)}).attributes == ()


@pytest.mark.parametrize(
    ("names", "ignored"),
    [
        (["a.png", "cat/b.png", "dog/c.png"], {}),
        (["faces/a.png", "faces/b.png"], {}),
        ([f"{n}/a.png" for n in range(20)], {"class": "most folders hold one picture only"}),
        ([f"{n}/{m}.png" for n in range(70) for m in range(3)], {"class": "there are more than 64 folders"}),
    ],
)
def test_other_folders_are_no_classes(tmp_path, names, ignored):
    result = read(tmp_path, dict.fromkeys(names, b""))
    assert (result.attributes, result.values, result.ignored_columns) == ((), {}, ignored)
