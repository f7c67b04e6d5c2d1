import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibp.explain.notation import added, factor, name, negated, product, shown
from minibp.explain.notation import given as given_


@pytest.mark.parametrize(
    ("number", "text"),
    [(0.1, "0.1"), (-0.0, "0"), (-1.25, "−1.25"), (3.0, "3"), (0.1 + 0.2, "0.3"), (0.0, "0")],
)
def test_given_numbers_are_whole(number, text):
    assert given_(number) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(2 / 3, "0.66667"), (-2 / 3, "−0.66667"), (-1e-9, "0.00000"), (-0.0, "0"), (-1.0, "−1"), (2.0, "2.00000")],
)
def test_computed_numbers_are_rounded_and_exact_ones_are_short(number, text):
    assert shown(number) == text


@given(st.floats(-1e6, 1e6))
def test_what_is_shown_is_within_half_a_unit(number):
    assert abs(float(shown(number).replace("−", "-")) - number) <= 0.5e-5 * (1 + 1e-9) + 1e-9 * abs(number)


def test_signs_do_not_meet():
    assert product("−0.3", "0.5") == "(−0.3)·0.5"
    assert added(["0.3·0.5", "−0.1"]) == "0.3·0.5 + (−0.1)"
    assert factor("0.1") == negated(negated("0.1")) == "0.1"


def test_names_have_the_layer_above_and_indices_below():
    assert [name("W", 2), name("z", 2, 1), name("w", 3, "k", 2)] == ["W^2", "z^2_1", "w^3_k2"]
