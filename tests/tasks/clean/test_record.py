"""What of a cleaning goes into MLflow and into Prefect: names that they take, YAML that stays YAML."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from mlflow.utils.validation import _validate_metric_name

from eightytwenty.engine.summary import Summary
from eightytwenty.errors import UserError
from tasks.clean.record import cleaning_metrics, metric_names, read_evidence, yaml_block


@given(st.lists(st.text(max_size=300), unique=True, max_size=20))
def test_mlflow_takes_the_names_of_rules_and_no_two_are_one(rules: list[str]) -> None:
    names = metric_names(dict.fromkeys(rules))
    assert list(names) == rules
    assert len(set(names.values())) == len(rules)
    for name in names.values():
        _validate_metric_name(f"rules/quarantined: {name}")


def test_a_rule_has_one_name_whichever_rules_apply() -> None:
    rules = {"a < b": "why", "a > b": "why"}

    def metrics(failed: dict[str, int]) -> dict[str, float]:
        return cleaning_metrics(Summary("t", "", 9, 5, 4, 0, failed, {}, reasons=rules))

    assert metrics({"a > b": 4})["rules/quarantined: a b 2"] == 4
    assert metrics({"a > b": 3, "a < b": 2})["rules/quarantined: a b 2"] == 3
    assert metrics({})["rows/quarantine"] == 4


@given(st.text(alphabet="`~\n a:<", max_size=40))
def test_nothing_in_a_schema_ends_its_block_of_code(text: str) -> None:
    (block,) = MarkdownIt("commonmark").parse(yaml_block(text))
    assert (block.type, block.info) == ("fence", "yaml")
    assert block.content.rstrip("\n") == text.rstrip("\n")


def test_evidence_that_was_changed_is_one_sentence(tmp_path) -> None:
    assert read_evidence(None) is None
    assert read_evidence(tmp_path) is None
    for content in ("no JSON", "[]", '{"columns": {"a": {"rows": "many"}}}', '{"columns": {"a": {"rows": -1}}}'):
        (tmp_path / "columns.json").write_text(content)
        with pytest.raises(UserError, match=r"columns\.json is not as `eightytwenty infer` writes it"):
            read_evidence(tmp_path)
