import os
import random
import subprocess
import sys
import threading

import pytest
from hypothesis import configuration, control
from hypothesis import strategies as st
from hypothesis.errors import HypothesisDeprecationWarning
from hypothesis.internal.conjecture import engine

from minibp.check.generation import draw, smallest
from minibp.strategies import problems


def test_the_same_seed_draws_the_same_problems():
    assert list(map(repr, draw(problems(), 30, 7))) == list(map(repr, draw(problems(), 30, 7)))
    assert list(map(repr, draw(problems(), 30, 7))) != list(map(repr, draw(problems(), 30, 8)))
    assert len(draw(problems(), 30, 7)) == 30
    assert draw(problems(), 0, 7) == []


def test_constants_in_the_modules_of_the_user_change_nothing(tmp_path):
    """Hypothesis collects them, and remembers them from the user's own tests."""
    program = (
        "from hypothesis import given, strategies as st\n"
        "import theirs\n"
        "from minibp.check.generation import draw\n"
        "from minibp.strategies import problems\n"
        "@given(st.integers(0, 2**32 - 1))\n"
        "def test(seed): assert seed >= 0\n"
        "test()\n"
        "print('\\n'.join(map(repr, draw(problems(), 100, 7))))\n"
    )
    (tmp_path / "mine.py").write_text(program)
    said = []
    for constants in (range(1000), range(2000, 4000, 3)):
        (tmp_path / "theirs.py").write_text(f"THEIRS = {list(constants)}\n")
        command = [sys.executable, "mine.py"]
        said.append(subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout)
    assert said[0].count("Problem(") == 100
    assert said[0] == said[1] == "\n".join(map(repr, draw(problems(), 100, 7))) + "\n"


def test_another_threads_random_numbers_are_not_taken_for_the_strategys():
    """Hypothesis warns of them, which is an error here; a process of Dask's draws in a thread beside such a one."""
    strategy, seen, ended = problems(), [], threading.Event()

    def disturb():
        while not ended.is_set():
            random.random()

    expected = list(map(repr, draw(strategy, 10, 7)))
    threads = [threading.Thread(target=lambda: seen.append(draw(strategy, 10, 7))) for _ in range(2)]
    other = threading.Thread(target=disturb)
    for one in (other, *threads):
        one.start()
    for one in threads:
        one.join()
    ended.set()
    other.join()
    assert [list(map(repr, drawn)) for drawn in seen] == [expected, expected]
    assert control.random is random


def test_a_strategy_that_uses_random_is_still_warned_of(monkeypatch):
    monkeypatch.delitem(sys.modules, "distributed", raising=False)
    with pytest.warns(HypothesisDeprecationWarning, match="Do not use the `random` module inside strategies"):
        draw(st.builds(random.random), 3, 7)


def test_the_smallest_failure_is_found():
    found = smallest(problems(), lambda problem: problem.m >= 2 and len(problem.network.sizes) >= 3, 1)
    assert (found.m, found.network.sizes) == (2, (1, 1, 1))


def test_where_nothing_fails_there_is_none():
    assert smallest(problems(sizes=st.just([1, 1])), lambda problem: False, 1) is None


def test_the_simplest_of_all_is_left_out():
    assert max(max(problem.network.sizes) for problem in draw(problems(), 3, 7)) > 1


def test_the_working_folder_is_left_as_it_was(tmp_path):
    program = (
        "import minibp\n"
        "def mine(weights, biases, x, y):\n"
        "    return minibp.batched.backprop(minibp.Network(weights, biases), 'quadratic', x, y).gradient\n"
        "assert minibp.check_backprop(mine, activation=['sigmoid'], examples=3, seed=1).verdict == 'correct'\n"
        "def wrong(*given):\n"
        "    return [2 * w for w in mine(*given)[0]], mine(*given)[1]\n"
        "one_layer = {'activation': ['sigmoid'], 'raise_on_mismatch': False}\n"
        "assert minibp.check_backprop(wrong, examples=3, **one_layer).verdict == 'wrong'\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "HYPOTHESIS_STORAGE_DIRECTORY"}
    (tmp_path / "mine.py").write_text(program)
    subprocess.run([sys.executable, "mine.py"], cwd=tmp_path, env=environment, check=True)
    assert os.listdir(tmp_path) == ["mine.py"]


def test_hypothesis_keeps_the_folder_that_it_was_given(tmp_path, monkeypatch):
    before = getattr(configuration, "__hypothesis_home_directory", None)
    configuration.set_hypothesis_home_dir(tmp_path)
    try:
        draw(problems(), 3, 7)
        assert configuration.storage_directory().path == tmp_path
        configuration.set_hypothesis_home_dir(None)
        monkeypatch.delenv("HYPOTHESIS_STORAGE_DIRECTORY", raising=False)
        draw(problems(), 3, 7)
        assert configuration.storage_directory().path.name == ".hypothesis"
    finally:
        configuration.set_hypothesis_home_dir(before)


def test_the_smallest_failure_is_the_same_however_long_each_try_takes(monkeypatch):
    """Hypothesis stops after minutes, whatever it has found by then."""
    strategy = st.lists(st.integers(0, 100), min_size=3)

    def fails(values):
        return sum(values) > 150

    found = smallest(strategy, fails, 1)
    monkeypatch.setattr(engine, "MAX_SHRINKING_SECONDS", 0.0)
    assert smallest(strategy, fails, 1) == found
    assert engine.MAX_SHRINKING_SECONDS == 0.0
