"""`gradcheck` and `gradgradcheck` with the signatures of PyTorch's: an import line changes, and the check is minibp's.

from minibp.torch import gradcheck, gradgradcheck
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache, partial
from importlib import import_module
from typing import Any

from minibp.adapters.subject import needed
from minibp.adapters.torch_functions import name_of_function
from minibp.adapters.torch_inputs import Inputs, is_moved, names_of_inputs
from minibp.check.grad.public import check_jvp, check_vjp
from minibp.check.report.finding import Finding
from minibp.check.report.report import GradientMismatch, Report
from minibp.user_error import description_of

_torch = partial(needed, "torch", "torch", "pip install torch")

EXACT = 1024.0
"""Two backward passes that do the same sums in another order agree to so many units in the last place."""


@cache
def mismatch() -> Any:
    """The class of the error: a `GradientMismatch` that is a `GradcheckError` of PyTorch too."""
    _torch()
    # The attribute torch.autograd.gradcheck is the function.
    error: Any = import_module("torch.autograd.gradcheck").GradcheckError

    class GradcheckMismatch(GradientMismatch, error):  # type: ignore[misc]
        """A gradient that its check did not find correct; it carries the report."""

    return GradcheckMismatch


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
    seed: int = 0,
) -> bool:
    """Check the gradients that PyTorch takes of a function: `torch.autograd.gradcheck`, decided as `check_vjp` does.

    Parameters
    ----------
    func : callable
        A function of tensors that returns a tensor, or a tuple of tensors.
    inputs : tensor or tuple
        Its arguments. Tensors that require a gradient, of float64, float32 or complex numbers, are checked by.
    eps, atol, rtol : float, optional
        Accepted, and not needed.
    raise_exception : bool, optional
        Raise an error for any verdict but "correct". Default True.
    nondet_tol : float, optional
        Accepted: what two calls with the same inputs may differ by is measured.
    check_undefined_grad : bool, optional
        Check that gradients are right where some results have none of their own. Default True.
    check_grad_dtypes : bool, optional
        Accepted: dtypes are always checked.
    check_batched_grad, check_batched_forward_grad : bool, optional
        Check that gradients, or tangents, under `torch.vmap` are those of a loop. Default False.
    check_forward_ad, check_backward_ad : bool, optional
        Check forward mode, reverse mode. Default: reverse mode alone.
    fast_mode : bool, optional
        Accepted: large inputs are always checked by random directions.
    masked : bool, optional
        Whether of sparse inputs the entries that are stored alone are arguments. Default None: all entries are.
    seed : int, optional
        Of minibp: chooses directions and steps. Default 0, so that a test is the same each time.

    Returns
    -------
    bool
        Whether the verdict is "correct".

    Raises
    ------
    GradientMismatch
        Where it is not, and `raise_exception` is true: a `torch.autograd.gradcheck.GradcheckError` that carries the
        report.
    ValueError
        Where no input requires a gradient.

    Examples
    --------
    >>> import torch  # doctest: +SKIP
    >>> from minibp.torch import gradcheck
    >>> gradcheck(torch.tanh, torch.ones(2, dtype=torch.float64, requires_grad=True))  # doctest: +SKIP
    True
    """
    __tracebackhide__ = True
    _expect_modes("check_forward_ad", check_forward_ad, "check_backward_ad", check_backward_ad)
    for option, asked, mode, has in (
        ("check_batched_grad", check_batched_grad, "check_backward_ad", check_backward_ad),
        ("check_batched_forward_grad", check_batched_forward_grad, "check_forward_ad", check_forward_ad),
    ):
        if asked and not has:
            raise ValueError(f"{option} is true, expected {mode}=True with it")
    given = Inputs(func, inputs, masked=bool(masked))
    try:
        hold(given, seed, forward=check_forward_ad, backward=check_backward_ad)
        if check_backward_ad and check_undefined_grad:
            hold_undefined(given)
        for forward in [False] * check_batched_grad + [True] * check_batched_forward_grad:
            hold_batched(given, seed, forward=forward)
    except mismatch():
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
    seed: int = 0,
) -> bool:
    """Check gradients of gradients, by the inputs and by what comes from above: `torch.autograd.gradgradcheck`.

    Parameters
    ----------
    func : callable
        A function of tensors that returns a tensor, or a tuple of tensors.
    inputs : tensor or tuple
        Its arguments. Tensors that require a gradient, of float64, float32 or complex numbers, are checked by.
    grad_outputs : tensor or tuple, optional
        What comes from above, one tensor for each result. Default None: random numbers.
    eps, atol, rtol : float, optional
        Accepted, and not needed.
    gen_non_contig_grad_outputs : bool, optional
        Store the random `grad_outputs` with gaps. Default False.
    raise_exception : bool, optional
        Raise an error for any verdict but "correct". Default True.
    nondet_tol, check_undefined_grad, check_grad_dtypes, check_batched_grad, fast_mode, masked : optional
        As of `gradcheck`.
    check_fwd_over_rev, check_rev_over_rev : bool, optional
        Check forward mode over reverse mode, and reverse mode over itself. Default: the latter.
    seed : int, optional
        Of minibp: chooses directions, steps and `grad_outputs`. Default 0.

    Returns
    -------
    bool
        Whether the verdict is "correct".

    Raises
    ------
    GradientMismatch
        Where it is not, and `raise_exception` is true: a `torch.autograd.gradcheck.GradcheckError` that carries the
        report.
    ValueError
        Where no input requires a gradient.

    Examples
    --------
    >>> import torch  # doctest: +SKIP
    >>> from minibp.torch import gradgradcheck
    >>> gradgradcheck(torch.tanh, torch.ones(2, dtype=torch.float64, requires_grad=True))  # doctest: +SKIP
    True
    """
    torch = _torch()
    __tracebackhide__ = True
    _expect_modes("check_fwd_over_rev", check_fwd_over_rev, "check_rev_over_rev", check_rev_over_rev)
    given = inputs if isinstance(inputs, tuple) else (inputs,)
    above = _grad_outputs(func, given, grad_outputs, seed, gaps=gen_non_contig_grad_outputs)

    def gradients(*args: Any) -> Any:
        point, cotangents = args[: len(given)], args[len(given) :]
        moved = [one for one in point if is_moved(one)]
        found = torch.autograd.grad(
            _differentiable(func(*point)), moved, cotangents, create_graph=True, allow_unused=True
        )
        return tuple(gradient for gradient in found if gradient is not None)

    gradients.__name__ = f"the gradient of {name_of_function(func)}"
    own = names_of_inputs(func)[: len(given)]
    if len(own) == len(given):
        kind = inspect.Parameter.POSITIONAL_ONLY
        names = [*own, *(f"grad_output{i if len(above) > 1 else ''}" for i in range(len(above)))]
        gradients.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [inspect.Parameter(name, kind) for name in names]
        )
    return gradcheck(
        gradients,
        (*given, *above),
        raise_exception=raise_exception,
        check_undefined_grad=check_undefined_grad,
        check_batched_grad=check_batched_grad,
        check_forward_ad=check_fwd_over_rev,
        check_backward_ad=check_rev_over_rev,
        masked=masked,
        seed=seed,
    )


def _expect_modes(first: str, has_first: bool, second: str, has_second: bool) -> None:
    if not (has_first or has_second):
        raise ValueError(f"neither {first} nor {second} is true, expected one of them")


def _grad_outputs(func: Callable[..., Any], inputs: tuple[Any, ...], given: Any, seed: int, *, gaps: bool) -> list[Any]:
    """What comes from above, requiring gradients."""
    torch = _torch()
    if given is not None:
        return [one.detach().requires_grad_() for one in (given if isinstance(given, tuple | list) else (given,))]
    generator = torch.Generator().manual_seed(seed)
    found = []
    for result in _differentiable(func(*inputs)):
        drawn = torch.randn(result.shape, dtype=result.dtype, generator=generator).to(result.device)
        if gaps:
            drawn = torch.stack([drawn, drawn], dim=-1)[..., 0]
        found.append(drawn.detach().requires_grad_())
    return found


def _tensors(results: Any) -> tuple[Any, ...]:
    """The results that are tensors."""
    each = results if isinstance(results, tuple | list) else (results,)
    return tuple(result for result in each if isinstance(result, _torch().Tensor))


def _differentiable(results: Any) -> list[Any]:
    """The results that need a gradient."""
    return [result for result in _tensors(results) if result.requires_grad]


def hold(given: Inputs, seed: int, *, forward: bool, backward: bool) -> None:
    """Raise where the derivatives of a mode that is asked for are not correct."""
    point = tuple(given.arrays) if len(given.arrays) > 1 else given.arrays[0]
    made, reports = given.made, []
    if backward:
        reports.append(check_vjp(made.f, made.vjp, point, seed=seed, raise_on_mismatch=False))
    if forward:
        reports.append(check_jvp(made.f, made.jvp, point, seed=seed, raise_on_mismatch=False))
    for report in reports:
        if report.verdict != "correct":
            raise mismatch()(report)


def hold_undefined(given: Inputs) -> None:
    """Raise where gradients are others when a result has no cotangent than when it has one of zeros."""
    torch = _torch()
    moved = given.tensors()
    results = _differentiable(given.func(*given.filled(moved)))
    for i in range(len(results) if len(results) > 1 else 0):
        c = [torch.ones_like(result) if k == i else torch.zeros_like(result) for k, result in enumerate(results)]
        expected = torch.autograd.grad(results, moved, c, allow_unused=True, retain_graph=True)
        what = f"where only result {i} has a gradient"
        try:
            alone = torch.autograd.grad(results[i], moved, c[i], allow_unused=True, retain_graph=True)
        except Exception as error:
            raise _broken(given, f"backward raised {description_of(error)}, {what}") from error
        for place, got, zeros in zip(given.places, alone, expected, strict=True):
            if not _agree(got, zeros):
                message = f"the gradient by input {place} is another {what} than where the others have zeros"
                raise _broken(given, message)


def hold_batched(given: Inputs, seed: int, *, forward: bool) -> None:
    """Raise where gradients, or tangents, are others under `torch.vmap` than one by one."""
    torch = _torch()
    generator = torch.Generator().manual_seed(seed)
    moved = given.tensors()
    results = _differentiable(given.func(*given.filled(moved)))

    def pulled_back(*c: Any) -> Any:
        found = torch.autograd.grad(results, moved, c, allow_unused=True, retain_graph=True)
        return tuple(torch.zeros_like(m) if g is None else g for m, g in zip(moved, found, strict=True))

    def tangents(*v: Any) -> Any:
        primals = tuple(m.detach() for m in moved)
        return torch.func.jvp(lambda *x: _tensors(given.func(*given.filled(x))), primals, v)[1]

    what, run, like = ("tangents", tangents, moved) if forward else ("gradients", pulled_back, results)
    c = [torch.randn((2, *one.shape), dtype=one.dtype, generator=generator).to(one.device) for one in like]
    single = [run(*(part[k] for part in c)) for k in range(2)]
    try:
        batched = torch.vmap(run)(*c)
    except Exception as error:
        raise _broken(given, f"{what} under torch.vmap: {description_of(error)}") from error
    for k in range(2):
        if not all(_agree(part[k], one) for part, one in zip(batched, single[k], strict=True)):
            raise _broken(given, f"{what} under torch.vmap are others than one by one")


def _broken(given: Inputs, message: str) -> GradientMismatch:
    """The error of a backward pass that breaks its contract."""
    finding = Finding(None, None, "vjp", subject=name_of_function(given.func), message=message)
    return mismatch()(
        Report(
            verdict="wrong",
            findings=(finding,),
            counterexample=None,
            seed=0,
            seconds=0.0,
            networks=0,
            entries=sum(array.size for array in given.arrays),
            skipped={},
            statistics={},
        )
    )


def _agree(got: Any, expected: Any) -> bool:
    """True where two gradients are the same but for the order of their sums; None counts as 0."""
    torch = _torch()
    if got is None or expected is None:
        other = expected if got is None else got
        return other is None or not bool(other.any())
    unit = torch.finfo(expected.dtype).eps
    limit = EXACT * unit * float(expected.abs().max()) if expected.numel() else 0.0
    return bool(((got - expected).abs() <= limit).all())
