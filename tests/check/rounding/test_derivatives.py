"""Derivatives of the smooth activations against those of mpmath, and their turns against the zeros that they are."""

from itertools import pairwise

import mpmath
import numpy as np
import pytest

from minibp.check.rounding.derivatives import GELU, GELU_TANH, MISH, doubled, mish_gates

mp = mpmath.mp.clone()
mp.dps = 60
Z = np.array([-30.0, -9.0, -4.3, -2.6, -2.0, -1.1, -0.4, -1e-3, 0.0, 1e-3, 0.3, 1.0, 1.49, 2.2, 3.7, 8.0, 25.0])


def gelu_tanh(t):
    return t / 2 * (1 + mp.tanh(mp.sqrt(2 / mp.pi) * (t + mp.mpf(0.044715) * t**3)))


FUNCTIONS = {
    "gelu": (GELU, lambda t: t * mp.ncdf(t)),
    "gelu_tanh": (GELU_TANH, gelu_tanh),
    "mish": (MISH, lambda t: t * mp.tanh(mp.log1p(mp.exp(t)))),
}


def exact(function, order):
    with mp.workdps(400):  # what is 1e-190 in gelu's tail is a difference of numbers near 1
        return np.array([float(mp.diff(function, mp.mpf(t), order)) for t in Z])


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("order", [1, 2, 3])
def test_they_are_the_derivatives(name, order):
    ours, function = FUNCTIONS[name]
    want = exact(function, order)
    # The terms of each may cancel: beside a zero they keep an absolute accuracy, and in the tails a relative one.
    assert np.allclose(ours[order - 1](Z), want, rtol=1e-11, atol=1e-14 * np.max(np.abs(want)))
    left = Z < -4
    assert np.allclose(ours[order - 1](Z[left]), want[left], rtol=1e-10, atol=0)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("order", [1, 2, 3])
def test_they_turn_where_the_next_one_is_0_and_nowhere_else(name, order):
    ours, function = FUNCTIONS[name]
    turns = ours[order + 2]
    for turn in turns:
        below, above = (mp.diff(function, mp.mpf(turn) + sign * mp.mpf("1e-14"), order + 1) for sign in (-1, 1))
        assert below * above < 0, turn
    grid = [mp.mpf(k) / 8 + mp.mpf(1) / 1000 for k in range(-64, 65)]
    signs = [mp.sign(mp.diff(function, t, order + 1)) for t in grid]
    assert sum(one != other for one, other in pairwise(signs)) == len(turns)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_far_out_they_are_those_of_0_and_of_z(name):
    ours, _ = FUNCTIONS[name]
    z = np.array([-1e300, -1e5, 1e5, 1e300, -np.inf, np.inf])
    with np.errstate(over="raise", invalid="raise"):
        assert ours.first(z).tolist() == [0, 0, 1, 1, 0, 1]
        assert ours.second(z) == pytest.approx([0] * 6, abs=1e-300)
        assert ours.third(z) == pytest.approx([0] * 6, abs=1e-300)


def test_the_parts_that_bounds_are_made_of():
    v, v1, v2, v3 = doubled(np.array([0.5]))
    factor = 2 * np.sqrt(2 / np.pi)
    assert v == pytest.approx(factor * (0.5 + 0.044715 / 8))
    assert v1 == pytest.approx(factor * (1 + 3 * 0.044715 / 4))
    assert v2 == pytest.approx(factor * 3 * 0.044715)
    assert v3 == pytest.approx(factor * 6 * 0.044715)
    gates = mish_gates(Z)
    for order, gate in enumerate(gates):
        with mp.workdps(60):
            want = [float(mp.diff(lambda t: mp.tanh(mp.log1p(mp.exp(t))), mp.mpf(z), order)) for z in Z]
        assert np.allclose(gate, want, rtol=1e-11, atol=1e-15)
