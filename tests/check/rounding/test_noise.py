import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minibp.check.rounding.noise import DEGREE, PLACES, POINTS, is_bent, scatter


@settings(max_examples=30)
@given(
    x=st.floats(-1e3, 1e3).filter(lambda x: abs(x) > 1e-3), power=st.integers(-40, -10), seed=st.integers(0, 2**32 - 1)
)
def test_a_cubic_has_no_noise_but_its_rounding(x, power, seed):
    def values(at):
        return ((at[:1] - x) * 2.0**-power / abs(x)) ** 3 + (at[:1] - x) * 2.0**-power / abs(x)

    seen = scatter(values, np.array([x]), np.array([abs(x)]), 2.0**power, np.random.default_rng(seed))
    # Points reach up to (PLACES + 1) / PLACES * 2 times the distance; rounding is that of values of that size.
    assert seen[0] <= 2.0**-53 * 64 * (3**3 + 3) * POINTS


@pytest.mark.parametrize("size", [1e-12, 1.0, 1e9])
def test_noise_is_told_to_within_a_few_times(size):
    """Of normal errors of a deviation; of the smaller of two lines, and the larger of two such pairs."""
    rng = np.random.default_rng(1)
    found = [
        scatter(
            lambda at: np.sin(at[:1]) + size * rng.standard_normal(1),
            np.array([0.7]),
            np.array([0.7]),
            2.0**-30,
            np.random.default_rng(seed),
        )[0]
        for seed in range(60)
    ]
    assert size < np.median(found) < 4 * size
    assert min(found) > 0.3 * size


def test_what_does_not_vary_has_no_noise_at_all():
    value = np.array([1 / 3, 0.1])
    assert np.array_equal(
        scatter(lambda at: value, np.ones(2), np.ones(2), 1e-9, np.random.default_rng(0)), np.zeros(2)
    )


def test_the_point_itself_is_no_noise():
    """A value that is another at the point alone, as of a claim with a case of its own there."""
    x = np.array([0.5])
    seen = scatter(lambda at: np.where(at == x, 0.0, 2.0), x, x, 2.0**-40, np.random.default_rng(3))
    assert seen[0] == 0


def test_a_kink_at_the_point_is_no_noise():
    x = np.array([1.0])
    for seed in range(20):
        assert scatter(lambda at: np.abs(at - x), x, x, 2.0**-20, np.random.default_rng(seed))[0] <= 1e-18


def test_a_kink_beside_the_point_is_crossed_on_one_side_alone():
    x = np.array([1.0])
    for seed in range(20):
        rng = np.random.default_rng(seed)
        assert scatter(lambda at: np.abs(at - 1 - 2.0**-22), x, x, 2.0**-20, rng)[0] <= 1e-18


def test_nothing_is_told_where_nothing_moves():
    assert scatter(np.sin, np.zeros(2), np.zeros(2), 1e-3, np.random.default_rng(0)) is None


def test_values_that_are_not_finite_tell_nothing():
    seen = scatter(lambda at: np.full(1, np.nan), np.ones(1), np.ones(1), 1e-3, np.random.default_rng(0))
    assert seen[0] == 0


def test_there_are_points_enough_for_what_is_fitted():
    assert PLACES >= POINTS > DEGREE + 1


@pytest.mark.parametrize("x", [1.15e-3, -1.3e-3, 3e-4])
def test_rounding_that_is_nearly_periodic_is_seen_at_every_seed(x):
    """1 − cos x takes its steps at distances that hardly differ, of which points may be whole numbers apart."""
    at, usual = np.array([x]), 2.0**-53 / x**2

    def seen(seed):
        rng = np.random.default_rng(seed)
        return scatter(lambda x: (1 - np.cos(x)) / x**2, at, abs(at), 2.0**-20, rng, between=True)[0]

    assert min(seen(seed) for seed in range(1000)) > usual / 30


@pytest.mark.parametrize("power", range(-5, -1))
def test_smooth_functions_bend_and_rounded_ones_do_not(power):
    """At most seeds: points that lie close together by chance show less."""
    x, length = np.array([0.7]), 2.0**power

    def bends(f, length, seed):
        rng = np.random.default_rng(seed)
        seen = lambda distance: scatter(f, x, x, distance, rng)  # noqa: E731
        return is_bent(seen, length, seen(length)).all()

    assert sum(bends(np.sin, length, seed) for seed in range(50)) >= 47
    assert sum(bends(lambda at: np.float64(np.float16(np.sin(at))), length / 16, seed) for seed in range(50)) <= 3


def test_where_nothing_can_be_moved_nothing_bends():
    assert not is_bent(lambda distance: None, 0.1, np.ones(2)).any()
