"""Seconds and calls of f that a check of a gradient takes, beside those of torch.autograd.gradcheck.

    python benchmarks/any_function_speed.py [--entries N ...] [--rounds R] [--profile]

The same scalar functions at the same points: by NumPy with a gradient by hand for `minibp.check_grad`, and by PyTorch's
operators for gradcheck, slow and fast. The median of the rounds counts, which take turns. With --profile the functions
of minibp's check that take most time of their own are printed for each number of entries. Without PyTorch, minibp's
figures alone. Ends with 1 where a right gradient is not called correct. Where others use the machine too, set
OPENBLAS_NUM_THREADS=1.
"""

from __future__ import annotations

import argparse
import cProfile
import io
import pstats
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np

import minibp
from minibp.tables import grid

Array = np.ndarray
PROFILED = 25
"""Lines of a profile."""


class Pair(NamedTuple):
    """A function by NumPy, its gradient, and the same by PyTorch."""

    f: Callable[[Array], Any]
    grad: Callable[[Array], Array]
    by_torch: Callable[[Any], Any]


def log_sum_exp(x: Array) -> Any:
    """Of numbers of usual size."""
    return np.log(np.exp(x).sum())


def softmax(x: Array) -> Array:
    """Its gradient."""
    e = np.exp(x)
    return e / e.sum()


def dense(n: int) -> Pair:
    """tanh(W x), squared, with a dense W."""
    w = np.random.default_rng(n).standard_normal((n, n)) / np.sqrt(n)

    def f(x: Array) -> Any:
        return (np.tanh(w @ x) ** 2).sum()

    def grad(x: Array) -> Array:
        a = np.tanh(w @ x)
        found: Array = w.T @ (2 * a * (1 - a * a))
        return found

    def by_torch(x: Any) -> Any:
        return (import_module("torch").from_numpy(w) @ x).tanh().square().sum()

    return Pair(f, grad, by_torch)


FUNCTIONS: dict[str, Callable[[int], Pair]] = {
    "log-sum-exp": lambda n: Pair(log_sum_exp, softmax, lambda x: x.exp().sum().log()),
    "sum of sines": lambda n: Pair(lambda x: np.sin(x).sum(), np.cos, lambda x: x.sin().sum()),
    "dense layer": dense,
}


class Counted:
    """A function that counts its calls."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function, self.calls = function, 0

    def __call__(self, *arguments: Any) -> Any:
        self.calls += 1
        return self.function(*arguments)


class Taken(NamedTuple):
    """What one check took, and whether it accepted."""

    seconds: float
    calls: int
    accepted: bool


def by_minibp(pair: Pair, x: Array) -> Taken:
    """check_grad with its defaults."""
    f = Counted(pair.f)
    start = time.perf_counter()
    report = minibp.check_grad(f, pair.grad, x, seed=0, raise_on_mismatch=False)
    return Taken(time.perf_counter() - start, f.calls, report.verdict == "correct")


def by_torch(pair: Pair, x: Array, *, fast: bool = False) -> Taken:
    """Gradcheck with its defaults."""
    torch = import_module("torch")
    f, given = Counted(pair.by_torch), torch.from_numpy(x.copy()).requires_grad_()
    start = time.perf_counter()
    accepted = torch.autograd.gradcheck(f, (given,), fast_mode=fast, raise_exception=False)
    return Taken(time.perf_counter() - start, f.calls, bool(accepted))


CHECKERS: dict[str, Callable[[Pair, Array], Taken]] = {
    "minibp": by_minibp,
    "torch": by_torch,
    "torch, fast": lambda pair, x: by_torch(pair, x, fast=True),
}


def measured(name: str, n: int, rounds: int) -> dict[str, Taken]:
    """By checker, the median of the seconds, the calls, and whether all were accepted."""
    pair, x = FUNCTIONS[name](n), np.random.default_rng(n).standard_normal(n)
    asked = {one: ask for one, ask in CHECKERS.items() if one == "minibp" or find_spec("torch")}
    for ask in asked.values():
        ask(pair, x)  # what is imported or compiled at a first call is no part of it
    taken: dict[str, list[Taken]] = {one: [] for one in asked}
    for _ in range(rounds):
        for one, ask in asked.items():
            taken[one].append(ask(pair, x))
    return {
        one: Taken(float(np.median([each.seconds for each in of])), of[-1].calls, all(each.accepted for each in of))
        for one, of in taken.items()
    }


def cells(name: str, n: int, found: dict[str, Taken]) -> list[str]:
    """A line of the table."""
    ours, theirs = found["minibp"], found.get("torch")
    ratios = ["", ""]
    if theirs:
        ratios = [f"{ours.seconds / theirs.seconds:.2f}", f"{ours.calls / theirs.calls:.2f}"]
    row = [name, str(n)]
    for one in CHECKERS:
        row += [f"{1e3 * found[one].seconds:.1f}", str(found[one].calls)] if one in found else ["", ""]
    return [*row, *ratios, "yes" if ours.accepted else "no"]


def profile(n: int) -> str:
    """The functions that take most time of their own in checks of all functions at n entries."""
    profiler = cProfile.Profile()
    for made in FUNCTIONS.values():
        pair, x = made(n), np.random.default_rng(n).standard_normal(n)
        by_minibp(pair, x)
        profiler.runcall(by_minibp, pair, x)
    text = io.StringIO()
    pstats.Stats(profiler, stream=text).strip_dirs().sort_stats("tottime").print_stats(PROFILED)
    return text.getvalue().strip()


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 where a right gradient is not called correct."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--entries", type=int, nargs="+", default=[1, 10, 100, 1000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args(arguments)
    rows, correct = [], True
    for name in FUNCTIONS:
        for n in options.entries:
            found = measured(name, n, options.rounds)
            correct &= found["minibp"].accepted
            rows.append(cells(name, n, found))
    head = [part for one in CHECKERS for part in (f"{one}, ms", "calls")]
    print("\n".join(grid(["function", "entries", *head, "time / torch", "calls / torch", "correct"], rows)))
    for n in options.entries if options.profile else ():
        print(f"\n{n} entries\n{profile(n)}")
    return int(not correct)


if __name__ == "__main__":
    sys.exit(main())
