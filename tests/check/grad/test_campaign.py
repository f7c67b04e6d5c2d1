"""The checks of derivatives at many functions: benchmarks/any_function.py, in small runs."""

from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("scipy")

import any_function
from any_function import MUTATED, RIGHT, ZOO, Answer, case_of, main, reasons, tasks_of

checking, mutations, peers, points = (
    import_module(f"zoo.{name}") for name in ("checking", "mutations", "peers", "points")
)
SMALL = ["--checks", "8", "--mutations", "8", "--family", "losses", "--workers", "1", "--seed", "1"]


def said(verdict, error=None):
    """A check that says the same of everything."""

    def check(*_, **__):
        if error:
            raise error
        return SimpleNamespace(verdict=verdict, seconds=0.1, point="", notes=("a reason; more",), findings=("f",))

    return check


def everywhere(monkeypatch, check):
    monkeypatch.setattr(checking, "CHECKS", dict.fromkeys(checking.CHECKS, check))


def answer(verdict, mutation="", reason="", seconds=0.0):
    return Answer("a", "losses", mutation, verdict, reason, 1, "normal", "x", seconds)


def test_there_are_many_functions_and_each_has_its_own_name_and_twenty_mistakes():
    assert len(ZOO) >= 300
    assert len({(one.name, one.kind) for one in ZOO}) == len(ZOO)
    for i, entry in enumerate(ZOO):
        _, point = points.draw(entry, np.random.default_rng([i, 0]), ["normal"])
        with np.errstate(all="ignore"):
            subject = mutations.Subject(entry, point, points.jacobian(entry, entry.claim, point))
        assert len(mutations.mistakes(subject)) >= 20, entry.name


def test_tasks_take_all_functions_in_turns():
    tasks = tasks_of(RIGHT, 2 * len(ZOO), 3)
    assert tasks == tasks_of(RIGHT, 2 * len(ZOO), 3)
    assert tasks != tasks_of(RIGHT, 2 * len(ZOO), 4)
    assert sorted(task.entry for task in tasks[: len(ZOO)]) == list(range(len(ZOO)))
    assert {ZOO[task.entry].family for task in tasks_of(MUTATED, 9, 3, "ODE")} == {"ODE"}


def test_a_case_is_the_same_each_time():
    for what in (RIGHT, MUTATED):
        task = tasks_of(what, 1, 5)[0]
        (one, same), (other, same_again) = case_of(task), case_of(task)
        assert (one.style, one.seed, one.mutation, same) == (other.style, other.seed, other.mutation, same_again)
        assert np.array_equal(points.flat(one.point), points.flat(other.point))


def test_a_small_run_has_no_alarm(capsys):
    assert main(SMALL) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{len(ZOO)} functions in 13 families\n")
    assert "\n0 alarms in 16 checks; " in out
    for head in ("right derivatives  functions", "mutated derivatives  ", "undecided, since", "slowest"):
        assert f"\n{head}" in out


def test_two_processes_say_the_same_as_one():
    tasks = tasks_of(MUTATED, 2, 1, "losses")
    one, two = (
        [done.answer._replace(seconds=0) for done in any_function.all_done(tasks, workers)] for workers in (1, 2)
    )
    assert one == two


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        (said("wrong"), "8 alarms (8 wrong)"),
        (said("unstable"), "8 alarms (8 unstable)"),
        (said("undecided"), "0 alarms in 16"),
        (said("", ValueError("it broke")), "16 alarms (16 exception)"),
    ],
    ids=["wrong", "unstable", "undecided", "exception"],
)
def test_what_is_said_of_right_derivatives_is_counted(check, expected, monkeypatch, capsys):
    everywhere(monkeypatch, check)
    assert main(SMALL) == int("0 alarms" not in expected)
    out = capsys.readouterr().out
    assert f"\n{expected}" in out
    if "exception" in expected:
        assert "  ValueError: it broke\n" in out


def test_a_check_that_accepts_everything_misses(monkeypatch, capsys):
    everywhere(monkeypatch, said("correct"))
    assert main(SMALL) == 1
    found = capsys.readouterr().out
    assert int(found.split(" missed) in 16 checks")[0].rsplit("(")[-1]) >= 6
    assert ": missed, seed=" in found


def test_a_check_that_hangs_is_given_up(monkeypatch):
    def hang(*_, **__):
        while True:
            pass

    monkeypatch.setattr(checking, "ANSWER_WITHIN", 0.2)
    everywhere(monkeypatch, hang)
    one = any_function.done(tasks_of(RIGHT, 1, 1)[0]).answer
    assert (one.verdict, one.reason) == ("exception", "TimeoutError: no answer within 0.2 s")


def case_off_by(relative, mutation):
    entry = next(one for one in ZOO if one.name == "mean" and one.kind == "grad")
    point = np.array([1.0, 2.0, 4.0, 8.0])
    return checking.Case(entry, "", point, 1, entry.claim, mutation, np.full((1, 4), 0.25 * relative))


@pytest.mark.parametrize(
    ("relative", "mutation", "expected"),
    [
        (1e-8, "values of float32", False),
        (2e-8, "values of float32", True),
        (1e-8, "times 2", True),
        (1e-17, "times 2", False),
    ],
)
def test_mistakes_of_rounding_count_from_half_of_the_digits_on(relative, mutation, expected):
    assert checking.is_resolved(case_off_by(relative, mutation)) is expected


def test_reasons_have_shares_of_right_and_of_mutated_ones():
    answers = [answer("correct")] * 6 + [answer("undecided", reason="noise; move x")] * 2
    answers += [answer("undecided", "zero", "noise"), answer("wrong", "zero"), answer("undecided", "zero", "a jump")]
    rows = [" ".join(line.split()) for line in reasons(answers)]
    assert rows == [
        "undecided, since right mutated",
        "noise 2 25.00 % 1 33.33 %",
        "a jump 0 0.00 % 1 33.33 %",
        "all 2 25.00 % 2 66.67 %",
    ]


def test_other_checkers_are_asked_the_same(monkeypatch, capsys):
    def never(case):
        raise ArithmeticError

    asked = {
        "yes": ("numpy", lambda case: True, lambda case: True),
        "no": ("numpy", lambda case: case.entry.kind == "grad", lambda case: False),
        "ill": ("numpy", lambda case: True, never),
        "absent": ("no_such_package", lambda case: True, never),
    }
    monkeypatch.setattr(peers, "PEERS", asked)
    assert main([*SMALL, "--peers"]) == 0
    lines = capsys.readouterr().out.partition("\ncheckers ")[2].splitlines()
    version = np.__version__
    rows = {line.rsplit(maxsplit=9)[0]: line.split()[-9:-2] for line in lines if version in line}
    right, wrong, mutated, accepted, missed, _, raised = map(int, rows[f"yes {version}"])
    assert (right, wrong, mutated, accepted, raised) == (8, 0, 8, 8, 0)
    assert 6 <= missed <= 8
    right, wrong, mutated, accepted, *_ = map(int, rows[f"no {version}"])
    assert 0 < right == wrong <= 8
    assert accepted == 0
    assert rows[f"ill {version}"][-1] == "16"
    assert lines[-1] == "absent: no_such_package is not installed"


def test_peers_are_given_the_derivative_that_is_claimed():
    for what in (RIGHT, MUTATED):
        case, _ = case_of(tasks_of(what, 1, 1, "losses")[0])
        pulled = peers.Pulled(case)
        rows = points.jacobian(case.entry, case.claim, case.point)
        c = np.ones(pulled.shape)
        got = np.concatenate([part.ravel() for part in pulled.back(pulled.arrays, c)])
        assert np.allclose(got, np.ravel(c) @ rows, rtol=1e-12, atol=0)


@pytest.mark.parametrize("package", ["torch", "jax", "autograd", "scipy"])
def test_each_checker_tells_a_right_derivative_from_its_negative(package):
    pytest.importorskip(package)
    entry = next(one for one in ZOO if one.name == "sum of squares" and one.kind == "grad")
    point = np.array([1.0, 2.0, -0.5, 1.5])
    right = checking.Case(entry, "normal", point, 1, entry.claim)
    wrong = right._replace(claim=lambda x: -entry.claim(x), mutation="sign flipped")
    names = {name for name, (of, *_) in peers.PEERS.items() if of == package}
    for case, verdict in ((right, "correct"), (wrong, "wrong")):
        found = peers.said_of(case)
        assert {found[name][0] for name in names} == {verdict}
