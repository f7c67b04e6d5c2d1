import math
import re
import tracemalloc

import numpy as np
import pytest
from case_ids import written_out
from hypothesis import given
from hypothesis import strategies as st

from minibp import InputError, gradient_descent
from minibp.descent.path import (
    CONVERGED,
    KEPT_BYTES,
    MOST_PATH_BYTES,
    PATH_DIVERGED,
    RISES,
    STALLED,
    STEP_LIMIT,
    central_differences,
)
from minibp.descent.surfaces import surface_of


def bowl(w):
    return (w * w).sum()


def bowl_gradient(w):
    return 2 * w


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=4), st.floats(0.01, 0.9))
def test_on_a_bowl_every_step_shrinks_w_by_the_same_factor(start, eta):
    """(3) on Σ w²: w after k steps is (1 − 2η)^k w."""
    path = gradient_descent(bowl, bowl_gradient, np.array(start), eta=eta, steps=60)
    assert path.outcome in (CONVERGED, STEP_LIMIT)
    powers = (1 - 2 * eta) ** np.arange(len(path.points))
    # Each step rounds three times: the product with 2η, the difference, and what w had before.
    limit = 4 * np.finfo(float).eps * (1 + np.arange(len(path.points)))[:, None] * np.abs(start)
    assert (np.abs(path.points - powers[:, None] * start) <= limit + 1e-300).all()
    assert (np.diff(path.costs) <= 0).all()


def test_the_four_outcomes_are_told_apart():
    start = np.array([1.0, -2.0])
    ends = {
        CONVERGED: gradient_descent(bowl, bowl_gradient, start, eta=0.3, steps=200),
        PATH_DIVERGED: gradient_descent(bowl, bowl_gradient, start, eta=1.1, steps=200),
        STEP_LIMIT: gradient_descent(bowl, bowl_gradient, start, eta=1e-4, steps=200),
        STALLED: gradient_descent(bowl, bowl_gradient, start, eta=1e-20, steps=200),
    }
    assert {outcome: path.outcome for outcome, path in ends.items()} == {outcome: outcome for outcome in ends}
    assert ends[CONVERGED].slope <= 1e-6 < np.linalg.norm(bowl_gradient(ends[CONVERGED].points[-2]))
    assert ends[PATH_DIVERGED].taken == RISES
    assert ends[STEP_LIMIT].taken == 200
    assert ends[STALLED].taken == 0
    for path in ends.values():
        assert len(path.costs) == len(path.points) == path.taken + 1
        assert np.array_equal(path.costs, [bowl(w) for w in path.points])
        assert path.message.startswith("not there" if path.outcome == STEP_LIMIT else path.outcome)


def test_a_step_that_is_a_little_too_long_goes_to_and_fro_and_that_is_said():
    surface = surface_of("himmelblau")

    def from_the_middle(eta):
        return gradient_descent(surface.value, surface.gradient, np.zeros(2), eta=eta, steps=100)

    path = from_the_middle(0.025)
    rises = int((np.diff(path.costs) > 0).sum())
    assert path.outcome == STEP_LIMIT
    assert rises > 10
    assert path.message.endswith(f"the cost rose {rises} times: η is too large to settle")
    assert "rose" not in from_the_middle(0.001).message


def test_a_cost_without_a_minimum_diverges():
    path = gradient_descent(lambda w: -(w**4).sum(), lambda w: -4 * w**3, np.array([1.0]), eta=1.0, steps=100)
    assert path.outcome == PATH_DIVERGED
    assert not math.isfinite(path.costs[-1])
    assert math.isnan(path.slope)
    assert "or C has no minimum" in path.message


def test_python_floats_that_overflow_are_divergence_and_no_traceback():
    path = gradient_descent(lambda w: math.exp(float(w)), lambda w: -np.exp(w), np.array(1.0), eta=100.0, steps=9)
    assert (path.outcome, path.costs[-1]) == (PATH_DIVERGED, math.inf)
    path = gradient_descent(
        lambda w: 0.0, lambda w: np.array(math.exp(1000 * float(w))), np.array(1.0), eta=1.0, steps=9
    )
    assert (path.outcome, path.slope) == (PATH_DIVERGED, math.inf)
    assert "‖∇C‖ is inf after 0 steps" in path.message


@pytest.mark.parametrize("raised", [ValueError("math domain error"), ZeroDivisionError("division by zero")], ids=repr)
def test_to_leave_the_domain_is_divergence_but_not_at_the_start(raised):
    def f(w):
        if w[0] < 0:
            raise raised
        return float(w[0])

    def grad(w):
        if w[0] < 0.5:
            raise raised
        return np.ones(1)

    for options in ({"grad": lambda w: np.ones(1), "eta": 2.0}, {"grad": grad, "eta": 0.7}, {"grad": None, "eta": 2.0}):
        assert gradient_descent(f, start=[1.0], steps=9, **options).outcome == PATH_DIVERGED
    with pytest.raises(InputError, match=f"f raised {type(raised).__name__} at the start: {raised}"):
        gradient_descent(f, grad, [-1.0], eta=0.1, steps=9)
    with pytest.raises(InputError, match=f"grad raised {type(raised).__name__} at the start: {raised}"):
        gradient_descent(f, grad, [0.1], eta=0.1, steps=9)


def test_w_that_is_not_finite_is_not_handed_to_f():
    def careful(w):
        assert np.isfinite(w).all()
        return float(w[0])

    path = gradient_descent(careful, lambda w: np.array([1e300]), np.array([1e308]), eta=1e10, steps=9)
    assert path.outcome == PATH_DIVERGED


def test_a_saddle_is_a_stationary_point_and_zero_steps_are_fine():
    path = gradient_descent(lambda w: w[0] ** 2 - w[1] ** 2, lambda w: w * [2, -2], np.zeros(2), eta=0.1, steps=0)
    assert (path.outcome, path.taken, path.slope) == (CONVERGED, 0, 0.0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(), (1,), (2, 3), (2, 1, 2)], ids=written_out)
def test_any_shape_and_both_dtypes(shape, dtype):
    start = np.full(shape, 3.0, dtype)
    for grad in (bowl_gradient, None):
        path = gradient_descent(bowl, grad, start, eta=0.25, steps=50, tolerance=1e-3)
        assert path.outcome == CONVERGED
        assert path.points.dtype == dtype
        assert path.end.shape == shape
        assert not path.points.flags.writeable


def test_the_start_is_left_alone_and_what_functions_get_cannot_be_written():
    start = np.array([1.0])

    def meddling(w):
        w[0] = 7
        return w

    with pytest.raises(ValueError, match="read-only"):
        gradient_descent(bowl, meddling, start, eta=0.1, steps=1)
    assert start.tolist() == [1.0]


def test_central_differences_are_the_gradient_to_within_their_error():
    def f(w):
        return np.exp(w).sum() + (w**3).sum()

    w = np.array([0.3, -1.2, 2.0])
    # h² f'''/6 and the rounding of f over h, with h = ∛u of about 5e-6.
    assert np.abs(central_differences(f)(w) - (np.exp(w) + 3 * w**2)).max() < 1e-8


def test_differences_that_are_lost_in_the_rounding_of_f_are_no_convergence():
    def high(w):
        return 1e12 + (w * w).sum()

    path = gradient_descent(high, None, np.array([1e-3, 2e-3]), eta=0.1, steps=100, tolerance=0.0)
    assert path.outcome == STALLED
    assert re.search(r"central differences tell nothing below [\d.]+, as C is rounded", path.message)
    far = gradient_descent(high, None, np.array([1e3, 2e3]), eta=0.1, steps=100)
    assert far.taken > 10


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"start": [np.inf]}, "start has the value inf at"),
        pytest.param({"start": np.array([1 + 1j])}, "start has dtype complex128", id="start of complex128"),
        ({"eta": 0.0}, "eta is 0.0, expected a finite number above 0"),
        ({"eta": "much"}, "eta is 'much', expected a number"),
        ({"eta": math.inf}, "eta is inf, expected a finite number above 0"),
        ({"eta": True}, "eta is True, expected a number"),
        ({"tolerance": -1.0}, "tolerance is -1.0, expected a finite number that is not negative"),
        ({"steps": 1.5}, "steps is 1.5, expected a whole number"),
        ({"steps": -1}, "steps is -1, expected at least 0"),
        pytest.param({"f": lambda w: w}, "f returned .*, expected one real number", id="f array"),
        pytest.param({"f": lambda w: "low"}, "f returned 'low', expected one real number", id="f string"),
        pytest.param({"f": lambda w: math.nan}, "f returned nan at the start, expected a finite number", id="f nan"),
        pytest.param(
            {"grad": lambda w: 1.0},
            r"grad returned float64 of shape \(\), expected real numbers of shape \(2,\)",
            id="grad number",
        ),
        pytest.param(
            {"grad": lambda w: [[1.0], [1.0, 2.0]]},
            r"grad returned object of shape \(\), expected real numbers",
            id="grad ragged",
        ),
        pytest.param(
            {"f": lambda w: [[1.0], [1.0, 2.0]]},
            r"f returned \[\[1.0\], \[1.0, 2.0\]\], expected one real number",
            id="f ragged",
        ),
        pytest.param(
            {"grad": lambda w: w.astype(complex)},
            r"grad returned complex128 of shape \(2,\), expected real numbers",
            id="grad complex",
        ),
    ],
    ids=written_out,
)
def test_what_cannot_be_used_is_refused(changed, message):
    arguments = {"f": bowl, "grad": bowl_gradient, "start": [1.0, 2.0], "eta": 0.1, "steps": 5} | changed
    with pytest.raises(InputError, match=message):
        gradient_descent(**arguments)


@pytest.mark.parametrize("grad", [bowl_gradient, None], ids=["gradient", "differences"])
def test_a_start_of_integers_is_one_of_float64(grad):
    found, expected = (gradient_descent(bowl, grad, start, eta=0.3, steps=9) for start in ([3, 4], [3.0, 4.0]))
    assert found.points.dtype == np.float64
    assert np.array_equal(found.points, expected.points)


def test_more_steps_than_can_be_kept_are_refused_with_their_bytes():
    bytes_ = (10**12 + 1) * (32 + KEPT_BYTES)
    with pytest.raises(InputError, match=f"steps is {10**12}: .* would take {bytes_:,} bytes, expected at most"):
        gradient_descent(bowl, bowl_gradient, [1.0, 2.0], eta=0.1, steps=10**12)
    most = MOST_PATH_BYTES // (16 + KEPT_BYTES) - 1
    assert gradient_descent(bowl, bowl_gradient, [1.0], eta=0.5, steps=most).outcome == CONVERGED
    with pytest.raises(InputError, match="steps is"):
        gradient_descent(bowl, bowl_gradient, [1.0], eta=0.5, steps=most + 1)


@pytest.mark.parametrize("n", [1, 100])
def test_what_steps_are_said_to_take_is_no_less_than_what_they_take(n):
    gradient_descent(bowl, bowl_gradient, np.ones(n), eta=1e-6, steps=1)  # what is loaded once is no step's
    tracemalloc.start()
    try:
        path = gradient_descent(bowl, bowl_gradient, np.ones(n), eta=1e-6, steps=6000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert path.taken == 6000
    assert peak <= 6001 * (16 * n + KEPT_BYTES) <= 2 * peak
