"""The steps of a worked pass up to the cost: the network and the example, (12) to (14) of each layer, and C."""

from __future__ import annotations

from collections.abc import Iterator

from minibp.explain.formulas import cost_of_outputs, value_of
from minibp.explain.lines import Line, Part, Step, VectorLine, matrix
from minibp.explain.notation import HALF, added, factor, given, name, product, shown
from minibp.explain.values import Values


def start_step(values: Values) -> Step:
    """The network and the example, as arrays."""
    x, y = values.example.x, values.example.y
    vectors = []
    for l in values.layers:
        w, b = matrix(values.w[l], as_given=True), matrix(values.b[l], as_given=True)
        vectors.append(VectorLine("", f"layer {l}", (f"{name('W', l)} =", w, f"{name('b', l)} =", b)))
    example = ("x = a^1 =", matrix(x, as_given=True), "y =", matrix(y, as_given=True))
    return Step("The network and the example", "", [], [*vectors, VectorLine("", "the example", example)])


def layer_step(values: Values, l: int) -> Step:
    """z^l and a^l."""
    w, b = matrix(values.w[l], as_given=True), matrix(values.b[l], as_given=True)
    z, a = matrix(values.z[l]), matrix(values.a[l])
    below = matrix(values.a[l - 1], as_given=l == 2)
    letters = f"{name('z', l)} = {name('W', l)} {name('a', l - 1)} + {name('b', l)}"
    return Step(
        f"Forward, layer {l}",
        "(12) put into (14) is (10); by vector, (13) put into (14) is (11).",
        _neurons(values, l),
        [
            VectorLine("(13)", letters, (z, "=", w, below, "+", b)),
            VectorLine("(14)", f"{name('a', l)} = σ({name('z', l)})", (a, "= σ", z)),
        ],
    )


def _neurons(values: Values, l: int) -> list[Line]:
    """z and a of each neuron; of softmax, which takes every z, all z first."""
    lines = [line for j in range(len(values.z[l])) for line in _neuron(values, l, j)]
    return lines if values.sigma[l].elementwise else [*lines[::2], *lines[1::2]]


def _neuron(values: Values, l: int, j: int) -> Iterator[Line]:
    """z^l_j and a^l_j, j counted from 0."""
    part, z, a = Part(l, j + 1), name("z", l, j + 1), name("a", l, j + 1)
    terms = [product(given(w), values.text_of_a(l - 1, k)) for k, w in enumerate(values.w[l][j])]
    letters = f"Σ_k {name('w', l, j + 1, 'k')} {name('a', l - 1, 'k')} + {name('b', l, j + 1)}"
    numbers = f"{' + '.join(terms)} + {factor(given(values.b[l][j]))}"
    yield Line("(12)", part, z, letters, numbers, values.z[l][j])
    rule = value_of(values.sigma[l], values.z[l].tolist(), j)
    yield Line("(14)", part, a, f"σ({z}) = {rule.letters}", rule.numbers, values.a[l][j])


def cost_step(values: Values) -> Step:
    """The cost of the example, with L2 where there is any."""
    example, l = values.example, values.last
    plain = "C₀" if example.l2 else "C"
    rule = cost_of_outputs(example.cost, values.a[l].tolist(), example.y.tolist(), l)
    lines = [Line(rule.equation, None, plain, rule.letters, rule.numbers, values.plain_cost)]
    if example.l2:
        squares = added(f"{factor(given(w))}²" for layer in values.layers for w in values.w[layer].ravel())
        numbers = f"{shown(values.plain_cost)} + {given(example.l2)}/2·({squares})"
        lines.append(Line("(27)", None, "C", "C₀ + α/2 Σ_w w²", numbers, values.cost))
    vectors = []
    if example.cost.name == "quadratic":
        y, a = matrix(example.y, as_given=True), matrix(values.a[l])
        terms = (f"{plain} = {HALF} ‖", y, "−", a, f"‖² = {shown(values.plain_cost)}")
        vectors.append(VectorLine("(9)", f"{plain} = {HALF} ‖y − {name('a', l)}‖²", terms))
    return Step("The cost", "Of one example, so that m = 1.", lines, vectors)
