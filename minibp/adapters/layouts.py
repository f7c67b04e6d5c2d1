"""Code that lays out its data in another way: one example, examples as columns, one parameter vector."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from minibp.adapters.answers import cost_apart, each, numbers_in_containers, with_vectors
from minibp.adapters.subject import (
    Alternative,
    Arrays,
    Subject,
    around,
    checked_counts,
    expect_sizes,
    sizes_of,
)
from minibp.arrays import Array, InputError
from minibp.signatures import expect_arguments, name_of_code


def per_example(f: Callable[..., Any]) -> Subject:
    """A subject of code that takes one example.

    Parameters
    ----------
    f : callable
        f(weights, biases, x, y) with x of shape (n_1,) and y (n_L,) returns (nabla_w, nabla_b), or the same in another
        order, in a dict, or after the cost.

    Returns
    -------
    Subject
        Sums what f returns in the order of the rows and divides by m: equation (6). So is a cost.

    Raises
    ------
    InputError
        Where f cannot take these arguments. The subject raises it where two examples give arrays of different shapes.

    Notes
    -----
    A term that does not depend on the example comes out as f put it in, so that L2 in f has to be (α/m) W; where f does
    not know m, leave it out.

    Examples
    --------
    >>> import numpy as np
    >>> from minibp import adapters
    >>> subject = adapters.per_example(lambda weights, biases, x, y: ([np.outer(y, x)], [y]))
    >>> subject([np.ones((1, 2))], [np.ones(1)], np.ones((2, 2)), np.array([[1.0], [3.0]]))
    ([array([[2., 2.]])], [array([2.])])
    """
    expect_arguments("f", f, ("weights", "biases", "x", "y"))
    return around(f, partial(_call_per_example, f))


def _call_per_example(f: Callable[..., Any], weights: Arrays, biases: Arrays, x: Array, y: Array) -> Any:
    total: Any = None
    for row, target in zip(x, y, strict=True):
        answer = f(weights, biases, row, target)
        numbers = numbers_in_containers(answer)
        if numbers is None:
            return answer
        total = each(np.zeros_like, numbers) if total is None else total
        before, shapes = each(np.shape, total), each(np.shape, numbers)
        if shapes != before:
            raise InputError(f"gives one example arrays of shapes {before} and another {shapes}")
        # Added up at once: f may write its next answer into the same buffers.
        total = each(np.add, total, numbers)
    return each(lambda array: array / len(x), total)


def columns(f: Callable[..., Any]) -> Subject:
    """A subject of code with examples as columns.

    Parameters
    ----------
    f : callable
        f(weights, biases, x, y) with x of shape (n_1, m), y (n_L, m) and biases (n_l, 1) returns (nabla_w, nabla_b),
        the mean over examples taken; or the same in a dict, or after the cost. Its ∂C/∂b of shape
        (n_l, 1) come back as (n_l,); any other is left as it is.

    Returns
    -------
    Subject
        Calls f with views of its arguments. `per_example(columns(f))` is for code that takes one column a call.

    Raises
    ------
    InputError
        Where f cannot take these arguments.

    Examples
    --------
    >>> import numpy as np
    >>> from minibp import adapters
    >>> subject = adapters.columns(lambda weights, biases, x, y: ([y @ x.T], [y.sum(axis=1, keepdims=True)]))
    >>> subject([np.ones((1, 2))], [np.ones(1)], np.ones((2, 2)), np.array([[1.0], [3.0]]))
    ([array([[4., 4.]])], [array([4.])])
    """
    expect_arguments("f", f, ("weights", "biases", "x", "y"))
    return around(f, partial(_call_columns, f))


def _call_columns(f: Callable[..., Any], weights: Arrays, biases: Arrays, x: Array, y: Array) -> Any:
    # Views, not copies: what f changes in place is then changed in what the subject was given, where a check looks.
    given = [one[:, None] if x.ndim == 1 and one.ndim else one.T for one in (x, y)]  # one example is one column
    return with_vectors(f(weights, [b[:, None] for b in biases], *given))


def flat(
    f: Callable[..., Any], sizes: Sequence[int] | None = None, order: str = "layers", matrix_order: str = "C"
) -> Subject:
    """A subject of code with one parameter vector theta.

    Parameters
    ----------
    f : callable
        f(theta, x, y), or f(theta, x, y, sizes) where `sizes` is None, returns ∂C/∂theta, a vector of theta's length;
        or the cost and that vector; x is (m, n_1) and y (m, n_L).
    sizes : sequence of int, optional
        n_1, …, n_L of the one network that f is for. Default None: any, which f is told.
    order : {"layers", "weights_first", "bias_column"}, optional
        theta is W², b², W³, b³, …; or all W and then all b; or [b² W²], [b³ W³], …, matrices (n_l, 1 + n_{l-1}) with
        the biases as their first column. Default "layers".
    matrix_order : {"C", "F"}, optional
        Matrices row by row, or column by column as Octave's `(:)` has them. Default "C".

    Returns
    -------
    Subject
        Packs theta, calls f, and unpacks the gradient.

    Raises
    ------
    InputError
        For arguments that cannot be used. The subject raises it for a gradient of any other shape and for a network of
        other sizes.

    Examples
    --------
    >>> import numpy as np
    >>> from minibp import adapters
    >>> subject = adapters.flat(lambda theta, x, y: 2 * theta, sizes=(2, 1))
    >>> subject([np.array([[1.0, 2.0]])], [np.array([3.0])], np.ones((1, 2)), np.ones((1, 1)))
    ([array([[2., 4.]])], [array([6.])])
    """
    if order not in ORDERS:
        raise InputError(f"order is {order!r}, expected {' or '.join(map(repr, ORDERS))}")
    if matrix_order not in MATRIX_ORDERS:
        raise InputError(f"matrix_order is {matrix_order!r}, expected 'C' or 'F'")
    fixed = None if sizes is None else checked_counts("sizes", sizes)
    expect_arguments("f", f, ("theta", "x", "y") if fixed else ("theta", "x", "y", "sizes"))
    name, of_sizes = name_of_code(f), (fixed,) if fixed else None
    others = tuple(
        Alternative(
            f"correct for θ in another order, {ORDERS[one]}{MATRIX_ORDERS[other]}: "
            f'pass order="{one}", matrix_order="{other}"',
            Subject(partial(_call_flat, f, (fixed, one, other)), name, of_sizes),
        )
        for one in ORDERS
        for other in MATRIX_ORDERS
        if (one, other) != (order, matrix_order)
    )
    return Subject(partial(_call_flat, f, (fixed, order, matrix_order)), name, of_sizes, alternatives=others)


ORDERS = {
    "layers": "W², b², W³, b³, …",
    "weights_first": "weights first",
    "bias_column": "layer by layer with the bias column inside",
}
"""The orders of θ, in words."""
MATRIX_ORDERS = {"C": "", "F": ", matrices column by column"}


def _matrices(weights: Arrays, biases: Arrays, order: str) -> list[Array]:
    """The arrays that θ holds one after the other; in the last order, one matrix a layer."""
    if order == "weights_first":
        return [*weights, *biases]
    layers = zip(weights, biases, strict=True)
    if order == "layers":
        return [part for layer in layers for part in layer]
    return [np.concatenate([b[:, None], w], axis=1) for w, b in layers]


def _kinds(parts: list[Array], order: str) -> tuple[list[Array], list[Array]]:
    """The weights and the biases among them."""
    if order == "bias_column":
        return [part[:, 1:] for part in parts], [part[:, 0] for part in parts]
    return [part for part in parts if part.ndim > 1], [part for part in parts if part.ndim == 1]


def _call_flat(f: Callable[..., Any], how: tuple[Any, ...], weights: Arrays, biases: Arrays, x: Array, y: Array) -> Any:
    fixed, order, matrix_order = how
    sizes = sizes_of(weights)
    expect_sizes(fixed or sizes, sizes)
    parts = _matrices(weights, biases, order)
    cuts = np.cumsum([part.size for part in parts])[:-1]

    def split(vector: Array) -> tuple[list[Array], list[Array]]:
        pieces = zip(np.split(vector, cuts), parts, strict=True)
        return _kinds([piece.reshape(part.shape, order=matrix_order) for piece, part in pieces], order)

    theta = np.concatenate([part.ravel(matrix_order) for part in parts])
    before = theta.copy()
    cost, vector = cost_apart(f(theta, x, y) if fixed else f(theta, x, y, sizes))
    answer = np.asarray(vector)
    if not np.array_equal(theta, before):
        # What f did to theta it did to the parameters; a check looks there for what was changed in place.
        for kind, changed in zip((weights, biases), split(theta), strict=True):
            for part, new in zip(kind, changed, strict=True):
                part[...] = new
    if answer.shape != theta.shape:
        raise InputError(f"returned shape {answer.shape}, expected {theta.shape}: one entry for each of theta")
    return (*cost, *split(answer))
