"""For pytest: fixtures with the run's seed and number of networks, and reports in JUnit's properties.

pytest loads this file whenever it starts, so that it imports nothing but the light package; the rest comes when the
fixture is used. Frames of minibp are left out of tracebacks: a failure shows the test's own line and the report.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import TYPE_CHECKING, Any

import pytest

from minibp.arrays import InputError, checked_count

if TYPE_CHECKING:
    from minibp.check.report.report import Report

OPTIONS = {
    "seed": (0, "seed of check_backprop, check_grad and check_vjp where a test gives none"),
    "examples": (1, "number of networks that check_backprop draws where a test gives none"),
}
"""The least value, and what it is. Each is an option of the command line, --minibp-seed, and of files, minibp_seed."""
ASKED = pytest.StashKey[dict[str, int]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """--minibp-seed and --minibp-examples, minibp_seed and minibp_examples."""
    group = parser.getgroup("minibp", "minibp: checks of gradients")
    for name, (_, what) in OPTIONS.items():
        group.addoption(f"--minibp-{name}", metavar="N", help=what)
        parser.addini(f"minibp_{name}", what)


def pytest_configure(config: pytest.Config) -> None:
    """Read the seed and the number of networks, from the command line or else a file; an unfit value ends the run."""
    config.stash[ASKED] = {}
    for name, (least, _) in OPTIONS.items():
        for label, value in (
            (f"--minibp-{name}", config.getoption(f"minibp_{name}")),
            (f"minibp_{name}", config.getini(f"minibp_{name}")),
        ):
            if value is not None and value != "":
                config.stash[ASKED].setdefault(name, _count(label, value, least))


def _count(label: str, value: str, least: int) -> int:
    try:
        return checked_count(label, int(value) if value.isdecimal() else value, least=least)
    except InputError as error:
        raise pytest.UsageError(str(error)) from None


def pytest_report_header(config: pytest.Config) -> str | None:
    """The seed and the number of networks in the head of the run, if any is given."""
    asked = config.stash[ASKED]
    return f"minibp: {', '.join(f'{name} {value}' for name, value in asked.items())}" if asked else None


@pytest.fixture
def check_backprop(request: pytest.FixtureRequest) -> Callable[..., Report]:
    """`minibp.check_backprop`, with the seed and the number of networks that the run asks for.

    Parameters
    ----------
    request : pytest.FixtureRequest
        The test that uses the fixture.

    Returns
    -------
    callable
        Takes the arguments of `minibp.check_backprop`. A `seed` or `examples` that the test gives stands; else that of
        --minibp-seed and --minibp-examples, or of minibp_seed and minibp_examples in pytest's configuration.

    Notes
    -----
    The report is recorded as the properties minibp_verdict, minibp_seed and minibp_report, which is JSON.

    Examples
    --------
    >>> def test_gradient(check_backprop):
    ...     check_backprop(my_backprop, activation="tanh")
    """
    from minibp.check.backprop.backprop_check import check_backprop as run

    return _recorded(run, request, request.config.stash[ASKED])


@pytest.fixture
def check_grad(request: pytest.FixtureRequest) -> Callable[..., Report]:
    """`minibp.check_grad`, with the seed that the run asks for.

    Parameters
    ----------
    request : pytest.FixtureRequest
        The test that uses the fixture.

    Returns
    -------
    callable
        Takes the arguments of `minibp.check_grad`. A `seed` that the test gives stands; else that of --minibp-seed, or
        of minibp_seed in pytest's configuration.

    Notes
    -----
    The report is recorded as `check_backprop` records its own.

    Examples
    --------
    >>> def test_gradient(check_grad):
    ...     check_grad(my_loss, my_gradient, np.ones(3))
    """
    from minibp.check.grad.public import check_grad as run

    return _recorded(run, request, _seed_of(request))


@pytest.fixture
def check_vjp(request: pytest.FixtureRequest) -> Callable[..., Report]:
    """`minibp.check_vjp`, with the seed that the run asks for.

    Parameters
    ----------
    request : pytest.FixtureRequest
        The test that uses the fixture.

    Returns
    -------
    callable
        Takes the arguments of `minibp.check_vjp`. A `seed` that the test gives stands; else that of --minibp-seed, or
        of minibp_seed in pytest's configuration.

    Notes
    -----
    The report is recorded as `check_backprop` records its own.

    Examples
    --------
    >>> def test_layer(check_vjp):
    ...     check_vjp(my_layer, my_backward, points=arrays(float, (2, 3), elements=st.floats(-3, 3)))
    """
    from minibp.check.grad.public import check_vjp as run

    return _recorded(run, request, _seed_of(request))


def _seed_of(request: pytest.FixtureRequest) -> dict[str, int]:
    return {name: value for name, value in request.config.stash[ASKED].items() if name == "seed"}


def _recorded(
    run: Callable[..., Report], request: pytest.FixtureRequest, asked: dict[str, int]
) -> Callable[..., Report]:
    """A check with what the run asks for, whose report is recorded as properties of the test."""
    from minibp.check.report.report import GradientMismatch

    @wraps(run)
    def check(*args: Any, raise_on_mismatch: bool = True, **given: Any) -> Report:
        __tracebackhide__ = True  # of a failure pytest shows the test and the report
        given = {name: value for name, value in given.items() if name not in OPTIONS or value is not None}
        report = run(*args, **{**asked, **given, "raise_on_mismatch": False})
        again = ["pytest", request.node.nodeid]
        for name, value in {**asked, "seed": report.seed}.items():
            again += [] if name in given else [f"--minibp-{name}={value}"]
        report = replace(report, again=shlex.join(again))
        # Written where record_property writes, which warns with pytest's own kind of JUnit file.
        request.node.user_properties += [
            ("minibp_verdict", report.verdict),
            ("minibp_seed", str(report.seed)),
            ("minibp_report", json.dumps(report.to_dict(), ensure_ascii=False, allow_nan=False)),
        ]
        if raise_on_mismatch and report.verdict != "correct":
            raise GradientMismatch(report)
        return report

    return check
