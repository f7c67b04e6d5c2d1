"""What the engine resolves of a right derivative: how far each slope may be off without its seeing it."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from minibp.check.grad.arguments import Arguments
from minibp.check.grad.claim import GradientClaim, MatrixClaim, TangentClaim
from minibp.check.grad.column import RIGHT, Column
from minibp.check.grad.complex_step import SUBNORMAL
from minibp.check.grad.engine import Engine
from minibp.check.grad.function import Function
from minibp.check.grad.own_noise import SMALLEST
from zoo.entry import Array, Entry

ORACLES = ("complex_step", "finite_difference")


def tolerances(entry: Entry, point: Any, seed: int) -> tuple[Array, Array]:
    """The tolerance of each slope of the Jacobian, inf where none is resolved: at kinks, at jumps, in noise.

    And what noise of a claim is not held against it, since larger terms that cancel may have left it.
    """
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
        measured = [(column, _measured(engine, column)) for column in engine.columns if column.is_entry]
    at = np.abs(engine.seen.at)
    digits = np.where(at > 0, SMALLEST / np.where(at > 0, at, 1), 0)  # of subnormal values few are left
    found, hidden = np.full((2, len(engine.seen), len(arguments)), np.inf)
    for column, least in measured:
        moved, right = int(column.moves[0]), column.outcome == RIGHT
        told = np.maximum(column.tolerance, np.maximum(least, np.abs(column.expected) * digits)) + SUBNORMAL
        found[right, moved] = np.minimum(found[right, moved], told[right])
        hidden[:, moved] = engine.judge.resolution.hidden(column)
    return found, hidden


def _measured(engine: Engine, column: Column) -> Array:
    """How closely each slope is told of a claim that is off, since the noise of what contradicts it is measured then.

    That is what terms leave that cancel, of a slope of exactly 0 too, and what the slope varies by between numbers.
    Where no oracle was asked but two steps of differences, a slope is told as these do, and one of exactly 0 is not.
    """
    for name in list(engine.oracles.open):
        column.values.pop(name, None)
        if engine.oracles.ask(name, column):  # afresh, without what was measured
            engine.oracles.measure(name, column)
    radii = [radius for _, radius in column.values.values()]
    zeros = (column.got == 0) & (column.expected == 0)
    return np.min(radii, axis=0) if radii else np.where(zeros, np.inf, 0.0)
