"""The call of a subject, `subject(weights, biases, x, y) -> (nabla_w, nabla_b)`, and findings on the calling contract.

By the contract two calls with the same arguments return the same bits, arguments stay as they are, and results are new
arrays with the shapes and the dtype of the parameters. The arguments are copies that the subject could write to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from minibp import stopping
from minibp.arrays import Array
from minibp.check.report.finding import Finding
from minibp.check.subject.returned import kinds_in
from minibp.network import Gradient
from minibp.problem import Problem
from minibp.user_error import description_of, place_of

Subject = Callable[..., Any]


class CallResult(NamedTuple):
    """The gradient that a subject returned, None where there is none to compare, and breaches of the contract."""

    gradient: Gradient | None
    findings: tuple[Finding, ...] = ()


DIFFERENT = "two calls with the same arguments give different"


def name_of(subject: Subject) -> str:
    """The name of a subject in reports."""
    return str(getattr(subject, "__name__", type(subject).__name__))


def call(subject: Subject, problem: Problem, reduction: str = "mean") -> CallResult:
    """The result of one call; a sum over examples is divided by their number, so that all gradients are of means."""
    network = problem.network
    given = (*network.weights, *network.biases, problem.x, problem.y)
    copies = [np.array(array) for array in given]
    depth = len(network.weights)
    name = name_of(subject)
    try:
        with np.errstate(all="ignore"), stopping.unwinding():
            returned = subject(copies[:depth], copies[depth : 2 * depth], copies[-2], copies[-1])
    except BaseException as error:  # whatever it raises is what there is to report, also what would end the program
        if isinstance(error, KeyboardInterrupt) and stopping.is_pressed():
            raise
        where = place_of(error)
        message = f"raised {description_of(error)}" + (f", at {where}" if where else "")
        return CallResult(None, (Finding(None, None, None, subject=name, message=message),))
    changed = [
        Finding(None, None, None, subject=name, message=f"modified {label} in place; work on a copy")
        for label, before, after in zip(_labels(depth), given, copies, strict=True)
        if not np.array_equal(before, after, equal_nan=True)
    ]
    arrays, wrong = _arrays(returned, problem, name)
    if arrays is None:
        return CallResult(None, (*changed, *wrong))
    shared = [
        Finding(None, layer, tensor, subject=name, message=f"{tensor} of layer {layer} shares memory with {label}")
        for tensor, kind in arrays._asdict().items()
        for layer, array in enumerate(kind, start=2)
        for label, copy in zip(_labels(depth), copies, strict=True)
        if np.may_share_memory(array, copy)
    ]
    divisor = problem.m if reduction == "sum" else 1
    gradient = Gradient(*(tuple(np.array(array) / array.dtype.type(divisor) for array in kind) for kind in arrays))
    return CallResult(gradient, (*changed, *shared, *wrong))


def _labels(depth: int) -> list[str]:
    return [*(f"weights[{i}]" for i in range(depth)), *(f"biases[{i}]" for i in range(depth)), "x", "y"]


def _arrays(returned: Any, problem: Problem, name: str) -> tuple[Gradient | None, list[Finding]]:
    """The gradient, None where no array can be compared, and findings; another float dtype is a finding alone."""
    network = problem.network
    kinds = kinds_in(returned, network)
    depth = len(network.weights)
    if [len(kind) for kind in kinds] != [depth, depth]:
        shown = type(returned).__name__ if not kinds else f"{len(kinds)} sequences of {[len(kind) for kind in kinds]}"
        message = f"returned {shown}, expected (nabla_w, nabla_b), one array a layer: {depth} each"
        return None, [Finding(None, None, None, subject=name, message=message)]
    found: list[list[Array]] = []
    wrong: list[Finding] = []
    for tensor, kind, like in zip(("nabla_w", "nabla_b"), kinds, (network.weights, network.biases), strict=True):
        found.append([])
        for layer, (given, parameter) in enumerate(zip(kind, like, strict=True), start=2):
            array = np.asarray(given)
            found[-1].append(array)
            trouble = _trouble(array, parameter)
            if trouble:
                message = f"{tensor} of layer {layer} {trouble}"
                wrong.append(Finding(None, layer, tensor, subject=name, message=message))
    usable = all(
        array.shape == like.shape and array.dtype.kind == "f"
        for kind, likes in zip(found, (network.weights, network.biases), strict=True)
        for array, like in zip(kind, likes, strict=True)
    )
    return Gradient(tuple(found[0]), tuple(found[1])) if usable else None, wrong


def _trouble(array: Array, parameter: Array) -> str:
    """A wrong dtype or shape, with a hint; empty where both are right."""
    if array.dtype.kind != "f":
        return f"has dtype {array.dtype}, expected {parameter.dtype}"
    if array.shape != parameter.shape:
        hint = ""
        if array.shape == parameter.shape[::-1] and array.ndim == 2:
            hint = ": it is transposed"
        elif array.shape in ((1, *parameter.shape), (*parameter.shape, 1)):
            hint = ": an axis of length 1 is too much (minibp.adapters.columns is for biases as columns)"
        return f"has shape {array.shape}, expected {parameter.shape}{hint}"
    if array.dtype != parameter.dtype:
        return f"has dtype {array.dtype}, expected {parameter.dtype}, the dtype of the parameters"
    return ""


def is_of_state(finding: Finding) -> bool:
    """True of a finding on results that differ between two calls, which anything else may come of."""
    return finding.message.startswith(DIFFERENT)


def repeats(subject: Subject, problem: Problem) -> Iterator[Finding]:
    """A finding where two calls with the same arguments give different bits."""
    first, second = call(subject, problem).gradient, call(subject, problem).gradient
    if first is None or second is None:
        return
    for tensor, mine, theirs in zip(("nabla_w", "nabla_b"), first, second, strict=True):
        for layer, (one, other) in enumerate(zip(mine, theirs, strict=True), start=2):
            if not np.array_equal(one, other, equal_nan=True):
                message = f"{DIFFERENT} {tensor} of layer {layer}"
                yield Finding(None, layer, tensor, subject=name_of(subject), message=message)
                return
