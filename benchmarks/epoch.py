"""How long an epoch of training takes: 60,000 examples by tens, 784-30-10, beside JAX, PyTorch and scikit-learn.

    python benchmarks/epoch.py [--rounds N] [--examples N] [--own]

Contenders run in turn, each in a process of its own with one BLAS thread; those that are not installed are named. What
is shown is the median of the seconds of an epoch with the quartiles, and the median of the ratios to `lax.scan` within
each round. Nothing is timed before its parameters after one epoch are those of plain NumPy. `--own` leaves out the
others but JAX.
"""

from __future__ import annotations

import argparse
import sys

from minibp.arrays import FLOAT_DTYPES
from minibp.bench.cases import Case
from minibp.bench.contenders import Contender, installed
from minibp.bench.ratios import ratio, spread
from minibp.bench.rounds import Effort, Processes, measure

HOME = "epoch_contenders"
SCAN = Contender("JAX, lax.scan", f"{HOME}:jax_scan", "jax", ("jax",))
MINIBP = Contender("minibp", f"{HOME}:minibp", "numpy")
OWN = (SCAN, MINIBP, Contender("plain NumPy", f"{HOME}:plain", "numpy"))
OTHERS = (
    Contender("minibp, per example", f"{HOME}:per_example", "numpy"),
    Contender("JAX, step by step", f"{HOME}:jax_steps", "jax", ("jax",)),
    Contender("scikit-learn", f"{HOME}:sklearn_epoch", "sklearn", ("sklearn",)),
    Contender("PyTorch", f"{HOME}:torch_steps", "torch", ("torch",)),
)
TIMEOUT = 600.0


def main() -> None:
    """Measure and print; end with 1 where a contender's parameters are others."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--examples", type=int, default=60_000)
    parser.add_argument("--own", action="store_true")
    options = parser.parse_args()
    contenders, absent = installed(OWN if options.own else (*OWN, *OTHERS))
    failed = False
    for dtype in reversed(FLOAT_DTYPES):
        case = Case("epoch", 0, (784, 30, 10), options.examples, dtype, 1)
        with Processes(case.threads, TIMEOUT) as processes:
            outcomes = measure(case, contenders, processes, seed=0, effort=Effort(options.rounds, timeout=TIMEOUT))
        print(f"{dtype:<22}{'seconds':>10}{'quartiles':>18}{'ratio':>8}{'quartiles':>16}")
        for name, outcome in outcomes.items():
            if "seconds" not in outcome:
                print(f"{name:<22}{outcome}")
                failed = True
                continue
            low, median, high = spread(outcome["seconds"])
            over = ratio(outcome["seconds"], outcomes.get(SCAN.name, {}).get("seconds", ()))
            shown = "" if over is None else f"{over.median:8.2f}{f'{over.low:.2f} to {over.high:.2f}':>16}"
            print(f"{name:<22}{median:10.3f}{f'{low:.3f} to {high:.3f}':>18}{shown}")
    for name, lacks in absent.items():
        print(f"{name:<22}needs {lacks}, which is not installed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
