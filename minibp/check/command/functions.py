"""The command check-grad: the check of any function's derivatives, with its options."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import replace
from itertools import chain
from typing import Any

import click
import numpy as np

from minibp import adapters
from minibp.archives import Archive
from minibp.arrays import InputError
from minibp.check.command.finish import annotate, expect_outputs, finish
from minibp.console import bar, json_alone, reject, usable
from minibp.files import checked_path
from minibp.import_string import loaded, own_arguments
from minibp.options import executor_option, html_option, json_option, seed_option, workers_option
from minibp.user_error import description_of
from minibp.workers import team

KINDS = ("grad", "vjp", "jvp", "jacobian", "hessian", "hvp")
ORACLES = ("jax", "complex_step", "finite_difference")
ARITHMETICS = ("float32", "tf32", "bfloat16", "float16")
FRAMEWORKS: dict[str, Callable[..., Any]] = {"torch": adapters.torch_function, "jax": adapters.jax_function}


@click.command("check-grad")
@click.argument("function")
@click.argument("derivative", required=False)
@click.option(
    "--at", "at", required=True, metavar="POINT",
    help="An .npz or .npy file, or an expression of np, st, arrays and what the file of FUNCTION defines.",
)  # fmt: skip
@click.option("--kind", type=click.Choice(KINDS), help="What DERIVATIVE is.  [default: grad, or vjp with --framework]")
@click.option(
    "--framework", type=click.Choice(list(FRAMEWORKS)),
    help="FUNCTION is of tensors, or of JAX's arrays; without DERIVATIVE the framework's own is checked.",
)  # fmt: skip
@click.option("--wrt", metavar="NAME[,NAME…]", help="The arguments that are checked by.  [default: all]")
@click.option("--examples", type=click.IntRange(min=1), help="Points to draw of a strategy.  [default: 50]")
@click.option("--calls", type=click.IntRange(min=1), help="About how many calls of FUNCTION.  [default: 5000]")
@click.option("--accuracy", type=float, help="What FUNCTION is good for, where it is rounded or stops early.")
@click.option(
    "--arithmetic", type=click.Choice(ARITHMETICS), help="What DERIVATIVE computes in, if coarser than its arrays."
)
@click.option("--oracle", "oracles", type=click.Choice(ORACLES), multiple=True, help="Ask this one.  [default: all]")
@seed_option(None, "The same seed draws the same directions and points.")
@json_option("the report")
@html_option()
@workers_option("1")
@executor_option()
@click.option("--github", is_flag=True, help="Print findings as annotations of a GitHub workflow, too.")
def check_grad(
    function: str,
    derivative: str | None,
    at: str,
    kind: str | None,
    framework: str | None,
    wrt: str | None,
    seed: int | None,
    json_file: str | None,
    html_file: str | None,
    github: bool,
    workers: int | None,
    executor: str | None,
    **options: Any,
) -> None:
    """Check DERIVATIVE of FUNCTION, each module:function or file.py:function, at a point or at those of a strategy.

    minibp check-grad loss.py:f loss.py:grad --at "np.ones(3)"

    minibp check-grad layer.py:forward layer.py:backward --kind vjp --at point.npz

    minibp check-grad net.py:Layer.apply --framework torch --at "arrays(float, (4, 3), elements=st.floats(-3, 3))"

    Arrays of a file are the arguments, by the names that FUNCTION has for them, or in their order.
    """
    expect_outputs(json_file, html_file)
    with usable(), json_alone(json_file), own_arguments(function):
        f = loaded(function)
        chosen = kind or ("vjp" if framework else "grad")
        made = FRAMEWORKS[framework](f, arithmetic=options["arithmetic"]) if framework else None
        claim = _claim(derivative, chosen, made)
        point = _point(at, f, function, made)
        question = _question(chosen, made.f if made else f, claim, wrt, options)
        from minibp.check.grad.points import is_strategy, report_of

        with bar("points") as progress, team(workers, executor, default=1, single=not is_strategy(point)) as who:
            report = report_of(question, point, None, options["examples"], seed, False, progress, who.executor)
        told = {"at": at, "kind": chosen, "framework": framework, "wrt": wrt} | options
        oracles = told.pop("oracles")
        given = [
            (f"--{name}", str(value)) for name, value in (told | {"seed": report.seed}).items() if value is not None
        ]
        given += [("--oracle", name) for name in oracles]
        again = ["minibp", "check-grad", function, *([derivative] if derivative else []), *chain.from_iterable(given)]
        report = replace(report, again=shlex.join(again))
        if github:
            annotate(report, loaded(derivative) if derivative else f, json_file)
        finish(report, json_file, html_file)


def _claim(derivative: str | None, kind: str, made: Any) -> Any:
    """The derivative that is checked: the user's own, or that of a framework."""
    if derivative is not None:
        return loaded(derivative)
    if made is None:
        reject("DERIVATIVE is missing: what computes the derivative of FUNCTION, or --framework for its own")
    if kind not in {"grad", "vjp", "jvp"}:
        reject(f"--kind {kind} needs DERIVATIVE; of a framework itself grad, vjp and jvp are checked")
    return getattr(made, kind)


def _question(kind: str, f: Any, claim: Any, wrt: str | None, options: dict[str, Any]) -> Any:
    from minibp.check.grad.engine import CALLS
    from minibp.check.grad.question import question_of

    names = [int(name) if name.isdecimal() else name for name in wrt.split(",")] if wrt else None
    oracles = options["oracles"] or ORACLES
    calls, accuracy, arithmetic = options["calls"] or CALLS, options["accuracy"], options["arithmetic"]
    return question_of(kind, f, claim, oracles, calls, accuracy, names, arithmetic)


def _point(at: str, f: Any, target: str, made: Any) -> Any:
    """The point, or the strategy, of --at; of a module after its parameters."""
    point = _of_file(at, made.f if made else f) if at.endswith((".npz", ".npy")) else _of_expression(at, f, target)
    parameters = getattr(made, "parameters", {})
    if not parameters:
        return point
    if hasattr(point, "map") and hasattr(point, "example"):
        return point.map(lambda drawn: (parameters, *drawn) if isinstance(drawn, tuple) else (parameters, drawn))
    return (parameters, *point) if isinstance(point, tuple) else (parameters, point)


def _of_file(path: str, f: Any) -> Any:
    """The arrays of a file, in the order of the arguments that have their names, or else in their own."""
    try:
        with checked_path(path).open("rb") as file:
            if path.endswith(".npy"):
                return np.load(file, allow_pickle=False)
            held = Archive(file)
            arrays = {name: held[name] for name in held.names()}
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None
    except (InputError, ValueError) as error:
        raise InputError(f"{path}: {error}") from None
    from minibp.check.grad.arguments import names_of_arguments

    if not arrays:
        raise InputError(f"{path}: it has no arrays, expected those of the arguments")
    names = [name for name in names_of_arguments(f, len(arrays), several=True) if name in arrays]
    ordered = [arrays[name] for name in names] if len(names) == len(arrays) else list(arrays.values())
    return tuple(ordered) if len(ordered) > 1 else ordered[0]


def _of_expression(text: str, f: Any, target: str) -> Any:
    """What an expression gives, with np, st and arrays, and the names of the file of the function."""
    from hypothesis import strategies as st
    from hypothesis.extra.numpy import arrays

    own = dict(getattr(f, "__globals__", {}))
    try:
        return eval(text, {**own, "np": np, "st": st, "arrays": arrays})  # noqa: S307 -- the user's own command
    except Exception as error:
        raise InputError(
            f"--at is {text!r}, which is no .npz file, and as an expression raised {description_of(error)}"
        ) from error
