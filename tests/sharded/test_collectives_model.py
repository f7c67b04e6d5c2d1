"""benchmarks/scaling_model.py: what it counts is run by `nox -s benchmarks`; here are its formulas."""

import pytest
from scaling_model import BYTES, COUNTS, PARAMETERS, Hardware, expected, step_time

from minibp import Network

HARDWARE = Hardware(1e13, 5e11, 1.25e10, 5e-6)


def test_one_device_exchanges_nothing_and_two_send_each_parameter_once():
    assert step_time(1000, 10, 1, HARDWARE).exchange == 0
    assert step_time(1000, 10, 2, HARDWARE._replace(latency=0)).exchange == BYTES * 1000 / HARDWARE.bandwidth


def test_exchanging_takes_as_long_as_computing_at_the_rows_that_the_page_says():
    n = 10**6
    rows = n * BYTES * HARDWARE.rate / (3 * HARDWARE.bandwidth)
    found = step_time(10**6, rows, n, HARDWARE._replace(latency=0))
    assert found.exchange == pytest.approx(found.compute, rel=1e-5)


@pytest.mark.parametrize("parameters", PARAMETERS)
def test_a_batch_that_stays_gains_no_more_than_the_page_says(parameters):
    alone = step_time(parameters, 8192, 1, HARDWARE).total
    gains = [alone / step_time(parameters, 8192, n, HARDWARE).total for n in COUNTS]
    assert max(gains) < 8192 * 3 * HARDWARE.bandwidth / (BYTES * HARDWARE.rate)


def test_what_is_exchanged_by_the_formulas():
    network = Network.random([6, 8, 4], rng=0)
    assert expected(network, 16, 1) == {("all-reduce", network.n_parameters): 1}
    assert expected(network, 16, 8) == {("all-gather", 128): 1, ("all-reduce", 128): 1}
