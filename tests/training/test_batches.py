import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibp.training.batches import Batches


def pair(x, y):
    return x, y


def orders(m, k, epochs=1, seed=0, width=1, **options):
    """The rows of each batch, by number, for some epochs."""
    x = np.arange(float(m * width)).reshape(m, width)
    made, rng = Batches(x, x[:, :1] / width, k, pair, **options), np.random.default_rng(seed)
    found = []
    for _ in range(epochs):
        epoch = []
        for a, b in made.shuffled(rng):
            assert np.array_equal(a[:, 0] / width, b[:, 0])  # x and y stay together
            epoch.append(b[:, 0].astype(int).tolist())
        found.append(epoch)
    return made, found


@given(st.data())
def test_every_row_once_and_only_the_last_batch_smaller(data):
    m = data.draw(st.integers(1, 60))
    k = data.draw(st.integers(1, m))
    made, (epoch,) = orders(m, k, width=data.draw(st.sampled_from([1, 3])))
    assert len(epoch) == made.count == -(-m // k)
    assert all(len(batch) == k for batch in epoch[:-1])
    assert sorted(row for batch in epoch for row in batch) == list(range(m))


def test_each_epoch_has_its_own_order_and_a_seed_has_its_orders():
    _, (first, second) = orders(50, 7, epochs=2)
    assert first != second
    assert orders(50, 7, epochs=2)[1] == [first, second]
    assert orders(50, 7, seed=1)[1] != [first]


def test_one_batch_of_all_is_not_shuffled_and_not_copied():
    x = np.ones((5, 2))
    ((a, b),) = Batches(x, x, 5, pair).shuffled(np.random.default_rng(0))
    assert np.shares_memory(a, x)
    assert np.shares_memory(b, x)
    assert np.array_equal(a, x)


def test_what_stands_for_a_batch_is_made_once_for_each_buffer():
    made = []
    x = np.ones((23, 2))
    found = Batches(x, x, 5, lambda x, y: made.append(len(x)), part_bytes=5 * 4 * 8 * 2)
    for _ in range(3):
        assert len(list(found.shuffled(np.random.default_rng(0)))) == 5
    assert sorted(made) == [3, 5, 5]


@pytest.mark.parametrize("part_bytes", [1, 100, 1 << 17])
@pytest.mark.parametrize("m", [50, 20_000])
def test_how_many_are_gathered_at_once_makes_no_difference(part_bytes, m):
    assert orders(m, 7, part_bytes=part_bytes)[1] == orders(m, 7)[1]
