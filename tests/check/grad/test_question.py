import importlib.util
import sys
import warnings

import numpy as np
import pytest

from minibp import InputError
from minibp.check.grad.engine import CALLS
from minibp.check.grad.question import ORACLES, question_of, quietly


def question(**keywords):
    return question_of("grad", np.sin, np.cos, **keywords)


def test_what_is_not_said_has_a_default():
    found = question()
    assert (found.kind, found.f, found.claim) == ("grad", np.sin, np.cos)
    assert (found.oracles, found.calls, found.accuracy) == (ORACLES, CALLS, 0.0)


@pytest.mark.parametrize(
    ("given", "expected"),
    [("jax", ("jax",)), (["complex_step"], ("complex_step",)), (ORACLES[1:], ORACLES[1:])],
    ids=["one", "a list", "a tuple"],
)
def test_oracles_are_one_or_several_names(given, expected):
    assert question(oracles=given).oracles == expected
    assert question(oracles=iter(expected)).oracles == expected


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("torch", "oracles has 'torch', expected some of jax, complex_step, finite_difference"),
        (("jax", "torch"), "oracles has 'torch'"),
        ((3,), "oracles has 3"),
        ((), "oracles is empty, expected some of jax"),
        (3, "oracles"),
        (None, "oracles"),
    ],
    ids=["a name", "one of two", "a number in it", "none", "a number", "None"],
)
def test_oracles_that_there_are_not_are_refused(given, message):
    with pytest.raises(InputError, match=message):
        question(oracles=given)


@pytest.mark.parametrize("given", [1e-6, 1, np.float32(0.5), np.float64(1e-300), np.int64(2)], ids=repr)
def test_an_accuracy_is_a_number_above_0(given):
    assert question(accuracy=given).accuracy == float(given)


@pytest.mark.parametrize(
    "given", [0, -1e-6, np.nan, np.inf, "1e-6", [1e-6], 1j, True, 10**400], ids=lambda given: repr(given)[:9]
)
def test_any_other_accuracy_is_refused(given):
    with pytest.raises(InputError, match=r"accuracy is .*, expected a number above 0"):
        question(accuracy=given)


@pytest.mark.parametrize(
    ("given", "message"),
    [(0, "calls is 0, expected at least 1"), (1.5, "calls is 1.5, expected a whole number"), (True, "calls is True")],
    ids=["none", "a fraction", "True"],
)
def test_calls_are_a_count(given, message):
    assert question(calls=np.int64(7)).calls == 7
    with pytest.raises(InputError, match=message):
        question(calls=given)


def test_nothing_is_warned_of_and_all_is_as_before_afterwards():
    before = np.geterr()
    with quietly(("complex_step",)):
        assert set(np.geterr().values()) == {"ignore"}
        assert np.isinf(np.float64(1) / np.float64(0))
        warnings.warn("not shown", stacklevel=1)
    assert np.geterr() == before
    with pytest.warns(UserWarning, match="shown"):
        warnings.warn("shown", stacklevel=1)


def test_after_an_error_all_is_as_before_as_well():
    before, filters = np.geterr(), list(warnings.filters)
    with pytest.raises(KeyError), quietly(()):
        raise KeyError
    assert np.geterr() == before
    assert warnings.filters == filters


def test_jax_computes_in_double_precision_on_the_cpu():
    jax = pytest.importorskip("jax", reason="JAX is not installed")
    before = jax.numpy.ones(1).dtype
    for oracles in (("jax",), ("finite_difference",)):  # f may use JAX where it is imported
        with quietly(oracles):
            one = jax.numpy.ones(1)
        assert one.dtype == np.float64
        assert {device.platform for device in one.devices()} == {"cpu"}
    assert jax.numpy.ones(1).dtype == before


def test_without_jax_all_else_is_quiet(monkeypatch):
    monkeypatch.setitem(sys.modules, "jax", None)  # as where it is not installed
    with quietly(ORACLES):
        assert np.isinf(np.float64(1) / np.float64(0))


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed")
def test_jax_is_not_imported_where_nobody_asks_for_it(monkeypatch):
    monkeypatch.delitem(sys.modules, "jax", raising=False)
    with quietly(("complex_step",)):
        assert "jax" not in sys.modules
