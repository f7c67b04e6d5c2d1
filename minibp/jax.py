"""`check_grads` with the signature of JAX's: an import line changes, and the check is minibp's.

from minibp.jax import check_grads
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from typing import Any

import numpy as np

from minibp.adapters.drop_in import own_errors
from minibp.adapters.jax_functions import jax_function
from minibp.adapters.subject import needed
from minibp.arrays import InputError, checked_count
from minibp.check.grad.public import check_jvp, check_vjp
from minibp.check.report.report import GradientMismatch, Report
from minibp.extras import how_to_install
from minibp.signatures import name_of_code
from minibp.trees import leaves_of, with_leaves

MODES = ("fwd", "rev")


def check_grads(
    f: Callable[..., Any],
    args: Any,
    order: int,
    modes: Sequence[str] = MODES,
    atol: float | None = None,
    rtol: float | None = None,
    eps: float | None = None,
    *,
    seed: int = 0,
) -> None:
    """Check the derivatives that JAX takes of a function: `jax.test_util.check_grads`, decided as `check_vjp` does.

    Parameters
    ----------
    f : callable
        A function of arrays, or of trees of them.
    args : tuple
        Its arguments.
    order : int
        The order of derivatives that is checked up to.
    modes : sequence of str, optional
        "fwd", "rev", or both. Default both.
    atol, rtol, eps : float, optional
        Accepted, and not needed: steps and tolerances follow from the rounding that is seen.
    seed : int, optional
        Of minibp: chooses directions and steps. Default 0, so that a test is the same each time.

    Raises
    ------
    GradientMismatch
        Where a verdict is not "correct": an `AssertionError` that carries the report.
    ValueError
        For modes that are neither "fwd" nor "rev".

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> from minibp.jax import check_grads
    >>> check_grads(jnp.tanh, (jnp.array([0.5, -1.0]),), order=1)
    """
    __tracebackhide__ = True
    chosen = (modes,) if isinstance(modes, str) else tuple(modes)
    unknown = [mode for mode in chosen if mode not in MODES]
    if unknown or not chosen:
        raise ValueError(f"modes {f'has {unknown[0]!r}' if unknown else 'is empty'}, expected some of fwd, rev")
    needed("jax", "jax", how_to_install("jax"))
    point = args if isinstance(args, tuple) else tuple(args)
    if not point:
        raise InputError("args is empty, expected at least one array")
    count = checked_count("order", order)
    moved, point = _without_empty(f, point)
    with own_errors():
        if not _has_entries(moved, point):
            return
        for report in _reports(moved, point, count, chosen, seed):
            if report.verdict != "correct":
                raise GradientMismatch(report)


def _without_empty(f: Callable[..., Any], args: tuple[Any, ...]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """The function of the arguments without the arrays that have no entries, in whose places there is None."""
    leaves = list(leaves_of(args))
    is_empty = [getattr(leaf, "size", 1) == 0 for leaf in leaves]
    if not any(is_empty):
        return f, args

    @wraps(f)
    def filled(*others: Any) -> Any:
        rest = zip(leaves, leaves_of(others), is_empty, strict=True)
        return f(*with_leaves(args, [leaf if empty else other for leaf, other, empty in rest]))

    return filled, with_leaves(args, [None if empty else leaf for leaf, empty in zip(leaves, is_empty, strict=True)])


def _has_entries(f: Callable[..., Any], args: tuple[Any, ...]) -> bool:
    """Whether there is a number to differentiate, and one to differentiate by."""
    jax = needed("jax", "jax", how_to_install("jax"))
    if args and all(leaf is None for leaf in leaves_of(args)):
        return False
    return any(getattr(leaf, "size", 1) for leaf in jax.tree_util.tree_leaves(f(*args)))


def _reports(
    f: Callable[..., Any], args: tuple[Any, ...], order: int, modes: tuple[str, ...], seed: int
) -> Iterator[Report]:
    """The reports of each mode, and then of the derivatives of what it computes."""
    jax = needed("jax", "jax", how_to_install("jax"))
    made = jax_function(f)
    point = args if len(args) > 1 else args[0]
    if "fwd" in modes:
        yield check_jvp(made.f, made.jvp, point, seed=seed, raise_on_mismatch=False)
    if "rev" in modes:
        yield check_vjp(made.f, made.vjp, point, seed=seed, raise_on_mismatch=False)
    if order == 1:
        return
    name = name_of_code(f)

    def tangents(*x: Any) -> Any:
        return jax.jvp(f, x, _drawn(x, seed))[1]

    def gradients(*x: Any) -> Any:
        result, back = jax.vjp(f, *x)
        return _inexact(back(_drawn(result, seed)))

    for mode, derivative in (("fwd", tangents), ("rev", gradients)):
        if mode in modes:
            derivative.__name__ = f"the {'tangent' if mode == 'fwd' else 'gradient'} of {name}"
            yield from _reports(derivative, args, order - 1, modes, seed)


def _drawn(like: Any, seed: int) -> Any:
    """Tangents, or cotangents, of the size of 1, that are the same at each point.

    Those that depend on the point hide what cancels: d log x, for a tangent of x, is constant.
    """
    jax = needed("jax", "jax", how_to_install("jax"))
    rng = np.random.default_rng(seed)

    def one(leaf: Any) -> Any:
        array = jax.numpy.asarray(leaf)
        if not jax.numpy.issubdtype(array.dtype, jax.numpy.inexact):
            return np.zeros(array.shape, jax.dtypes.float0)
        size, sign = rng.uniform(1, 2, array.shape), rng.choice([-1.0, 1.0], array.shape)
        if jax.numpy.issubdtype(array.dtype, jax.numpy.complexfloating):
            size = size + 1j * rng.uniform(-1, 1, array.shape)
        return jax.numpy.asarray(sign * size, array.dtype)

    return jax.tree_util.tree_map(one, like)


def _inexact(parts: Any) -> Any:
    """The gradients without those by integers, which have a dtype of their own."""
    jax = needed("jax", "jax", how_to_install("jax"))
    return jax.tree_util.tree_map(lambda part: None if part.dtype == jax.dtypes.float0 else part, parts)
