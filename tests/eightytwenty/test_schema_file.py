import pickle

import pytest
from hypothesis import given, settings

from eightytwenty import Check, Column, Impute, Table, Unique, UserError, read_table, table_yaml
from tests.eightytwenty.random_tables import tables

READINGS = """
version: 1
table: readings
columns:
  sensor: {kind: category, missing: ["?"], values: [off, NO], replace: {n: NO}, keep: [007]}
  kelvin: {kind: decimal, unit: K, range: [0, null], action: flag, aliases: [temperature]}
  start: {kind: date, nullable: true, required: false}
  end: {kind: date}
rules:
  - {check: "start <= end", reason: a visit ends after it starts}
  - {impute: kelvin = kelvin, action: off}
  - {unique: [sensor, start]}
"""


@pytest.fixture
def read(tmp_path):
    def run(text):
        path = tmp_path / "table.yaml"
        path.write_text(text, encoding="utf-8")
        return read_table(path)

    return run


def test_every_word_keeps_its_meaning(read):
    assert read(READINGS) == Table(
        "readings",
        (
            Column("sensor", "category", missing=("?",), values=("off", "NO"), replace=(("n", "NO"),), keep=("007",)),
            Column("kelvin", "decimal", unit="K", range=("0", None), action="flag", aliases=("temperature",)),
            Column("start", "date", nullable=True, required=False),
            Column("end", "date"),
        ),
        (
            Check("start <= end", "a visit ends after it starts"),
            Impute("kelvin = kelvin", action="off"),
            Unique(("sensor", "start")),
        ),
    )


@settings(max_examples=150)
@given(table=tables())
def test_a_table_survives_yaml_and_pickling(tmp_path_factory, table):
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_text(table_yaml(table), encoding="utf-8")
    again = read_table(path)
    assert again == table
    assert table_yaml(again) == table_yaml(table)
    assert pickle.loads(pickle.dumps(table)) == table  # noqa: S301 - our own bytes
    assert hash(again) == hash(table)


HEAD = "table: t\ncolumns:\n  a: {kind: integer}\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is empty"),
        ("table: [", "line 1: this is not YAML"),
        ("- a\n- b", r"line 1: the value must be a mapping"),
        ("table: t", "line 1: columns is missing"),
        ("table: t\ncolums: {}", "line 2: colums is not known here; did you mean columns"),
        ("version: 2\n" + HEAD, "line 1: only version 1 is known"),
        ("table: t\ncolumns: {}", "a table needs a column"),
        ("table: t\ncolumns:\n  a: {}", "line 3: kind is missing"),
        ("table: t\ncolumns:\n  a: {kind: intger}", "line 3: there is no kind intger; did you mean integer"),
        (
            "table: t\ncolumns:\n  a:\n    kind: integer\n    rnage: [0, 1]",
            "line 5: rnage is not known here; did you mean range",
        ),
        ("table: t\ncolumns:\n  a: {kind: integer}\n  a: {kind: text}", "line 4: a stands here twice"),
        ("table: t\ncolumns:\n  a: {kind: integer}\n  A: {kind: text}", "two columns may be called a in a file"),
        ("table: t\ncolumns:\n  source: {kind: text}", "line 3: a column cannot have the name 'source'"),
        ("table: t\ncolumns:\n  a: {kind: integer, range: [0]}", "line 3: a range has two ends"),
        ("table: t\ncolumns:\n  a: {kind: integer, range: [0, x]}", "line 3: 'x' is not in the plain form of integer"),
        ("table: t\ncolumns:\n  a: {kind: integer, values: [1]}", "line 3: values and keep are for columns of text"),
        ("table: t\ncolumns:\n  a: {kind: text, nullable: yes}", "line 3: 'yes' must be true or false"),
        ("table: t\ncolumns:\n  a: {kind: text, values: x}", "line 3: this must be a list"),
        ("table: t\ncolumns:\n  a: {kind: [text]}", "line 3: this must be one value"),
        (
            "table: t\ncolumns:\n  a: {kind: text, action: drop}",
            "line 3: drop is no action here; choose quarantine, flag, off",
        ),
        (
            "table: t\ncolumns:\n  a: {kind: text, replace: {x: y, y: z}}",
            "line 3: 'y' cannot be a sound value and stand for",
        ),
        ("table: t\ncolumns:\n  a: {kind: text, replace: {x: ' y'}}", "line 3: ' y' is not in the plain form of text"),
        ("table: t\ncolumns:\n  a: {kind: text, unit: K}", "line 3: a unit is for columns of numbers"),
        (HEAD + "rules:\n- {chekc: a > 1}", "line 5: a rule is one of check, impute, unique"),
        (HEAD + "rules:\n- {check: a > 1}", "line 5: reason is missing"),
        (HEAD + "rules:\n- {check: a > 1, reason: x}\n- {check: b > 1, reason: x}", "line 6: 'b > 1' names b"),
        (
            HEAD + "rules:\n- {check: a > 1, reason: x, acton: off}",
            "line 5: acton is not known here; did you mean action",
        ),
        ("table: t\ncolumns:\n  line: {kind: text}", "line 3: a column cannot have the name 'line'; give it another"),
        ("table: t\ncolumns:\n  '*': {kind: text}", "line 3: a column cannot have the name"),
        ("table: t\ncolumns:\n  a: {kind: integer, range: [9, 1]}", "line 3: the range from 9 to 1 is empty"),
        ("table: t\ncolumns:\n  a: {kind: integer, unit: '0'}", "line 3: '0' is no unit"),
        ("table: t\ncolumns:\n  a: {kind: text, aliases: [b]}\n  b: {kind: text}", "two columns may be called b"),
        (HEAD + "rules:\n- {check: a > 1, reason: x, name: row cut off}", "a rule cannot have the name row cut off"),
        (HEAD + "rules:\n- {check: a > now(), reason: x}", "must not depend on the clock"),
        (HEAD + "rules:\n- {impute: a = b}", "line 5: b is not a column; there are a"),
        (HEAD + "rules:\n- {impute: a}", "line 5: 'a' is not an equation"),
        (HEAD + "rules:\n- {unique: a}", "line 5: this must be a list"),
        (HEAD + "rules:\n- {unique: []}", "line 5: a key needs a column"),
        (HEAD + "rules:\n- {unique: [a]}\n- {unique: [a], name: x}", "there is more than one unique rule"),
        (HEAD + "rules:\n- &x {unique: [a]}\n- *x", "line 5: anchors and aliases are not read"),
        ("table: t\ncolumns:\n  a: {kind: text}\nrules:\n- {impute: a = 1}", "line 5: a holds no numbers"),
        ("table: " + "[" * 5_000, "is not YAML|this must be one value"),
    ],
)
def test_a_fault_is_one_sentence_that_names_the_line(read, text, why):
    with pytest.raises(UserError, match=why) as error:
        read(text)
    assert "\n" not in str(error.value)


def test_a_file_that_cannot_be_read_is_a_sentence(tmp_path):
    with pytest.raises(UserError, match="cannot be read"):
        read_table(tmp_path)
    (tmp_path / "latin.yaml").write_bytes("table: Zo\xeb".encode("latin-1"))
    with pytest.raises(UserError, match="is not UTF-8 text"):
        read_table(tmp_path / "latin.yaml")
    (tmp_path / "big.yaml").write_bytes(b"#" * 10_000_001)
    with pytest.raises(UserError, match="has more than 10 MB"):
        read_table(tmp_path / "big.yaml")


def test_lines_for_people_stay_short():
    assert (
        table_yaml(Table("t", (Column("a", "integer"),))) == "version: '1'\ntable: t\ncolumns:\n  a: {kind: integer}\n"
    )
