"""Reports of claims about derivatives, and what is expected of them: shared by the tests of kinds."""

import numpy as np

import minibp

CHECKS = {
    "grad": minibp.check_grad,
    "vjp": minibp.check_vjp,
    "jvp": minibp.check_jvp,
    "jacobian": minibp.check_jacobian,
    "hessian": minibp.check_hessian,
    "hvp": minibp.check_hvp,
}


def report(f, claim, at, *, check="grad", seed=1, **keywords):
    return CHECKS[check](f, claim, at, seed=seed, raise_on_mismatch=False, **keywords)


def said(found):
    """All that a report says, on one line."""
    return " ".join(str(found).split())


def is_right(f, claim, at, **keywords):
    """A right claim is called correct, and nothing is found."""
    found = report(f, claim, at, **keywords)
    assert found.verdict == "correct", str(found)
    assert not found.findings, str(found)
    return found


def is_wrong(f, claim, at, fault=None, **keywords):
    """A wrong claim is called wrong, and the first finding bears the name of the symptom, if one is asked for."""
    found = report(f, claim, at, **keywords)
    assert found.verdict == "wrong", str(found)
    if fault is not None:
        assert found.findings[0].fault == fault, str(found)
    return found


def is_undecided(f, claim, at, reason, **keywords):
    """Neither is said, and a reason is given."""
    found = report(f, claim, at, **keywords)
    assert found.verdict == "undecided", str(found)
    assert reason in said(found), str(found)
    return found


def is_not_passed(f, claim, at, **keywords):
    """A claim that no oracle may resolve is not called correct, and whatever is said has a reason."""
    found = report(f, claim, at, **keywords)
    assert found.verdict in {"wrong", "undecided"}, str(found)
    assert found.findings or found.notes, str(found)
    return found


def normal(seed, *shape, scale=1.0, dtype=float):
    return (scale * np.random.default_rng(seed).standard_normal(shape)).astype(dtype)


ELEMENTWISE = {
    "sin": (np.sin, np.cos),
    "tanh": (np.tanh, lambda x: 1 / np.cosh(x) ** 2),
    "exp": (np.exp, np.exp),
    "cube": (lambda x: x**3, lambda x: 3 * x**2),
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), lambda x: 1 / (2 + np.exp(x) + np.exp(-x))),
    "softplus": (lambda x: np.log(1 + np.exp(x)), lambda x: 1 / (1 + np.exp(-x))),
    "rational": (lambda x: x / (1 + x * x), lambda x: (1 - x * x) / (1 + x * x) ** 2),
}
"""Smooth functions of one number, with their slopes; all take complex numbers."""


def softmax_loss(s, y):
    """The mean cross-entropy of rows of scores, and its gradient by the scores."""
    s = s - s.real.max(axis=1, keepdims=True)
    sums = np.exp(s).sum(axis=1, keepdims=True)
    value = (np.log(sums[:, 0]) - (s * y).sum(axis=1)).mean()
    return value, (np.exp(s) / sums - y) / len(s)
