"""The test that an object can be called as a subject; else an error that names the adapter or function to pass."""

from __future__ import annotations

import inspect
from typing import Any

from minibp.arrays import InputError
from minibp.network import Network
from minibp.signatures import can_take, expect_arguments

ARGUMENTS = ("weights", "biases", "x", "y")
EXPECTED = f"expected a function of ({', '.join(ARGUMENTS)})"
FLAT = "minibp.adapters.flat(f, sizes) makes one of f(theta, x, y), where theta is one vector of parameters"
MODEL = "minibp.adapters.model(make, step) makes one of a step of an object that holds its parameters"
OBJECTS = ("self", "net", "network", "nn", "model", "mlp", "param", "parameter", "layer")
"""Names of parameters that are objects, or dicts or lists of arrays, without the s of several."""
OF_JAX = ("equinox", "flax", "haiku")
"""Packages whose modules are differentiated by JAX."""


def expect_subject(subject: Any) -> None:
    """Reject with one `InputError` what cannot be called as subject(weights, biases, x, y), before any call."""
    is_class = inspect.isclass(subject)
    kind = subject if is_class else type(subject)
    shown = f"the class {kind.__name__}" if is_class else f"an instance of {kind.__name__}"
    packages = {ancestor.__module__.partition(".")[0] for ancestor in kind.__mro__}
    if "torch" in packages and hasattr(kind, "named_parameters"):
        raise InputError(
            f"subject is {shown}, a torch module, {EXPECTED}: "
            "minibp.adapters.torch_module(module, loss) makes one of it"
        )
    if packages.intersection(OF_JAX):
        raise InputError(
            f"subject is {shown}, a module of JAX, {EXPECTED}: minibp.adapters.jax_loss(loss) makes one of its loss, "
            "a function loss(weights, biases, x, y)"
        )
    if issubclass(kind, Network):
        raise InputError(
            f"subject is {shown}, {EXPECTED} that returns (nabla_w, nabla_b): networks are drawn by the check"
        )
    if is_class:
        raise InputError(
            f"subject is {shown}, {EXPECTED}: minibp.adapters.model({kind.__name__}, step) makes one of it"
        )
    if not callable(subject):
        held = hasattr(subject, "__dict__") or isinstance(subject, dict)
        hint = ": minibp.adapters.model(it, step) makes one of an object that holds its parameters" if held else ""
        raise InputError(f"subject is {shown if held else repr(subject)}, {EXPECTED}{hint}")
    try:
        expect_arguments("subject", subject, ARGUMENTS)
    except InputError as error:
        hint = FLAT if can_take(subject, ("theta", "x", "y")) else MODEL if can_take(subject, ("x", "y")) else ""
        if hint == FLAT and _takes_an_object(subject):
            hint = MODEL
        raise InputError(f"{error}; {hint}" if hint else str(error)) from None


def _takes_an_object(subject: Any) -> bool:
    """True where the first parameter has a name of what holds parameters."""
    first = next(iter(inspect.signature(subject).parameters), "")
    return first.lower().rstrip("s") in OBJECTS
