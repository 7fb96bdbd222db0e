"""Equations between the columns of a row, such as `sum = a + b`, computed without rounding."""

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import prod
from typing import NamedTuple

_TOKEN = re.compile(r'\s*(?:([0-9]+(?:[.][0-9]+)?)|"([^"]+)"|([^\W\d]\w*)|([-+*=]))')


@dataclass(frozen=True)
class Equation:
    """A sum of products that is zero.

    Args:
        terms: for each product its constant factor and the columns that are its other factors.
    """

    terms: tuple[tuple[Fraction, tuple[str, ...]], ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it names, in order."""
        return tuple(dict.fromkeys(name for _, names in self.terms for name in names))

    @staticmethod
    @lru_cache(maxsize=1_000)
    def parse(text: str) -> "Equation":
        """Reads an equation of sums and products of columns and numbers; other names stand in double quotes.

        >>> Equation.parse("total = price * count - 2").columns
        ('total', 'price', 'count')

        Raises:
            ValueError: it is no such equation.
        """
        terms: list[tuple[Fraction, tuple[str, ...]]] = []
        side, starts, tokens = 1, True, _tokens(text)
        fault = ValueError(f"{text!r} is not an equation such as sum = a + b")

        def continues_with(sign: str) -> bool:
            return bool(tokens) and tokens[0].sign == sign

        while tokens:
            signs = list(itertools.takewhile(lambda token: token.sign in ("+", "-"), tokens))
            if not (starts or signs):
                raise fault
            del tokens[: len(signs)]
            minus = sum(token.sign == "-" for token in signs)
            factor, names = Fraction(side * (-1) ** minus), []
            while True:
                if not tokens or tokens[0].sign:
                    raise fault
                token = tokens.pop(0)
                names += [token.name] if token.name else []
                factor *= Fraction(token.number or 1)
                if not continues_with("*"):
                    break
                tokens.pop(0)
            terms.append((factor, tuple(names)))
            starts = continues_with("=")
            if starts:
                if side < 0 or len(tokens) == 1:
                    raise fault
                side = -1
                tokens.pop(0)
        equation = Equation(tuple(terms))
        if side > 0 or not equation.columns:
            raise fault
        return equation

    def holds(self, values: Mapping[str, Fraction]) -> bool:
        """Whether it is true of a row."""
        return not sum(factor * prod(values[name] for name in names) for factor, names in self.terms)

    def solve(self, column: str, values: Mapping[str, Fraction]) -> Fraction | None:
        """The one value of a column with which it is true.

        Args:
            column: occurs in the equation.
            values: of the other columns.

        Returns:
            None if the column is a factor of several terms or of itself, or if any value would do, or none.
        """
        if sum(names.count(column) for _, names in self.terms) != 1:
            return None
        cofactor, rest = Fraction(0), Fraction(0)
        for factor, names in self.terms:
            product = factor * prod(values[name] for name in names if name != column)
            if column in names:
                cofactor = product
            else:
                rest += product
        return -rest / cofactor if cofactor else None


class _Token(NamedTuple):
    """A number, a name or a sign; the other two are empty."""

    number: str
    name: str
    sign: str


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    position = 0
    while position < len(text.rstrip()):
        match = _TOKEN.match(text, position)
        if not match:
            odd = text[position:].strip()
            raise ValueError(f"{text!r} is not an equation such as sum = a + b; {odd!r} is odd in it")
        number, quoted, name, sign = match.groups(default="")
        tokens.append(_Token(number, quoted or name, sign))
        position = match.end()
    return tokens
