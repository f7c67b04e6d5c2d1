import math

import numpy as np
import pytest
from case_ids import written_out
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from minibp import InputError, Network, batched, directional_derivative, steepest_descent_direction

NUMBERS = st.floats(-1e300, 1e300, allow_subnormal=False) | st.floats(-10, 10, allow_subnormal=False)
GRADIENTS = arrays(np.float64, array_shapes(max_dims=3, max_side=6), elements=NUMBERS)


def gamma(n):
    """What n roundings, one on the other, amount to at the most: γ_n (Higham 2002, 3.1)."""
    nu = n * np.finfo(np.float64).eps / 2
    return nu / (1 - nu)


@given(GRADIENTS, st.integers(0, 2**32))
def test_no_unit_direction_descends_faster_than_the_steepest(gradient, seed):
    """(2): ∇C · v ≥ −‖∇C‖ for every ‖v‖ = 1, and equality for −∇C/‖∇C‖."""
    assume(gradient.any())
    scaled = gradient / np.abs(gradient).max()  # the sum of products of numbers near 1e300 would overflow
    steepest = directional_derivative(scaled, steepest_descent_direction(gradient))
    length = math.sqrt(math.fsum(scaled.ravel() ** 2))
    # Norms, quotients and the product: each entry goes through some 2n + 10 roundings.
    slack = gamma(4 * gradient.size + 20) * length
    assert abs(steepest + length) <= slack
    rng = np.random.default_rng(seed)
    for v in [*rng.standard_normal((20, *gradient.shape)), *np.eye(gradient.size).reshape(-1, *gradient.shape)]:
        assert directional_derivative(scaled, v) >= steepest - 2 * slack
        assert directional_derivative(scaled, -v) >= steepest - 2 * slack


def test_a_direction_next_to_the_steepest_descends_more_slowly():
    """The test above can fail: to first order nothing is lost, to second order something is."""
    gradient = np.array([3.0, 4.0])
    steepest = directional_derivative(gradient, steepest_descent_direction(gradient))
    turned = steepest_descent_direction(gradient) + 1e-3 * np.array([4.0, -3.0])
    assert directional_derivative(gradient, turned) > steepest + 1e-6


@given(GRADIENTS, st.floats(1e-300, 1e300))
def test_the_length_of_v_counts_only_where_it_is_asked_for(gradient, scale):
    v = np.ones(gradient.shape)
    scaled = gradient / max(1.0, np.abs(gradient).max())
    slack = gamma(4 * gradient.size + 20) * np.abs(scaled).sum()
    assert abs(directional_derivative(scaled, scale * v) - directional_derivative(scaled, v)) <= slack
    plain = directional_derivative(scaled, v, normalize=False)
    assert abs(plain - math.fsum(scaled.ravel())) <= slack


def test_it_is_the_slope_of_a_networks_cost():
    """Along v by (1), and by the difference of costs on both sides of w."""
    rng = np.random.default_rng(0)
    network = Network.random([3, 4, 2], rng=rng)
    x, y = rng.random((5, 3)), rng.random((5, 2))
    v = rng.standard_normal((4, 3))
    gradient = batched.backprop(network, "quadratic", x, y).gradient.nabla_w[0]
    h = 1e-6

    def cost(t):
        weights = [network.weights[0] + t * v / np.linalg.norm(v), network.weights[1]]
        return batched.backprop(Network(weights, network.biases), "quadratic", x, y).cost

    # h² times a third derivative of at most some units, and rounding of the costs over h.
    assert abs(directional_derivative(gradient, v) - (cost(h) - cost(-h)) / (2 * h)) < 1e-9


def test_dtype_and_shape_are_kept_and_nothing_can_be_written():
    direction = steepest_descent_direction(np.ones((2, 3), np.float32))
    assert (direction.shape, direction.dtype, direction.flags.writeable) == ((2, 3), np.float32, False)


@pytest.mark.parametrize(
    ("gradient", "v", "message"),
    [
        ([1.0, 2.0], [1.0], r"v has shape \(1,\), grad_at_w has shape \(2,\): expected the same"),
        ([1.0], [0.0], "v is 0, which is no direction"),
        ([1.0], [np.nan], "v has the value nan at"),
        ([True], [1.0], "grad_at_w has dtype bool, expected float64 or float32"),
        ([], [], "expected at least one entry"),
    ],
    ids=written_out,
)
def test_what_is_no_direction_is_refused(gradient, v, message):
    with pytest.raises(InputError, match=message):
        directional_derivative(gradient, v)


def test_at_a_stationary_point_there_is_no_steepest_direction():
    with pytest.raises(InputError, match="grad_at_w is 0: at a stationary point no direction is the steepest"):
        steepest_descent_direction([0.0, 0.0])


def test_integers_are_taken_as_float64():
    assert directional_derivative([3, 4], np.array([0, 2])) == 4.0
    assert steepest_descent_direction(np.array([3, -4])).tolist() == [-0.6, 0.8]
