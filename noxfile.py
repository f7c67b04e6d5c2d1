"""What is run on this project: by developers, one session at a time, and by .ci/run, all of them.

    nox -l               # the sessions
    nox -s lint          # one of them, in an environment of its own, which is kept
    nox -s tests -- tests/test_costs.py -n0
    nox --no-venv --no-install -s lint types      # in the environment that is active

Nothing is written into the tree but what .gitignore has.
"""

from __future__ import annotations

import os
from pathlib import Path

import nox

nox.options.default_venv_backend = "virtualenv"
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_missing_interpreters = True
nox.options.sessions = ["lint", "types", "tests"]

ROOT = Path(__file__).parent
LINT = (("ruff", "check", "."), ("ruff", "format", "--check", "."))
TYPES = ("mypy",)
MUTATOR = "cosmic-ray>=8.4"
BENCHMARKS = (
    "oracle_rate.py --examples 20 --rounds 1",
    "sensitivity.py --networks 2",
    "false_alarms.py --problems 60",
    "difference_radius.py --stacks 20",
    "fault_pairs.py --pairs 4",
    "every_entry.py --own --rounds 1",
    "training_step.py --rounds 1 --steps 20",
    "absolute.py --quiet --rows 1 --processes 1 --values 1 --warmups 0 --loops 1",
    "epoch.py --rounds 1 --examples 600",  # ends with 1 where parameters after an epoch are not those of plain NumPy
    "any_function.py --checks 150 --mutations 75",  # with 1 at a false alarm, a mistake that is missed, an exception
    "any_function_sensitivity.py --draws 4",
    "any_function_large.py --entries 20000 --wrong-among 2000",  # with 1 where a single wrong entry is not placed
    "symptom_matrix.py --seeds 1",  # with 1 where a wrong derivative is not caught, or a right one is not correct
    "any_function_speed.py --entries 1 10 --rounds 1",
    "scaling_model.py",  # with 1 where a step exchanges other than derived
    "frameworks.py --every 26",  # with 1 where a right derivative is called wrong, or a wrong one correct
)
EXAMPLES = (
    "article_figures.py --to {folder}",
    "learning_slowdown.py --data digits --epochs 2 --plot {folder}/slowdown.svg",
    "overfitting.py --data digits --examples 200 --epochs 10 --plot {folder}/overfitting.pdf",
)
OF_THE_WHEEL = ("tests/data/test_images.py", "tests/workspace/test_workspace.py")
"""Tests of the data that an installation holds, and of the form that touches most modules of the core."""


def developed(session: nox.Session, *more: str) -> None:
    """Install the package as it is in the tree, with what its developers need."""
    session.install("--quiet", "-e", ".[dev]", *more)


@nox.session
def tests(session: nox.Session) -> None:
    """The tests; what follows -- goes to pytest."""
    developed(session)
    session.run("pytest", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff's rules, and its format."""
    developed(session)
    for command in LINT:
        session.run(*command)


@nox.session
def types(session: nox.Session) -> None:
    """Types by mypy, strictly."""
    developed(session)
    session.run(*TYPES)


@nox.session
def coverage(session: nox.Session) -> None:
    """The tests and how much of the code they reach; with -- --report-only, what tests before have reached."""
    developed(session)
    if "--report-only" not in session.posargs:
        # pytest loads the package's plugin before any plugin could measure it: coverage starts with Python.
        session.run("pytest", *session.posargs, env={"COVERAGE_PROCESS_START": str(ROOT / "pyproject.toml")})
    session.run("coverage", "combine", "--quiet")
    session.run("coverage", "report")


@nox.session
def benchmarks(session: nox.Session) -> None:
    """Every benchmark runs, at a size that takes seconds, any_function.py a minute; of times nothing is asked."""
    developed(session)
    for line in BENCHMARKS:
        name, *arguments = line.split()
        session.run("python", f"benchmarks/{name}", *arguments)
    # It ends with 1 where a result differs from the batched form.
    session.run("minibp", "bench", "--quick", "--peers", "--json", "-", silent=True)


@nox.session
def ratios(session: nox.Session) -> None:
    """The workspace's times in units of its matrix products, held to 1.3 times their targets."""
    developed(session)
    session.run("python", "benchmarks/ratio_guard.py", *session.posargs)


@nox.session
def examples(session: nox.Session) -> None:
    """Every example runs."""
    developed(session)
    folder = session.create_tmp()
    for line in EXAMPLES:
        name, *arguments = line.format(folder=folder).split()
        session.run("python", f"examples/{name}", *arguments)


@nox.session
def docs(session: nox.Session) -> None:
    """The book, in build/book: a warning is an error."""
    session.install("--quiet", "-e", ".[all,docs]")
    session.run("sphinx-build", "-q", "-W", "--keep-going", "-n", "docs", "build/book", *session.posargs)


@nox.session
def wheel(session: nox.Session) -> None:
    """The package as it is published: what the built wheel holds, and that it works without the tree."""
    folder = Path(session.create_tmp())
    for old in folder.glob("minibp-*"):
        old.unlink()
    session.install("--quiet", "build")
    session.run("python", "-m", "build", "--outdir", str(folder), silent=True)
    (built,) = folder.glob("minibp-*.whl")
    session.run("python", "tests/packaged.py", str(built))
    session.install("--quiet", "--force-reinstall", "--no-deps", str(built))
    session.install("--quiet", f"{built}[all]", "pytest", "pytest-xdist", "mpmath", "numpydoc")
    session.chdir(folder)
    session.run("python", str(ROOT / "tests" / "packaged.py"), "--installed")
    own = ("-c", os.devnull, "-o", "doctest_optionflags=ELLIPSIS")  # not pyproject.toml, which names the tree's tests
    # The seed is an option of the package's plugin: without its entry point pytest would not know it.
    session.run(
        "pytest", "-q", "-p", "no:cacheprovider", *own, "--doctest-modules", "--pyargs", "minibp", "--minibp-seed=0"
    )
    session.run("pytest", "-q", "-p", "no:cacheprovider", *(str(ROOT / path) for path in OF_THE_WHEEL))
    session.run("minibp", "verify", "--examples", "5", "--seed", "0")


@nox.session
def mutation(session: nox.Session) -> None:
    """A sample of small changes to the core and to the rounding bound, each of which some test should notice."""
    developed(session, MUTATOR)
    session.run("pytest", "-q", "-n0", "tests/test_mutation.py")
    session.run("python", "benchmarks/mutation.py", *session.posargs)
