"""How many examples a second a Hypothesis test with an oracle runs, beside drawing the same problems and doing nothing.

    python benchmarks/oracle_rate.py [--examples N] [--rounds N] [--json FILE]

Contenders run in turn, a round after the other, in one process; compilation comes first and is timed by itself. What
is shown is the median over rounds, with the lowest and highest. `eager` is JAX's gradient run operation by operation
on ever new shapes, and `per shape` the same compiled for each: both on a tenth of the problems.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np
from hypothesis import HealthCheck, Phase, given, seed, settings

from minibp import Problem
from minibp.check.oracles import complex_step, finite_difference
from minibp.check.oracles.jax_autodiff import oracle as jax_oracle
from minibp.check.oracles.jax_autodiff.plain import plain_cost
from minibp.strategies import problems


def rate(test: Callable[[Problem], object], examples: int, number: int) -> float:
    """Examples a second of a Hypothesis test."""

    @seed(number)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(problems())
    def run(problem: Problem) -> None:
        test(problem)

    start = time.perf_counter()
    run()
    return examples / (time.perf_counter() - start)


def eager(problem: Problem) -> None:
    """jax.grad, operation by operation."""
    gradient_of(problem, compiled=False)


def per_shape(problem: Problem) -> None:
    """jax.grad, compiled anew for each shape."""
    gradient_of(problem, compiled=True)


def gradient_of(problem: Problem, *, compiled: bool) -> None:
    """The plain gradient of one problem, without padding."""
    network = problem.network
    probes = tuple(np.zeros((problem.m, n)) for n in network.sizes[1:])
    given_ = (problem.x, problem.y, problem.l2.alpha)

    def cost(params: object) -> object:
        return plain_cost(network.activations, problem.cost, params, given=given_)[0]

    with jax.enable_x64(True):
        function = jax.grad(cost)
        jax.block_until_ready((jax.jit(function) if compiled else function)((network.weights, network.biases, probes)))


CONTENDERS: dict[str, tuple[Callable[[Problem], object], float]] = {
    "drawing alone": (lambda problem: None, 1.0),
    "JAX, padded": (jax_oracle.estimate, 1.0),
    "complex step": (complex_step.estimate, 1.0),
    "finite differences": (finite_difference.estimate, 1.0),
    "JAX, eager": (eager, 0.05),
    "JAX, per shape": (per_shape, 0.05),
}


def main() -> None:
    """Measure and print; write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--examples", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    start = time.perf_counter()
    rate(jax_oracle.estimate, 1, 0)
    compilation = time.perf_counter() - start
    rates: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    for number in range(options.rounds):
        for name, (test, share) in CONTENDERS.items():
            rates[name].append(rate(test, max(2, int(options.examples * share)), number + 1))
    print(f"first call, compilation or its cache included: {compilation:.1f} s")
    print(f"{'examples a second':<22}{'median':>10}{'lowest':>10}{'highest':>10}{'of drawing':>12}")
    alone = statistics.median(rates["drawing alone"])
    for name, seen in rates.items():
        middle = statistics.median(seen)
        print(f"{name:<22}{middle:>10.1f}{min(seen):>10.1f}{max(seen):>10.1f}{middle / alone:>12.2f}")
    if options.json:
        machine = {"machine": platform.processor() or platform.machine(), "python": platform.python_version()}
        machine |= {"numpy": np.__version__, "jax": jax.__version__}
        result = {"compilation_seconds": compilation, "rates": rates, **machine}
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
