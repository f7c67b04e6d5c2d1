import dataclasses

import pytest

from minibp.check.faults.fault import PASS_STEPS, Fault, Piece, fault, fault_with_constant


def half(p, l):
    return p / 2


def third(p, l):
    return p / 3


def slope(p, l):
    return l


def test_the_decorator_makes_a_fault_of_the_function_that_computes_it():
    @fault("doubled", "weight", summary="it is doubled", remedy="Halve it.", variants=(half, third), along=slope)
    def doubled(p, l):
        return 2 * p

    assert isinstance(doubled, Fault)
    assert (doubled.id, doubled.step, doubled.summary, doubled.remedy) == (
        "doubled", "weight", "it is doubled", "Halve it.",
    )  # fmt: skip
    assert [formula(6, 2) for formula in doubled.formulas] == [12, 3, 2]
    assert doubled.along is slope
    with pytest.raises(dataclasses.FrozenInstanceError):
        doubled.id = "other"


def test_the_docstring_is_the_formula_and_how_it_shows():
    @fault("doubled", "weight", summary="it is doubled", remedy="Halve it.")
    def doubled(p, l):
        r"""$2\,x$.

        Every entry is off;
        none is right.
        """

    @fault_with_constant("power", "a", summary="a power", remedy="None.", typical=2.0)
    def power(p, l, c):
        return p**c

    assert (doubled.tex, doubled.shows) == (r"2\,x", "Every entry is off; none is right.")
    assert (power.tex, power.shows) == ("", "")


def test_the_step_gives_equation_and_tensor():
    for step, (equation, tensor) in PASS_STEPS.items():
        made = Fault("some", step, "it is wrong", "Mend it.", ())
        assert (made.equation, made.tensor) == (equation, tensor)
    assert PASS_STEPS["recursion"] == ("(22)", "nabla_b")
    assert PASS_STEPS["products"] == ("(6)", "nabla_w")


def test_a_fault_with_a_constant_has_the_usual_one_where_none_is_given():
    def other_power(p, l, c):
        return -(p**c)

    @fault_with_constant("power", "a", summary="a power", remedy="None.", typical=2.0, variants=(other_power,))
    def power(p, l, c):
        return p**c

    assert [formula(3, 2) for formula in power.formulas] == [9, -9]
    assert [curve(3, 2, 3.0) for curve in power.curves] == [27, -27]
    assert (power.typical, power.along, power.updates_weights) == (2.0, None, False)


def test_weights_are_updated_by_a_constant_times_something():
    pieces = {
        name: Fault("some", "recursion", "", "", (), pieces=(Piece(name, half, slope),))
        for name in ("weights", "factor")
    }
    assert [name for name, one in pieces.items() if one.updates_weights] == ["weights"]
    assert not Fault("some", "recursion", "", "", (), pieces=(Piece("weights", half),)).updates_weights
