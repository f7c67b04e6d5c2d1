"""What the engine resolves of a right derivative: how far each slope may be off without its seeing it."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from minibp.check.grad.arguments import Arguments
from minibp.check.grad.claim import GradientClaim, MatrixClaim, TangentClaim
from minibp.check.grad.column import RIGHT
from minibp.check.grad.engine import Engine
from minibp.check.grad.function import Function
from zoo.entry import Array, Entry

ORACLES = ("complex_step", "finite_difference")


def tolerances(entry: Entry, point: Any, seed: int) -> Array:
    """The tolerance of each slope of the Jacobian, inf where none is resolved: at kinks, at jumps, in noise."""
    scalar = entry.kind == "grad"
    arguments = Arguments(entry.f, point, named=not scalar)
    rng = np.random.default_rng(seed)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        function = Function("f", entry.f, arguments, rng, scalar=scalar, accuracy=entry.accuracy or 0.0)
        claim: Any
        if entry.kind == "jvp":
            claim = TangentClaim("claim", function, entry.claim)
        elif entry.kind == "jacobian":
            claim = MatrixClaim("claim", function, entry.claim)
        else:
            claim = GradientClaim("claim", function, entry.claim, takes_cotangent=not scalar)
        engine = Engine(function, claim, rng, oracles=ORACLES)
        engine.run()
    found = np.full((len(engine.seen), len(arguments)), np.inf)
    for column in engine.columns:
        moved = np.flatnonzero(column.v)
        if len(moved) == 1:
            right = column.outcome == RIGHT
            found[right, moved[0]] = np.minimum(found[right, moved[0]], column.tolerance[right])
    return found
