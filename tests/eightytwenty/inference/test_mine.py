"""What a table shows of itself judges its rows, and those of later deliveries, from end to end."""

import csv
import io
import re
from dataclasses import replace

import cloudpickle
import numpy as np
import polars as pl
import pytest

from eightytwenty import Column, Respell, Table, clean, infer, read_table, table_yaml
from eightytwenty.inference import sample
from eightytwenty.inference.gather import repaired_cells
from eightytwenty.inference.mine import with_judge
from eightytwenty.mined_rules import Depends, MinedRule, SourceVotes, Template, Typos
from eightytwenty.pages.explain import explain, explanation_rich
from eightytwenty.read.source import open_source
from tests.eightytwenty.executors import pickled
from tests.eightytwenty.inference.told_table import COLUMNS, make_table

HEADER = ["zip", "city", "state", "number"]
CITIES = ["Rome", "Oslo", "Paris", "Madrid", "Berlin", "Vienna", "Lisbon", "Athens", "Dublin", "Warsaw"]
STATES = ["Lazio", "Ostland", "Idf", "Castile", "Brandenburg", "Danube", "Estremadura", "Attica", "Leinster", "Mazovia"]
SLIPS = {5: "Pariz", 9: "Viennna", 50: "Atens", 121: ""}  # record -> what stands instead of the city
RULE = "dependency (zip -> city)"


def right(record):
    place = record * 7 % 20
    return str(1000 + 37 * place), CITIES[place % 10], STATES[place % 10]


def text(rows=400, slips=SLIPS, seed=1):
    rng, stream = np.random.default_rng(seed), io.StringIO()
    lines = [[*right(record), str(rng.integers(10**6))] for record in range(1, rows + 1)]
    for record, slip in slips.items():
        lines[record - 1][1] = slip
    csv.writer(stream, lineterminator="\n").writerows([HEADER, *lines])
    return stream.getvalue()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mine")
    (folder / "raw.csv").write_text(text())
    clean(folder / "raw.csv", None, folder / "bold", min_confidence=0.6)
    return folder


@pytest.fixture(scope="module")
def schema(folder):
    return read_table(folder / "bold/schema.yaml")


def changes(cleaned):
    return {line["record"]: (line["before"], line["after"]) for line in cleaned.ledger.collect().to_dicts()}


def judged(cleaned, name="flags"):
    return getattr(cleaned, name).collect().select("record", "column", "rule", "reason").rows()


def act(table, **actions):
    """The table with other actions of the rules of some classes."""
    return replace(
        table,
        rules=tuple(
            replace(rule, action=actions[type(rule).__name__]) if type(rule).__name__ in actions else rule
            for rule in table.rules
        ),
    )


def test_slips_are_repaired_with_the_evidence_in_words(folder, schema, tmp_path):
    cleaned = clean(folder / "raw.csv", schema, tmp_path / "out")
    assert changes(cleaned) == {record: (slip or None, right(record)[1]) for record, slip in SLIPS.items()}
    reasons = {line[0]: line[2:] for line in judged(cleaned, "ledger")}
    zip_code, city, state = right(5)
    by_zip, by_state = (
        rf"(19 of 19|39 of 39) other rows with {left} say {city}" for left in (f"zip {zip_code}", f"state {state}")
    )
    assert re.fullmatch(f"{by_zip}|{by_state}", reasons[5][1])
    assert cleaned.flags.collect().is_empty()
    shown = "\n".join(explanation_rich(explain(cleaned.folder, "5", "city")))
    assert reasons[5][1] in shown
    # what was inferred and what was read back are the same
    assert (folder / "bold/clean.parquet").read_bytes() == (cleaned.folder / "clean.parquet").read_bytes()


def test_below_the_confidence_they_are_only_proposed(folder, tmp_path):
    cleaned = clean(folder / "raw.csv", None, tmp_path / "out", min_confidence=1)
    flags = cleaned.flags.collect()
    assert cleaned.ledger.collect().is_empty()
    assert dict(flags.select("record", "proposal").rows()) == {record: right(record)[1] for record in SLIPS}
    assert flags["confidence"].is_between(0.5, 1).all()
    assert flags["reason"].str.contains(r"^\d+ of \d+ other rows with (zip|state) .+ say ").all()


def test_cleaning_the_result_again_changes_nothing(folder, schema, tmp_path):
    again = clean(folder / "bold/clean.csv", schema, tmp_path / "out")
    assert again.ledger.collect().is_empty()
    before = pl.read_parquet(folder / "bold/clean.parquet").select(HEADER)
    assert again.clean.collect().select(HEADER).equals(before)


@pytest.mark.parametrize("action", ["flag", "off"])
def test_a_rule_that_does_not_repair_flags_or_is_silent(folder, schema, tmp_path, action):
    path = tmp_path / "schema.yaml"
    path.write_text(table_yaml(act(schema, Depends=action, Typos=action)))
    cleaned = clean(folder / "raw.csv", read_table(path), tmp_path / "out")
    assert cleaned.ledger.collect().is_empty()
    assert {line[0] for line in judged(cleaned)} == (set(SLIPS) if action == "flag" else set())
    # also where the evidence is there
    assert act(schema, Depends="off", Typos="off").judge
    cleaned = clean(folder / "raw.csv", act(schema, Depends="off", Typos="off"), tmp_path / "off")
    assert cleaned.ledger.collect().is_empty()


def test_the_evidence_of_the_first_delivery_judges_one_row_of_a_later_one(schema, tmp_path):
    zip_code, city, state = right(3)
    (tmp_path / "later.csv").write_text(f"zip,city,state,number\n{zip_code},Nowhere,{state},3\n")
    later = clean(tmp_path / "later.csv", schema, tmp_path / "out")
    assert changes(later) == {1: ("Nowhere", city)}
    alone = clean(tmp_path / "later.csv", replace(schema, judge=None), tmp_path / "alone")
    assert changes(alone) == {}


def test_a_column_that_a_later_file_lacks_is_not_doubtful(schema, tmp_path):
    loose = tuple(replace(column, required=False, nullable=True) for column in schema.columns)
    table = replace(schema, columns=loose, rules=tuple(rule for rule in schema.rules if isinstance(rule, MinedRule)))
    (tmp_path / "later.csv").write_text(f"zip,state,number\n{right(3)[0]},{right(3)[2]},3\n{right(4)[0]},,4\n")
    later = clean(tmp_path / "later.csv", table, tmp_path / "out")
    assert changes(later) == {2: (None, right(4)[2])}
    assert judged(later) == []


def test_masked_results_hold_no_counts_and_count_again(folder, tmp_path):
    masked = clean(folder / "raw.csv", None, tmp_path / "out", mask=True, min_confidence=0.6)
    assert {path.suffix for path in (masked.folder / "evidence").iterdir()} == {".json", ".md", ".yaml"}
    table = read_table(masked.folder / "schema.yaml")
    assert table.judge is None
    assert changes(clean(folder / "raw.csv", table, tmp_path / "again")).keys() == SLIPS.keys()


def country_text(rows=600):
    """Zip codes that say the city in Italy, and nothing in two other countries; nobody knows the cities of two rows."""
    rng = np.random.default_rng(4)
    lines = []
    for record in range(1, rows + 1):
        country, place = ("Italy", "Norway", "Spain")[record % 3], int(rng.integers(30))
        city = CITIES[place * 7 % 10] if country == "Italy" else CITIES[int(rng.integers(10))]
        lines.append(f"{country},{1000 + 37 * place},{city},{rng.integers(10**6)}\n")
    for record in (9, 31):  # in Italy and in Norway
        country, zip_code, _, number = lines[record - 1].split(",")
        lines[record - 1] = f"{country},{zip_code},Nowhere {record},{number}"
    return "country,zip,city,number\n" + "".join(lines)


def test_a_dependency_in_a_part_of_the_table_judges_the_rows_of_this_part_alone(tmp_path, clean_source):
    (tmp_path / "raw.csv").write_text(country_text())
    cleaned = clean(tmp_path / "raw.csv", None, tmp_path / "out", min_confidence=0.6)
    schema = read_table(cleaned.folder / "schema.yaml")
    (rule,) = (rule for rule in schema.rules if isinstance(rule, Depends))
    assert (rule.when, rule.then, rule.where) == (("zip",), "city", (("country", "Italy"),))
    assert rule.groups == 30
    ((*cell, reason),) = [*judged(cleaned, "ledger"), *judged(cleaned)]
    assert cell == [9, "city", rule.name]
    assert re.fullmatch(r"(\d+) of \1 other rows with country Italy and zip \d+ say \w+", reason)
    whole = clean_source(country_text().encode(), "raw.csv", schema)
    parts = clean_source(country_text().encode(), "raw.csv", schema, piece=2_000, executor=pickled)
    assert whole["ledger"].height == 1
    assert parts.files == whole.files


def test_of_many_rows_the_groups_of_a_condition_are_counted_in_all(tmp_path, monkeypatch):
    monkeypatch.setattr(sample, "MOST_ROWS", 150)
    rule = Depends(("zip",), "city", {"country": "Italy"})
    columns = (Column("country", "text"), Column("zip", "code"), Column("city", "text"), Column("number", "integer"))
    (tmp_path / "raw.csv").write_text(country_text())
    table = Table("countries", columns, (rule,))
    evidence = with_judge(table, open_source(tmp_path / "raw.csv", table).files).judge.evidence
    assert evidence.groups[rule.name].counts.sum() == 200


BY_HAND = Table(
    "hand",
    (
        Column("zip", "code"),
        Column("city", "text", nullable=True),
        Column("state", "text"),
        Column("number", "integer"),
    ),
    min_confidence=0.6,
)


def test_a_rule_written_by_hand_counts_in_the_rows_that_it_judges(folder, tmp_path):
    (tmp_path / "hand.yaml").write_text(table_yaml(BY_HAND) + "rules:\n- {when: [zip], then: city}\n")
    cleaned = clean(folder / "raw.csv", read_table(tmp_path / "hand.yaml"), tmp_path / "out")
    assert set(judged(cleaned, "ledger")) == {
        (record, "city", RULE, f"19 of 19 other rows with zip {right(record)[0]} say {right(record)[1]}")
        for record in SLIPS
    }


def test_a_rule_that_a_person_adds_beside_the_evidence_counts_as_well(folder, schema, tmp_path):
    mined = tuple(rule for rule in schema.rules if not isinstance(rule, Depends))
    added = Depends(("zip",), "city", name="my own")
    table = replace(schema, rules=(*mined, added), judge=replace(schema.judge))
    cleaned = clean(folder / "raw.csv", table, tmp_path / "out")
    # of the others, the slip is nearly one city, and the zip says another
    assert changes(cleaned).keys() == {5, 121}
    assert (5, "city", "my own") in {line[:3] for line in judged(cleaned, "ledger")}


def test_what_another_rule_flags_is_flagged_once(folder, schema, tmp_path):
    respell = Respell((("Pariz", "Paris"),), "city", action="flag")
    table = replace(act(schema, Depends="flag", Typos="flag"), rules=(respell, *act(schema, Depends="flag").rules))
    table = act(table, Depends="flag", Typos="flag")
    cleaned = clean(folder / "raw.csv", table, tmp_path / "out")
    assert [line[:3] for line in judged(cleaned) if line[0] == 5] == [(5, "city", "respelled city")]
    assert len(judged(cleaned)) == len(SLIPS)


def test_pieces_executors_and_pickle_make_no_difference(clean_source, schema):
    content = text().encode()
    whole = clean_source(content, "raw.csv", schema)
    parts = clean_source(content, "raw.csv", schema, piece=2_000, executor=pickled)
    assert whole["ledger"].height == len(SLIPS)
    assert parts.files == whole.files


def test_a_pickled_judge_says_the_same_whatever_was_asked_before(folder, schema):
    digest = schema.judge.digest
    fresh = read_table(folder / "bold/schema.yaml")
    rows = pl.read_csv(folder / "raw.csv", infer_schema=False)
    cells = repaired_cells(schema, rows)
    verdicts = [
        table.judge(table.rules, cells.texts, cells.unreadable)
        for table in (schema, cloudpickle.loads(cloudpickle.dumps(schema)), fresh)
    ]
    assert verdicts[0].height >= len(SLIPS)
    assert verdicts[0].equals(verdicts[1])
    assert verdicts[0].equals(verdicts[2])
    assert {
        digest,
        schema.judge.digest,
        fresh.judge.digest,
        cloudpickle.loads(cloudpickle.dumps(schema)).judge.digest,
    } == {digest}
    assert infer(folder / "raw.csv", min_confidence=0.6).judge.digest == digest


def test_of_many_rows_the_evidence_of_a_sample_is_counted_in_all(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(sample, "MOST_ROWS", 150)
    table = replace(BY_HAND, rules=(Depends(("zip",), "city"), Typos(("number",))))
    lines = list(csv.DictReader(io.StringIO(text())))
    evidence = with_judge(table, open_source(folder / "raw.csv", table).files).judge.evidence
    # a later part of the same rows, in another order and two files, is the same evidence
    parts = tmp_path / "parts"
    parts.mkdir()
    header, *rows = text().splitlines(keepends=True)
    (parts / "a.csv").write_text(header + "".join(reversed(rows[:90])))
    (parts / "b.csv").write_text(header + "".join(rows[90:]))
    assert with_judge(table, open_source(parts, table).files).judge.evidence.digest == evidence.digest
    for name, vocabulary in evidence.vocabularies.items():
        counts = vocabulary.values.counts.to_list()
        assert counts == sorted(counts, reverse=True)
        for value, count in zip(vocabulary.values.cells, counts, strict=True):
            assert count == sum(line[name] == value for line in lines)
    assert evidence.vocabularies["city"].values.nulls == 1
    assert len(evidence.vocabularies["number"]) < 200
    groups = evidence.groups[RULE]
    zips, cities = (evidence.vocabularies[name] for name in ("zip", "city"))
    counted = dict(
        zip(
            zip(zips.decode(groups.keys), cities.decode(groups.values), strict=True),
            groups.counts.tolist(),
            strict=True,
        )
    )
    known = set(cities.values.cells)
    expected = [(line["zip"], line["city"]) for line in lines if line["city"] in known]
    assert counted == {pair: expected.count(pair) for pair in set(expected)}


@pytest.mark.parametrize(
    ("content", "rules"),
    [
        ("zip,city\n1,\n2,\n1,\n", (Depends(("zip",), "city"), Template("{zip}x", "city"), Typos(("zip", "city")))),
        ("zip,city\n,Rome\n,Rome\n,\n", (Depends(("city",), "zip"), Depends(("zip",), "city"), Typos(("zip",)))),
        ("zip,city\n1,2,3\n1,2,3\n7,8\n", (Depends(("zip",), "city"), Typos(("zip",)))),
    ],
)
def test_columns_without_values_say_nothing(tmp_path, content, rules):
    table = Table("t", (Column("zip", "code", nullable=True), Column("city", "text", nullable=True)), rules)
    (tmp_path / "raw.csv").write_text(content)
    cleaned = clean(tmp_path / "raw.csv", table, tmp_path / "out")
    assert cleaned.ledger.collect().is_empty()
    assert [line for line in judged(cleaned) if not line[2].startswith("template")] == []


def test_odd_names_and_single_columns_can_be_inferred(tmp_path):
    (tmp_path / "one.csv").write_text("x\n" + "a\n" * 30 + "b\n")
    assert infer(tmp_path / "one.csv").rules == (Typos(("x",)),)
    rows = [(number * 7 % 25, number) for number in range(300)]
    lines = [f"k{place},m{place},v{place % 7},w{place % 9}\n" for place, _ in rows]
    (tmp_path / "odd.csv").write_text('a,"a -> b","c ""d""","b -> {c}"\n' + "".join(lines))
    cleaned = clean(tmp_path / "odd.csv", None, tmp_path / "out")
    table = read_table(cleaned.folder / "schema.yaml")
    assert Depends(("a",), "b -> {c}").name in {rule.name for rule in table.rules}
    assert table.judge.digest == infer(tmp_path / "odd.csv").judge.digest


def test_what_sources_tell_of_a_thing_does_not_say_which_thing_it_is(tmp_path):
    cells, _ = make_table([0.95, 0.9, 0.9, 0.6, 0.5, 0.4])
    cells.write_csv(tmp_path / "told.csv")
    rules = infer(tmp_path / "told.csv").rules
    assert [rule.of for rule in rules if isinstance(rule, SourceVotes)] == ["flight"]
    then = {rule.then for rule in rules if isinstance(rule, Depends)}
    assert "flight" not in then
    assert then & set(COLUMNS)
