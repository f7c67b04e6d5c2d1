"""The gradient that PyTorch takes of a module."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from minibp.adapters.subject import Arrays, Sizes, Subject, expect_sizes, needed, sizes_of
from minibp.arrays import Array, InputError
from minibp.signatures import name_of_code

_torch = partial(needed, "torch", "adapters.torch_module", "pip install torch")


def torch_module(module: Any, loss: Callable[..., Any]) -> Subject:
    """A subject of a torch.nn.Module: its own backward pass, with every autograd.Function and hook in it.

    Parameters
    ----------
    module : torch.nn.Module or callable
        A Module, with the sizes that it has, or a function of `sizes` (n_1, …, n_L) that makes one. Its parameters, in
        order of registration, are a weight (n_out, n_in) and a bias (n_out,) a layer, as torch.nn.Linear has them.
    loss : callable
        loss(output, y) returns a scalar tensor, the mean over examples in it.

    Returns
    -------
    Subject
        Computes on the CPU, in the dtype of the weights.

    Raises
    ------
    InputError
        Where `module` is neither, or has other parameters.
    ModuleNotFoundError
        Where PyTorch is not installed.

    Notes
    -----
    A parameter without a gradient after the backward pass (it is frozen, or cut off by a `detach`) moves no loss as far
    as torch knows: its gradient is 0. A given Module has its parameters, gradients, buffers, dtypes and devices back
    after each call, also after one that fails; during a call no other thread should use it.

    Examples
    --------
    >>> from torch import nn  # doctest: +SKIP
    >>> from minibp import adapters
    >>> module = nn.Sequential(nn.Linear(4, 3), nn.Sigmoid(), nn.Linear(3, 2), nn.Sigmoid())  # doctest: +SKIP
    >>> subject = adapters.torch_module(module, nn.MSELoss())  # doctest: +SKIP
    >>> subject.sizes  # doctest: +SKIP
    ((4, 3, 2),)
    """
    torch = _torch()
    if not callable(module):
        raise InputError(f"module is {module!r}, expected a torch.nn.Module or a function of sizes that makes one")
    sizes = sizes_of(_layers(module)[0]) if isinstance(module, torch.nn.Module) else None
    return Subject(partial(_torch_module, module, loss, sizes), name_of_code(module), (sizes,) if sizes else None)


def _torch_module(
    module: Any, loss: Callable[..., Any], fixed: Sizes | None, weights: Arrays, biases: Arrays, x: Array, y: Array
) -> Any:
    torch, sizes = _torch(), sizes_of(weights)
    if fixed is None:
        # The values that a new module draws are never used, and are no business of the user's generator.
        with torch.random.fork_rng(devices=[]):
            module = module(sizes)
    own = _layers(module)
    expect_sizes(sizes_of(own[0]), sizes)
    with _borrowed(module, getattr(torch, weights[0].dtype.name)), torch.enable_grad():
        for parameter, array in zip(own[0] + own[1], (*weights, *biases), strict=True):
            parameter.grad = None  # backward adds to what is there
            parameter.data = _tensor(array)
        loss(module(_tensor(x)), _tensor(y)).backward()
        grads = [[torch.zeros_like(p) if p.grad is None else p.grad for p in kind] for kind in own]
    return tuple([grad.detach().numpy() for grad in kind] for kind in grads)


@contextmanager
def _borrowed(module: Any, dtype: Any) -> Iterator[None]:
    """Within, the module's buffers are copies of `dtype`; afterwards they, the parameters and .grad are as they were.

    The module itself computes, not a copy of it: its loss may refer to it, and copies lose the hooks of parameters.
    """
    parameters = [(p, p.data, p.grad) for p in module.parameters()]
    buffers = [(part, *named) for part in module.modules() for named in part.named_buffers(recurse=False)]
    try:
        for part, name, buffer in buffers:
            setattr(part, name, buffer.to("cpu", dtype if buffer.is_floating_point() else buffer.dtype, copy=True))
        yield
    finally:
        for parameter, data, grad in parameters:
            parameter.data = data
            parameter.grad = grad
        for part, name, buffer in buffers:
            setattr(part, name, buffer)


def _layers(module: Any) -> tuple[list[Any], list[Any]]:
    """The weights and the biases of a module, layer by layer."""
    named = list(module.named_parameters())
    weights, biases = ([p for _, p in named if p.ndim == ndim] for ndim in (2, 1))
    outputs = [p.shape[0] for p in weights]
    fits = weights and len(named) == 2 * len(weights) and outputs == [p.shape[0] for p in biases]
    if not fits or [w.shape[1] for w in weights[1:]] != outputs[:-1]:
        shown = ", ".join(f"{name} {tuple(p.shape)}" for name, p in named)
        raise InputError(
            f"{type(module).__name__} has the parameters {shown or '(none)'}; expected a weight (n_out, n_in) "
            "and a bias (n_out,) for each layer, in the order of the layers, and no others"
        )
    return weights, biases


def _tensor(array: Array) -> Any:
    """A tensor on the same memory, so that a check sees what is changed in place; on a copy where it is read-only."""
    return _torch().from_numpy(array if array.flags.writeable else array.copy())
