import numpy as np
import pytest
from fault_settings import narrowing_problem, square_problem

from minibp import Network, Problem
from minibp.activations import activation_of
from minibp.check.faults.injection import run_forward, run_pass
from minibp.check.faults.pass_state import PassState, by_layer, softmax_backward
from minibp.check.rounding.arithmetic import arithmetic_of, arithmetic_of_anyone
from minibp.check.rounding.running_error import RunningError, explains


def test_parameters_are_indexed_by_the_number_of_their_layer():
    problem = narrowing_problem("tanh", "softmax")
    p = PassState(problem)
    assert by_layer("ab") == {2: "a", 3: "b"}
    assert (p.layers, p.top) == ((2, 3, 4, 5), 5)
    assert p.w[2] is problem.network.weights[0]
    assert p.b[5] is problem.network.biases[3]
    assert [p.activations[l].name for l in p.layers] == ["tanh", "tanh", "tanh", "softmax"]
    assert p.a[1].tolist() == problem.x.tolist()
    assert not any(p.is_square(l) for l in p.layers)
    assert PassState(square_problem("tanh")).is_square(3)


@pytest.mark.parametrize(("dtype", "last"), [("float32", None), ("float64", 0.0)])
def test_shares_are_equal_but_for_the_last(dtype, last):
    network = Network([np.ones((1, 1), dtype)], [np.zeros(1, dtype)], "identity")
    shares = PassState(Problem(network, "quadratic", np.ones((3, 1)), np.ones((3, 1)))).equal_shares(0.5, last)
    assert shares.dtype == dtype
    assert shares.tolist() == [0.5, 0.5, 0.5 if last is None else last]


def test_the_product_with_the_softmaxs_jacobian():
    s, g = np.array([[0.5, 0.25, 0.25]]), np.array([[1.0, 2.0, 4.0]])
    jacobian = np.diag(s[0]) - np.outer(s[0], s[0])
    assert softmax_backward(s, g).tolist() == [(jacobian @ g[0]).tolist()]  # powers of two: nothing is rounded


@pytest.mark.parametrize("name", ["sigmoid", "softmax"])
def test_running_error_numbers_hold_what_a_function_of_plain_ones_gives(name):
    z = np.array([[-40.0, -1.0, 0.0, 2.0], [3.0, 3.0, 700.0, -700.0]])
    plain, running = PassState(square_problem("tanh")), PassState(square_problem("tanh"), arithmetic_of("float64"))
    expected = getattr(plain, name)(z)
    assert np.array_equal(expected, activation_of(name).value(z))
    for given in (z, running.exact(z)):
        result = getattr(running, name)(running.running(given))
        assert explains(result, expected)
        assert not explains(result, expected * (1 + 1e-12))


def test_where_chooses_numbers_with_their_errors():
    p = PassState(square_problem("tanh"), arithmetic_of("float64"))
    mask = np.array([True, False])
    chosen = RunningError(np.array([1.0, 2.0]), np.array([0.1, 0.2]), p.fp)
    result = p.where(mask, chosen, np.array([3.0, 4.0]))
    assert (result.value.tolist(), result.error.tolist()) == ([1.0, 4.0], [0.1, 0.0])
    assert p.plain(result).tolist() == [1.0, 4.0]
    single = PassState(square_problem("tanh")).where(mask, np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    assert single.tolist() == [1.0, 4.0]


def test_any_slope_at_a_kink_is_granted_to_the_derivative_at_z_alone():
    network = Network([[[1.0]]], [[0.0]], "relu")
    p = PassState(Problem(network, "quadratic", np.zeros((1, 1)), np.zeros((1, 1))), arithmetic_of_anyone("float64"))
    run_forward(p)
    assert explains(p.prime(2), np.array([[0.0]]))
    assert explains(p.prime(2), np.array([[1.0]]))
    assert explains(p.prime_at(2, p.a[2]), np.array([[0.0]]))
    assert not explains(p.prime_at(2, p.a[2]), np.array([[1.0]]))


@pytest.mark.parametrize(
    ("output", "cost", "fused"), [("sigmoid", "cross_entropy", True), ("tanh", "quadratic", False)]
)
def test_the_output_error_is_that_of_its_equation(output, cost, fused):
    p = PassState(square_problem("tanh", output, cost))
    run_forward(p)
    assert p.is_fused is fused
    residual = p.a[5] - p.y
    expected = residual if fused else residual * (1 - np.tanh(p.z[5]) ** 2)
    running = PassState(p.problem, arithmetic_of("float64"))
    run_forward(running)
    assert explains(running.output_error(), expected)
    assert explains(running.output_error(), p.output_error())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_pass_without_errors_has_the_same_numbers_in_float64(dtype):
    problem = square_problem("tanh").astype(dtype)
    p = PassState(problem, arithmetic_of(dtype))
    run_pass(p)
    plain = p.without_errors()
    for name in ("z", "a", "delta", "raw", "nabla_w", "nabla_b"):
        for layer, numbers in getattr(plain, name).items():
            assert numbers.dtype == np.float64
            assert np.array_equal(numbers, p.plain(getattr(p, name)[layer]))
    assert (plain.fp, plain.prime(3).shape, plain.problem.dtype) == (None, (3, 4), "float64")
