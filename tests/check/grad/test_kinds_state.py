"""Functions that are not the same from call to call: state that adds up, and chance, also where it strikes seldom."""

import re
import time

import numpy as np
import pytest
from grad_kinds import ELEMENTWISE, is_right, normal, report, said

import minibp


class Counted:
    """A layer that adds up what it should set back: `where` is "value", "gradient" or nowhere, ""."""

    def __init__(self, name, where, by):
        (self.g, self.slope), self.where, self.by, self.calls = ELEMENTWISE[name], where, by, 0
        self.kept = None

    def f(self, x):
        self.calls += 1
        return self.g(x).sum() + (self.by * self.calls if self.where == "value" else 0)

    def gradient(self, x):
        found = self.slope(x)
        if self.where == "gradient":
            self.kept = found if self.kept is None else self.kept + self.by * found
            return self.kept
        return found


def is_one_state_finding(found, verdicts=("wrong", "undecided")):
    """One finding on the state, and no tail of what follows from it."""
    assert found.verdict in verdicts, str(found)
    assert len(found.findings) == 1, str(found)
    assert "expected the same" in said(found), str(found)
    assert found.findings[0].got is None, str(found)


@pytest.mark.parametrize("name", ["sin", "exp", "rational"])
@pytest.mark.parametrize("by", [1e-9, 1e-3, 1.0])
@pytest.mark.parametrize("where", ["value", "gradient"])
def test_state_that_adds_up_is_one_finding(name, by, where):
    layer = Counted(name, where, by)
    found = report(layer.f, layer.gradient, normal(1, 4))
    is_one_state_finding(found, ("wrong",) if where == "gradient" else ("undecided",))
    assert found.findings[0].subject == ("gradient" if where == "gradient" else "f")


@pytest.mark.parametrize("name", ["sin", "exp", "rational"])
def test_what_only_counts_its_calls_is_right(name):
    layer = Counted(name, "", 1.0)
    is_right(layer.f, layer.gradient, normal(1, 4))
    assert layer.calls


def test_gradients_that_a_backward_pass_never_sets_back_are_one_finding():
    kept = {}

    def vjp(x, c):
        kept["x"] = kept.get("x", 0) + c / np.cosh(x) ** 2
        return kept["x"]

    is_one_state_finding(report(np.tanh, vjp, normal(2, 3, 2), check="vjp"), ("wrong",))


def test_momentum_in_a_tangent_is_one_finding():
    kept = [0.0]

    def jvp(x, v):
        kept[0] = 0.9 * kept[0] + v / np.cosh(x) ** 2
        return kept[0]

    found = report(np.tanh, jvp, normal(2, 3), check="jvp")
    assert found.verdict in {"wrong", "undecided"}, str(found)


def test_gradients_of_a_network_that_are_never_set_back_are_one_finding():
    kept = {}

    def subject(weights, biases, x, y):
        activations = [x]
        for w, b in zip(weights, biases, strict=True):
            activations.append(np.tanh(activations[-1] @ w.T + b))
        d, nabla_w, nabla_b = activations[-1] - y, [], []
        for w, before, after in zip(weights[::-1], activations[-2::-1], activations[:0:-1], strict=True):
            d = d * (1 - after**2)
            nabla_w.insert(0, d.T @ before / len(x))
            nabla_b.insert(0, d.mean(0))
            d = d @ w
        shapes = tuple(w.shape for w in weights)
        new = [*nabla_w, *nabla_b]
        kept[shapes] = [a + b for a, b in zip(kept[shapes], new, strict=True)] if shapes in kept else new
        return kept[shapes][: len(weights)], kept[shapes][len(weights) :]

    found = minibp.check_backprop(subject, activation=["tanh", "tanh"], examples=10, seed=1, raise_on_mismatch=False)
    assert found.verdict == "wrong"
    assert len(found.findings) == 1, str(found)
    assert "two calls with the same arguments give different" in said(found)


# -- chance


class Dropout:
    """A mask that is drawn anew at each call, or held."""

    def __init__(self, seed, keep, shape, held=False):
        self.rng, self.keep, self.held, self.dropped = np.random.default_rng(seed), keep, held, False
        self.draw(shape)

    def draw(self, shape):
        self.mask = (self.rng.random(shape) < self.keep) / self.keep
        self.dropped |= not self.mask.all()

    def pair(self, x, w, y):
        def f(weights):
            h = np.tanh(x @ weights)
            if not self.held:
                self.draw(h.shape)
            return ((h * self.mask - y) ** 2).sum() / 2

        def gradient(weights):
            h = np.tanh(x @ weights)
            if not self.held:
                self.draw(h.shape)
            return x.T @ ((h * self.mask - y) * self.mask * (1 - h**2))

        return f, gradient, w


def asked(seed, keep, held=False):
    rng = np.random.default_rng(seed + 100)
    x, w, y = rng.standard_normal((6, 4)), rng.standard_normal((4, 3)), rng.standard_normal((6, 3))
    dropout = Dropout(seed, keep, (6, 3), held)
    return report(*dropout.pair(x, w, y)), dropout.dropped


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("keep", [0.5, 0.7, 0.9])
def test_new_masks_are_one_finding_and_say_so_of_f(seed, keep):
    is_one_state_finding(found := asked(seed, keep)[0])
    assert "finite differences gives" not in said(found)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("keep", [0.5, 0.999])
def test_a_mask_that_is_held_is_right(seed, keep):
    found, _ = asked(seed, keep, held=True)
    assert found.verdict == "correct", str(found)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("keep", [0.99, 0.999])
def test_a_unit_in_a_thousand_is_not_blamed_on_the_gradient(seed, keep):
    found, dropped = asked(seed, keep)
    if not dropped or (keep == 0.999 and found.verdict == "correct"):
        # In no call at all, or in one of a few hundred whose value was not needed a second time.
        assert found.verdict == "correct"
        return
    assert found.verdict in {"undecided", "wrong"}, str(found)
    assert len(found.findings) == 1, str(found)
    assert "expected the same" in said(found), str(found)


@pytest.mark.parametrize("every", [50, 1000])
@pytest.mark.parametrize("size", [1e-6, 1.0])
def test_noise_now_and_then_is_no_correct_gradient_called_wrong(every, size):
    rng = np.random.default_rng(every)

    def f(x):
        return np.sin(x).sum() + (size * rng.standard_normal() if rng.integers(every) == 0 else 0)

    found = report(f, np.cos, normal(3, 30))
    assert found.verdict in {"undecided", "correct"}, str(found)
    assert all(finding.subject == "f" for finding in found.findings), str(found)


def test_noise_at_every_call_is_told_of_f_not_of_the_gradient():
    rng = np.random.default_rng(5)
    found = report(lambda x: np.sin(x).sum() + 1e-8 * rng.standard_normal(), np.cos, normal(3, 4))
    is_one_state_finding(found, ("undecided",))
    assert found.findings[0].subject == "f"


def test_random_gradients_are_told_of_the_gradient():
    rng = np.random.default_rng(6)
    found = report(lambda x: np.sin(x).sum(), lambda x: np.cos(x) + 1e-9 * rng.standard_normal(4), normal(3, 4))
    is_one_state_finding(found, ("wrong",))


# -- time


def without_clocks(found):
    """What a report says, but for seconds and the date."""
    return re.sub(r"[\d.]+ s, seed|\d{4}-\d\d-\d\dT\S+", "", said(found))


@pytest.mark.parametrize("claim", [np.cos, lambda x: 1.01 * np.cos(x)], ids=["right", "wrong"])
@pytest.mark.parametrize("nap", [0.3, 1.0])
def test_a_first_call_that_is_slow_changes_nothing(claim, nap):
    slept = []

    def slow(x):
        if not slept:
            slept.append(time.sleep(nap))
        return np.sin(x).sum()

    def fast(x):
        return np.sin(x).sum()

    x = normal(4, 3)
    first, second = report(slow, claim, x), report(fast, claim, x)
    assert without_clocks(first).replace("slow", "fast") == without_clocks(second)
    assert first.findings == second.findings
