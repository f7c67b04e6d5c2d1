import numpy as np
import pytest
from helpers import problem_of

from minibp.check.layout import row_of_bound, rows_of_estimate
from minibp.check.oracles import complex_step, finite_difference
from minibp.check.oracles.estimate import oracle_arithmetic
from minibp.check.problem_stack import Stack
from minibp.check.rounding.whole_pass import bound, bounds
from minibp.check.tolerance import within
from minibp.drawing import pairings


def several(output, cost):
    """Problems of one shape; the second saturates, the third has no penalty and hardly moves."""
    return [
        problem_of([3, 5, 4, 2], "silu", output.name, cost.name, m=4, l2=alpha, scale=scale)
        for alpha, scale in ((0.5, 1.0), (2.0, 100.0), (0.0, 1e-3))
    ]


@pytest.mark.parametrize(("output", "cost"), pairings(), ids=str)
def test_in_a_stack_each_problem_gets_what_it_gets_alone(output, cost):
    problems = several(output, cost)
    stack, fp = Stack.of(problems), oracle_arithmetic()
    for got, expected in zip(
        row_of_bound(bounds(stack, fp)), [bound(problem, fp) for problem in problems], strict=True
    ):
        assert np.allclose(got, row_of_bound(expected), rtol=1e-12, atol=0)
    for module in (complex_step, finite_difference):
        values, radii = rows_of_estimate(module.estimates(stack))
        for got, error, problem in zip(values, radii, problems, strict=True):
            expected, its_error = rows_of_estimate(module.estimate(problem))
            resolved = np.isfinite(its_error)
            assert np.array_equal(resolved, np.isfinite(error))
            # Sums in another order, which both radii allow for.
            assert within(got, expected, error, its_error)[resolved].all()
            assert np.median(np.abs(got - expected)[resolved]) <= 1e-15 * np.abs(expected).max()
