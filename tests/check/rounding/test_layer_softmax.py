"""The error of softmax: each term exceeded where it is halved or missing, and used up where it is there."""

import numpy as np
import pytest
from adversary import EXACT, FINE, FLUSHING, Rounded, exp, flush, mp, near

from minibp.activations import softmax
from minibp.check.rounding.layer import activated, softmax_error, softmax_exponent


def largest_exponent(z, e, f, u):
    """How far off ln a_j may be to first order in u, with the errors e of z at their worst for each j."""
    found = []
    for j in range(len(z)):
        at = [Rounded(z[k] + (e[k] if k == j else -e[k])) for k in range(len(z))]
        top = at[int(np.argmax([float(one.value) for one in at]))]
        powers = [exp(one - top if one is not top else 0) for one in at]
        total = powers[0]
        for power in powers[1:]:
            total = total + power
        share = powers[j] / total
        worst = share.worst.of(f) / float(share.value) * u
        exact = mp.exp(z[j]) / sum(mp.exp(one) for one in z)
        found.append(float(mp.log(share.value / exact)) + worst)
    return np.array(found)


SHIFTS = {
    "nothing but a sum": ([0.0, *[-40.0] * 29], [0.0] * 30, 0.0, 30 / 34),  # the first term is in every sum
    "z far apart": ([0.0, -400.0], [0.0, 0.0], 0.0, 402 / 406),
    "library functions": ([0.0, -1.0, -30.0], [0.0] * 3, 1e6, 0.99),
    "errors of z": ([0.0, -3.0, -20.0], [0.3, 0.02, 0.1], 0.0, 0.95),
}


@pytest.mark.parametrize("case", SHIFTS)
def test_the_exponent_of_softmax_has_room_for_every_rounding(case):
    z, e, f, used = SHIFTS[case]
    fp = FINE._replace(f=f)
    worst = largest_exponent(z, e, f, fp.u)
    bound = softmax_exponent(near([z], [e]), fp)[0]
    assert np.all(worst <= bound * (1 + 1e-9))
    assert (worst / bound).max() >= used * (1 - 1e-6)


def test_the_shift_is_rounded_at_the_largest_distance_that_it_may_have():
    # Two neurons at 0, one off by 1000 and one by −1000, are 2000 apart, and that is rounded.
    u, e = FINE.u, 1000.0
    worst = (Rounded(-e) - Rounded(e)).worst.roundings
    bound = softmax_exponent(near([[0.0, 0.0]], e), FINE._replace(f=0.0))[0, 0] - 2 * e
    assert u * worst <= bound
    assert bound <= u * (worst + 6) * (1 + 1e-3)  # and the sum of two, with 4 to spare


def test_errors_of_z_count_for_the_own_exponent_and_for_the_largest_of_the_others():
    exponent = softmax_exponent(near([[1.0, 2.0, 3.0]], [[0.5, 0.25, 0.125]]), EXACT)
    assert np.array_equal(exponent, [[1.0, 0.75, 0.625]])
    two = softmax_exponent(near([[[1.0, 2.0]], [[5.0, 5.0]]], [[[0.5, 0.25]], [[0.0, 0.0]]]), EXACT)
    assert np.array_equal(two, [[[1.0, 0.75]], [[0.0, 0.0]]])


@pytest.mark.parametrize("exponent", [1e-12, 1e-3, 1.0, 300.0, 400.0, 690.0, 699.0, 705.0, 720.0, 800.0, 3000.0])
def test_an_output_of_softmax_grows_by_its_exponent_up_to_1(exponent):
    # The last but one is just above the smallest normal number, the last is far below all numbers.
    z = 5 + np.array([[0.0, -1.0, -300.0, -650.0, -708.0, -2000.0]])
    a = softmax.value(z)
    total = sum(mp.exp(one) for one in z[0])
    for got, one in zip(softmax_error(a, z, np.full(z.shape, exponent))[0], z[0], strict=True):
        share = mp.exp(one) / total
        grown = share * mp.expm1(exponent)
        # 1e-11: e^x has the error of its argument, of up to 2000 units in the last place.
        assert min(grown, 1 - share) <= got * (1 + 1e-11) + 5e-324
        if share * mp.exp(exponent) < 1 or exponent < 700:
            # From logarithms also what a_j was is added: all of it where it has underflowed.
            assert got <= min(grown * (1 + 1e-11) + (share if share < 1e-307 or exponent > 699 else 0) * (1 + 1e-11), 1)
        assert got <= 1


def test_softmax_has_this_error_and_what_underflow_takes():
    z = near([[0.0, -87.337, -5.0]], 1e-3)
    a = softmax.value(z.value)
    exact = activated(z, softmax, FINE)
    assert np.array_equal(exact.value, a)
    assert np.array_equal(exact.error, softmax_error(a, z.value, softmax_exponent(z, FINE)))
    lost = a - flush(a)
    assert lost[0, 1] > 0
    bound = activated(near(z.value), softmax, FLUSHING).error
    assert np.all(lost <= bound)
    assert bound[0, 1] <= lost[0, 1] * 1.01


def test_every_row_has_the_error_that_it_has_alone():
    """Of more rows than entries, of which some have underflowed; sums of three are rounded alike, in whatever stack."""
    z = np.array([[0.0, 1.0, -800.0], [5.0, -2.0, 0.5], [700.0, 0.0, 1.0], [-3.0, -3.0, -3.0], [1e-3, 0.0, 2.0]])
    e = np.exp(z - z.max(-1, keepdims=True))
    a, exponent = e / e.sum(-1, keepdims=True), np.full(z.shape, 1e-3)
    alone = [softmax_error(*(array[row : row + 1] for array in (a, z, exponent))) for row in range(len(z))]
    assert np.array_equal(softmax_error(a, z, exponent), np.concatenate(alone))
