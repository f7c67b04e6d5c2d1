"""Code that applies its gradient at once, and returns parameters in place of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from minibp.adapters.subject import Arrays, Subject, around, kinds_of
from minibp.arrays import Array
from minibp.inputs import checked_rate
from minibp.signatures import expect_arguments


def update(f: Callable[..., Any], *, rate: float | None = None) -> Subject:
    """A subject of code that takes a step of gradient descent.

    Parameters
    ----------
    f : callable
        f(weights, biases, x, y) returns (new_weights, new_biases), w' = w − η ∂C/∂w; or returns None, and has written
        them into the arrays that it got.
    rate : float, optional
        η, the learning rate of f, above 0. Default None: a check fits it, and then cannot tell a factor of the whole
        gradient from η; called by itself, the subject gives w − w'.

    Returns
    -------
    Subject
        Gives (w − w')/η. A check grants it the rounding of w', which is u|w|/η in the gradient, as well: with small
        rates less of the gradient is left to check.

    Raises
    ------
    InputError
        Where f cannot take these arguments, or for a rate that is not above 0.

    Notes
    -----
    `per_example(update(f, rate=η))` is for code that takes a step for one example.

    Source: equations (3), (5) and (7).

    Examples
    --------
    >>> import numpy as np
    >>> from minibp import adapters
    >>> def step(weights, biases, x, y):
    ...     return [w - 0.5 * y.T @ x for w in weights], [b - 0.5 * y.sum(axis=0) for b in biases]
    >>> subject = adapters.update(step, rate=0.5)
    >>> subject([np.ones((1, 2))], [np.ones(1)], np.ones((2, 2)), np.array([[1.0], [3.0]]))
    ([array([[4., 4.]])], [array([4.])])
    """
    expect_arguments("f", f, ("weights", "biases", "x", "y"))
    if rate is None:
        return replace(around(f, partial(_call_update, f, 1.0), 1.0), has_unknown_rate=True)
    eta = checked_rate("rate", rate)
    return around(f, partial(_call_update, f, eta), eta)


def _call_update(f: Callable[..., Any], rate: float, weights: Arrays, biases: Arrays, x: Array, y: Array) -> Any:
    new_weights, new_biases = ([np.array(one) for one in kind] for kind in (weights, biases))
    answer = f(new_weights, new_biases, x, y)
    kinds = (new_weights, new_biases) if answer is None else kinds_of(answer)
    if kinds is None or [len(kind) for kind in kinds] != [len(weights), len(biases)]:
        return answer
    return tuple(
        [derivative(one, new, rate) for one, new in zip(kind, after, strict=True)]
        for kind, after in zip((weights, biases), kinds, strict=True)
    )


def derivative(before: Array, after: Array, rate: float) -> Array:
    """∂C/∂w of a step; a result of another shape as it is, for the check to see."""
    if np.shape(after) != before.shape:
        return after
    step = before - after
    return (step / np.float64(rate)).astype(step.dtype)  # a rate may be too large or too small for float32
