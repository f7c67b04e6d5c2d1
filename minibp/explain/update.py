"""The last step of a worked pass: one step of gradient descent, and the cost after it."""

from __future__ import annotations

from collections.abc import Iterator

from minibp.arrays import Array
from minibp.explain.formulas import cost_of_outputs
from minibp.explain.lines import Line, Part, Step, VectorLine, matrix
from minibp.explain.notation import given, name, product, shown
from minibp.explain.values import Values


def update_step(values: Values) -> Step:
    """(3), or with L2 (28) and (29), for every parameter; then C of the new network."""
    eta, before, after = given(values.example.eta), shown(values.cost), shown(float(values.after.cost))
    falls = f"the cost falls from {before} to {after}"
    note = (
        f"With the learning rate η = {eta} {falls if values.after.cost < values.cost else f'the cost stays {before}'}."
    )
    lines = [line for l in values.layers for j in range(len(values.b[l])) for line in _neuron(values, l, j)]
    vectors = [vector for l in values.layers for vector in _arrays(values, l)]
    outputs = matrix(values.after.a[-1][0])
    a = name("a", values.last)
    vectors.append(VectorLine("(11)", f"{a} of the new network, from (13) and (14)", (f"{a} =", outputs)))
    return Step("One step of gradient descent", note, [*lines, *_cost_after(values)], vectors)


def _neuron(values: Values, l: int, j: int) -> Iterator[Line]:
    """The bias of a neuron, and the weights that lead to it."""
    eta, l2, new_w, new_b = values.example.eta, values.example.l2, *_stepped(values, l)
    of, b = "∂C₀" if l2 else "∂C", name("b", l, j + 1)
    numbers = f"{given(values.b[l][j])} − {product(given(eta), shown(values.delta[l][j]))}"
    yield Line("(28)" if l2 else "(3)", Part(l, j + 1), b, f"{b} − η {of}/∂{b}", numbers, new_b[j], "←")
    for k, old in enumerate(values.w[l][j]):
        w = name("w", l, j + 1, k + 1)
        step = product(given(eta), shown(values.plain_nabla_w[l][j, k]))
        letters, numbers = f"{w} − η {of}/∂{w}", f"{given(old)} − {step}"
        if l2:
            letters = f"(1 − ηα) {letters}"
            numbers = f"{product(f'(1 − {product(given(eta), given(l2))})', given(old))} − {step}"
        yield Line("(29)" if l2 else "(3)", Part(l, j + 1, k + 1), w, letters, numbers, new_w[j, k], "←")


def _arrays(values: Values, l: int) -> Iterator[VectorLine]:
    """The same of W^l and b^l."""
    new_w, new_b = _stepped(values, l)
    nabla_b = values.delta[l]
    for letter, old, nabla, new in (("W", values.w[l], values.nabla_w[l], new_w), ("b", values.b[l], nabla_b, new_b)):
        array = name(letter, l)
        terms = (matrix(new), "=", matrix(old, as_given=True), f"− {given(values.example.eta)}", matrix(nabla))
        yield VectorLine("(3)", f"{array} ← {array} − η ∂C/∂{array}", terms)


def _stepped(values: Values, l: int) -> tuple[Array, Array]:
    return values.stepped.weights[l - 2], values.stepped.biases[l - 2]


def _cost_after(values: Values) -> Iterator[Line]:
    example, outputs = values.example, values.after.a[-1][0]
    rule = cost_of_outputs(example.cost, outputs.tolist(), example.y.tolist(), values.last)
    result = "C₀ after" if example.l2 else "C after"
    yield Line(rule.equation, None, result, rule.letters, rule.numbers, values.plain_cost_after)
    if example.l2:
        squares = sum(float((w * w).sum()) for w in values.stepped.weights)
        numbers = f"{shown(values.plain_cost_after)} + {given(example.l2)}/2·{shown(squares)}"
        yield Line("(27)", None, "C after", "C₀ + α/2 Σ_w w²", numbers, float(values.after.cost))
