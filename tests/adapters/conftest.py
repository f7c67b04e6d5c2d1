"""Problems that all tests of adapters share, and torch where it is installed."""

import pytest
from adapter_programs import SIGMOID, SIZES

from minibp.check.generation import draw
from minibp.strategies import problems


@pytest.fixture(scope="module")
def drawn():
    return draw(problems(**SIGMOID), 100, 5)


@pytest.fixture(scope="module")
def drawn_of_sizes():
    return draw(problems(sizes=SIZES, **SIGMOID), 40, 6)


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch", reason="torch is not installed")
