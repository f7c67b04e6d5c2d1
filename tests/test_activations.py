import copy
import pickle

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibp import Activation, InputError
from minibp.activations import (
    ACTIVATIONS,
    FAMILIES,
    FURTHER,
    HIDDEN,
    Elu,
    LeakyRelu,
    activation_of,
    activations_of,
    is_of_package,
    sigmoid,
    softmax,
)

Z = np.concatenate([np.linspace(-50, 50, 401), [-1e4, -745, -709, -37, -1e-8, -1e-300, 0, 1e-300, 1e-8, 37, 709, 1e4]])
EXACT = {
    "identity": (lambda z: z, lambda z: mpmath.mpf(1)),
    "sigmoid": (lambda z: 1 / (1 + mpmath.exp(-z)), lambda z: 1 / (2 * mpmath.cosh(z / 2)) ** 2),
    "tanh": (mpmath.tanh, lambda z: 1 / mpmath.cosh(z) ** 2),
    "relu": (lambda z: max(z, 0), lambda z: mpmath.mpf(z > 0)),
    "leaky_relu": (lambda z: z if z >= 0 else mpmath.mpf(0.01) * z, lambda z: mpmath.mpf(1 if z >= 0 else 0.01)),
    "elu": (lambda z: z if z > 0 else mpmath.expm1(z), lambda z: mpmath.exp(min(z, 0))),
    "softplus": (lambda z: mpmath.log1p(mpmath.exp(z)), lambda z: 1 / (1 + mpmath.exp(-z))),
    "silu": (
        lambda z: z / (1 + mpmath.exp(-z)),
        lambda z: (1 + z / (1 + mpmath.exp(z))) / (1 + mpmath.exp(-z)),
    ),
}


def exact(function, dtype=np.float64):
    with mpmath.workdps(60):
        return np.array([dtype(float(function(mpmath.mpf(float(dtype(z)))))) for z in Z])


@pytest.mark.parametrize("name", HIDDEN)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_value_and_prime_keep_their_relative_accuracy_from_minus_1e4_to_1e4(name, dtype):
    # Ten roundings and functions of at most 4 ulp. silu' has a zero near −1.28, where only its terms keep theirs.
    eps, tiny = np.finfo(dtype).eps, np.finfo(dtype).tiny
    value, prime = EXACT[name]
    activation, z = HIDDEN[name], Z.astype(dtype)
    want = exact(value, dtype)
    assert np.all(np.abs(activation.value(z) - want) <= 20 * eps * np.abs(want) + tiny * (1 + np.abs(z)))
    want = exact(prime, dtype)
    terms = np.abs(want) if name != "silu" else sigmoid.value(z) * (1 + np.abs(z) * sigmoid.value(-z))
    assert np.all(np.abs(activation.prime(z) - want) <= 20 * eps * terms + tiny * (1 + np.abs(z)))


def test_the_naive_derivative_is_not_accurate_in_the_tail_so_that_the_test_above_can_fail():
    z = np.array([30.0])
    naive = sigmoid.value(z) * (1 - sigmoid.value(z))
    assert abs(naive / sigmoid.prime(z) - 1)[0] > 1e-4


@pytest.mark.parametrize("name", HIDDEN)
def test_values_take_complex_steps(name):
    h = 1e-104
    smooth = Z[Z != 0]
    slope = HIDDEN[name].value(smooth + 1j * h).imag / h
    want = HIDDEN[name].prime(smooth)
    assert np.all(np.abs(slope - want) <= 1e-13 * np.maximum(np.abs(want), sigmoid.value(-np.abs(smooth))) + 1e-200)


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "elu", "elu(2)"])
def test_a_complex_step_at_a_kink_takes_the_slope_of_the_convention(name):
    zero, activation = np.zeros(1), activation_of(name)
    assert activation.value(zero + 1e-104j).imag == pytest.approx(1e-104 * activation.prime(zero), rel=1e-14)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_no_warning_and_no_overflow_anywhere(name):
    for dtype in (np.float64, np.float32):
        z = Z.astype(dtype)
        with np.errstate(over="raise", divide="raise", invalid="raise"):
            a, p = ACTIVATIONS[name].value(z), ACTIVATIONS[name].prime(z)
        assert a.dtype == dtype
        assert p.dtype == dtype
        assert np.isfinite(a).all()
        assert np.isfinite(p).all()
        low, high = ACTIVATIONS[name].bounds
        assert np.all((a >= low) & (a <= high))


@pytest.mark.parametrize("name", HIDDEN)
def test_the_convention_at_zero_is_that_of_jax(name):
    jax = pytest.importorskip("jax")
    theirs = {"identity": lambda z: z, "tanh": jax.numpy.tanh}.get(name) or getattr(jax.nn, name)
    assert HIDDEN[name].prime(np.array([0.0]))[0] == pytest.approx(float(jax.grad(theirs)(0.0)))


def test_softmax_backward_is_its_jacobian():
    rng = np.random.default_rng(0)
    z, g = rng.standard_normal((2, 4, 5))
    assert np.allclose(softmax.backward(z, g), np.einsum("xj,xjk->xk", g, softmax.prime(z)), rtol=1e-14, atol=1e-16)
    assert np.allclose(softmax.value(z).sum(-1), 1, rtol=1e-15)


def test_plain_numbers_are_taken():
    assert sigmoid.value(0.0) == 0.5
    assert sigmoid.prime(0.0) == 0.25


def test_lookup():
    assert activation_of("tanh") is ACTIVATIONS["tanh"]
    assert activation_of(sigmoid) is sigmoid
    with pytest.raises(InputError, match="unknown activation 'sigmod', expected one of identity, sigmoid"):
        activation_of("sigmod")
    with pytest.raises(InputError, match="activation is <class"):
        activation_of(Activation)
    with pytest.raises(InputError, match="activation is 3, expected a name or an object with value"):
        activation_of(3)


POSITIVE = st.floats(min_value=0, exclude_min=True, allow_infinity=False)


@given(st.sampled_from(sorted(FAMILIES)), POSITIVE)
def test_a_constant_stands_in_the_name_and_there_is_one_object_of_each(family, constant):
    activation = activation_of(f"{family}({constant!r})")
    assert activation_of(f"  {family} ( {constant:.30e} ) ") is activation
    assert activation_of(activation.name) is activation
    assert activation_of(FAMILIES[family](constant)) is activation
    assert activation_of(FAMILIES[family](constant)) is not FAMILIES[family](constant)
    assert repr(activation) == activation.name
    assert getattr(activation, FAMILIES[family].constant) == constant
    assert is_of_package(activation)
    assert pickle.loads(pickle.dumps(activation)) is activation
    assert copy.deepcopy(activation) is activation


def test_the_usual_constants_are_those_of_the_families():
    for name, family in (
        ("leaky_relu(0.01)", "leaky_relu"),
        ("elu(1)", "elu"),
        ("elu(1.0)", "elu"),
        ("hard_sigmoid(0.16666666666666666)", "hard_sigmoid"),
    ):
        assert activation_of(name) is activation_of(family)
    assert activation_of("leaky_relu(0.20)") is activation_of("leaky_relu(0.2)")
    assert repr(LeakyRelu(0.2)) == "leaky_relu(0.2)"
    assert repr(Elu(3)) == "elu(3)"
    assert activation_of("leaky_relu(0.2)").value(np.array([-5.0, 5.0])).tolist() == [-1.0, 5.0]
    assert activation_of("elu(2)").prime(np.array([0.0, 1.0])).tolist() == [2.0, 1.0]


@pytest.mark.parametrize(
    "name",
    [
        "leaky_relu(-1)",
        "leaky_relu(0)",
        "leaky_relu(nan)",
        "leaky_relu(0.2",
        "leaky_relu()",
        "leaky_relu(0.1, 0.2)",
        "elu(inf)",
        "elu(one)",
        "gelu(2)",
        "nothing(1)",
        "LEAKY_RELU(0.2)",
        "",
    ],
)
def test_what_is_no_name_is_told_all_names_with_their_forms(name):
    with pytest.raises(InputError) as caught:
        activation_of(name)
    said = str(caught.value)
    assert said.startswith(f"unknown activation {name!r}, expected one of identity, sigmoid, ")
    for known in (*ACTIVATIONS, *FURTHER, "leaky_relu(slope)", "elu(alpha)", "hard_sigmoid(slope)"):
        assert f" {known}," in said
    assert said.endswith("where slope and alpha are finite numbers above 0")


def test_another_object_of_a_class_of_the_package_stands_for_the_one_of_its_name():
    assert activation_of(type(sigmoid)()) is sigmoid
    assert not is_of_package(type(sigmoid)())

    class Mine(LeakyRelu):
        def prime(self, z):
            return 0 * z

    mine = Mine(0.2)
    assert activation_of(mine) is mine
    assert not is_of_package(mine)


def test_what_is_drawn_has_no_further_ones():
    assert list(HIDDEN) == ["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "silu"]
    assert list(ACTIVATIONS) == [*HIDDEN, "softmax"]


def test_one_activation_a_layer():
    assert activations_of(["tanh", "relu"], "softmax", 2) == (ACTIVATIONS["tanh"], softmax)
    with pytest.raises(InputError, match="2 activations for 3 layers"):
        activations_of(["tanh", "relu"], None, 3)
    with pytest.raises(InputError, match="softmax is an output activation, and layer 2 is hidden"):
        activations_of("softmax", None, 2)


def test_objects_with_value_and_prime_are_adopted():
    class Cube:
        kinks = (1.0,)

        def value(self, z):
            return z**3

        def prime(self, z):
            return 3 * z**2

    cube = activation_of(Cube())
    assert cube.name == "Cube"
    assert cube.kinks == (1.0,)
    assert cube.elementwise
    assert cube.backward(np.array([2.0]), np.array([1.0])) == [12.0]


def test_objects_that_lack_a_method_and_classes_are_not_adopted():
    class WithoutPrime:
        def value(self, z):
            return z**3

    class Whole(WithoutPrime):
        def prime(self, z):
            return 3 * z**2

    for theirs in (WithoutPrime(), Whole):
        with pytest.raises(InputError, match=r"expected a name or an object with value\(z\) and prime\(z\)"):
            activation_of(theirs)
    assert activation_of(Whole()).name == "Whole"


def test_there_stays_one_of_each_after_pickling_and_copying():
    assert pickle.loads(pickle.dumps(sigmoid)) is sigmoid
    assert copy.deepcopy(softmax) is softmax
    assert type(pickle.loads(pickle.dumps(Nameless()))) is Nameless


class Nameless(Activation):
    pass


def test_what_is_not_written_is_said():
    assert repr(Nameless()) == "Nameless"
    with pytest.raises(NotImplementedError, match="Nameless has no value"):
        Nameless().value(Z)
    with pytest.raises(NotImplementedError, match="Nameless has no prime"):
        Nameless().prime(Z)
