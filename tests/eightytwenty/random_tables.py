"""Tables of every kind of column and rule, and rows for them, made by hypothesis."""

from hypothesis import strategies as st

from eightytwenty.kinds import find_kind
from eightytwenty.schema import Check, Column, Impute, Table, Unique

# kind -> plain values in rising order, other spellings of some, and cells that do not belong to it
CELLS = {
    "integer": (
        ("-3", "0", "7", "12", "7000"),
        ("seven", " 12 ", "7.0", "$7", "7,000", "+007", "($ 3.00)", "٧", '="7.000,-"'),
        ("abc", "7k", "nan", "1.23457E+11"),
    ),
    "decimal": (("-1.5", "0", "0.30", "0.5", "12"), ("0,5", ".5", "1,234.5", "12.", "1e1", "1.5-"), ("1.2.3", "x")),
    "boolean": (("false", "true"), ("YES", "0", " t "), ("2", "maybe")),
    "date": (("1999-12-31", "2024-02-29", "2024-03-01"), ("29 Feb 2024", "2024/3/1"), ("2023-02-29", "05/01/2024")),
    "time": (("00:00:00", "09:05:00", "23:59:59.5"), ("9:05", "9:05 pm"), ("25:00", "noon")),
    "timestamp": (("2024-01-05 10:00:00", "2024-01-05 10:00:00.25"), ("2024-01-05T10:00Z",), ("2024-01-05", "x")),
    "category": (("A", "B", "C"), (" A ", "a"), ("D E",)),
    "code": (("007", "7", "SW1A 2AA"), ("SW1A  2AA", "0\u200b07"), ("a\nb", "1.23457E+11")),
    "text": (("One two", "x", "é"), (" x ",), ()),
}
NAMES = ("first", "second", "the sum", "when", "Zoë")


@st.composite
def columns(draw, name):
    kind = draw(st.sampled_from(sorted(CELLS)))
    plain = CELLS[kind][0]
    options = {
        "required": draw(st.booleans()),
        "nullable": draw(st.booleans()),
        "aliases": draw(st.sampled_from([(), (f"{name} of it",)])),
        "missing": draw(st.sampled_from([None, (), ("-", "off"), ("007", "NO")])),
        "action": draw(st.sampled_from(["quarantine", "flag", "off"])),
    }
    if find_kind(kind).is_text:
        options["values"] = tuple(draw(st.lists(st.sampled_from(plain), unique=True, max_size=3)))
        keep = tuple(draw(st.lists(st.sampled_from(["kept", "NO"]), unique=True, max_size=1)))
        options["keep"] = keep if options["values"] else ()
    if find_kind(kind).from_number:
        options["unit"] = draw(st.sampled_from(["", "$", "kg"]))
    if not find_kind(kind).is_text and draw(st.booleans()):
        low, high = sorted(draw(st.tuples(*[st.integers(0, len(plain) - 1)] * 2)))
        options["range"] = draw(st.sampled_from([(plain[low], plain[high]), (None, plain[high]), (plain[low], None)]))
    if draw(st.booleans()):
        options["replace"] = (("?!", plain[-1]), ("old", plain[0]))
    sound = {*options.get("values", ()), *options.get("keep", ()), *options.get("range", ()), plain[-1], plain[0]}
    if options["missing"]:
        options["missing"] = tuple(mark for mark in options["missing"] if mark not in sound)
    return Column(name, kind, **options)


@st.composite
def tables(draw):
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True))
    made = tuple(draw(columns(name)) for name in names)
    numbers = [column.name for column in made if find_kind(column.kind).from_number]
    rules = []
    for left in made[:-1]:
        right = made[-1]
        if left.kind == right.kind and draw(st.booleans()):
            action = draw(st.sampled_from(["quarantine", "flag", "off"]))
            rules.append(Check(f'"{left.name}" <= "{right.name}"', "in order", action=action))
            break
    if len(numbers) > 1 and draw(st.booleans()):
        actions = st.sampled_from(["repair", "off"])
        rules.append(
            Impute(
                f'"{numbers[0]}" = "{numbers[1]}" + 1',
                name=draw(st.sampled_from(["", "one more"])),
                action=draw(actions),
            )
        )
    if draw(st.booleans()):
        key = draw(st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True))
        rules.append(Unique(tuple(key), "the same again"))
    return Table("any", made, tuple(rules))


@st.composite
def rows(draw, table):
    cells = [
        st.sampled_from(
            [*CELLS[column.kind][0] * 3, *CELLS[column.kind][1], *CELLS[column.kind][2], "", "N/A", "?!", "old", "off"]
        )
        for column in table.columns
    ]
    made = draw(st.lists(st.tuples(*cells), min_size=1, max_size=8))
    return [row for row in made + made[: len(made) // 3] if any(row)] or [tuple("x" for _ in table.columns)]
