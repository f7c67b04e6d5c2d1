"""The further activations: values and derivatives in many digits, conventions, complex steps, other libraries."""

import math
import pickle

import mpmath
import numpy as np
import pytest

from minibp import Network, batched
from minibp.activations import ACTIVATIONS, activation_of
from minibp.further_activations import FURTHER, SELU_ALPHA, SELU_SCALE

mp = mpmath.mp.clone()
mp.dps = 60
Z = np.concatenate([np.linspace(-50, 50, 401), [-1e4, -745, -709, -37, -1e-8, -1e-300, 0, 1e-300, 1e-8, 37, 709, 1e4]])


def sigmoid(z):
    return 1 / (1 + mp.exp(-z))


def doubled(z):
    """What tanh is taken of in gelu_tanh, twice, and its derivative."""
    factor, cube = 2 * mp.sqrt(2 / mp.pi), mp.mpf(0.044715)
    return factor * (z + cube * z**3), factor * (1 + 3 * cube * z**2)


def gelu_tanh_prime(z):
    v, v_prime = doubled(z)
    return sigmoid(v) + z * sigmoid(v) * sigmoid(-v) * v_prime


def mish_gate(z):
    """tanh ln w with w = 1 + e^z, and its derivative."""
    e = mp.exp(z)
    square = e * (2 + e)  # w² − 1
    return square / (square + 2), 4 * (1 + e) * e / (square + 2) ** 2


def mish_prime(z):
    gate, slope = mish_gate(z)
    return gate + z * slope


def clipped(z, low, high, inner, ends):
    return mp.mpf(ends[0]) if z <= low else mp.mpf(ends[1]) if z >= high else inner


SLOPE = mp.mpf(1 / 6)
LEFT = mp.mpf(SELU_SCALE) * mp.mpf(SELU_ALPHA)
EXACT = {
    "gelu": (lambda z: z * mp.ncdf(z), lambda z: mp.ncdf(z) + z * mp.npdf(z)),
    "gelu_tanh": (lambda z: z * sigmoid(doubled(z)[0]), gelu_tanh_prime),
    "mish": (lambda z: z * mish_gate(z)[0], mish_prime),
    "softsign": (lambda z: z / (1 + abs(z)), lambda z: 1 / (1 + abs(z)) ** 2),
    "hard_sigmoid": (
        lambda z: clipped(z, -3, 3, SLOPE * z + 0.5, (0, 1)),
        lambda z: clipped(z, -3, 3, SLOPE, (0, 0)),
    ),
    "hard_tanh": (lambda z: clipped(z, -1, 1, z, (-1, 1)), lambda z: clipped(z, -1, 1, mp.mpf(1), (0, 0))),
    "hard_swish": (
        lambda z: clipped(z, -3, 3, z * (z + 3) / 6, (0, z)),
        lambda z: clipped(z, -3, 3, z / 3 + 0.5, (0, 1)),
    ),
    "relu6": (lambda z: clipped(z, 0, 6, z, (0, 6)), lambda z: clipped(z, 0, 6, mp.mpf(1), (0, 0))),
    "selu": (
        lambda z: mp.mpf(SELU_SCALE) * z if z > 0 else LEFT * mp.expm1(z),
        lambda z: mp.mpf(SELU_SCALE) if z > 0 else LEFT * mp.exp(z),
    ),
    "leaky_relu(0.2)": (lambda z: z if z >= 0 else mp.mpf(0.2) * z, lambda z: mp.mpf(1 if z >= 0 else 0.2)),
    "elu(0.1)": (
        lambda z: z if z > 0 else mp.mpf(0.1) * mp.expm1(z),
        lambda z: mp.mpf(1) if z > 0 else mp.mpf(0.1) * mp.exp(z),
    ),
    "hard_sigmoid(0.2)": (
        lambda z: clipped(z, -2.5, 2.5, mp.mpf(0.2) * z + 0.5, (0, 1)),
        lambda z: clipped(z, -2.5, 2.5, mp.mpf(0.2), (0, 0)),
    ),
}
NEAR_ZEROS = {
    "gelu": lambda z: mp.ncdf(z) + abs(z) * mp.npdf(z),
    "gelu_tanh": lambda z: (
        sigmoid(doubled(z)[0])
        + (1 + 10 * abs(doubled(z)[0])) * abs(z) * sigmoid(doubled(z)[0]) * sigmoid(-doubled(z)[0]) * doubled(z)[1]
    ),
    "mish": lambda z: mish_gate(z)[0] + abs(z) * mish_gate(z)[1],
    "hard_swish": lambda z: clipped(z, -3, 3, abs(z) / 3 + 0.5, (0, 1)),
}
"""The terms of the derivatives that have a zero, beside which only these keep their digits."""


def exact(function, z, dtype):
    return np.array([dtype(float(function(mp.mpf(float(t))))) for t in z])


def test_all_are_expected():
    assert EXACT.keys() >= FURTHER.keys()
    assert not FURTHER.keys() & ACTIVATIONS.keys()


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
def test_value_and_prime_keep_their_relative_accuracy_from_minus_1e4_to_1e4(name, dtype):
    # Ten roundings and functions of at most 4 ulp; σ(v) of gelu_tanh makes |v| of the ten roundings of v.
    eps, tiny = np.finfo(dtype).eps, np.finfo(dtype).tiny
    activation, z = activation_of(name), Z.astype(dtype)
    value, prime = EXACT[name]
    want, spared = exact(value, z, dtype), tiny * (1 + np.abs(z))
    room = 1.0
    if name == "gelu_tanh":
        room = 1 + np.abs(np.array([float(doubled(mp.mpf(float(t)))[0]) for t in np.clip(z, -30, 30)]))
    if name in ("hard_sigmoid", "hard_sigmoid(0.2)"):
        spared = spared + eps * (np.abs(z) < 3)  # slope·z + ½ is an ordinary sum
    assert np.all(np.abs(activation.value(z) - want) <= 20 * eps * room * np.abs(want) + spared)
    want = exact(prime, z, dtype)
    terms = np.abs(exact(NEAR_ZEROS[name], z, np.float64)) if name in NEAR_ZEROS else np.abs(want)
    assert np.all(np.abs(activation.prime(z) - want) <= 20 * eps * terms + tiny * (1 + np.abs(z)))


@pytest.mark.parametrize("name", EXACT)
def test_values_take_complex_steps(name):
    h, activation = 1e-150, activation_of(name)
    z = Z[~np.isin(Z, activation.kinks)]
    moved = activation.value(z + 1j * h)
    assert np.allclose(moved.real, activation.value(z), rtol=1e-13, atol=1e-300)
    want = activation.prime(z)
    terms = np.abs(exact(NEAR_ZEROS[name], z, np.float64)) if name in NEAR_ZEROS else np.abs(want)
    # Where mish's t is 1, a complex quotient of numbers near 1 has its error beside 1, and not beside t'.
    assert np.all(np.abs(moved.imag / h - want) <= 1e-13 * terms + 1e-150)


@pytest.mark.parametrize("name", EXACT)
def test_no_warning_and_no_overflow_anywhere(name):
    activation = activation_of(name)
    low, high = activation.bounds
    for dtype in (np.float64, np.float32):
        z = np.concatenate([Z, [-1e30, 1e30]]).astype(dtype)
        z = np.concatenate([z, [np.finfo(dtype).max / 4, -np.finfo(dtype).max / 4]])
        with np.errstate(over="raise", divide="raise", invalid="raise"):
            a, p = activation.value(z), activation.prime(z)
        assert a.dtype == p.dtype == dtype
        assert np.isfinite(a).all()
        assert np.isfinite(p).all()
        # A bound itself, as that of selu, is rounded to the dtype.
        assert np.all((a >= dtype(low)) & (a <= high))


def test_bounds_are_within_a_hundredth_of_what_is_reached():
    z = np.linspace(-40, 40, 80_001)
    for name in EXACT:
        activation = activation_of(name)
        a = activation.value(z)
        for bound, reached in zip(activation.bounds, (a.min(), a.max()), strict=True):
            assert not math.isfinite(bound) or abs(bound - reached) <= 0.03, name


AT_KINKS = {
    "hard_sigmoid": [0, 0],
    "hard_sigmoid(0.2)": [0, 0],
    "hard_tanh": [0, 0],
    "hard_swish": [0, 1],
    "relu6": [0, 0],
    "selu": [SELU_SCALE * SELU_ALPHA],
    "leaky_relu(0.2)": [1],
    "elu(0.1)": [0.1],
}
"""PyTorch's, but for leaky_relu, which has JAX's."""


def test_every_kink_has_its_convention():
    assert {name for name in EXACT if activation_of(name).kinks} == AT_KINKS.keys()
    for name, slopes in AT_KINKS.items():
        activation = activation_of(name)
        kinks = np.array(activation.kinks)
        assert activation.prime(kinks).tolist() == pytest.approx(slopes, rel=1e-15), name
        below, above = activation.prime(kinks - 1e-9), activation.prime(kinks + 1e-9)
        assert np.all(np.abs(above - below) > 0.1), name
        assert np.allclose(activation.value(kinks - 1e-9), activation.value(kinks + 1e-9), rtol=0, atol=1e-8), name


def test_a_complex_step_at_a_kink_takes_the_slope_of_the_convention():
    for name in AT_KINKS:
        activation = activation_of(name)
        kinks = np.array(activation.kinks)
        assert np.allclose(activation.value(kinks + 1e-150j).imag / 1e-150, activation.prime(kinks), rtol=1e-14), name


THEIRS = {
    "gelu": lambda torch: torch.nn.GELU(),
    "gelu_tanh": lambda torch: torch.nn.GELU(approximate="tanh"),
    "mish": lambda torch: torch.nn.Mish(),
    "softsign": lambda torch: torch.nn.Softsign(),
    "hard_sigmoid": lambda torch: torch.nn.Hardsigmoid(),
    "hard_tanh": lambda torch: torch.nn.Hardtanh(),
    "hard_swish": lambda torch: torch.nn.Hardswish(),
    "relu6": lambda torch: torch.nn.ReLU6(),
    "selu": lambda torch: torch.nn.SELU(),
    "leaky_relu(0.2)": lambda torch: torch.nn.LeakyReLU(0.2),
    "elu(0.1)": lambda torch: torch.nn.ELU(0.1),
}


@pytest.mark.parametrize("name", THEIRS)
def test_they_are_those_of_torch(name):
    torch = pytest.importorskip("torch")
    activation = activation_of(name)
    z = np.array([-7.0, -3.5, -3.0, -2.0, -1.0, -0.3, 0.0, 0.4, 1.0, 2.0, 3.0, 6.0, 9.0])
    given = torch.tensor(z, requires_grad=True)
    theirs = THEIRS[name](torch)(given)
    theirs.sum().backward()
    assert np.allclose(activation.value(z), theirs.detach().numpy(), rtol=1e-14, atol=1e-15)
    there = np.ones_like(z, bool) if name != "leaky_relu(0.2)" else z != 0
    rtol = 1e-7 if name == "hard_sigmoid" else 1e-14  # PyTorch has its 1/6 in float32
    assert np.allclose(activation.prime(z)[there], given.grad.numpy()[there], rtol=rtol, atol=1e-15)


def test_there_stays_one_of_each():
    for name in EXACT:
        activation = activation_of(name)
        assert repr(activation) == activation.name == name
        assert pickle.loads(pickle.dumps(activation)) is activation
        assert activation.value(0.5) == activation.value(np.array([0.5]))[0]


@pytest.mark.parametrize("name", ["gelu", "gelu_tanh", "mish", "softsign", "hard_swish", "selu"])
def test_jax_arrays_run_through_compiled(name):
    jax = pytest.importorskip("jax")
    network = Network.random([3, 4, 2], name, rng=3)
    rng = np.random.default_rng(4)
    x, y = rng.standard_normal((5, 3)), rng.standard_normal((5, 2))

    def run(weights, biases, x, y):
        return batched.backprop(Network(weights, biases, name), "quadratic", x, y)

    ours = run(network.weights, network.biases, x, y)
    with jax.enable_x64(True):
        arguments = jax.tree.map(jax.numpy.asarray, (network.weights, network.biases, x, y))
        theirs = jax.device_get(jax.jit(run)(*arguments))
    for mine, their in zip(ours.gradient.nabla_w, theirs.gradient.nabla_w, strict=True):
        assert np.allclose(mine, their, rtol=1e-12, atol=1e-14)
