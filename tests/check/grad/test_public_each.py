import inspect

import numpy as np
import pytest
from grad_kinds import CHECKS, is_right

import minibp
from minibp import GradientMismatch
from minibp.check.grad import public

SIX = [name for name in vars(public) if name.startswith("check_")]


def test_the_checks_are_the_packages_own_and_agree_in_their_keywords():
    assert [f"check_{kind}" for kind in CHECKS] == SIX
    keywords = [list(inspect.signature(getattr(minibp, name)).parameters.items())[3:] for name in SIX]
    assert all(each == keywords[0] for each in keywords)
    assert all(parameter.kind is parameter.KEYWORD_ONLY for _, parameter in keywords[0])
    assert all(getattr(minibp, name) is getattr(public, name) for name in SIX)


W = np.diag([1.0, 2.0, 3.0]) + 0.5
AT = np.array([0.35, 3.5, 0.6])
OF_EACH = {
    "grad": (lambda x: np.sin(x) @ W @ x, lambda x: W @ np.sin(x) + np.cos(x) * (W @ x)),
    "vjp": (lambda x: W @ np.sin(x), lambda x, c: np.cos(x) * (W.T @ c)),
    "jvp": (lambda x: W @ np.sin(x), lambda x, v: W @ (np.cos(x) * v)),
    "jacobian": (lambda x: W @ np.sin(x), lambda x: W * np.cos(x)),
    "hessian": (lambda x: np.sin(x).sum() + x @ W @ x, lambda x: W + W.T - np.diag(np.sin(x))),
    "hvp": (lambda x: np.sin(x).sum() + x @ W @ x, lambda x, v: (W + W.T) @ v - np.sin(x) * v),
}


@pytest.mark.parametrize("kind", OF_EACH)
def test_each_check_passes_what_is_right_and_sees_what_is_a_thousandth_off(kind):
    f, claim = OF_EACH[kind]
    is_right(f, claim, AT, check=kind)
    with pytest.raises(GradientMismatch) as caught:
        CHECKS[kind](f, lambda *given: 1.001 * claim(*given), AT, seed=1)
    found = caught.value.report
    assert (found.verdict, found.findings[0].fault) == ("wrong", "scaled")
    assert found.findings[0].constant == pytest.approx(1.001, abs=1e-5)


@pytest.mark.parametrize("n", range(1, 9))
@pytest.mark.parametrize("kind", CHECKS)
def test_the_smallest_budget_does_for_few_entries(kind, n):
    f, claim = {
        "grad": (lambda x: np.sin(x).sum(), np.cos),
        "vjp": (np.sin, lambda x, c: c * np.cos(x)),
        "jvp": (np.sin, lambda x, v: v * np.cos(x)),
        "jacobian": (np.sin, lambda x: np.diag(np.cos(x))),
        "hessian": (lambda x: np.sin(x).sum(), lambda x: -np.diag(np.sin(x))),
        "hvp": (lambda x: np.sin(x).sum(), lambda x, v: -v * np.sin(x)),
    }[kind]
    is_right(f, claim, np.linspace(0.3, 0.9, n), check=kind, calls=1)
