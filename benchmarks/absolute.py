"""Absolute times of the fixed table's gradients, by pyperf: to publish, and to compare machines or versions.

    python benchmarks/absolute.py [--threads N] [--forms NAME,...] [--rows N] [-o FILE] [pyperf's own options]

pyperf starts process after process for each figure, warms up, and tells when figures are unstable; `python -m pyperf
compare_to OLD.json NEW.json` holds two files against each other, `python -m pyperf system tune` makes a machine quiet.
Every form is held to the batched one in each process before it is timed. For ratios between contenders `minibp bench`
is better: there they take turns.
"""

from __future__ import annotations

import argparse
import os
import time
from functools import cache
from typing import TYPE_CHECKING, Any

import pyperf

if TYPE_CHECKING:
    from minibp.bench.cases import Case
    from minibp.bench.forms import Prepared

FORMS = ("products", "workspace", "batched", "per-example")


@cache
def prepared(name: str, case: Case) -> Prepared:
    """A form with one problem, once a process; one that differs from the batched form ends the run."""
    from minibp.bench.cases import problem_of
    from minibp.bench.contenders import OWN_FORMS, maker

    home = {one.name: one.home for one in OWN_FORMS}[name]
    made = maker(home)(problem_of(case, 0))
    error = made.error(made.call())
    if not error <= 1:
        raise SystemExit(f"{name}, {case.label}: not the gradient of the batched form, {error:.3g} times the bound")
    return made


def timed(loops: int, name: str, case: Case) -> float:
    """Seconds of so many calls."""
    call = prepared(name, case).call
    start = time.perf_counter()
    for _ in range(loops):
        call()
    return time.perf_counter() - start


def hand_on(command: list[str], options: argparse.Namespace) -> None:
    """What pyperf's own processes are told beside pyperf's options."""
    command += ["--threads", str(options.threads), "--forms", options.forms, "--rows", str(options.rows)]


def main() -> None:
    """One pyperf benchmark for each form and case."""
    runner: Any = pyperf.Runner(add_cmdline_args=hand_on)
    runner.argparser.add_argument("--threads", type=int, default=1, help="of the BLAS")
    runner.argparser.add_argument("--forms", default=",".join(FORMS), help="separated by commas")
    runner.argparser.add_argument("--rows", type=int, default=99, help="only the first rows of the table")
    options = runner.parse_args()
    unknown = set(options.forms.split(",")) - set(FORMS)
    if unknown:
        runner.argparser.error(f"no form {', '.join(sorted(unknown))}, expected some of {', '.join(FORMS)}")
    for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
        os.environ[variable] = str(options.threads)  # read when NumPy is loaded, which is below
    from minibp.bench.cases import TABLE_ROWS, of_table

    for case in of_table(TABLE_ROWS[: options.rows], ["float64", "float32"], options.threads):
        for name in options.forms.split(","):
            runner.bench_time_func(f"{name}, {case.label}", timed, name, case)


if __name__ == "__main__":
    main()
