"""Functions on tensors of PyTorch as functions on NumPy arrays, with the derivatives that PyTorch takes of them."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from minibp.adapters.subject import needed
from minibp.adapters.with_vjp import Differentiable, coarse_dtype
from minibp.arrays import InputError, checked_count
from minibp.signatures import name_of_code
from minibp.trees import leaves_of, with_leaves

_torch = partial(needed, "torch", "adapters.torch_function", "pip install torch")
BY_NAME = "parameters"
"""What the first argument of a module is called, in messages too."""


def torch_function(
    fn: Callable[..., Any], *, device: Any = None, seed: int | None = None, arithmetic: str | None = None
) -> Differentiable:
    """A function on tensors as one on NumPy arrays, with the derivatives that PyTorch's autograd takes of it.

    Parameters
    ----------
    fn : callable
        A function on tensors, `apply` of an autograd.Function, or a torch.nn.Module, in the mode that it is in. It
        takes and returns tensors, or tuples, lists, dicts and dataclasses of them, nested.
    device : str or torch.device, optional
        Where it computes. Default None: where the parameters of the module are, or else on the CPU.
    seed : int, optional
        Seeds PyTorch's generator at every call, so that random masks, of dropout say, stay the same. Default None: it
        is left alone, and a function that draws numbers is said to be random.
    arithmetic : str, optional
        "bfloat16", "float16" or "float32": what derivatives are computed in, from arguments that are rounded to it. f
        is computed as its arguments are. Give the check the same. Default None: as the arguments are.

    Returns
    -------
    Differentiable
        The pair (f, vjp) for `minibp.check_vjp`, with `jvp` and `grad` for the other checks. Of a module f takes its
        parameters first, a dict by name, whose values now are `.parameters`, and then what the module takes.

    Raises
    ------
    InputError
        Where `fn` is no function, or no device or arithmetic has this name.
    ModuleNotFoundError
        Where PyTorch is not installed.

    Notes
    -----
    Arrays become tensors of their own dtypes, on the same memory on the CPU, so that a check sees what is changed in
    place; cotangents keep their strides. Where autograd gives no gradient, it is 0. Results that are marked as not
    differentiable, and those of integers, are left out: None is in their place. Buffers of a module are copied for each
    call, and its floating-point ones follow the dtype of the parameters.

    Examples
    --------
    >>> import torch  # doctest: +SKIP
    >>> import minibp
    >>> layer = minibp.adapters.torch_function(torch.nn.Linear(3, 2).double())  # doctest: +SKIP
    >>> point = layer.parameters, torch.ones(4, 3).double().numpy()  # doctest: +SKIP
    >>> minibp.check_vjp(*layer, point, seed=1).verdict  # doctest: +SKIP
    'correct'
    """
    torch = _torch()
    if not callable(fn):
        raise InputError(f"fn is a {type(fn).__name__}, expected a function on tensors or a torch.nn.Module")
    if seed is not None:
        seed = checked_count("seed", seed, least=0)
    module = fn if isinstance(fn, torch.nn.Module) else None
    own = dict(module.named_parameters()) if module is not None else {}
    called = _Called(fn, module, _device(device, own), seed, coarse_dtype(arithmetic))
    parameters = {name: _array(parameter.detach().clone()) for name, parameter in own.items()}
    return Differentiable.of(called.f(), called.vjp, called.jvp, parameters)


def _device(given: Any, parameters: dict[str, Any]) -> Any:
    torch = _torch()
    if given is None:
        return next(iter(parameters.values())).device if parameters else torch.device("cpu")
    try:
        device = torch.device(given)
        torch.empty(0, device=device)
    except Exception as error:
        raise InputError(f"device is {given!r}, which PyTorch has not here: {str(error).partition('. ')[0]}") from error
    return device


def traced_forward(fn: Callable[..., Any], device: Any) -> Differentiable:
    """As `torch_function`, but in forward mode tensors require no gradient, as in PyTorch's own checks."""
    called = _Called(fn, None, device, None, None)
    called.tracked = False
    return Differentiable.of(called.f(), called.vjp, called.jvp)


NODES = 10_000
"""So many nodes of a graph at most are looked at."""
SMALL = 2**15
"""Arguments of so many numbers are no work for several threads, which wait for each other: PyTorch's own grain size."""


class _Called:
    """One function, called with arrays in the ways that checks do."""

    def __init__(self, fn: Callable[..., Any], module: Any, device: Any, seed: int | None, coarse: str | None) -> None:
        self.torch = _torch()
        self.coarse = getattr(self.torch, coarse) if coarse else None
        """What derivatives are computed in, where it is not the dtype of the arguments."""
        self.fn, self.module, self.device, self.seed = fn, module, device, seed
        self.tracked = True
        """Whether tensors require a gradient in forward mode, for functions that take gradients inside."""
        self.left_out: list[bool] | None = None
        """Which results have no derivative."""
        self.changed: tuple[str, ...] | None = None
        """What functions of the user's own keep for their backward passes, and was changed in place since."""

    def f(self) -> Callable[..., Any]:
        """The function, with the name of the code and the names of its arguments."""

        def f(*args: Any) -> Any:
            return self.value(*args)

        f.__name__ = f.__qualname__ = name_of_function(self.fn)
        f.__signature__ = signature_of(self.fn)  # type: ignore[attr-defined]
        f.minibp_notes = self.notes  # type: ignore[attr-defined]
        return f

    # -- what a check calls

    def value(self, *args: Any) -> Any:
        """The results as arrays."""
        with self._calling(args), self.torch.enable_grad():  # a function may take gradients inside
            results = self._run(self._leaves(args)[0], args)
        leaves = list(leaves_of(results))
        if self.left_out is None:
            self.left_out = self._without_gradient(leaves)
        is_out = self.left_out if len(self.left_out) == len(leaves) else [False] * len(leaves)
        arrays = [
            None if out else _array(leaf) if isinstance(leaf, self.torch.Tensor) else leaf
            for leaf, out in zip(leaves, is_out, strict=True)
        ]
        return with_leaves(results, arrays)

    def vjp(self, *given: Any) -> Any:
        """The gradients by the arguments, for the cotangent that comes last."""
        *args, cotangent = given
        with self._calling(args), self.torch.enable_grad():
            tensors, moved = self._leaves(args)
            results = list(leaves_of(self._run([self._cast(tensor) for tensor in tensors], args)))
            if self.changed is None:
                self.changed = _changed_in_place(result for result in results if self._has_gradient(result))
            pairs = [
                (result, self._tensor(c).to(result.dtype).reshape(result.shape) if self._is_recast(c, result) else c)
                for result, c in zip(results, self._cotangents(cotangent, results), strict=True)
                if self._has_gradient(result) and c is not None
            ]
            found = self._gradients(pairs, moved)
        return self._structured(args, tensors, found)

    def jvp(self, args: Any, tangents: Any) -> Any:
        """The tangents of the results."""
        several = isinstance(args, tuple) and not hasattr(args, "_fields")
        args, tangents = (args, tangents) if several else ((args,), (tangents,))
        forward = self.torch.autograd.forward_ad
        with self._calling(args), self.torch.enable_grad(), forward.dual_level():
            given = [t if self.tracked or not self._is_moved(t) else t.detach() for t in self._leaves(args)[0]]
            tensors = [
                forward.make_dual(t, self._tensor(v).to(t.dtype)) if self._is_moved(t) and v is not None else t
                for t, v in zip(given, _beside(args, tangents), strict=True)
            ]
            results = self._run([self._cast(tensor) for tensor in tensors], args)
            return with_leaves(results, [self._tangent(result) for result in leaves_of(results)])

    def notes(self, *, off: bool) -> tuple[str, ...]:
        """What reports should say of how it was called and, where gradients are off, of what may be why."""
        said = list(self.changed or ()) if off else []
        count = sum(self.left_out or ())
        if count:
            one = count == 1
            said.append(
                f"{count} {'result has' if one else 'results have'} no gradient in PyTorch, and"
                f" {'is' if one else 'are'} not checked"
            )
        if self.device.type != "cpu":  # pragma: no cover -- there may be no other device
            said.append(f"computed on {self.device}{self._tensor_cores()}")
        if self.seed is not None:
            said.append(f"PyTorch's generator is seeded with {self.seed} at every call")
        return tuple(said)

    # -- how

    @contextmanager
    def _calling(self, args: Any) -> Iterator[None]:
        """Within, PyTorch does not warn of arrays that cannot be written to, and uses one thread for small ones.

        Its generator and its number of threads are as they were afterwards.
        """
        threads = self.torch.get_num_threads()
        small = sum(leaf.size for leaf in leaves_of(args) if isinstance(leaf, np.ndarray)) <= SMALL
        with warnings.catch_warnings(), self.torch.random.fork_rng(enabled=self.seed is not None):
            warnings.filterwarnings("ignore", "The given NumPy array is not writ")
            try:
                if small:
                    self.torch.set_num_threads(1)
                yield
            finally:
                self.torch.set_num_threads(threads)

    def _run(self, tensors: Sequence[Any], args: Any) -> Any:
        if self.seed is not None:
            self.torch.manual_seed(self.seed)
        given = with_leaves(tuple(args), tensors)
        if self.module is None:
            return self.fn(*given)
        if not given or not isinstance(given[0], dict):
            raise InputError(f"{name_of_function(self.fn)} is a module, expected its {BY_NAME} first, a dict by name")
        parameters, *rest = given
        buffers = dict(self.module.named_buffers())
        dtype = next((p.dtype for p in parameters.values() if p.is_floating_point() or p.is_complex()), None)
        copies = {
            name: buffer.to(self.device, dtype if buffer.is_floating_point() and dtype else buffer.dtype, copy=True)
            for name, buffer in buffers.items()
        }
        return self.torch.func.functional_call(self.module, {**parameters, **copies}, tuple(rest))

    def _leaves(self, args: Any) -> tuple[list[Any], list[Any]]:
        """The arguments as tensors, and those of them that have gradients."""
        tensors = [self._tensor(leaf) for leaf in leaves_of(args)]
        moved = [tensor.requires_grad_() for tensor in tensors if self._is_moved(tensor)]
        return tensors, moved

    def _tensor(self, leaf: Any) -> Any:
        if isinstance(leaf, np.ndarray | np.generic) and leaf.dtype.kind in "fciub":
            array = np.asarray(leaf)
            is_reversed = any(stride < 0 for stride in array.strides)
            return self.torch.from_numpy(array.copy() if is_reversed else array).to(self.device)
        return leaf

    def _cast(self, value: Any) -> Any:
        """A tensor in the arithmetic that derivatives are computed in."""
        return value.to(self.coarse) if self.coarse and self._is_moved(value) else value

    def _is_moved(self, value: Any) -> bool:
        return isinstance(value, self.torch.Tensor) and (value.is_floating_point() or value.is_complex())

    def _has_gradient(self, result: Any) -> bool:
        return isinstance(result, self.torch.Tensor) and bool(result.requires_grad)

    def _without_gradient(self, results: list[Any]) -> list[bool]:
        """True of results that need no gradient; where none does, all are compared, with gradients of 0."""
        needs = [self._has_gradient(result) for result in results]
        return [any(needs) and self._is_moved(one) and not need for one, need in zip(results, needs, strict=True)]

    def _cotangents(self, cotangent: Any, results: list[Any]) -> list[Any]:
        parts = [self._tensor(part) if part is not None else None for part in leaves_of(cotangent)]
        if len(parts) != len(results):
            raise InputError(f"the cotangent has {len(parts)} parts, expected {len(results)}, as the result has")
        return [
            self.torch.as_tensor(part, dtype=result.dtype) if isinstance(part, float | int | complex) else part
            for part, result in zip(parts, results, strict=True)
        ]

    @staticmethod
    def _is_recast(c: Any, result: Any) -> bool:
        return bool(c.dtype != result.dtype or c.shape != result.shape)

    def _gradients(self, pairs: list[tuple[Any, Any]], moved: list[Any]) -> list[Any]:
        if not pairs:
            return [self.torch.zeros_like(tensor) for tensor in moved]
        results, cotangents = zip(*pairs, strict=True)
        found = self.torch.autograd.grad(results, moved, cotangents, allow_unused=True)
        return [self.torch.zeros_like(t) if g is None else g for t, g in zip(moved, found, strict=True)]

    def _tangent(self, result: Any) -> Any:
        """The tangent of a result, 0 of integers, None of what is no number."""
        if not isinstance(result, self.torch.Tensor):
            return 0.0 if isinstance(result, int | float | complex) else None
        if not self._is_moved(result):
            return np.zeros(tuple(result.shape))
        tangent = self.torch.autograd.forward_ad.unpack_dual(result).tangent
        return _array(self.torch.zeros_like(result) if tangent is None else tangent)

    def _structured(self, args: Any, tensors: list[Any], found: list[Any]) -> Any:
        parts = iter(found)
        leaves = [_array(next(parts)) if self._is_moved(tensor) else None for tensor in tensors]
        gradients = with_leaves(tuple(args), leaves)
        return gradients if len(gradients) > 1 else gradients[0]

    def _tensor_cores(self) -> str:  # pragma: no cover -- needs such a device
        """What PyTorch is set to, where products of matrices may be less exact than their dtype."""
        if self.device.type != "cuda":
            return ""
        cuda = self.torch.backends.cuda.matmul.allow_tf32, self.torch.backends.cudnn.allow_tf32
        return f", TF32 {'on' if cuda[0] else 'off'} for products and {'on' if cuda[1] else 'off'} for convolutions"


def name_of_function(fn: Any) -> str:
    """The name of a function in reports; `apply` has that of its autograd.Function with it."""
    owner: Any = getattr(fn, "__self__", None)
    return f"{owner.__name__}.{fn.__name__}" if _is_rule(owner) else name_of_code(fn)


def _is_rule(owner: Any) -> bool:
    """True of an autograd.Function."""
    return inspect.isclass(owner) and issubclass(owner, _torch().autograd.Function)


def signature_of(fn: Any) -> inspect.Signature:
    """The positional arguments of a function; those of a module come after its parameters."""
    module = fn if isinstance(fn, _torch().nn.Module) else None
    owner = getattr(fn, "__self__", None)
    of_rule = _is_rule(owner)
    code = module.forward if module is not None else owner.forward if of_rule else fn  # type: ignore[union-attr]
    try:
        own = list(inspect.signature(code).parameters.values())
    except (TypeError, ValueError):
        own = [inspect.Parameter("args", inspect.Parameter.VAR_POSITIONAL)]
    if of_rule and owner.setup_context is _torch().autograd.Function.setup_context:  # type: ignore[union-attr]
        own = own[1:]  # without ctx
    first = [inspect.Parameter(BY_NAME, inspect.Parameter.POSITIONAL_ONLY)] if module is not None else []
    kinds = inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD
    named = [one.replace(kind=inspect.Parameter.POSITIONAL_ONLY) for one in own if one.kind in kinds]
    rest = [one for one in own if one.kind is inspect.Parameter.VAR_POSITIONAL]
    names = [one.name for one in (*first, *named, *rest)]
    return inspect.Signature([*first, *named, *rest] if len(set(names)) == len(names) else rest)


def _changed_in_place(results: Iterable[Any]) -> tuple[str, ...]:
    """The tensors that functions of the user's own keep in ctx, and that were changed in place after that.

    PyTorch itself sees that of what is kept by save_for_backward.
    """
    said: list[str] = []
    seen: set[Any] = set()
    nodes = [result.grad_fn for result in results]
    while nodes and len(seen) < NODES:
        node = nodes.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        nodes += [following for following, _ in node.next_functions]
        for name, kept in getattr(node, "__dict__", {}).items():
            if isinstance(kept, _torch().Tensor) and kept._version:  # noqa: SLF001 -- it has no public name
                owner = node.name().removesuffix("Backward")
                said.append(f"{owner} keeps {name}, which was changed in place after it was computed")
    return tuple(said)


def _beside(args: Any, tangents: Any) -> list[Any]:
    """The tangents of the leaves of the arguments, None of those without one."""
    if tangents is None:
        return [None for _ in leaves_of(args)]
    parts = list(leaves_of(tangents))
    if len(parts) != len(list(leaves_of(args))):
        raise InputError("the tangents are structured in another way than the arguments")
    return parts


def _array(tensor: Any) -> Any:
    """A tensor as a NumPy array, from wherever it is; NumPy has no bfloat16, which stays a tensor on the CPU."""
    plain = tensor.detach().cpu()
    plain = plain.dequantize() if plain.is_quantized else plain
    plain = plain.to_dense() if plain.layout is not _torch().strided else plain
    plain = plain.to(_torch().complex64) if plain.dtype is _torch().complex32 else plain
    plain = plain.resolve_conj().resolve_neg()
    # By force, since a gradient that is 0 may be a tensor without memory.
    return plain if plain.dtype is _torch().bfloat16 else plain.numpy(force=True)
