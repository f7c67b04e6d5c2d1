import sys

import numpy as np
import pytest
from grad_kinds import is_right, is_wrong, report

X = np.random.default_rng(20261123).standard_normal(5)


def twice(a):
    return 2 * a


def test_periods_do_not_hide_a_slope():
    for power in range(3, 27, 3):
        w = 2 * np.pi * 2.0**power
        found = report(lambda x, w=w: np.sin(w * x).sum() / w, lambda x, w=w: np.cos(w * x), np.ones(1))
        assert found.verdict == ("correct" if power < 12 else found.verdict) != "wrong"


def test_a_function_of_single_precision_alone_is_checked_in_it():
    def f(x):
        if x.dtype != np.float32:
            raise TypeError
        return np.exp(x).sum()

    x = X.astype(np.float32)
    is_right(f, np.exp, x)
    is_wrong(f, lambda x: 1.1 * np.exp(x), x)


def test_a_missing_jax_is_noted(monkeypatch):
    monkeypatch.setitem(sys.modules, "jax", None)
    found = is_right(lambda x: (x**2).sum(), twice, X)
    assert "JAX autodiff was left out: JAX is not installed" in found.notes


def test_what_branches_on_its_values_is_traced_as_it_runs():
    pytest.importorskip("jax", reason="JAX is not installed")
    found = is_right(lambda x: (x**2).sum() if x[0] > 0 else (x**3).sum(), twice, np.abs(X))
    assert "jax" in found.oracles()
