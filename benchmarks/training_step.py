"""What it saves that a training step makes no gradient of the weights, and what the time of a step goes into.

    OPENBLAS_NUM_THREADS=1 python benchmarks/training_step.py [--rounds N] [--steps N]

784-30-10, sigmoid and cross-entropy, batches of 10, with L2. Steps with (29) and (24) as one BLAS call, plain steps,
the products of W² alone (13) (24), and the gathering of batches alone take turns in one process, a block of each. What
is shown are medians over rounds: of the ratio of the first two, with its quartiles, and of seconds for as many steps as
an epoch of 60,000 examples has.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Callable, Iterator

import numpy as np

from minibp import Network
from minibp.arrays import FLOAT_DTYPES, Array
from minibp.bench.ratios import ratio, spread
from minibp.costs import cost_of
from minibp.training.batches import Batches
from minibp.training.fused_step import BatchStep

BATCH, EXAMPLES = 10, 60_000
FUSED, PLAIN, PRODUCTS, GATHERING = "one call", "plain", "products of W²", "gathering"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--steps", type=int, default=2000)
    options = parser.parse_args()
    for dtype in FLOAT_DTYPES:
        parts = parts_of(dtype)
        seconds: dict[str, list[float | None]] = {name: [] for name in parts}
        for _ in range(options.rounds):
            for name, part in parts.items():
                start = time.perf_counter()
                for call in itertools.islice(part, options.steps):
                    call()
                seconds[name].append((time.perf_counter() - start) / options.steps)
        compared = ratio(seconds[FUSED], seconds[PLAIN])
        assert compared is not None
        epochs = [f"{name} {spread(times).median * EXAMPLES / BATCH:.2f} s" for name, times in seconds.items()]
        print(
            f"{dtype}: one call over plain {compared.median:.2f} ({compared.low:.2f} to {compared.high:.2f}); "
            f"6,000 steps\n  {', '.join(epochs)}"
        )


def parts_of(dtype: str) -> dict[str, Iterator[Callable[[], object]]]:
    """By name, what is to be called, without end. Only gathering goes through all of the examples."""
    rng = np.random.default_rng(0)
    x = rng.random((EXAMPLES, 784)).astype(dtype)
    y = np.eye(10, dtype=dtype)[rng.integers(0, 10, len(x))]
    network = Network.random([784, 30, 10], dtype=dtype, rng=0)

    def steps(*, fused: bool) -> Iterator[Callable[[], object]]:
        step = BatchStep(network, cost_of("cross_entropy"), BATCH, eta=0.1, decay=1e-5, fused=fused)
        few = [(x[i : i + BATCH].copy(), y[i : i + BATCH].copy()) for i in range(0, 10 * BATCH, BATCH)]
        return itertools.cycle([step.bind(*batch) for batch in few])

    w = np.array(network.weights[0])
    batch, delta, z, nabla_w = (
        x[:BATCH].copy(),
        np.zeros((BATCH, 30), dtype),
        np.empty((BATCH, 30), dtype),
        np.empty_like(w),
    )

    def products() -> None:
        np.dot(batch, w.T, z)
        np.dot(delta.T, batch, nabla_w)

    def nothing(_: Array, __: Array) -> Callable[[], object]:
        return lambda: None

    batches = Batches(x, y, BATCH, nothing)
    gathered = itertools.chain.from_iterable(batches.shuffled(rng) for _ in itertools.count())
    return {
        FUSED: steps(fused=True),
        PLAIN: steps(fused=False),
        PRODUCTS: itertools.repeat(products),
        GATHERING: gathered,
    }


if __name__ == "__main__":
    main()
