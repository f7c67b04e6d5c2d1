"""Mutation testing: small changes to the core and to the rounding bound, each of which some test should notice.

    nox -s mutation                       # a sample, the same each time
    nox -s mutation -- --all              # every mutant: at release, some hours
    nox -s mutation -- --all minibp/costs.py

A mutant is killed where the tests nearest to its file fail, and survives where they pass. One that computes the same
as the original by design is equivalent: such are listed with a reason in tests/equivalent_mutants.toml, and are not
counted. The exit status is 1 where fewer than 95 % of the others are killed. Needs Cosmic Ray; works in copies of the
tree, and never changes the tree itself.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from mutants import Mutant

ROOT = Path(__file__).parents[1]
EQUIVALENT = Path("tests/equivalent_mutants.toml")
NEAREST: dict[str, tuple[str, ...]] = {
    "minibp/activations.py": ("tests/test_edges.py", "tests/test_activations.py"),
    "minibp/activation.py": ("tests/test_activation.py", "tests/test_activations.py"),
    "minibp/further_activations.py": ("tests/test_further_activations.py",),
    "minibp/normal.py": ("tests/test_normal.py",),
    "minibp/batched.py": ("tests/test_edges.py", "tests/test_batched.py"),
    "minibp/component.py": ("tests/test_component.py",),
    "minibp/per_example.py": ("tests/test_per_example.py", "tests/test_edges.py"),
    "minibp/costs.py": ("tests/test_edges.py", "tests/test_costs.py"),
    "minibp/network.py": ("tests/test_network.py",),
    "minibp/problem.py": ("tests/test_problem.py",),
    "minibp/check/rounding/activation_bounds.py": ("tests/check/rounding/test_activation_*.py",),
    "minibp/check/rounding/bound_parts.py": (
        "tests/check/rounding/test_bound_parts.py",
        "tests/check/rounding/test_activation_*.py",
        "tests/check/rounding/test_further_bounds*.py",
    ),
    "minibp/check/rounding/derivatives.py": ("tests/check/rounding/test_derivatives.py",),
    "minibp/check/rounding/further_bounds.py": (
        "tests/check/rounding/test_further_bounds_derived.py",
        "tests/check/rounding/test_further_bounds.py",
        "tests/check/rounding/test_activation_*.py",
    ),
    "minibp/check/rounding/layer.py": ("tests/check/rounding/test_layer*.py",),
    "minibp/check/rounding/arithmetic.py": ("tests/check/rounding/test_arithmetic.py",),
    "minibp/check/rounding/whole_pass.py": ("tests/check/rounding/test_whole_pass_*.py",),
    "minibp/check/rounding/output_layer.py": ("tests/check/rounding/test_output_layer*.py",),
    "minibp/check/diagnosis/findings.py": ("tests/check/diagnosis/test_findings*.py",),
    "minibp/check/diagnosis/stability.py": ("tests/check/diagnosis/test_stability*.py",),
}
"""The files that are mutated, and the tests that are run for each, by patterns, the quickest first."""
LEAST = 0.95
"""The share of mutants that have to be killed, equivalent ones aside."""
SAMPLE, SEED = 60, 1
COPIED = ("minibp", "tests", "benchmarks", "examples", "docs", "_minibp.py", "pyproject.toml", "README.md")
TIMEOUT = 300.0
"""Seconds for the tests of the unchanged tree; those of a mutant have four times what these took, and ten more."""
KILLED, EQUIVALENT_TO, SURVIVED = "killed", "equivalent", "survived"


class Outcome(NamedTuple):
    """What came of one mutant."""

    file: str
    line: str
    becomes: str
    kind: str


def equivalent_mutants(path: Path) -> dict[tuple[str, str, str], str]:
    """The reasons of a list of equivalent mutants, by file, line and what that becomes."""
    entries = tomllib.loads(path.read_text(encoding="utf-8")).get("mutant", [])
    return {(one["file"], one["line"], one["becomes"]): one["reason"] for one in entries}


class Trees:
    """Copies of the tree, one for each worker. A context that ends what still runs in them, and removes them."""

    def __init__(self, root: Path, workers: int) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="mutation-")
        self._free: queue.Queue[Path] = queue.Queue()
        self._running: set[subprocess.Popen[str]] = set()
        for number in range(workers):
            tree = Path(self._folder.name) / str(number)
            tree.mkdir()
            for name in COPIED:
                if (root / name).is_dir():
                    shutil.copytree(root / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
                elif (root / name).exists():
                    shutil.copy(root / name, tree / name)
            self._free.put(tree)

    def passes(self, tests: Sequence[str], timeout: float, file: str = "", text: str = "") -> tuple[bool, str]:
        """Whether tests pass, with another text in one file where one is named; and the end of what they print."""
        tree = self._free.get()
        path = tree / file
        original = path.read_bytes() if file else b""
        try:
            if file:
                path.write_text(text, encoding="utf-8")
            return self._tested(tree, tests, timeout)
        finally:
            if file:
                path.write_bytes(original)
            self._free.put(tree)

    def _tested(self, tree: Path, tests: Sequence[str], timeout: float) -> tuple[bool, str]:
        environment = {
            **os.environ,
            "PYTHONDONTWRITEBYTECODE": "1",  # a file may change twice within the resolution of its time
            "PYTHONPATH": str(tree),
            "HYPOTHESIS_STORAGE_DIRECTORY": str(tree / ".hypothesis"),
            "OPENBLAS_NUM_THREADS": "1",
        }
        options = ("-x", "-q", "-n0", "--no-header", "-p", "no:cacheprovider", "--hypothesis-seed=0")
        paths = [str(path) for pattern in tests for path in sorted(tree.glob(pattern))]
        if not paths:
            return False, f"no file matches {', '.join(tests)}"
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", *options, *paths],
            cwd=tree,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # so that what the tests start can be ended with them
        )
        self._running.add(process)
        try:
            said, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            _end(process)
            process.communicate()
            return False, f"out of time after {timeout:.0f} s"
        finally:
            self._running.discard(process)
        return process.returncode == 0, said[-2000:]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in list(self._running):
            _end(process)
            process.wait()
        self._folder.cleanup()


def _end(process: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def outcomes(
    root: Path,
    chosen: Sequence[Mutant],
    nearest: Mapping[str, Sequence[str]],
    equivalent: set[tuple[str, str, str]],
    workers: int,
) -> list[Outcome]:
    """What comes of each mutant. RuntimeError where the tests fail without any."""
    pool = ThreadPoolExecutor(workers)
    with Trees(root, workers) as trees:

        def unchanged(file: str) -> float:
            start = time.perf_counter()
            passed, said = trees.passes(nearest[file], TIMEOUT)
            if not passed:
                raise RuntimeError(f"the tests of {file} fail where nothing is changed:\n{said}")
            return time.perf_counter() - start

        def outcome(mutant: Mutant) -> Outcome:
            source = (root / mutant.file).read_text(encoding="utf-8")
            change = mutant.change(source)
            if change in equivalent:
                return Outcome(*change, EQUIVALENT_TO)
            timeout = 4 * seconds[mutant.file] + 10
            passed, _ = trees.passes(nearest[mutant.file], timeout, mutant.file, mutant.text(source))
            if passed:
                print(f"{change.file}: survived\n  - {change.line}\n  + {change.becomes}", flush=True)
            return Outcome(*change, SURVIVED if passed else KILLED)

        try:
            files = list(dict.fromkeys(mutant.file for mutant in chosen))
            seconds = dict(zip(files, pool.map(unchanged, files), strict=True))
            return list(pool.map(outcome, chosen))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def share(found: Iterable[Outcome]) -> float:
    """The share of those that are not equivalent that were killed; 1 of none."""
    kinds = [one.kind for one in found if one.kind != EQUIVALENT_TO]
    return kinds.count(KILLED) / len(kinds) if kinds else 1.0


def table(found: Sequence[Outcome]) -> str:
    """Numbers by file, and of all."""
    files = sorted({one.file for one in found})
    rows = [(file, [one for one in found if one.file == file]) for file in files] + [("all", list(found))]
    lines = [f"{'file':<34}{'mutants':>9}{'killed':>9}{'equivalent':>12}{'survived':>10}{'killed of the rest':>20}"]
    for name, some in rows:
        kinds = [one.kind for one in some]
        numbers = [kinds.count(kind) for kind in (KILLED, EQUIVALENT_TO, SURVIVED)]
        killed, same, survived = numbers
        lines.append(f"{name:<34}{len(some):>9}{killed:>9}{same:>12}{survived:>10}{share(some):>20.1%}")
    return "\n".join(lines)


def main(
    arguments: Sequence[str] | None = None, root: Path = ROOT, nearest: Mapping[str, Sequence[str]] = NEAREST
) -> int:
    """Mutate, test, print; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", metavar="FILE", help="mutate these alone")
    parser.add_argument("--all", action="store_true", help="every mutant in place of a sample")
    parser.add_argument("--sample", type=int, default=SAMPLE, help="how many mutants (%(default)s)")
    parser.add_argument("--seed", type=int, default=SEED, help="chooses the sample (%(default)s)")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="tests at a time (%(default)s)")
    options = parser.parse_args(arguments)
    unknown = set(options.files) - set(nearest)
    if unknown:
        parser.error(f"no tests are known to be nearest to {', '.join(sorted(unknown))}: see {Path(__file__).name}")

    from mutants import mutants_of

    every = [one for file in options.files or nearest for one in mutants_of(root, file, options.seed)]
    every.sort(key=lambda one: one.rank)
    chosen = every if options.all else every[: options.sample]
    print(f"{len(chosen)} of {len(every)} mutants, seed {options.seed}", flush=True)
    start = time.perf_counter()
    found = outcomes(root, chosen, nearest, set(equivalent_mutants(root / EQUIVALENT)), options.workers)
    print(f"{table(found)}\n{time.perf_counter() - start:.0f} s")
    if share(found) < LEAST:
        print(f"fewer than {LEAST:.0%} are killed: add tests, or list those that are equivalent in {EQUIVALENT}")
        return 1
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # as by Ctrl-C: the copies are removed
    sys.exit(main())
