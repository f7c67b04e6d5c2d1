"""What all tests share: where MNIST is, how long Hypothesis may take, and a few drawn problems."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("minibp", deadline=None, print_blob=True)
settings.load_profile("minibp")

BESIDE = Path(__file__).parents[2] / "shared" / "data" / "mnist"
if "MINIBP_MNIST_DIR" not in os.environ and BESIDE.is_dir():
    os.environ["MINIBP_MNIST_DIR"] = str(BESIDE)


@pytest.fixture(scope="session")
def mnist_folder():
    folder = os.environ.get("MINIBP_MNIST_DIR")
    if not folder:
        pytest.skip("MNIST is not at hand: MINIBP_MNIST_DIR is not set")
    return Path(folder)


@pytest.fixture(scope="session")
def drawn():
    """Several hundred problems of every kind, drawn once."""
    from minibp.check.campaign import draw
    from minibp.strategies import problems

    return draw(problems(), 600, 20261122)
