"""What the adapters of functions give: a function and its derivatives, on NumPy arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from minibp.arrays import InputError

DTYPES = {"float32": "float32", "tf32": "float32", "float16": "float16", "bfloat16": "bfloat16"}
"""The dtype of an arithmetic; what makes float32 TF32 is set elsewhere."""


def coarse_dtype(arithmetic: Any) -> str | None:
    """The name of the dtype of an arithmetic; `InputError` where there is none of this name."""
    if arithmetic is None or arithmetic == "float64":
        return None
    if not isinstance(arithmetic, str) or arithmetic not in DTYPES:
        raise InputError(f"arithmetic is {arithmetic!r}, expected one of float64, {', '.join(DTYPES)}")
    return DTYPES[arithmetic]


class WithVjp(NamedTuple):
    """A function and its vector-Jacobian product, as `minibp.check_vjp` takes them.

    Attributes
    ----------
    f : callable
        f(*args) returns an array, or a structure of arrays.
    vjp : callable
        vjp(*args, cotangent) returns the gradients by the arguments, a tuple where there are several.

    Examples
    --------
    >>> from minibp.adapters import numpy_layer
    >>> layer = numpy_layer(lambda x: (2 * x, None), lambda dout, cache: 2 * dout)
    >>> layer.f(3.0), layer.vjp(3.0, 1.0)
    (6.0, 2.0)
    """

    f: Callable[..., Any]
    vjp: Callable[..., Any]


class Differentiable(WithVjp):
    """A function of a framework, with what the framework's automatic differentiation makes of it.

    It is the pair (f, vjp), and has more for the other checks.

    Attributes
    ----------
    f : callable
        f(*args) returns NumPy arrays, structured as the framework's function returns its own.
    vjp : callable
        vjp(*args, cotangent), by reverse mode, for `minibp.check_vjp`.
    jvp : callable
        jvp(args, tangents), by forward mode, for `minibp.check_jvp`.
    grad : callable
        grad(*args), by reverse mode, of a scalar function, for `minibp.check_grad`.
    parameters : dict of str to ndarray
        Of a module the values of its parameters, by name: the first argument of f. Empty of other functions.

    Examples
    --------
    >>> from minibp.adapters import Differentiable
    >>> double = Differentiable.of(lambda x: 2 * x, lambda x, c: 2 * c, lambda x, v: 2 * v)
    >>> f, vjp = double
    >>> f(3.0), vjp(3.0, 1.0), double.jvp(3.0, 1.0)
    (6.0, 2.0, 2.0)
    """

    jvp: Callable[..., Any]
    grad: Callable[..., Any]
    parameters: dict[str, Any]

    @classmethod
    def of(
        cls,
        f: Callable[..., Any],
        vjp: Callable[..., Any],
        jvp: Callable[..., Any],
        parameters: dict[str, Any] | None = None,
    ) -> Differentiable:
        """The pair of f and vjp, with what else there is.

        Parameters
        ----------
        f, vjp, jvp : callable
            As the attributes.
        parameters : dict of str to ndarray, optional
            Those of a module. Default None: there are none.

        Returns
        -------
        Differentiable
            With `grad`, which is vjp of a cotangent of 1.

        Examples
        --------
        >>> from minibp.adapters import Differentiable
        >>> Differentiable.of(lambda x: 2 * x, lambda x, c: 2 * c, lambda x, v: 2 * v).grad(3.0)
        2.0
        """
        made = cls(f, vjp)
        made.jvp, made.parameters = jvp, parameters or {}

        def grad(*args: Any) -> Any:
            return vjp(*args, 1.0)

        made.grad = grad
        return made
