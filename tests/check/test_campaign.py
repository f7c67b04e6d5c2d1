from hypothesis import strategies as st

from minibp.check.campaign import draw, smallest
from minibp.strategies import problems


def test_the_same_seed_draws_the_same_problems():
    assert list(map(repr, draw(problems(), 30, 7))) == list(map(repr, draw(problems(), 30, 7)))
    assert list(map(repr, draw(problems(), 30, 7))) != list(map(repr, draw(problems(), 30, 8)))
    assert len(draw(problems(), 30, 7)) == 30
    assert draw(problems(), 0, 7) == []


def test_the_smallest_failure_is_found():
    found = smallest(problems(), lambda problem: problem.m >= 2 and len(problem.network.sizes) >= 3, 1)
    assert (found.m, found.network.sizes) == (2, (1, 1, 1))


def test_where_nothing_fails_there_is_none():
    assert smallest(problems(sizes=st.just([1, 1])), lambda problem: False, 1) is None


def test_the_simplest_of_all_is_left_out():
    assert max(max(problem.network.sizes) for problem in draw(problems(), 3, 7)) > 1
