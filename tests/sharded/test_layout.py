import numpy as np
import pytest
from helpers import problem_of

from minibp import Activation, InputError, Network, sharded
from minibp.sharded.devices import mesh
from minibp.sharded.layout import Layout, as_numpy, in_both_precisions

pytest.importorskip("jax", reason="JAX is not installed")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_is_placed_comes_back_and_is_a_copy(dtype):
    problem = problem_of([3, 4, 2], dtype=dtype)
    layout, x = Layout(mesh(1), problem.network), problem.x.copy()
    with in_both_precisions():
        placed = layout.placed(x, layout.rows(len(x)))
    x[:] = 0
    assert np.array_equal(as_numpy(placed), problem.x)
    assert as_numpy(placed).dtype == dtype


class OfNumPy(Activation):
    name = "of_numpy"

    def value(self, z):
        return np.tanh(z)

    def prime(self, z):
        return 1 - np.tanh(z) ** 2


def test_functions_that_jax_cannot_trace_are_told():
    network = Network([[[1.0]]], [[0.0]], OfNumPy())
    with pytest.raises(InputError, match="an activation or the cost is not one that JAX can compile"):
        sharded.ShardedGradient(network, "quadratic", mesh=1).gradient([[1.0]], [[1.0]])
