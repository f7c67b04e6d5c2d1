"""The end of a command that checks: its report shown, written where it was asked for, and told by the exit status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import click

from minibp.console import Exit, allow_any_text, check_writable, usable, write_json
from minibp.files import write_whole

if TYPE_CHECKING:
    from minibp.check.report.report import Report

VERDICT_COLOURS = {"correct": "green", "wrong": "red", "unstable": "yellow", "undecided": "yellow"}
COLOURS: dict[str, dict[str, Any]] = {
    "place": {"bold": True},
    "fault": {"fg": "magenta"},
    "remedy": {"fg": "cyan"},
}


def expect_outputs(json_file: str | None, html_file: str | None) -> None:
    """Reject, before the check, files that its report could not be written to."""
    check_writable({"--json": json_file, "--html": html_file})
    if html_file is not None:
        from minibp.pages.rendering import expect_templates

        with usable():
            expect_templates()


def finish(report: Report, json_file: str | None, html_file: str | None) -> NoReturn:
    """Show a report, write it where it was asked for, and exit with its status."""
    from minibp.check.report.wording import of_report

    allow_any_text()
    if json_file != "-":
        colours = {**COLOURS, "verdict": {"fg": VERDICT_COLOURS[report.verdict], "bold": True}}
        for kind, text in of_report(report):
            # click leaves colours out where there is no terminal
            click.echo(click.style(text, **colours[kind]) if kind in colours else text)
    write_json(report.to_dict(), json_file)
    if html_file is not None:
        write_whole(html_file, lambda file: file.write(report.to_html().encode()))
    raise Exit(0 if report.verdict == "correct" else 1)


def annotate(report: Report, function: Any, json_file: str | None) -> None:
    """Print the findings as annotations of a GitHub workflow."""
    from minibp.check.report.github import workflow_commands

    click.echo("\n".join(workflow_commands(report, function)), err=json_file == "-")
