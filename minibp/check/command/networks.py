"""The commands verify, check and faults, with their options and reports."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import Any

import click

from minibp import adapters
from minibp.archives import Archive
from minibp.arrays import Array, InputError
from minibp.check.command.finish import annotate, expect_outputs, finish
from minibp.check.subject.conventions import L2_OVER, REDUCTIONS, TARGETS
from minibp.console import Exit, bar, check_writable, json_alone, reject, usable, write_json
from minibp.files import checked_path
from minibp.import_string import loaded, own_arguments
from minibp.options import executor_option, html_option, json_option, seed_option, workers_option
from minibp.workers import team

OUTPUTS = ("seed", "json_file", "html_file", "github", "workers", "executor")
"""Options of `check` that do not change what is checked, and the seed, which is always named."""


@click.command()
@click.option("--examples", type=click.IntRange(min=1), help="Networks to draw; by default 2016.")
@seed_option(None)
@click.option(
    "--soak",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Go on for so long, with small networks drawn by the hundred.",
)
@click.option("--networks", type=click.IntRange(min=1), metavar="N", help="As --soak, until N networks are checked.")
@json_option("the report")
@html_option()
@workers_option()
@executor_option()
def verify(
    examples: int | None,
    seed: int | None,
    soak: float | None,
    networks: int | None,
    json_file: str | None,
    html_file: str | None,
    workers: int | None,
    executor: str | None,
) -> None:
    """Hold the package's own gradients against every oracle.

    Every activation, cost, implementation (component, per example, batched, workspace) and dtype, with and without L2,
    on networks that Hypothesis draws and on images of digits; MNIST is used where it is in the folder that
    MINIBP_MNIST_DIR names, or in the cache.
    """
    expect_outputs(json_file, html_file)
    if soak is not None and examples is not None:
        reject("--soak goes on until its time is over: --examples has no meaning with it")
    if networks is not None and (soak, examples) != (None, None):
        reject("--networks is how many a soak checks: neither --soak nor --examples has a meaning with it")
    with usable():
        with bar("networks" if soak is None else "seconds") as progress, team(workers, executor) as who:
            if soak is None and networks is None:
                from minibp.check.verify.verify import EXAMPLES
                from minibp.check.verify.verify import verify as run

                report = run(examples=examples or EXAMPLES, seed=seed, progress=progress, executor=who.executor)
            else:
                from minibp.check.verify.soak import soak as go_on

                report = go_on(soak, networks=networks, seed=seed, progress=progress, **who._asdict())
        finish(report, json_file, html_file)


@click.command()
@click.argument("target")
@click.option(
    "--activation", default="sigmoid", show_default=True, metavar="NAME[,NAME…]",
    help="One for all layers, or one a layer, which also says how many layers there are.",
)  # fmt: skip
@click.option(
    "--layers", type=click.IntRange(min=1), metavar="N",
    help="Layers after the input, where the code is written for N.  [default: any number]",
)  # fmt: skip
@click.option("--output-activation", help="That of the last layer, if it is another.")
@click.option("--cost", default="quadratic", show_default=True, help="The cost that the gradient is of.")
@click.option("--l2", type=float, default=0.0, show_default=True, help="α of α/(2m) Σ w².")
@click.option(
    "--l2-over", type=click.Choice(L2_OVER), default="examples", show_default=True,
    help="What the penalty is divided by: α/(2m) Σ w², or α/2 Σ w².",
)  # fmt: skip
@click.option(
    "--reduction", type=click.Choice(REDUCTIONS), default="mean", show_default=True,
    help="Whether the examples' gradients are averaged or added up.",
)  # fmt: skip
@click.option(
    "--targets", type=click.Choice(TARGETS), default="soft", show_default=True,
    help="Any targets, rows with a single 1, integer labels, or 1 and -1.",
)  # fmt: skip
@click.option("--biases/--no-biases", default=True, help="Whether the network has biases.  [default: it has]")
@click.option(
    "--cost-scale", type=float, default=1.0, show_default=True, metavar="C",
    help="The cost is C times the one that is named: 2 for a square without its ½.",
)  # fmt: skip
@click.option(
    "--layout", type=click.Choice(["rows", "columns", "per-example"]), default="rows", show_default=True,
    help="Examples as rows or columns, or one a call.",
)  # fmt: skip
@click.option(
    "--step", metavar="METHOD",
    help="TARGET is a class, a function of sizes or an object that holds its parameters; METHOD of (x, y) runs it.",
)  # fmt: skip
@click.option(
    "--gradient", type=click.Choice(["found", "returned", "update"]),
    help="In the object, in what is returned, or applied at once.  [default: found with --step, else returned]",
)  # fmt: skip
@click.option("--rate", type=float, metavar="η", help="The learning rate of an update.  [default: fitted]")
@click.option("--network", metavar="FILE", help="Check at this network, as Network.save wrote it, and at --data.")
@click.option("--data", metavar="FILE", help="An .npz file with the arrays x and y, for --network.")
@click.option("--dtype", default="float64", show_default=True, help="float64 or float32.")
@click.option("--examples", type=click.IntRange(min=1), default=100, show_default=True, help="Networks to draw.")
@seed_option(None)
@json_option("the report")
@html_option()
@workers_option("1")
@executor_option()
@click.option("--github", is_flag=True, help="Print findings as annotations of a GitHub workflow, too.")
def check(
    target: str,
    layout: str,
    step: str | None,
    gradient: str | None,
    rate: float | None,
    data: str | None,
    json_file: str | None,
    html_file: str | None,
    github: bool,
    workers: int | None,
    executor: str | None,
    activation: str,
    layers: int | None,
    **options: Any,
) -> None:
    """Check the gradient of TARGET, module:function or file.py:function.

    The function takes (weights, biases, x, y) and returns (nabla_w, nabla_b): lists of arrays, one a layer. With
    --step, TARGET holds its parameters: minibp check net.py:Network --step backprop.

    Activations: identity, sigmoid, tanh, relu, leaky_relu, elu, softplus, silu, gelu, gelu_tanh, mish, softsign,
    hard_sigmoid, hard_tanh, hard_swish, relu6, selu; softmax as an output; with a constant above 0, leaky_relu(slope),
    elu(alpha), hard_sigmoid(slope).

    Costs: quadratic, cross_entropy, categorical_cross_entropy, huber.

    Reduction: mean where the gradient is of the mean cost over the examples, sum where it is of their sum.
    """
    expect_outputs(json_file, html_file)
    with usable(), json_alone(json_file), own_arguments(target):
        function = loaded(target, only_functions=step is None)
        layouts = {"rows": _as_it_is, "columns": adapters.columns, "per-example": adapters.per_example}
        subject = layouts[layout](_subject_of(function, step, gradient, rate))
        from minibp.check.backprop.backprop_check import check_backprop as run

        chosen = _activations(activation, layers)
        x, y = _examples_in(data) if data is not None else (None, None)
        single = options["network"] is not None  # which is done before any worker has started
        with (
            bar("networks", first="JAX compiles its program") as progress,
            team(workers, executor, default=1, single=single) as who,
        ):
            options |= {"activation": chosen, "x": x, "y": y, "executor": who.executor}
            report = run(subject, raise_on_mismatch=False, progress=progress, **options)
        report = replace(report, again=_again(report.seed))
        if github:
            annotate(report, function, json_file)
        finish(report, json_file, html_file)


def _again(seed: int) -> str:
    """The command that gives this report again: what was given, but for defaults, and the seed."""
    context = click.get_current_context()
    said = []
    for option in context.command.params:
        value = context.params[option.name or ""]
        if isinstance(option, click.Option) and option.name not in OUTPUTS and value not in {None, option.default}:
            said += ["--no-biases"] if option.name == "biases" else [option.opts[0], str(value)]
    return shlex.join(["minibp", "check", context.params["target"], *said, "--seed", str(seed)])


def _as_it_is(function: Any) -> Any:
    return function


def _subject_of(code: Any, step: str | None, gradient: str | None, rate: float | None) -> Any:
    """The code as a function of (weights, biases, x, y)."""
    if step is not None:
        return adapters.model(code, step, gradient=gradient or "found", rate=rate)
    if gradient == "found":
        reject("--gradient found is for an object that holds its parameters: --step names the method that runs it")
    if gradient == "update":
        return adapters.update(code, rate=rate)
    if rate is not None:
        reject("--rate is for --gradient update")
    return code


def _examples_in(path: str) -> tuple[Array, Array]:
    """x and y of a file."""
    try:
        with checked_path(path).open("rb") as file:
            held = Archive(file)
            return held["x"], held["y"]
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _activations(names: str, layers: int | None) -> str | list[str]:
    """The argument `activation` of a check: one name for any number of layers, or one a layer."""
    each = names.removesuffix(",").split(",")
    if layers is None:
        return each if "," in names else names
    if "," in names and len(each) != layers:
        reject(f"--activation has {len(each)} names, one a layer, and --layers is {layers}")
    return each if "," in names else [names] * layers


@click.command()
@seed_option(0, "Draws the networks.")
@json_option("the matrix")
@workers_option()
@executor_option()
def faults(seed: int, json_file: str | None, workers: int | None, executor: str | None) -> None:
    """Put every fault of the catalogue into a backprop, and see whether the check catches, places and names it."""
    check_writable({"--json": json_file})
    with usable():
        with bar("settings", "tried") as progress, team(workers, executor) as who:
            from minibp.check.verify.kill_matrix import is_complete, kill_matrix, table

            matrix = kill_matrix(seed=seed, executor=who.executor, progress=progress)
        if json_file != "-":
            click.echo(table(matrix))
        write_json({"seed": seed, "faults": {name: row.to_dict() for name, row in matrix.items()}}, json_file)
        raise Exit(0 if is_complete(matrix) else 1)
