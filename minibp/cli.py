"""The command line: options in, reports out.

Exit status: 0 correct or done, 1 wrong, unstable or undecided, 2 unusable arguments or input, 130 after Ctrl-C.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

import click

import minibp
from minibp import adapters
from minibp.bench.command import bench
from minibp.console import (
    Exit,
    allow_any_text,
    bar,
    check_writable,
    colour_wanted,
    json_alone,
    refuse,
    usable,
    write_json,
)
from minibp.descent.command import descend
from minibp.files import write_whole
from minibp.target import loaded, own_arguments, workflow_commands
from minibp.training.command import train
from minibp.workers import cores, pool

if TYPE_CHECKING:
    from minibp.check.report import Report

VERDICT_COLOURS = {"correct": "green", "wrong": "red", "unstable": "yellow", "undecided": "yellow"}
COLOURS: dict[str, dict[str, Any]] = {
    "place": {"bold": True},
    "fault": {"fg": "magenta"},
    "remedy": {"fg": "cyan"},
}


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(minibp.__version__, prog_name="minibp")
def cli() -> None:
    """Backpropagation by hand, and the check that holds it, or yours, against independent oracles."""
    click.get_current_context().color = colour_wanted()


for command in (bench, descend, train):
    cli.add_command(command)


@cli.command()
@click.option("--examples", type=click.IntRange(min=1), help="Networks to draw; by default 2016.")
@click.option("--seed", type=click.IntRange(min=0), help="The same seed gives the same networks; by default a new one.")
@click.option(
    "--soak",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Go on for so long, with small networks drawn by the hundred.",
)
@click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, allow_dash=True), help="Write a JSON report; - is stdout."
)
@click.option("--html", "html_file", type=click.Path(dir_okay=False), help="Write the report as a page.")
@click.option("--workers", type=click.IntRange(min=1), help="Processes that share the work; by default one a core.")
def verify(
    examples: int | None,
    seed: int | None,
    soak: float | None,
    json_file: str | None,
    html_file: str | None,
    workers: int | None,
) -> None:
    """Hold the package's own gradients against every oracle.

    Every activation, cost, form (per example, batched, workspace) and dtype, with and without L2, on networks that
    Hypothesis draws and on pictures of digits; MNIST is used where it is in the folder that
    MINIBP_MNIST_DIR names, or in the cache.
    """
    check_writable({"--json": json_file, "--html": html_file})
    if soak is not None and examples is not None:
        refuse("--soak goes on until its time is over: --examples has no meaning with it")
    processes = workers or cores()
    with usable():
        with bar("networks" if soak is None else "seconds") as progress, pool(processes) as executor:
            if soak is None:
                from minibp.check.runner import EXAMPLES
                from minibp.check.runner import verify as run

                report = run(examples=examples or EXAMPLES, seed=seed, progress=progress, executor=executor)
            else:
                from minibp.check.soak import soak as go_on

                report = go_on(soak, seed=seed, workers=processes, progress=progress, executor=executor)
        _finish(report, json_file, html_file)


@cli.command()
@click.argument("target")
@click.option(
    "--activation",
    default="sigmoid",
    show_default=True,
    help="One for all layers, or one a layer: a,b,c; a, for a single layer.",
)
@click.option("--output-activation", help="That of the last layer, if it is another.")
@click.option("--cost", default="quadratic", show_default=True, help="The cost that the gradient is of.")
@click.option("--l2", type=float, default=0.0, show_default=True, help="α of α/(2m) Σ w².")
@click.option(
    "--reduction", type=click.Choice(["mean", "sum"]), default="mean", show_default=True,
    help="Whether the examples' gradients are averaged or added up.",
)  # fmt: skip
@click.option(
    "--layout", type=click.Choice(["rows", "columns", "per-example"]), default="rows", show_default=True,
    help="Examples as rows or columns, or one a call.",
)  # fmt: skip
@click.option("--dtype", default="float64", show_default=True, help="float64 or float32.")
@click.option("--examples", type=click.IntRange(min=1), default=100, show_default=True, help="Networks to draw.")
@click.option("--seed", type=click.IntRange(min=0), help="The same seed gives the same networks; by default a new one.")
@click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, allow_dash=True), help="Write a JSON report; - is stdout."
)
@click.option("--html", "html_file", type=click.Path(dir_okay=False), help="Write the report as a page.")
@click.option("--github", is_flag=True, help="Print findings as annotations of a GitHub workflow, too.")
def check(
    target: str,
    layout: str,
    json_file: str | None,
    html_file: str | None,
    github: bool,
    activation: str,
    **options: Any,
) -> None:
    """Check the gradient of TARGET, module:function or file.py:function.

    The function takes (weights, biases, x, y) and returns (nabla_w, nabla_b): lists of arrays, one a layer.

    Activations: identity, sigmoid, tanh, relu, leaky_relu, elu, softplus, silu; softmax as an output.

    Costs: quadratic, cross_entropy, categorical_cross_entropy, huber.

    Reduction: mean where the gradient is of the mean cost over the examples, sum where it is of their sum.
    """
    check_writable({"--json": json_file, "--html": html_file})
    with usable(), json_alone(json_file), own_arguments(target):
        function = loaded(target)
        subject = {"rows": _as_it_is, "columns": adapters.columns, "per-example": adapters.per_example}[layout](
            function
        )
        from minibp.check.backprop_check import check_backprop as run

        chosen = activation.removesuffix(",").split(",") if "," in activation else activation
        with bar("networks", first="JAX compiles its program") as progress:
            report = run(subject, activation=chosen, raise_on_mismatch=False, progress=progress, **options)
        said = " ".join(f"--{name.replace('_', '-')} {value}" for name, value in options.items() if value is not None)
        again = f"minibp check {target} --activation {activation} --layout {layout} {said}"
        report = replace(report, again=again if options["seed"] is not None else f"{again} --seed {report.seed}")
        if github:
            click.echo("\n".join(workflow_commands(report, function)), err=json_file == "-")
        _finish(report, json_file, html_file)


def _as_it_is(function: Any) -> Any:
    return function


@cli.command()
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Draws the networks.")
@click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, allow_dash=True),
    help="Write the matrix as JSON; - is stdout.",
)
@click.option("--workers", type=click.IntRange(min=1), help="Processes that share the work; by default one a core.")
def faults(seed: int, json_file: str | None, workers: int | None) -> None:
    """Put every fault of the catalogue into a backprop, and see whether the check catches, places and names it."""
    check_writable({"--json": json_file})
    with usable():
        with bar("settings", "tried") as progress, pool(workers or cores()) as executor:
            from minibp.check.kill_matrix import is_complete, kill_matrix, table

            matrix = kill_matrix(seed=seed, executor=executor, progress=progress)
        if json_file != "-":
            click.echo(table(matrix))
        write_json({"seed": seed, "faults": {name: row.to_dict() for name, row in matrix.items()}}, json_file)
        raise Exit(0 if is_complete(matrix) else 1)


def _finish(report: Report, json_file: str | None, html_file: str | None) -> NoReturn:
    """Show a report, write it where it was asked for, and exit with its status."""
    from minibp.check.wording import of_report

    allow_any_text()
    if json_file != "-":
        colours = {**COLOURS, "verdict": {"fg": VERDICT_COLOURS[report.verdict], "bold": True}}
        for kind, text in of_report(report):
            # click leaves colours out where there is no terminal
            click.echo(click.style(text, **colours[kind]) if kind in colours else text)
    write_json(report.to_dict(), json_file)
    if html_file is not None:
        from minibp.html import page

        write_whole(html_file, lambda file: file.write(page(report).encode()))
    raise Exit(0 if report.verdict == "correct" else 1)
