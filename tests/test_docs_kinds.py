"""Whether the kinds, formats and commands that docs/kinds.md and docs/any-table.md name exist, and do what they say."""

import re
import shlex
from pathlib import Path

import polars as pl
import pytest

import eightytwenty.kinds as package
from eightytwenty import clean, infer_into, read_table
from eightytwenty.cli import parse
from eightytwenty.commands import explain_command
from eightytwenty.kinds import all_kinds, find_kind

ROOT = Path(__file__).parents[1]
KINDS, ANY_TABLE, CLEANING = (
    (ROOT / "docs" / name).read_text() for name in ("kinds.md", "any-table.md", "cleaning.md")
)
README = (ROOT / "README.md").read_text()
HOSPITAL = ROOT / "../shared/data/tables/known/hospital/dirty.csv"
FLAG = ("record", "column", "rule", "value")
CHANGE = ("record", "column", "rule", "before", "after")


def rows(page: str, *header: str) -> list[list[str]]:
    """The cells of the table on a page whose header begins with these names."""
    table = page[page.index("| " + " | ".join(header)) :].partition("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def blocks_of(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", ANY_TABLE, re.DOTALL)


def quoted(cell: str) -> list[str]:
    return re.findall("`([^`]+)`", cell)


def bare(cell: str) -> str:
    return cell.removeprefix("`").removesuffix("`")


def test_every_kind_is_listed_and_no_other() -> None:
    listed = [bare(row[0]) for row in rows(KINDS, "kind", "what belongs")]
    known = {kind.name for kind in all_kinds() if (Path(package.__path__[0]) / f"{kind.name}.py").exists()}
    assert set(listed) == known
    assert len(listed) == len(known)


@pytest.mark.parametrize("row", rows(KINDS, "kind", "what belongs"), ids=lambda row: row[0].strip("`"))
def test_every_format_is_one_of_its_kind(row: list[str]) -> None:
    kind = find_kind(bare(row[0]))
    assert bool(row[3]) == (kind.in_format is not None)
    for text in quoted(row[3]):
        assert find_kind(kind.name, text).name == kind.name


@pytest.mark.parametrize(("header", "kind"), [("format | cells", "duration"), ("format | of", "postal_code")])
def test_every_format_of_a_section_is_one(header: str, kind: str) -> None:
    for row in rows(KINDS, *header.split(" | ")):
        for text in quoted(row[0]):
            assert find_kind(kind, text).name == kind


def test_every_word_of_a_name_shows_its_kind() -> None:
    listed = {bare(kind): quoted(words) for kind, words in rows(KINDS, "kind", "words in the name")}
    assert set(listed) == {kind.name for kind in all_kinds() if kind.names}
    for kind, words in listed.items():
        assert set(words) <= find_kind(kind).names


def test_what_python_prints_stands_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    blocks = blocks_of("python")
    for block in blocks:
        exec(block, names)  # noqa: S102 - of our own page
    printed = [line.partition("  # ")[2] for block in blocks for line in block.splitlines() if line.startswith("print")]
    assert capsys.readouterr().out.splitlines() == printed


def test_the_small_table_has_the_changes_and_flags_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    exec(blocks_of("python")[0], {})  # noqa: S102 - of our own page
    cleaned = clean("visits.csv")
    first = cleaned.ledger.group_by("column", "rule", maintain_order=True).agg(
        pl.len().cast(pl.String), pl.col("before", "after").first()
    )
    changes = [
        (bare(column), rule, cells, before.strip("`"), after.strip("`"))
        for column, rule, cells, before, after in rows(ANY_TABLE, "column", "changed by")
    ]
    assert sorted(changes) == sorted(first.collect().rows())
    flags = [
        (int(record), bare(column), rule, bare(value), bare(proposal) or None, float(share) if share else None)
        for record, column, rule, value, proposal, share in rows(ANY_TABLE, "record", "column", "flagged by")
    ]
    found = cleaned.flags.select(*FLAG, "proposal", "confidence").collect()
    is_open = pl.col("rule") == "day or month first"
    assert [(*flag[:-1], flag[-1] and round(flag[-1], 2)) for flag in found.filter(~is_open).rows()] == flags
    assert f"the {found.filter(is_open).height} that have two readings" in ANY_TABLE


def test_the_lines_of_the_readme_end_as_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    exec(blocks_of("python")[0], {})  # noqa: S102 - of our own page
    cleaned = clean("visits.csv", out=tmp_path / "cleaned")
    before, after = (Path(file).read_text().splitlines() for file in ("visits.csv", "cleaned/clean.csv"))
    flagged, changed = (set(table.collect()["record"]) for table in (cleaned.flags, cleaned.ledger))
    for line, old, new, fate in rows(README, "line", "before", "after"):
        record = int(line)
        assert quoted(old)[0] in before[record]
        assert quoted(new)[0] in after[record]
        assert record in (changed if fate.startswith("repaired") else flagged)
        assert (quoted(old)[0] != quoted(new)[0]) == fate.startswith("repaired")


@pytest.mark.skipif(not HOSPITAL.exists(), reason="the public table is not beside the checkout")
def test_the_real_table_has_the_results_of_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hospital.csv").write_bytes(HOSPITAL.read_bytes())
    cleaned = clean("hospital.csv", out="cleaned")
    for what, found in (("flagged", cleaned.summary.flagged), ("repaired", cleaned.summary.repaired)):
        shown = dict(re.findall(rf"^ {{7}}{what}: (.+?)  +(\d+) ", ANY_TABLE, re.M))
        assert shown
        assert shown == {rule: str(found[rule]) for rule in shown}
    assert cleaned.fates == {"clean": 1000, "quarantine": 0, "duplicates": 0}
    flags, changes = cleaned.flags.select(*FLAG).collect(), cleaned.ledger.select(*CHANGE).collect()
    assert f"{changes.height} cells are changed" in ANY_TABLE
    assert f"{flags.n_unique(['record', 'column'])} are flagged" in ANY_TABLE
    assert f"their {flags.n_unique('record')} rows" in ANY_TABLE
    for header, found in ((FLAG, flags), (CHANGE, changes)):
        page = {(int(record), *map(bare, cells)) for record, *cells in rows(ANY_TABLE, *header)}
        assert page <= set(found.rows())
    inferred, corrected = blocks_of("yaml")
    schema = (tmp_path / "cleaned" / "schema.yaml").read_text()
    for line in inferred.splitlines():
        assert line.removesuffix("...") in schema

    (block,) = re.findall(r"^ {4}\$ eightytwenty (explain .+)\n((?: {4}.+\n)+)", ANY_TABLE, re.M)
    explain_command(parse(shlex.split(block[0]))[1])  # type: ignore[arg-type]
    assert capsys.readouterr().out == re.sub("^ {4}", "", block[1], flags=re.M)

    infer_into("hospital.csv", "messy")
    lines = (tmp_path / "messy" / "schema.yaml").read_text().splitlines()
    for line in corrected.splitlines()[1:]:
        (place,) = [place for place, old in enumerate(lines) if old.startswith(f"  {line.partition(':')[0]}:")]
        lines[place] = f"  {line}"
    (tmp_path / "own.yaml").write_text("\n".join(lines))
    again = clean("hospital.csv", read_table("own.yaml"))
    replaced, unknown = again.summary.repaired["replacement"], again.summary.flagged["unknown value"]
    assert f"replaces the {replaced} cells of `emergency_service` and flags the {unknown} of `state`" in ANY_TABLE
