import numpy as np
import polars as pl
import pytest

from eightytwenty.evaluate.score import score
from eightytwenty.evaluate.table_faults import BYTE_KINDS, KINDS, add_dirt
from schemas.pairs import pairs_table
from tasks.ingest.pairs import as_csv, draw_pairs, generate_pairs


@pytest.mark.parametrize("largest_sum", [16, 256, 65536])
@pytest.mark.parametrize(("dirt", "seed"), [(0.2, 1), (1.0, 2), (0.01, 3)])
def test_every_kind_of_dirt_is_caught_and_nothing_else_is_touched(tmp_path, clean_source, largest_sum, dirt, seed):
    raw = generate_pairs(tmp_path / "data", rows=10_000, largest_sum=largest_sum, dirt=dirt, seed=seed)
    truth = pl.read_parquet(tmp_path / "data" / "truth.parquet")
    cleaned = clean_source(raw, table=pairs_table(largest_sum))
    result = score(cleaned.folder, truth)
    assert set(result.kinds["kind"]) == set(KINDS) - ({"thousands separator"} if largest_sum < 1000 else set())
    assert (result.kinds["caught"] / result.kinds["injected"]).min() >= 0.999
    assert result.kinds["right"].to_list() == result.kinds["injected"].to_list()
    assert result.kinds["wrong"].sum() == 0
    assert (result.false_repairs, result.lost_rows) == (0, 0)


def test_a_table_without_dirt_is_clean(tmp_path, clean_source):
    raw = generate_pairs(tmp_path / "data", rows=1000, largest_sum=16, dirt=0, seed=1)
    cleaned = clean_source(raw, table=pairs_table(16))
    assert cleaned.summary.fates == {"clean": 1000, "quarantine": 0, "duplicates": 0}
    assert cleaned["ledger"].is_empty()
    assert score(cleaned.folder, pl.read_parquet(tmp_path / "data" / "truth.parquet")).lost_rows == 0


def test_the_same_seed_gives_the_same_bytes_and_another_gives_others(tmp_path):
    bytes_of = [
        [file.read_bytes() for file in sorted((tmp_path / name).rglob("*.*"))]
        for name, seed in (("x", 1), ("y", 1), ("z", 2))
        if generate_pairs(tmp_path / name, rows=500, largest_sum=256, dirt=0.5, seed=seed)
    ]
    assert bytes_of[0] == bytes_of[1] != bytes_of[2]


def test_pairs_are_uniform_and_in_range():
    pairs = draw_pairs(20_000, 16, 1)
    assert (pairs["a"] + pairs["b"] == pairs["sum"]).all()
    for column in "ab":
        share = pairs[column].value_counts(normalize=True).sort(column)
        assert share[column].to_list() == list(range(9))
        assert share["proportion"].is_between(0.1, 0.123).all()
    assert pairs["record_id"].n_unique() == 20_000


def test_the_truth_says_where_each_fault_is():
    pairs = draw_pairs(2_000, 65536, 1)
    dirty = add_dirt(pairs, share=0.5, largest_sum=65536, seed=1)
    faultless = dirty.cells.with_row_index("record", offset=1).join(
        dirty.truth.with_columns(pl.col("record").cast(pl.UInt32)), on="record", how="anti"
    )
    assert faultless.drop("record").join(pairs.cast(pl.String), on=pairs.columns, how="anti").is_empty()
    faulty = dirty.truth.filter(~pl.col("kind").is_in([*BYTE_KINDS, "re-sent record"]))
    cells = dirty.cells[(faulty["record"] - 1).to_numpy()].select("a", "b", "sum").rows()
    true = faulty.select(pl.col("a", "b", "sum").cast(pl.String)).rows()
    unchanged = [kind for kind, before, after in zip(faulty["kind"], true, cells, strict=True) if before == after]
    assert set(unchanged) <= {"conflicting record"}, (
        "every fault is visible, except in a record that another one contradicts"
    )


def test_broken_lines_are_broken():
    dirty = add_dirt(draw_pairs(300, 16, 1), share=1, largest_sum=16, seed=1, kinds=["row cut off", "too many cells"])
    counts = np.array([line.count(b",") for line in as_csv(dirty).split(b"\n")[1:-1]])
    assert (counts != 3).all()


@pytest.fixture(scope="module")
def scored(tmp_path_factory, clean_source):
    """A cleaned folder and its truth, for mutilation."""
    folder = tmp_path_factory.mktemp("scored")
    raw = generate_pairs(folder / "data", rows=2_000, largest_sum=65536, dirt=0.3, seed=5)
    return clean_source(raw), pl.read_parquet(folder / "data" / "truth.parquet")


@pytest.fixture
def mutilated(scored, tmp_path):
    """Scores the cleaning after a change to one of its tables."""
    cleaned, truth = scored

    def run(name, change):
        for table in ("clean", "quarantine", "duplicates", "ledger"):
            frame = cleaned[table]
            (change(frame, truth) if table == name else frame).write_parquet(tmp_path / f"{table}.parquet")
        return score(tmp_path, truth)

    return run


def repaired(truth):
    return truth.filter(pl.col("kind") == "number word")["record"].implode()


def innocent(frame, truth):
    return frame.join(truth, on="record", how="anti")["record"].head(1).implode()


def test_a_wrong_repair_is_seen(mutilated):
    def change(clean, truth):
        return clean.with_columns(
            pl.when(pl.col("record").is_in(repaired(truth))).then(pl.col("sum") + 1).otherwise("sum").alias("sum")
        )

    result = mutilated("clean", change)
    line = result.kinds.row(by_predicate=pl.col("kind") == "number word", named=True)
    assert line["wrong"] == line["injected"] > 0
    assert line["right"] == 0


def test_a_repair_that_is_in_no_ledger_is_not_caught(mutilated):
    result = mutilated("ledger", lambda ledger, truth: ledger.filter(~pl.col("record").is_in(repaired(truth))))
    line = result.kinds.row(by_predicate=pl.col("kind") == "number word", named=True)
    assert line["caught"] == 0


def test_a_touched_cell_and_a_lost_row_are_seen(mutilated):
    def touch(ledger, truth):
        return pl.concat([ledger, ledger.head(1).with_columns(record=pl.lit(10**6, pl.Int64))])

    assert mutilated("ledger", touch).false_repairs == 1

    def quarantine(frame, truth):
        # any row without a fault will do: the first that no line of the truth names
        record = next(n for n in range(1, 100) if n not in set(truth["record"]))
        return pl.concat([frame, frame.head(1).with_columns(record=pl.lit(record, pl.Int64))])

    assert mutilated("quarantine", quarantine).lost_rows == 1


def test_a_row_that_passed_as_it_was_is_seen(scored, tmp_path):
    cleaned, truth = scored
    wrong = truth.filter(pl.col("kind") == "wrong sum")["record"].implode()
    rows = cleaned["quarantine"]
    passed = rows.filter(pl.col("record").is_in(wrong)).select(
        "source", "record", "record_id", *(pl.col(name).cast(pl.Int64) for name in ("a", "b", "sum"))
    )
    pl.concat([cleaned["clean"], passed]).write_parquet(tmp_path / "clean.parquet")
    rows.filter(~pl.col("record").is_in(wrong)).write_parquet(tmp_path / "quarantine.parquet")
    for name in ("duplicates", "ledger"):
        cleaned[name].write_parquet(tmp_path / f"{name}.parquet")
    line = score(tmp_path, truth).kinds.row(by_predicate=pl.col("kind") == "wrong sum", named=True)
    assert (line["caught"], line["right"], line["wrong"]) == (0, 0, line["injected"])
