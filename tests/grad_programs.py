"""Functions at points, as the check of any function sees them, for the tests of its parts."""

import numpy as np

from minibp.check.grad.arguments import Arguments
from minibp.check.grad.claim import GradientClaim, MatrixClaim, TangentClaim
from minibp.check.grad.column import OUTCOMES
from minibp.check.grad.engine import Engine
from minibp.check.grad.function import Function
from minibp.check.grad.projected import Projected
from minibp.check.grad.question import quietly


def function_at(f, x, seed=3, **given):
    """f at x, as the check knows it."""
    with np.errstate(all="ignore"):
        return Function("f", f, Arguments(f, x), np.random.default_rng(seed), scalar=False, **given)


def seen_at(f, x, seed=3, **given):
    """f at x, as the oracles see it."""
    return Projected(function_at(f, x, seed, **given), None)


def unit(k, n):
    """The direction of one entry."""
    return np.asarray(np.arange(n) == k, np.float64)


def claim_of(kind, function, claim):
    """A claim about a function, as the check knows it."""
    if kind == "jvp":
        return TangentClaim(kind, function, claim)
    if kind == "jacobian":
        return MatrixClaim(kind, function, claim)
    return GradientClaim(kind, function, claim, takes_cotangent=kind == "vjp")


def engine_of(f, claim, x, kind="grad", oracles=("complex_step", "finite_difference"), seed=3, **given):
    """The comparison of a claim, not yet run; `given` are `calls` and `accuracy`."""
    calls = {"calls": given.pop("calls")} if "calls" in given else {}
    with quietly(oracles):
        function = function_at(f, x, seed, **given)
        return Engine(function, claim_of(kind, function, claim), function.rng, oracles=oracles, **calls)


def ran(f, claim, x, kind="grad", oracles=("complex_step", "finite_difference"), **given):
    """The comparison of a claim, run."""
    engine = engine_of(f, claim, x, kind, oracles, **given)
    with quietly(oracles):
        engine.run()
    return engine


def judged(
    f, claim, x, *, k=0, v=None, kind="grad", oracles=("complex_step", "finite_difference"), differences=False,
    confirmed=0, **given,
):  # fmt: skip
    """The judge of a claim, and the column of entry k, or of a direction, after it was judged."""
    with quietly(oracles):
        engine = engine_of(f, claim, x, kind, oracles, **given)
        v, base = (unit(k, len(engine.arguments)), float(engine.arguments.scale[k])) if v is None else (v, 1.0)
        column = engine.claimed.column(v, base)
        engine.judge.confirmed = confirmed
        engine.judge.judge(column, differences=differences)
    return engine.judge, column


def outcome(*given, **more):
    """What comes of the one comparison along a direction."""
    (found,) = judged(*given, **more)[1].outcome
    return OUTCOMES[found]


def sines(x):
    return np.sin(x).sum()


def told_another_slope(x):
    """x², of which the complex step sees 3 x: the code takes a plain array, whose real part has no derivative."""
    real = np.asarray(x).real
    return (real**2 + 3 * (x - real)).sum()


def half_squares(x):
    return (x * x).sum() / 2


def same(x):
    return 1 * x


def bumped(claim, k, by=1e-3):
    """A claim that is off in one entry."""

    def bumped_claim(x, *more):
        found = np.array(claim(x, *more))
        found[k] += by
        return found

    return bumped_claim


def cells(engine, outcome=None):
    """The comparisons of which that came, or all."""
    return [cell for column in engine.columns for cell in column.cells() if outcome in (None, cell.outcome)]


def places(engine, outcome):
    """The entries and the results of comparisons of which that came."""
    return sorted({(int(np.flatnonzero(cell.v)[0]), cell.i) for cell in cells(engine, outcome) if cell.is_entry})


def doubted(f, claim, x, *, k=0, oracles=("finite_difference",), expected=None):
    """The outcome of entry k of a claim that is taken for wrong."""
    with quietly(oracles):
        engine = engine_of(f, claim, x, "grad", oracles)
        column = engine.claimed.column(unit(k, len(engine.arguments)), float(engine.arguments.scale[k]))
        engine.judge.judge(column, differences=True)
        if expected is not None:
            column.expected[0] = expected
        return OUTCOMES[engine.judge.doubts.confirmed(column, 0)]
