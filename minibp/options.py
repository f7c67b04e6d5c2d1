"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def json_option(what: str) -> Decorator:
    """--json FILE, as `json_file`; "-" is standard output."""
    kind = click.Path(dir_okay=False, allow_dash=True)
    return click.option("--json", "json_file", type=kind, metavar="FILE", help=f"Write {what} as JSON; - is stdout.")


def html_option() -> Decorator:
    """--html FILE, as `html_file`."""
    help_ = "Write the report as a page."
    return click.option("--html", "html_file", type=click.Path(dir_okay=False), metavar="FILE", help=help_)


def plot_option() -> Decorator:
    """--plot FILE, as `plot_file`."""
    help_ = "Plot to FILE: .svg, .png or .pdf."
    return click.option("--plot", "plot_file", type=click.Path(dir_okay=False), metavar="FILE", help=help_)


def seed_option(default: int | None = 0, what: str = "The same seed draws the same networks.") -> Decorator:
    """--seed N; with None for a default, the command draws one."""
    kind = click.IntRange(min=0)
    if default is None:
        return click.option("--seed", type=kind, metavar="N", help=f"{what}  [default: a new one]")
    return click.option("--seed", type=kind, metavar="N", default=default, show_default=True, help=what)


def workers_option(default: str = "one a core") -> Decorator:
    """--workers N."""
    help_ = f"Processes that share the work.  [default: {default}]"
    return click.option("--workers", type=click.IntRange(min=1), metavar="N", help=help_)


def executor_option() -> Decorator:
    """--executor dask=ADDRESS."""
    help_ = "The workers of a Dask cluster share the work: the address of its scheduler, as tcp://127.0.0.1:8786."
    return click.option("--executor", metavar="dask=ADDRESS", help=help_)
