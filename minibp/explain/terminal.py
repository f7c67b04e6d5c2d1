"""A worked pass as lines of text: by component and by vector, beside each other where there is space."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby, zip_longest

from minibp.explain.lines import CONTINUED, Line, Matrix, Step, VectorLine, Worked, parts_of
from minibp.tables import wrapped

BESIDE = 100
"""Columns from which on the two forms stand beside each other."""
MARGIN = 6
"""Columns for the number of an equation."""
BORDER = " │ "
GLUE = "\0"
"""In place of a space at which a line is not broken."""
_DIFFERENCE = re.compile(r"\(([^() ]+) − ([^() ]+)\)")
"""A difference of two numbers in parentheses, which is not broken."""


def text_of(worked: Worked, columns: int) -> list[str]:
    """The pass in lines of at most so many columns.

    >>> from minibp.explain.example import example_of
    >>> from minibp.explain.worked import worked
    >>> pass_ = worked(example_of([1, 1], "sigmoid", None, "quadratic", 0.0, seed=0))
    >>> max(map(len, text_of(pass_, 60))) <= 60
    True
    """
    found = [*wrapped(worked.title, columns), *wrapped(worked.about, columns)]
    for step in worked.steps:
        found += ["", f"── {step.title} ".ljust(columns, "─"), *wrapped(step.note, columns)]
        found += _step_lines(step, columns)
    return [*found, "", *wrapped(worked.conclusion, columns)]


def _step_lines(step: Step, columns: int) -> list[str]:
    if columns < BESIDE or not step.lines:
        left, right = _of_components(step.lines, columns), _of_vectors(step.vectors, columns)
        return [*left, *([""] if left and right else []), *right]
    right = _of_vectors(step.vectors, columns * 19 // 40)
    left = _of_components(step.lines, columns - len(BORDER) - max(map(len, right), default=0))
    if not right:
        return left
    width = max(map(len, left))
    return [f"{one:<{width}}{BORDER}{other}".rstrip() for one, other in zip_longest(left, right, fillvalue="")]


def _of_components(lines: Sequence[Line], columns: int) -> list[str]:
    """Each line; those about one neuron or weight are set apart where there are several."""
    found: list[str] = []
    for part, group in groupby(lines, key=lambda line: line.part):
        block = list(group)
        if found and len(block) > 1 and part is not None:
            found.append("")
        found += [line for one in block for line in _component(one, columns)]
    return found


def _component(line: Line, columns: int) -> list[str]:
    """One quantity: as many sides of its equation in a line as there is space for, the signs below each other."""
    result, *sides = line.pieces()
    found, current = [], f"{line.equation:<{MARGIN}}{result}"
    indent = " " * min(len(current) + 1, columns // 4)
    for at, side in enumerate(sides):
        if len(current) + 1 + len(side) <= columns:
            current = f"{current} {side}"
            continue
        if at:
            found.append(current)
            current = indent.removesuffix(" ")
        *full, current = _broken(f"{current} {side}", columns, f"{indent}  ")
        found += full
    return [*found, current]


def _broken(text: str, columns: int, indent: str) -> list[str]:
    """A side that is longer than a line, broken before a sign, and in a difference only where there is no other way."""
    glued = _DIFFERENCE.sub(lambda match: match[0].replace(" ", GLUE), text)
    for sign in "+−":
        glued = glued.replace(f" {sign} ", f" {sign}{GLUE}")
    room = columns - len(indent)
    words = [word.replace(f"{GLUE}−", " −") if len(word) > room else word for word in glued.split(" ")]
    return [one.replace(GLUE, " ") for one in _wrap(" ".join(words), columns, indent)]


def _wrap(text: str, columns: int, indent: str) -> list[str]:
    """As `wrapped`, which leaves the spaces at the beginning of the first line out."""
    start = text[: len(text) - len(text.lstrip())]
    first, *others = text.strip().split(" ")
    found = [start + first]
    for word in others:
        if len(found[-1]) + 1 + len(word) <= columns:
            found[-1] = f"{found[-1]} {word}"
        else:
            found.append(f"{indent}{word}")
    return found


def _of_vectors(lines: Sequence[VectorLine], columns: int) -> list[str]:
    return [line for one in lines for line in _vector(one, columns)]


def _vector(line: VectorLine, columns: int) -> list[str]:
    if not line.equation:
        return _side_by_side(line.terms, columns)
    head = _wrap(f"{line.equation:<{MARGIN}}{line.letters}", columns, " " * (MARGIN + 2))
    return [*head, *(f"{' ' * MARGIN}{one}" for one in _side_by_side(line.terms, columns - MARGIN))]


def _side_by_side(terms: Sequence[Matrix | str], columns: int) -> list[str]:
    """Matrices with what stands between them; where it gets too wide, in several rows of blocks."""
    rows: list[list[list[str]]] = [[]]
    used = 0
    for block in _blocks(terms, columns):
        width = len(block[0])
        if rows[-1] and used + 1 + width > columns:
            rows.append([])
            used = 0
        used += width + (1 if rows[-1] else 0)
        rows[-1].append(block)
    return [line for row in rows for line in _joined(row)]


def _blocks(terms: Sequence[Matrix | str], columns: int) -> Iterator[list[str]]:
    """What may not be parted: a matrix with the word or sign before it."""
    before = ""
    for term in terms:
        if isinstance(term, str):
            before = f"{before} {term}".strip()
            continue
        for part in parts_of(term, columns - max(len(before), 1) - 3):
            block = _matrix_lines(part)
            yield _joined([[before], block]) if before else block
            before = CONTINUED
        before = ""
    if before:
        yield [before]


def _matrix_lines(term: Matrix) -> list[str]:
    widest = max(len(cell) for row in term.rows for cell in row)
    return [f"[{' '.join(cell.rjust(widest) for cell in row)}]" for row in term.rows]


def _joined(blocks: Sequence[Sequence[str]]) -> list[str]:
    """Blocks of lines beside each other, each in the middle of the height of the tallest."""
    height = max(map(len, blocks))
    centred = []
    for block in blocks:
        above = (height - len(block)) // 2
        blank = " " * len(block[0])
        centred.append([*[blank] * above, *block, *[blank] * (height - len(block) - above)])
    return [" ".join(parts).rstrip() for parts in zip(*centred, strict=True)]
