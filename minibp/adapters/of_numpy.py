"""Layers in NumPy with a forward pass that keeps a cache, and a backward pass that takes it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from minibp.adapters.with_vjp import WithVjp
from minibp.arrays import InputError
from minibp.signatures import expect_arguments, name_of_code


def numpy_layer(forward: Callable[..., Any], backward: Callable[..., Any]) -> WithVjp:
    """The function and the vector-Jacobian product of a layer, for `minibp.check_vjp`.

    Parameters
    ----------
    forward : callable
        forward(*args) returns (out, cache).
    backward : callable
        backward(dout, cache) returns the gradients by the arguments: an array where there is one, a tuple or a list in
        their order, or a dict by their names, or by these with a d before them.

    Returns
    -------
    WithVjp
        f and vjp, which have the names of the two passes in reports. Each call of vjp makes a forward pass of its own,
        so that nothing is left over from one point to the next.

    Raises
    ------
    InputError
        Where backward cannot take two arguments, and from f and vjp where forward returns no pair, or a dict has other
        keys.

    Notes
    -----
    Results that are tuples or lists count as several arrays: `out` of forward may be one, `dout` is then another.

    Examples
    --------
    >>> import numpy as np
    >>> import minibp
    >>> def forward(x, w, b):
    ...     return x @ w + b, (x, w)
    >>> def backward(dout, cache):
    ...     x, w = cache
    ...     return dout @ w.T, x.T @ dout, dout.sum(axis=0)
    >>> rng = np.random.default_rng(0)
    >>> args = rng.standard_normal((4, 3)), rng.standard_normal((3, 2)), rng.standard_normal(2)
    >>> minibp.check_vjp(*minibp.adapters.numpy_layer(forward, backward), args, seed=1).verdict
    'correct'
    """
    expect_arguments("backward", backward, ("dout", "cache"))
    name = name_of_code(forward)

    def passed(*args: Any) -> tuple[Any, Any]:
        answer = forward(*args)
        if not isinstance(answer, tuple | list) or len(answer) != 2:
            got = f"{len(answer)} values" if isinstance(answer, tuple | list) else type(answer).__name__
            raise InputError(f"{name} returned {got}, expected (out, cache)")
        out, cache = answer
        return out, cache

    @wraps(forward)
    def f(*args: Any) -> Any:
        return passed(*args)[0]

    def vjp(*args: Any) -> Any:
        *point, dout = args
        gradients = backward(dout, passed(*point)[1])
        if isinstance(gradients, Mapping):
            gradients = _in_order(gradients, _parameters(forward, len(point)), name_of_code(backward))
        return tuple(gradients) if isinstance(gradients, list) and len(point) > 1 else gradients

    vjp.__name__ = vjp.__qualname__ = name_of_code(backward)
    return WithVjp(f, vjp)


def _parameters(forward: Callable[..., Any], count: int) -> list[str]:
    """The names of the first parameters; none where the code does not tell them."""
    try:
        return list(inspect.signature(forward).parameters)[:count]
    except (TypeError, ValueError):
        return []


def _in_order(gradients: Mapping[str, Any], parameters: list[str], name: str) -> Any:
    """The gradients of a dict in the order of the arguments, None where there is none."""
    known = {key.removeprefix("d") if key not in parameters else key: value for key, value in gradients.items()}
    if not set(known) <= set(parameters):
        names = ", ".join(parameters) or "a tuple in the order of the arguments"
        raise InputError(f"{name} returned a dict with {', '.join(map(repr, gradients))}, expected {names}")
    found = tuple(known.get(parameter) for parameter in parameters)
    return found if len(parameters) > 1 else found[0]
