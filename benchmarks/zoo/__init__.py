"""A zoo of functions with right derivatives, by family, and what is asked of checkers of gradients at it."""

from zoo import cells, elementwise, equations, inexact, layers, linear_algebra, losses, piecewise, reductions, single

ZOO = [
    entry
    for module in (
        elementwise, reductions, linear_algebra, layers, cells, losses, piecewise, inexact, equations, single,
    )
    for entry in module.ENTRIES
]  # fmt: skip
"""Every entry, in order."""
FAMILIES = tuple(dict.fromkeys(entry.family for entry in ZOO))

__all__ = ["FAMILIES", "ZOO"]
