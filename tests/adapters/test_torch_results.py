import pytest

from minibp.adapters.torch_inputs import Inputs
from minibp.adapters.torch_results import (
    agree,
    differentiable,
    inexact,
    layout_of,
    tangents_along,
    tangents_as_a_batch,
    tensors_of,
    without_gradient,
)


@pytest.fixture
def x(torch):
    return torch.tensor([[0.5, -1.0], [2.0, 3.0]], dtype=torch.float64, requires_grad=True)


def test_results_that_are_tensors_that_have_fractions_and_that_need_gradients(torch, x):
    results = x.exp(), x.argmax(), x.detach(), "text", 3.0
    assert [one.dtype for one in tensors_of(results)] == [torch.float64, torch.int64, torch.float64]
    assert len(inexact(results)) == 2
    assert len(differentiable(results)) == len(differentiable(results[0])) == 1


def test_layouts_of_sparse_tensors_have_their_dimensions(torch, x):
    assert layout_of(x) == "torch.strided"
    assert layout_of(x.detach().to_sparse(1)) == "torch.sparse_coo (1 + 1 dim)"


def test_the_identity_without_a_gradient(torch, x):
    y = without_gradient()(x * 2)
    assert torch.equal(y, 2 * x)
    assert torch.autograd.grad(y, x, torch.ones_like(y), allow_unused=True) == (None,)


def test_tangents_of_one_direction_and_of_two_at_once(torch, x):
    given = Inputs(lambda x, n: (x.sin() * n, x.argmax(), torch.ones(2)), (x, 3), masked=False)
    moved = given.tensors()
    v = [(torch.ones_like(x),), (x.detach(),)]
    expected = [3 * x.cos(), 3 * x * x.cos()]
    both = tangents_as_a_batch(given, moved, v)
    for k in range(2):
        first, constant = tangents_along(given, moved, v[k])
        torch.testing.assert_close(first, expected[k].detach())
        assert not constant.any()
        torch.testing.assert_close(both[0][k], first)


def test_gradients_agree_up_to_the_order_of_their_sums(torch, x):
    g = x.detach()
    assert agree(g, g * (1 + 1e-15))
    assert not agree(g, g * (1 + 1e-9))
    assert agree(None, torch.zeros(2))
    assert agree(None, None)
    assert not agree(g, None)
    assert agree(g.to_sparse(), g)
