"""The call of a subject, `subject(weights, biases, x, y) -> (nabla_w, nabla_b)`, and findings on the calling contract.

By the contract two calls with the same arguments differ by rounding at most, arguments stay as they are, and results
are new arrays with the shapes of the parameters and at least as many digits. The arguments are copies that the subject
could write to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from minibp import stopping
from minibp.arrays import Array
from minibp.check.report.finding import Finding
from minibp.check.rounding.whole_pass import bound
from minibp.check.subject.claim import Claim
from minibp.check.subject.returned import Kinds, read_result
from minibp.check.tolerance import within
from minibp.foreign import Unreadable, jax_in_double_precision, with_numpy_arrays
from minibp.network import Gradient
from minibp.problem import Problem
from minibp.user_error import description_of, place_of

Subject = Callable[..., Any]


class CallResult(NamedTuple):
    """The gradient that a subject returned, None where there is none to compare, and breaches of the contract."""

    gradient: Gradient | None
    findings: tuple[Finding, ...] = ()
    cost: float | None = None
    """The cost that came with it."""
    notes: tuple[str, ...] = ()
    """Remarks on what is no breach."""
    has_overflowed: bool = False
    """True where a function of Python's raised since its result is no number: NumPy's give infinity or NaN."""
    of_jax: bool = False
    """True where it came as arrays of JAX."""


DIFFERENT = "two calls with the same arguments give different"
ONE_FOR_ALL = ": it is one number for all neurons"
AS_CLAIMED = Claim()


def name_of(subject: Subject) -> str:
    """The name of a subject in reports."""
    return str(getattr(subject, "__name__", type(subject).__name__))


def call(subject: Subject, problem: Problem, claim: Claim = AS_CLAIMED) -> CallResult:
    """The result of one call, read by the claim: all gradients are of the mean of the cost that is named."""
    network = problem.network
    given = (*network.weights, *network.biases, problem.x, claim.given_targets(problem.y))
    copies = [np.array(array) for array in given]
    depth = len(network.weights)
    name = name_of(subject)
    try:
        with np.errstate(all="ignore"), stopping.unwinding(), jax_in_double_precision():
            read = with_numpy_arrays(subject(copies[:depth], copies[depth : 2 * depth], copies[-2], copies[-1]))
    except Unreadable as unreadable:
        return CallResult(None, (Finding(None, None, None, subject=name, message=f"returned {unreadable}"),))
    except BaseException as error:  # whatever it raises is what there is to report, also what would end the program
        if isinstance(error, KeyboardInterrupt) and stopping.is_pressed():
            raise
        where = place_of(error)
        message = f"raised {description_of(error)}" + (f", at {where}" if where else "")
        finding = Finding(None, None, None, subject=name, message=message)
        return CallResult(None, (finding,), has_overflowed=_is_overflow(error))
    changed = [
        Finding(None, None, None, subject=name, message=f"modified {label} in place; work on a copy")
        for label, before, after in zip(_labels(depth), given, copies, strict=True)
        if not np.array_equal(before, after, equal_nan=True)
    ]
    result = read_result(read.value, network, biases=claim.biases)
    arrays, wrong, notes = _arrays(result.kinds, read.value, problem, name)
    if read.coarse:
        message = f"returned numbers of dtype {read.coarse}, expected {network.dtype}, the dtype of the parameters"
        wrong = [Finding(None, None, None, subject=name, message=message)]
    if arrays is None:
        return CallResult(None, (*changed, *wrong))
    shared = [
        Finding(None, layer, tensor, subject=name, message=f"{tensor} of layer {layer} shares memory with {label}")
        for tensor, kind in arrays._asdict().items()
        for layer, array in enumerate(kind, start=2)
        for label, copy in zip(_labels(depth), copies, strict=True)
        if np.may_share_memory(array, copy)
    ]
    cost = None if result.cost is None else claim.read_cost(result.cost, problem)
    return CallResult(claim.read(arrays, problem), (*changed, *shared, *wrong), cost, notes, of_jax=read.of_jax)


def _is_overflow(error: BaseException) -> bool:
    """True of what Python's own functions of numbers raise, as `math.exp(1000)` does, and the logarithm of 0."""
    return isinstance(error, ArithmeticError) or (isinstance(error, ValueError) and "math domain error" in str(error))


def _labels(depth: int) -> list[str]:
    return [*(f"weights[{i}]" for i in range(depth)), *(f"biases[{i}]" for i in range(depth)), "x", "y"]


def _arrays(
    kinds: Kinds, returned: Any, problem: Problem, name: str
) -> tuple[Gradient | None, list[Finding], tuple[str, ...]]:
    """The gradient, None where no array can be compared; findings, of which fewer digits are one; and notes."""
    network = problem.network
    depth = len(network.weights)
    notes: dict[str, None] = {}
    if [len(kind) for kind in kinds] != [depth, depth]:
        shown = type(returned).__name__ if not kinds else f"{len(kinds)} sequences of {[len(kind) for kind in kinds]}"
        message = f"returned {shown}, expected (nabla_w, nabla_b), one array a layer: {depth} each"
        return None, [Finding(None, None, None, subject=name, message=message)], ()
    found: list[list[Array]] = []
    wrong: list[Finding] = []
    for tensor, kind, like in zip(("nabla_w", "nabla_b"), kinds, (network.weights, network.biases), strict=True):
        found.append([])
        for layer, (given, parameter) in enumerate(zip(kind, like, strict=True), start=2):
            array = np.asarray(given)
            trouble = _trouble(array, parameter)
            found[-1].append(np.broadcast_to(array, parameter.shape) if _is_one_for_all(array, parameter) else array)
            if array.dtype.kind == "f" and array.dtype.itemsize > parameter.dtype.itemsize:
                notes[f"{name} returns {array.dtype} for parameters of {parameter.dtype}"] = None
            if trouble:
                message = f"{tensor} of layer {layer} {trouble}"
                wrong.append(Finding(None, layer, tensor, subject=name, message=message))
    usable = all(
        array.shape == like.shape and array.dtype.kind == "f"
        for kind, likes in zip(found, (network.weights, network.biases), strict=True)
        for array, like in zip(kind, likes, strict=True)
    )
    return Gradient(tuple(found[0]), tuple(found[1])) if usable else None, wrong, tuple(notes)


def _is_one_for_all(array: Array, parameter: Array) -> bool:
    """True of one number for the biases of all neurons, which a step of gradient descent takes from each of them."""
    return parameter.ndim == 1 and (array.ndim == 0 or (array.size == 1 and parameter.size > 1))


def _trouble(array: Array, parameter: Array) -> str:
    """A wrong dtype or shape, with a hint; empty where both are right."""
    if array.dtype.kind != "f":
        return f"has dtype {array.dtype}, expected {parameter.dtype}"
    if array.shape != parameter.shape:
        hint = ONE_FOR_ALL if _is_one_for_all(array, parameter) else ""
        if array.shape == parameter.shape[::-1] and array.ndim == 2:
            hint = ": it is transposed"
        elif not hint and array.shape in ((1, *parameter.shape), (*parameter.shape, 1)):
            hint = ": an axis of length 1 is too much (minibp.adapters.columns is for biases as columns)"
        return f"has shape {array.shape}, expected {parameter.shape}{hint}"
    if array.dtype.itemsize < parameter.dtype.itemsize:
        return f"has dtype {array.dtype}, expected {parameter.dtype}, the dtype of the parameters"
    return ""


def is_of_state(finding: Finding) -> bool:
    """True of a finding on results that differ between two calls, which anything else may come of."""
    return finding.message.startswith(DIFFERENT)


def is_one_for_all(finding: Finding) -> bool:
    """True of a finding on one number in place of the gradient by the biases of all neurons."""
    return finding.message.endswith(ONE_FOR_ALL)


def repeats(subject: Subject, problem: Problem, claim: Claim = AS_CLAIMED) -> CallResult:
    """What two calls with the same arguments differ by: a finding; or a note, where each may have rounded otherwise.

    A sum in another order, over a set or by several threads, gives other last digits. Each call is granted the bound.
    """
    first, second = call(subject, problem, claim).gradient, call(subject, problem, claim).gradient
    if first is None or second is None:
        return CallResult(first)
    rate = getattr(subject, "rate", None)
    limits = bound(problem.astype("float64"), claim.arithmetic(problem.dtype, rate)).gradient
    for tensor, mine, theirs, bounds in zip(("nabla_w", "nabla_b"), first, second, limits, strict=True):
        for layer, (one, other, limit) in enumerate(zip(mine, theirs, bounds, strict=True), start=2):
            if not np.array_equal(one, other, equal_nan=True):
                where = f"{tensor} of layer {layer}"
                if within(one, other.astype(np.float64), 2 * limit).all():
                    return CallResult(first, notes=(f"two calls differ in the last digits, of {where} first: granted",))
                message = f"{DIFFERENT} {where}"
                return CallResult(first, (Finding(None, layer, tensor, subject=name_of(subject), message=message),))
    return CallResult(first)
