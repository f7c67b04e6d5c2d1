"""The results of a function of tensors: which have gradients, their tangents, and whether two gradients agree."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from typing import Any

from minibp.adapters.subject import needed
from minibp.adapters.torch_inputs import Inputs

_torch = partial(needed, "torch", "torch", "pip install torch")

EXACT = 1024.0
"""Two backward passes that do the same sums in another order agree to so many units in the last place."""


def tensors_of(results: Any) -> tuple[Any, ...]:
    """The results that are tensors."""
    each = results if isinstance(results, tuple | list) else (results,)
    return tuple(result for result in each if isinstance(result, _torch().Tensor))


def differentiable(results: Any) -> list[Any]:
    """The results that need a gradient."""
    return [result for result in tensors_of(results) if result.requires_grad]


def inexact(results: Any) -> list[Any]:
    """The results that are tensors of numbers with fractions."""
    return [one for one in tensors_of(results) if one.is_floating_point() or one.is_complex()]


def layout_of(tensor: Any) -> str:
    """The layout of a tensor, of a sparse one with the numbers of its sparse and dense dimensions."""
    sparse = tensor.layout is not _torch().strided and not tensor.is_mkldnn
    return f"{tensor.layout} ({tensor.sparse_dim()} + {tensor.dense_dim()} dim)" if sparse else str(tensor.layout)


@cache
def without_gradient() -> Any:
    """The identity, whose gradient is none at all: what a backward pass gets from a result that nothing depends on."""
    rule: Any = _torch().autograd.Function

    class WithoutGradient(rule):  # type: ignore[misc]
        @staticmethod
        def forward(ctx: Any, result: Any) -> Any:
            return result.view_as(result)

        @staticmethod
        def backward(ctx: Any, *_: Any) -> None:
            return None

    return WithoutGradient.apply


def tangents_along(given: Inputs, moved: list[Any], v: tuple[Any, ...]) -> list[Any]:
    """The tangents of the results for one of the inputs."""
    torch = _torch()
    forward = torch.autograd.forward_ad
    with _without_own_warnings(), forward.dual_level():
        duals = [forward.make_dual(one.detach(), part) for one, part in zip(moved, v, strict=True)]
        results = [forward.unpack_dual(one) for one in inexact(given.func(*given.filled(duals)))]
        return [torch.zeros_like(one.primal) if one.tangent is None else one.tangent for one in results]


def tangents_as_a_batch(given: Inputs, moved: list[Any], pairs: list[tuple[Any, ...]]) -> Any:
    """The same for two at once: the derivatives by what each is multiplied with, which is 0."""
    torch = _torch()

    def along(a: Any, b: Any) -> Any:
        at = [
            one.detach() + (a * first + b * second).to(one.dtype)
            for one, first, second in zip(moved, *pairs, strict=True)
        ]
        return tuple(inexact(given.func(*given.filled(at))))

    zeros = tuple(torch.zeros((), dtype=moved[0].real.dtype, device=moved[0].device) for _ in range(2))
    with _without_own_warnings():
        return torch.autograd.functional.jacobian(along, zeros, vectorize=True, strategy="forward-mode")


@contextmanager
def _without_own_warnings() -> Iterator[None]:
    """Within, PyTorch does not warn of what its own forward mode uses."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".torch.jit.script. is deprecated")
        yield


def agree(got: Any, expected: Any) -> bool:
    """True where two gradients are the same but for the order of their sums; None counts as 0."""
    torch = _torch()
    got, expected = (one if one is None or one.layout is torch.strided else one.to_dense() for one in (got, expected))
    if got is None or expected is None:
        other = expected if got is None else got
        return other is None or not bool(other.any())
    unit = torch.finfo(expected.dtype).eps
    limit = EXACT * unit * float(expected.abs().max()) if expected.numel() else 0.0
    return bool(((got - expected).abs() <= limit).all())
