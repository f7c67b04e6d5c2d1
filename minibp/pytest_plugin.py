"""For pytest: fixtures with the run's seed and number of networks, and reports in JUnit's properties.

pytest loads this file whenever it starts, so that it imports nothing but the light package; the rest comes when the
fixture is used. Frames of minibp are left out of tracebacks: a failure shows the test's own line and the report.
"""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from minibp.arrays import InputError, checked_count
from minibp.files import write_whole
from minibp.text import counted

if TYPE_CHECKING:
    from minibp.check.report.report import Report

LONGEST_NAME = 120
"""Characters of a test's name in that of its page."""
OPTIONS = {
    "seed": (0, "seed of check_backprop, check_grad and check_vjp where a test gives none"),
    "examples": (1, "number of networks that check_backprop draws where a test gives none"),
}
"""The least value, and what it is. Each is an option of the command line, --minibp-seed, and of files, minibp_seed."""
PAGES = pytest.StashKey[Path]()
"""The folder for reports as pages."""
ASKED = pytest.StashKey[dict[str, int]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """--minibp-seed and --minibp-examples, minibp_seed and minibp_examples."""
    group = parser.getgroup("minibp", "minibp: checks of gradients")
    for name, (_, what) in OPTIONS.items():
        group.addoption(f"--minibp-{name}", metavar="N", help=what)
        parser.addini(f"minibp_{name}", what)
    what = "folder for the reports as pages: one for each check, and index.html"
    group.addoption("--minibp-html", metavar="DIR", help=what)
    parser.addini("minibp_html", what)


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
    folder = config.getoption("minibp_html") or config.getini("minibp_html")
    if folder:
        _prepare_pages(config, folder)


def _prepare_pages(config: pytest.Config, folder: str) -> None:
    """Make the folder of the reports; one that cannot be made, or no library for pages, ends the run."""
    from minibp.pages.rendering import expect_templates

    path = config.invocation_params.dir / folder
    try:
        expect_templates()
        path.mkdir(parents=True, exist_ok=True)
    except (InputError, OSError) as error:
        raise pytest.UsageError(f"--minibp-html: {error}") from None
    config.stash[PAGES] = path
    if not hasattr(config, "workerinput"):  # with xdist the process that the workers report to
        config.pluginmanager.register(Index(path), "minibp_index")


class Index:
    """The page that lists all reports of a run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.checks: list[tuple[str, str, str]] = []
        """Test, verdict and page of each check."""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the checks of a test that has run."""
        if report.when == "call":
            told = [value for name, value in report.user_properties if name == "minibp_page"]
            verdicts = [value for name, value in report.user_properties if name == "minibp_verdict"]
            self.checks += [
                (report.nodeid, str(verdict), str(page)) for page, verdict in zip(told, verdicts, strict=True)
            ]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Write the page, and say where it is."""
        from minibp.pages.rendering import rendered

        write_whole(self.folder / "index.html", lambda file: file.write(self._page(rendered).encode()))
        counts = counted(len(self.checks), "report")
        terminalreporter.write_line(f"minibp: {counts}: {self.folder / 'index.html'}")

    def _page(self, rendered: Callable[..., str]) -> str:
        order = ("wrong", "unstable", "undecided", "correct")
        checks = sorted(self.checks, key=lambda one: (order.index(one[1]), one[0]))
        counts = {verdict: sum(one[1] == verdict for one in checks) for verdict in order}
        return rendered("index.html", checks=checks, counts=counts)


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


def _written(report: Report, folder: Path, test: pytest.Item) -> str:
    """Write the report as a page; the name of its file, which is the test's, and a number where it has several."""
    plain = re.sub(r"[^\w.-]+", "-", test.nodeid).strip("-")
    digest = hashlib.sha256(test.nodeid.encode()).hexdigest()[:6]
    before = sum(name == "minibp_page" for name, _ in test.user_properties)
    file = f"{plain[:LONGEST_NAME]}-{digest}" + (f"-{before + 1}" if before else "") + ".html"
    write_whole(folder / file, lambda out: out.write(report.to_html(test.nodeid).encode()))
    return file


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
        folder = request.config.stash.get(PAGES, None)
        if folder is not None:
            request.node.user_properties.append(("minibp_page", _written(report, folder, request.node)))
        if raise_on_mismatch and report.verdict != "correct":
            raise GradientMismatch(report)
        return report

    return check
