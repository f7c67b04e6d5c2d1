import numpy as np
import pytest
from grad_programs import seen_at
from hypothesis import given
from hypothesis import strategies as st

from minibp.check.grad.kinks import is_at_kink, outside_of_hull

TIES = np.array([1.0, 2.0, 2.0, 2.0])


def outside(f, x, claimed, entries, seed=0):
    with np.errstate(all="ignore"):
        return outside_of_hull(seen_at(f, x), 0, np.asarray(entries), np.asarray(claimed), np.random.default_rng(seed))


@pytest.mark.parametrize(
    ("claimed", "is_outside"),
    [
        ([0.0, 1.0, 1.0, 1.0], True),
        ([0.0, 0.5, 0.5, 0.5], True),
        ([0.0, 0.0, 0.0, 0.0], True),
        ([0.0, 1 / 3, 1 / 3, 1 / 3], False),
        ([0.0, 0.0, 1.0, 0.0], False),
        ([0.0, 0.25, 0.75, 0.0], False),
    ],
    ids=str,
)
def test_a_maximum_is_shared_by_those_that_have_it(claimed, is_outside):
    for seed in range(5):
        assert (outside(np.max, TIES, claimed, [1, 2, 3], seed) is not None) == is_outside


@given(st.lists(st.sampled_from([0.0, 1.0, 0.3]), min_size=2, max_size=30), st.integers(0, 99))
def test_kinks_apart_take_any_mixture_of_their_sides(claimed, seed):
    """Half of them bent up and half of them down: along random directions the slopes of both sides prove nothing."""
    n = len(claimed)
    signs = np.where(np.arange(n) % 2, 1.0, -1.0)
    f = lambda x: np.array([(signs * np.maximum(x, 0)).sum() + np.sin(x).sum()])  # noqa: E731
    assert outside(f, np.zeros(n), signs * claimed + 1, np.arange(n), seed) is None


@given(st.integers(2, 12), st.integers(0, 99))
def test_two_of_one_kink_are_outside(n, seed):
    """|Σ x| has one kink, and slopes of one sign at a time."""
    x = np.zeros(n)
    claimed = np.where(np.arange(n) < n / 2, 1.0, -1.0)
    found = outside(lambda x: np.array([np.abs(x.sum())]), x, claimed, np.arange(n), seed)
    assert found is not None
    assert found.radius < 0.1


@pytest.mark.parametrize("n", [2, 5, 12, 40])
def test_an_order_of_any_number_of_ties_has_a_kink_at_each_place(n):
    """Of n entries that are equal the third largest moves with a given one in one order of n."""
    for seed in range(3):
        rng = np.random.default_rng(seed)
        for place in {0, 1, n // 2, n - 1}:
            seen = seen_at(lambda x, place=place: np.sort(x)[place], np.zeros(n))
            v = np.zeros(n)
            v[rng.integers(n)] = 1.0
            assert is_at_kink(seen, 0, v, rng)
    smooth = seen_at(lambda x: np.sin(x).sum(), np.zeros(n))
    assert not is_at_kink(smooth, 0, v, rng)
