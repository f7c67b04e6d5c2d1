import numpy as np
import pytest
from helpers import problem_of

from minibp.check.oracles import complex_step
from minibp.check.oracles.estimate import COMPLEX_STEP, Estimate, Slope, oracle_arithmetic, unresolved
from minibp.check.problem_stack import Stack
from minibp.check.rounding.arithmetic import LIBRARY_ERROR, arithmetic_of
from minibp.network import Gradient


def arrays_of(estimate):
    """All arrays of an estimate by name, those of its slopes too."""
    found = {}
    for name in ("delta", "delta_radius", "z", "z_radius", "a", "a_radius"):
        found |= {(name, i): array for i, array in enumerate(getattr(estimate, name))}
    gradients = {"gradient": estimate.gradient, "radius": estimate.radius}
    gradients |= {f"direction {i}": slope.direction for i, slope in enumerate(estimate.slopes)}
    for name, gradient in gradients.items():
        for field, arrays in gradient._asdict().items():
            found |= {(name, field, i): array for i, array in enumerate(arrays)}
    found |= {"cost": estimate.cost, "cost_radius": estimate.cost_radius}
    for i, slope in enumerate(estimate.slopes):
        found |= {("slope", i): slope.value, ("slope radius", i): slope.radius}
    return found


def estimate_of_a_stack(count):
    """Arrays of different shapes, all of different numbers."""
    numbers = np.random.default_rng(0)

    def array(*shape):
        return numbers.standard_normal((count, *shape))

    def gradient():
        return Gradient((array(4, 3), array(2, 4)), (array(4), array(2)))

    layers = [(array(5, 4), array(5, 2)) for _ in range(4)]
    a, a_radius = ((array(5, 3), array(5, 4), array(5, 2)), (array(5, 4), array(5, 2)))
    slopes = tuple(Slope(gradient(), array(), array()) for _ in range(2))
    return Estimate(gradient(), gradient(), *layers, a, a_radius, array(), array(), slopes, {"reason": 3})


@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_estimate_of_one_problem_is_its_part_of_every_array(place):
    whole = estimate_of_a_stack(3)
    one = whole.of(place)
    stacked, arrays = arrays_of(whole), arrays_of(one)
    assert stacked.keys() == arrays.keys()
    assert len(arrays) == 13 + 4 * 4 + 2 + 2 * 2  # of the pass, of four gradients, of the cost, of two slopes
    for name, array in arrays.items():
        assert np.array_equal(array, stacked[name][place]), name
    assert one.skipped == {"reason": 3}


def test_the_only_problem_of_a_stack_is_the_first():
    whole = estimate_of_a_stack(1)
    for name, array in arrays_of(whole.only()).items():
        assert np.array_equal(array, arrays_of(whole)[name][0]), name


def test_an_oracle_takes_the_axis_off_for_one_problem():
    problem = problem_of([3, 4, 2], m=5)
    alone, stacked = complex_step.estimate(problem), complex_step.estimates(Stack.of([problem, problem]))
    for name, array in arrays_of(alone).items():
        assert np.shape(array) == np.shape(arrays_of(stacked)[name])[1:], name
    assert np.shape(alone.cost) == ()


def test_unresolved_entries_are_counted_by_reason_and_the_rest_overflows():
    radii = [np.array([1.0, np.inf, np.inf]), np.array([[np.nan, 0.0], [np.inf, 2.0]])]
    assert unresolved(3, radii, "crosses a kink") == {"crosses a kink": 3, "values overflow in float64": 1}
    assert unresolved(4, radii, "crosses a kink") == {"crosses a kink": 4}
    assert unresolved(0, radii, "crosses a kink") == {"values overflow in float64": 4}
    assert unresolved(0, [np.ones(3)], "crosses a kink") == {}


def test_the_floating_point_model_covers_complex_products_and_early_underflow():
    fp, real = oracle_arithmetic(), arithmetic_of("float64")
    assert fp.u == 2 * real.u
    assert fp.tiny == real.tiny / COMPLEX_STEP
    assert fp.f > LIBRARY_ERROR
    assert not fp.prime_from_value
    assert not fp.textbook
    # Two products of the parts, and their sum, of numbers with relative errors of u each at most.
    rng = np.random.default_rng(0)
    z, w = (rng.standard_normal(20_000) + 1j * rng.standard_normal(20_000) for _ in range(2))
    exact = z.astype(np.clongdouble) * w.astype(np.clongdouble)
    error = np.abs((z * w - exact).real) / (np.abs(z.real * w.real) + np.abs(z.imag * w.imag))
    assert real.u < error.max() <= fp.u


def test_the_truncation_error_of_the_complex_step_is_below_what_underflow_may_take():
    """h²|f'''|/6 at the largest third derivative for which that is claimed, 1e142."""
    error = COMPLEX_STEP**2 * 1e142 / 6
    assert error < oracle_arithmetic().tiny
