"""Gradient descent, equation (3), on any function of any number of variables; and the path that it took."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from minibp.arrays import Array, InputError, checked_count, checked_vector, read_only
from minibp.inputs import checked_rate
from minibp.text import counted
from minibp.vectors import norm

CONVERGED, PATH_DIVERGED, STALLED, STEP_LIMIT = "converged", "diverged", "stalled", "step limit"
RISES = 10
"""So many rises of the cost one after another, to above that of the start, are divergence: a step that is short enough
lowers it, and one that is a little too long goes to and fro within bounds."""
MOST_PATH_BYTES = 1 << 32
"""Of the points and costs of one descent: all are kept, and more of them than that fill the memory of most machines
before the last step is taken."""
KEPT_BYTES = 384
"""Of one step beside its point: the array and the number as Python has them, in a list each, and the cost once more."""


class Path(NamedTuple):
    """The points of one descent and the costs there.

    Attributes
    ----------
    points : ndarray of shape (taken + 1, …)
        w after 0, 1, … steps, each of the shape of the start; read-only.
    costs : ndarray of shape (taken + 1,)
        C at each of them, float64, read-only. The last may be infinite or NaN, where it diverged.
    slope : float
        ‖∇C‖ at the last point; NaN where the cost is not finite.
    outcome : str
        "converged" (‖∇C‖ ≤ tolerance), "diverged" (C not finite, or above the start's and risen ten times running),
        "stalled" (steps too short to change w in its dtype, or differences of C lost in its rounding), or "step limit".
    message : str
        The outcome in a sentence.

    Examples
    --------
    >>> import minibp
    >>> path = minibp.gradient_descent(lambda w: w @ w, lambda w: 2 * w, [3.0, 4.0], eta=0.25, steps=2)
    >>> path.end, path.taken, path.outcome
    (array([0.75, 1.  ]), 2, 'step limit')
    """

    points: Array
    costs: Array
    slope: float
    outcome: str
    message: str

    @property
    def end(self) -> Array:
        """The last point."""
        last: Array = self.points[-1]
        return last

    @property
    def taken(self) -> int:
        """Number of steps taken."""
        return len(self.points) - 1


def gradient_descent(
    f: Callable[[Array], Any],
    grad: Callable[[Array], Any] | None,
    start: Any,
    *,
    eta: float,
    steps: int,
    tolerance: float = 1e-6,
) -> Path:
    """The path of w ← w − η ∇C(w), equation (3).

    Parameters
    ----------
    f : callable
        f(w) returns C, a real number.
    grad : callable or None
        grad(w) returns ∇C, shaped like w. None: central differences of f.
    start : array_like
        The first w, of any shape, float64 or float32; integers are taken as float64.
    eta : float
        η, the learning rate, above 0.
    steps : int
        Most steps, at least 0.
    tolerance : float, optional
        It has converged where ‖∇C‖ is no larger, be that at a local minimum or a saddle. Default 1e-6.

    Returns
    -------
    Path
        All points and costs, and how it ended.

    Raises
    ------
    InputError
        For arguments that cannot be used, such as a cost that is not finite at the start, or so many steps that their
        points would take more than 4 GiB.

    Notes
    -----
    f and `grad` get read-only arrays. Where one of them raises `ValueError` or `ArithmeticError` on the way, w has left
    its domain, and the descent has diverged. `minibp.check_grad(f, grad, start)` checks `grad`.

    Examples
    --------
    >>> import minibp
    >>> path = minibp.gradient_descent(lambda w: w @ w, lambda w: 2 * w, [3.0, 4.0], eta=0.25, steps=100)
    >>> path.outcome, path.taken, path.costs[:3].tolist()
    ('converged', 24, [25.0, 6.25, 1.5625])
    >>> minibp.gradient_descent(lambda w: w @ w, None, [3.0, 4.0], eta=1.5, steps=100).message
    'diverged: the cost rose 10 times running, to 2.62e+07: η is too large'
    """
    for name, function in (("f", f), ("grad", grad)):
        if not callable(function) and not (name == "grad" and function is None):
            raise InputError(f"{name} is {function!r}, expected a function of w")
    w = checked_vector("start", start)
    rate, least = checked_rate("eta", eta), checked_rate("tolerance", tolerance, or_zero=True)
    limit = checked_count("steps", steps, least=0)
    kept = (limit + 1) * (2 * w.nbytes + KEPT_BYTES)  # in a list, and then in one array
    if kept > MOST_PATH_BYTES:
        raise InputError(
            f"steps is {limit}: their points and costs would take {kept:,} bytes, expected at most {MOST_PATH_BYTES:,}"
        )
    slope_at = central_differences(f) if grad is None else grad
    points, costs = [w], [_cost_at(f, w, first=True)]
    if not math.isfinite(costs[0]):
        raise InputError(f"f returned {costs[0]} at the start, expected a finite number")
    while True:
        gradient = (
            _gradient(slope_at, w, first=len(points) == 1) if math.isfinite(costs[-1]) else np.full_like(w, np.nan)
        )
        slope = norm(gradient)
        with np.errstate(all="ignore"):
            moved = read_only(np.asarray(w - w.dtype.type(rate) * gradient))  # (3)
        noise = 0.0 if grad is not None else noise_of_differences(costs[-1], w)
        reached = _path_outcome(costs, slope, noise, least, limit, stands=np.array_equal(moved, w))
        if reached is not None:
            return Path(read_only(np.stack(points)), read_only(np.array(costs)), slope, *reached)
        w = moved
        points.append(w)
        costs.append(_cost_at(f, w) if np.isfinite(w).all() else math.nan)


def _path_outcome(
    costs: list[float], slope: float, noise: float, least: float, limit: int, *, stands: bool
) -> tuple[str, str] | None:
    """The outcome of a descent at its last cost and ‖∇C‖, and in words; None where it goes on.

    ‖∇C‖ is known to within `noise`; `stands` says that the next step would not change w.
    """
    taken, last = len(costs) - 1, costs[-1]
    if not (math.isfinite(last) and math.isfinite(slope)):
        said = f"‖∇C‖ is {slope}" if math.isfinite(last) else f"the cost is {last}"
        return PATH_DIVERGED, f"diverged: {said} after {counted(taken, 'step')}: η is too large, or C has no minimum"
    if taken >= RISES and last > costs[0] and all(a < b for a, b in pairwise(costs[-RISES - 1 :])):
        return PATH_DIVERGED, f"diverged: the cost rose {RISES} times running, to {last:.3g}: η is too large"
    after = f"after {counted(taken, 'step')}: ‖∇C‖ is {slope:.3g}"
    if slope <= max(least, noise):
        lost = f"stalled {after}, and central differences tell nothing below {noise:.3g}, as C is rounded"
        return (STALLED, lost) if noise > least else (CONVERGED, f"converged {after}")
    if stands:
        return STALLED, f"stalled {after}, and η ∇C is less than the rounding of w"
    if taken == limit:
        rises = sum(a < b for a, b in pairwise(costs))
        too_long = f"; the cost rose {counted(rises, 'time')}: η is too large to settle" if rises else ""
        return STEP_LIMIT, f"not there {after}, asked for {least:.3g}{too_long}"
    return None


def central_differences(f: Callable[[Array], Any]) -> Callable[[Array], Array]:
    """∂f/∂w_k ≈ (f(w + h e_k) − f(w − h e_k))/2h, with h = ∛u max(1, |w_k|), u being the rounding of w's dtype.

    Two calls of f for each entry of w.

    >>> central_differences(lambda w: w @ w)(np.array([1.0, -2.0])).round(6)
    array([ 2., -4.])
    """

    def gradient(w: Array) -> Array:
        found, steps = np.empty_like(w), _difference_steps(w)
        for k in np.ndindex(w.shape):
            above, below = w.copy(), w.copy()
            above[k] += steps[k]
            below[k] -= steps[k]
            found[k] = (_cost_at(f, above) - _cost_at(f, below)) / (above[k] - below[k])
        return found

    return gradient


def noise_of_differences(cost: float, w: Array) -> float:
    """The norm of what rounding C alone, by u |C|, does to central differences: u |C|/h in each entry."""
    u = float(np.finfo(w.dtype).eps) / 2
    return norm(u * cost / _difference_steps(w)) if math.isfinite(cost) else math.nan


def _difference_steps(w: Array) -> Array:
    steps: Array = np.cbrt(np.finfo(w.dtype).eps / 2) * np.maximum(1, np.abs(w))
    return steps


def _cost_at(f: Callable[[Array], Any], w: Array, *, first: bool = False) -> float:
    """f(w) as a number; away from the first point, NaN where w is outside of the domain of f."""
    value = _called("f", f, w, first=first)
    if value.shape != () or value.dtype.kind not in "fiu":
        raise InputError(f"f returned {value.tolist()!r}, expected one real number")
    return float(value)


def _gradient(grad: Callable[[Array], Any], w: Array, *, first: bool = False) -> Array:
    found = _called("grad", grad, w, first=first)
    if found.shape == () != w.shape and found.dtype.kind == "f" and not np.isfinite(found):
        return np.full_like(w, found)  # it has no value here
    if found.shape != w.shape or found.dtype.kind not in "fiu":
        raise InputError(
            f"grad returned {found.dtype} of shape {found.shape}, expected real numbers of shape {w.shape}"
        )
    with np.errstate(all="ignore"):
        return found.astype(w.dtype)


def _called(name: str, function: Callable[[Array], Any], w: Array, *, first: bool) -> Array:
    """The result of a user's function as an array: infinite or NaN where it raised an error of arithmetic."""
    try:
        with np.errstate(all="ignore"):
            found = function(w)
    except OverflowError:
        return np.array(math.inf)
    except InputError:
        raise
    except (ArithmeticError, ValueError) as error:
        if first:
            raise InputError(f"{name} raised {type(error).__name__} at the start: {error}") from error
        return np.array(math.nan)
    return _as_gradient(found)


def _as_gradient(found: Any) -> Array:
    """The result of a function as an array, of objects where it is none."""
    try:
        return np.asarray(found)
    except ValueError:  # lists of several lengths
        whole = np.empty((), object)
        whole[()] = found
        return whole
