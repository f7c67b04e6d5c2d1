"""The records that a worked pass is made of: lines by component, lines by vector, and the steps that hold them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from minibp.arrays import Array
from minibp.explain.notation import given, shown


class Part(NamedTuple):
    """The part of the network that a line is about, counted from 1: neuron j of a layer, or its weight w_jk."""

    layer: int
    j: int
    k: int | None = None


class Line(NamedTuple):
    """One quantity by component: its name, the equation in letters, with numbers, and its value."""

    equation: str
    """The number, as in "(12)", or nothing where the article has none."""
    part: Part | None
    """None where it is about the whole network."""
    result: str
    letters: str
    numbers: str
    """Nothing where there is nothing to compute."""
    value: float
    sign: str = "="
    """Between the result and the rest: = or ←."""

    def pieces(self) -> list[str]:
        """The sides of the equation, each but the first with the sign before it."""
        right = [one for one in (self.letters, self.numbers, shown(self.value)) if one]
        return [self.result, f"{self.sign} {right[0]}", *(f"= {one}" for one in right[1:])]


class Matrix(NamedTuple):
    """A matrix, or a vector as a matrix of one column, as text."""

    rows: tuple[tuple[str, ...], ...]


class VectorLine(NamedTuple):
    """The same by vector: the equation in letters, and below it with matrices between words and signs."""

    equation: str
    letters: str
    terms: tuple[Matrix | str, ...]


class Step(NamedTuple):
    """One step of the pass."""

    title: str
    note: str
    lines: Sequence[Line]
    vectors: Sequence[VectorLine]


class Worked(NamedTuple):
    """A whole pass."""

    title: str
    about: str
    """How numbers are shown."""
    steps: Sequence[Step]
    conclusion: str
    difference: float
    """The largest difference to `minibp.batched.backprop`."""

    def lines(self) -> Iterator[Line]:
        """The lines of all steps."""
        for step in self.steps:
            yield from step.lines

    def lines_of(self, part: Part) -> list[Line]:
        """The lines about one neuron, or one weight."""
        return [line for line in self.lines() if line.part == part]


CONTINUED = "…"
"""Before the further columns of a matrix."""


def parts_of(whole: Matrix, characters: int) -> list[Matrix]:
    """A matrix, or where its rows are longer than so many characters, groups of its columns.

    >>> parts_of(Matrix((("0.1", "0.2", "0.3"),)), 7)
    [Matrix(rows=(('0.1', '0.2'),)), Matrix(rows=(('0.3',),))]
    """
    cell = 1 + max(len(one) for row in whole.rows for one in row)
    columns = max(1, (characters + 1) // cell)
    starts = range(0, len(whole.rows[0]), columns)
    return [Matrix(tuple(row[start : start + columns] for row in whole.rows)) for start in starts]


def matrix(array: Array, *, as_given: bool = False) -> Matrix:
    """An array as text: a vector stands upright.

    >>> import numpy as np
    >>> matrix(np.array([0.5, -0.25]), as_given=True)
    Matrix(rows=(('0.5',), ('−0.25',)))
    """
    text = given if as_given else shown
    upright = array[:, None] if array.ndim == 1 else array
    return Matrix(tuple(tuple(map(text, row)) for row in upright.tolist()))
