"""What a person wrote into a schema survives when it is inferred again."""

import pytest

from eightytwenty import infer_into, read_table
from eightytwenty.errors import UserError
from eightytwenty.mined_rules import Typos
from eightytwenty.schema import Check

TEXT = "id,size,day,city\n" + "".join(f"K{n:03},{n},2024-01-{n % 28 + 1:02},Rome\n" for n in range(40))


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "raw.csv").write_text(TEXT)
    infer_into(tmp_path / "raw.csv", tmp_path / "seen")
    return tmp_path


def edit(folder, *pairs):
    schema = folder / "seen" / "schema.yaml"
    text = schema.read_text()
    for before, after in pairs:
        assert before in text
        text = text.replace(before, after)
    schema.write_text(text)


def update(folder, text=TEXT):
    (folder / "raw.csv").write_text(text)
    infer_into(folder / "raw.csv", folder / "seen", update=True)
    return read_table(folder / "seen" / "schema.yaml")


def test_without_an_edit_it_is_what_is_inferred_now(folder):
    before = (folder / "seen" / "schema.yaml").read_bytes()
    update(folder)
    assert (folder / "seen" / "schema.yaml").read_bytes() == before
    table = update(folder, TEXT + "K900,7.5,2024-01-01,Rome\n")
    assert {column.name: column.kind for column in table.columns}["size"] == "decimal"


def test_fields_columns_rules_and_comments_of_a_person_stay(folder):
    edit(
        folder,
        ("  size: {kind: integer,", "  # as the scale shows it\n  size: {kind: integer, unit: kg, range: [0, 100],"),
        ("rules:\n- {unique: [id]}\n", "rules:\n- {check: size > 0, reason: nothing weighs nothing}\n"),
        ("table: raw", "table: parcels"),
        (", city]}", "]}"),
    )
    text = (folder / "seen" / "schema.yaml").read_text()
    (folder / "seen" / "schema.yaml").write_text(
        "".join(line for line in text.splitlines(keepends=True) if not line.startswith("  city:"))
    )
    table = update(folder)
    columns = {column.name: column for column in table.columns}
    assert list(columns) == ["id", "size", "day"]
    assert (columns["size"].unit, columns["size"].range) == ("kg", ("0", "100"))
    assert table.name == "parcels"
    assert table.rules == (Check("size > 0", "nothing weighs nothing"), Typos(("id", "size", "day")))
    lines = (folder / "seen" / "schema.yaml").read_text().splitlines()
    assert lines[lines.index("  # as the scale shows it") + 1].startswith("  size:")
    once = (folder / "seen" / "schema.yaml").read_bytes()
    update(folder)
    assert (folder / "seen" / "schema.yaml").read_bytes() == once


def test_a_kind_that_a_person_chose_stays_with_new_rows(folder):
    edit(folder, ("size: {kind: integer,", "size: {kind: text,"))
    table = update(folder, TEXT + "K900,7.5,2024-01-01,Oslo\n")
    assert {column.name: column.kind for column in table.columns}["size"] == "text"


def test_rules_that_were_all_deleted_are_none(folder):
    text = (folder / "seen" / "schema.yaml").read_text()
    (folder / "seen" / "schema.yaml").write_text(text[: text.index("rules:")])
    assert read_table(folder / "seen" / "schema.yaml").rules == ()


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("repair: []", "repair: [date fromat]", "date fromat is no repair of the kind"),
        (
            "kind: integer",
            "kind: quantity, unit: lb, format: 1234 kg",
            "the unit lb is not the one in the format 1234 kg",
        ),
    ],
)
def test_an_edit_that_cannot_be_is_a_sentence_with_its_line(folder, before, after, sentence):
    edit(folder, (before, after))
    with pytest.raises(UserError, match=rf"schema\.yaml, line \d+: {sentence}"):
        read_table(folder / "seen" / "schema.yaml")


def test_a_folder_without_a_schema_and_one_without_leave_are_refused(folder):
    with pytest.raises(UserError, match="give --update to keep what you wrote"):
        infer_into(folder / "raw.csv", folder / "seen")
    with pytest.raises(UserError, match=r"holds no schema\.yaml to update"):
        infer_into(folder / "raw.csv", folder / "new", update=True)
    (folder / "seen" / "mine.txt").write_text("x")
    with pytest.raises(UserError, match=r"holds mine\.txt; choose a new or an empty folder"):
        infer_into(folder / "raw.csv", folder / "seen", update=True)
    assert (folder / "seen" / "mine.txt").exists()


def test_new_rules_that_do_not_fit_the_columns_of_a_person_are_left_out(tmp_path):
    def text(wrong):
        lines = [f"{n * 37 % 101},{n * 53 % 97},{n * 37 % 101 + n * 53 % 97 + n * n * wrong}" for n in range(60)]
        return "left,right,total\n" + "\n".join(lines) + "\n"

    for edited, names in (
        ("text", ["typo", "near duplicate"]),
        ("decimal", ["total = left + right", "from total = left + right", "typo", "near duplicate"]),
    ):
        folder = tmp_path / edited
        folder.mkdir()
        (folder / "raw.csv").write_text(text(wrong=1))
        infer_into(folder / "raw.csv", folder / "seen")
        edit(folder, ("total: {kind: integer", f"total: {{kind: {edited}"))
        assert [rule.name for rule in update(folder, text(wrong=0)).rules] == names
