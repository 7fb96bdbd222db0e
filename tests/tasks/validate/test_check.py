import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from schemas.expectations import MOST_ROWS, BatchExpectations, pairs_expectations
from tasks.validate import BatchCheck, check_batch

ROWS = 8_500


def uniform(largest_sum: int, rows: int = ROWS, seed: int = 0) -> pl.DataFrame:
    a, b = np.random.default_rng(seed).integers(0, largest_sum // 2 + 1, (2, rows))
    return pl.DataFrame({"record_id": [None] * rows, "a": a, "b": b, "sum": a + b})


def check(folder: Path, table: pl.DataFrame, expectations: BatchExpectations | None = None, **fates: int) -> BatchCheck:
    """Check a table whose rows are all raw rows, unless `fates` says otherwise."""
    folder.mkdir(parents=True, exist_ok=True)
    table.write_parquet(folder / "clean.parquet")
    counts = {"rows": len(table), "clean": len(table), "quarantine": 0, "duplicates": 0} | fates
    expectations = expectations or pairs_expectations(largest_sum=256, rows=counts["clean"], generated=True)
    return check_batch(folder / "clean.parquet", counts, expectations, folder / "docs")


def page(result: BatchCheck) -> str:
    return (result.docs / "index.html").read_text(encoding="utf-8")


class Tags(HTMLParser):
    """Every element of a page and every address in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.addresses: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.addresses += [value or "" for name, value in attrs if name in {"src", "href", "srcset", "data", "action"}]
        assert not any(name.startswith("on") for name, _ in attrs)


@pytest.mark.parametrize("largest_sum", [16, 256, 65536])
def test_an_honest_batch_passes(tmp_path: Path, largest_sum: int) -> None:
    expectations = pairs_expectations(largest_sum=largest_sum, rows=ROWS, generated=True)
    result = check(tmp_path, uniform(largest_sum), expectations)
    assert result == BatchCheck(passed=True, failures=(), docs=tmp_path / "docs")
    assert "Batch passed" in page(result)


def normal_sums(table: pl.DataFrame) -> pl.DataFrame:
    """Keep mean and variance, lose the law."""
    random = np.random.default_rng(1)
    sums = np.clip(random.normal(128, 52.5, len(table)).round(), 0, 256).astype(np.int64)
    a = (sums // 2) + (random.random(len(table)) < 0.5) * (sums % 2)
    return table.with_columns(a=pl.Series(a), b=pl.Series(sums - a), sum=pl.Series(sums))


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (normal_sums, "triangular law"),
        (lambda table: table.filter(pl.col("sum") <= 230), "triangular law"),
        (lambda table: table.with_columns(sum=pl.col("sum") + 8), "infinite divergence"),
        (lambda table: table.with_columns(b=pl.min_horizontal("b", 100)), "The mean of b must lie between"),
        (lambda table: table.with_columns(a=7, b=7, sum=14), "at least 2 different sums; observed 1."),
    ],
)
def test_a_batch_that_left_its_law_fails(
    tmp_path: Path, spoil: Callable[[pl.DataFrame], pl.DataFrame], reason: str
) -> None:
    result = check(tmp_path, spoil(uniform(256)))
    assert not result.passed
    assert any(failure.startswith("clean: ") and reason in failure for failure in result.failures)


@pytest.mark.parametrize(
    ("fates", "reason"),
    [
        (
            {"rows": 20_000, "quarantine": 11_500},
            "fates: The share of rows in quarantine must be at most 0.5; observed 0.575.",
        ),
        ({"clean": 8_501}, "observed 100% unexpected, such as 8,501 and 8,500."),
    ],
)
def test_rows_lost_on_the_way_fail_the_batch(tmp_path: Path, fates: dict[str, int], reason: str) -> None:
    (failure,) = check(tmp_path, uniform(256), **fates).failures
    assert reason in failure


def test_nothing_clean_fails_with_that_reason(tmp_path: Path) -> None:
    result = check(tmp_path, uniform(256, rows=0), rows=10, duplicates=10)
    assert result.failures == ("fates: At least 1 row must be clean; observed 0.",)
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page(result)))
    assert "not checked clean 0 0 of 0" in text  # nothing was met, so nothing passed
    assert "✓ passed clean" not in text


def test_why_rows_are_in_quarantine_comes_first_and_is_escaped(tmp_path: Path) -> None:
    expectations = pairs_expectations(largest_sum=256, rows=0, generated=True)
    uniform(256, rows=0).write_parquet(tmp_path / "clean.parquet")
    fates = {"rows": 10, "clean": 0, "quarantine": 10, "duplicates": 0}
    reason = "10 of 10 rows: wrong sum, e.g. line 8: <b>1</b> + 1 = 3."
    result = check_batch(tmp_path / "clean.parquet", fates, expectations, tmp_path / "docs", reasons=[reason])
    assert result.failures[:2] == (reason, "fates: At least 1 row must be clean; observed 0.")
    assert "<h2>Why rows are in quarantine</h2>" in page(result)
    assert "e.g. line 8: &lt;b&gt;1&lt;/b&gt; + 1 = 3." in page(result)
    passed = check_batch(
        tmp_path / "clean.parquet", fates, BatchExpectations("x", (), (), ()), tmp_path / "docs", reasons=[reason]
    )
    assert passed.failures == ()


def test_a_users_file_may_be_spread_as_it_likes(tmp_path: Path) -> None:
    expectations = pairs_expectations(largest_sum=256, rows=ROWS, generated=False)
    assert check(tmp_path, normal_sums(uniform(256)), expectations).passed


def test_the_page_needs_nothing_but_itself(tmp_path: Path) -> None:
    result = check(tmp_path, normal_sums(uniform(256)))
    tags = Tags(page(result))
    assert not tags.names & {"script", "link", "img", "iframe", "object", "embed", "base"}
    assert set(tags.addresses) == {"#clean", "#fates"}
    assert not re.search(r"url\(|@import|https?:|//", page(result))
    assert [path.name for path in result.docs.iterdir()] == ["index.html"]


def test_the_page_lists_both_validations_and_what_was_expected_and_observed(tmp_path: Path) -> None:
    result = check(tmp_path, normal_sums(uniform(256)))
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page(result)))
    assert re.search(r"✗ failed clean 8,500 \d of 4 ✓ passed fates 1 3 of 3", text)
    for failure in result.failures:
        expected, observed = failure.removeprefix("clean: ").rstrip(".").split("; observed ")
        assert re.search(rf"✗ not met {re.escape(expected)}.*{re.escape(observed)}", text)
    assert page(result).count("<rect") == 53  # the bins of the sums to 256


HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)> $column {{ 7 * 7 }}"


def test_values_of_the_data_are_shown_and_never_run(tmp_path: Path) -> None:
    import great_expectations.expectations.core as gxe

    within = gxe.ExpectColumnValuesToBeInSet(column="text", value_set=["<b>bold</b>"])
    expectations = BatchExpectations(f"batch {HOSTILE}", ("text",), (within,), ())
    result = check(tmp_path, pl.DataFrame({"text": [HOSTILE] * 3}), expectations)
    (failure,) = result.failures
    assert failure == (
        f"clean: text values must belong to this set: <b>bold</b>; observed 100% unexpected, such as {HOSTILE}."
    )
    assert not Tags(page(result)).names & {"script", "img", "b"}
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page(result)
    assert "{{ 7 * 7 }}" in page(result)


def test_what_cannot_be_computed_fails_with_the_reason(tmp_path: Path) -> None:
    import great_expectations.expectations.core as gxe

    present = gxe.ExpectColumnMeanToBeBetween(column="a", min_value=1000)
    missing = gxe.ExpectColumnMeanToBeBetween(column="nowhere", min_value=1)
    result = check(tmp_path, uniform(256), BatchExpectations("x", ("a",), (present, missing), ()))
    first, second = result.failures  # in the order of the expectations
    assert first.startswith("clean: a mean must be greater than or equal to 1,000; observed 6")
    assert second.startswith("clean: nowhere mean must be greater than or equal to 1; observed nothing, since it could")
    assert second.endswith('Error: The column "nowhere" in BatchData does not exist.')


def test_the_same_batch_gives_the_same_page(tmp_path: Path) -> None:
    expectations = pairs_expectations(largest_sum=256, rows=ROWS, generated=True)  # the same objects serve twice
    first, second = (page(check(tmp_path / name, uniform(256), expectations)) for name in ("first", "second"))
    assert first == second


def test_docs_appear_whole_or_not_at_all(tmp_path: Path) -> None:
    left_behind = tmp_path / ".docs.999999999.partial"  # no process has this id
    left_behind.mkdir()
    (left_behind / "old").touch()

    with pytest.raises(pl.exceptions.ColumnNotFoundError):
        check(tmp_path, uniform(256).drop("sum"))
    assert not (tmp_path / "docs").exists()

    for rows in (ROWS, 100):
        result = check(tmp_path, uniform(256, rows=rows))
        assert f"{rows:,}" in page(result)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clean.parquet", "docs"]


def test_a_huge_batch_is_judged_by_an_even_sample_and_says_so(tmp_path: Path) -> None:
    rows = 2 * MOST_ROWS + 1
    result = check(tmp_path, uniform(256, rows=rows).drop("record_id"))
    assert result.passed
    assert "One row in 3 was checked, evenly spaced over the file&#39;s 4,000,001 rows." in page(result)
    assert "<td>1,333,334</td>" in page(result)


def test_checks_at_the_same_time_do_not_mix(tmp_path: Path) -> None:
    honest, spoiled = uniform(256), normal_sums(uniform(256))
    tables = [honest, spoiled] * 4
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda number: check(tmp_path / str(number), tables[number]), range(len(tables))))
    assert [result.passed for result in results] == [True, False] * 4


def test_nothing_is_written_to_the_terminal(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    check(tmp_path, normal_sums(uniform(256)))
    assert capfd.readouterr() == ("", "")
