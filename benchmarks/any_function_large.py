"""What the check of a function of many entries takes, and whether it places a single wrong one.

    python benchmarks/any_function_large.py [--entries N] [--wrong-among N] [--function NAME] [--seed S]

Each function is checked at a point of N entries with its right gradient: the time in units of one call of f and one of
the gradient, the calls of both, and the most memory that the check holds at once, in units of that of the arguments, as
tracemalloc counts it in a run of its own. Beside it stands what f and the gradient hold themselves. Then one entry of
the gradient is made wrong among fewer, at a random place, which the report has to name. Ends with 1 where a right
gradient is not called correct, or a wrong one is not placed.
"""

from __future__ import annotations

import argparse
import sys
import time
import tracemalloc
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

import minibp
from minibp.console import bar
from minibp.tables import grid

Array = np.ndarray
ROUNDS = 5
"""Calls of f and of the gradient that are timed; the median counts."""
WRONG: dict[str, Callable[[float], float]] = {
    "sign flipped": lambda g: -g,
    "off by 1 %": lambda g: 1.01 * g,
    "0": lambda g: 0.0,
}


class Large(NamedTuple):
    """A function, its gradient, and a point of about so many entries."""

    f: Callable[[Any], Any]
    grad: Callable[[Any], Any]
    point: Callable[[int, np.random.Generator], Any]


# -- functions; the arguments of f may be complex


def log_sum_exp(x: Array) -> Any:
    """Without overflow."""
    top = x.real.max()
    return np.log(np.exp(x - top).sum()) + top


def softmax(x: Array) -> Array:
    """Its gradient."""
    e = np.exp(x - x.max())
    return e / e.sum()


def chain(x: Array) -> Any:
    """A quadratic form with a matrix of three diagonals, and a linear term."""
    return x @ x - x[1:] @ x[:-1] + x.sum()


def chain_gradient(x: Array) -> Array:
    """Its gradient."""
    found = 2 * x + 1
    found[1:] -= x[:-1]
    found[:-1] -= x[1:]
    return found


ROWS, CLASSES = 32, 10
INPUTS = np.random.default_rng(1).standard_normal((ROWS, 8192))
"""Examples; a net takes as many columns as it has inputs."""
TARGETS = np.eye(CLASSES)[np.arange(ROWS) % CLASSES]


def net(p: dict[str, Array]) -> Any:
    """The mean squared error of two layers, tanh between them."""
    a = np.tanh(INPUTS[:, : len(p["w1"])] @ p["w1"] + p["b1"])
    return ((a @ p["w2"] + p["b2"] - TARGETS) ** 2).sum() / ROWS


def net_gradient(p: dict[str, Array]) -> dict[str, Array]:
    """Its gradient, by hand."""
    x = INPUTS[:, : len(p["w1"])]
    a = np.tanh(x @ p["w1"] + p["b1"])
    out = 2 / ROWS * (a @ p["w2"] + p["b2"] - TARGETS)
    back = out @ p["w2"].T * (1 - a * a)
    return {"w1": x.T @ back, "b1": back.sum(0), "w2": a.T @ out, "b2": out.sum(0)}


def net_point(n: int, rng: np.random.Generator) -> dict[str, Array]:
    """Parameters of a net whose first layer has nearly all of them."""
    hidden = max(2, round(n**0.4))
    inputs = max(1, (n - CLASSES) // hidden - CLASSES - 1)
    return {
        "w1": rng.standard_normal((inputs, hidden)) / np.sqrt(inputs),
        "b1": 0.1 * rng.standard_normal(hidden),
        "w2": rng.standard_normal((hidden, CLASSES)) / np.sqrt(hidden),
        "b2": 0.1 * rng.standard_normal(CLASSES),
    }


def vector(n: int, rng: np.random.Generator) -> Array:
    """Of usual size."""
    return rng.standard_normal(n)


FUNCTIONS = {
    "log-sum-exp": Large(log_sum_exp, softmax, vector),
    "quadratic form": Large(chain, chain_gradient, vector),
    "two-layer net": Large(net, net_gradient, net_point),
}


# -- what is measured


class Counted:
    """A function that counts its calls."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self.function, self.calls = function, 0

    def __call__(self, *arguments: Any) -> Any:
        self.calls += 1
        return self.function(*arguments)


class Row(NamedTuple):
    """What came of one right gradient."""

    name: str
    entries: int
    verdict: str
    unit: float
    """Seconds of one call of f and one of the gradient."""
    seconds: float
    calls: tuple[int, int]
    memory: float
    own: float
    """The most memory that f and the gradient hold, in the same unit."""

    def cells(self) -> list[str]:
        """For the table."""
        times = f"{1e3 * self.unit:.1f}", f"{1e3 * self.seconds:.0f}", f"{self.seconds / self.unit:.0f}"
        memory = f"{self.memory:.1f}", f"{self.own:.1f}"
        return [self.name, f"{self.entries:,}", self.verdict, *times, *map(str, self.calls), *memory]


def bytes_of(point: Any) -> int:
    """Of all arrays of a point."""
    return sum(part.nbytes for part in point.values()) if isinstance(point, dict) else point.nbytes


def held(call: Callable[[], Any]) -> int:
    """The most bytes that a call holds at once."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def unit_of(large: Large, point: Any) -> float:
    """Seconds of one call of f and one of the gradient."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        large.f(point)
        large.grad(point)
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def measured(name: str, entries: int, seed: int) -> Row:
    """Check the right gradient, once for the time and once for the memory."""
    large = FUNCTIONS[name]
    point = large.point(entries, np.random.default_rng(seed))
    size, unit = bytes_of(point), unit_of(large, point)
    f, grad = Counted(large.f), Counted(large.grad)
    start = time.perf_counter()
    report = minibp.check_grad(f, grad, point, seed=seed, raise_on_mismatch=False)
    seconds = time.perf_counter() - start
    memory = held(lambda: minibp.check_grad(large.f, large.grad, point, seed=seed, raise_on_mismatch=False))
    own = held(lambda: (large.f(point), large.grad(point)))
    return Row(name, report.entries, report.verdict, unit, seconds, (f.calls, grad.calls), memory / size, own / size)


def placed(name: str, mistake: str, entries: int, seed: int) -> tuple[bool, str, str]:
    """Whether a single wrong entry is found and named; its name, and what is printed of the answer."""
    large, rng = FUNCTIONS[name], np.random.default_rng(seed)
    point = large.point(entries, rng)
    key = "w1" if isinstance(point, dict) else None
    array = point[key] if key else point
    at = tuple(int(rng.integers(length)) for length in array.shape)

    def wrong(p: Any) -> Any:
        found = large.grad(p)
        own = found[key] if key else found
        own[at] = WRONG[mistake](own[at])
        return found

    report = minibp.check_grad(large.f, wrong, point, seed=seed, raise_on_mismatch=False)
    spots = [(f"['{key}']" if key else "") + f"[{by.join(map(str, at))}]" for by in (", ", "][")]  # however written
    said = str(report.findings[0]) if report.findings else ""
    found = any(f"grad{spot} =" in said for spot in spots)
    entry = next((line.split(" = ")[0].strip() for line in said.splitlines() if line.strip().startswith("grad")), "")
    return found, spots[0], "yes" if found else f"no: {report.verdict} {entry}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 where a check goes wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--wrong-among", type=int, default=100_000)
    parser.add_argument("--function", choices=FUNCTIONS, help="one of them alone")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    names = [options.function] if options.function else list(FUNCTIONS)
    rows = []
    with bar("functions") as progress:
        for number, name in enumerate(names):
            progress(number, len(names))
            rows.append(measured(name, options.entries, options.seed))
    head = [
        "right gradients",
        "entries",
        "verdict",
        "ms of f + gradient",
        "ms",
        "in these",
        "calls of f",
        "of gradient",
    ]
    lines = [row.cells() for row in rows]
    print("\n".join(grid([*head, "memory / arguments", "of f + gradient"], lines)), flush=True)
    found, lines = [], []
    for name in names:
        for mistake in WRONG:
            start = time.perf_counter()
            fine, spot, answer = placed(name, mistake, options.wrong_among, options.seed)
            found.append(fine)
            lines.append([name, mistake, spot, answer, f"{time.perf_counter() - start:.1f}"])
    print(f"\none entry among {options.wrong_among:,} is wrong")
    print("\n".join(grid(["function", "mistake", "where", "placed", "s"], lines)))
    return int(not all(found) or any(row.verdict != "correct" for row in rows))


if __name__ == "__main__":
    sys.exit(main())
