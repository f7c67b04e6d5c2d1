import numpy as np
from hypothesis import given
from printed import examples

from minibp import batched
from minibp.explain.example import example_of
from minibp.explain.values import Values, largest_difference


@given(examples())
def test_the_gradient_is_the_plain_one_with_the_penalty_and_the_step_goes_along_it(example):
    values = Values(example)
    for l in values.layers:
        assert np.allclose(values.nabla_w[l], values.plain_nabla_w[l] + example.l2 * values.w[l], rtol=1e-12)
        new_w, new_b = values.stepped.weights[l - 2], values.stepped.biases[l - 2]
        assert np.allclose(new_w, values.w[l] - example.eta * values.nabla_w[l], rtol=1e-12)
        assert np.allclose(new_b, values.b[l] - example.eta * values.delta[l], rtol=1e-12)
    penalty = example.l2 / 2 * sum((w**2).sum() for w in values.w.values())
    assert np.isclose(values.cost, values.plain_cost + penalty, rtol=1e-12)


def test_the_input_is_given_and_activations_are_shown():
    values = Values(example_of([2, 1], "sigmoid", None, "quadratic", 0.0, 0))
    assert len(values.text_of_a(1, 0)) == 3
    assert len(values.text_of_a(2, 0)) == 7


def test_the_largest_difference_is_seen_wherever_it_is():
    example = example_of([2, 2, 1], "sigmoid", None, "quadratic", 0.0, 0)
    one = batched.backprop(example.network, example.cost, example.x[None], example.y[None])
    assert largest_difference(one, one) == 0
    assert largest_difference(one, one._replace(cost=one.cost + 0.25)) == 0.25
    for kind in ("z", "a", "delta"):
        first, *others = getattr(one, kind)
        assert np.isclose(largest_difference(one, one._replace(**{kind: (first + 0.5, *others)})), 0.5)
    nabla_b = (one.gradient.nabla_b[0] - 2, *one.gradient.nabla_b[1:])
    assert np.isclose(largest_difference(one, one._replace(gradient=one.gradient._replace(nabla_b=nabla_b))), 2)
