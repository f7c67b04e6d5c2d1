"""Steps far beyond the size of what is moved, or finer than numbers are apart: what they tell is of another place."""

import numpy as np
import pytest
from grad_kinds import is_wrong, report


def fine(f, claim, at, **keywords):
    found = [report(f, claim, at, seed=seed, **keywords) for seed in range(3)]
    assert {one.verdict for one in found} <= {"correct", "undecided"}, "\n".join(map(str, found))
    assert not any(one.findings for one in found)


def by_copysign(x1, x2, c):
    """The rule of copysign."""
    return c * np.sign(x1) * np.sign(x2), 0 * c


@pytest.mark.parametrize("beside", [1e-12, -3e-20], ids=repr)
def test_a_jump_nearby_is_no_slope(beside):
    """Quotients of steps across it fall as 1 / h, and hardly differ between steps of about a size."""
    at = np.array([3.14, 1.1]), np.array([1.0, beside])
    fine(np.copysign, by_copysign, at, check="vjp")
    is_wrong(np.copysign, lambda a, b, c: (2 * by_copysign(a, b, c)[0], 0 * c), at, check="vjp")


W = np.array([1, -0.7, 0.4])


def selu(x):
    return 1.0507009873554805 * (W @ np.where(x > 0, x, 1.6732632423543772 * np.expm1(np.minimum(x, 0))))


def selu_slope(x):
    return 1.0507009873554805 * W * np.where(x > 0, 1, 1.6732632423543772 * np.exp(np.minimum(x, 0)))


def test_a_kink_seen_at_steps_of_1e270_is_not_that_at_0():
    fine(selu, selu_slope, np.array([-6.2e299, 0.0, 1.1e278]))
    is_wrong(selu, lambda x: selu_slope(x) + np.array([0, 0, 1]), np.array([-6.2e299, 0.0, 1.1e278]))


@pytest.mark.parametrize("x", [-3.4169506e-178, -1e-300], ids=repr)
def test_a_table_whose_terms_cancel_to_0_is_flat_for_no_reason_of_its_own(x):
    nodes = np.linspace(-1, 1, 17)
    values = np.sin(nodes)

    def f(x):
        return np.interp(x, nodes, values)

    def back(x, c):
        k = np.clip(np.searchsorted(nodes, x, side="right") - 1, 0, 15)
        return c * (values[k + 1] - values[k]) / (nodes[k + 1] - nodes[k])

    fine(f, back, np.array([x, 0.3, -0.7]), check="vjp")
    is_wrong(f, lambda x, c: back(x, c) * np.array([1, 1.1, 1]), np.array([x, 0.3, -0.7]), check="vjp")


def sorted_back(x, c):
    found = np.empty_like(x)
    found[np.argsort(x, kind="stable")] = c
    return found


TINY = np.array([-1.6e-279, -5e-324, -8.4e111, 5e-324])


def test_ties_to_within_the_smallest_numbers_are_ties():
    fine(np.sort, sorted_back, TINY, check="vjp")
    quantile = np.array([0, 0, 0.6, 0.4, 0])
    at = np.array([13.58, 5e-324, -2.5e-158, -2.4e-21, 0.0])
    fine(lambda x: np.quantile(x, 0.6), lambda x: sorted_back(x, quantile), at)


def test_a_side_whose_slope_is_known_to_be_another_leaves_no_slope_of_both():
    """Of the other side nothing is known where it has values at no more than one step."""
    w = np.array([1, -0.7, 0.4, 1.3])
    at = np.array([3.141592653589793, 3.141592653589793, -5.7e-175, 4.4e171])
    fine(lambda x: w @ np.sort(x), lambda x: sorted_back(x, w), at)


@pytest.mark.parametrize(
    "x",
    [[-0.00429195, -0.06897214, -0.10890573], [-0.01620860392, -0.01069025138, 0.026476243]],
    ids=["steps of many heights", "a sum near 0"],
)
def test_steps_of_rounding_are_as_high_as_they_are_where_the_entry_moves(x):
    """In a sum of float16 numbers of several sizes the steps of each have their own height."""

    def f(x):
        return (W * np.sin(x)).astype(np.float16).astype(float).sum()

    fine(f, lambda x: W * np.cos(x), np.array(x))


def test_in_half_precision_ties_at_0_hide_no_mistake_that_differences_resolve():
    def f(x):
        return x.astype(np.float16).astype(float)

    def off(x, c):
        return c * np.array([1, 1.01, 1])

    for seed in range(6):
        found = report(f, off, np.array([0.0, -0.0, -0.0]), check="vjp", seed=seed)
        assert found.verdict in {"wrong", "undecided"}, str(found)
    fine(f, lambda x, c: 1 * c, np.array([0.0, -0.0, -0.0]), check="vjp")


def test_slopes_that_f_does_not_show_at_all_are_not_said_to_be_0():
    """cos at 1e-123: all that is claimed is 0, and all that is told is not."""
    at = np.array([0.0, -2.7e-123, -4.6e-273])
    assert report(lambda x: np.cos(x).sum(), lambda x: 0 * x, at).verdict == "undecided"
    fine(lambda x: np.cos(x).sum(), lambda x: -np.sin(x), at)


def test_steps_of_rounding_far_beyond_the_size_of_x_are_no_mistake():
    """At an x of 1e-57 the steps of rounding to ten decimals begin at 1e-10, and are crossed at 1e-7."""
    at = np.array([2.288818359375, 5e-324, 5.448588656047885e-57])

    def f(x):
        return np.round(np.exp(x), 10)

    fine(f, lambda x, c: c * np.exp(x), at, check="vjp")


def test_at_ties_steps_are_not_quite_as_long_as_they_are_meant_to_be():
    """max − min, of which the rounding of x is all that there is."""
    at = np.array([1.8611800860904877, 1.8513492521131072, 1.8611800860904877, 1.8611800860904877])

    def grad(x):
        return np.arange(4) == np.argmax(x), np.arange(4) == np.argmin(x)

    fine(lambda x: np.max(x) - np.min(x), lambda x: 1.0 * grad(x)[0] - grad(x)[1], at)
    is_wrong(lambda x: np.max(x) - np.min(x), lambda x: 1.001 * grad(x)[0] - grad(x)[1], at)
