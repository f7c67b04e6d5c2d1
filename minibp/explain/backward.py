"""The steps of a worked pass from the cost back: δ of each layer, and the gradient."""

from __future__ import annotations

from collections.abc import Iterator

from minibp.arrays import Array
from minibp.costs import fuses
from minibp.explain.formulas import prime_of, slope_of_cost
from minibp.explain.lines import Line, Matrix, Part, Step, VectorLine, matrix
from minibp.explain.notation import added, factor, given, name, product, shown
from minibp.explain.values import Values


def output_step(values: Values) -> Step:
    """δ^L: (26) where σ' cancels, else (16) and (17)."""
    example, l = values.example, values.last
    title = f"The output error, {name('δ', l)}"
    if fuses(example.cost, values.sigma[l]):
        return _fused_step(values, title)
    nabla_a = example.cost.gradient(values.a[l], example.y)
    slopes, delta = matrix(nabla_a), matrix(values.delta[l])
    if values.sigma[l].elementwise:
        lines = [line for j in range(len(nabla_a)) for line in _output_neuron(values, j, nabla_a)]
        letters = f"{name('δ', l)} = ∇_a C ⊙ σ'({name('z', l)})"
        terms: tuple[Matrix | str, ...] = (delta, "=", slopes, "⊙", matrix(values.prime[l]))
        return Step(title, "", lines, [VectorLine("(17)", letters, terms)])
    lines = [_slope(values, j, nabla_a) for j in range(len(nabla_a))]
    lines += [_softmax_error(values, j, nabla_a) for j in range(len(nabla_a))]
    note = "Each a_k of softmax depends on every z_j: ∂a_j/∂z_j = a_j (1 − a_j), else ∂a_k/∂z_j = −a_k a_j."
    letters = f"{name('δ', l)} = (∂{name('a', l)}/∂{name('z', l)})ᵀ ∇_a C"
    return Step(title, note, lines, [VectorLine("(17)", letters, (delta, "=", matrix(values.prime[l]), slopes))])


def _fused_step(values: Values, title: str) -> Step:
    """(26)."""
    y, l = values.example.y, values.last
    lines = []
    for j in range(1, len(y) + 1):
        numbers = f"{shown(values.a[l][j - 1])} − {factor(given(y[j - 1]))}"
        letters = f"{name('a', l, j)} − y_{j}"
        lines.append(Line("(26)", Part(l, j), name("δ", l, j), letters, numbers, values.delta[l][j - 1]))
    terms = (matrix(values.delta[l]), "=", matrix(values.a[l]), "−", matrix(y, as_given=True))
    vector = VectorLine("(26)", f"{name('δ', l)} = {name('a', l)} − y", terms)
    return Step(title, "In ∂C/∂a times the derivative of the output that derivative cancels.", lines, [vector])


def _output_neuron(values: Values, j: int, nabla_a: Array) -> Iterator[Line]:
    """∂C/∂a^L_j, σ' and (16)."""
    l = values.last
    yield _slope(values, j, nabla_a)
    yield _prime(values, l, j)
    letters = f"∂C/∂{name('a', l, j + 1)} σ'({name('z', l, j + 1)})"
    numbers = product(shown(nabla_a[j]), shown(values.prime[l][j]))
    yield Line("(16)", Part(l, j + 1), name("δ", l, j + 1), letters, numbers, values.delta[l][j])


def _slope(values: Values, j: int, nabla_a: Array) -> Line:
    l = values.last
    rule = slope_of_cost(values.example.cost, values.a[l][j], values.example.y[j])
    return Line("", Part(l, j + 1), f"∂C/∂{name('a', l, j + 1)}", rule.letters, rule.numbers, nabla_a[j])


def _softmax_error(values: Values, j: int, nabla_a: Array) -> Line:
    """(16) summed over all outputs."""
    l, i = values.last, j + 1
    total = added(product(shown(slope), shown(a)) for slope, a in zip(nabla_a, values.a[l], strict=True))
    letters = f"Σ_k ∂C/∂a_k ∂a_k/∂z_{i} = a_{i} (∂C/∂a_{i} − Σ_k ∂C/∂a_k a_k)"
    numbers = f"{shown(values.a[l][j])}·({shown(nabla_a[j])} − ({total}))"
    return Line("(16)", Part(l, i), name("δ", l, i), letters, numbers, values.delta[l][j])


def _prime(values: Values, l: int, j: int) -> Line:
    rule = prime_of(values.sigma[l], values.z[l][j], values.a[l][j])
    result = f"σ'({name('z', l, j + 1)})"
    return Line(rule.equation, Part(l, j + 1), result, rule.letters, rule.numbers, values.prime[l][j])


def hidden_step(values: Values, l: int) -> Step:
    """δ^l of a hidden layer: (18) to (21), and (22)."""
    above = f"Σ_j {name('w', l + 1, 'kj')} σ({name('z', l, 'j')}) + {name('b', l + 1, 'k')}"
    note = f"{name('z', l + 1, 'k')} = {above}, (19), has the derivatives (20). (18) and (21) are the same sum."
    lines = [line for j in range(len(values.z[l])) for line in _hidden_neuron(values, l, j)]
    letters = f"{name('δ', l)} = (({name('W', l + 1)})ᵀ {name('δ', l + 1)}) ⊙ σ'({name('z', l)})"
    w, delta = matrix(values.w[l + 1].T, as_given=True), matrix(values.delta[l + 1])
    terms = (matrix(values.delta[l]), "= (", w, delta, ") ⊙", matrix(values.prime[l]))
    return Step(f"The error of layer {l}, {name('δ', l)}", note, lines, [VectorLine("(22)", letters, terms)])


def _hidden_neuron(values: Values, l: int, j: int) -> Iterator[Line]:
    """σ', the derivatives (20), and δ^l_j by (18) and by (21)."""
    part, z, delta, prime = Part(l, j + 1), name("z", l, j + 1), name("δ", l, j + 1), values.prime[l][j]
    z_k, delta_k = name("z", l + 1, "k"), name("δ", l + 1, "k")
    pairs = list(zip(values.w[l + 1][:, j], values.delta[l + 1], strict=True))
    yield _prime(values, l, j)
    for k, (w, _) in enumerate(pairs, start=1):
        letters = f"{name('w', l + 1, k, j + 1)} σ'({z})"
        yield Line("(20)", part, f"∂{name('z', l + 1, k)}/∂{z}", letters, product(given(w), shown(prime)), w * prime)
    numbers = added(product(shown(above), shown(w * prime)) for w, above in pairs)
    yield Line("(18)", part, delta, f"Σ_k {delta_k} ∂{z_k}/∂{z}", numbers, values.delta[l][j])
    numbers = added(product(given(w), shown(above), shown(prime)) for w, above in pairs)
    letters = f"Σ_k {name('w', l + 1, 'k', j + 1)} {delta_k} σ'({z})"
    yield Line("(21)", part, delta, letters, numbers, values.delta[l][j])


def gradient_step(values: Values, l: int) -> Step:
    """∂C/∂b^l and ∂C/∂W^l: (23), (24), and with L2 (27)."""
    l2, delta, of = values.example.l2, matrix(values.delta[l]), "∂C₀" if values.example.l2 else "∂C"
    w, b = name("W", l), name("b", l)
    lines = [
        Line("(23)", Part(l, j), f"{of}/∂{name('b', l, j)}", name("δ", l, j), "", value)
        for j, value in enumerate(values.delta[l], start=1)
    ]
    for j, row in enumerate(values.w[l]):
        for k in range(len(row)):
            lines += _weight(values, l, j, k)
    plain = matrix(values.plain_nabla_w[l])
    below = Matrix((tuple(values.text_of_a(l - 1, k) for k in range(len(values.a[l - 1]))),))
    vectors = [
        VectorLine("(23)", f"{of}/∂{b} = {name('δ', l)}", (f"{of}/∂{b} =", delta)),
        VectorLine("(24)", f"{of}/∂{w} = {name('δ', l)} ({name('a', l - 1)})ᵀ", (plain, "=", delta, below)),
    ]
    if l2:
        terms = (matrix(values.nabla_w[l]), "=", plain, f"+ {given(l2)}", matrix(values.w[l], as_given=True))
        vectors.append(VectorLine("(27)", f"∂C/∂{w} = ∂C₀/∂{w} + α {w}", terms))
    return Step(f"The gradient, layer {l}", "", lines, vectors)


def _weight(values: Values, l: int, j: int, k: int) -> Iterator[Line]:
    part, w, l2 = Part(l, j + 1, k + 1), name("w", l, j + 1, k + 1), values.example.l2
    plain = f"∂C₀/∂{w}" if l2 else f"∂C/∂{w}"
    letters = f"{name('δ', l, j + 1)} {name('a', l - 1, k + 1)}"
    numbers, value = product(shown(values.delta[l][j]), values.text_of_a(l - 1, k)), values.plain_nabla_w[l][j, k]
    yield Line("(24)", part, plain, letters, numbers, value)
    if l2:
        numbers = f"{shown(value)} + {product(given(l2), given(values.w[l][j, k]))}"
        yield Line("(27)", part, f"∂C/∂{w}", f"{plain} + α {w}", numbers, values.nabla_w[l][j, k])
