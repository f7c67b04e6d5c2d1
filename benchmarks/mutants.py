"""The mutants of a source file: one small change each, by the operators of Cosmic Ray and three of the project's own.

A mutant is known by its file, the line that it changes and what that line becomes, not by a line number, so that the
list of equivalent ones outlives edits elsewhere in the file.
"""

from __future__ import annotations

import ast
import difflib
import hashlib
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from cosmic_ray.ast import ast_nodes, get_ast, is_number
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Example, Operator
from cosmic_ray.plugins import get_operator
from parso.python.tree import Name, Number

Position = tuple[tuple[int, int], tuple[int, int]]

FROM_COSMIC_RAY = (
    *(f"ReplaceBinaryOperator_{pair}" for pair in ("Add_Sub", "Sub_Add", "Mul_Div", "Div_Mul", "Pow_Mul")),
    *(f"ReplaceComparisonOperator_{pair}" for pair in ("Lt_LtE", "LtE_Lt", "Gt_GtE", "GtE_Gt")),
    *(f"ReplaceComparisonOperator_{pair}" for pair in ("Lt_GtE", "LtE_Gt", "Gt_LtE", "GtE_Lt")),
    *(f"ReplaceComparisonOperator_{pair}" for pair in ("Eq_NotEq", "NotEq_Eq", "Is_IsNot", "IsNot_Is")),
    *(f"ReplaceUnaryOperator_Delete_{sign}" for sign in ("USub", "Not", "Invert")),
    *("AddNot", "ReplaceAndWithOr", "ReplaceOrWithAnd", "ReplaceTrueWithFalse", "ReplaceFalseWithTrue"),
    *("ReplaceBreakWithContinue", "ReplaceContinueWithBreak", "ZeroIterationForLoop", "RemoveDecorator"),
)
"""Each operator replaced by the one a person would confuse it with; Cosmic Ray has 200, nearly all of them trivial."""
SPARED = ("strict=",)
"""What stands before a value that is left as it is: `zip`'s guard on lengths that are equal by construction."""
SWAPPED = {"maximum": "minimum", "max": "min", "any": "all"}
SWAPPED |= {new: old for old, new in SWAPPED.items()}


class ScaledNumber(Operator):  # type: ignore[misc]
    """A number halved, and doubled; 0 becomes 1. A bound is no closer than a factor, so ±1 would tell too little."""

    def mutation_positions(self, node: Any) -> Iterator[Position]:
        """One position for each value."""
        if is_number(node):
            for _ in self._values(node):
                yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """The number with another value."""
        return Number(repr(self._values(node)[index]), node.start_pos, node.prefix)

    @staticmethod
    def _values(node: Any) -> list[float]:
        value = ast.literal_eval(node.value)
        if value == 0:
            return [1]
        whole = isinstance(value, int) and (value % 2 == 0 or value == 1)  # half of an index stays one
        return [value // 2 if whole else value / 2, 2 * value]

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """Each change once."""
        return (
            Example("x = 4", "x = 2"),
            Example("x = 4", "x = 8", occurrence=1),
            Example("x = 3", "x = 1.5"),
            Example("x = 1", "x = 0"),
            Example("x = 0", "x = 1"),
            Example("x = 0.0", "x = 1"),
            Example("x = 0.5", "x = 0.25"),
            Example("x = 1e-3", "x = 0.002", occurrence=1),
        )


class WithoutTerm(Operator):  # type: ignore[misc]
    """A sum without one of its terms."""

    def mutation_positions(self, node: Any) -> Iterator[Position]:
        """One position for each term."""
        if node.type == "arith_expr":
            for term in node.children[::2]:
                yield term.start_pos, term.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """The sum without it; what begins with the second term keeps that term's minus sign."""
        prefix = node.get_first_leaf().prefix
        if index:
            del node.children[2 * index - 1 : 2 * index + 1]
        else:
            del node.children[: 1 if node.children[1].value == "-" else 2]
            node.get_first_leaf().prefix = prefix
        return node

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """Each place of a term once."""
        return (
            Example("x = a - b + c", "x = - b + c"),
            Example("x = a - b + c", "x = a + c", occurrence=1),
            Example("x = a + b", "x = b"),
            Example("x = a + b", "x = a", occurrence=1),
        )


class SwappedName(Operator):  # type: ignore[misc]
    """The other one of a pair of functions, max and min, say, where it is called."""

    def mutation_positions(self, node: Any) -> Iterator[Position]:
        """One for each call by such a name."""
        after = node.get_next_leaf() if isinstance(node, Name) else None
        if after is not None and after.value == "(" and node.value in SWAPPED and node.parent.type != "funcdef":
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """The name of the other."""
        assert index == 0
        return Name(SWAPPED[node.value], node.start_pos, node.prefix)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """A function and a method."""
        return Example("np.maximum(a, b)", "np.minimum(a, b)"), Example("a.any()", "a.all()")


OWN = (ScaledNumber, WithoutTerm, SwappedName)


class Change(NamedTuple):
    """What a mutant changes in the text of its file."""

    file: str
    line: str
    """The line, or lines joined by a space, without indentation."""
    becomes: str


class Mutant(NamedTuple):
    """One place where one operator applies; its text is made when it is asked for."""

    file: str
    operator: Operator
    occurrence: int
    rank: str
    """A hash of the change's place and seed: the first mutants by it are a sample that edits elsewhere do not alter."""

    def text(self, source: str) -> str:
        """The source with the change in it."""
        return str(mutate_code(source, self.operator, self.occurrence))

    def change(self, source: str) -> Change:
        """The lines that differ."""
        lines = list(difflib.ndiff(source.splitlines(), self.text(source).splitlines()))
        old, new = (" ".join(line[2:].strip() for line in lines if line[0] == sign) for sign in "-+")
        return Change(self.file, old, new)


def operators() -> list[Operator]:
    """One of each operator."""
    return [*(get_operator(f"core/{name}")() for name in FROM_COSMIC_RAY), *(operator() for operator in OWN)]


def mutants_of(root: Path, file: str, seed: int) -> Iterator[Mutant]:
    """Every mutant of a file below `root`."""
    source = (root / file).read_text(encoding="utf-8")
    lines = source.splitlines()
    nodes = list(ast_nodes(get_ast(source)))
    for operator in operators():
        places = itertools.chain.from_iterable(operator.mutation_positions(node) for node in nodes)
        seen: dict[str, int] = {}
        for occurrence, ((row, column), _) in enumerate(places):
            if lines[row - 1][:column].endswith(SPARED):
                continue
            place = f"{seed} {file} {type(operator).__name__} {column} {lines[row - 1]}"
            seen[place] = seen.get(place, 0) + 1
            rank = hashlib.sha256(f"{place} {seen[place]}".encode()).hexdigest()
            yield Mutant(file, operator, occurrence, rank)
