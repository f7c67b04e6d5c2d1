"""The claimed gradient of a function: its values at x, and how noisy they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minibp.arrays import Array
from minibp.check.grad.arguments import Arguments, Breach, later_call, number
from minibp.check.grad.noise import Nearby, dot, grant


def returned_dtype(f: Callable[..., Any], arguments: Arguments) -> str:
    """The dtype of what f returns at x; a `Misuse` where that is no number, a `Breach` if it is not the same twice."""
    first, returned = number("f", arguments.called("f", f))
    with later_call():
        again, _ = number("f", arguments.called("f", f))
    if first != again:
        raise Breach(f"f returned {first:.17g} and then {again:.17g} at the same x, expected the same number")
    return returned


class Claim:
    """A gradient at x: `value`, `noise` and `unit`, the unit roundoff, are rows (n,) of numbers.

    Of arrays that were computed beforehand no noise is known: it is left to the oracles' radii. Raises `Breach` where
    the gradient is none, or is not the same twice; `Misuse` where it raises. `returned` is the dtype of what f returns.
    """

    def __init__(self, name: str, grad: Any, arguments: Arguments, returned: str, rng: np.random.Generator) -> None:
        self.name, self.callable = name, callable(grad)
        given = arguments.called(name, grad) if self.callable else grad
        self.value, self.unit = arguments.gradient(name, given, returned)
        self.noise = np.zeros_like(self.value)
        if not self.callable:
            return
        with later_call():
            again, _ = arguments.gradient(name, arguments.called(name, grad), returned)
        if not np.array_equal(self.value, again):
            k = int(np.flatnonzero(self.value != again)[0])
            tensor, index = arguments.place(k)
            place = tensor.replace("grad", name, 1) + "".join(f"[{i}]" for i in index)
            raise Breach(
                f"{place} is {self.value[k]:.17g} and then {again[k]:.17g} at the same x, expected the same number"
            )

        def nearby(flat: Array) -> Array:
            try:
                return arguments.gradient(name, grad(*arguments.unpacked(flat)), returned)[0]
            except Exception:  # noqa: BLE001 -- it is outside of its domain
                return np.full(len(flat), np.nan)

        self.noise = Nearby(arguments.flat, arguments.scale, self.unit, rng).noise(nearby)

    def along(self, v: Array) -> tuple[float, float, float]:
        """∇C · v; how far it may be off; and how far it might be off if it were not noisy."""
        quiet = np.zeros_like(self.noise)
        return (
            dot(self.value, v),
            grant(v, self.value, self.noise, self.unit),
            grant(v, self.value, quiet, self.unit),
        )
