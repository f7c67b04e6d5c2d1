"""`minibp explain`: one pass of a small network with all its numbers, as text and as a page."""

from __future__ import annotations

import click

from minibp.activations import HIDDEN
from minibp.arrays import InputError
from minibp.console import allow_any_text, check_writable, usable
from minibp.costs import COSTS
from minibp.explain.example import example_of
from minibp.explain.terminal import text_of
from minibp.explain.worked import worked
from minibp.files import write_whole
from minibp.options import seed_option
from minibp.tables import width

SIZES = "2,3,2"


@click.command()
@click.option("--sizes", default=SIZES, show_default=True, metavar="N,N,…", help="Neurons of each layer, x first.")
@click.option("--activation", default="sigmoid", show_default=True, help=f"σ of all layers: {', '.join(HIDDEN)}.")
@click.option("--output-activation", help="σ of the last layer, if it is another: softmax, too.")
@click.option("--cost", default="quadratic", show_default=True, help=f"{', '.join(COSTS)}.")
@click.option("--l2", type=float, default=0.0, show_default=True, help="α of α/(2m) Σ w².")
@seed_option(0, "The same seed draws the same network and example.")
@click.option(
    "--html", "html_file", type=click.Path(dir_okay=False), metavar="FILE",
    help="Write a page, too: in a drawing of the network, neurons and weights show their own lines.",
)  # fmt: skip
def explain(
    sizes: str,
    activation: str,
    output_activation: str | None,
    cost: str,
    l2: float,
    seed: int,
    html_file: str | None,
) -> None:
    """Work out one forward and one backward pass, and one step of gradient descent, of a small network.

    Every line has the number of its equation, the equation in letters and with numbers, by component and by vector, so
    that it can be followed with a pocket calculator. Weights, biases and the example have one decimal. A network may
    have 60 weights, and 9 layers of 9 neurons.
    """
    check_writable({"--html": html_file})
    with usable():
        if html_file is not None:
            from minibp.pages.rendering import expect_templates

            expect_templates()
        example = example_of(_sizes(sizes), activation, output_activation, cost, l2, seed)
        pass_ = worked(example)
        allow_any_text()
        click.echo("\n".join(text_of(pass_, width())))
        if html_file is not None:
            from minibp.explain.page import page_of

            content = page_of(example, pass_).encode()
            write_whole(html_file, lambda file: file.write(content))


def _sizes(text: str) -> list[int]:
    try:
        return [int(size) for size in text.split(",")]
    except ValueError:
        raise InputError(f"--sizes is {text!r}, expected whole numbers with commas between them") from None
