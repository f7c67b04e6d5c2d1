from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from subjects import backprop

import minibp
from minibp.arrays import InputError
from minibp.check.backprop import shared


def right(weights, biases, x, y):
    return backprop(weights, biases, x, y)


def wrong(weights, biases, x, y):
    return backprop(weights, biases, x, y, without_prime=range(2, 99))


def moody(weights, biases, x, y):
    """It raises at some networks, and returns arrays of other dtypes at others."""
    if len(weights) == 2:
        raise ZeroDivisionError("two layers")
    nabla_w, nabla_b = backprop(weights, biases, x, y)
    return nabla_w, [b.astype(np.float32) if len(x) == 2 else b for b in nabla_b]


def figures(report):
    return {name: value for name, value in report.to_dict().items() if name not in ("seconds", "environment")}


@pytest.mark.parametrize("subject", [right, wrong, moody])
def test_the_report_is_the_same_whoever_compares(subject):
    options = {"examples": 40, "seed": 3, "raise_on_mismatch": False}
    told = []
    with ThreadPoolExecutor(2) as pool:
        report = minibp.check_backprop(subject, executor=pool, progress=lambda *done: told.append(done), **options)
    assert figures(report) == figures(minibp.check_backprop(subject, **options))
    assert told == [(0, 49), (20, 49), (40, 49), (49, 49)]


def test_few_networks_are_compared_here():
    class Unused(ThreadPoolExecutor):
        def submit(self, *arguments):
            raise AssertionError("it was used")

    network = minibp.Network.random([2, 3, 2], rng=0)
    x, y = np.ones((2, 2)), np.ones((2, 2))
    with Unused(1) as pool:
        assert minibp.check_backprop(right, network=network, x=x, y=y, executor=pool).verdict == "correct"


def test_a_block_is_named_by_its_networks():
    assert str(shared.Block(b"", b"", 20)) == "the networks from number 21 on"


def test_what_is_no_executor_is_refused():
    with pytest.raises(InputError, match="executor is 2, expected a concurrent.futures.Executor"):
        minibp.check_backprop(right, executor=2)
