import numpy as np
import pytest
from oracle_checks import check_shapes, worst_of_radius
from users import Cube, Quartic

from minibp import Activation, Network, Problem, batched
from minibp.check.oracles import complex_step
from minibp.check.oracles.estimate import OracleUnavailable, oracle_arithmetic
from minibp.check.rounding.whole_pass import arithmetic_of, bound
from minibp.check.tolerance import within


def test_it_is_within_its_radius(drawn):
    for problem in drawn:
        estimate = complex_step.estimate(problem)
        check_shapes(problem, estimate)
        assert worst_of_radius(problem, estimate) <= 1, problem


def test_functions_of_complex_numbers_are_within_the_error_of_the_floating_point_model():
    """Both parts, against 80-bit arithmetic: e^z, artanh, expm1, tanh and a quotient, in units of u."""
    h, u = 1e-104, 2.0**-53
    z = np.concatenate([np.linspace(-40, 40, 4001), np.geomspace(1e-12, 1, 400), -np.geomspace(1e-12, 1, 400)])
    z = z[z != 0]
    t = z.astype(np.longdouble)
    grown = 1 + np.exp(-np.abs(t))
    cases = {
        "exp": (np.exp(z + 1j * h), np.exp(t), np.exp(t)),
        "expm1": (np.expm1(z + 1j * h), np.expm1(t), np.exp(t)),
        "tanh": (np.tanh(z + 1j * h), np.tanh(t), 1 / np.cosh(t) ** 2),
        "quotient": (1 / (1 + np.exp(-np.abs(z) - 1j * h)), 1 / grown, np.exp(-np.abs(t)) / grown**2),
    }
    small = np.abs(z) < 0.34
    cases["artanh"] = (np.arctanh(z[small] + 1j * h), np.arctanh(t[small]), 1 / (1 - t[small] ** 2))
    for name, (got, value, slope) in cases.items():
        worst = max(np.max(np.abs(got.real - value) / np.abs(value)), np.max(np.abs(got.imag / h - slope) / slope)) / u
        assert worst <= oracle_arithmetic().f, (name, float(worst))


def test_it_needs_no_derivative_of_the_packages(monkeypatch):
    problem = Problem(Network.random([3, 4, 2], "tanh", rng=0), "quadratic", np.ones((2, 3)), np.ones((2, 2)))
    right = complex_step.estimate(problem)
    for owner in (type(problem.network.activations[0]), type(problem.cost)):
        for method in ("prime", "gradient", "delta", "backward"):
            if hasattr(owner, method):
                monkeypatch.setattr(owner, method, lambda self, z, *rest: np.zeros_like(z))
    again = complex_step.estimate(Problem(problem.network, problem.cost, problem.x, problem.y))
    assert all(np.array_equal(*pair) for pair in zip(right.gradient.nabla_w, again.gradient.nabla_w, strict=True))
    wrong = batched.backprop(problem.network, problem.cost, problem.x, problem.y).gradient.nabla_w[0]
    assert np.abs(wrong - right.gradient.nabla_w[0]).max() > 1e-3


def test_the_radius_covers_underflow_however_much_it_is_magnified():
    # 1e-180 h is nothing, and δ^L is 1e66.
    network = Network([[[1.0]], [[1e-90]], [[1e-90]]], [[0.0]] * 3, "identity")
    problem = Problem(network, "quadratic", [[1.0]], [[1e66]])
    ours = batched.backprop(network, "quadratic", problem.x, problem.y)
    estimate = complex_step.estimate(problem)
    assert ours.delta[0] == pytest.approx(-1e-114)
    assert within(ours.delta[0], estimate.delta[0], 0.0, estimate.delta_radius[0])
    assert estimate.delta_radius[0] < 1e-80
    assert estimate.delta_radius[2] < 1e51  # of 1e66


def test_what_leaves_a_kink_is_counted():
    # elu(0 + ih) is −h²/2 + ih, which is below the kink of the layer after it.
    network = Network([[[1.0]], [[1.0]]], [[0.0], [0.0]], ["elu", "leaky_relu"])
    estimate = complex_step.estimate(Problem(network, "quadratic", [[0.0]], [[1.0]]))
    assert estimate.skipped == {"complex step crosses a kink": 2}
    assert np.isinf(estimate.delta_radius[0]).all()


def test_an_entry_whose_underflow_cannot_be_bounded_is_unresolved():
    """At a saturated softmax a is exactly 1 where y is 1: the cross-entropy's slope along a is 0/0."""
    network = Network([[[0.8], [0.3]]], [[43.2, 6.4]], "softmax")
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = complex_step.estimate(Problem(network, "cross_entropy", [[-0.1]], [[1.0, 1.0]]))
    assert np.isposinf(estimate.delta_radius[0]).all()
    assert np.isposinf(estimate.radius.nabla_w[0]).all()
    assert np.isposinf(estimate.radius.nabla_b[0]).all()
    assert estimate.skipped == {"values overflow in float64": 6}


class Softsign(Activation):
    name = "softsign"

    def value(self, z):
        return z / (1 + np.abs(z))

    def prime(self, z):
        return 1 / (1 + np.abs(z)) ** 2


class OfReals(Softsign):
    def value(self, z):
        return super().value(np.asarray(z).view(np.ndarray))


class Rounded(Softsign):
    def value(self, z):
        return z + 0 * np.floor(z)


class Absolute:
    def value(self, a, y):
        return np.abs(a - y).sum(-1)

    def gradient(self, a, y):
        return np.sign(a - y)


class AbsoluteOfReals(Absolute):
    def value(self, a, y):
        return np.abs(np.asarray(a).view(np.ndarray) - y).sum(-1)


def test_functions_of_real_numbers_are_continued():
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((4, 3)), rng.standard_normal((4, 2))
    problem = Problem(Network.random([3, 5, 2], Softsign(), "identity", rng=rng), Absolute(), x, y)
    held, estimate = batched.backprop(problem.network, problem.cost, x, y), complex_step.estimate(problem)
    for got, expected, radius in zip(held.delta, estimate.delta, estimate.delta_radius, strict=True):
        assert np.abs(got - expected).max() <= radius.max() <= 1e-12


def test_functions_that_are_not_analytic_make_it_unavailable_and_not_wrong():
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((4, 3)), rng.standard_normal((4, 2))
    with pytest.raises(OracleUnavailable, match="softsign does not differentiate by complex step: it is not analytic"):
        complex_step.estimate(Problem(Network.random([3, 5, 2], OfReals(), "identity", rng=rng), "quadratic", x, y))
    with pytest.raises(OracleUnavailable, match="AbsoluteOfReals does not differentiate"):
        complex_step.estimate(Problem(Network.random([3, 5, 2], "tanh", rng=rng), AbsoluteOfReals(), x, y))
    with pytest.raises(OracleUnavailable, match="a function of this problem is not analytic: it calls floor"):
        complex_step.estimate(Problem(Network.random([3, 5, 2], Rounded(), "identity", rng=rng), "quadratic", x, y))


@pytest.mark.parametrize("scale", [1e-3, 1.0, 30.0])
def test_analytic_functions_of_the_users_are_taken(scale):
    rng = np.random.default_rng(4)
    x, y = scale * rng.standard_normal((4, 3)), rng.standard_normal((4, 2))
    problem = Problem(Network.random([3, 5, 2], Cube(), "identity", rng=rng), Quartic(), x, y)
    held = batched.backprop(problem.network, problem.cost, x, y)
    estimate = complex_step.estimate(problem)
    limit, radius = bound(problem, arithmetic_of("float64")).gradient.nabla_w[0], estimate.radius.nabla_w[0]
    assert np.isfinite(limit + radius).all()
    assert within(held.gradient.nabla_w[0], estimate.gradient.nabla_w[0], limit, radius).all()


def test_what_overflows_is_counted_apart():
    network = Network([[[1e200]]], [[0.0]], "identity")
    with np.errstate(over="ignore", invalid="ignore"):
        estimate = complex_step.estimate(Problem(network, "quadratic", [[1e150]], [[0.0]]))
    assert estimate.skipped == {"values overflow in float64": 3}


def test_functions_that_take_no_complex_numbers_make_it_unavailable():
    class Real(Activation):
        name = "real"

        def value(self, z):
            if np.iscomplexobj(z):
                raise TypeError("real numbers only")
            return z

    with pytest.raises(OracleUnavailable, match="takes no complex numbers: real numbers only"):
        complex_step.estimate(Problem(Network([[[1.0]]], [[0.0]], Real()), "quadratic", [[1.0]], [[1.0]]))


def test_a_large_third_derivative_leaves_no_trace():
    # All is 0 here, and so is the slope; but C''' is not, and h² C''' / 6 is what the step leaves.
    weights = [np.full((1, 1), 20.0)] * 7
    network = Network(weights, [np.zeros(1)] * 7, ["silu"] * 7)
    estimate = complex_step.estimate(Problem(network, "quadratic", [[0.0]], [[0.0]]))
    for delta, radius in zip(estimate.delta, estimate.delta_radius, strict=True):
        assert np.abs(delta).max() <= radius.min()
