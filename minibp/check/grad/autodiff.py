"""JAX's reverse mode in double precision, without derivative rules of the user's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from minibp.arrays import Array
from minibp.check.grad.complex_step import ANOTHER
from minibp.check.grad.function import Function
from minibp.check.grad.inexact import vary_between_numbers
from minibp.check.oracles.estimate import OracleUnavailable
from minibp.check.rounding.noise import SAFETY

LAST_DIGITS = 256.0
"""Of the last digits of a slope so many units u are granted, as of the complex step's."""
STOP = "stop_gradient"
"""What JAX's derivatives hold constant: a claim that comes from JAX would be compared with itself."""
POINTS = 5
"""Points a few ulps apart, where the noise of a derivative is measured."""


class Autodiff:
    """Rows of the Jacobian; raises `OracleUnavailable` where JAX cannot trace f, or is missing.

    A function with a derivative rule of its author's own would be compared with that rule: its body is differentiated
    instead.
    """

    name = "jax"

    def __init__(self, function: Function) -> None:
        try:
            import jax
        except ImportError:
            raise OracleUnavailable("JAX is not installed") from None
        self.jax, self.function = jax, function
        self.notes: list[str] = []
        arguments = function.arguments
        self.places = [i for i, leaf in enumerate(arguments.structure.leaves) if leaf.array is not None]
        try:
            self.traced = self._without_own_rules(self._flat_function())
            self.out, self.back = jax.vjp(self.traced, *self._leaves(arguments.flat))
        except OracleUnavailable:
            raise
        except Exception as error:
            raise OracleUnavailable(f"JAX cannot trace {function.name}: {type(error).__name__}") from error
        value = np.asarray(self.out, np.float64)
        if value.shape != function.kept.shape:
            raise OracleUnavailable(f"{function.name} returns another shape for JAX's arrays")
        apart = np.abs(value[function.kept] - function.at)
        if not (apart <= np.maximum(SAFETY * function.noise, ANOTHER * np.abs(function.at))).all():
            raise OracleUnavailable(f"{function.name} has another value for JAX's arrays")

    def _leaves(self, flat: Array) -> list[Any]:
        leaves = self.function.arguments.structure.unpacked(flat, np.float64)
        return [self.jax.numpy.asarray(leaves[i]) for i in self.places]

    def _flat_function(self) -> Callable[..., Any]:
        jax, function, places = self.jax, self.function, self.places
        structure = function.arguments.structure
        rest = structure.unpacked(function.arguments.flat)

        def flat_function(*given: Any) -> Any:
            leaves = list(rest)
            for i, leaf in zip(places, given, strict=True):
                leaves[i] = leaf
            result = function.f(*structure.built(leaves))
            parts = []
            for part in jax.tree_util.tree_leaves(result):
                array = jax.numpy.asarray(part)
                if jax.numpy.issubdtype(array.dtype, jax.numpy.complexfloating):
                    parts += [array.real.ravel(), array.imag.ravel()]
                else:
                    parts.append(array.astype(np.float64).ravel())
            return jax.numpy.concatenate(parts)

        return flat_function

    def _without_own_rules(self, flat_function: Callable[..., Any]) -> Callable[..., Any]:
        """The function with the bodies of such functions as have a rule of their author's own in their place."""
        try:
            program = self.jax.make_jaxpr(flat_function)(*self._leaves(self.function.arguments.flat))
        except self.jax.errors.ConcretizationTypeError:
            # It branches on its values, and is traced as it runs, where rules cannot be taken out.
            with _noticed_rules(self.jax) as noticed:
                self.jax.vjp(flat_function, *self._leaves(self.function.arguments.flat))
            if noticed:
                raise OracleUnavailable(f"the derivative of {noticed[0]} is its author's own") from None
            return flat_function
        own = sorted(set(_own_rules(program.jaxpr)))
        if not own:
            return flat_function
        functions = [name for name in own if name != STOP]
        if functions:
            self.notes.append(
                f"the derivative of {', '.join(functions)} is its author's own; JAX differentiated its body instead"
            )
        if STOP in own:
            self.notes.append("f has stop_gradient; JAX differentiated what that holds constant too")

        def inlined(*given: Any) -> Any:
            (found,) = _evaluated(program.jaxpr, program.consts, given)
            return found

        return inlined

    def rows(self, cotangents: Array) -> Array:
        """cᵀJ (rows, n) of cotangents (rows, m)."""
        return np.array([self._pulled_back(self.back, c) for c in cotangents])

    def row_at(self, x: Array, c: Array) -> Array:
        """The row (n,) of a cotangent at another point."""
        _, back = self.jax.vjp(self.traced, *self._leaves(x))
        return self._pulled_back(back, c)

    def measured(self, c: Array, row: Array) -> Array:
        """How far the row of a cotangent may be off, from its values at points a few ulps apart."""
        function = self.function
        x, rng = function.arguments.flat, function.rng
        found = np.zeros(len(x))
        for _ in range(POINTS):
            near = np.where(function.arguments.movable, x * (1 + 2.0**-52 * rng.integers(-4, 5, len(x))), x)
            try:
                by = rng.uniform(1, 2)
                found = np.fmax(found, np.abs(self.row_at(near, by * c) / by - row))
            except Exception:  # noqa: BLE001, S112 -- it has no value there
                continue
        value = float(np.abs(c) @ np.abs(function.at))
        noise = float(np.abs(c) @ function.rounding)
        moves = float(np.nansum(np.abs(row) * np.spacing(np.abs(x)) * function.arguments.movable))
        if vary_between_numbers(moves, float(np.abs(c) @ function.span), noise):  # which is how f varies, and no noise
            noise = SAFETY * float(np.abs(c) @ (function.unit * np.abs(function.at)))
        # A slope of exactly 0 may be what is left of terms that cancel.
        share = np.where(row != 0, np.abs(row) / value, np.inf) if value else np.full(len(x), np.inf)
        return np.asarray(SAFETY * found + noise * np.minimum(share, 1 / function.arguments.scale))

    def _pulled_back(self, back: Callable[..., Any], c: Array) -> Array:
        whole = np.zeros(len(self.function.kept))
        whole[self.function.kept] = c
        parts = back(self.jax.numpy.asarray(whole))
        structure = self.function.arguments.structure
        arrays: list[Array | None] = [None] * len(structure.leaves)
        for i, part in zip(self.places, parts, strict=True):
            array: Any = np.asarray(part)
            # By JAX's convention the derivative of a real function is ∂/∂Re − i ∂/∂Im.
            arrays[i] = array.conj() if array.dtype.kind == "c" else array
        return structure.row(arrays)


@contextmanager
def _noticed_rules(jax: Any) -> Iterator[list[str]]:
    """The names of functions with a rule of their author's own that are called within."""
    noticed: list[str] = []
    kept = {kind: kind.__call__ for kind in (jax.custom_vjp, jax.custom_jvp)}

    def noticing(kind: Any) -> Callable[..., Any]:
        def call(self: Any, *args: Any, **options: Any) -> Any:
            rule = getattr(self, "bwd", None) or getattr(self, "jvp", None)
            if not str(getattr(rule, "__module__", "")).startswith("jax."):
                noticed.append(str(getattr(self, "__name__", "a function")))
            return kept[kind](self, *args, **options)

        return call

    for kind in kept:
        kind.__call__ = noticing(kind)
    try:
        yield noticed
    finally:
        for kind, call in kept.items():
            kind.__call__ = call


def _own_rules(program: Any) -> list[str]:
    """The functions in a program of JAX whose derivative is not JAX's own of what they compute."""
    found = []
    for equation in program.eqns:
        if equation.primitive.name == STOP:
            found.append(STOP)
        inner = _body(equation)
        if inner is not None and _is_own(equation, inner):
            found.append(str(getattr(inner.jaxpr.debug_info, "func_name", "a function")))
        found += _own_rules_inside(equation)
    return found


def _own_rules_inside(equation: Any) -> list[str]:
    """The same of the programs that an equation runs: those of loops, branches and compiled functions."""
    parts = [part for value in equation.params.values() for part in (value if isinstance(value, tuple) else (value,))]
    programs = [getattr(part, "jaxpr", part) for part in parts]
    return [name for program in programs if hasattr(program, "eqns") for name in _own_rules(program)]


def _is_own(equation: Any, body: Any) -> bool:
    """True where the rule, or the function that has it, was not written in JAX itself."""
    rule = equation.params.get("bwd") or equation.params.get("jvp_jaxpr_fun")
    information = [body.jaxpr.debug_info, getattr(rule, "debug_info", None)]
    if Path(_source(information[0]).rpartition(":")[0]).name == "custom_derivatives.py":
        return True  # jax.custom_gradient wraps a function of the user's
    return not all(map(_is_of_jax, information))


def _is_of_jax(information: Any) -> bool:
    """True of a function that lies in JAX's own folder."""
    import jax

    return str(Path(jax.__file__).parent) in _source(information)


def _source(information: Any) -> str:
    """Where a function was written, as JAX notes it: "name at file:line"."""
    return str(getattr(information, "func_src_info", None) or getattr(information, "func_filename", "") or "")


def _body(equation: Any) -> Any:
    """The program of a function with a rule of its own; None of other equations."""
    if equation.primitive.name not in {"custom_jvp_call", "custom_vjp_call"}:
        return None
    return equation.params.get("call_jaxpr") or equation.params.get("fun_jaxpr")


def jax_core() -> Any:
    """The module of JAX that runs programs."""
    import jax.core

    return jax.core


def _evaluated(program: Any, constants: Any, given: Any) -> list[Any]:
    """A program run equation by equation, the bodies of functions that have rules of their own as if they had none."""
    values: dict[Any, Any] = {}

    def read(variable: Any) -> Any:
        return variable.val if hasattr(variable, "val") else values[variable]

    values.update(zip(program.constvars, constants, strict=True))
    values.update(zip(program.invars, given, strict=True))
    for equation in program.eqns:
        taken = [read(variable) for variable in equation.invars]
        body = _body(equation)
        if body is None and equation.primitive.name in {"jit", "pjit", "closed_call"}:
            body = equation.params["jaxpr"]
        elif body is not None and not _is_own(equation, body):
            body = None
        if equation.primitive.name == STOP:
            results = taken
        elif body is not None:
            results = _evaluated(body.jaxpr, body.consts, taken)
        else:
            if _own_rules_inside(equation):
                raise OracleUnavailable("a loop or branch of JAX has a derivative of its author's own inside")
            variables = [variable for variable in equation.invars if not hasattr(variable, "val")]
            numbers = [value for variable, value in zip(equation.invars, taken, strict=True) if variable in variables]
            alone = program.replace(eqns=[equation], constvars=[], invars=variables, outvars=equation.outvars)
            results = jax_core().eval_jaxpr(alone, [], *numbers)
        values.update(zip(equation.outvars, results, strict=True))
    return [read(variable) for variable in program.outvars]
