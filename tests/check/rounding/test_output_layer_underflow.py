"""The bound of an output layer of numbers that are flushed to zero, against all that this may lose."""

import math
from fractions import Fraction

import numpy as np
import pytest
from output_cases import CROSS, HUBER, IDENTITY, QUADRATIC, near
from rounding_programs import TINY, flushed, only_tiny

from minibp.activations import sigmoid, softmax
from minibp.check.rounding.output_layer import Output, costs_of, output_error

LOST = 0.96875 * TINY
"""A number below the smallest that is kept."""


@pytest.mark.parametrize("cost", [QUADRATIC, HUBER], ids=["quadratic", "huber"])
def test_every_square_of_a_cost_may_be_flushed(cost):
    n = 16
    r = np.full(n, math.sqrt(2 * LOST))
    of = Output(cost, IDENTITY, -r)
    terms = [Fraction(v) * (Fraction(v) - Fraction(v) / 2) for v in r]
    assert sum(map(flushed, terms)) == 0
    assert 0.9 < float(sum(terms)) / costs_of(of, near(np.zeros(n)), near(np.zeros(n)), only_tiny()).error <= 1


def test_targets_and_logarithms_of_cross_entropy_may_be_flushed():
    z, y = np.full(3, -75.0), np.full(3, LOST)
    assert np.log1p(np.exp(z)).max() < TINY
    lost = sum(np.log1p(np.exp(z)) - y * z)
    limit = costs_of(Output(CROSS, sigmoid, y), near(z), near(sigmoid.value(z)), only_tiny()).error
    assert 0.9 < lost / limit <= 1


def test_every_product_of_a_softmax_jacobian_may_be_flushed():
    n, small = 64, 2.0**-60
    a = np.r_[1.0, np.full(n - 1, small)]
    y = a - np.r_[0.0, np.full(n - 1, LOST / small)]
    r = [Fraction(v) - Fraction(target) for v, target in zip(a, y, strict=True)]
    products = [g * Fraction(v) for g, v in zip(r, a, strict=True)]
    assert r[0] == sum(map(flushed, products)) == 0
    limit = output_error(Output(QUADRATIC, softmax, y), near(np.log(a)), near(a), only_tiny()).error[0]
    assert 0.9 < float(sum(products)) / limit <= 1


def test_every_product_with_a_share_may_be_flushed():
    n = 64
    q = 2 * LOST
    z = np.r_[math.log(q * (n - 2)), np.zeros(n - 1)]  # e^z_0 is the share q of all but one of the others
    a = np.r_[0.0, np.full(n - 1, 0.5)]  # the residuals, where y is 0
    assert flushed(Fraction(q)) != 0
    assert flushed(Fraction(q) / 2) == 0
    limit = output_error(Output(CROSS, softmax, np.zeros(n)), near(z), near(a), only_tiny()).error[0]
    # A share that is flushed itself, which no product with it can be beside, is allowed for as well.
    assert 0.6 < (n - 1) * q / 2 / limit <= 1
