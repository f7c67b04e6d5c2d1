import numpy as np
import pytest

from minibp.activations import ACTIVATIONS, FURTHER, HIDDEN, activation_of
from minibp.arrays import FLOAT_DTYPES
from minibp.costs import COSTS, fuses
from minibp.drawing import pairings
from minibp.workspace.kernels import Rows, has_output_steps, kernel_of, output_steps, own_functions, scalar_like

ROUNDINGS = 32
"""Both forms of a function take some operations and library functions of a few u each; relative to 1 or the result."""


def rows_of(kernel, z, delta):
    a = np.empty_like(z)
    started = -z if kernel.negated else z.copy()
    return Rows(started, started if kernel.in_place else a, delta.copy())


def ran(steps):
    for step in steps:
        step()


@pytest.mark.parametrize("own", [False, True], ids=["kernel", "own functions"])
@pytest.mark.parametrize("dtype", FLOAT_DTYPES)
@pytest.mark.parametrize("name", [*ACTIVATIONS, *FURTHER, "leaky_relu(0.2)", "elu(0.1)"])
def test_forward_is_the_value_and_backward_the_product_with_the_derivative(name, dtype, own):
    activation = activation_of(name)
    kernel = own_functions(activation) if own else kernel_of(activation)
    rng = np.random.default_rng(0)
    z, delta = (3 * rng.standard_normal((5, 4)).astype(dtype) for _ in range(2))
    z[0, 0] = 0.0
    rows = rows_of(kernel, z, delta)
    room = ROUNDINGS * np.finfo(dtype).eps
    ran(kernel.forward(rows))
    value = activation.value(z)
    assert rows.a.dtype == dtype
    assert (np.abs(rows.a - value) <= room * np.maximum(1, np.abs(value))).all()
    if activation.elementwise:
        ran(kernel.backward(rows))
        expected = delta * activation.prime(z)
        assert (np.abs(rows.delta - expected) <= room * np.maximum(1, np.abs(delta))).all()


@pytest.mark.parametrize("name", HIDDEN)
def test_guarded_steps_leave_no_nan_where_exponentials_overflow(name):
    kernel = kernel_of(HIDDEN[name])
    z = np.array([[-1e4, 1e4, -800.0, 800.0]])
    rows = rows_of(kernel, z, np.ones_like(z))
    with np.errstate(over="ignore"):
        ran(kernel.guard(rows) + kernel.forward(rows) + kernel.backward(rows))
        expected = HIDDEN[name].prime(z)
    # e^−z at the guard is 2 e^-709, which is all that is left of a derivative that is 0.
    assert np.allclose(rows.delta, expected, rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("dtype", FLOAT_DTYPES)
@pytest.mark.parametrize(
    ("output", "cost"), [pair for pair in pairings() if has_output_steps(pair[1], pair[0])], ids=str
)
def test_output_steps_end_with_the_error_of_the_output(output, cost, dtype):
    rng = np.random.default_rng(1)
    kernel = kernel_of(output)
    z = rng.standard_normal((5, 3)).astype(dtype)
    y = rng.dirichlet(np.ones(3), 5).astype(dtype)
    rows = rows_of(kernel, z, z)
    ran(kernel.forward(rows))
    a = rows.a.copy()
    np.subtract(rows.a, y, out=rows.delta)
    ran(output_steps(cost, output, rows))
    expected = cost.delta(z, a, y, output)
    assert (np.abs(rows.delta - expected) <= ROUNDINGS * np.finfo(dtype).eps * np.maximum(1, np.abs(expected))).all()


def test_a_fused_pair_needs_no_steps_and_functions_of_ones_own_have_none():
    sigmoid, cross_entropy = ACTIVATIONS["sigmoid"], COSTS["cross_entropy"]
    assert fuses(cross_entropy, sigmoid)
    assert output_steps(cross_entropy, sigmoid, rows_of(kernel_of(sigmoid), np.ones((1, 1)), np.ones((1, 1)))) == []

    class Own(type(COSTS["quadratic"])):
        pass

    assert has_output_steps(COSTS["quadratic"], sigmoid)
    assert not has_output_steps(Own(), sigmoid)


def test_a_number_has_no_axes_and_keeps_the_dtype():
    assert (scalar_like(2, np.ones(3, "f4")).shape, scalar_like(2, np.ones(3, "f4")).dtype) == ((), "float32")
