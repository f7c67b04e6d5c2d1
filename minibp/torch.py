"""`gradcheck` and `gradgradcheck` with the signatures of PyTorch's: an import line changes, and the check is minibp's.

from minibp.torch import gradcheck, gradgradcheck
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache, partial
from importlib import import_module
from typing import Any

from minibp.adapters.drop_in import OptionError, own_errors
from minibp.adapters.subject import needed
from minibp.adapters.torch_functions import name_of_function
from minibp.adapters.torch_inputs import Inputs, in_a_tuple, is_moved, names_of_inputs
from minibp.adapters.torch_results import (
    agree,
    differentiable,
    layout_of,
    tangents_along,
    tangents_as_a_batch,
    without_gradient,
)
from minibp.arrays import InputError
from minibp.check.grad.public import check_jvp, check_vjp
from minibp.check.report.finding import Finding
from minibp.check.report.report import GradientMismatch, Report
from minibp.trees import leaves_of
from minibp.user_error import description_of

_torch = partial(needed, "torch", "torch", "pip install torch")


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
    _expect_with("check_batched_grad", check_batched_grad, "check_backward_ad", check_backward_ad)
    _expect_with("check_batched_forward_grad", check_batched_forward_grad, "check_forward_ad", check_forward_ad)
    given = Inputs(func, inputs, masked=bool(masked))
    if check_forward_ad and any(given.inputs[i].is_mkldnn for i in given.required):
        raise InputError("check_forward_ad is true, expected no inputs of MKLDNN, which have no tangents")
    try:
        if check_backward_ad:
            hold_layouts(given)
        with own_errors():
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
    _expect_with("check_batched_grad", check_batched_grad, "check_rev_over_rev", check_rev_over_rev)
    given = in_a_tuple(inputs)
    if not any(map(is_moved, given)):
        raise InputError("no input requires a gradient, expected at least one tensor with requires_grad=True")
    required = [i for i, one in enumerate(given) if is_moved(one)]
    above = _grad_outputs(func, given, grad_outputs, seed, gaps=gen_non_contig_grad_outputs)

    def gradients(*args: Any) -> Any:
        point, cotangents = args[: len(given)], args[len(given) :]
        moved = [point[i].requires_grad_() for i in required]  # in forward mode they come without
        found = torch.autograd.grad(
            differentiable(func(*point)), moved, cotangents, create_graph=True, allow_unused=True
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
        raise OptionError(f"neither {first} nor {second} is true, expected one of them")


def _expect_with(option: str, asked: bool, mode: str, has_mode: bool) -> None:
    if asked and not has_mode:
        raise OptionError(f"{option} is true, expected {mode}=True with it")


def _grad_outputs(func: Callable[..., Any], inputs: tuple[Any, ...], given: Any, seed: int, *, gaps: bool) -> list[Any]:
    """What comes from above, requiring gradients."""
    torch = _torch()
    if given is not None:
        return [one.detach().requires_grad_() for one in (given if isinstance(given, tuple | list) else (given,))]
    generator = torch.Generator().manual_seed(seed)
    found = []
    results = differentiable(func(*inputs))
    if not results:
        raise InputError("no result requires a gradient, expected at least one that has a gradient of its own")
    for result in results:
        drawn = torch.randn(result.shape, dtype=result.dtype, generator=generator).to(result.device)
        if gaps:
            drawn = torch.stack([drawn, drawn], dim=-1)[..., 0]
        found.append(drawn.detach().requires_grad_())
    return found


def hold(given: Inputs, seed: int, *, forward: bool, backward: bool) -> None:
    """Raise where the derivatives of a mode that is asked for are not correct.

    Where no input, or no result, has an entry, there is none.
    """
    torch = _torch()
    if not given.arrays or all(
        isinstance(leaf, torch.Tensor) and not leaf.numel()
        for leaf in leaves_of(given.func(*given.filled(given.tensors())))
    ):
        return
    point = tuple(given.arrays) if len(given.arrays) > 1 else given.arrays[0]
    made, reports = given.made, []
    if backward:
        reports.append(check_vjp(made.f, made.vjp, point, seed=seed, raise_on_mismatch=False))
    if forward:
        reports.append(check_jvp(made.f, made.jvp, point, seed=seed, raise_on_mismatch=False))
    for report in reports:
        if report.verdict != "correct":
            raise mismatch()(report)


def hold_layouts(given: Inputs) -> None:
    """Raise where a gradient is sparse, and its input is not, or in another way."""
    torch = _torch()
    required = given.as_given()
    results = differentiable(given.func(*given.beside(required)))
    if not results or any(result.layout is not torch.strided for result in results):
        return
    found = torch.autograd.grad(results, required, [torch.zeros_like(one) for one in results], allow_unused=True)
    for place, got, own in zip(given.required, found, required, strict=True):
        if got is not None and got.layout is not torch.strided and layout_of(got) != layout_of(own):
            message = f"the gradient by input {place} is {layout_of(got)}, expected torch.strided or {layout_of(own)}"
            raise _broken(given, message)


def hold_undefined(given: Inputs) -> None:
    """Raise where gradients are others when some results, or all, have no cotangent than when they have zeros."""
    torch = _torch()
    required = given.as_given()
    given_back = differentiable(given.func(*given.beside(required)))
    results = [one if one.layout is torch.strided else one.to_dense() for one in given_back]
    count = len(results)
    everything = set(range(count))
    patterns = {f"only result {i} has a gradient": {i} for i in range(count if count > 1 else 0)}
    if count > 2:
        patterns |= {f"result {i} alone has no gradient": everything - {i} for i in range(count)}
    patterns["no result has a gradient"] = set()
    for what, having in patterns.items() if count else ():
        c = [torch.ones_like(one) if k in having else torch.zeros_like(one) for k, one in enumerate(results)]
        expected = torch.autograd.grad(results, required, c, allow_unused=True, retain_graph=True)
        some = [one if k in having else without_gradient()(one) for k, one in enumerate(results)]
        try:
            alone = torch.autograd.grad(some, required, c, allow_unused=True, retain_graph=True)
        except Exception as error:
            raise _broken(given, f"backward raised {description_of(error)}, where {what}") from error
        for place, got, zeros in zip(given.required, alone, expected, strict=True):
            if not agree(got, zeros):
                message = f"the gradient by input {place} is another where {what} than where the others have zeros"
                raise _broken(given, message)


def hold_batched(given: Inputs, seed: int, *, forward: bool) -> None:
    """Raise where gradients, or tangents, are others as a batch, under vmap, than one by one."""
    torch = _torch()
    generator = torch.Generator().manual_seed(seed)
    moved = given.tensors()
    results = differentiable(given.func(*given.filled(moved)))
    like = moved if forward else results
    if not results or not like:
        return
    c = [torch.randn((2, *one.shape), dtype=one.dtype, generator=generator).to(one.device) for one in like]
    pairs = [tuple(part[k] for part in c) for k in range(2)]

    def pulled_back(*c: Any) -> Any:
        found = torch.autograd.grad(results, moved, c, allow_unused=True, retain_graph=True)
        return tuple(torch.zeros_like(m) if g is None else g for m, g in zip(moved, found, strict=True))

    if forward:
        what, single = "tangents", [tangents_along(given, moved, pair) for pair in pairs]
    else:
        what, single = "gradients", [pulled_back(*pair) for pair in pairs]
    try:
        batched = tangents_as_a_batch(given, moved, pairs) if forward else torch.vmap(pulled_back)(*c)
    except Exception as error:
        raise _broken(given, f"{what} under torch.vmap: {description_of(error)}") from error
    for k in range(2):
        if not all(agree(part[k], one) for part, one in zip(batched, single[k], strict=True)):
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
