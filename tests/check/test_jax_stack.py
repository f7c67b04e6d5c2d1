import numpy as np
from oracle_checks import check_shapes, worst_of_radius

from minibp.check import jax_oracle, jax_stack
from minibp.check.compare import rows_of_estimate
from minibp.check.soak import drawn
from minibp.check.stack import Stack


def test_every_problem_of_a_stack_is_within_its_radius_and_near_what_it_is_alone():
    rng = np.random.default_rng(1)
    for count in (1, 5, 32, *[3] * 20):
        part = drawn(rng, count)
        whole = jax_stack.estimates(Stack.of(part))
        for s, problem in enumerate(part[:5]):
            estimate = whole.of(s)
            check_shapes(problem, estimate)
            assert worst_of_radius(problem, estimate) <= 1, problem
            (got, error), (expected, its_error) = map(rows_of_estimate, (estimate, jax_oracle.estimate(problem)))
            told = np.isfinite(error)
            assert np.array_equal(told, np.isfinite(its_error))
            assert (np.abs(got - expected)[told] <= 2 * error[told]).all()
