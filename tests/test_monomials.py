from itertools import combinations_with_replacement

import pytest

from minibp import InputError, polynomial_terms


@pytest.mark.parametrize("n", range(1, 6))
@pytest.mark.parametrize("r", range(5))
def test_it_is_the_number_of_ways_to_choose_factors(n, r):
    assert polynomial_terms(n, r) == len(list(combinations_with_replacement(range(n), r)))


def test_a_image_of_100_by_100_pixels():
    assert polynomial_terms(100 * 100, 2) == 50_005_000


def test_other_than_whole_numbers_are_refused():
    with pytest.raises(InputError, match="n is 0, expected at least 1"):
        polynomial_terms(0, 2)
    with pytest.raises(InputError, match="r is 1.5, expected a whole number"):
        polynomial_terms(3, 1.5)
