"""Complex arrays to which functions of real numbers are continued analytically, for the complex step.

NumPy's |z|, z/|z|, conj z and Re z are not analytic: of x + ih they lose the derivative. In code that was written for
real numbers they stand for ±x, ±1, x and x, whose continuation is plain (Martins, Sturdza and Alonso, The complex-step
derivative approximation, ACM Transactions on Mathematical Software 29, 2003). Functions that round, and those of linear
algebra that take conjugates, have none: `NotAnalytic`. What is no array of this kind, since the code made one of its
own by np.asarray, goes on as NumPy has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

import numpy as np

from minibp.arrays import Array


class NotAnalytic(Exception):
    """A function without a continuation was called."""


APART: ContextVar[list[float] | None] = ContextVar("APART", default=None)
"""Where a list is set, a number is added to it for each continuation that is used: 0, and of functions of other
libraries than NumPy the relative difference between what they give for complex and for real numbers. What is another
algorithm may have far fewer digits, and its slopes as few."""


SOLVED = -1.0
"""The number that is added for a function that solves linear equations, which may amplify rounding by a condition."""


def _note(apart: float = 0.0) -> None:
    used = APART.get()
    if used is not None:
        used.append(apart)


class ContinuedArray(np.ndarray[Any, Any]):
    """A complex array, of any number of dimensions; entries are arrays without dimension, of the same kind."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **options: Any) -> Any:
        """Apply a ufunc, or its continuation."""
        plain = [_plain(value) for value in inputs]
        if ufunc in ROUNDING:
            raise NotAnalytic(ufunc.__name__)
        into = {} if out is None else {"out": tuple(_plain(one) for one in out)}
        called = method == "__call__" and any(_is_complex(value) for value in plain)
        own = CONTINUED.get(ufunc) if called else None
        if called and out is None and getattr(np, ufunc.__name__, None) is not ufunc:
            return continued(_as_real(ufunc, ufunc(*plain, **options), plain, options))
        if own:
            _note()
        result = own(*plain) if own else getattr(ufunc, method)(*plain, **into, **options)
        if out is None:
            return continued(result)
        if own:
            into["out"][0][...] = result
        return out[0] if len(out) == 1 else out

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """Apply a function of NumPy, or its continuation."""
        name = f"{func.__module__}.{func.__name__}"
        if name in CONJUGATING or name in ROUNDING_FUNCTIONS or name.startswith("numpy.fft."):
            raise NotAnalytic(func.__name__)
        if name in SOLVING:
            _note(SOLVED)
        if name in NORMS:
            _note()
            return continued(NORMS[name](*args, **kwargs))
        return continued(super().__array_function__(func, types, args, kwargs))

    def __getitem__(self, key: Any) -> Any:
        """Entries, as arrays."""
        return continued(super().__getitem__(key))

    def __iter__(self) -> Iterator[Any]:
        """One entry along the first axis after another."""
        return (self[k] for k in range(len(self)))

    @property  # type: ignore[misc]
    def real(self) -> Any:
        """The array itself: real numbers are their own real part."""
        _note()
        return self

    @property  # type: ignore[misc]
    def imag(self) -> Any:
        """Zeros: real numbers have no imaginary part."""
        _note()
        return np.zeros(self.shape)

    def conj(self) -> Any:
        """The array itself."""
        _note()
        return self

    conjugate = conj

    def var(self, axis: Any = None, *, ddof: float = 0, keepdims: Any = False, **_: Any) -> Any:  # type: ignore[override]
        """The mean square about the mean."""
        _note()
        apart = self - self.mean(axis=axis, keepdims=True)
        count = self.size / apart.mean(axis=axis, keepdims=True).size
        return (apart * apart).sum(axis=axis, keepdims=keepdims) / (count - ddof)

    def std(self, axis: Any = None, **options: Any) -> Any:  # type: ignore[override]
        """The root of the variance."""
        return np.sqrt(self.var(axis, **options))

    def round(self, *_: Any, **__: Any) -> Any:
        """Raise, since rounding has no derivative."""
        raise NotAnalytic("round")

    # Of arrays without dimension `a += b` would change what other names hold, which numbers never do.

    def __iadd__(self, other: Any) -> Any:  # type: ignore[misc]
        return super().__iadd__(other) if self.ndim else self + other

    def __isub__(self, other: Any) -> Any:  # type: ignore[misc]
        return super().__isub__(other) if self.ndim else self - other

    def __imul__(self, other: Any) -> Any:  # type: ignore[misc]
        return super().__imul__(other) if self.ndim else self * other

    def __itruediv__(self, other: Any) -> Any:  # type: ignore[misc]
        return super().__itruediv__(other) if self.ndim else self / other

    def __ipow__(self, other: Any) -> Any:  # type: ignore[misc, override]
        return super().__ipow__(other) if self.ndim else self**other


def _as_real(ufunc: Any, result: Any, inputs: list[Any], options: dict[str, Any]) -> Any:
    """The result of a function of another library, with the real part that it has for real numbers."""
    try:
        with np.errstate(all="ignore"):
            real = ufunc(*(np.real(value) if _is_complex(value) else value for value in inputs), **options)
            off = np.abs(np.real(result) - real) / np.abs(real)
    except TypeError:  # it knows complex numbers alone
        return result
    if np.iscomplexobj(real):
        return result
    _note(float(np.max(np.nan_to_num(off, nan=0.0), initial=0.0)))
    return np.where(np.isfinite(real), real, np.real(result)) + 1j * np.imag(result)


def _plain(value: Any) -> Any:
    return value.view(np.ndarray) if isinstance(value, ContinuedArray) else value


def continued(value: Any) -> Any:
    """Complex numbers, alone or in arrays, tuples and lists, as arrays of this kind; anything else as it is."""
    if isinstance(value, tuple) and type(value) is tuple:
        return tuple(continued(part) for part in value)
    if isinstance(value, list):
        return [continued(part) for part in value]
    if isinstance(value, np.ndarray | np.complexfloating | complex) and _is_complex(value):
        return np.asarray(value).view(ContinuedArray)
    return _plain(value)


def _is_complex(value: Any) -> bool:
    return isinstance(value, complex) or getattr(getattr(value, "dtype", None), "kind", "") == "c"


# -- continuations: derivatives are those of the real function, to first order in the imaginary part


def _sign(z: Array) -> Array:
    return np.sign(z.real) + 0j


def _absolute(z: Array) -> Array:
    return np.where((z.real < 0) | ((z.real == 0) & (z.imag < 0)), -z, z)


def _of_one(value: Callable[[Any], Any], slope: Callable[[Any], Any]) -> Callable[[Array], Array]:
    def function(z: Array) -> Array:
        with np.errstate(all="ignore"):
            x, y = np.real(z), np.imag(z)
            return np.asarray(value(x) + 1j * np.where(y == 0, 0, y * slope(x)))

    return function


def _hypot(a: Array, b: Array) -> Array:
    with np.errstate(all="ignore"):
        size = np.hypot(np.real(a), np.real(b))
        slope = np.imag(a) * (np.real(a) / size) + np.imag(b) * (np.real(b) / size)
    return np.asarray(size + 1j * np.where(size > 0, slope, np.hypot(np.imag(a), np.imag(b))))


def _arctan2(y: Array, x: Array) -> Array:
    with np.errstate(all="ignore"):
        size = np.hypot(np.real(y), np.real(x))
        slope = (np.real(x) / size * np.imag(y) - np.real(y) / size * np.imag(x)) / size
    return np.asarray(np.arctan2(np.real(y), np.real(x)) + 1j * slope)


def _logaddexp(a: Array, b: Array) -> Array:
    value = np.logaddexp(np.real(a), np.real(b))
    with np.errstate(all="ignore"):
        part = np.exp(np.real(a) - value), np.exp(np.real(b) - value)
    return np.asarray(value + 1j * (part[0] * np.imag(a) + part[1] * np.imag(b)))


CONTINUED: dict[Any, Callable[..., Array]] = {
    np.absolute: _absolute,
    np.sign: _sign,
    np.conjugate: lambda z: z,
    np.hypot: _hypot,
    np.arctan2: _arctan2,
    np.logaddexp: _logaddexp,
    np.fabs: _absolute,
    np.cbrt: _of_one(np.cbrt, lambda x: 1 / (3 * np.cbrt(x) ** 2)),
    np.log1p: _of_one(np.log1p, lambda x: 1 / (1 + x)),
    np.expm1: _of_one(np.expm1, np.exp),
}
"""Of log1p and expm1 NumPy's complex forms have fewer digits than the real ones."""
ROUNDING = {np.rint, np.floor, np.ceil, np.trunc, np.floor_divide, np.remainder, np.fmod, np.modf, np.divmod}
ROUNDING_FUNCTIONS = {"numpy.round", "numpy.around", "numpy.fix"}
CONJUGATING = {
    f"numpy.linalg.{name}"
    for name in (
        *("cholesky", "cond", "eig", "eigh", "eigvals", "eigvalsh", "lstsq", "matrix_norm", "matrix_rank", "pinv"),
        *("qr", "slogdet", "svd", "svdvals"),
    )
} | {"numpy.angle", "numpy.histogram"}
"""Functions that take conjugates, absolute values or real parts of complex numbers within."""


def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: Any = False) -> Any:  # noqa: A002 -- NumPy's name
    """The norm of vectors, and Frobenius' of matrices."""
    z = np.asarray(_plain(x))
    if axis is None:
        if ord is not None and z.ndim > 1 and ord != "fro":
            raise NotAnalytic("norm")
        flat = _norm(z.ravel(), None if ord == "fro" else ord, 0)
        return np.reshape(flat, (1,) * z.ndim) if keepdims else flat
    if isinstance(axis, tuple) and len(axis) > 1 and ord not in {None, "fro"}:
        raise NotAnalytic("norm")
    size = _absolute(z)
    if ord in {None, 2, "fro"}:
        value = np.linalg.norm(z.real, axis=axis, keepdims=True)
        with np.errstate(all="ignore"):
            slope = np.where(value > 0, z.real / value, 0) * z.imag
        at_0 = np.linalg.norm(z.imag, axis=axis, keepdims=True)
        found = value + 1j * np.where(value > 0, np.sum(slope, axis=axis, keepdims=True), at_0)
    elif ord == 1:
        found = np.sum(size, axis=axis, keepdims=True)
    elif ord in {np.inf, -np.inf}:
        found = (np.max if ord > 0 else np.min)(size, axis=axis, keepdims=True)
    elif isinstance(ord, int | float) and ord != 0:
        found = np.sum(size**ord, axis=axis, keepdims=True) ** (1 / ord)
    else:
        raise NotAnalytic("norm")
    return found if keepdims else np.squeeze(found, axis=axis)


SOLVING = {f"numpy.linalg.{name}" for name in ("solve", "inv", "tensorsolve", "tensorinv", "det", "matrix_power")}
NORMS: dict[str, Callable[..., Any]] = {
    "numpy.linalg.norm": _norm,
    "numpy.vdot": lambda a, b: np.dot(np.ravel(_plain(a)), np.ravel(_plain(b))),
}
