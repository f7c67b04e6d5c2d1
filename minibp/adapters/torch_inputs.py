"""The inputs of a function of tensors, those that require a gradient as NumPy arrays, and the others as they are."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from minibp.adapters.subject import needed
from minibp.adapters.torch_functions import name_of_function, signature_of, torch_function
from minibp.adapters.with_vjp import Differentiable

_torch = partial(needed, "torch", "adapters.torch_function", "pip install torch")


class Inputs:
    """The inputs of one function; `arrays` are those that require a gradient, and `made` is the function of these.

    Of a sparse input all entries are arguments or, where it is `masked`, those that are stored.
    """

    def __init__(self, func: Callable[..., Any], inputs: Any, *, masked: bool) -> None:
        self.torch = _torch()
        self.func = func
        self.inputs: tuple[Any, ...] = inputs if isinstance(inputs, tuple) else (inputs,)
        self.places = [i for i, one in enumerate(self.inputs) if is_moved(one)]
        if not self.places:
            raise ValueError("no input requires a gradient, expected at least one tensor with requires_grad=True")
        self.masked = masked
        self.arrays = [self._array(self.inputs[i]) for i in self.places]
        self.made: Differentiable = torch_function(self._named(), device=self.inputs[self.places[0]].device)

    def _array(self, tensor: Any) -> Any:
        plain = tensor.detach()
        if plain.layout is not self.torch.strided:
            plain = plain.coalesce().values() if self._by_values(plain) else plain.to_dense()
        return plain.cpu().resolve_conj().resolve_neg().clone(memory_format=self.torch.contiguous_format).numpy()

    def _by_values(self, tensor: Any) -> bool:
        return self.masked and tensor.layout is self.torch.sparse_coo

    def _named(self) -> Callable[..., Any]:
        def function(*inputs: Any) -> Any:
            return self.func(*self.filled(inputs))

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
        if like.layout is self.torch.sparse_coo:
            if self.masked:
                indices = like.detach().coalesce().indices()
                return self.torch.sparse_coo_tensor(
                    indices, tensor, like.shape, is_coalesced=True, check_invariants=True
                )
            return tensor.to_sparse(like.sparse_dim())
        if like.layout is not self.torch.strided:
            return tensor.to_sparse(layout=like.layout)
        if like.is_contiguous() or any(
            stride == 0 and size > 1 for stride, size in zip(like.stride(), like.shape, strict=True)
        ):
            return tensor
        stored = self.torch.empty_strided(like.shape, like.stride(), dtype=tensor.dtype, device=tensor.device)
        return stored.copy_(tensor)

    def tensors(self) -> list[Any]:
        """The arrays as new tensors that require a gradient."""
        pairs = zip(self.places, self.arrays, strict=True)
        moved = [self.torch.from_numpy(array.copy()).to(self.inputs[i].device) for i, array in pairs]
        return [tensor.requires_grad_() for tensor in moved]


def names_of_inputs(func: Any) -> list[str]:
    """What the inputs of a function are called; those of a module are its forward pass's."""
    code = func.forward if isinstance(func, _torch().nn.Module) else func
    return list(signature_of(code).parameters)


def is_moved(value: Any) -> bool:
    """Whether a value is a tensor that requires a gradient."""
    return isinstance(value, _torch().Tensor) and bool(value.requires_grad)
