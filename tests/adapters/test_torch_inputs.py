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


@pytest.mark.filterwarnings("ignore:Sparse ... tensor support is in beta state")
@pytest.mark.parametrize("layout", ["sparse_csr", "sparse_csc", "sparse_bsr", "sparse_bsc"])
def test_compressed_layouts_are_kept(torch, layout):
    blocks = (2, 3) if layout in {"sparse_bsr", "sparse_bsc"} else None
    dense = torch.kron(torch.eye(2), torch.arange(1.0, 7).reshape(2, 3)).double()
    sparse = dense.to_sparse(layout=getattr(torch, layout), blocksize=blocks).requires_grad_()
    for masked, shape in ((True, tuple(sparse.values().shape)), (False, (4, 6))):
        given = Inputs(lambda s: s.to_dense(), sparse, masked=masked)
        assert given.arrays[0].shape == shape
        (stored,) = given.filled(given.tensors())
        assert stored.layout is sparse.layout
        assert stored.values().shape == sparse.values().shape
        assert torch.equal(stored.to_dense(), dense)


def test_tensors_of_mkldnn_are_kept(torch):
    if not torch.backends.mkldnn.is_available():
        pytest.skip("PyTorch is built without MKL-DNN")
    x = torch.tensor([1.0, 2.0]).to_mkldnn().requires_grad_()
    given = Inputs(lambda x: x + x, x, masked=False)
    (stored,) = given.filled(given.tensors())
    assert stored.is_mkldnn
    np.testing.assert_array_equal(given.made.f(given.arrays[0]), [2.0, 4.0])


def test_inputs_without_entries_are_passed_on(torch):
    x, empty = torch.ones(2, dtype=torch.float64), torch.ones(0, 3, dtype=torch.float64)
    given = Inputs(lambda x, e: x + e.sum(), [x.requires_grad_(), empty.requires_grad_()], masked=False)
    assert [array.shape for array in given.arrays] == [(2,)]
    assert given.filled(given.tensors())[1] is empty
    assert [one.shape for one in given.as_given()] == [(2,), (0, 3)]
    first, second = given.beside([1, 2])
    assert (first, second) == (1, 2)


def test_strides_are_kept(torch):
    x = torch.randn(3, 2, dtype=torch.float64).T.requires_grad_()
    given = Inputs(torch.exp, x, masked=False)
    (stored,) = given.filled(given.tensors())
    assert stored.stride() == x.stride()
    assert torch.equal(stored, x)


def test_without_a_gradient_there_is_nothing_to_check(torch):
    with pytest.raises(ValueError, match="no input requires a gradient"):
        Inputs(torch.exp, torch.ones(2), masked=False)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_is_one_clear_error(torch, dtype):
    with pytest.raises(ValueError, match=f"input 1 has dtype {dtype}, expected float64 or float32"):
        Inputs(torch.mul, (2, torch.ones(2, dtype=getattr(torch, dtype), requires_grad=True)), masked=False)


def test_a_module_has_the_names_of_its_forward_pass(torch):
    given = Inputs(torch.nn.Linear(3, 2).double(), torch.ones(1, 3, dtype=torch.float64).requires_grad_(), masked=False)
    assert list(given.made.f.__signature__.parameters) == ["input"]
    assert names_of_inputs(torch.nn.Bilinear(2, 3, 1)) == ["input1", "input2"]
    assert names_of_inputs(lambda a, b: a) == ["a", "b"]
