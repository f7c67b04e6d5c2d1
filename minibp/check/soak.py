"""Verifying for as long as one likes: stacks of random networks, in as many processes as there are.

Networks have up to 4 layers after the input, 16 neurons a layer and 8 examples, chosen as in `strategies` and filled
with its textures. They are drawn by NumPy, since Hypothesis takes longer to draw a network than it takes to check one;
what fails is handed to Hypothesis for a smaller one.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from itertools import count
from typing import Any, NamedTuple

import numpy as np

from minibp import stopping
from minibp.activations import HIDDEN
from minibp.arrays import FLOAT_DTYPES, Array, InputError, checked_count
from minibp.check import compilation, jax_stack
from minibp.check.forms import Run
from minibp.check.report import Report
from minibp.check.stack import Stack
from minibp.network import Network
from minibp.problem import Problem
from minibp.strategies import (
    LAYERS,
    MAX_EXAMPLES,
    TEXTURES,
    WIDTHS,
    X_TEXTURES,
    Texture,
    filled_targets,
    fits,
    pairings,
)

STACKS = 8
"""Stacks in one task: some tenths of a second of work."""
AHEAD = 2
"""Tasks that wait for each worker: enough that none waits for them."""


def soak(
    seconds: float,
    *,
    seed: int | None = None,
    workers: int = 1,
    executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Hold the package's own forms against all oracles until `seconds` are over, whatever is wrong on the way.

    The same seed gives the same networks in the same order, as many as there is time for. `executor` does the work
    where one is given, of so many `workers`. `progress` is called with the seconds that have passed and will pass.

    >>> soak(0.01, seed=1).verdict
    'correct'
    """
    if not 0 < seconds < np.inf:
        raise InputError(f"seconds is {seconds}, expected a number above 0")
    chosen = secrets.randbits(32) if seed is None else checked_count("seed", seed, least=0)
    started = time.perf_counter()

    def passed() -> float:
        return time.perf_counter() - started

    run = Run()
    for part in _done(chosen, lambda: passed() < seconds, executor, workers):
        run.merge(part)
        if progress is not None:
            progress(min(int(passed()), int(seconds)), int(seconds))
        stopping.reached(f"after {run.networks:,} networks; {run.alarms()}; seed {chosen}")
    taken = passed()
    rate = f"{run.networks / taken:,.0f} networks a second, by {workers} process{'es' if workers > 1 else ''}"
    if run.failed is not None:
        run.shrink(_stratum(run.failed), chosen)
    silent = () if run.failed else run.silent()
    return Report(
        verdict="wrong" if run.failed else "undecided" if silent else "correct",
        findings=tuple(run.findings),
        counterexample=run.failed,
        seed=chosen,
        seconds=taken,
        networks=run.networks,
        entries=run.entries,
        skipped=dict(run.skipped),
        tallies=run.tallies,
        covered=dict(sorted(run.covered.items())),
        notes=(rate, run.alarms(), *silent, *filter(None, [compilation.advice()])),
        again=f"minibp verify --soak {seconds:g} --seed {chosen}",
    )


class Task(NamedTuple):
    """Some stacks of the campaign of a seed."""

    seed: int
    number: int


def _done(seed: int, goes_on: Callable[[], bool], executor: Executor | None, workers: int) -> Iterator[Run]:
    """What is seen in task after task; with an executor, as they end. At least one is done."""
    tasks = (Task(seed, number) for number in count())
    if executor is None:
        yield _seen(next(tasks))
        while goes_on():
            yield _seen(next(tasks))
        return
    waiting: set[Future[Run]] = {executor.submit(_seen, next(tasks)) for _ in range(AHEAD * workers)}
    try:
        while waiting:
            ended, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in ended:
                yield future.result()
                if goes_on():
                    waiting.add(executor.submit(_seen, next(tasks)))
    finally:
        for future in waiting:
            future.cancel()


def _seen(task: Task) -> Run:
    """What is seen in the stacks of one task."""
    run = Run()
    rng = np.random.default_rng(task)
    for _ in range(STACKS):
        part = drawn(rng, jax_stack.STACK)
        stack = Stack.of(part)
        run.hold(part, stack, jax_stack.estimates(stack))
    return run


def drawn(rng: np.random.Generator, number: int) -> list[Problem]:
    """So many problems of one shape and with the same functions."""
    layers = _one_of(rng, [n for n in LAYERS if n <= jax_stack.DEPTH])
    widths = rng.integers(1, _one_of(rng, WIDTHS) + 1, layers + 1).tolist()
    if rng.integers(3) == 0:
        widths = [widths[0]] * (layers + 1)
    output, cost = _one_of(rng, pairings())
    if not fits(output, cost, widths[-1]):
        widths[-1] = 2  # softmax over a single neuron is always 1
    names = list(HIDDEN)
    hidden = [_one_of(rng, names)] * (layers - 1) if rng.integers(2) else [_one_of(rng, names) for _ in widths[2:]]
    dtype, m = _one_of(rng, FLOAT_DTYPES), int(rng.integers(1, MAX_EXAMPLES + 1))
    weights = _filled(rng, TEXTURES, [(number, n, k) for n, k in zip(widths[1:], widths, strict=False)], dtype)
    biases = _filled(rng, TEXTURES, [(number, n) for n in widths[1:]], dtype)
    x = _filled(rng, X_TEXTURES, [(number, m, widths[0])], dtype)[0]
    if cost.name in ("cross_entropy", "categorical_cross_entropy"):
        y = filled_targets(cost, (number, m, widths[-1]), dtype, bool(rng.integers(2)), rng)
    else:
        y = _filled(rng, X_TEXTURES, [(number, m, widths[-1])], dtype)[0]
    alphas = rng.choice([0.0, 1.0, 0.1, 5.0], number)
    return [
        Problem(
            Network([w[s] for w in weights], [b[s] for b in biases], [*hidden, output]), cost, x[s], y[s], alphas[s]
        )
        for s in range(number)
    ]


def _one_of(rng: np.random.Generator, values: Any) -> Any:
    return values[int(rng.integers(len(values)))]


def _filled(
    rng: np.random.Generator, textures: dict[str, Texture | None], shapes: list[tuple[int, ...]], dtype: str
) -> list[Array]:
    """Arrays of one texture, of those that fill by themselves."""
    fill = _one_of(rng, [texture for texture in textures.values() if texture is not None])
    return [fill(rng, shape).astype(dtype) for shape in shapes]


def _stratum(problem: Problem) -> dict[str, Any]:
    """What a smaller failure should have in common with this one."""
    return {
        "output_activation": problem.network.activations[-1].name,
        "cost": problem.cost.name,
        "dtype": problem.dtype,
        "l2": problem.l2.alpha,
    }
