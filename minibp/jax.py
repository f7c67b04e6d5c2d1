"""`check_grads` with the signature of JAX's: an import line changes, and the check is minibp's.

from minibp.jax import check_grads
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from minibp.adapters.jax_functions import jax_function
from minibp.adapters.subject import needed
from minibp.arrays import checked_count
from minibp.check.grad.public import check_jvp, check_vjp
from minibp.check.report.report import GradientMismatch, Report
from minibp.extras import how_to_install
from minibp.signatures import name_of_code

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
    for report in _reports(f, point, checked_count("order", order), chosen, seed):
        if report.verdict != "correct":
            raise GradientMismatch(report)


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
        return jax.jvp(f, x, x)[1]

    def gradients(*x: Any) -> Any:
        result, back = jax.vjp(f, *x)
        return back(result)

    for mode, derivative in (("fwd", tangents), ("rev", gradients)):
        if mode in modes:
            derivative.__name__ = f"the {'tangent' if mode == 'fwd' else 'gradient'} of {name}"
            yield from _reports(derivative, args, order - 1, modes, seed)
