"""The inputs of a function of tensors, those that require a gradient as NumPy arrays, and the others as they are."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from minibp.adapters.subject import needed
from minibp.adapters.torch_functions import name_of_function, signature_of, traced_forward
from minibp.adapters.with_vjp import Differentiable
from minibp.arrays import InputError
from minibp.trees import leaves_of, with_leaves

_torch = partial(needed, "torch", "adapters.torch_function", "pip install torch")


class Inputs:
    """The inputs of one function; `arrays` are those that require a gradient, and `made` is the function of these.

    Of a sparse input all entries are arguments or, where it is `masked`, those that are stored. Inputs without entries
    are passed on.
    """

    def __init__(self, func: Callable[..., Any], inputs: Any, *, masked: bool) -> None:
        self.torch = _torch()
        self.func = func
        self.inputs = in_a_tuple(inputs)
        self.required = [i for i, one in enumerate(self.inputs) if is_moved(one)]
        """The places of all that require a gradient, those without entries among them."""
        if not self.required:
            raise InputError("no input requires a gradient, expected at least one tensor with requires_grad=True")
        self.masked = masked
        parts = {i: self._array(i, self.inputs[i]) for i in self.required}
        self.places = [i for i, array in parts.items() if array.size]
        self.arrays = [parts[i] for i in self.places]
        self.made: Differentiable = traced_forward(self._named(), self.inputs[self.required[0]].device)

    def _array(self, place: int, tensor: Any) -> Any:
        torch = self.torch
        if tensor.dtype not in {torch.float64, torch.float32, torch.complex128, torch.complex64}:
            dtype = str(tensor.dtype).removeprefix("torch.")
            raise InputError(f"input {place} has dtype {dtype}, expected float64 or float32")
        plain = tensor.detach()
        if plain.layout is torch.sparse_coo and self.masked:
            plain = plain.coalesce().values()
        elif plain.layout is not torch.strided:
            plain = plain.values() if self._by_values(plain) else plain.to_dense()
        return plain.cpu().resolve_conj().resolve_neg().clone(memory_format=torch.contiguous_format).numpy()

    def _by_values(self, tensor: Any) -> bool:
        """Whether the entries that are stored are the arguments."""
        return bool(self.masked and tensor.layout is not self.torch.strided and not tensor.is_mkldnn)

    def _named(self) -> Callable[..., Any]:
        def function(*inputs: Any) -> Any:
            results = self.func(*self.filled(inputs))
            if not any(isinstance(leaf, self.torch.Tensor) and leaf.is_mkldnn for leaf in leaves_of(results)):
                return results
            return with_leaves(results, [leaf.to_dense() for leaf in leaves_of(results)])

        function.__name__ = name_of_function(self.func)
        names = names_of_inputs(self.func)
        if len(names) >= len(self.inputs):
            kind = inspect.Parameter.POSITIONAL_ONLY
            function.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
                [inspect.Parameter(names[i], kind) for i in self.places]
            )
        return function

    def filled(self, moved: Sequence[Any]) -> list[Any]:
        """The inputs with these in their places, stored as the given ones are."""
        full = list(self.inputs)
        for i, tensor in zip(self.places, moved, strict=True):
            full[i] = self._stored(tensor, self.inputs[i])
        return full

    def _stored(self, tensor: Any, like: Any) -> Any:
        torch = self.torch
        if like.is_mkldnn:
            return tensor.to_mkldnn()
        if like.layout is torch.sparse_coo:
            if self.masked:
                indices = like.detach().coalesce().indices()
                return torch.sparse_coo_tensor(indices, tensor, like.shape, is_coalesced=True, check_invariants=True)
            return tensor.to_sparse(like.sparse_dim())
        if like.layout is not torch.strided:
            return self._compressed(tensor, like)
        if like.is_contiguous() or any(
            stride == 0 and size > 1 for stride, size in zip(like.stride(), like.shape, strict=True)
        ):
            return tensor
        stored = self.torch.empty_strided(like.shape, like.stride(), dtype=tensor.dtype, device=tensor.device)
        return stored.copy_(tensor)

    def _compressed(self, tensor: Any, like: Any) -> Any:
        """A tensor in the compressed layout of another: of its values, or of all entries."""
        torch = self.torch
        if self._by_values(like):
            by_rows = like.layout in {torch.sparse_csr, torch.sparse_bsr}
            rows = (like.crow_indices(), like.col_indices()) if by_rows else (like.ccol_indices(), like.row_indices())
            return torch.sparse_compressed_tensor(*rows, tensor, like.shape, layout=like.layout, check_invariants=False)
        has_blocks = like.layout in {torch.sparse_bsr, torch.sparse_bsc}
        first = like.values().ndim - like.dense_dim() - 2
        size = tuple(like.values().shape[first : first + 2]) if has_blocks else None
        return tensor.to_sparse(layout=like.layout, blocksize=size)

    def as_given(self) -> list[Any]:
        """All inputs that require a gradient, stored as they are, apart from how they came about."""
        return [self.inputs[i].detach().requires_grad_() for i in self.required]

    def beside(self, required: Sequence[Any]) -> list[Any]:
        """The inputs with others for all that require a gradient."""
        full = list(self.inputs)
        for i, tensor in zip(self.required, required, strict=True):
            full[i] = tensor
        return full

    def tensors(self) -> list[Any]:
        """The arrays as new tensors that require a gradient."""
        pairs = zip(self.places, self.arrays, strict=True)
        moved = [self.torch.from_numpy(array.copy()).to(self.inputs[i].device) for i, array in pairs]
        return [tensor.requires_grad_() for tensor in moved]


def in_a_tuple(inputs: Any) -> tuple[Any, ...]:
    """The inputs of a function, of which there may be one."""
    return tuple(inputs) if isinstance(inputs, tuple | list) else (inputs,)


def names_of_inputs(func: Any) -> list[str]:
    """What the inputs of a function are called; those of a module are its forward pass's."""
    code = func.forward if isinstance(func, _torch().nn.Module) else func
    return list(signature_of(code).parameters)


def is_moved(value: Any) -> bool:
    """Whether a value is a tensor that requires a gradient."""
    return isinstance(value, _torch().Tensor) and bool(value.requires_grad)
