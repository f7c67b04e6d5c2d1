"""An adapter makes a subject, `subject(weights, biases, x, y) -> (nabla_w, nabla_b)`, out of other shapes of code.

Every adapter returns a `Subject`. Where the code is written for certain sizes, the subject says for which.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np

from minibp.arrays import Array, InputError, checked_count

Arrays = Sequence[Array]
Sizes = tuple[int, ...]


@dataclass(frozen=True)
class Subject:
    """A callable that a check can take, and what it can be asked for; it can be pickled where its code can.

    Takes weights (n_out, n_in), biases (n_out,), x (m, n_1) and y (m, n_L) of one dtype, float64 or float32, and
    returns (nabla_w, nabla_b), shaped like weights and biases. What is wrong with the code's answer (a shape, a
    dtype, the number of arrays) is handed on as it is, for the check to see.
    """

    call: Callable[[Arrays, Arrays, Array, Array], Any]
    __name__: str
    """What reports call it."""
    sizes: tuple[Sizes, ...] | None = None
    """The sizes (n_1, …, n_L) to ask it for; None for any."""
    batch_sizes: tuple[int, ...] | None = None
    """The numbers of examples m to ask it for; None for any."""

    def __call__(self, weights: Arrays, biases: Arrays, x: Array, y: Array) -> Any:
        return self.call(weights, biases, x, y)


def per_example(f: Callable[..., Any]) -> Subject:
    """Code that takes one example: f(weights, biases, x, y) with x (n_1,) and y (n_L,) returns (nabla_w, nabla_b).

    The subject sums what f returns in the order of the rows and divides by m: equation (6). A term that does not
    depend on the example comes out as f put it in, so that L2 in f has to be (α/m) W; where f knows no m, leave it out.
    Raises `InputError` where two examples give arrays of different shapes.

    >>> subject = per_example(lambda weights, biases, x, y: ([np.outer(y, x)], [y]))
    >>> subject([np.ones((1, 2))], [np.ones(1)], np.ones((2, 2)), np.array([[1.0], [3.0]]))
    ([array([[2., 2.]])], [array([2.])])
    """
    return Subject(partial(_per_example, f), _name(f))


def _per_example(f: Callable[..., Any], weights: Arrays, biases: Arrays, x: Array, y: Array) -> Any:
    total: list[list[Array]] = []
    for row, target in zip(x, y, strict=True):
        answer = f(weights, biases, row, target)
        kinds = _kinds(answer)
        if kinds is None:
            return answer
        total = total or [[np.zeros_like(array) for array in kind] for kind in kinds]
        before, shapes = ([[array.shape for array in kind] for kind in one] for one in (total, kinds))
        if shapes != before:
            raise InputError(f"gives one example arrays of shapes {before} and another {shapes}")
        # Added up at once: f may write its next answer into the same buffers.
        total = [[a + b for a, b in zip(*pair, strict=True)] for pair in zip(total, kinds, strict=True)]
    return tuple([array / len(x) for array in kind] for kind in total)


def columns(f: Callable[..., Any]) -> Subject:
    """Code with examples as columns: f(weights, biases, x, y) with x (n_1, m), y (n_L, m) and biases (n, 1).

    f takes the mean over examples itself. Its ∂C/∂b of shape (n, 1) come back as (n,); any other is left as it is.

    >>> subject = columns(lambda weights, biases, x, y: ([y @ x.T], [y.sum(axis=1, keepdims=True)]))
    >>> subject([np.ones((1, 2))], [np.ones(1)], np.ones((2, 2)), np.array([[1.0], [3.0]]))
    ([array([[4., 4.]])], [array([4.])])
    """
    return Subject(partial(_columns, f), _name(f))


def _columns(f: Callable[..., Any], weights: Arrays, biases: Arrays, x: Array, y: Array) -> Any:
    # Views, not copies: what f changes in place is then changed in what the subject was given, where a check looks.
    answer = f(weights, [b[:, None] for b in biases], x.T, y.T)
    kinds = _kinds(answer)
    if kinds is None:
        return answer
    nabla_w, nabla_b = kinds
    return nabla_w, [array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array for array in nabla_b]


def flat(
    f: Callable[..., Any], sizes: Sequence[int] | None = None, order: str = "layers", matrix_order: str = "C"
) -> Subject:
    """Code with one parameter vector: f(theta, x, y) for one network's `sizes` (n_1, …, n_L), or f(theta, x, y, sizes).

    theta is W², b², W³, b³, … with order="layers", all W and then all b with "weights_first"; matrices go row by row
    (matrix_order="C") or column by column ("F", as Octave's `(:)` does). x is (m, n_1) and y (m, n_L). f returns
    ∂C/∂theta, a vector of theta's length, and the subject raises `InputError` for any other shape and for a
    network of other sizes.

    >>> subject = flat(lambda theta, x, y: 2 * theta, sizes=(2, 1))
    >>> subject([np.array([[1.0, 2.0]])], [np.array([3.0])], np.ones((1, 2)), np.ones((1, 1)))
    ([array([[2., 4.]])], [array([6.])])
    """
    if order not in ("layers", "weights_first"):
        raise InputError(f"order is {order!r}, expected 'layers' or 'weights_first'")
    if matrix_order not in ("C", "F"):
        raise InputError(f"matrix_order is {matrix_order!r}, expected 'C' or 'F'")
    fixed = None if sizes is None else _counts("sizes", sizes)
    return Subject(partial(_flat, f, (fixed, order, matrix_order)), _name(f), (fixed,) if fixed else None)


def _flat(f: Callable[..., Any], how: tuple[Any, ...], weights: Arrays, biases: Arrays, x: Array, y: Array) -> Any:
    fixed, order, matrix_order = how
    sizes = _sizes_of(weights)
    _expect(fixed or sizes, sizes)
    parts = [*weights, *biases]
    if order == "layers":
        parts = [part for layer in zip(weights, biases, strict=True) for part in layer]
    cuts = np.cumsum([part.size for part in parts])[:-1]

    def split(vector: Array) -> list[Array]:
        pieces = zip(np.split(vector, cuts), parts, strict=True)
        return [piece.reshape(part.shape, order=matrix_order) for piece, part in pieces]

    theta = np.concatenate([part.ravel(matrix_order) for part in parts])
    before = theta.copy()
    answer = np.asarray(f(theta, x, y) if fixed else f(theta, x, y, sizes))
    if not np.array_equal(theta, before):
        # What f did to theta it did to the parameters; a check looks there for what was changed in place.
        for part, changed in zip(parts, split(theta), strict=True):
            part[...] = changed
    if answer.shape != theta.shape:
        raise InputError(f"returned shape {answer.shape}, expected {theta.shape}: one entry for each of theta")
    found = split(answer)
    return [one for one in found if one.ndim == 2], [one for one in found if one.ndim == 1]


def jax_loss(
    loss: Callable[..., Any],
    sizes: Sequence[Sequence[int]] = ((2, 3, 2), (3, 3, 3, 3, 3)),
    batch_sizes: Sequence[int] = (1, 3),
) -> Subject:
    """A JAX function loss(weights, biases, x, y) of a scalar, with whatever custom_vjp is in it: its `jax.grad`.

    The loss takes the mean over examples itself. It runs on the CPU, in float64 where the parameters are. JAX
    compiles for half a second for every new shape, so that the subject asks for few: `sizes` (by default unequal
    widths, and equal ones, which a transpose fits too) and `batch_sizes`; others are answered too.
    Raises `ModuleNotFoundError` where there is no JAX.

    >>> subject = jax_loss(lambda weights, biases, x, y: (weights[0] ** 2).sum() + biases[0].sum())
    >>> subject([np.ones((1, 2))], [np.ones(1)], np.ones((1, 2)), np.ones((1, 1)))
    ([array([[2., 2.]])], [array([1.])])
    """
    chosen = tuple(_counts(f"sizes[{i}]", one) for i, one in enumerate(sizes))
    return Subject(_JaxLoss(loss), _name(loss), chosen, _counts("batch_sizes", batch_sizes))


class _JaxLoss:
    """What JAX compiled cannot be pickled, so that it is compiled anew where it arrives."""

    def __init__(self, loss: Callable[..., Any]) -> None:
        self.loss = loss
        self.jax = _needed("jax", "jax_loss", "pip install 'minibp[jax]'")
        self.gradient = self.jax.jit(self.jax.grad(loss, argnums=(0, 1)))

    def __call__(self, weights: Arrays, biases: Arrays, x: Array, y: Array) -> Any:
        with self.jax.enable_x64(True), self.jax.default_device(self.jax.devices("cpu")[0]):
            nabla_w, nabla_b = self.gradient(list(weights), list(biases), x, y)
            return [np.array(array) for array in nabla_w], [np.array(array) for array in nabla_b]

    def __reduce__(self) -> tuple[Any, ...]:
        return _JaxLoss, (self.loss,)


def torch_module(module: Any, loss: Callable[..., Any]) -> Subject:
    """A torch.nn.Module's own backward pass, with every autograd.Function and hook in it.

        subject = torch_module(Sequential(Linear(4, 3), Sigmoid(), Linear(3, 2), Sigmoid()), loss)

    `module` is a Module, with the sizes that it has, or a function of `sizes` (n_1, …, n_L) that makes one. Its
    parameters, in order of registration, are a weight (n_out, n_in) and a bias (n_out,) a layer, as torch.nn.Linear
    has them; others are an `InputError`. `loss(output, y)` returns a scalar tensor, the mean over examples in it.

    It runs on the CPU in the dtype of the weights given, and raises `ModuleNotFoundError` where there is no torch. A
    parameter without a gradient after the backward pass (it is frozen, or cut off by a `detach`) moves no loss as far
    as torch knows: its gradient is 0. A given Module has its parameters, gradients, buffers, dtypes and devices back
    after each call, also after one that fails; during a call no other thread should use it.
    """
    torch = _torch()
    if not callable(module):
        raise InputError(f"module is {module!r}, expected a torch.nn.Module or a function of sizes that makes one")
    sizes = _sizes_of(_layers(module)[0]) if isinstance(module, torch.nn.Module) else None
    return Subject(partial(_torch_module, module, loss, sizes), _name(module), (sizes,) if sizes else None)


def _torch_module(
    module: Any, loss: Callable[..., Any], fixed: Sizes | None, weights: Arrays, biases: Arrays, x: Array, y: Array
) -> Any:
    torch, sizes = _torch(), _sizes_of(weights)
    if fixed is None:
        # The values that a new module draws are never used, and are no business of the user's generator.
        with torch.random.fork_rng(devices=[]):
            module = module(sizes)
    own = _layers(module)
    _expect(_sizes_of(own[0]), sizes)
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


def _needed(library: str, adapter: str, command: str) -> Any:
    try:
        return import_module(library)
    except ModuleNotFoundError as error:
        message = f"minibp.adapters.{adapter} needs {error.name}, which is not installed: {command}"
        raise ModuleNotFoundError(message, name=error.name) from None


_torch = partial(_needed, "torch", "torch_module", "pip install torch")


def _kinds(answer: Any) -> tuple[list[Array], list[Array]] | None:
    """The answer as two lists of arrays; None where it is something else."""
    try:
        nabla_w, nabla_b = ([np.asarray(array) for array in kind] for kind in answer)
    except (TypeError, ValueError):
        return None
    return nabla_w, nabla_b


def _sizes_of(weights: Sequence[Any]) -> Sizes:
    """(n_1, …, n_L)."""
    return int(weights[0].shape[1]), *(int(w.shape[0]) for w in weights)


def _counts(name: str, given: Sequence[int]) -> tuple[int, ...]:
    return tuple(checked_count(f"{name}[{i}]", n) for i, n in enumerate(given))


def _expect(own: Sizes, asked: Sizes) -> None:
    if own != asked:
        raise InputError(f"the network's sizes are {asked}, the code is for {own}")


def _name(f: Any) -> str:
    while isinstance(f, partial):
        f = f.func
    return str(getattr(f, "__name__", type(f).__name__))
