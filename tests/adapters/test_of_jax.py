from functools import partial

import numpy as np
import pytest
from adapter_programs import SIGMOID, assert_wrong, is_right, jax_loss

from minibp import adapters
from minibp.check.generation import draw
from minibp.check.oracles.estimate import ORACLE_ERROR
from minibp.strategies import problems


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_jax_loss_with_a_derivative_of_its_own(dtype):
    pytest.importorskip("jax", reason="JAX is not installed")
    right = adapters.jax_loss(jax_loss, sizes=[[2, 3, 2]], batch_sizes=[3])
    given = draw(problems(sizes=right.sizes[0], examples=right.batch_sizes[0], dtype=dtype, **SIGMOID), 40, 7)
    for problem in given:
        assert is_right(right, problem, ORACLE_ERROR), problem
    assert_wrong(adapters.jax_loss(partial(jax_loss, prime=lambda a: a)), given)


def test_a_jax_loss_asks_for_few_shapes():
    pytest.importorskip("jax", reason="JAX is not installed")
    subject = adapters.jax_loss(jax_loss)
    assert (subject.sizes, subject.batch_sizes) == (((2, 3, 2), (3, 3, 3, 3, 3)), (1, 3))
    subject = adapters.jax_loss(jax_loss, sizes=[np.array([5, 4])], batch_sizes=range(1, 3))
    assert (subject.sizes, subject.batch_sizes) == (((5, 4),), (1, 2))
