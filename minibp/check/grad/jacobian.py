"""The Jacobian at a point as claimed and as expected, by argument, from the comparisons of single entries."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from minibp.arrays import Array
from minibp.check.grad.column import OUTCOMES, RIGHT, UNSTABLE, WRONG
from minibp.check.grad.engine import Engine
from minibp.check.report.tensor_errors import TensorErrors

COMPARED = np.isin(np.arange(len(OUTCOMES)), (RIGHT, WRONG, UNSTABLE))
"""The outcomes of comparisons with a slope that an oracle tells."""


class Jacobian(NamedTuple):
    """(r, n) numbers each: results down, entries of all arguments across; NaN where nothing was compared."""

    got: Array
    expected: Array
    tolerance: Array

    @classmethod
    def of(cls, engine: Engine) -> Jacobian:
        """That of the comparisons of an engine."""
        shape = len(engine.seen), len(engine.arguments)
        jacobian = cls(*(np.full(shape, np.nan) for _ in range(3)))
        single = [column for column in engine.columns if column.is_entry]
        if single:
            entries = [int(column.moves[0]) for column in single]
            usable = COMPARED[[column.outcome for column in single]].T
            for whole, name in zip(jacobian, ("got", "expected", "tolerance"), strict=True):
                whole[:, entries] = np.where(usable, np.array([getattr(column, name) for column in single]).T, np.nan)
        return jacobian


def tensor_errors(kind: str, engine: Engine) -> tuple[TensorErrors, ...]:
    """What a report draws, by argument: a gradient shaped as its argument, any other as results by entries.

    Parameters
    ----------
    kind : str
        The kind of the question, "grad" or another.
    engine : Engine
        The comparisons at a point.

    Returns
    -------
    tuple of TensorErrors
        None where not every entry was compared by itself.
    """
    if not engine.every:
        return ()
    jacobian, arguments = Jacobian.of(engine), engine.arguments
    results = engine.seen.combinations is None
    label = "results" if results else "sums of results"
    found = []
    for leaf, part in arguments.structure.parts():
        arrays = [one[:, part] for one in jacobian]
        if not arrays[0].size:
            continue
        name = f"∂{label}/∂{leaf.name}"
        if kind == "grad":
            name = "grad" + leaf.name.removeprefix("x")
            shape = () if leaf.is_complex or leaf.array is None else leaf.array.shape
            arrays = [one.reshape(shape or (-1,)) for one in arrays]
        found.append(TensorErrors(name, None, *arrays))
    return tuple(found)
