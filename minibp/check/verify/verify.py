"""The verification of the package: problems drawn, oracles and implementations compared, a report."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import closing
from typing import Any, NamedTuple

import numpy as np

from minibp import data
from minibp.arrays import FLOAT_DTYPES, checked_count
from minibp.blocks import expect_executor, in_order
from minibp.check.generation import draw
from minibp.check.report.report import Report
from minibp.check.verify.implementations import Run
from minibp.drawing import pairings
from minibp.network import Network
from minibp.problem import Problem
from minibp.strategies import problems

EXAMPLES = 2016
"""Networks that `verify` draws by default: 24 for each output, cost and dtype, with and without L2."""
PART = 50
"""Networks that are drawn before the first of them is checked."""
DIGITS, MNIST_DIGITS = 10, 4
"""Images in each problem on real data: every one of MNIST's 23,860 parameters is moved for each."""

Progress = Callable[[int, int], None]


def verify(
    *,
    examples: int = EXAMPLES,
    seed: int | None = None,
    progress: Progress | None = None,
    executor: Executor | None = None,
) -> Report:
    """Check the package's own implementations of backprop against every oracle.

    On networks of every output activation with every cost that fits it, both dtypes, with and without L2 and of all
    hidden activations, and on images of digits.

    Parameters
    ----------
    examples : int, optional
        Number of networks that are drawn, at least 1. Default 2016.
    seed : int, optional
        The same seed gives the same networks and the same figures. Default None: a new one, which the report names.
    progress : callable, optional
        Called with the number of networks done and the number there will be.
    executor : concurrent.futures.Executor, optional
        Does the work, a process pool say, or that of a Dask client; the figures are the same. Default None: this
        process.

    Returns
    -------
    Report
        Its verdict is "correct", "wrong" or "undecided".

    Raises
    ------
    InputError
        For arguments that cannot be used.

    Examples
    --------
    >>> import minibp
    >>> minibp.verify(examples=20, seed=1).verdict
    'correct'
    """
    started = time.perf_counter()
    count = checked_count("examples", examples)
    chosen = secrets.randbits(32) if seed is None else checked_count("seed", seed, least=0)
    expect_executor(executor)
    shares, notes = _shares(count, chosen)
    run = Run()
    total = count + sum(len(share.problems) for share in shares)
    with closing(in_order(_run, shares, executor)) as parts:
        for share, part in zip(shares, parts, strict=True):
            run.merge(part)
            if progress is not None:
                progress(run.networks, total)
            if run.failed is not None:
                run.shrink(share.stratum, share.seed)
                break
    return run.concluded(
        chosen, time.perf_counter() - started, notes, again=f"minibp verify --examples {count} --seed {chosen}"
    )


class Share(NamedTuple):
    """A part of a campaign: given problems, and some to be drawn from one stratum of all there are."""

    problems: tuple[Problem, ...]
    stratum: dict[str, Any]
    draws: int
    seed: int

    def __str__(self) -> str:
        traits = ", ".join(f"{name}={value!r}" for name, value in self.stratum.items())
        return f"the {self.draws} networks of problems({traits}) and seed {self.seed}" if self.draws else "an image"


def _shares(count: int, seed: int) -> tuple[list[Share], tuple[str, ...]]:
    """The shares of `verify`, and notes on what it cannot check.

    The images come last, since the first failure is the one that is shown and a small network shows it best.
    """
    strata = [
        {"output_activation": output.name, "cost": cost.name, "dtype": dtype, "l2": l2}
        for output, cost in pairings()
        for dtype in FLOAT_DTYPES
        for l2 in (0.0, 0.1)
    ]
    parts = []
    for i, stratum in enumerate(strata):
        draws = count // len(strata) + (i < count % len(strata))
        parts += [(stratum, min(PART, draws - at)) for at in range(0, draws, PART)]
    seeds = np.random.SeedSequence(seed).generate_state(len(parts)).tolist()
    shares = [Share((), stratum, draws, own) for (stratum, draws), own in zip(parts, seeds, strict=True)]
    images, notes = _images(seed)
    return [*shares, *(Share((image,), {}, 0, seed) for image in images)], notes


def _run(share: Share) -> Run:
    """The evidence of one part of a campaign; it ends with the first problem that fails."""
    run = Run()
    run.check([*share.problems, *draw(problems(**share.stratum), share.draws, share.seed)])
    return run


def _images(seed: int) -> tuple[list[Problem], tuple[str, ...]]:
    """Problems on real images, 64-30-10 and, where MNIST is at hand, 784-30-10."""
    rng = np.random.default_rng(seed)
    found = []
    for activation, output, cost in (
        ("sigmoid", "sigmoid", "quadratic"),
        ("sigmoid", "sigmoid", "cross_entropy"),
        ("relu", "softmax", "categorical_cross_entropy"),
    ):
        for dtype in FLOAT_DTYPES:
            network = Network.random([64, 30, 10], activation, output, dtype, rng)
            found.append(_image_problem(network, cost, data.digits(), DIGITS, rng))
    try:
        images = data.mnist("test")
    except FileNotFoundError as error:
        return found, (f"784-30-10 was left out: {error}",)
    for dtype in FLOAT_DTYPES:
        network = Network.random([784, 30, 10], dtype=dtype, rng=rng)
        found.append(_image_problem(network, "cross_entropy", images, MNIST_DIGITS, rng))
    return found, ()


def _image_problem(network: Network, cost: str, images: data.Images, count: int, rng: np.random.Generator) -> Problem:
    rows = rng.choice(len(images.x), count, replace=False)
    return Problem(network, cost, images.x[rows], images.y[rows], l2=0.0 if cost == "quadratic" else 5.0)
