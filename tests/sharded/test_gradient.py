import numpy as np
import pytest
import sharded_programs
from helpers import problem_of

from minibp import InputError, sharded

pytest.importorskip("jax", reason="JAX is not installed")


@pytest.fixture(scope="module")
def outcomes():
    return sharded_programs.outcomes("gradients")


@pytest.mark.parametrize("check", sharded_programs.names("gradients"))
def test_on_eight_devices(outcomes, check):
    assert outcomes[check] == ""


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("network", 3, "network is 3, expected a minibp.Network"),
        ("cost", "hinge", "unknown cost 'hinge'"),
        ("l2", -1.0, "l2 is -1.0"),
        ("mesh", 0, "devices is 0, expected at least 1"),
    ],
)
def test_what_cannot_be_used_is_told(name, value, said):
    with pytest.raises(InputError) as error:
        sharded.ShardedGradient(
            **{"network": problem_of([3, 2]).network, "cost": "quadratic", "mesh": 1} | {name: value}
        )
    assert str(error.value).startswith(said)


def test_examples_that_do_not_fit_are_told():
    program = sharded.ShardedGradient(problem_of([3, 2]).network, "quadratic", mesh=1)
    with pytest.raises(InputError, match="x has 2 columns"):
        program.gradient(np.ones((4, 2)), np.ones((4, 2)))


def test_programs_are_compiled_once_for_each_number_of_rows():
    program = sharded.ShardedGradient(problem_of([3, 2]).network, "quadratic", mesh=1)
    assert program.compiled(2) is program.compiled(2)
    assert program.compiled(2) is not program.compiled(3)
