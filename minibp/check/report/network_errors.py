"""The errors of a network's gradient, tensor by tensor, beside what the oracles give."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from minibp.check.layout import gradient_layout, row_of_gradient
from minibp.check.oracles import complex_step, finite_difference
from minibp.check.oracles.estimate import Estimate, OracleUnavailable
from minibp.check.oracles.jax_autodiff import oracle as jax_oracle
from minibp.check.problem_stack import stack_of_one
from minibp.check.report.tensor_errors import TensorErrors, sharpest
from minibp.check.rounding.arithmetic import Arithmetic
from minibp.check.rounding.whole_pass import bound
from minibp.network import Gradient
from minibp.problem import Problem


def network_errors(problem: Problem, gradient: Gradient, fp: Arithmetic) -> tuple[TensorErrors, ...]:
    """Every entry of a gradient beside the oracle that knows it best.

    Parameters
    ----------
    problem : Problem
        Where the gradient was computed.
    gradient : Gradient
        The gradient, shaped as the parameters are.
    fp : Arithmetic
        The floating-point model of the code that computed it.

    Returns
    -------
    tuple of TensorErrors
        ∂C/∂b and ∂C/∂W of each layer, from the output down; none where no oracle could be asked.
    """
    exact = problem.astype("float64")
    with np.errstate(all="ignore"):  # what overflows is known by its radius or its bound
        estimates = list(_estimates(exact))
        if not estimates:
            return ()
        limits = row_of_gradient(bound(exact, fp).gradient)
        expected, radius = sharpest([(row_of_gradient(one.gradient), row_of_gradient(one.radius)) for one in estimates])
        tolerance = limits + radius
    got = row_of_gradient(gradient)
    rows = (got, expected, tolerance)
    return tuple(
        TensorErrors(one.tensor, one.layer, *(row[one.start : one.stop].reshape(one.shape) for row in rows))
        for one in gradient_layout(problem)
    )


def _estimates(problem: Problem) -> Iterable[Estimate]:
    """Those of the oracles that can treat the problem, and of JAX where its program need not be compiled for it."""
    oracles: list[Callable[[Problem], Estimate]] = [complex_step.estimate, finite_difference.estimate]
    if jax_oracle.fits_padding(stack_of_one(problem)):
        oracles.insert(0, jax_oracle.estimate)
    for estimate in oracles:
        try:
            yield estimate(problem)
        except OracleUnavailable:
            continue
