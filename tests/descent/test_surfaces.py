import numpy as np
import pytest

from minibp import InputError, check_grad, gradient_descent
from minibp.descent.path import CONVERGED
from minibp.descent.surfaces import SURFACES, surface_of

NAMED = pytest.mark.parametrize("surface", SURFACES.values(), ids=SURFACES)


@NAMED
def test_gradients_are_those_of_the_values(surface):
    rng = np.random.default_rng(0)
    for w in [surface.start, *surface.minima, *rng.uniform(-3, 3, (5, 2))]:
        assert check_grad(surface.value, surface.gradient, np.array(w), seed=0).verdict == "correct"


@NAMED
def test_minima_are_stationary_and_lower_than_all_around(surface):
    for minimum in surface.minima:
        w = np.array(minimum)
        # The coordinates are rounded to u, and the curvature is at most 1002.
        assert np.abs(surface.gradient(w)).max() <= 1002 * np.finfo(float).eps * np.abs(w).max()
        for angle in np.linspace(0, 2 * np.pi, 12):
            assert surface.value(w + 1e-3 * np.array([np.cos(angle), np.sin(angle)])) > surface.value(w)
        x0, x1, y0, y1 = surface.window
        assert x0 < minimum[0] < x1
        assert y0 < minimum[1] < y1


@NAMED
def test_the_three_learning_rates_are_too_small_good_and_too_large(surface):
    small, good, large = (
        gradient_descent(surface.value, surface.gradient, np.array(surface.start), eta=eta, steps=surface.steps)
        for eta in surface.etas
    )
    assert good.outcome == CONVERGED
    assert min(np.linalg.norm(good.end - minimum) for minimum in surface.minima) < 1e-5
    assert small.outcome == "step limit"
    assert (np.diff(small.costs) < 0).all()
    assert large.outcome in ("diverged", "step limit")
    assert (np.diff(large.costs) > 0).any()


def test_himmelblaus_four_minima_are_all_reached():
    surface = surface_of("himmelblau")
    reached = set()
    for start in ([0.0, 0.0], [-1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]):
        path = gradient_descent(surface.value, surface.gradient, np.array(start), eta=0.01, steps=200)
        assert path.outcome == CONVERGED
        reached.add(int(np.argmin([np.linalg.norm(path.end - minimum) for minimum in surface.minima])))
    assert reached == {0, 1, 2, 3}


def test_a_descent_may_end_in_the_higher_of_two_valleys():
    surface = surface_of("valleys")
    ends = [
        gradient_descent(surface.value, surface.gradient, np.array(start), eta=0.05, steps=200)
        for start in ([-0.3, 1.2], [0.3, 1.2])
    ]
    assert [path.outcome for path in ends] == [CONVERGED, CONVERGED]
    for path, minimum in zip(ends, surface.minima, strict=True):
        assert np.linalg.norm(path.end - minimum) < 1e-5
    assert ends[1].costs[-1] > ends[0].costs[-1] + 0.5


def test_an_unknown_name_is_refused():
    with pytest.raises(InputError, match="unknown function 'hill', expected one of bowl, stretched, rosenbrock"):
        surface_of("hill")
