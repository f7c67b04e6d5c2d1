"""`minibp bench`: options in, tables, JSON and a figure out."""

from __future__ import annotations

import sys

import click

from minibp.console import allow_any_text, bar, check_writable, usable, write_json


@click.command()
@click.option("--peers", is_flag=True, help="Also JAX, PyTorch, autograd, MyGrad and scikit-learn, and other checkers.")
@click.option("--quick", is_flag=True, help="A small grid, in less than half a minute.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Draws networks and inputs.")
@click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, allow_dash=True), help="Write all figures; - is stdout."
)
@click.option("--plot", "plot_file", type=click.Path(dir_okay=False), help="Plot to FILE: .svg, .png or .pdf.")
def bench(*, peers: bool, quick: bool, seed: int, json_file: str | None, plot_file: str | None) -> None:
    """Time the gradient: loops, batched, workspace, and the matrix products alone.

    Over batch sizes, widths and depths, in float64 and float32, with one BLAS thread and with all. Everyone's result is
    compared before it is timed: the exit status is 1 if one differs.
    """
    check_writable({"--json": json_file, "--plot": plot_file})
    with usable():
        if plot_file is not None:
            from minibp.plots import check_plot_file

            check_plot_file(plot_file)
        with bar("blocks of calls") as progress:
            from minibp.bench import suite

            results = suite.run(suite.planned(peers=peers, quick=quick), seed=seed, progress=progress)
        write_json(results, json_file)
        if json_file != "-":
            from minibp.bench.tables import text

            allow_any_text()
            click.echo(text(results))
        if plot_file is not None:
            from minibp.bench.figure import write

            write(results, plot_file)
        differing = suite.differing(results)
        for line in differing:
            click.echo(f"minibp: {line}", err=True)
        sys.exit(1 if differing else 0)
