"""What the check of a gradient is measured by: benchmarks/any_function_sensitivity.py, _large.py and _speed.py."""

from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("scipy")

import any_function_large as large
import any_function_sensitivity as sensitivity
import any_function_speed as speed
from any_function import seed_of
from any_function_sensitivity import ALL, ALONE, EPSILONS, EVERY, NEVER, ONE, Drawn

# -- sensitivity


@pytest.mark.parametrize("k", [0, 1, 7, len(EPSILONS) - 1])
def test_the_least_that_is_objected_to_is_found(k):
    assert sensitivity.least(lambda epsilon: epsilon >= EPSILONS[k]) == EPSILONS[k]


def test_nothing_is_the_least_where_nothing_is_objected_to():
    assert sensitivity.least(lambda epsilon: False) == NEVER


def entry_named(name):
    return next(one for one in sensitivity.entries() if one.name == name)


def test_a_right_derivative_off_in_its_last_digits_is_seen():
    one = sensitivity.measured(entry_named("sum of squares"), seed_of(0, 1))
    assert one.is_followed
    assert one.is_correct
    for where in (ALL, ONE):
        assert 1e-16 < one.least[EVERY, where] <= 1e-11
        assert one.least[EVERY, where] <= one.least[ALONE, where] <= 1e-6


def test_a_factor_is_on_all_entries_or_on_one():
    entry, point = entry_named("sum of squares"), np.array([1.0, 2.0, 3.0, 4.0])
    subject = sensitivity.Subject(entry, point, 2 * point[None])
    assert np.array_equal(sensitivity.faulty(subject, None, 0.5)(point), 3 * point)
    assert np.array_equal(sensitivity.faulty(subject, 2, 0.5)(point), [2, 4, 9, 8])


def drawn(*values, followed=True):
    columns = sensitivity.COLUMNS
    entry = entry_named("sum of squares")
    return [Drawn(entry, followed, True, dict.fromkeys(columns, value)) for value in values]


def test_the_table_has_what_nine_of_ten_draws_are_caught_at():
    draws = drawn(*[1e-12] * 9, 1e-3) + drawn(1e-7, 1e-8, followed=False)
    assert sensitivity.quantile(draws[:10], (EVERY, ALL)) == 1e-12
    rows = [line.split() for line in sensitivity.table(draws)]
    assert ["reductions", "1", "10", "0", *["1.0e-12"] * 4] in rows
    assert ["all,", "not", "followed", "1", "2", "0", *["1.0e-07"] * 4] in rows
    assert sensitivity.reached(draws)[0].endswith("1.0e-12, goal 1e-11: reached")
    assert sensitivity.reached(drawn(1e-10))[0].endswith("1.0e-10, goal 1e-11: not reached")


def test_a_check_that_objects_to_nothing_is_told(monkeypatch, capsys):
    deaf = SimpleNamespace(verdict="correct", statistics={"f": {"complex_step": None}})
    monkeypatch.setattr(sensitivity, "checked", lambda *_: deaf)
    assert sensitivity.main(["--draws", "2"]) == 1
    assert "every: never, goal 1e-11: not reached" in capsys.readouterr().out


def test_sensitivity_is_printed(capsys):
    assert sensitivity.main(["--draws", "1", "--family", "losses"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("caught on 90%  functions  draws  not correct")
    assert "\nlosses  " in out


# -- many entries

FEW = ["--entries", "1200", "--wrong-among", "1100", "--function"]


@pytest.mark.parametrize("name", large.FUNCTIONS)
def test_the_gradients_by_hand_are_right(name):
    one = large.FUNCTIONS[name]
    point = one.point(300, np.random.default_rng(0))
    found = one.grad(point)
    if isinstance(point, dict):
        assert {key: part.shape for key, part in found.items()} == {key: part.shape for key, part in point.items()}
        moved = {key: part + 1e-20j for key, part in point.items()}
        total = sum(part.sum() for part in found.values())
    else:
        moved, total = point + 1e-20j, found.sum()
    assert one.f(moved).imag / 1e-20 == pytest.approx(total, rel=1e-12)


def test_a_wrong_entry_among_many_is_placed(capsys):
    assert large.main([*FEW, "log-sum-exp"]) == 0
    right, wrong = capsys.readouterr().out.split("\none entry among 1,100 is wrong\n")
    row = right.splitlines()[1].split()
    assert row[:3] == ["log-sum-exp", "1,200", "correct"]
    assert int(row[6]) > 50  # calls of f
    assert float(row[8]) > float(row[9]) >= 1  # memory, of the check and of f
    assert [line.split()[-2] for line in wrong.splitlines()[1:]] == ["yes"] * len(large.WRONG)


@pytest.mark.parametrize(("verdict", "said"), [("correct", "no: correct"), ("wrong", "no: wrong")])
def test_a_check_that_places_nothing_is_told(verdict, said, monkeypatch, capsys):
    report = SimpleNamespace(verdict=verdict, entries=1200, findings=())
    monkeypatch.setattr(large.minibp, "check_grad", lambda *_, **__: report)
    assert large.main([*FEW, "log-sum-exp"]) == 1
    assert said in capsys.readouterr().out


def test_what_a_call_holds_is_counted():
    assert large.held(lambda: np.zeros(10**6)) == pytest.approx(8e6, rel=0.01)


# -- speed


@pytest.mark.parametrize("name", speed.FUNCTIONS)
def test_the_same_function_is_given_to_both(name):
    torch = pytest.importorskip("torch")
    pair, x = speed.FUNCTIONS[name](7), np.linspace(-1, 1, 7)
    given = torch.from_numpy(x.copy()).requires_grad_()
    value = pair.by_torch(given)
    value.backward()
    assert value.item() == pytest.approx(float(pair.f(x)), rel=1e-12)
    assert np.allclose(given.grad.numpy(), pair.grad(x), rtol=1e-12, atol=1e-15)


def test_seconds_and_calls_are_printed(monkeypatch, capsys):
    monkeypatch.setattr(speed, "find_spec", lambda name: None)
    assert speed.main(["--entries", "2", "--rounds", "1", "--profile"]) == 0
    table, _, profile = capsys.readouterr().out.partition("\n2 entries\n")
    rows = [line.split() for line in table.splitlines()]
    assert [row[-1] for row in rows[1:] if row] == ["yes"] * len(speed.FUNCTIONS)
    assert all(int(row[-2]) > 20 for row in rows[1:] if row)  # calls
    assert "Ordered by: internal time" in profile


def test_a_right_gradient_that_is_objected_to_is_told(monkeypatch, capsys):
    monkeypatch.setattr(speed, "find_spec", lambda name: None)
    monkeypatch.setattr(speed.minibp, "check_grad", lambda *_, **__: SimpleNamespace(verdict="undecided"))
    assert speed.main(["--entries", "1", "--rounds", "1"]) == 1
    assert [line.split()[-1] for line in capsys.readouterr().out.splitlines()[1:]] == ["no"] * len(speed.FUNCTIONS)
