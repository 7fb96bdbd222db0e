"""Columns of a few labels list them, so that a later delivery with another one is noticed."""

import pytest

from eightytwenty import clean, infer, read_table


def _file(path, colours):
    path.write_text("\n".join(["id,colour", *(f"{n},{colour}" for n, colour in enumerate(colours))]) + "\n")
    return path


def _domain(path):
    return next(column for column in infer(path).columns if column.name == "colour").values


def test_a_column_of_a_few_labels_lists_them(tmp_path):
    assert _domain(_file(tmp_path / "a.csv", ["red", "blue", "green"] * 50)) == ("blue", "green", "red")


@pytest.mark.parametrize(
    "colours",
    [
        ["red", "blue", "green"] * 20,  # too few rows
        ["red", "blue", "green"] * 50 + ["teal"] * 4,  # a value that is rare: others may be, too
        ["crimson", "blue", "green"] * 50 + ["crimsonn"] * 5,  # a slip that is made again and again
        [f"tone-{chr(65 + n)}" for n in range(20)] * 20,  # too many to be read at a glance
    ],
)
def test_other_columns_do_not(tmp_path, colours):
    assert not _domain(_file(tmp_path / "a.csv", colours))


def test_another_label_of_a_later_delivery_is_flagged_and_other_case_is_changed(tmp_path):
    clean(_file(tmp_path / "a.csv", ["red", "blue", "green"] * 50), None, tmp_path / "first")
    table = read_table(tmp_path / "first/schema.yaml")
    cleaned = clean(_file(tmp_path / "b.csv", ["red", "teal", "BLUE"]), table, tmp_path / "second")
    assert cleaned.flags.collect()["value"].to_list() == ["teal"]
    assert cleaned.clean.collect()["colour"].to_list() == ["red", "teal", "blue"]


def test_a_known_value_may_still_be_the_wrong_one_in_its_row(tmp_path):
    colours = ["red", "blue", "green", "white", "black", "brown", "grey", "pink"]
    lines = [f"K-{n % 40:02d},model {chr(65 + n % 40)},{n % 40 + 700},{colours[n % 8]}" for n in range(800)]
    lines[7] = lines[7].replace("pink", "red")
    (tmp_path / "a.csv").write_text("\n".join(["code,model,part,colour", *lines]) + "\n")
    cleaned = clean(tmp_path / "a.csv", None, tmp_path / "out", min_confidence=0.5)
    assert read_table(tmp_path / "out/schema.yaml").columns[3].values
    assert cleaned.clean.collect()["colour"][7] == "pink"
