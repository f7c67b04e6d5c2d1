"""`minibp bench`: options in, a headline, tables, JSON and a figure out."""

from __future__ import annotations

import click

from minibp.console import Exit, allow_any_text, bar, check_writable, usable, write_json
from minibp.options import json_option, plot_option


@click.command()
@click.option("--peers", is_flag=True, help="Also JAX, PyTorch, autograd, MyGrad and scikit-learn, and other checkers.")
@click.option("--quick", is_flag=True, help="A small grid and few rounds: less than half a minute.")
@click.option(
    "--sizes",
    multiple=True,
    metavar="N-N-…",
    help="Measure just this network, such as 784-30-10; several by repeating, or with commas.  "
    "[with --batch alone: 784-30-10]",
)
@click.option(
    "--batch",
    multiple=True,
    metavar="N",
    help="Measure just this batch size; several by repeating, or with commas.  [with --sizes alone: 10]",
)
@click.option("--dtype", metavar="float64|float32", help="Measure just this one.  [default: both]")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Draws networks and inputs.")
@json_option("all figures")
@plot_option()
def bench(
    *,
    peers: bool,
    quick: bool,
    sizes: tuple[str, ...],
    batch: tuple[str, ...],
    dtype: str | None,
    seed: int,
    json_file: str | None,
    plot_file: str | None,
) -> None:
    """Time one gradient: the loop over examples, batched, the workspace, and the GEMM-only baseline.

    The headline says how many times as fast as the loop the others are. In the tables, times are in seconds, or in
    units of the GEMM-only baseline (the matrix products and nothing else), with their spread; memory is in bytes.
    Networks have sigmoid neurons and cross-entropy; by default they are a fixed table, and sweeps over batch sizes,
    widths and depths, in both dtypes, with one BLAS thread and with all.

    Every result is compared before it is timed: the exit status is 1 if one differs.
    """
    check_writable({"--json": json_file, "--plot": plot_file})
    with usable():
        if plot_file is not None:
            from minibp.plots import check_plot_file

            check_plot_file(plot_file)
        from minibp.bench import plan, suite
        from minibp.bench.selection import selected
        from minibp.bench.units import rounded_duration

        measured = plan.planned(peers=peers, quick=quick, selection=selected(sizes, batch, dtype))
        with bar("blocks of calls", "timed", note=f", about {rounded_duration(measured.seconds())} in all") as progress:
            results = suite.run(measured, seed=seed, progress=progress)
        write_json(results, json_file)
        if json_file != "-":
            from minibp.bench.tables import Title, results_lines
            from minibp.tables import width

            allow_any_text()
            for line in results_lines(results, width()):
                click.echo(click.style(line, bold=True) if isinstance(line, Title) else line)
        if plot_file is not None:
            from minibp.bench.figure import save_figure

            save_figure(results, plot_file)
        differing = suite.differing(results)
        for line in differing:
            click.echo(f"minibp: {line}", err=True)
        raise Exit(1 if differing else 0)
