"""The soak test: verification for a given time, of stacks of random networks, in several processes.

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
from minibp.arrays import FLOAT_DTYPES, InputError, checked_count
from minibp.check.oracles.jax_autodiff import oracle as jax_oracle
from minibp.check.problem_stack import Stack
from minibp.check.report.report import Report
from minibp.check.verify.implementations import Run
from minibp.drawing import (
    MAX_EXAMPLES,
    TEXTURES,
    X_TEXTURES,
    NumPyChoices,
    chosen_arrays,
    chosen_hidden,
    chosen_sizes,
    chosen_targets,
    fits,
    pairings,
)
from minibp.network import Network
from minibp.problem import Problem

STACKS = 8
"""Stacks in one block: some tenths of a second of work."""
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
    """Compare the package's implementations with all oracles until `seconds` are over, whatever fails on the way.

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
    for part in _blocks_run(chosen, lambda: passed() < seconds, executor, workers):
        run.merge(part)
        if progress is not None:
            progress(min(int(passed()), int(seconds)), int(seconds))
        stopping.reached(f"after {run.networks:,} networks; {run.alarms()}; seed {chosen}")
    taken = passed()
    rate = f"{run.networks / taken:,.0f} networks a second, by {workers} process{'es' if workers > 1 else ''}"
    if run.failed is not None:
        run.shrink(_stratum(run.failed), chosen)
    return run.concluded(chosen, taken, (rate, run.alarms()), again=f"minibp verify --soak {seconds:g} --seed {chosen}")


class Block(NamedTuple):
    """Some stacks of the campaign of a seed."""

    seed: int
    number: int


def _blocks_run(seed: int, goes_on: Callable[[], bool], executor: Executor | None, workers: int) -> Iterator[Run]:
    """The evidence of block after block; with an executor, as they end. At least one is done."""
    blocks = (Block(seed, number) for number in count())
    if executor is None:
        yield seen_in(next(blocks))
        while goes_on():
            yield seen_in(next(blocks))
        return
    waiting: set[Future[Run]] = {executor.submit(seen_in, next(blocks)) for _ in range(AHEAD * workers)}
    try:
        while waiting:
            ended, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in ended:
                yield future.result()
                if goes_on():
                    waiting.add(executor.submit(seen_in, next(blocks)))
    finally:
        for future in waiting:
            future.cancel()


def seen_in(block: Block) -> Run:
    """The evidence of the stacks of one block."""
    run = Run()
    rng = np.random.default_rng(block)
    for _ in range(STACKS):
        part = drawn(rng, jax_oracle.STACK)
        stack = Stack.of(part)
        run.hold(part, stack, jax_oracle.estimates(stack))
    return run


def drawn(rng: np.random.Generator, number: int) -> list[Problem]:
    """So many problems of one shape and with the same functions."""
    choices = NumPyChoices(rng)
    output, cost = choices.one_of(*pairings())
    widths = chosen_sizes(choices, jax_oracle.MAX_DEPTH)
    if not fits(output, cost, widths[-1]):
        widths[-1] = 2  # softmax over a single neuron is always 1
    hidden = chosen_hidden(choices, len(widths) - 2)
    dtype, m = choices.one_of(*FLOAT_DTYPES), choices.whole(1, MAX_EXAMPLES)
    shapes = [(number, n, k) for n, k in zip(widths[1:], widths, strict=False)]
    weights = chosen_arrays(choices, shapes, dtype, TEXTURES)
    biases = chosen_arrays(choices, [(number, n) for n in widths[1:]], dtype, TEXTURES)
    x = chosen_arrays(choices, [(number, m, widths[0])], dtype, X_TEXTURES)[0]
    y = chosen_targets(choices, cost, (number, m, widths[-1]), dtype)
    alphas = rng.choice([0.0, 1.0, 0.1, 5.0], number)
    return [
        Problem(
            Network([w[s] for w in weights], [b[s] for b in biases], [*hidden, output]), cost, x[s], y[s], alphas[s]
        )
        for s in range(number)
    ]


def _stratum(problem: Problem) -> dict[str, Any]:
    """The properties that a smaller failure should share with this one."""
    return {
        "output_activation": problem.network.activations[-1].name,
        "cost": problem.cost.name,
        "dtype": problem.dtype,
        "l2": problem.l2.alpha,
    }
