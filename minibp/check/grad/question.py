"""A question about the derivatives of any function, without the point: the claim, and how it may be checked."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

import numpy as np

from minibp.arrays import InputError, checked_count
from minibp.check.grad.arguments import Arguments
from minibp.check.grad.engine import CALLS
from minibp.check.grad.low_precision import checked_arithmetic, rounded_to

ORACLES = ("jax", "complex_step", "finite_difference")


class Question(NamedTuple):
    """A claim about a function, without the point: `kind` is "grad", "vjp", "jvp", "jacobian", "hessian" or "hvp"."""

    kind: str
    f: Callable[..., Any]
    claim: Any
    oracles: tuple[str, ...]
    calls: int
    accuracy: float
    wrt: tuple[str | int, ...] | None
    """Names or positions of the arguments to check; None: all."""
    arithmetic: str | None = None
    """What the claim computes in, where it is coarser than its dtypes."""


def question_of(
    kind: str,
    f: Any,
    claim: Any,
    oracles: Any = ORACLES,
    calls: Any = CALLS,
    accuracy: Any = None,
    wrt: Any = None,
    arithmetic: Any = None,
) -> Question:
    """What is asked, checked; `InputError` where a keyword cannot be used."""
    try:
        names = (oracles,) if isinstance(oracles, str) else tuple(oracles)
    except TypeError:
        raise InputError(f"oracles is {oracles!r}, expected some of {', '.join(ORACLES)}") from None
    for name in names:
        if name not in ORACLES:
            raise InputError(f"oracles has {name!r}, expected some of {', '.join(ORACLES)}")
    if not names:
        raise InputError(f"oracles is empty, expected some of {', '.join(ORACLES)}")
    known = 0.0
    if accuracy is not None:
        a_number = isinstance(accuracy, int | float | np.floating | np.integer) and not isinstance(accuracy, bool)
        known = _as_float(accuracy) if a_number else np.nan
        if not (np.isfinite(known) and known > 0):
            raise InputError(f"accuracy is {accuracy!r}, expected a number above 0, what f is good for")
    try:
        chosen = None if wrt is None else (wrt,) if isinstance(wrt, str | int) else tuple(wrt)
    except TypeError:
        raise InputError(f"wrt is {wrt!r}, expected names or positions of arguments") from None
    count = checked_count("calls", calls, least=1)
    return Question(kind, f, claim, names, count, known, chosen, checked_arithmetic(arithmetic))


def _as_float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:  # of an integer
        return np.inf


@contextmanager
def quietly(oracles: tuple[str, ...]) -> Iterator[None]:
    """Without warnings of what overflows, and with JAX, where it is at hand, in double precision on the CPU."""
    with ExitStack() as stack:
        stack.enter_context(np.errstate(all="ignore"))
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        jax: Any = None
        if "jax" in oracles or "jax" in sys.modules:
            try:
                import jax
            except ImportError:
                jax = None
        if jax is not None:
            # What JAX cannot trace raises; to shorten the traceback, which nobody sees, would take milliseconds.
            stack.callback(jax.config.update, "jax_traceback_filtering", jax.config.jax_traceback_filtering)
            jax.config.update("jax_traceback_filtering", "off")
            stack.enter_context(jax.enable_x64(True))
            stack.enter_context(jax.default_device(jax.devices("cpu")[0]))
        yield


def arguments_of(question: Question, x: Any) -> Arguments:
    """The arguments at a point, which is rounded to the arithmetic of the claim; `InputError` where it is of no use."""
    if question.arithmetic is not None:
        x = rounded_to(x, question.arithmetic)
    if not callable(question.f):
        raise InputError(f"f is a {type(question.f).__name__}, expected a function")
    arguments = Arguments(question.f, x, named=question.kind != "grad", wrt=question.wrt)
    whole = _integers_with_gradients(question, arguments)
    if not whole:
        return arguments
    return Arguments(question.f, x, named=question.kind != "grad", whole=whole, wrt=question.wrt)


def _integers_with_gradients(question: Question, arguments: Arguments) -> frozenset[str]:
    """The arguments of integers, passed on beside others, that a gradient is claimed by all the same."""
    whole = {
        i for i, value in enumerate(arguments.values)
        if not isinstance(value, bool) and getattr(np.asarray(value), "dtype", np.dtype("O")).kind in "iu"
    } if arguments.several and question.kind == "grad" else set()  # fmt: skip
    if not whole:
        return frozenset()
    try:
        parts = question.claim(*arguments.at(arguments.flat)) if callable(question.claim) else question.claim
        if len(parts) != len(arguments.values):
            return frozenset()
        claimed = {i: np.asarray(parts[i]) for i in whole}
    except Exception:  # noqa: BLE001 -- it is called again, and then said
        return frozenset()
    return frozenset(arguments.names[i] for i, part in claimed.items() if part.dtype.kind in "iuf" and part.any())
