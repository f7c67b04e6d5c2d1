"""What it saves that a training step makes no gradient of the weights: (29) with (24) as one BLAS call, or plain.

    OPENBLAS_NUM_THREADS=1 python benchmarks/training_step.py [--rounds N] [--steps N]

784-30-10, sigmoid and cross-entropy, batches of 10, with L2. Both take turns in one process, a block of steps each.
What is shown is the median over rounds of the ratio, with the quartiles, and how long an epoch of 60,000 examples
would be.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from minibp import Network
from minibp.arrays import FLOAT_DTYPES
from minibp.bench.ratios import ratio, spread
from minibp.costs import cost_of
from minibp.training.step import BatchStep

BATCH, EXAMPLES = 10, 60_000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--steps", type=int, default=2000)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    for dtype in FLOAT_DTYPES:
        x = rng.random((BATCH * 100, 784)).astype(dtype)
        y = np.eye(10, dtype=dtype)[rng.integers(0, 10, len(x))]
        batches = [(x[i : i + BATCH], y[i : i + BATCH]) for i in range(0, len(x), BATCH)]
        network = Network.random([784, 30, 10], dtype=dtype, rng=0)
        seconds: dict[bool, list[float | None]] = {True: [], False: []}
        moves = {}
        for fused in seconds:
            step = BatchStep(network, cost_of("cross_entropy"), BATCH, eta=0.1, decay=1e-5, fused=fused)
            moves[fused] = [step.bound(*batch) for batch in batches]
        for _ in range(options.rounds):
            for fused, bound in moves.items():
                start = time.perf_counter()
                for number in range(options.steps):
                    bound[number % len(bound)]()
                seconds[fused].append((time.perf_counter() - start) / options.steps)
        compared = ratio(seconds[True], seconds[False])
        assert compared is not None
        epochs = [spread(seconds[fused]).median * EXAMPLES / BATCH for fused in seconds]
        print(
            f"{dtype}: one call over plain {compared.median:.2f} ({compared.low:.2f} to {compared.high:.2f}); "
            f"an epoch {epochs[0]:.2f} s and {epochs[1]:.2f} s"
        )


if __name__ == "__main__":
    main()
