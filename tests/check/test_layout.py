import numpy as np
import pytest
from helpers import NETWORK, X, Y, problem_of

from minibp import Problem, batched
from minibp.check.layout import (
    EQUATIONS,
    gradient_layout,
    layout,
    misshapen,
    row_of_gradient,
    row_of_pass,
)

PROBLEM = Problem(NETWORK, "quadratic", X, Y)


def passed(problem):
    return batched.backprop(problem.network, problem.cost, problem.x, problem.y, problem.l2)


def test_a_row_has_the_numbers_of_a_pass_in_the_order_of_their_dependence():
    row = row_of_pass(passed(PROBLEM))
    # z², a², z³, a³, C, δ³, δ², ∂C/∂b³, ∂C/∂b², ∂C/∂W³, ∂C/∂W², by hand
    assert row.tolist() == [6, 1, 6, 1, 19, 19, 40.5, 9, 27, -9, 9, 27, -9, 54, 9, 27, 54, -9, -18]


def test_segments_cover_the_row_and_name_the_equations():
    found = layout(PROBLEM)
    assert [(one.equation, one.layer, one.tensor) for one in found] == [
        ("(13)", 2, "z"),
        ("(14)", 2, "a"),
        ("(13)", 3, "z"),
        ("(14)", 3, "a"),
        ("(9)(25)", None, "cost"),
        ("(17)", 3, "delta"),
        ("(22)", 2, "delta"),
        ("(23)", 3, "nabla_b"),
        ("(23)", 2, "nabla_b"),
        ("(24)", 3, "nabla_w"),
        ("(24)", 2, "nabla_w"),
    ]
    assert [one.start for one in found] == [0, *(one.stop for one in found[:-1])]
    assert found[-1].stop == len(row_of_pass(passed(PROBLEM)))
    assert {one.equation for one in found} <= set(EQUATIONS)


def test_l2_and_the_fused_form_have_equations_of_their_own():
    found = layout(problem_of([3, 4, 2], l2=0.5))
    assert {one.tensor for one in found if one.equation == "(27)"} == {"cost", "nabla_w"}
    assert [one.layer for one in found if one.equation == "(26)"] == [3]


@pytest.mark.parametrize("l2", [0.0, 0.5])
def test_a_gradient_is_the_end_of_a_pass(l2):
    problem = problem_of([3, 5, 4, 2], l2=l2)
    held = passed(problem)
    row, end = row_of_pass(held), row_of_gradient(held.gradient)
    assert np.array_equal(row[-len(end) :], end)
    whole, own = layout(problem), gradient_layout(problem)
    assert own[0].start == 0
    assert own[-1].stop == len(end)
    for one in own:
        (same,) = [other for other in whole if (other.tensor, other.layer) == (one.tensor, one.layer)]
        assert (same.start - one.start, same.shape) == (len(row) - len(end), one.shape)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(lambda b: b[:-1], "nabla_b is missing, expected shape (1,)", id="missing"),
        pytest.param(lambda b: (b[0], b[1][:, None]), "nabla_b has shape (1, 1) and dtype float64", id="shape"),
        pytest.param(lambda b: (b[0], b[1].astype("f4")), "nabla_b has shape (1,) and dtype float32", id="dtype"),
    ],
)
def test_a_tensor_of_another_shape_or_dtype_is_named(change, said):
    held = passed(PROBLEM)
    assert misshapen(PROBLEM, held) is misshapen(PROBLEM, held.gradient) is None
    gradient = held.gradient._replace(nabla_b=change(held.gradient.nabla_b))
    for wrong in (gradient, held._replace(gradient=gradient)):
        segment, message = misshapen(PROBLEM, wrong)
        assert (segment.tensor, segment.layer) == ("nabla_b", 3)
        assert message.startswith(said)
