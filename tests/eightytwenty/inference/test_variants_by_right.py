import pytest

from eightytwenty import clean
from eightytwenty.inference.variants_by_right import is_mangled_label, may_both_be_right


@pytest.mark.parametrize(
    ("cell", "proposal"),
    [
        ("25 mg", "2.5 mg"),
        ("atypical", "typical"),
        ("Iceland", "Ireland"),
        ("sulfite", "sulfate"),
        ("Engineer II", "Engineer I"),
        ("Class AA", "Class A"),
        ("Managers", "Manager"),
        ("San José", "San Jose"),
        ("ORF", "ORD"),
        ("BA132", "BA123"),
    ],
)
def test_two_texts_may_both_be_right(cell, proposal):
    assert may_both_be_right(cell, proposal)
    assert may_both_be_right(proposal, cell)


@pytest.mark.parametrize(
    ("cell", "proposal", "is_mangled"),
    [
        ("619 paxients", "619 patients", True),
        ("61x patients", "610 patients", False),
        ("95x", "95%", False),
        ("1 patient", "1 patients", False),
        ("5 mgg", "5 mg", False),
    ],
)
def test_a_label_is_mangled_where_letters_of_a_long_word_differ(cell, proposal, is_mangled):
    assert is_mangled_label(cell, proposal) == is_mangled


@pytest.mark.parametrize(
    ("cell", "proposal"),
    [
        ("Fuly Supporting", "Fully Supporting"),
        ("publiksher", "publisher"),
        ("kELEVEN", "ELEVEN"),
        ("birmigham", "birmingham"),
        ("Not Supportign", "Not Supporting"),
    ],
)
def test_a_slip_is_no_other_word(cell, proposal):
    assert not may_both_be_right(cell, proposal)


def test_a_rare_variant_is_flagged_and_a_slip_is_changed(tmp_path):
    names = ["sulfate", "chloride", "phosphate", "carbonate"] * 100
    (tmp_path / "raw.csv").write_text("name\n" + "\n".join([*names, "sulfite", "phophate"]) + "\n")
    cleaned = clean(tmp_path / "raw.csv", None, tmp_path / "careful")
    assert cleaned.ledger.collect()["after"].to_list() == ["phosphate"]
    assert cleaned.flags.collect()["value"].to_list() == ["sulfite"]


def test_what_the_schema_keeps_is_no_slip(tmp_path):
    names = ["sulfate", "chloride", "phosphate", "carbonate"] * 100
    (tmp_path / "raw.csv").write_text("name\n" + "\n".join([*names, "sulfite", "phophate"]) + "\n")
    folder = clean(tmp_path / "raw.csv", None, tmp_path / "first").folder
    schema = folder / "schema.yaml"
    schema.write_text(schema.read_text().replace("name: {", "name: {keep: [phophate, sulfite], "))
    from eightytwenty import read_table

    again = clean(tmp_path / "raw.csv", read_table(schema), tmp_path / "second")
    assert again.ledger.collect().is_empty()
    assert again.flags.collect().is_empty()
