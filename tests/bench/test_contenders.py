import pytest

from minibp.bench.contenders import CHECKERS, OWN_FORMS, PEERS, Contender, installed, maker
from minibp.bench.forms import Prepared
from minibp.problem import Problem

ALL = (*OWN_FORMS, *PEERS, *CHECKERS)


def test_every_name_is_there_once_and_has_a_home_of_its_own():
    assert len({one.name for one in ALL}) == len({one.home for one in ALL}) == len(ALL)


@pytest.mark.parametrize("contender", ALL, ids=lambda one: one.name)
def test_every_home_makes_a_problem_into_something_prepared(contender):
    made = maker(contender.home).__annotations__
    assert made == {"problem": Problem.__name__, "return": Prepared.__name__}


def test_contenders_of_one_process_need_no_more_than_it_has():
    """A library that is loaded slows down what shares its process: only what needs it does."""
    for process in {one.process for one in (*OWN_FORMS, *PEERS)}:
        assert len({one.needs for one in (*OWN_FORMS, *PEERS) if one.process == process}) == 1


def test_those_that_cannot_run_are_named_with_all_that_they_lack():
    there = Contender("there", "", "", ("numpy",))
    absent = Contender("absent", "", "", ("no_such_module", "numpy", "nor_this_one"))
    assert installed([absent, there]) == ([there], {"absent": "no_such_module, nor_this_one"})
