"""Tables of text that fit where they are printed: a terminal, or a pipe."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Sequence

PIPE_WIDTH = 100
"""Columns where there is no terminal and COLUMNS is not set."""
LEAST_WIDTH = 20
"""Columns that lines are made for in a terminal that is narrower still."""
GAP = "  "


def width() -> int:
    """The columns to print in: those of COLUMNS, else of the terminal, else `PIPE_WIDTH`."""
    return max(LEAST_WIDTH, shutil.get_terminal_size((PIPE_WIDTH, 24)).columns)


def grid(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of columns of any width, the first to the left and the others to the right.

    >>> grid(["n", "t"], [["1", "10 s"]])
    ['n     t', '1  10 s']
    """
    columns = list(zip(head, *rows, strict=True))
    widths = [_widest(column) for column in columns]
    return [
        GAP.join(
            cell.ljust(widest) if i == 0 else cell.rjust(widest)
            for i, (cell, widest) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in (head, *rows)
    ]


def fitted(head: Sequence[str], rows: Sequence[Sequence[str]], columns: int, *, labels: int = 1) -> list[str]:
    """The same in lines of at most `columns`: one grid, or several below each other, or a block for each row.

    Each of several grids has the first `labels` columns again, which say what a row is of; a block has its row's first
    cell above the others.

    >>> fitted(["n", "a", "b"], [["1", "10 s", "20 s"]], 8)
    ['n     a', '1  10 s', 'n     b', '1  20 s']
    >>> fitted(["n", "a", "b"], [["1", "10 s", "20 s"]], 6)
    ['1', 'a 10 s', 'b 20 s']
    """
    widths = [_widest(column) for column in zip(head, *rows, strict=True)]
    label_width = sum(widths[:labels]) + len(GAP) * (labels - 1)
    if label_width + max((len(GAP) + widest for widest in widths[labels:]), default=0) > columns:
        return [line for row in rows for line in _block(head, row, columns)]
    groups: list[list[int]] = []
    used = columns
    for i, widest in enumerate(widths[labels:], labels):
        used += len(GAP) + widest
        if used > columns:
            groups.append([*range(labels)])
            used = label_width + len(GAP) + widest
        groups[-1].append(i)
    return [
        line
        for group in groups or [[*range(labels)]]
        for line in grid([head[i] for i in group], [[row[i] for i in group] for row in rows])
    ]


def wrapped(text: str, columns: int, indent: str = "") -> list[str]:
    """A sentence in lines of at most `columns`, of which all but the first begin with `indent`.

    >>> wrapped("products: the GEMM-only baseline", 20, "  ")
    ['products: the', '  GEMM-only baseline']
    """
    return textwrap.wrap(text, columns, subsequent_indent=indent, break_on_hyphens=False)


def _widest(cells: Sequence[str]) -> int:
    return max(map(len, cells))


def _block(head: Sequence[str], row: Sequence[str], columns: int) -> list[str]:
    """One row's cells below each other, each with its column's name."""
    lines = textwrap.wrap(row[0], columns)  # broken at hyphens, too: sizes of many layers
    names = _widest(head[1:]) if head[1:] else 0
    for name, cell in zip(head[1:], row[1:], strict=True):
        lines += wrapped(f"{name.ljust(names)} {cell}", columns, "  ")
    return lines
