import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as hnp

from minibp import check_grad
from minibp.foreign import (
    Unreadable,
    as_numpy,
    is_key,
    is_tensor,
    jax_in_double_precision,
    numpy_hint,
    roundoff,
    type_of,
)

X = np.array([0.3, -1.2, 0.7])


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="torch is not installed")


@given(hnp.arrays(hnp.floating_dtypes() | hnp.integer_dtypes(), hnp.array_shapes(min_dims=0)))
def test_arrays_of_numpy_are_read_as_they_are(x):
    array, dtype = as_numpy(x)
    assert array is x
    assert dtype == x.dtype.name


def test_half_precision_of_jax_is_read_with_its_precision():
    jnp = pytest.importorskip("jax.numpy")
    array, dtype = as_numpy(jnp.array([0.1, 0.2], "bfloat16"))
    assert (array.dtype, dtype) == (np.float32, "bfloat16")
    assert np.all(np.abs(array / np.array([0.1, 0.2]) - 1) <= roundoff(dtype))


def test_the_roundoff_of_a_dtype_is_that_of_numpy():
    for dtype in ("float16", "float32", "float64"):
        assert roundoff(dtype) == float(np.finfo(dtype).eps) / 2
    assert roundoff("complex64") == roundoff("float32")
    assert roundoff("bool") == roundoff("int64") == roundoff("float64") == roundoff("complex128")


def test_what_numpy_cannot_read_is_named():
    class Odd:
        def __array__(self, dtype=None, copy=None):
            raise MemoryError

    for value, name in (([[1.0], [1.0, 2.0]], "a list that NumPy cannot read"), (Odd(), "Odd that NumPy cannot read")):
        with pytest.raises(Unreadable, match=name):
            as_numpy(value)


def test_without_torch_nothing_is_a_tensor(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    assert not is_tensor(np.ones(2))
    monkeypatch.delitem(sys.modules, "torch")
    assert not is_tensor(np.ones(2))
    assert "torch" not in sys.modules


def test_types_have_the_names_that_their_users_know():
    assert [type_of(value) for value in ([], None, np.ones(1))] == ["list", "NoneType", "numpy.ndarray"]


@pytest.mark.parametrize(
    "code",
    [
        "x.clone()",
        "x.at[0].set(1.0)",
        "x.sum().backward()",
        "x.requires_grad_()",
        "setattr(x, 'requires_grad', True)",
        "x.sum(dim=0)",
        "x.sum(axis=0, keepdim=True)",
        "x.size(0)",
        "x.view(-1)",
    ],
)
def test_a_method_of_another_library_is_answered_with_a_hint(code):
    with pytest.raises((AttributeError, TypeError)) as caught:
        eval(code, {"x": np.ones(3)})
    assert "f and grad get NumPy arrays" in numpy_hint(caught.value)


@pytest.mark.parametrize(
    "code",
    [
        "torch.sum(x)",
        "x @ torch.ones(3)",
        "torch.stack([x, x])",
        "torch.nn.Linear(3, 1)(x)",
        "torch.nn.functional.mse_loss(x, torch.ones(3))",
        "torch.where(x > 0, x, x)",
        "torch.func.grad(torch.sum)(x)",
    ],
)
def test_a_function_of_torch_is_answered_with_a_hint(torch, code):
    with pytest.raises(Exception, match=".") as caught:
        eval(code, {"x": np.ones(3), "torch": torch})
    assert "f and grad get NumPy arrays" in numpy_hint(caught.value)


@pytest.mark.parametrize("code", ["x @ np.ones(2)", "x[7]", "x.reshape(2)", "undefined", "1 / 0", "{}['w']", "x(0)"])
def test_mistakes_within_numpy_have_no_hint(code):
    with pytest.raises(Exception, match=".") as caught:
        eval(code, {"x": np.ones(3), "np": np})
    assert numpy_hint(caught.value) == ""


def inferred(torch, t):
    with torch.inference_mode():
        return t * 1


TENSORS = {
    "plain": lambda torch, t: t,
    "requires a gradient": lambda torch, t: t.requires_grad_(),
    "a parameter": lambda torch, t: torch.nn.Parameter(t),
    "computed from a parameter": lambda torch, t: torch.nn.Parameter(t) * 1,
    "float16": lambda torch, t: t.half(),
    "bfloat16": lambda torch, t: t.bfloat16().requires_grad_(),
    "a negated view": lambda torch, t: torch.complex(t, -t).conj().imag,
    "a conjugated view": lambda torch, t: torch.complex(t, t).conj(),
    "sparse": lambda torch, t: t.to_sparse(),
    "expanded": lambda torch, t: t[:1].expand(3),
    "strided": lambda torch, t: torch.stack([t, t])[:, ::2],
    "in inference mode": inferred,
}


@pytest.mark.parametrize("name", TENSORS)
def test_tensors_of_every_kind_are_read(torch, name):
    tensor = TENSORS[name](torch, torch.tensor([0.25, -1.5, 2.0]))
    array, dtype = as_numpy(tensor)
    assert isinstance(array, np.ndarray)
    assert dtype == str(tensor.dtype).removeprefix("torch.")
    plain = tensor.detach().to_dense() if tensor.is_sparse else tensor.detach()
    assert array.tolist() == plain.tolist()
    several, coarsest = as_numpy([tensor, tensor])
    assert several.shape == (2, *array.shape)
    assert coarsest == dtype


@pytest.mark.parametrize("name", ["on no device", "of eight bits"])
def test_tensors_that_cannot_be_read_are_named_without_a_traceback(torch, name):
    options = {"device": "meta"} if name == "on no device" else {"dtype": torch.float8_e4m3fn}
    with pytest.raises(Unreadable, match=r"a torch.Tensor of dtype float\w+ on \w+ that NumPy cannot read"):
        as_numpy(torch.zeros(2, **options))


def computed_in(torch, dtype, weight=1.0):
    """Σ w sin x and its gradient, in a dtype of torch; both results require a gradient."""
    w = torch.nn.Parameter(torch.full((3,), weight, dtype=dtype))

    def f(x):
        return (w * torch.sin(torch.from_numpy(x).to(dtype))).sum()

    def grad(x):
        return w * torch.cos(torch.from_numpy(x).to(dtype))

    return f, grad


@pytest.mark.parametrize("name", ["float32", "float64"])
def test_functions_of_torch_are_checked_as_those_of_numpy(torch, name):
    f, grad = computed_in(torch, getattr(torch, name))
    x = X.astype(name)
    assert check_grad(f, grad, x, seed=1).verdict == "correct"
    assert check_grad(f, grad(x), x, seed=1).verdict == "correct"
    wrong = check_grad(f, lambda x: 1.01 * grad(x), x, seed=1, raise_on_mismatch=False)
    assert wrong.verdict == "wrong"


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
@pytest.mark.parametrize("seed", range(2))
def test_right_gradients_in_half_precision_are_not_called_wrong(torch, name, seed):
    f, grad = computed_in(torch, getattr(torch, name))
    x = np.random.default_rng(seed).standard_normal(3).astype(np.float32)
    for claim in (grad, lambda x: grad(x).float()):
        found = check_grad(f, claim, x, seed=seed, raise_on_mismatch=False)
        assert found.verdict in {"correct", "undecided"}, str(found)
        assert not found.findings
        assert f"f computes in {name}, too coarse for finite differences to tell much" in found.notes


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
@pytest.mark.parametrize("seed", range(2))
def test_in_half_precision_of_jax_no_verdict_is_a_false_one(name, seed):
    jax = pytest.importorskip("jax")
    jnp = jax.numpy

    @jax.jit
    def f(x):
        return jnp.sin(jnp.asarray(x, name)).sum()

    def grad(x):
        return jnp.cos(jnp.asarray(x, name))

    x = np.random.default_rng(seed).standard_normal(3).astype(np.float32)
    for claim in (grad, lambda x: grad(x).astype("float32")):
        assert check_grad(f, claim, x, seed=seed, raise_on_mismatch=False).verdict in {"correct", "undecided"}
    wrong = check_grad(f, lambda x: -3 * grad(x), x, seed=seed, raise_on_mismatch=False)
    assert wrong.verdict in {"wrong", "undecided"}


def test_imaginary_parts_that_torch_discards_make_no_oracle(torch):
    def f(x):
        return torch.sin(torch.from_numpy(x).to(torch.float64)).sum()

    found = check_grad(f, np.cos, X, seed=1)
    assert "complex_step" not in found.oracles()
    assert "complex step was left out: f takes no complex numbers: it returns float64 for them" in found.notes


def test_keys_of_random_numbers_are_no_numbers():
    jax = pytest.importorskip("jax", reason="JAX is not installed")
    assert is_key(jax.random.key(0))
    assert not is_key(jax.random.PRNGKey(0))
    assert not is_key(np.ones(2))


def test_jax_computes_in_the_dtypes_that_it_gets():
    jnp = pytest.importorskip("jax.numpy", reason="JAX is not installed")
    with jax_in_double_precision():
        assert jnp.asarray(X).dtype == np.float64


def test_without_jax_there_is_nothing_to_set(monkeypatch):
    monkeypatch.delitem(sys.modules, "jax", raising=False)
    with jax_in_double_precision():
        assert "jax" not in sys.modules
