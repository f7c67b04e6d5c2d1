"""A printed pass read back: every line is computed again from the numbers that stand in it, and nothing else.

A number of five decimals stands for every number that is rounded to it: an interval of half a unit on either side. Any
other is exact. Operations on intervals contain every result that their members have (Moore, Interval Analysis, 1966),
so that the true value of a line lies in the interval of its expression, and what is printed for it within half a unit
of that. So much is true of a right line, and one who has the printed numbers alone can ask for no more.
"""

import math
import re
from itertools import pairwise

import numpy as np
from hypothesis import strategies as st

from minibp.drawing import fits, pairings
from minibp.explain.example import MOST_WEIGHTS, example_of

HALF_UNIT = 0.5e-5
ROUNDING = 1e-11
"""Of the arithmetic here, in units of a number."""
NUMBER = re.compile(r"−?\d+(?:\.\d+)?")
LABELLED = re.compile(r"(\(\d+\)) +|      (?=[^ \[⊙+−)])")
HIDDEN = ["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "silu", "elu(0.5)", "leaky_relu(0.2)"]


@st.composite
def examples(draw, hidden=None):
    """Examples of all that `minibp explain` takes."""
    sizes = draw(st.lists(st.integers(1, 4), min_size=2, max_size=4) | st.just([2, 3, 2]) | st.just([6, 9]))
    assert sum(a * b for a, b in pairwise(sizes)) <= MOST_WEIGHTS
    output, cost = draw(st.sampled_from(pairings()))
    if not output.elementwise or not fits(output, cost, sizes[-1]):
        sizes[-1] = max(sizes[-1], 2)
    activation = hidden or draw(st.sampled_from(HIDDEN))
    l2, seed = draw(st.sampled_from([0.0, 0.1, 1.5])), draw(st.integers(0, 10**6))
    return example_of(sizes, activation, output.name, cost.name, l2, seed)


class Interval:
    """All numbers from low to high."""

    def __init__(self, low, high):
        spare = ROUNDING * max(abs(low), abs(high))
        self.low, self.high = low - spare, high + spare

    def __add__(self, other):
        return Interval(self.low + other.low, self.high + other.high)

    def __neg__(self):
        return Interval(-self.high, -self.low)

    def __sub__(self, other):
        return self + -other

    def __mul__(self, other):
        ends = [a * b for a in (self.low, self.high) for b in (other.low, other.high)]
        return Interval(min(ends), max(ends))

    def __truediv__(self, other):
        assert not other.low <= 0 <= other.high
        return self * Interval(1 / other.high, 1 / other.low)

    def __pow__(self, two):
        ends = [abs(self.low), abs(self.high)]
        return Interval(0.0 if self.low <= 0 <= self.high else min(ends) ** two, max(ends) ** two)

    def mapped(self, increasing):
        return Interval(increasing(self.low), increasing(self.high))


def half_width(text):
    """How far the number that was meant may be from the one that is printed."""
    return HALF_UNIT if re.fullmatch(r"−?\d+\.\d{5}", text) else 0.0


def number(text):
    """The interval that a printed number stands for."""
    value, spare = float(text.replace("−", "-")), half_width(text)
    return Interval(value - spare, value + spare)


def computed(expression):
    """The interval of an expression of printed numbers."""
    code = expression.replace("½", "0.5").replace("·", "*").replace("²", "**TWO")
    code = re.sub(r"e\^(−?[\d.]+)", r"exp(\1)", code)
    code = re.sub(r"\d+(?:\.\d+)?", lambda match: f"number('{match[0]}')", code.replace("−", "-"))
    functions = {
        "exp": lambda x: x.mapped(math.exp),
        "ln": lambda x: x.mapped(lambda t: math.log(t) if t > 0 else -1e9),
        "tanh": lambda x: x.mapped(math.tanh),
        "max": lambda x, zero: x.mapped(lambda t: max(t, 0.0)),
    }
    return eval(code, {"__builtins__": {}, "number": number, "TWO": 2, **functions})


def entries(lines):
    """The quantities of a printed pass in their order: (equation, result, sides), the last side being the value."""
    found = []
    for line in lines:
        left = line.split(" │")[0].rstrip()
        label = LABELLED.match(left)
        if not left or left.startswith("──"):
            found.append(None)  # what follows belongs to nothing
        elif label:
            found.append((label[1] or "", left[label.end() :]))
        elif found and found[-1] and left.startswith("       "):
            found[-1] = (found[-1][0], f"{found[-1][1]} {left.strip()}")
    return [
        (equation, *_sides(text))
        for equation, text in filter(None, found)
        if re.search(r"[=←] −?[\d.]+$", text) and not re.search(r"\[ *−?\d|‖", text)
    ]


def _sides(text):
    result, _, right = text.replace(" ← ", " = ").partition(" = ")
    return result, right.split(" = ")


def wrong(found_entries):
    """The entries whose value is not what their own numbers give, as text."""
    found, values = [], {}
    for equation, result, (*letters, value) in found_entries:
        reason = _objection(result, letters, value, values)
        if reason:
            found.append(f"{equation} {result} = {' = '.join(letters)} = {value}: {reason}")
        if "after" not in result:
            values.setdefault(result, value)
    return found


def _objection(result, letters, value, values):
    """Why the value of an entry is not believed."""
    last = letters[-1] if letters else ""
    name = re.search(r"z\^\d_\d", f"{result} {' '.join(letters)}")
    z = values.get(name[0]) if name else None
    if re.search(r" (?:for|within) ", last) or last in ("z", "1"):
        return _objection_to_branch(last, z, value)
    if last in values:  # (23)
        return "" if values[last] == value else f"{last} is {values[last]}"
    interval, spare = computed(last), half_width(value) + ROUNDING
    got = float(value.replace("−", "-"))
    return "" if interval.low - spare <= got <= interval.high + spare else f"from {interval.low} to {interval.high}"


def _objection_to_branch(letters, z, value):
    """Of a rule with nothing to compute: z itself, a constant, or one of two cases."""
    if "within" in letters:
        return "" if value in ("1", "−1") else "expected 1 or −1"
    case = re.fullmatch(r"(.+) for z ([>≥]) 0, else (.+)", letters)
    expected = letters
    if case:
        expected = case[1] if z == "0" and case[2] == "≥" else case[3] if z.startswith(("−", "0.00000")) else case[1]
    if expected == "z":
        return "" if value == z else f"z is {z}"
    if float(expected) in (0, 1):
        return "" if value == expected else f"expected {expected}"
    return "" if float(value) == float(expected) else f"expected {expected}"


def wrong_vectors(vectors):
    """The lines by vector whose matrices are not what they say, where it can be computed; and how many can."""
    found, count = [], 0
    for vector in vectors:
        terms = list(vector.terms)
        if not isinstance(terms[1], str) or terms[1] not in ("=", "= (") or isinstance(terms[0], str):
            continue
        count += 1
        middle, radius = _matrix(terms[0])
        value, error = _evaluated(terms[2:])
        if (np.abs(middle - value) > radius + error + ROUNDING * (1 + np.abs(value))).any():
            found.append(vector)
    return found, count


def _matrix(term):
    middle = np.array([[float(cell.replace("−", "-")) for cell in row] for row in term.rows])
    return middle, np.array([[half_width(cell) for cell in row] for row in term.rows])


def _evaluated(terms):
    """The product of matrices that stand beside each other, added up, with a radius."""
    middle, radius = _matrix(terms[0])
    sign = ""
    for term in terms[1:]:
        if isinstance(term, str):
            sign = term
            continue
        other, its = _matrix(term)
        if sign.endswith("⊙"):
            radius = np.abs(middle) * its + radius * (np.abs(other) + its)
            middle = middle * other
        elif sign:
            factor = float(sign[1:] or 1)
            radius = radius + factor * its
            middle = middle + (factor if sign[0] == "+" else -factor) * other
        else:
            radius = np.abs(middle) @ its + radius @ (np.abs(other) + its)
            middle = middle @ other
        sign = ""
    return middle, radius
