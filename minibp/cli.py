"""The command line: all commands together.

Exit status: 0 correct or done, 1 wrong, unstable or undecided, 2 unusable arguments or input, 130 after Ctrl-C.
"""

from __future__ import annotations

import click

import minibp
from minibp.bench.command import bench
from minibp.check.command import check, check_grad, faults, verify
from minibp.console import colour_wanted
from minibp.descent.command import descend
from minibp.explain.command import explain
from minibp.training.command import train


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(minibp.__version__, prog_name="minibp")
def cli() -> None:
    """Backpropagation by hand, and the check that holds it, or yours, against independent oracles."""
    click.get_current_context().color = colour_wanted()


for command in (bench, check, check_grad, descend, explain, faults, train, verify):
    cli.add_command(command)
