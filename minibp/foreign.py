"""Arrays of other libraries: f and grad get NumPy arrays, and what they return is read as NumPy arrays.

PyTorch is never imported here: where it is not loaded, no value can be one of its tensors.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from minibp.arrays import Array, InputError
from minibp.trees import leaves_of, with_leaves

NUMPY_HINT = "f and grad get NumPy arrays, to be converted inside them (torch.from_numpy(x), jax.numpy.asarray(x))"
ROUNDOFF = {"bfloat16": 2.0**-8, "float16": 2.0**-11, "float32": 2.0**-24, "complex64": 2.0**-24}
"""The unit roundoff of what is coarser than float64; NumPy itself has no bfloat16."""
HALF = frozenset({"bfloat16", "float16"})
_OTHER_LIBRARY = re.compile(
    r"'numpy\.\w+' object has no attribute"
    r"|unexpected keyword argument '(dim|keepdim|axes|keep_dims)'"
    r"|'int' object is not callable"  # x.size()
    r"|(?=.*ndarray).*tensor"
    r"|Cannot interpret '.*' as a data type",  # x.view(2, -1)
    re.IGNORECASE | re.DOTALL,
)
_CONVERSIONS = ("numpy", "asnumpy", "get", "to_numpy")


class Unreadable(Exception):
    """A value that NumPy cannot read; the message says what it is."""


def is_tensor(value: object) -> bool:
    """Whether a value is a tensor of PyTorch, or of a class derived from it."""
    return isinstance(value, getattr(sys.modules.get("torch"), "Tensor", ()))


def is_jax(value: object) -> bool:
    """Whether a value is an array of JAX."""
    return isinstance(value, getattr(sys.modules.get("jax"), "Array", ()))


def is_key(value: object) -> bool:
    """Whether a value is a key of JAX's random numbers, which are no numbers themselves."""
    return is_jax(value) and str(value.dtype).startswith("key<")  # type: ignore[attr-defined]


def type_of(value: object) -> str:
    """The type of a value by the name that its users know: torch.Tensor, tensorflow.EagerTensor, list."""
    if is_tensor(value):
        return "torch.Tensor"
    kind = type(value)
    library = kind.__module__.partition(".")[0]
    return kind.__qualname__ if library in {"builtins", "__main__"} else f"{library}.{kind.__qualname__}"


def is_of_another_library(value: object) -> bool:
    """Whether a value is an array that only its own library computes with; those of JAX are read as NumPy's."""
    if isinstance(value, np.ndarray | np.generic) or is_jax(value):
        return False
    if is_tensor(value):
        return True
    kind = type(value)  # not the value, which may answer to any name
    return callable(getattr(kind, "numpy", None)) or hasattr(kind, "__dlpack__") or hasattr(kind, "__array_namespace__")


def reject_other_libraries(name: str, value: object) -> None:
    """Raise `InputError`, which says what to write, where x is an array that is not NumPy's or JAX's."""
    if not is_of_another_library(value):
        return
    if is_tensor(value):
        given, inside = name + _detaching(value), "use torch.from_numpy inside f and grad"
    else:
        method = next((method for method in _CONVERSIONS if callable(getattr(type(value), method, None))), "")
        given, inside = f"{name}.{method}()" if method else "a NumPy array", "convert inside f and grad"
    raise InputError(f"{name} is a {type_of(value)}, but f and grad get NumPy arrays: pass {given}, and {inside}")


def _detaching(tensor: Any) -> str:
    """What turns a tensor into a NumPy array of a dtype that a check takes."""
    steps = [".detach()"]
    if tensor.device.type != "cpu":
        steps.append(".cpu()")
    if str(tensor.dtype).removeprefix("torch.") in HALF:
        steps.append(".float()")
    return "".join([*steps, ".numpy()"])


def as_numpy(value: Any) -> tuple[Array, str]:
    """What f or grad returned as a NumPy array, and the dtype that it was computed in; `Unreadable` where it is none.

    Tensors of PyTorch may require a gradient, be on any device, sparse, conjugated or negated views.
    """
    try:
        if is_tensor(value):
            return _detached(value)
        if isinstance(value, list | tuple) and any(map(is_tensor, value)):
            arrays, dtypes = zip(*map(as_numpy, value), strict=True)
            array = np.asarray(arrays)
            return array, "bfloat16" if "bfloat16" in dtypes else array.dtype.name
        array = np.asarray(value)
    except Unreadable:
        raise
    except Exception as error:
        raise Unreadable(f"a {type_of(value)} that NumPy cannot read") from error
    return (array.astype(np.float32), "bfloat16") if array.dtype.name == "bfloat16" else (array, array.dtype.name)


class Read(NamedTuple):
    """What code returned, with NumPy arrays in place of other libraries' own."""

    value: Any
    coarse: str
    """The dtype of arrays that NumPy has no dtype for, or ""."""
    of_jax: bool
    """Whether there were arrays of JAX."""


def with_numpy_arrays(returned: Any) -> Read:
    """A result with the tensors of PyTorch and the arrays of JAX in it as NumPy arrays; `Unreadable` where one is none.

    >>> with_numpy_arrays(([np.ones(2)], 3.0))
    Read(value=([array([1., 1.])], 3.0), coarse='', of_jax=False)
    """
    leaves = list(leaves_of(returned))
    if not any(is_tensor(leaf) or is_jax(leaf) for leaf in leaves):
        return Read(returned, "", False)
    found, coarse = [], ""
    for leaf in leaves:
        array, dtype = as_numpy(leaf) if is_tensor(leaf) or is_jax(leaf) else (leaf, "")
        found.append(array)
        coarse = dtype if dtype == "bfloat16" else coarse
    return Read(with_leaves(returned, found), coarse, any(map(is_jax, leaves)))


@contextmanager
def jax_in_double_precision() -> Iterator[None]:
    """Within, JAX, where it is loaded, computes in the dtypes that it is given, on the CPU."""
    jax: Any = sys.modules.get("jax")
    if jax is None:
        yield
        return
    with jax.enable_x64(True), jax.default_device(jax.devices("cpu")[0]):
        yield


def _detached(tensor: Any) -> tuple[Array, str]:
    dtype = str(tensor.dtype).removeprefix("torch.")
    try:
        plain = tensor.detach().cpu()
        plain = plain.dequantize() if plain.is_quantized else plain
        plain = plain.to_dense() if plain.layout is not sys.modules["torch"].strided else plain
        plain = plain.resolve_conj().resolve_neg()
        array: Array = (plain.float() if dtype == "bfloat16" else plain).numpy()
    except Exception as error:
        raise Unreadable(f"a torch.Tensor of dtype {dtype} on {tensor.device} that NumPy cannot read") from error
    return array, dtype if dtype == "bfloat16" else array.dtype.name


def roundoff(dtype: str) -> float:
    """The unit roundoff of a dtype; float64's where it is as exact, or holds whole numbers.

    >>> roundoff("bfloat16"), roundoff("int64") == 2.0**-53
    (0.00390625, True)
    """
    return ROUNDOFF.get(dtype, 2.0**-53)


def numpy_hint(error: BaseException) -> str:
    """What to say beside an exception that code made for another library's arrays raises on NumPy's; else ""."""
    try:
        message = str(error)
    except Exception:  # noqa: BLE001 -- an exception of the user's may fail to print itself
        return ""
    expected = isinstance(error, AttributeError | TypeError | ValueError) and _OTHER_LIBRARY.search(message)
    return f"; {NUMPY_HINT}" if expected else ""
