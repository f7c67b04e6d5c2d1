"""Right and wrong derivatives of PyTorch and JAX, given to minibp and to the framework's own checker.

    python benchmarks/frameworks.py [--every N] [--coarse]

Forty operations and layers of PyTorch and twenty functions of JAX with rules of their own: each right, and with three
mistakes. Of the right ones those that are called wrong are counted, of the wrong ones those that are not, and the
seconds of both. With --coarse also layers in bfloat16, float16 and emulated TF32, right, off by a part, and with a
missing term: the verdicts by the size of the mistake. Ends with 1 where minibp is wrong about a right derivative, or
calls a wrong one correct.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np
from derivatives import of_jax as zoo_jax
from derivatives import of_torch as zoo_torch

import minibp
from minibp.adapters import jax_function, torch_function
from minibp.check.grad.formats import as_format
from minibp.tables import grid

Array = np.ndarray
FACTORS = (1.0, 1.001, 1.01, 1.03, 1.1, 1.3)
"""A right gradient, and some that are off by a part."""
SEEDS = 3
LAYER = 3, 6, 4
"""Of layers in coarse arithmetic: how many are drawn, and their examples, inputs and units."""


class Case(NamedTuple):
    """One derivative, with the two checkers of it, which tell whether they accept it."""

    framework: str
    mistake: str
    ours: Callable[[], bool]
    theirs: Callable[[], bool]


def of_torch() -> Iterator[Case]:
    """Operations and layers of PyTorch."""
    torch = import_module("torch")
    for fn, arrays in zoo_torch.entries(torch).values():
        which = zoo_torch.place_of_mistake(torch, fn, arrays)
        for mistake in ("", *zoo_torch.MISTAKES):
            code = zoo_torch.mistaken(torch, fn, arrays, which, mistake) if mistake else fn
            yield Case("PyTorch", mistake, _ours_of_torch(torch, code, arrays), _gradcheck(torch, code, arrays))


def _ours_of_torch(torch: Any, code: Any, arrays: list[Array]) -> Callable[[], bool]:
    def ours() -> bool:
        layer = torch_function(code)
        point = (layer.parameters, *arrays) if isinstance(code, torch.nn.Module) else tuple(arrays)
        return bool(minibp.check_vjp(*layer, point, seed=1, raise_on_mismatch=False))

    return ours


def _gradcheck(torch: Any, code: Any, arrays: list[Array]) -> Callable[[], bool]:
    def theirs() -> bool:
        names = [name for name, _ in code.named_parameters()] if isinstance(code, torch.nn.Module) else []
        own = [parameter.detach().clone() for _, parameter in code.named_parameters()] if names else []
        inputs = [torch.from_numpy(array.copy()) for array in arrays]
        given = [one.requires_grad_() if one.is_floating_point() else one for one in (*own, *inputs)]

        def f(*args: Any) -> Any:
            if not names:
                return code(*args)
            return torch.func.functional_call(code, dict(zip(names, args, strict=False)), args[len(names) :])

        return bool(torch.autograd.gradcheck(f, tuple(given), raise_exception=False))

    return theirs


def of_jax() -> Iterator[Case]:
    """Functions of JAX with rules of their own."""
    jax = import_module("jax")
    for name in zoo_jax.NAMES:
        for mistake in ("", *zoo_jax.MISTAKES):
            fn = zoo_jax.function(jax, name, mistake or None)
            yield Case("JAX", mistake, _ours_of_jax(fn), _check_grads(fn))


def _ours_of_jax(fn: Any) -> Callable[[], bool]:
    return lambda: bool(minibp.check_vjp(*jax_function(fn), zoo_jax.X, seed=1, raise_on_mismatch=False))


def _check_grads(fn: Any) -> Callable[[], bool]:
    def theirs() -> bool:
        jax = import_module("jax")
        with jax.enable_x64(True):
            try:
                import_module("jax.test_util").check_grads(fn, (zoo_jax.X,), order=1, modes=["rev"])
            except AssertionError:
                return False
        return True

    return theirs


class Count(NamedTuple):
    """What a checker made of right and wrong derivatives."""

    alarms: int
    right: int
    missed: int
    wrong: int
    seconds: float


def counted(cases: Sequence[tuple[Case, bool, float]]) -> Count:
    """By case, whether it was accepted, and in what time."""
    right = [accepted for case, accepted, _ in cases if not case.mistake]
    wrong = [accepted for case, accepted, _ in cases if case.mistake]
    return Count(right.count(False), len(right), sum(wrong), len(wrong), sum(seconds for *_, seconds in cases))


def asked(check: Callable[[], bool]) -> tuple[bool, float]:
    """Whether a checker accepts, and the seconds; what raises does not."""
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            accepted = check()
        except Exception:  # noqa: BLE001 -- whatever a checker raises is no acceptance
            accepted = False
    return accepted, time.perf_counter() - start


def side_by_side(every: int) -> tuple[list[str], bool]:
    """The table, and whether minibp made no mistake."""
    rows, fine = [], True
    for framework, cases, own in (("PyTorch", of_torch, "gradcheck"), ("JAX", of_jax, "check_grads")):
        if framework == "PyTorch" and not find_spec("torch"):
            continue
        chosen = [case for i, case in enumerate(cases()) if i % every == 0]
        for name, which in (("minibp", "ours"), (own, "theirs")):
            found = counted([(case, *asked(getattr(case, which))) for case in chosen])
            fine &= name != "minibp" or not (found.alarms or found.missed)
            told = f"{found.alarms} of {found.right}", f"{found.missed} of {found.wrong}", f"{found.seconds:.1f}"
            rows.append([framework, name, *told])
    return grid(["derivatives of", "checker", "right, called wrong", "wrong, accepted", "s"], rows), fine


# -- coarse arithmetic


def layer(x: Array, w: Array, b: Array) -> Array:
    """tanh of a dense layer."""
    found: Array = np.tanh(x @ w + b)
    return found


def backward_in(name: str, factor: float = 1.0, *, missing: bool = False) -> Callable[..., tuple[Array, ...]]:
    """Its backward pass with every operation rounded to a format, off by a factor, or without σ'."""

    def rounded(array: Any) -> Array:
        return as_format(np.asarray(array, float), name)

    def backward(x: Array, w: Array, b: Array, c: Array) -> tuple[Array, ...]:
        x, w, b, c = map(rounded, (x, w, b, c))
        a = rounded(np.tanh(rounded(rounded(x @ w) + b)))
        d = c if missing else rounded(c * rounded(1 - rounded(a * a)))
        return tuple((factor * rounded(part)).astype(np.float32) for part in (d @ w.T, x.T @ d, d.sum(0)))

    return backward


def coarse() -> tuple[list[str], bool]:
    """Verdicts by arithmetic and size of the mistake, and whether none of a right one, or of a tenth, is mistaken."""
    rows, fine = [], True
    for name in ("tf32", "float16", "bfloat16"):
        cells = [name]
        for factor, missing in [*((factor, False) for factor in FACTORS), (1.0, True)]:
            verdicts = []
            for seed in range(SEEDS):
                rng = np.random.default_rng(seed)
                m, n, k = LAYER
                point = rng.standard_normal((m, n)), rng.standard_normal((n, k)) / 2, rng.standard_normal(k)
                claim = backward_in(name, factor, missing=missing)
                report = minibp.check_vjp(layer, claim, point, seed=seed, arithmetic=name, raise_on_mismatch=False)
                verdicts.append(report.verdict)
            cells.append(", ".join(f"{verdicts.count(one)} {one}" for one in dict.fromkeys(verdicts)))
            right = factor == 1 and not missing
            fine &= set(verdicts) == {"correct"} if right else factor < FACTORS[-2] or "correct" not in verdicts
        rows.append(cells)
    head = ["arithmetic", "right", *(f"times {factor:g}" for factor in FACTORS[1:]), "σ' missing"]
    return grid(head, rows), fine


def main(arguments: Sequence[str] | None = None) -> int:
    """Check and print; 1 where minibp was mistaken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--every", type=int, default=1, help="of the derivatives, ask every so many")
    parser.add_argument("--coarse", action="store_true", help="also layers in coarse arithmetic")
    options = parser.parse_args(arguments)
    table, fine = side_by_side(options.every)
    print("\n".join(table))
    if options.coarse:
        table, also = coarse()
        print("\n" + "\n".join(table))
        fine &= also
    return int(not fine)


if __name__ == "__main__":
    sys.exit(main())
