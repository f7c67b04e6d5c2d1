"""A forward and a backward pass as lines: each quantity in letters and in numbers, with the number of its equation."""

from __future__ import annotations

from minibp.explain.backward import gradient_step, hidden_step, output_step
from minibp.explain.example import Example
from minibp.explain.forward import cost_step, layer_step, start_step
from minibp.explain.lines import Worked
from minibp.explain.notation import DECIMALS, given
from minibp.explain.update import update_step
from minibp.explain.values import Values

ABOUT = (
    f"Numbers are computed in full and shown to {DECIMALS} decimals: computed again from those that are shown, the "
    "last digit can differ. w^l_jk leads from neuron k of layer l−1 to neuron j of layer l."
)


def worked(example: Example) -> Worked:
    """The whole pass of an example.

    >>> from minibp.explain.example import example_of
    >>> pass_ = worked(example_of([1, 1], "sigmoid", None, "quadratic", 0.0, seed=0))
    >>> [line.equation for line in pass_.lines()]
    ['(12)', '(14)', '(9)', '', '(8)', '(16)', '(23)', '(24)', '(3)', '(3)', '(9)']
    """
    values = Values(example)
    sizes = "-".join(map(str, example.network.sizes))
    functions = " and ".join(dict.fromkeys(one.name for one in values.sigma.values()))
    penalty = f", L2 with α = {given(example.l2)}" if example.l2 else ""
    steps = [
        start_step(values),
        *(layer_step(values, l) for l in values.layers),
        cost_step(values),
        output_step(values),
        *(hidden_step(values, l) for l in reversed(values.layers[:-1])),
        *(gradient_step(values, l) for l in values.layers),
        update_step(values),
    ]
    return Worked(
        f"A pass by hand: {sizes}, {functions}, {example.cost.name}{penalty}, seed {example.seed}",
        ABOUT,
        steps,
        f"Largest difference of all these numbers to minibp.batched.backprop: {values.difference:.1e}. "
        "minibp verify holds both forms against independent oracles.",
        values.difference,
    )
