"""Functions of JAX as functions on NumPy arrays, with the derivatives that JAX takes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any

import numpy as np

from minibp.adapters.subject import needed
from minibp.adapters.with_vjp import Differentiable, coarse_dtype
from minibp.arrays import InputError
from minibp.extras import how_to_install
from minibp.signatures import name_of_code
from minibp.trees import leaves_of, with_leaves

Program = Callable[..., Any]


def jax_function(fn: Callable[..., Any], *, arithmetic: str | None = None) -> Differentiable:
    """A function of JAX as one on NumPy arrays, with the derivatives that JAX takes of it.

    Parameters
    ----------
    fn : callable
        A function on arrays of JAX, or on trees of them, with or without rules of its own (custom_vjp, custom_jvp). It
        may be compiled by `jax.jit` already.
    arithmetic : str, optional
        "bfloat16", "float16" or "float32": what derivatives are computed in, from arguments that are rounded to it. f
        is computed as its arguments are. Give the check the same. Default None: as the arguments are.

    Returns
    -------
    Differentiable
        The pair (f, vjp) for `minibp.check_vjp`, with `jvp` and `grad` for the other checks.

    Raises
    ------
    InputError
        Where `fn` is no function, or no arithmetic has this name.
    ModuleNotFoundError
        Where JAX is not installed.

    Notes
    -----
    It computes in the dtypes of the arrays that it gets, float64 among them, whether or not JAX is set to use that, and
    on the CPU. It is compiled once for each shape; a function that branches on its values is run as it is.
    A complex gradient is ∂/∂Re + i ∂/∂Im, the conjugate of what `jax.grad` returns, as of `minibp.check_grad`.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> import numpy as np
    >>> import minibp
    >>> layer = minibp.adapters.jax_function(lambda x, w: jnp.tanh(x @ w))
    >>> minibp.check_vjp(*layer, (np.ones((2, 3)), np.full((3, 1), 0.5)), seed=1).verdict
    'correct'
    """
    jax = needed("jax", "adapters.jax_function", how_to_install("jax"))
    if not callable(fn):
        raise InputError(f"fn is a {type(fn).__name__}, expected a function of JAX")
    called = _Called(fn, jax, coarse_dtype(arithmetic))
    return Differentiable.of(called.f(), called.vjp, called.jvp)


class _Called:
    """One function, called with arrays in the ways that checks do."""

    def __init__(self, fn: Callable[..., Any], jax: Any, coarse: str | None) -> None:
        self.fn, self.jax, self.coarse = fn, jax, coarse
        self.programs: dict[Any, Program] = {}
        self.compiles = True

    def f(self) -> Callable[..., Any]:
        """The function, with the name of the code and the names of its arguments."""

        @wraps(self.fn)
        def f(*args: Any) -> Any:
            return self.value(*args)

        f.__name__ = f.__qualname__ = name_of_code(self.fn)
        return f

    # -- what a check calls

    def value(self, *args: Any) -> Any:
        """The results as arrays; where JAX traces the call, its own."""
        if any(isinstance(leaf, self.jax.core.Tracer) for leaf in leaves_of(args)):
            return self.fn(*args)
        return self._arrays(self._run("value", args, ()))

    def vjp(self, *given: Any) -> Any:
        """The gradients by the arguments, for the cotangent that comes last."""
        *args, cotangent = given
        parts = tuple(part for part in leaves_of(cotangent) if part is not None)
        found = iter(self._run("vjp", tuple(args), parts))
        leaves = [self._gradient(next(found)) if _is_moved(leaf) else None for leaf in leaves_of(tuple(args))]
        gradients = with_leaves(tuple(args), leaves)
        return gradients if len(gradients) > 1 else gradients[0]

    def jvp(self, args: Any, tangents: Any) -> Any:
        """The tangents of the results."""
        several = isinstance(args, tuple) and not hasattr(args, "_fields")
        args, tangents = (args, tangents) if several else ((args,), (tangents,))
        moved = [v for leaf, v in zip(leaves_of(args), leaves_of(tangents), strict=True) if _is_moved(leaf)]
        return self._arrays(self._run("jvp", args, tuple(moved)))

    # -- how

    def _run(self, kind: str, args: tuple[Any, ...], more: tuple[Any, ...]) -> Any:
        """One of the programs, with the arrays among the leaves of the arguments as what may vary."""
        leaves = list(leaves_of(args))
        arrays = [leaf for leaf in leaves if _is_array(leaf)]
        with self._in_double_precision():
            if not self.compiles:
                return self._program(kind, args, leaves)(arrays, more)
            try:
                return self._compiled(kind, args, leaves)(arrays, more)
            except self.jax.errors.ConcretizationTypeError:
                self.compiles = False  # it branches on its values
                return self._program(kind, args, leaves)(arrays, more)

    def _compiled(self, kind: str, args: tuple[Any, ...], leaves: list[Any]) -> Program:
        constants = tuple(leaf for leaf in leaves if not _is_array(leaf))
        key = kind, str(self.jax.tree_util.tree_structure(args)), tuple(map(_is_array, leaves)), repr(constants)
        if key not in self.programs:
            self.programs[key] = self.jax.jit(self._program(kind, args, leaves))
        return self.programs[key]

    def _program(self, kind: str, args: tuple[Any, ...], leaves: list[Any]) -> Program:
        def filled(arrays: Sequence[Any]) -> Any:
            given = iter(arrays)
            return with_leaves(args, [next(given) if _is_array(leaf) else leaf for leaf in leaves])

        places = [i for i, leaf in enumerate(leaf for leaf in leaves if _is_array(leaf)) if _is_moved(leaf)]

        def of_moved(arrays: Sequence[Any], moved: Sequence[Any]) -> Any:
            new = list(arrays)
            for i, array in zip(places, moved, strict=True):
                new[i] = array.astype(self.coarse) if self.coarse else array
            return self.fn(*filled(new))

        def value(arrays: Sequence[Any], more: Any) -> Any:
            return self.fn(*filled(arrays))

        def vjp(arrays: Sequence[Any], cotangents: Sequence[Any]) -> Any:
            results, back = self.jax.vjp(lambda *moved: of_moved(arrays, moved), *(arrays[i] for i in places))
            return back(self._beside(results, cotangents))

        def jvp(arrays: Sequence[Any], tangents: Sequence[Any]) -> Any:
            given = tuple(arrays[i] for i in places)
            return self.jax.jvp(lambda *moved: of_moved(arrays, moved), given, tuple(tangents))[1]

        return {"value": value, "vjp": vjp, "jvp": jvp}[kind]

    def _beside(self, results: Any, cotangents: Sequence[Any]) -> Any:
        """The cotangents structured like the results, and in their dtypes; those of integers are of no dtype."""
        numpy, tree = self.jax.numpy, self.jax.tree_util
        leaves, structure = tree.tree_flatten(results)
        if len(leaves) != len(cotangents):
            raise InputError(f"the cotangent has {len(cotangents)} parts, expected {len(leaves)}, as the result has")
        parts = [
            numpy.asarray(c, leaf.dtype).reshape(leaf.shape)
            if numpy.issubdtype(leaf.dtype, numpy.inexact)
            else np.zeros(leaf.shape, self.jax.dtypes.float0)
            for leaf, c in zip(map(numpy.asarray, leaves), cotangents, strict=True)
        ]
        # By JAX's convention a complex cotangent is the conjugate of a gradient.
        return tree.tree_unflatten(structure, [part.conj() if part.dtype.kind == "c" else part for part in parts])

    @contextmanager
    def _in_double_precision(self) -> Iterator[None]:
        with self.jax.enable_x64(True), self.jax.default_device(self.jax.devices("cpu")[0]):
            yield

    def _arrays(self, results: Any) -> Any:
        return self.jax.tree_util.tree_map(_array, results)

    @staticmethod
    def _gradient(part: Any) -> Any:
        array = _array(part)
        return array.conj() if array.dtype.kind == "c" else array


def _array(part: Any) -> Any:
    """A result as a NumPy array; the tangents of integers, which have a dtype of their own, as zeros."""
    array = np.array(part)
    return np.zeros(array.shape) if array.dtype == [("float0", "V")] else array


def _is_array(leaf: Any) -> bool:
    return isinstance(leaf, np.ndarray | np.generic) or hasattr(leaf, "aval")


def _is_moved(leaf: Any) -> bool:
    return _is_array(leaf) and getattr(leaf.dtype, "kind", "") in {"f", "c"}
