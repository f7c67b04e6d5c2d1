"""How long a check of every entry of 784-30-10 takes on 128 examples, by each oracle and by other people's checkers.

    python benchmarks/every_entry.py [--rounds N] [--own]

Contenders run in turn, each in a process of its own with one BLAS thread; those that are not installed are named. What
is shown is the median over rounds, with the quartiles, and in units of the finite differences. `--own` leaves the
others out, of which one takes minutes.
"""

from __future__ import annotations

import argparse

from minibp.bench.cases import Case
from minibp.bench.contenders import CHECKERS, installed
from minibp.bench.ratios import ratio, spread
from minibp.bench.rounds import Effort, Processes, measure

CASE = Case("checkers", 0, (784, 30, 10), 128, "float64", 1)
UNIT = "minibp, finite differences"
TIMEOUT = 900.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--own", action="store_true")
    options = parser.parse_args()
    contenders, absent = installed(one for one in CHECKERS if one.name.startswith("minibp") or not options.own)
    with Processes(CASE.threads, TIMEOUT) as processes:
        effort = Effort(options.rounds, timeout=TIMEOUT)
        outcomes = measure(CASE, contenders, processes, seed=0, effort=effort)
    print(f"{CASE.label}: {'seconds':>29}{'quartiles':>20}{'ratio':>9}")
    for name, outcome in outcomes.items():
        if "seconds" not in outcome:
            print(f"{name:<32}{outcome}")
            continue
        low, median, high = spread(outcome["seconds"])
        over = ratio(outcome["seconds"], outcomes[UNIT]["seconds"])
        times = "–" if over is None else f"{over.median:.3g}"
        print(f"{name:<32}{median:>27.3g}{f'{low:.3g} to {high:.3g}':>20}{times:>9}")
    for name, lacks in absent.items():
        print(f"{name:<32}needs {lacks}, which is not installed")


if __name__ == "__main__":
    main()
