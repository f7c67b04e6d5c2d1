"""The soak test: verification for a given time or number of stacks of random networks, by several workers.

Networks have up to 4 layers after the input, 16 neurons a layer and 8 examples, chosen as in `strategies` and filled
with its textures. They are drawn by NumPy, since Hypothesis takes longer to draw a network than it takes to check one;
what fails is handed to Hypothesis for a smaller one.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import closing
from itertools import count
from typing import Any, NamedTuple

import numpy as np

from minibp import stopping
from minibp.arrays import FLOAT_DTYPES, InputError, checked_count
from minibp.blocks import AHEAD_OF_A_WORKER, in_order
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
from minibp.workers import described

STACKS = 8
"""Stacks in one block: some tenths of a second of work."""


def soak(
    seconds: float | None = None,
    *,
    networks: int | None = None,
    seed: int | None = None,
    workers: int = 1,
    executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Compare the package's implementations with all oracles until `seconds` are over, whatever fails on the way.

    Or, with `networks` in place of `seconds`, on so many of them. The same seed gives the same networks in the same
    order, and so many of them the same figures. `executor` does the work where one is given, of so many `workers`.
    `progress` is called with the seconds, or the networks, that are done and will be.

    >>> soak(0.01, seed=1).verdict
    'correct'
    """
    if (seconds is None) == (networks is None):
        raise InputError("a soak ends after so many seconds or so many networks: expected one of them")
    if seconds is not None and not 0 < seconds < np.inf:
        raise InputError(f"seconds is {seconds}, expected a number above 0")
    total = None if networks is None else checked_count("networks", networks)
    chosen = secrets.randbits(32) if seed is None else checked_count("seed", seed, least=0)
    started = time.perf_counter()

    def passed() -> float:
        return time.perf_counter() - started

    run, failing = Run(), None
    blocks = _blocks(chosen, total, lambda: passed() < (seconds or np.inf))
    with closing(in_order(seen_in, blocks, executor, AHEAD_OF_A_WORKER * workers)) as parts:
        for number, part in enumerate(parts):
            run.merge(part)
            if failing is None and run.failed is not None:
                failing = number
            if progress is not None:
                end = total or int(seconds or 0)
                progress(run.networks if total else min(int(passed()), end), end)
            stopping.reached(f"after {run.networks:,} networks; {run.alarms()}; seed {chosen}")
    taken = passed()
    notes = [f"{run.networks / taken:,.0f} networks a second, by {described(executor, workers)}", run.alarms()]
    if run.failed is not None:
        code = f"from minibp.check.verify import soak; print(soak.seen_in(soak.Block({chosen}, {failing})).findings)"
        notes.append(f"the first failure is in block {failing}: {code}")
        run.shrink(_stratum(run.failed), chosen)
    until = f"--networks {total}" if total else f"--soak {seconds:g}"
    return run.concluded(chosen, taken, notes, again=f"minibp verify {until} --seed {chosen}")


class Block(NamedTuple):
    """Some stacks of the campaign of a seed."""

    seed: int
    number: int
    networks: int = STACKS * jax_oracle.STACK
    """The first so many of them."""

    def __str__(self) -> str:
        return f"block {self.number} of seed {self.seed}"


def _blocks(seed: int, networks: int | None, goes_on: Callable[[], bool]) -> Iterator[Block]:
    """Blocks for so many networks, or while it goes on; at least one."""
    whole = STACKS * jax_oracle.STACK
    for number in count():
        left = whole if networks is None else min(whole, networks - number * whole)
        if left <= 0 or (number and not goes_on()):
            return
        yield Block(seed, number, left)


def seen_in(block: Block) -> Run:
    """The evidence of the stacks of one block."""
    run = Run()
    rng = np.random.default_rng((block.seed, block.number))
    while run.networks < block.networks:
        part = drawn(rng, jax_oracle.STACK)[: block.networks - run.networks]
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
