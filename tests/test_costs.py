import pickle

import mpmath
import numpy as np
import pytest

from minibp import L2, Cost, InputError
from minibp.activations import ACTIVATIONS, activation_of
from minibp.costs import COSTS, cost_of
from minibp.drawing import pairings

RNG = np.random.default_rng(7)
EXTREME = np.array([[-1e4, 1e4, 0.0], [1e4, 1e4, -1e4], [745.0, -745.0, 36.0], [1e-3, -2.0, 0.5]])


def targets(cost, shape):
    y = RNG.random(shape)
    return y / y.sum(-1, keepdims=True) if cost.name == "categorical_cross_entropy" else y


@pytest.mark.parametrize(("output", "cost"), pairings(), ids=str)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_every_pairing_is_finite_wherever_z_is(output, cost, dtype):
    z = EXTREME.astype(dtype)
    for y in (targets(cost, z.shape).astype(dtype), np.eye(3, dtype=dtype)[[0, 1, 2, 0]]):
        with np.errstate(over="raise", divide="raise", invalid="raise"):
            a = output.value(z)
            value, delta = cost.value_at(z, a, y, output), cost.delta(z, a, y, output)
        assert value.shape == (4,)
        assert delta.shape == z.shape
        assert value.dtype == delta.dtype == dtype
        assert np.isfinite(value).all()
        assert np.isfinite(delta).all()


@pytest.mark.parametrize(("output", "cost"), pairings(), ids=str)
def test_value_at_agrees_with_the_textbook_value_where_that_is_well_conditioned(output, cost):
    z = RNG.standard_normal((5, 4))
    a, y = output.value(z), targets(cost, (5, 4))
    assert np.allclose(cost.value_at(z, a, y, output), cost.value(a, y), rtol=1e-13)


@pytest.mark.parametrize(("output", "cost"), pairings(), ids=str)
def test_delta_is_the_derivative_of_value_at(output, cost):
    z, h = RNG.standard_normal((5, 4)), 1e-104
    y = targets(cost, (5, 4))
    for j in range(4):
        step = z + 1j * h * np.eye(4)[j]
        slope = cost.value_at(step, output.value(step), y, output).imag / h
        assert np.allclose(cost.delta(z, output.value(z), y, output)[:, j], slope, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("output", "cost"), pairings(), ids=str)
def test_delta_is_equation_17_where_that_is_well_conditioned(output, cost):
    z = RNG.standard_normal((5, 4))
    a, y = output.value(z), targets(cost, (5, 4))
    assert np.allclose(cost.delta(z, a, y, output), output.backward(z, cost.gradient(a, y)), rtol=1e-11, atol=1e-14)


def test_cross_entropy_on_softmax_keeps_its_digits_where_one_output_is_all():
    z, y = np.array([60.0, 0.0, -1.0]), np.array([0.25, 0.5, 0.125])
    with mpmath.workdps(60):
        e = [mpmath.exp(mpmath.mpf(v)) for v in z]
        s = [v / sum(e) for v in e]
        c = [(s[j] - float(y[j])) / (s[j] * (1 - s[j])) for j in range(3)]
        want = [float(s[k] * (c[k] - sum(c[j] * s[j] for j in range(3)))) for k in range(3)]
    softmax = ACTIVATIONS["softmax"]
    got = COSTS["cross_entropy"].delta(z, softmax.value(z), y, softmax)
    assert np.allclose(got, want, rtol=1e-14)


def test_a_subclass_of_the_sigmoid_is_another_function():
    class Steep(type(ACTIVATIONS["sigmoid"])):
        name = "steep"

        def value(self, z):
            return super().value(2 * z)

        def prime(self, z):
            return 2 * super().prime(2 * z)

    z, y = np.array([1.0]), np.array([0.0])
    cost = COSTS["cross_entropy"]
    assert cost.value_at(z, Steep().value(z), y, Steep()) == pytest.approx(np.log1p(np.exp(2)))
    assert cost.delta(z, Steep().value(z), y, Steep()) == pytest.approx(2 / (1 + np.exp(-2)))


def test_the_cost_is_finite_where_a_softmax_has_differences_beyond_the_range():
    z, y = np.array([[2e38, -2e38]], np.float32), np.array([[1.0, 0.0]], np.float32)
    softmax = ACTIVATIONS["softmax"]
    with np.errstate(over="ignore"):
        assert COSTS["categorical_cross_entropy"].value_at(z, softmax.value(z), y, softmax) == 0


def test_textbook_cross_entropy_counts_what_has_no_weight_as_nothing():
    with np.errstate(all="raise"):
        value = COSTS["cross_entropy"].value(np.array([[1.0, 0.0]]), np.array([[1.0, 0.0]]))
        wrong = COSTS["cross_entropy"].value(np.array([[0.0]]), np.array([[1.0]]))
    assert value == [0.0]
    assert wrong == [np.inf]


@pytest.mark.parametrize(
    ("cost", "output", "width", "message"),
    [
        ("cross_entropy", "tanh", 2, r"cross_entropy needs outputs between 0 and 1, and tanh's lie in \(-1.0, 1.0\)"),
        ("cross_entropy", "relu", 2, "use sigmoid or softmax"),
        ("cross_entropy", "softmax", 1, "softmax over one neuron is always 1"),
        ("categorical_cross_entropy", "sigmoid", 2, "needs a softmax output, got sigmoid"),
    ],
)
def test_pairings_that_make_no_sense_are_refused(cost, output, width, message):
    with pytest.raises(InputError, match=message):
        cost_of(cost).check_output(activation_of(output), width)


def test_targets_that_make_no_sense_are_refused():
    with pytest.raises(InputError, match=r"y has values from -0.5 to 2.0, cross_entropy expects them within \[0, 1\]"):
        COSTS["cross_entropy"].check_targets(np.array([[-0.5, 2.0]]))
    for row in ([0.5, 0.6], [1.5, -0.5]):
        with pytest.raises(InputError, match="row 1 of y sums to .* expects each row to be a distribution"):
            COSTS["categorical_cross_entropy"].check_targets(np.array([[0.5, 0.5], row]))


def test_user_costs_need_only_value_and_gradient():
    class Quartic:
        def value(self, a, y):
            return ((a - y) ** 4).sum(-1) / 4

        def gradient(self, a, y):
            return (a - y) ** 3

    cost = cost_of(Quartic())
    a, y = np.array([[3.0]]), np.array([[1.0]])
    assert cost.name == "Quartic"
    assert cost.value_at(a, a, y, activation_of("identity")) == [4.0]
    assert cost.delta(a, a, y, activation_of("identity")) == [[8.0]]


def test_a_custom_output_within_0_and_1_gets_the_textbook_form():
    class Half(ACTIVATIONS["identity"].__class__):
        name = "half"
        bounds = (0.0, 1.0)

    a, y = np.array([[0.25]]), np.array([[1.0]])
    cost = COSTS["cross_entropy"]
    cost.check_output(Half(), 1)
    assert cost.value_at(a, a, y, Half()) == pytest.approx([np.log(4)])
    assert cost.delta(a, a, y, Half()) == [[-4.0]]


def test_lookup_and_pickling():
    assert pickle.loads(pickle.dumps(cost_of("huber"))) is COSTS["huber"]
    assert type(pickle.loads(pickle.dumps(Nameless()))) is Nameless
    with pytest.raises(InputError, match="unknown cost 'mse', expected one of quadratic, cross_entropy"):
        cost_of("mse")
    with pytest.raises(InputError, match="cost is None, expected a name or an object with value"):
        cost_of(None)


class Nameless(Cost):
    pass


def test_what_is_not_written_is_said():
    assert repr(Nameless()) == "Nameless"
    with pytest.raises(NotImplementedError, match=r"Nameless has no value\(a, y\)"):
        Nameless().value(EXTREME, EXTREME)
    with pytest.raises(NotImplementedError, match="Nameless has no gradient"):
        Nameless().gradient(EXTREME, EXTREME)


def test_l2_is_equation_27():
    w = (np.array([[3.0, 4.0]]), np.array([[2.0]]))
    assert L2(0.5).value(w, 10) == pytest.approx(0.5 / 20 * 29)
    assert L2(0.5).gradient(w[1], 10) == pytest.approx(0.1)
    assert L2(0.0).value((np.array([[1e200]]),), 10) == 0
