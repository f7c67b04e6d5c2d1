import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minibp import Activation, Cost, Network, Problem
from minibp.activations import HIDDEN
from minibp.costs import COSTS


@given(
    st.builds(
        lambda *parts: parts, st.from_type(Network), st.from_type(Problem), st.from_type(Activation), st.from_type(Cost)
    )
)
@settings(max_examples=20)
def test_types_are_known_to_hypothesis(parts):
    network, problem, activation, cost = parts
    assert isinstance(network, Network)
    assert isinstance(problem, Problem)
    assert activation in HIDDEN.values()
    assert cost in COSTS.values()


@pytest.mark.parametrize(
    "program",
    [
        "import minibp.strategies",
        "import hypothesis, minibp.strategies",
        "import minibp; minibp.strategies.problems()",
        "import minibp; from hypothesis import strategies as st; st.from_type(minibp.Network).validate()",
    ],
)
def test_types_are_registered_in_any_order_of_imports_without_jax(program):
    after = "; import sys; from minibp import Problem; from hypothesis import strategies as st"
    after += "; st.from_type(Problem).validate(); assert 'jax' not in sys.modules"
    subprocess.run([sys.executable, "-W", "error", "-c", program + after], check=True)


def test_hypothesis_alone_loads_no_strategies_of_ours():
    program = "import sys, hypothesis; assert 'minibp.strategies' not in sys.modules; assert 'jax' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)
