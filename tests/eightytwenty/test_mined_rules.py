"""Mined rules: what they may say, what they are called, and that YAML keeps them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eightytwenty import Column, Table, UserError, read_table, table_yaml
from eightytwenty.mined_rules import (
    Depends,
    NearDuplicates,
    Once,
    Reference,
    SourceVotes,
    Spill,
    Template,
    Typos,
    active,
)

# what a file may call its columns
NAMES = st.sampled_from(
    [
        "a",
        "b",
        "a, b",
        "a -> b",
        "b -> a",
        '"a"',
        "a = b",
        "b where a = a",
        "it's",
        "{a}",
        "a: b",
        "# a",
        "- a",
        "[a]",
        "off",
        "007",
        "é\u2009x",
    ]
)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=8)
SHARES = st.floats(0, 1)
ACTIONS = st.sampled_from(["repair", "flag", "off"])


@st.composite
def rules(draw):
    """A rule of each sort over columns with odd names."""
    names = draw(st.lists(NAMES, min_size=3, max_size=5, unique=True))
    said = {"reason": draw(TEXTS), "action": draw(ACTIONS)}
    plain = [name for name in names[1:] if "{" not in name]
    copiers = draw(st.lists(st.lists(TEXTS, min_size=2, max_size=3).map(tuple), max_size=2).map(tuple))
    when, where = tuple(names[1 : draw(st.integers(2, 3))]), {names[-1]: draw(TEXTS)}
    is_conditional = names[-1] not in when and draw(st.booleans())
    numbers = {"holds": draw(SHARES), "groups": draw(st.integers(0, 999))}
    made = [
        Depends(when, names[0], where if is_conditional else {}, **numbers, **said),
        Template("-".join(f"{{{name}}}" for name in plain), names[0], draw(SHARES), **said),
        SourceVotes(names[0], names[1], tuple(names[2:]), copiers, **said),
        Typos(tuple(names), **said),
        Reference(*names[:2], draw(SHARES), said["reason"], action=draw(st.sampled_from(["flag", "off"]))),
        NearDuplicates(tuple(names), said["reason"], action=draw(st.sampled_from(["flag", "off"]))),
        Once(names[0], draw(SHARES), said["reason"], action=draw(st.sampled_from(["flag", "off"]))),
        Spill(names[0], names[1], draw(st.sampled_from(["end", "start"])), draw(SHARES), **said),
    ]
    return names, tuple(made)


@given(rules())
def test_yaml_keeps_every_rule(tmp_path_factory, drawn):
    names, made = drawn
    table = Table("odd", tuple(Column(name, "text") for name in names), made)
    path = tmp_path_factory.mktemp("yaml") / "schema.yaml"
    path.write_text(table_yaml(table), encoding="utf-8")
    assert read_table(path) == table


CONDITIONS = st.dictionaries(NAMES, NAMES, max_size=1)


@given(*[st.tuples(st.lists(NAMES, min_size=1, max_size=2, unique=True).map(tuple), NAMES, CONDITIONS)] * 2)
def test_two_dependencies_never_have_one_name(one, other):
    are_rules = all(len({*when, then, *where}) == len(when) + 1 + len(where) for when, then, where in (one, other))
    if one != other and are_rules:
        assert Depends(*one).name != Depends(*other).name


def test_names_are_plain_where_they_can_be():
    assert Depends(("zip", "day of week"), "it's").name == "dependency (zip, day of week -> it's)"
    assert Depends(("a, b",), "c").name == 'dependency ("a, b" -> c)'
    assert Depends(("zip",), "city", {"country": "US"}).name == "dependency (zip -> city where country = US)"
    assert Depends(("zip",), "city", {"country": "US"}).reason == (
        "rows with the same zip have the same city where country is US"
    )
    assert Reference("parent", "id").name == "reference (parent in id)"


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("{when: [a, b, c], then: d}", "a value depends on one column, or on two"),
        ("{when: [a], then: a}", "a column does not depend on itself"),
        ("{when: [a, a], then: b}", "a column does not depend on itself"),
        ("{when: [a], then: e}", "e is not a column"),
        ("{when: a, then: b}", "this must be a list"),
        ("{when: [a], then: b, action: quarantine}", "quarantine is no action here; choose repair, flag, off"),
        ("{when: [a], then: b, where: [c]}", "where must be a mapping"),
        ("{when: [a], then: b, where: {c: x, d: y}}", "a dependency holds where one column has one value"),
        ("{when: [a], then: b, where: {a: x}}", "where names another column than when and then"),
        ("{when: [a], then: b, where: {b: x}}", "where names another column than when and then"),
        ("{when: [a], then: b, where: {e: x}}", "e is not a column"),
        ("{column: a, references: a}", "a column refers to another one"),
        ("{column: a, references: e}", "e is not a column"),
        ("{column: a, references: b, action: repair}", "repair is no action here; choose flag, off"),
        ("{template: a, column: b}", "a template names a column in braces"),
        ("{template: '{b}', column: b}", "a column is not written out of itself"),
        ("{template: '{e}', column: b}", "e is not a column"),
        ("{sources: a, of: b, told: []}", "sources tell at least one column"),
        ("{spill: a, into: a}", "a column does not spill into itself"),
        ("{spill: a, into: e}", "e is not a column"),
        ("{spill: a, into: b, position: middle}", "middle is no position in a cell; choose end or start"),
        ("{near_duplicates: []}", "near_duplicates names a column"),
        ("{near_duplicates: [a], action: repair}", "repair is no action here; choose flag, off"),
        ("{once: e}", "e is not a column"),
        ("{once: a, action: repair}", "repair is no action here; choose flag, off"),
        ("{typos: []}", "typos names a column"),
        ("{typos: [e]}", "e is not a column"),
        ("{typos: [a]}\n- {typos: [b]}", "two rules have the name typo"),
    ],
)
def test_what_a_rule_cannot_say_is_said_of_its_line(tmp_path, line, fault):
    columns = "".join(f"  {name}: {{kind: text}}\n" for name in "abcd")
    (tmp_path / "schema.yaml").write_text(f"table: t\ncolumns:\n{columns}rules:\n- {line}\n")
    with pytest.raises(UserError, match=r"schema.yaml, line \d+: ") as raised:
        read_table(tmp_path / "schema.yaml")
    assert fault in str(raised.value)


def test_rules_that_are_off_are_not_active():
    kept, off = Typos(("a",)), Depends(("a",), "b", action="off")
    assert active([off, kept, "no rule"]) == [kept]


def test_a_template_is_made_of_its_pieces():
    template = Template("{a} of {b}, {a}", "c")
    assert template.parts == ("a", "b")
    assert template.pieces == [("a", True), (" of ", False), ("b", True), (", ", False), ("a", True)]
    assert template.columns == ("a", "b", "c")
