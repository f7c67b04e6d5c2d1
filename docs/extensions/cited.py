"""The lines of the source that cite an equation, and the source of a test: what the book shows is read from the files.

A line cites an equation by its number in a comment, `# (22)`; where a file has no such comment, a function or a class
does so in the first line of its docstring. Needs nothing but Python.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

LONG = 2
"""A statement that goes on for more lines is not shown whole."""

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class Excerpt(NamedTuple):
    """Lines `first` to `last` of a file, from 1 on; `text` without their common indentation."""

    first: int
    last: int
    text: str


class NotCitedError(LookupError):
    """A file does not have what the book says that it has."""


def citing_lines(root: Path, place: str, number: int) -> list[Excerpt]:
    """The statements of `place`, a file or file::name, that cite an equation; none is a `NotCitedError`."""
    name, _, inside = place.partition("::")
    text = _text(root, name)
    tree = ast.parse(text)
    scope: ast.AST = _named(tree, inside, place) if inside else tree
    first, last = _lines_of(scope) if inside else (1, len(text.splitlines()))
    commented = [line for line in _lines_with_comments(text, f"({number})") if first <= line <= last]
    if commented:
        statements = [node for node in ast.walk(tree) if isinstance(node, ast.stmt)]
        return _joined(text, sorted({_statement(statements, *_remark(text, line)) for line in commented}))
    found = [node for node in _definitions(scope) if f"({number})" in _summary(node)]
    outermost = [one for one in found if not any(one is not other and _holds(other, one) for other in found)]
    if not outermost:
        raise NotCitedError(f"{place} does not cite ({number})")
    return [_without_details(text, node) for node in outermost]


def source_of_test(root: Path, place: str) -> Excerpt:
    """A function of a file, file::name, with its decorators; a parameter in brackets after the name is left out."""
    name, _, inside = place.partition("::")
    text = _text(root, name)
    node = _named(ast.parse(text), inside.partition("[")[0], place)
    start = min([node.lineno, *(one.lineno for one in node.decorator_list)])
    return _excerpt(text, start, node.end_lineno or start)


def _text(root: Path, name: str) -> str:
    path = root / name
    if not path.is_file():
        raise NotCitedError(f"{name} is not there")
    return path.read_text(encoding="utf-8")


def _definitions(scope: ast.AST) -> Iterator[Definition]:
    return (node for node in ast.walk(scope) if isinstance(node, Definition))


def _named(tree: ast.Module, dotted: str, place: str) -> Definition:
    body: list[ast.stmt] = tree.body
    found = None
    for name in dotted.split("."):
        found = next((node for node in body if isinstance(node, Definition) and node.name == name), None)
        if found is None:
            raise NotCitedError(f"{place} is not there")
        body = found.body
    assert found is not None
    return found


def _summary(node: Definition) -> str:
    return (ast.get_docstring(node) or "").partition("\n")[0]


def _lines_of(node: ast.AST) -> tuple[int, int]:
    return node.lineno, node.end_lineno  # type: ignore[attr-defined]


def _holds(outer: ast.AST, inner: ast.AST) -> bool:
    return any(node is inner for node in ast.walk(outer))


def _lines_with_comments(text: str, cited: str) -> list[int]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return [one.start[0] for one in tokens if one.type == tokenize.COMMENT and cited in one.string]


def _remark(text: str, line: int) -> tuple[int, int]:
    """The first line of a comment, and the line that it is on: the same, or the next one, where it stands by itself."""
    lines = text.splitlines()
    first = last = line
    while _is_comment(lines, first) and _is_comment(lines, first - 1):
        first -= 1
    while _is_comment(lines, last):
        last += 1
    return first, min(last, len(lines))


def _is_comment(lines: list[str], line: int) -> bool:
    return 0 < line <= len(lines) and lines[line - 1].lstrip().startswith("#")


def _statement(statements: list[ast.stmt], start: int, line: int) -> tuple[int, int]:
    """From `start` to the end of the smallest statement on a line; of a long one, or of one with more, to the line."""
    around = [_lines_of(node) for node in statements if node.lineno <= line <= (node.end_lineno or 0)]
    first, last = min(around, key=lambda lines: lines[1] - lines[0], default=(line, line))
    inner = [node.lineno for node in statements if first < node.lineno <= last]
    return (start, line) if inner or last - first > LONG else (min(start, first), last)


def _joined(text: str, ranges: list[tuple[int, int]]) -> list[Excerpt]:
    """Lines that follow each other are one excerpt."""
    starts = [0, *(i for i, (one, two) in enumerate(pairwise(ranges), 1) if two[0] > one[1] + 1), len(ranges)]
    return [_excerpt(text, ranges[i][0], max(last for _, last in ranges[i:j])) for i, j in pairwise(starts)]


def _excerpt(text: str, first: int, last: int) -> Excerpt:
    lines = text.splitlines()[first - 1 : last]
    margin = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
    return Excerpt(first, last, "\n".join(line[margin:] for line in lines))


def _without_details(text: str, node: Definition) -> Excerpt:
    """A definition, of whose docstrings only the first lines are left."""
    first, last = _lines_of(node)
    shown: list[str | None] = [*text.splitlines()]
    for one in _definitions(node):
        head = one.body[0]
        if isinstance(head, ast.Expr) and isinstance(head.value, ast.Constant) and isinstance(head.value.value, str):
            start, end = _lines_of(head)
            if end > start:
                shown[start - 1] = f'{shown[start - 1]}"""'
                shown[start:end] = [None] * (end - start)
    kept = [line for line in shown[first - 1 : last] if line is not None]
    return Excerpt(first, last, _excerpt("\n".join(kept), 1, len(kept)).text)
