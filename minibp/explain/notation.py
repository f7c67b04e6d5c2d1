"""Numbers and names as they are written in a worked pass: 0.3, −1.25, 0.52498, z^2_1, w^2_12."""

from __future__ import annotations

from collections.abc import Iterable

DECIMALS = 5
"""Of numbers that are computed; those that are given, of the network and the example, are shown whole."""
MINUS = "−"
HALF = "½"


def given(number: float) -> str:
    """A number that is given, with all its digits.

    >>> given(-0.5), given(1.0)
    ('−0.5', '1')
    """
    return f"{float(number) + 0:.12g}".replace("-", MINUS)


def shown(number: float) -> str:
    """A number that was computed, rounded to `DECIMALS`; what is exactly 0, 1 or −1 is shown so.

    >>> shown(-2 / 3), shown(-1e-9), shown(1.0)
    ('−0.66667', '0.00000', '1')
    """
    if number in (-1, 0, 1):
        return given(number)
    text = f"{float(number):.{DECIMALS}f}"
    return text.replace("-", MINUS) if text.strip("-0.") else text.lstrip("-")


def factor(text: str) -> str:
    """A number as it stands in a sum or a product: in parentheses where it is negative.

    >>> factor("−0.5"), factor("0.5")
    ('(−0.5)', '0.5')
    """
    return f"({text})" if text.startswith(MINUS) else text


def product(*numbers: str) -> str:
    """Numbers multiplied.

    >>> product("0.3", "−0.5")
    '0.3·(−0.5)'
    """
    return "·".join(map(factor, numbers))


def added(terms: Iterable[str]) -> str:
    """Terms added up.

    >>> added(["0.3·0.5", "−0.1"])
    '0.3·0.5 + (−0.1)'
    """
    return " + ".join(map(factor, terms))


def negated(text: str) -> str:
    """The same number with the other sign.

    >>> negated("−0.5"), negated("0.5")
    ('0.5', '−0.5')
    """
    return text.removeprefix(MINUS) if text.startswith(MINUS) else f"{MINUS}{text}"


def name(letter: str, layer: int, *indices: int | str) -> str:
    """A letter with its layer above and its indices below.

    >>> name("z", 2, 1), name("w", 2, 1, "k"), name("W", 3)
    ('z^2_1', 'w^2_1k', 'W^3')
    """
    below = "".join(map(str, indices))
    return f"{letter}^{layer}_{below}" if below else f"{letter}^{layer}"
