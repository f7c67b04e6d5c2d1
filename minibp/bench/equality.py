"""The comparison of a gradient with the one that the batched form gives: nothing is timed before that is known."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import chain

from minibp import batched
from minibp.arrays import Array
from minibp.check.rounding.arithmetic import LIBRARY_ERROR, arithmetic_of
from minibp.check.rounding.whole_pass import bound
from minibp.check.tolerance import error_ratio
from minibp.network import Gradient
from minibp.problem import Problem

PEER_ERROR = 16.0
"""Relative error of one function of a peer's library, in units of u: XLA's are worse than NumPy's."""


def distance(problem: Problem, gradient: Gradient, library_error: float = LIBRARY_ERROR) -> float:
    """The worst entry's distance from `batched.backprop`, over what the rounding of both can explain.

    At most 1 for the same gradient, of any size of network; infinity where a shape, a dtype or a finite entry is
    missing. The bounds are those of `minibp.check.rounding.bound`; `library_error` is of the functions that whoever
    computed `gradient` used, in units of u.

    >>> import numpy as np
    >>> from minibp import Network
    >>> problem = Problem(Network([[[2.0]]], [[1.0]], "identity"), "quadratic", [[3.0]], [[5.0]])
    >>> distance(problem, Gradient((np.array([[6.0]]),), (np.array([2.0]),)))
    0.0
    >>> distance(problem, Gradient((np.array([[6.0]]),), (np.array([2.1]),))) > 1e6
    True
    """
    ours = batched.backprop(problem.network, problem.cost, problem.x, problem.y, problem.l2).gradient
    mine = bound(problem, arithmetic_of(problem.dtype)).gradient
    theirs = bound(problem, arithmetic_of(problem.dtype, library_error)).gradient
    if len(gradient.nabla_w) != len(ours.nabla_w) or len(gradient.nabla_b) != len(ours.nabla_b):
        return math.inf
    worst = 0.0
    for right, got, *limits in zip(
        _arrays_of(ours), _arrays_of(gradient), _arrays_of(mine), _arrays_of(theirs), strict=True
    ):
        if got.shape != right.shape or got.dtype != right.dtype:
            return math.inf
        worst = max(worst, float(error_ratio(got, right, *limits).max()))
    return worst


def _arrays_of(gradient: Gradient) -> Iterable[Array]:
    return chain(gradient.nabla_w, gradient.nabla_b)
