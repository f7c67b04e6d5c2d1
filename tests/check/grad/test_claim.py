import re

import numpy as np
import pytest

from minibp.check.grad.arguments import Arguments, Breach, Misuse
from minibp.check.grad.claim import Claim, returned_dtype

X = np.array([0.5, -2.0, 3.0])


def claim(grad, x=X):
    return Claim("grad", grad, Arguments(x), "float64", np.random.default_rng(0))


class Alternating:
    """A function whose second value is another one."""

    def __init__(self, *values):
        self.values = list(values)

    def __call__(self, x):
        return self.values.pop(0)


def test_what_f_returns_has_a_dtype_and_is_the_same_twice():
    assert returned_dtype(lambda x: np.float32(x.sum()), Arguments(X)) == "float32"
    with pytest.raises(Breach, match="f returned 1 and then 2 at the same x, expected the same number"):
        returned_dtype(Alternating(1.0, 2.0), Arguments(X))
    with pytest.raises(Misuse, match="f returned an array of shape"):
        returned_dtype(lambda x: x, Arguments(X))


def test_a_gradient_that_was_computed_beforehand_has_no_noise():
    found = claim(2 * X)
    assert not found.callable
    assert found.value.tolist() == (2 * X).tolist()
    assert found.noise.tolist() == [0, 0, 0]


def test_a_gradient_that_rounds_coarsely_is_noisy_and_one_that_does_not_is_not():
    rough = claim(lambda x: np.round(np.sin(x), 6)).noise
    assert (rough >= 0.5e-6).any()
    assert (claim(np.sin).noise < 1e-12).all()


def test_a_gradient_that_is_not_the_same_twice_is_a_breach_at_the_first_entry_that_differs():
    other = 2 * X
    other[1] = 5.0
    with pytest.raises(Breach, match=re.escape("grad[1] is -4 and then 5 at the same x, expected the same number")):
        claim(Alternating(2 * X, other))


@pytest.mark.filterwarnings("ignore:All-NaN")  # the check is silent throughout
def test_where_a_gradient_raises_nearby_it_is_outside_of_its_domain():
    def below(x):
        if (x > X).any():
            raise ValueError("not there")
        return 2 * x

    found = claim(below, X)
    assert found.value.tolist() == (2 * X).tolist()
    assert np.isfinite(found.noise).all()


def test_along_a_direction_a_slope_has_two_allowances_of_which_noise_is_in_one():
    found = claim(2 * X)
    v = np.array([1.0, -1.0, 0.0])
    slope, allowed, quiet = found.along(v)
    assert slope == 2 * (0.5 + 2.0)
    assert allowed == quiet > 0
    found.noise = np.full(3, 0.25)
    slope, allowed, unchanged = found.along(v)
    assert unchanged == quiet
    assert allowed > 0.25
