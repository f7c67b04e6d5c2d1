import numpy as np
import pytest

from minibp import InputError
from minibp.generators import checked_generator


def test_a_generator_is_itself_and_seeds_make_one():
    generator = np.random.default_rng(0)
    assert checked_generator(generator) is generator
    for seed in (3, np.int64(3), [1, 2], np.random.SeedSequence(3)):
        drawn = [checked_generator(seed).random() for _ in range(2)]
        assert drawn[0] == drawn[1]
    assert isinstance(checked_generator(None), np.random.Generator)


@pytest.mark.parametrize("rng", ["a", "", b"1", -1, 1.5, True, np.True_, [0.5], object], ids=repr)
def test_what_is_no_seed_is_refused_in_one_sentence(rng):
    with pytest.raises(InputError, match="^rng is .*, expected a seed or a numpy.random.Generator") as caught:
        checked_generator(rng)
    assert "\n" not in str(caught.value)
