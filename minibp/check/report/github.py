"""The findings as annotations of a GitHub workflow."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minibp.check.report.report import Report


def workflow_commands(report: Report, function: Callable[..., Any]) -> list[str]:
    """One workflow command of GitHub a finding, at the function's first line."""
    try:
        file, line = inspect.getsourcefile(function), inspect.getsourcelines(function)[1]
    except (OSError, TypeError):
        file, line = None, 1
    where = f"file={_escaped(file)},line={line}," if file else ""
    return [f"::error {where}title=minibp {report.verdict}::{_escaped(str(finding))}" for finding in report.findings]


def _escaped(text: str | None) -> str:
    return str(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
