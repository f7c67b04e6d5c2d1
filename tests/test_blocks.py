import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from itertools import count, islice

import pytest

from minibp.arrays import InputError
from minibp.blocks import in_order


class Result:
    """What can be referred to weakly."""

    def __init__(self, block):
        self.block = block


class Counted(ThreadPoolExecutor):
    """Two threads, and how many blocks they were given."""

    given = 0

    def submit(self, *arguments):
        self.given += 1
        return super().submit(*arguments)


def test_results_come_in_order_whichever_ends_first():
    late = threading.Event()

    def function(block):
        if block == 0:
            assert late.wait(30)
        if block == 3:
            late.set()
        return block

    with ThreadPoolExecutor(2) as pool:
        assert list(in_order(function, range(20), pool, ahead=5)) == list(range(20))
    assert list(in_order(function, range(1, 20))) == list(range(1, 20))


def test_endless_blocks_are_taken_as_they_are_needed_and_what_is_not_begun_is_cancelled():
    with Counted(2) as pool:
        results = in_order(str, count(), pool, ahead=4)
        for done, result in enumerate(islice(results, 50), 1):
            assert result == str(done - 1)
            assert pool.given == done + 4
        held = threading.Event()
        pool.submit(held.wait)
        pool.submit(held.wait)
        results.close()
        held.set()
    assert pool.given == 56


def test_no_more_than_those_ahead_are_kept():
    kept = []

    def function(block):
        result = Result(block)
        kept.append(weakref.ref(result))
        return result

    most = 0
    with ThreadPoolExecutor(2) as pool:
        for result in in_order(function, range(3000), pool, ahead=6):
            if not result.block % 100:  # without a collection: nothing is held in circles
                most = max(most, sum(one() is not None for one in list(kept)))
    assert len(kept) == 3000
    assert most <= 6 + 4  # those that are given back and asked for, and one in each thread's hand


class Named(int):
    """A block with a name."""

    def __str__(self):
        return f"block {int(self)} of seed 7"


def fails(block):
    if block == 2:
        raise ZeroDivisionError("in the work")
    return block


@pytest.mark.parametrize("workers", [0, 2])
def test_an_exception_names_its_block(workers):
    pool = ThreadPoolExecutor(workers) if workers else None
    with pytest.raises(ZeroDivisionError, match="in the work") as caught:
        list(in_order(fails, map(Named, range(9)), pool))
    assert caught.value.__notes__ == ["in block 2 of seed 7"]
    if pool:
        pool.shutdown()


def test_what_the_user_can_mend_stays_one_sentence():
    def rejects(block):
        raise InputError("no such thing")

    with pytest.raises(InputError, match="no such thing") as caught:
        list(in_order(rejects, [1]))
    assert not hasattr(caught.value, "__notes__")
