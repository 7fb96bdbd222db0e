from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eightytwenty.engine.equation import Equation


def numbers(**values):
    return {name: Fraction(value) for name, value in values.items()}


@pytest.mark.parametrize(
    ("text", "column", "values", "answer"),
    [
        ("sum = a + b", "a", numbers(sum=5, b=2), 3),
        ("sum = a + b", "sum", numbers(a=3, b=2), 5),
        ("a - b = 2 - c", "b", numbers(a=1, c=2), 1),
        ("total = price * count", "price", numbers(total=5, count=2), Fraction(5, 2)),
        ("total = 1.5 * price - -2", "total", numbers(price=2), 5),
        ("total = price * count", "price", numbers(total=5, count=0), None),
        ("area = side * side", "side", numbers(area=4), None),
        ("a = b + b", "b", numbers(a=4), None),
        ('"the sum" = a * 2', "a", {"the sum": Fraction(3)}, Fraction(3, 2)),
    ],
)
def test_the_missing_number_is_found_if_there_is_one(text, column, values, answer):
    assert Equation.parse(text).solve(column, values) == answer


@given(st.fractions(), st.fractions(), st.fractions(max_denominator=10))
def test_what_is_solved_holds(price, count, fee):
    equation = Equation.parse("total + fee = price * count")
    values = {"price": price, "count": count, "fee": fee}
    total = equation.solve("total", values)
    assert equation.holds(values | {"total": total})
    assert not equation.holds(values | {"total": total + 1})
    if count:
        assert equation.solve("price", {"count": count, "fee": fee, "total": total}) == price


@pytest.mark.parametrize(
    "text",
    ["", "a", "a =", "= a", "a = b = c", "a + = b", "a b = c", "1 = 2", "a = b / c", "a * = b", "a = (b)", "a == b"],
)
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError, match="is not an equation"):
        Equation.parse(text)
