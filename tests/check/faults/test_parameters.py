import numpy as np
import pytest
from fault_settings import Columns, narrowing_problem, of_equations, results, square_problem, state_of

from minibp import Problem
from minibp.check.faults.catalogue import CATALOGUE
from minibp.check.faults.parameters import equation_23, equation_24
from minibp.check.rounding.running_error import explains

EXPECTED = {
    "bias_gradient_zero": [lambda c, l: 0 * c.b[l]],
    "bias_value_for_gradient": [lambda c, l: c.b[l]],
    "bias_gradient_summed_over_neurons": [
        lambda c, l: np.full(4, c.delta[l].sum()),
        lambda c, l: np.full(4, c.delta[l].mean()),
    ],
    "weight_gradient_zero": [lambda c, l: 0 * c.w[l]],
    "activation_same_layer": [lambda c, l: np.outer(c.delta[l], c.a[l])],
    "weighted_input_for_activation": [lambda c, l: np.outer(c.delta[l], c.z[l - 1])],
    "input_for_activation": [lambda c, l: np.outer(c.delta[l], c.x)],
    "weights_for_activation": [lambda c, l: np.diag(c.delta[l]) @ c.w[l]],
    "outer_product_transposed": [lambda c, l: np.outer(c.a[l - 1], c.delta[l])],
}
"""The results for one example, by each way to write the mistake; the mean over examples is taken of them."""

OF_SHARES = {
    f"{tensor}_gradient_{name}": share
    for tensor in ("bias", "weight")
    for name, share in {"not_averaged": 1, "averaged_twice": 1 / 9}.items()
}
"""What each of three examples counts in one tensor."""


def right(name, c, l):
    return c.delta[l] if name.startswith("bias") else np.outer(c.delta[l], c.a[l - 1])


def test_every_fault_is_expected():
    assert EXPECTED.keys() | OF_SHARES.keys() == of_equations("(23)", "(24)")


@pytest.mark.parametrize("name", EXPECTED)
def test_a_fault_gives(name):
    problem = square_problem("tanh")
    examples = [Columns(problem, row) for row in range(3)]
    made = [result for result in results(name, problem, 3) if result is not None]
    for result, wrong in zip(made, EXPECTED[name], strict=True):
        assert explains(result, sum(wrong(c, 3) for c in examples) / 3)
        assert not explains(result, sum(right(name, c, 3) for c in examples) / 3)


@pytest.mark.parametrize("way", [2, 3], ids=["sum", "mean"])
def test_a_sum_over_the_wrong_axis_fits_as_many_neurons_as_examples(way):
    whole = square_problem("tanh")
    formula = CATALOGUE["bias_gradient_summed_over_neurons"].formulas[way]
    for m, fits in ((4, True), (3, False), (1, True)):
        x, y = (np.concatenate([array, array[:1] / 2])[:m] for array in (whole.x, whole.y))
        problem = Problem(whole.network, whole.cost, x, y)
        p = state_of(problem)
        p.share = p.equal_shares(1 / m)
        result = formula(p, 3)
        assert (result is not None) is fits
        if fits:
            each = np.array([Columns(problem, row).delta[3].sum() for row in range(m)])
            assert explains(result, np.broadcast_to(each, 4) / (m if way == 2 else 4))


@pytest.mark.parametrize("name", OF_SHARES)
def test_a_fault_gives_shares(name):
    (shares,) = results(name, square_problem("tanh"), 3)
    assert shares.tolist() == [OF_SHARES[name]] * 3


@pytest.mark.parametrize("name", ["activation_same_layer", "input_for_activation", "outer_product_transposed"])
def test_between_layers_of_unequal_widths_it_cannot_be_made(name):
    assert results(name, narrowing_problem("tanh"), 3) == [None]


@pytest.mark.parametrize("name", ["weighted_input_for_activation", "input_for_activation"])
def test_below_the_second_layer_is_only_the_input(name):
    assert results(name, square_problem("tanh"), 2) == [None]


def test_the_equations():
    problem = square_problem("tanh")
    examples = [Columns(problem, row) for row in range(3)]
    p = state_of(problem)
    p.share = np.array([0.5, 0.0, 2.0])
    first, _, last = examples
    assert explains(equation_23(p, 3), 0.5 * first.delta[3] + 2 * last.delta[3])
    expected = 0.5 * np.outer(first.delta[3], first.a[2]) + 2 * np.outer(last.delta[3], last.a[2])
    assert explains(equation_24(p, 3), expected)
