import functools

import numpy as np
import pytest

from minibp import InputError
from minibp.signatures import expect_arguments

NAMES = ("weights", "biases", "x", "y")
ONES = np.ones(99)


def four(weights, biases, x, y):
    """Takes them all."""


def wide(weights, biases, x, y, rate=0.1, *rest, cost="quadratic", **options):
    """Takes more."""


class Callable:
    def __call__(self, weights, biases, x, y):
        """Takes them beside itself."""

    def method(self, weights, biases, x, y):
        """Takes them beside itself."""


class Unsigned:
    """What is called has a signature that cannot be read."""

    __signature__ = "none"

    def __call__(self, *given):
        """Takes anything."""


@pytest.mark.parametrize(
    "f",
    [
        pytest.param(four, id="function"),
        pytest.param(wide, id="more with defaults"),
        pytest.param(lambda *given: None, id="any number"),
        pytest.param(lambda weights, *given: None, id="one and any number"),
        pytest.param(functools.partial(wide, rate=1), id="partial"),
        pytest.param(functools.partial(lambda z, w, b, x, y: None, 0), id="partial of five"),
        pytest.param(Callable(), id="instance"),
        pytest.param(Callable().method, id="bound method"),
        pytest.param(functools.lru_cache(four), id="cached"),
        pytest.param(max, id="builtin without a signature"),
        pytest.param(Unsigned(), id="unreadable signature"),
    ],
)
def test_what_takes_the_arguments_or_tells_nothing_passes(f):
    expect_arguments("subject", f, NAMES)


def with_weights(net, x, y):
    """Takes three."""


def annotated(net: np.ndarray, x=ONES, *, rate: float = 0.5, **rest) -> tuple:
    """Says a lot of what it takes."""


@pytest.mark.parametrize(
    ("f", "got"),
    [
        pytest.param(with_weights, "with_weights(net, x, y)", id="three"),
        pytest.param(functools.partial(four, 0), "four(biases, x, y)", id="partial"),
        pytest.param(lambda: None, "<lambda>()", id="none"),
        pytest.param(annotated, "annotated(net, x=..., *, rate=..., **rest)", id="annotations and defaults"),
        pytest.param(Callable.method, "method(self, weights, biases, x, y)", id="method without its instance"),
        pytest.param(lambda w, b, x, y, *, rate: None, "<lambda>(w, b, x, y, *, rate)", id="keyword needed"),
        pytest.param(lambda net, *, x: None, "<lambda>(net, *, x)", id="keyword only"),
    ],
)
def test_what_cannot_take_them_is_one_sentence(f, got):
    with pytest.raises(InputError) as caught:
        expect_arguments("subject", f, NAMES)
    name = got.partition("(")[0]
    assert str(caught.value) == f"subject: got {got}, expected {name}(weights, biases, x, y)"
