import numpy as np
import pytest

import minibp
from minibp import InputError

W, B = np.array([0.3, -0.7]), np.array([2.0, 3.0])
KEYWORDS = {"seed": 1, "raise_on_mismatch": False}


def product(w, b):
    return w**2 * b


def summed(w, b):
    return product(w, b).sum()


CHECKS = {
    "grad": lambda c, **k: minibp.check_grad(summed, lambda w, b: (c * 2 * w * b, None), (W, B), **k),
    "vjp": lambda c, **k: minibp.check_vjp(product, lambda w, b, up: (c * 2 * w * b * up, None), (W, B), **k),
    "jvp": lambda c, **k: minibp.check_jvp(product, lambda x, t: c * 2 * x[0] * x[1] * t[0], (W, B), **k),
    "jacobian": lambda c, **k: minibp.check_jacobian(product, lambda w, b: c * np.diag(2 * w * b), (W, B), **k),
    "hessian": lambda c, **k: minibp.check_hessian(summed, lambda w, b: c * np.diag(2 * b), (W, B), **k),
    "hvp": lambda c, **k: minibp.check_hvp(summed, lambda x, v: (c * 2 * x[1] * v[0], None), (W, B), **k),
}


@pytest.mark.parametrize(
    ("name", "wrt"), [(name, ["w", 0, ("w",), [0]][k % 4]) for k, name in enumerate(CHECKS)], ids=str
)
def test_the_others_are_passed_on(name, wrt):
    assert CHECKS[name](1.0, wrt=wrt, **KEYWORDS).verdict == "correct"


@pytest.mark.parametrize("name", CHECKS)
def test_what_is_asked_for_is_checked(name):
    assert CHECKS[name](1.001, wrt="w", **KEYWORDS).verdict == "wrong"


def test_names_are_those_of_the_function_also_where_findings_count():
    report = minibp.check_grad(summed, lambda w, b: (3 * w * b, w**2), (W, B), wrt="b", **KEYWORDS)
    assert report.verdict == "correct"


def test_without_it_every_argument_is_checked():
    assert CHECKS["vjp"](1.0, **KEYWORDS).verdict == "wrong"


@pytest.mark.parametrize(
    ("wrt", "message"),
    [
        ("v", "wrt has 'v', expected some of w, b, 0, 1"),
        (2, "wrt has 2, expected some of"),
        (-1, "wrt has -1"),
        (True, "wrt has True"),
        (("w", 0.5), "wrt has 0.5"),
        ((), "wrt is empty"),
        (1.5, "wrt is 1.5, expected names or positions of arguments"),
    ],
    ids=str,
)
def test_what_is_no_argument_is_refused(wrt, message):
    with pytest.raises(InputError, match=message):
        CHECKS["vjp"](1.0, wrt=wrt, **KEYWORDS)
