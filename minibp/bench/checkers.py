"""One full check of one network's hand-written gradient, by this package's oracles and by other people's checkers.

The subject is `batched.backprop`, right as it is: a checker that objects is not timed. What each finds out differs:
the oracles tell every entry to within its radius; `torch.autograd.gradcheck` and `scipy.optimize.check_grad` compare
every entry with finite differences; `autograd.test_util.check_grads` looks along one random direction.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from itertools import chain
from typing import Any

import numpy as np

from minibp import batched
from minibp.arrays import Array
from minibp.bench.forms import Prepared
from minibp.bench.peers import library
from minibp.check.oracles import complex_step as complex_step_oracle
from minibp.check.oracles import finite_difference as finite_difference_oracle
from minibp.check.oracles.estimate import Estimate
from minibp.check.rounding.arithmetic import arithmetic_of
from minibp.check.rounding.whole_pass import bound
from minibp.check.tolerance import error_ratio
from minibp.network import Network
from minibp.problem import Problem

Arrays = list[Array]
ENOUGH = 1e-5
"""Of the gradient's norm: what SciPy's forward differences may be off by."""


def complex_step(problem: Problem) -> Prepared:
    """The complex step oracle."""
    return _oracles(problem, complex_step_oracle.estimate)


def finite_difference(problem: Problem) -> Prepared:
    """Central differences of every entry."""
    return _oracles(problem, finite_difference_oracle.estimate)


def jax(problem: Problem) -> Prepared:
    """The JAX oracle, compiled beforehand."""
    from minibp.check.oracles.jax_autodiff import oracle as jax_oracle

    return _oracles(problem, jax_oracle.estimate)


def all_oracles(problem: Problem) -> Prepared:
    """All three, one after the other."""
    from minibp.check.oracles.jax_autodiff import oracle as jax_oracle

    return _oracles(problem, jax_oracle.estimate, complex_step_oracle.estimate, finite_difference_oracle.estimate)


def _oracles(problem: Problem, *estimates: Callable[[Problem], Estimate]) -> Prepared:
    """Oracles, asked anew each time: what is kept with a problem from one oracle to the next is computed again."""
    form = partial(batched.backprop, problem.network, problem.cost, problem.x, problem.y, problem.l2)

    def call() -> list[Estimate]:
        anew = Problem(problem.network, problem.cost, problem.x, problem.y, problem.l2)
        form()
        return [estimate(anew) for estimate in estimates]

    def error(found: list[Estimate]) -> float:
        ours, limit = form().gradient, bound(problem, arithmetic_of(problem.dtype)).gradient
        worst = 0.0
        for one in found:
            for right, got, room, radius in zip(
                *(chain(*kind) for kind in (ours, one.gradient, limit, one.radius)), strict=True
            ):
                worst = max(worst, float(error_ratio(right, got, room, radius).max()))
        return worst

    return Prepared(call, error)


def torch_gradcheck(problem: Problem) -> Prepared:
    """`torch.autograd.gradcheck` at its defaults, of a Function: the cost by PyTorch, its backward the subject."""
    torch = library("torch")

    _, gradient, parameters = _functions(problem)
    depth = len(problem.network.weights)
    x, y = torch.tensor(problem.x), torch.tensor(problem.y)
    cross_entropy = torch.nn.functional.binary_cross_entropy_with_logits

    class Cost(torch.autograd.Function):  # type: ignore[name-defined, misc] # it has no types here
        @staticmethod
        def forward(ctx: Any, *given: Any) -> Any:
            ctx.save_for_backward(*given)
            a = x
            for w, b in zip(given[: depth - 1], given[depth:-1], strict=True):
                a = torch.sigmoid(torch.nn.functional.linear(a, w, b))
            z = torch.nn.functional.linear(a, given[depth - 1], given[-1])
            return cross_entropy(z, y, reduction="sum") / len(x)

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> Any:
            found = gradient(*(one.numpy() for one in ctx.saved_tensors))
            return tuple(grads[0] * torch.from_numpy(one) for one in found)

    given = tuple(torch.tensor(one, requires_grad=True) for one in parameters)
    return Prepared(lambda: torch.autograd.gradcheck(Cost.apply, given, raise_exception=False), _accepted)


def scipy_check_grad(problem: Problem) -> Prepared:
    """`scipy.optimize.check_grad` at its defaults, on all parameters in one vector; it answers with an error."""
    check_grad = library("scipy.optimize").check_grad

    cost, gradient, parameters = _functions(problem)
    cuts = np.cumsum([one.size for one in parameters])[:-1]

    def parts(theta: Array) -> Arrays:
        shaped = zip(np.split(theta, cuts), parameters, strict=True)
        return [part.reshape(like.shape) for part, like in shaped]

    def flat(arrays: Arrays) -> Array:
        return np.concatenate([one.ravel() for one in arrays])

    theta = flat(parameters)
    norm = float(np.linalg.norm(flat(gradient(*parameters))))
    call = partial(check_grad, lambda one: cost(*parts(one)), lambda one: flat(gradient(*parts(one))), theta)
    return Prepared(call, lambda found: float(found) / (ENOUGH * norm))


def autograd_check_grads(problem: Problem) -> Prepared:
    """`autograd.test_util.check_grads`, reverse mode and first order, of a primitive whose vjp is the subject."""
    extend, check_grads = library("autograd.extend"), library("autograd.test_util").check_grads

    cost, gradient, parameters = _functions(problem)
    function = extend.primitive(lambda flat: cost(*flat))
    extend.defvjp(function, lambda _, flat: lambda g: [g * one for one in gradient(*flat)])

    def call() -> bool:
        np.random.seed(0)  # noqa: NPY002 (where autograd takes its direction from)
        check_grads(function, modes=["rev"], order=1)(list(parameters))
        return True

    return Prepared(call, _accepted)


def _accepted(verdict: Any) -> float:
    """A checker that says yes or no, in the terms of those that say how far off."""
    return 0.0 if verdict else math.inf


def _functions(problem: Problem) -> tuple[Callable[..., float], Callable[..., Arrays], Arrays]:
    """The cost and the subject as functions of all parameters, W^2, …, W^L, b^2, …, b^L, and these."""
    network, depth = problem.network, len(problem.network.weights)

    def cost(*parameters: Array) -> float:
        """C of (25) by NumPy, without a gradient."""
        a = problem.x
        for w, b, activation in zip(parameters, parameters[depth:], network.activations, strict=False):
            z = a @ w.T + b
            a = activation.value(z)
        return float(problem.cost.value_at(z, a, problem.y, network.activations[-1]).sum()) / problem.m

    def gradient(*parameters: Array) -> Arrays:
        given = Network(parameters[:depth], parameters[depth:], network.activations)
        found = batched.backprop(given, problem.cost, problem.x, problem.y).gradient
        return [np.array(one) for one in chain(*found)]

    return cost, gradient, [np.array(one) for one in (*network.weights, *network.biases)]
