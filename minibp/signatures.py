"""Signatures: a test of a function against the arguments that it will get, without a call."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import partial
from inspect import Parameter
from typing import Any

from minibp.arrays import InputError


def expect_arguments(label: str, f: Callable[..., Any], names: Sequence[str]) -> None:
    """Reject a function that cannot take these positional arguments; what has no signature is left to its call.

    `label` is the name that the user gave it by.

    >>> expect_arguments("f", lambda weights, biases, x, y, rate=0.1: None, ["weights", "biases", "x", "y"])
    """
    if not can_take(f, names):
        name = name_of_code(f)
        got = f"{name}({_parameter_names(inspect.signature(f))})"
        raise InputError(f"{label}: got {got}, expected {name}({', '.join(names)})")


def can_take(f: Callable[..., Any], names: Sequence[str]) -> bool:
    """True if a function takes these positional arguments; true where it has no signature.

    >>> can_take(lambda x, y: None, ["theta", "x", "y"])
    False
    """
    try:
        signature = inspect.signature(f)
    except (TypeError, ValueError):  # of many functions that are compiled nothing is known
        return True
    try:
        signature.bind(*names)
    except TypeError:
        return False
    return True


def name_of_code(f: Any) -> str:
    """The name of code in reports and messages."""
    while isinstance(f, partial):
        f = f.func
    return str(getattr(f, "__name__", type(f).__name__))


def _parameter_names(signature: inspect.Signature) -> str:
    """The names of the parameters: annotations and the values of defaults may be of any length."""
    shown: list[str] = []
    stars: dict[Any, str] = {Parameter.VAR_POSITIONAL: "*", Parameter.VAR_KEYWORD: "**"}
    starred = False
    for parameter in signature.parameters.values():
        if parameter.kind is Parameter.KEYWORD_ONLY and not starred:
            shown.append("*")
        starred = starred or parameter.kind in (Parameter.VAR_POSITIONAL, Parameter.KEYWORD_ONLY)
        default = "" if parameter.default is Parameter.empty else "=..."
        shown.append(f"{stars.get(parameter.kind, '')}{parameter.name}{default}")
    return ", ".join(shown)
