"""For pytest: a `check_backprop` fixture with the command line's seed and examples, and reports in JUnit's properties.

pytest loads this file whenever it starts, so that it imports nothing but the light package; the rest comes when the
fixture is called. Frames of minibp are left out of tracebacks: a failure shows the test's own line and the report.
"""

from __future__ import annotations

import json
from argparse import ArgumentTypeError
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from minibp.check.report import Report


def pytest_addoption(parser: pytest.Parser) -> None:
    """--minibp-seed and --minibp-examples."""
    group = parser.getgroup("minibp", "minibp: checks of gradients")
    group.addoption(
        "--minibp-seed", type=_at_least(0), metavar="N", help="seed of check_backprop where a test has none"
    )
    group.addoption("--minibp-examples", type=_at_least(1), metavar="N", help="networks that it draws, likewise")


def pytest_report_header(config: pytest.Config) -> str | None:
    """What was asked for."""
    asked = {name: config.getoption(f"minibp_{name}") for name in ("seed", "examples")}
    shown = ", ".join(f"{name} {value}" for name, value in asked.items() if value is not None)
    return f"minibp: {shown}" if shown else None


@pytest.fixture
def check_backprop(
    request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> Callable[..., Report]:
    """`minibp.check_backprop`, with the seed and the number of examples that the command line gives.

    The report is recorded as the properties minibp_verdict, minibp_seed and minibp_report, which is JSON.
    """

    def check(subject: Any, *, raise_on_mismatch: bool = True, **settings: Any) -> Report:
        __tracebackhide__ = True
        from minibp.check.backprop_check import check_backprop as run
        from minibp.check.report import GradientMismatch

        for name in ("seed", "examples"):
            asked = request.config.getoption(f"minibp_{name}")
            if asked is not None:
                settings.setdefault(name, asked)
        report = run(subject, raise_on_mismatch=False, **settings)
        record_property("minibp_verdict", report.verdict)
        record_property("minibp_seed", report.seed)
        record_property("minibp_report", json.dumps(report.to_dict(), ensure_ascii=False, allow_nan=False))
        if raise_on_mismatch and report.verdict != "correct":
            raise GradientMismatch(report)
        return report

    return check


def _at_least(least: int) -> Callable[[str], int]:
    def whole_number(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise ArgumentTypeError(f"{text!r} is no whole number of at least {least}")
        return int(text)

    return whole_number
