import numpy as np
import pytest

from minibp.adapters.torch_inputs import Inputs, names_of_inputs


def test_inputs_that_require_a_gradient_are_arrays_and_the_others_stay(torch):
    x, n = torch.ones(2, 3, dtype=torch.float64, requires_grad=True), torch.tensor([1, 2])
    given = Inputs(lambda a, b, c: a * c, (x, n, 3.0), masked=False)
    assert [array.tolist() for array in given.arrays] == [x.tolist()]
    full = given.filled([2 * x])
    assert full[0] is not x
    assert full[1] is n
    assert full[2] == 3.0
    assert list(given.made.f.__signature__.parameters) == ["a"]
    assert given.made.f.__name__ == "<lambda>"
    np.testing.assert_array_equal(given.made.f(np.ones((2, 3))), np.full((2, 3), 3.0))
    (tensor,) = given.tensors()
    assert tensor.requires_grad
    tensor.data.fill_(5)
    assert given.arrays[0].max() == 1  # its own memory


@pytest.mark.filterwarnings("ignore:Sparse invariant checks are implicitly disabled")
def test_of_masked_sparse_inputs_the_entries_that_are_stored_are_arguments(torch):
    sparse = torch.eye(3, dtype=torch.float64).to_sparse().requires_grad_()
    for masked, shape in ((True, (3,)), (False, (3, 3))):
        given = Inputs(lambda s: s.to_dense(), sparse, masked=masked)
        assert given.arrays[0].shape == shape
        assert torch.equal(given.filled(given.tensors())[0].to_dense(), torch.eye(3))


def test_strides_are_kept(torch):
    x = torch.randn(3, 2, dtype=torch.float64).T.requires_grad_()
    given = Inputs(torch.exp, x, masked=False)
    (stored,) = given.filled(given.tensors())
    assert stored.stride() == x.stride()
    assert torch.equal(stored, x)


def test_without_a_gradient_there_is_nothing_to_check(torch):
    with pytest.raises(ValueError, match="no input requires a gradient"):
        Inputs(torch.exp, torch.ones(2), masked=False)


def test_a_module_has_the_names_of_its_forward_pass(torch):
    given = Inputs(torch.nn.Linear(3, 2).double(), torch.ones(1, 3, dtype=torch.float64).requires_grad_(), masked=False)
    assert list(given.made.f.__signature__.parameters) == ["input"]
    assert names_of_inputs(torch.nn.Bilinear(2, 3, 1)) == ["input1", "input2"]
    assert names_of_inputs(lambda a, b: a) == ["a", "b"]
