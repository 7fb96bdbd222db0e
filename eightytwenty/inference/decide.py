"""Decides which repairs of a table are certain enough to be made; the others only propose."""

from dataclasses import replace

from eightytwenty.engine.confidence import confidence
from eightytwenty.engine.repair import ALWAYS, repairs
from eightytwenty.schema import Column, Impute, Respell, Rule, Table


def decide(table: Table, min_confidence: float) -> Table:
    """The table, with every repair below a confidence turned into a proposal."""
    columns = tuple(_decided(column, min_confidence) for column in table.columns)
    rules = tuple(_decided_rule(rule, min_confidence) for rule in table.rules)
    return replace(table, columns=columns, rules=rules, min_confidence=min_confidence)


def _decided_rule(rule: Rule, min_confidence: float) -> Rule:
    if isinstance(rule, Respell) and rule.action == "repair" and rule.confidence < min_confidence:
        return replace(rule, action="flag")
    if isinstance(rule, Impute) and rule.action == "repair" and rule.confidence < min_confidence:
        return replace(rule, action="off")
    return rule


def _decided(column: Column, min_confidence: float) -> Column:
    made = column.repair
    if made is None:
        made = tuple(repair.name for repair in repairs(column) if repair.name not in ALWAYS)
    certain = tuple(dict.fromkeys(name for name in made if confidence(name) >= min_confidence))
    return column if len(certain) == len(set(made)) else replace(column, repair=certain)
