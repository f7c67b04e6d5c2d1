"""A worked pass as a page: the network drawn, each neuron and weight with its own lines, and all steps below."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from minibp.explain.example import Example
from minibp.explain.lines import CONTINUED, Line, Matrix, Part, Worked, parts_of
from minibp.explain.notation import given, name, shown
from minibp.explain.values import Values
from minibp.pages.heat import SIGNED, signs_of
from minibp.pages.network import Drawing, Mark, drawn
from minibp.pages.rendering import rendered

MOST_CHARACTERS = 42
"""Of a row of a matrix: so many fit on a telephone."""
_RAISED = re.compile(r"(?<=e)\^([−\w.]+)|\^([^\W_]+)(?:_(\w+))?|(?<=[^\s\d_])_(\w+)")
"""What stands above, or below, or both: as in e^−0.58, z^2_1, Σ_k."""


class Text(NamedTuple):
    """A part of a formula: on the line, above it ("sup") or below it ("sub")."""

    tag: str
    text: str


class Term(NamedTuple):
    """What may not be parted from each other: a word or a sign, and the matrix behind it."""

    before: str
    matrix: Matrix | None


class Choice(NamedTuple):
    """What is shown of a part of the network that is chosen."""

    id: str
    title: str
    facts: str
    lines: list[Line]


def page_of(example: Example, worked: Worked) -> str:
    """The page.

    >>> from minibp.explain.example import example_of
    >>> from minibp.explain.worked import worked
    >>> example = example_of([1, 1], "sigmoid", None, "quadratic", 0.0, seed=0)
    >>> page_of(example, worked(example)).startswith("<!DOCTYPE html>")
    True
    """
    values = Values(example)
    drawing = _drawing(values)
    looks = {one.mark.look for one in drawing.weights}
    return rendered(
        "explain.html",
        worked=worked,
        drawing=drawing,
        choices=list(_choices(values, worked)),
        signs=[(look, words) for look, words in zip(SIGNED, _SIGNS, strict=True) if look in looks],
        typeset=typeset,
        grouped=grouped,
    )


_SIGNS = ("large, negative", "negative", "near 0, negative", "0", "near 0, positive", "positive", "large, positive")


def grouped(terms: Sequence[Matrix | str]) -> list[Term]:
    """Each matrix with what stands before it.

    >>> [term.before for term in grouped(["=", Matrix((("1",),)), "+ 2", Matrix((("3",),)), "."])]
    ['=', '+ 2', '.']
    """
    found, before = [], ""
    for term in terms:
        if isinstance(term, str):
            before = term
        else:
            for part in parts_of(term, MOST_CHARACTERS):
                found.append(Term(before, part))
                before = CONTINUED
            before = ""
    return [*found, Term(before, None)] if before else found


def typeset(text: str) -> list[Text]:
    """A formula in its parts.

    >>> [tuple(part) for part in typeset("z^2_1 = Σ_k")]
    [('', 'z'), ('sup', '2'), ('sub', '1'), ('', ' = Σ'), ('sub', 'k')]
    """
    found, end = [], 0
    for match in _RAISED.finditer(text):
        found.append(Text("", text[end : match.start()]))
        found += [Text(tag, match[i]) for tag, i in (("sup", 1), ("sup", 2), ("sub", 3), ("sub", 4)) if match[i]]
        end = match.end()
    return [one for one in (*found, Text("", text[end:])) if one.text]


def _drawing(values: Values) -> Drawing:
    largest = max(float(np.abs(w).max()) for w in values.w.values())

    def neuron(l: int, j: int) -> Mark:
        return Mark("", _neuron_facts(values, l, j))

    def weight(l: int, j: int, k: int) -> Mark:
        return Mark(str(signs_of(values.w[l][j - 1, k - 1], largest)), _weight_facts(values, l, j, k))

    def label(l: int, j: int) -> str:
        number = values.a[l][j - 1]
        return given(round(number, 2 if l == 1 or 0 <= number < 10 else 1))

    return drawn(values.example.network.sizes, neuron, weight, label=label)


def _choices(values: Values, worked: Worked) -> Iterator[Choice]:
    for l, size in enumerate(values.example.network.sizes, start=1):
        for j in range(1, size + 1):
            title, facts = f"Neuron {j} of layer {l}", _neuron_facts(values, l, j)
            yield Choice(f"of-n{l}-{j}", title, facts, worked.lines_of(Part(l, j)))
            for k in range(1, len(values.w[l][0]) + 1) if l > 1 else ():
                title, facts = f"The weight {name('w', l, j, k)}", _weight_facts(values, l, j, k)
                yield Choice(f"of-w{l}-{j}-{k}", title, facts, worked.lines_of(Part(l, j, k)))


def _neuron_facts(values: Values, l: int, j: int) -> str:
    if l == 1:
        return f"input {j}: {name('a', 1, j)} = x_{j} = {given(values.a[1][j - 1])}"
    numbers = (values.z[l][j - 1], values.a[l][j - 1], values.delta[l][j - 1])
    shown_ = ", ".join(f"{name(letter, l, j)} = {shown(one)}" for letter, one in zip("zaδ", numbers, strict=True))
    return f"neuron {j} of layer {l}: {shown_}"


def _weight_facts(values: Values, l: int, j: int, k: int) -> str:
    w = name("w", l, j, k)
    slope = shown(values.nabla_w[l][j - 1, k - 1])
    ends = f"from neuron {k} of layer {l - 1} to neuron {j} of layer {l}"
    return f"weight {ends}: {w} = {given(values.w[l][j - 1, k - 1])}, ∂C/∂{w} = {slope}"
