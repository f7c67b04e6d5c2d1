"""Forty operations and layers of PyTorch, with points, of several inputs and in several modes."""

from __future__ import annotations

from typing import Any

import numpy as np


def entries(torch: Any) -> Any:
    """By name, a function and the arrays that it is checked at; of a module those that come after its parameters."""
    nn, fn = torch.nn, torch.nn.functional
    rng = np.random.default_rng(0)

    def normal(*shape: Any) -> Any:
        return rng.standard_normal(shape)

    def mode(module: Any, *, train: Any = True) -> Any:
        torch.manual_seed(0)
        for parameter in module.parameters():
            torch.nn.init.normal_(parameter)
        return module.double().train(train)

    positive, labels = rng.uniform(0.5, 2, (3, 4)), np.array([0, 3, 1])
    spd = np.eye(3) * 3 + np.full((3, 3), 0.5)
    chosen = np.array([[False, True, True], [True, False, False]])
    image, seen = normal(1, 2, 4, 4), mode(nn.BatchNorm1d(3), train=False)
    image[:, :, ::2, ::2] += 3  # the largest of each window
    seen.running_mean.copy_(torch.tensor([0.1, -0.2, 0.3]))
    return {
        # elementwise, and with several inputs
        "tanh": (torch.tanh, [normal(2, 3)]),
        "gelu": (fn.gelu, [normal(2, 3)]),
        "silu": (fn.silu, [normal(2, 3)]),
        "relu": (fn.relu, [normal(2, 3)]),
        "softplus": (fn.softplus, [normal(2, 3)]),
        "logsigmoid": (fn.logsigmoid, [normal(2, 3)]),
        "pow": (torch.pow, [positive, normal(3, 4)]),
        "atan2": (torch.atan2, [normal(2, 3), positive[:2, :3]]),
        "lerp": (torch.lerp, [normal(2, 3), normal(2, 3), normal(2, 3)]),
        "addcmul": (torch.addcmul, [normal(2, 3), normal(2, 3), normal(3)]),
        "where": (torch.where, [chosen, normal(2, 3), normal(2, 3)]),
        "clamp": (lambda x: x.clamp(-0.5, 0.5), [normal(2, 3)]),
        # reductions and shapes
        "sum": (lambda x: x.sum(dim=0), [normal(2, 3)]),
        "var": (lambda x: x.var(dim=1), [normal(2, 3)]),
        "logsumexp": (lambda x: x.logsumexp(dim=1), [normal(2, 3)]),
        "max": (lambda x: x.max(dim=1), [normal(2, 3) + np.array([[9, 0, 0], [0, 9, 0]])]),
        "cumprod": (lambda x: x.cumprod(dim=1), [positive]),
        "sort": (lambda x: x.sort(dim=1), [normal(2, 3)]),
        "index_select": (lambda x, i: x.index_select(0, i), [normal(4, 2), np.array([1, 1, 3])]),
        "cat": (lambda a, b: torch.cat([a, b], dim=1), [normal(2, 2), normal(2, 1)]),
        # linear algebra
        "matmul": (torch.matmul, [normal(2, 3), normal(3, 2)]),
        "bilinear": (fn.bilinear, [normal(2, 3), normal(2, 2), normal(2, 3, 2), normal(2)]),
        "einsum": (lambda a, b: torch.einsum("ij,kj->ik", a, b), [normal(2, 3), normal(2, 3)]),
        "solve": (torch.linalg.solve, [spd, normal(3, 2)]),
        "cholesky": (lambda a: torch.linalg.cholesky(a @ a.T), [spd]),
        "slogdet": (torch.linalg.slogdet, [spd]),
        # losses
        "cross_entropy": (fn.cross_entropy, [normal(3, 4), labels]),
        "mse_loss": (fn.mse_loss, [normal(3, 2), normal(3, 2)]),
        "huber_loss": (fn.huber_loss, [normal(3, 2), normal(3, 2)]),
        "kl_div": (fn.kl_div, [normal(3, 2), positive[:, :2]]),
        # layers, whose parameters come first
        "Linear": (mode(nn.Linear(3, 2)), [normal(2, 3)]),
        "Linear without bias": (mode(nn.Linear(3, 2, bias=False)), [normal(2, 3)]),
        "BatchNorm1d in training": (mode(nn.BatchNorm1d(3)), [normal(4, 3)]),
        "BatchNorm1d in use": (seen, [normal(4, 3)]),
        "LayerNorm": (mode(nn.LayerNorm(3)), [normal(2, 3)]),
        "Conv2d": (mode(nn.Conv2d(2, 1, 2)), [image]),
        "MaxPool2d": (mode(nn.MaxPool2d(2)), [image]),
        "Embedding": (mode(nn.Embedding(4, 2)), [np.array([1, 2, 1])]),
        "LSTM": (mode(nn.LSTM(2, 2)), [normal(2, 1, 2)]),
        "MultiheadAttention": (mode(nn.MultiheadAttention(2, 1)), [normal(2, 1, 2), normal(2, 1, 2), normal(2, 1, 2)]),
    }


def wrong(torch: Any, how: Any) -> Any:
    """An identity whose backward pass is wrong, to put before one argument of a function."""

    class Wrong(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x.clone()

        @staticmethod
        def backward(ctx: Any, grad_output: Any) -> Any:
            return how(grad_output)

    return Wrong.apply


def every_other(grad_output: Any) -> Any:
    """All but every other entry: the last alone may be 0 anyway, as of a relu."""
    found = grad_output.flatten().clone()
    found[::2] = 0
    return found.reshape(grad_output.shape)


MISTAKES = {
    "a millionth more": lambda grad_output: grad_output * (1 + 1e-6),
    "the sign": lambda grad_output: -grad_output,
    "every other entry": every_other,
}


def place_of_mistake(torch: Any, fn: Any, arrays: Any) -> Any:
    """The last parameter of a module by name, else the last input that has a gradient by number."""
    own = [name for name, _ in fn.named_parameters()] if isinstance(fn, torch.nn.Module) else []
    return own[-1] if own else [i for i, array in enumerate(arrays) if array.dtype.kind == "f"][-1]


def mistaken(torch: Any, fn: Any, arrays: Any, which: Any, mistake: Any) -> Any:
    """The function with a mistake in the gradient by one of its parameters or inputs."""
    before = wrong(torch, MISTAKES[mistake])
    if not isinstance(fn, torch.nn.Module):
        return lambda *args: fn(*(before(one) if i == which else one for i, one in enumerate(args)))

    class Mistaken(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = fn

        def forward(self, *inputs: Any) -> Any:
            parameters = dict(self.layer.named_parameters())
            if which in parameters:
                return torch.func.functional_call(self.layer, {which: before(parameters[which])}, inputs)
            return self.layer(*(before(one) if i == which else one for i, one in enumerate(inputs)))

    return Mistaken()
