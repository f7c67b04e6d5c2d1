"""JAX autodiff without padding: a program for each shape and choice of functions, those of the user's too."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from minibp.activations import ACTIVATIONS, Activation, is_of_package
from minibp.arrays import Array
from minibp.check.oracles.estimate import Estimate, OracleUnavailable, oracle_arithmetic
from minibp.check.oracles.jax_autodiff.compilation_cache import LOCK, Compiled, compiled
from minibp.check.oracles.jax_autodiff.functions import COST_TERMS, ELEMENTWISE, cost_term, softmax
from minibp.check.oracles.jax_autodiff.further_functions import further_function
from minibp.check.oracles.jax_autodiff.numpy_code import in_jax
from minibp.check.oracles.jax_autodiff.results import Results, estimate_of, signs
from minibp.check.problem_stack import Stack
from minibp.check.rounding.whole_pass import bounds
from minibp.costs import COSTS, Cost

KEPT = 64
"""Programs that are kept: each takes some hundred of the areas of memory that a process may have."""
_PROGRAMS: dict[Any, Compiled] = {}


def estimate(stack: Stack) -> Estimate:
    """The gradient of a stack of one problem, of any size.

    Raises `OracleUnavailable` where JAX cannot trace a function of the user's.
    """
    direction = signs(stack)
    probes = tuple(np.zeros((stack.m, n)) for n in stack.sizes[1:])
    parameters = (*map(_first, (stack.weights, stack.biases)), probes)
    along = (*map(_first, direction), probes)
    arguments = parameters, along, stack.x[0], stack.y[0], float(stack.alpha[0])
    with LOCK, jax.enable_x64(True):
        try:
            program = _program(stack, arguments)
        except (TypeError, AttributeError, IndexError, ValueError, NotImplementedError) as error:
            raise OracleUnavailable(
                f"JAX cannot trace this problem's functions: {str(error).splitlines()[0]}"
            ) from None
        results, *beside = (jax.device_get(program(*one)) for one in (arguments, *_beside(stack, arguments)))
    found, *others = (_stacked(one) for one in (results, *beside))
    return estimate_of(stack, direction, found, others)


def _beside(stack: Stack, arguments: Any) -> list[Any]:
    """The arguments for two points within the error of all z, where there are functions of the user's.

    Where |z| and max(z, 0) meet their kinks JAX takes slopes that are no derivative of a smooth function made of them.
    """
    if all(map(is_of_package, stack.activations)) and COSTS.get(stack.cost.name) is stack.cost:
        return []
    (weights, biases, _), *others = arguments
    rng = np.random.default_rng(0)
    errors = [np.nan_to_num(error[0], posinf=0.0) for error in bounds(stack, oracle_arithmetic()).z]
    way = [rng.choice([-1.0, 1.0], error.shape) * (error + oracle_arithmetic().tiny) for error in errors]
    return [((weights, biases, tuple(side * one for one in way)), *others) for side in (1.0, -1.0)]


def _stacked(results: Results) -> Results:
    """The results of a stack of one."""
    stacked: Results = jax.tree.map(lambda array: np.asarray(array)[None], results)
    return stacked


def _first(arrays: tuple[Array, ...]) -> tuple[Array, ...]:
    """Those of the only problem of a stack."""
    return tuple(array[0] for array in arrays)


def _program(stack: Stack, arguments: Any) -> Compiled:
    """`plain_cost` with its gradient and one slope, compiled once for each shape and choice of functions."""
    activations, cost = stack.activations, stack.cost
    key = (stack.sizes, activations, cost, stack.m)
    if key not in _PROGRAMS:

        def differentiated(parameters: Any, along: Any, *given: Any) -> Results:
            cost_of = partial(plain_cost, activations, cost, given=given)
            (value, (z, a)), (nabla_w, nabla_b, at_probes) = jax.value_and_grad(cost_of, has_aux=True)(parameters)
            _, slope = jax.jvp(lambda p: cost_of(p)[0], (parameters,), (along,))
            return Results(value, z, a[:-1], a[-1], nabla_w, nabla_b, at_probes, slope)

        while len(_PROGRAMS) >= KEPT:
            del _PROGRAMS[next(iter(_PROGRAMS))]
        _PROGRAMS[key] = compiled(differentiated, *arguments)
    return _PROGRAMS[key]


def plain_cost(activations: tuple[Activation, ...], cost: Cost, parameters: Any, *, given: Any) -> tuple[Any, Any]:
    """C of one network as it is, with z and a of all layers, from (weights, biases, probes) and (x, y, α)."""
    weights, biases, probes = parameters
    a, y, alpha = given
    here = jnp.ones(y.shape, bool)
    m = y.shape[0]
    zs, outputs = [], []
    for w, b, probe, activation in zip(weights, biases, probes, activations, strict=True):
        z = a @ w.T + b + probe
        a = _traced_value(activation, z, here)
        zs.append(z)
        outputs.append(a)
    term = cost_term(cost, activations[-1])
    values = in_jax(cost.value)(a, y) if term is None else COST_TERMS[term](z, a, y, here)
    return jnp.sum(values) / m + alpha / (2 * m) * sum(jnp.sum(w * w) for w in weights), (tuple(zs), tuple(outputs))


def _traced_value(activation: Activation, z: Any, here: Any) -> Any:
    if not is_of_package(activation):
        return in_jax(activation.value)(z)
    if activation.name not in ACTIVATIONS:
        return further_function(activation)(z)
    return softmax(z, here) if activation.name == "softmax" else ELEMENTWISE[activation.name](z)
