import numpy as np
import pytest

from minibp.bench.ratios import break_even_batch, fit, ratio, spread


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0, 2.37])
def test_a_known_exponent_is_recovered_from_the_upper_half(exponent):
    ns = [4**k for k in range(7)]
    points = [(n, 3e-6 * n**exponent if n >= 64 else 1.0) for n in ns]
    found = fit(points)
    assert found.exponent == pytest.approx(exponent, abs=1e-9)
    assert (found.first, found.last) == (64, 4096)


def test_noise_moves_an_exponent_little():
    rng = np.random.default_rng(0)
    points = [(2.0**k, 2.0**k * rng.uniform(0.95, 1.05)) for k in range(12)]
    assert fit(points).exponent == pytest.approx(1, abs=0.05)


def test_too_few_points_have_no_exponent():
    assert fit([]) is None
    assert fit([(8, 1.0)]) is None
    assert fit([(1, 1.0), (8, 1.0)]) is None


def test_what_slows_a_whole_round_cancels():
    products = [1.0, 1.0, 50.0, 1.0, 1.0]
    assert ratio([2 * t for t in products], products) == (2.0, 2.0, 2.0)
    assert ratio([2.0, 3.0, 200.0, 2.5, 1.0], products) == (2.0, 2.5, 3.0)


def test_rounds_that_one_was_left_out_of_are_left_out():
    assert ratio([4.0, None, 6.0], [2.0, 1.0, None]) == (2.0, 2.0, 2.0)
    assert ratio([4.0, None], [None, 1.0]) is None
    assert spread([None, 3.0]) == (3.0, 3.0, 3.0)


def test_batching_pays_only_from_where_it_keeps_paying():
    assert break_even_batch([(1, 0.8), (4, 0.5)]) == 1
    assert break_even_batch([(1, 1.2), (4, 1.0)]) is None
    assert break_even_batch([(64, 0.1), (1, 1.3), (4, 0.7), (16, 0.2)]) == 4
