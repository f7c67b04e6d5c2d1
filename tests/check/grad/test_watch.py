import io
import signal
import threading
import time
from contextlib import suppress

import numpy as np
import pytest

from minibp import check_grad, check_jacobian, check_jvp, check_vjp
from minibp.check.grad import watch
from minibp.check.grad.watch import WATCH, Hang, Watch, call, watching

POINT = np.array([0.3, 0.5])
needs_alarms = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no alarms on this system")


@pytest.fixture
def soon(monkeypatch):
    """Calls may take a fifth of a second."""
    made = Watch.__init__
    monkeypatch.setattr(Watch, "__init__", lambda self, **_: made(self, limit=0.2))


def for_ever():
    while True:
        time.sleep(0.01)


@needs_alarms
def test_a_call_that_does_not_end_is_answered_with_what_was_called(soon):
    def f(x):
        return for_ever() if abs(x[0] - 0.3) > 1e-3 else np.sin(x).sum()

    report = check_grad(f, np.cos, POINT, seed=1, raise_on_mismatch=False)
    assert report.verdict == "undecided"
    assert report.notes[0].startswith("f, called at a point near x, did not end within")
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


@needs_alarms
def test_a_function_that_hangs_for_complex_numbers_is_checked_without_them(soon):
    def f(x):
        return for_ever() if np.iscomplexobj(x) else np.sin(x).sum()

    report = check_grad(f, np.cos, POINT, seed=1, raise_on_mismatch=False)
    assert report.verdict == "correct"
    assert any("f, called with complex numbers, did not end within" in note for note in report.notes)


@needs_alarms
def test_what_is_slow_beside_f_is_no_hang(soon):
    """A claim that takes longer than a call of f may."""

    def slow(x):
        time.sleep(0.3)
        return np.cos(x)

    assert check_grad(lambda x: np.sin(x).sum(), slow, POINT, seed=1, raise_on_mismatch=False).verdict == "correct"


def hangs_at_the_point(x):
    return for_ever()


def hangs_nearby(x):
    # What agrees, or has a rounding error that is derived, is not called nearby.
    return np.array((1.5 * np.cos(x)).tolist()) if x[0] == POINT[0] else for_ever()


@needs_alarms
@pytest.mark.parametrize(
    ("f", "claim", "called"),
    [
        (hangs_at_the_point, np.cos, "f, called at x,"),
        (lambda x: np.sin(x).sum(), hangs_at_the_point, "hangs_at_the_point, called at x,"),
        (lambda x: np.sin(x).sum(), hangs_nearby, "hangs_nearby, called at a point near x,"),
    ],
    ids=["f at the point", "claim at the point", "claim nearby"],
)
def test_every_call_that_does_not_end_is_answered(soon, f, claim, called):
    report = check_grad(f, claim, POINT, seed=1, raise_on_mismatch=False)
    assert report.verdict == "undecided"
    assert report.notes[0].startswith(f"{called} did not end within")


@needs_alarms
def test_so_is_a_product_or_a_matrix_that_does_not_end(soon):
    def jvp(x, v):
        return v * hangs_nearby(x)

    for check, claim in ((check_jvp, jvp), (check_jacobian, lambda x: np.diag(hangs_nearby(x)))):
        report = check(np.sin, claim, POINT, seed=1, raise_on_mismatch=False)
        assert report.verdict == "undecided"
        assert "called at a point near x, did not end within" in report.notes[0]


@needs_alarms
def test_a_hang_is_answered_wherever_it_comes(soon):
    """f hangs only further away than all steps: where a backward pass is held to the point that it is called with."""

    def f(x):
        return for_ever() if 0.01 < abs(x[0] / 0.3 - 1) < 0.2 and abs(x[1] / 0.5 - 1) > 0.03 else np.sin(x)

    report = check_vjp(f, lambda x, up: up * np.cos(x), POINT, seed=1, raise_on_mismatch=False)
    assert report.verdict == "undecided"
    assert "did not end within" in report.notes[0]


@needs_alarms
@pytest.mark.parametrize("kind", ["read-only", "not contiguous"])
def test_a_cotangent_of_another_layout_may_hang(soon, kind):
    def vjp(x, up):
        other = not up.flags.writeable if kind == "read-only" else not up.flags.contiguous
        return for_ever() if other else up * np.cos(x)

    report = check_vjp(np.sin, vjp, POINT, seed=1, raise_on_mismatch=False)
    assert report.verdict == "undecided"
    assert report.notes[0].startswith(f"vjp, called with a cotangent that is {kind}, did not end within")


@needs_alarms
def test_f_may_hang_where_its_arguments_are_in_another_order(soon):
    """There a backward pass is held to the point that it is called with, if f ends."""

    def f(x):
        return for_ever() if x[0] > x[1] else np.sin(x)

    assert check_vjp(f, lambda x, up: up * np.cos(x), POINT, seed=1, raise_on_mismatch=False).verdict == "correct"


@needs_alarms
def test_arrays_that_carry_errors_may_hang_and_are_then_left_out(soon):
    def grad(x):
        return np.cos(x) if isinstance(x, np.ndarray) else for_ever()

    report = check_grad(lambda x: np.sin(x).sum(), grad, POINT, seed=1, raise_on_mismatch=False)
    assert report.verdict == "correct"


@needs_alarms
def test_code_that_takes_every_exception_does_not_take_a_hang(soon):
    def f(x):
        if abs(x[0] - 0.3) > 1e-3:
            with suppress(Exception):
                for_ever()
            return 0.0
        return np.sin(x).sum()

    assert check_grad(f, np.cos, POINT, seed=1, raise_on_mismatch=False).verdict == "undecided"


@needs_alarms
def test_an_alarm_of_the_users_own_is_left_alone():
    heard = []
    before = signal.signal(signal.SIGALRM, lambda *_: heard.append(1))
    try:
        with watching() as own:
            assert not own.guarded
            with call("f"):
                assert own.called == "f"
        signal.raise_signal(signal.SIGALRM)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert heard == [1]


def test_other_threads_are_checked_without_a_guard():
    found = []
    thread = threading.Thread(
        target=lambda: found.append(check_grad(lambda x: np.sin(x).sum(), np.cos, POINT, seed=1).verdict)
    )
    thread.start()
    thread.join()
    assert found == ["correct"]


def test_what_is_slow_at_the_point_may_be_slow_later():
    own = Watch(limit=2.0)
    for seconds, limit in ((0.001, 2.0), (0.05, 5.0), (0.001, 5.0)):
        own.expect("f", of_f=True, first=True)
        assert own.allowed == 20.0
        with own:
            time.sleep(seconds)
        assert limit <= own.limit < limit + 2
        own.expect("f", of_f=False, first=False)
        assert own.allowed == own.limit
    assert own.calls == 3


@needs_alarms
def test_a_call_that_did_not_end_is_no_measure_of_the_next():
    own = Watch(limit=0.02)
    own.expect("f", of_f=True, first=True)
    with suppress(Hang), own:
        raise Hang
    assert own.limit == 0.02


@needs_alarms
def test_a_call_within_another_is_a_part_of_it():
    def outer():
        with call("outer"):
            with call("inner"):
                before = time.monotonic()
            assert time.monotonic() >= before
            for_ever()

    with watching(limit=0.1), pytest.raises(Hang, match="outer did not end"):
        outer()


def test_a_check_within_another_has_the_same_watch():
    with watching() as outer:
        with watching() as inner:
            assert inner is outer
        assert WATCH.get() is outer
    assert WATCH.get() is None
    with call("f"):  # which does nothing
        assert WATCH.get() is None


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_on_a_terminal_a_long_check_says_how_far_it_is_and_leaves_nothing(monkeypatch):
    monkeypatch.setattr(watch.sys, "stderr", terminal := Terminal())
    now = [100.0]
    monkeypatch.setattr(watch.time, "monotonic", lambda: now[0])
    with watching() as own:
        own.place = "point 3 of 50, "
        for _ in range(30):
            with call("f"):
                now[0] += 0.1
    shown = terminal.getvalue()
    assert "minibp: point 3 of 50, 22 calls of f, 2 s" in shown
    assert shown.count("calls of f") <= 3
    assert shown.endswith("\r")
    assert shown.rpartition("\r")[0].rpartition("\r")[2].strip() == ""


@pytest.mark.parametrize("seconds", [0.0, 1.9])
def test_a_short_check_says_nothing(seconds, monkeypatch):
    monkeypatch.setattr(watch.sys, "stderr", terminal := Terminal())
    now = [100.0]
    monkeypatch.setattr(watch.time, "monotonic", lambda: now[0])
    with watching():
        now[0] += seconds
        with call("f"):
            now[0] += 0.1
    assert terminal.getvalue() == ""


def test_a_hang_is_no_exception():
    assert not issubclass(Hang, Exception)
