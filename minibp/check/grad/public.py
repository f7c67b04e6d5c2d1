"""The checks of any function's derivatives, as users call them: equation (1) and what follows from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from minibp.check.grad.engine import CALLS
from minibp.check.grad.points import report_of
from minibp.check.grad.question import ORACLES, question_of
from minibp.check.report.report import Report


def check_grad(
    f: Callable[..., Any],
    grad: Any,
    x: Any = None,
    *,
    points: Any = None,
    examples: int | None = None,
    seed: int | None = None,
    raise_on_mismatch: bool = True,
    oracles: str | Sequence[str] = ORACLES,
    calls: int = CALLS,
    accuracy: float | None = None,
    wrt: str | int | Sequence[str | int] | None = None,
    arithmetic: str | None = None,
) -> Report:
    """Check the claimed gradient of a scalar function: equation (1), ∇_v C = ∇C · v.

    Parameters
    ----------
    f : callable
        f(x) returns a real number, or f(*x) where x is a tuple. It gets NumPy arrays, and may return arrays of JAX or
        PyTorch.
    grad : callable, array_like or structure of them
        grad(x) returns the gradient, structured like x and of its dtypes, or f's value and the gradient; or the
        gradient itself.
    x : array_like or structure of them
        The point. A tuple is taken as the arguments of f; an argument may be an array, a number, or a list, dict or
        dataclass of them, nested. float64, float32 and complex numbers are differentiated by; integers, booleans,
        text and None are passed on where there are others, and integers alone are taken as float64.
    points : strategy, optional
        A strategy of Hypothesis for x, in place of it; it may also be given as x. Default None: the one point.
    examples : int, optional
        Number of points to draw. Default None: 50 of a strategy.
    seed : int, optional
        Chooses directions, steps and points. Default None: a new one, which the report names.
    raise_on_mismatch : bool, optional
        Raise an error for any verdict but "correct". Default True.
    oracles : str or sequence of str, optional
        What may be asked: "jax", "complex_step", "finite_difference". Default: all, each where it can follow f.
    calls : int, optional
        How many calls of f a point is worth, at five an entry: so few do where f is smooth, and up to a hundred at
        kinks, at steps, and for an entry of 0; some hundred are made in any case. The report says how many were.
        Default 5000: every entry of up to 1000 is checked, of more the slopes along random signs, and what is off is
        searched for.
    accuracy : float, optional
        What f is good for, in its own units, where it is rounded or comes from an iteration that stops. Differences
        smaller than that count as noise. Default None: f is as accurate as its values look.
    wrt : str, int or sequence of them, optional
        Names or positions of the arguments whose derivatives are checked; the others are passed on. Default None: all.
    arithmetic : str, optional
        What the claim computes in, where that is coarser than its arrays: "float32", "tf32", "bfloat16" or "float16".
        The point is rounded to it, and its rounding is granted. Default None: as the dtypes say.

    Returns
    -------
    Report
        Its verdict is "correct"; "wrong"; "unstable", where the claim is right but for its own rounding, which is far
        greater than need be; or "undecided", with the reason. True as a truth value where it is "correct".

    Raises
    ------
    GradientMismatch
        Where the verdict is not "correct", unless `raise_on_mismatch` is False; it carries the report.
    InputError
        Where f or grad cannot be called at x, or what f returns is of no use; where x has nothing to
        differentiate by, NaN, or an array of another library than NumPy and JAX; and for keywords of no use.

    Notes
    -----
    Oracles are finite differences, the complex step where f takes complex numbers and is analytic near x, and JAX where
    it is installed and can trace f; of functions with a derivative rule of their author's own JAX differentiates the
    body. f is taken as it computes: of an iteration that stops early they give the slope of its result, unless
    `accuracy` says what it is good for. At a kink any value between the slopes nearby may be claimed.

    A gradient of another shape or dtype, or one that is not finite, differs between two calls or modifies x, is wrong.
    Where f is not finite at x, differs between two calls or modifies x, the verdict is "undecided". What calls differ
    by in the last digits, as sums in another order do, is measured and granted. A complex gradient is ∂/∂Re + i ∂/∂Im,
    as PyTorch has it; JAX's is its conjugate.

    Where x has an array or a number that is all 0, or all the same, terms may vanish there: a second point beside it is
    checked.

    References
    ----------
    W. Squire and G. Trapp, "Using complex variables to estimate derivatives of real functions", SIAM Review 40, 1998.
    J. J. Moré and S. M. Wild, "Estimating computational noise", SIAM J. Sci. Comput. 33, 2011: how far f may be off.
    F. H. Clarke, *Optimization and Nonsmooth Analysis*, Wiley 1983: the generalized gradient, at kinks.

    Examples
    --------
    >>> import numpy as np
    >>> import minibp
    >>> minibp.check_grad(lambda x: np.sin(x).sum(), np.cos, np.array([1.0, 2.0])).verdict
    'correct'
    """
    __tracebackhide__ = True  # of a test's failure pytest shows the test and the report
    question = question_of("grad", f, grad, oracles, calls, accuracy, wrt, arithmetic)
    return report_of(question, x, points, examples, seed, raise_on_mismatch)


def check_vjp(
    f: Callable[..., Any],
    vjp: Any,
    args: Any = None,
    *,
    points: Any = None,
    examples: int | None = None,
    seed: int | None = None,
    raise_on_mismatch: bool = True,
    oracles: str | Sequence[str] = ORACLES,
    calls: int = CALLS,
    accuracy: float | None = None,
    wrt: str | int | Sequence[str | int] | None = None,
    arithmetic: str | None = None,
) -> Report:
    """Check a vector-Jacobian product, the backward pass of a layer: cᵀJ, which holds (1) for C = cᵀf.

    Parameters
    ----------
    f : callable
        f(*args) returns an array, or a structure of arrays.
    vjp : callable
        vjp(*args, cotangent) returns the gradients by the arguments, a tuple where there are several. The cotangent is
        structured like the result of f.
    args : array_like or structure of them
        The point. A tuple is taken as the arguments of f; an argument may be an array, a number, or a list, dict or
        dataclass of them, nested. float64, float32 and complex numbers are differentiated by; integers, booleans,
        text and None are passed on where there are others, and integers alone are taken as float64.
    points : strategy, optional
        A strategy of Hypothesis for args, in place of it; it may also be given as args. Default None: the one point.
    examples : int, optional
        Number of points to draw. Default None: 50 of a strategy.
    seed : int, optional
        Chooses directions, steps and points. Default None: a new one, which the report names.
    raise_on_mismatch : bool, optional
        Raise an error for any verdict but "correct". Default True.
    oracles : str or sequence of str, optional
        What may be asked: "jax", "complex_step", "finite_difference". Default: all, each where it can follow f.
    calls : int, optional
        How many calls of f a point is worth, at five an entry: so few do where f is smooth, and up to a hundred at
        kinks, at steps, and for an entry of 0; some hundred are made in any case. The report says how many were.
        Default 5000: every entry of up to 1000 is checked, of more the slopes along random signs, and what is off is
        searched for.
    accuracy : float, optional
        What f is good for, in its own units, where it is rounded or comes from an iteration that stops. Differences
        smaller than that count as noise. Default None: f is as accurate as its values look.
    wrt : str, int or sequence of them, optional
        Names or positions of the arguments whose derivatives are checked; the others are passed on. Default None: all.
    arithmetic : str, optional
        What the claim computes in, where that is coarser than its arrays: "float32", "tf32", "bfloat16" or "float16".
        The point is rounded to it, and its rounding is granted. Default None: as the dtypes say.

    Returns
    -------
    Report
        Its verdict is "correct"; "wrong"; "unstable", where the claim is right but for its own rounding, which is far
        greater than need be; or "undecided", with the reason. True as a truth value where it is "correct".

    Raises
    ------
    GradientMismatch
        Where the verdict is not "correct", unless `raise_on_mismatch` is False; it carries the report.
    InputError
        Where f or vjp cannot be called at args, or what f returns is of no use; where args has nothing to
        differentiate by, NaN, or an array of another library than NumPy and JAX; and for keywords of no use.

    Notes
    -----
    All of `check_grad`'s notes hold. The contract of a backward pass is checked too: it is linear in the cotangent,
    gives the same after f was called at another point, leaves the cotangent as it is, and takes one that is expanded,
    strided or read-only. A wrong Jacobian is named where it has the form of a common mistake.

    Examples
    --------
    >>> import numpy as np
    >>> import minibp
    >>> minibp.check_vjp(np.tanh, lambda x, c: c * (1 - np.tanh(x) ** 2), np.array([0.5, -1.0])).verdict
    'correct'
    """
    __tracebackhide__ = True  # of a test's failure pytest shows the test and the report
    question = question_of("vjp", f, vjp, oracles, calls, accuracy, wrt, arithmetic)
    return report_of(question, args, points, examples, seed, raise_on_mismatch)


def check_jvp(
    f: Callable[..., Any],
    jvp: Any,
    args: Any = None,
    *,
    points: Any = None,
    examples: int | None = None,
    seed: int | None = None,
    raise_on_mismatch: bool = True,
    oracles: str | Sequence[str] = ORACLES,
    calls: int = CALLS,
    accuracy: float | None = None,
    wrt: str | int | Sequence[str | int] | None = None,
    arithmetic: str | None = None,
) -> Report:
    """Check a Jacobian-vector product, the forward mode: Jv, by (1) for each result.

    Parameters
    ----------
    f : callable
        f(*args) returns an array, or a structure of arrays.
    jvp : callable
        jvp(args, tangents) returns the tangent of the result; both are tuples where `args` is one.
    args : array_like or structure of them
        The point. A tuple is taken as the arguments of f; an argument may be an array, a number, or a list, dict or
        dataclass of them, nested. float64, float32 and complex numbers are differentiated by; integers, booleans,
        text and None are passed on where there are others, and integers alone are taken as float64.
    points : strategy, optional
        A strategy of Hypothesis for args, in place of it; it may also be given as args. Default None: the one point.
    examples : int, optional
        Number of points to draw. Default None: 50 of a strategy.
    seed : int, optional
        Chooses directions, steps and points. Default None: a new one, which the report names.
    raise_on_mismatch : bool, optional
        Raise an error for any verdict but "correct". Default True.
    oracles : str or sequence of str, optional
        What may be asked: "jax", "complex_step", "finite_difference". Default: all, each where it can follow f.
    calls : int, optional
        How many calls of f a point is worth, at five an entry: so few do where f is smooth, and up to a hundred at
        kinks, at steps, and for an entry of 0; some hundred are made in any case. The report says how many were.
        Default 5000: every entry of up to 1000 is checked, of more the slopes along random signs, and what is off is
        searched for.
    accuracy : float, optional
        What f is good for, in its own units, where it is rounded or comes from an iteration that stops. Differences
        smaller than that count as noise. Default None: f is as accurate as its values look.
    wrt : str, int or sequence of them, optional
        Names or positions of the arguments whose derivatives are checked; the others are passed on. Default None: all.
    arithmetic : str, optional
        What the claim computes in, where that is coarser than its arrays: "float32", "tf32", "bfloat16" or "float16".
        The point is rounded to it, and its rounding is granted. Default None: as the dtypes say.

    Returns
    -------
    Report
        Its verdict is "correct"; "wrong"; "unstable", where the claim is right but for its own rounding, which is far
        greater than need be; or "undecided", with the reason. True as a truth value where it is "correct".

    Raises
    ------
    GradientMismatch
        Where the verdict is not "correct", unless `raise_on_mismatch` is False; it carries the report.
    InputError
        Where f or jvp cannot be called at args, or what f returns is of no use; where args has nothing to
        differentiate by, NaN, or an array of another library than NumPy and JAX; and for keywords of no use.

    Notes
    -----
    All of `check_grad`'s notes hold.

    Examples
    --------
    >>> import numpy as np
    >>> import minibp
    >>> minibp.check_jvp(np.tanh, lambda x, v: v * (1 - np.tanh(x) ** 2), np.array([0.5, -1.0])).verdict
    'correct'
    """
    __tracebackhide__ = True  # of a test's failure pytest shows the test and the report
    question = question_of("jvp", f, jvp, oracles, calls, accuracy, wrt, arithmetic)
    return report_of(question, args, points, examples, seed, raise_on_mismatch)


def check_jacobian(
    f: Callable[..., Any],
    jac: Any,
    x: Any = None,
    *,
    points: Any = None,
    examples: int | None = None,
    seed: int | None = None,
    raise_on_mismatch: bool = True,
    oracles: str | Sequence[str] = ORACLES,
    calls: int = CALLS,
    accuracy: float | None = None,
    wrt: str | int | Sequence[str | int] | None = None,
    arithmetic: str | None = None,
) -> Report:
    """Check a Jacobian (m, n) as a matrix, by (1) for each of m results and n numbers of x.

    Parameters
    ----------
    f : callable
        f(x) returns an array, or a structure of arrays.
    jac : callable or array_like
        jac(x) returns the Jacobian, of the shape of the result followed by that of x, or a matrix of all numbers of
        the result by all numbers of x; dense, or sparse as SciPy has it; or the Jacobian itself.
    x : array_like or structure of them
        The point. A tuple is taken as the arguments of f; an argument may be an array, a number, or a list, dict or
        dataclass of them, nested. float64, float32 and complex numbers are differentiated by; integers, booleans,
        text and None are passed on where there are others, and integers alone are taken as float64.
    points : strategy, optional
        A strategy of Hypothesis for x, in place of it; it may also be given as x. Default None: the one point.
    examples : int, optional
        Number of points to draw. Default None: 50 of a strategy.
    seed : int, optional
        Chooses directions, steps and points. Default None: a new one, which the report names.
    raise_on_mismatch : bool, optional
        Raise an error for any verdict but "correct". Default True.
    oracles : str or sequence of str, optional
        What may be asked: "jax", "complex_step", "finite_difference". Default: all, each where it can follow f.
    calls : int, optional
        How many calls of f a point is worth, at five an entry: so few do where f is smooth, and up to a hundred at
        kinks, at steps, and for an entry of 0; some hundred are made in any case. The report says how many were.
        Default 5000: every entry of up to 1000 is checked, of more the slopes along random signs, and what is off is
        searched for.
    accuracy : float, optional
        What f is good for, in its own units, where it is rounded or comes from an iteration that stops. Differences
        smaller than that count as noise. Default None: f is as accurate as its values look.
    wrt : str, int or sequence of them, optional
        Names or positions of the arguments whose derivatives are checked; the others are passed on. Default None: all.
    arithmetic : str, optional
        What the claim computes in, where that is coarser than its arrays: "float32", "tf32", "bfloat16" or "float16".
        The point is rounded to it, and its rounding is granted. Default None: as the dtypes say.

    Returns
    -------
    Report
        Its verdict is "correct"; "wrong"; "unstable", where the claim is right but for its own rounding, which is far
        greater than need be; or "undecided", with the reason. True as a truth value where it is "correct".

    Raises
    ------
    GradientMismatch
        Where the verdict is not "correct", unless `raise_on_mismatch` is False; it carries the report.
    InputError
        Where f or jac cannot be called at x, or what f returns is of no use; where x has nothing to
        differentiate by, NaN, or an array of another library than NumPy and JAX; and for keywords of no use.

    Notes
    -----
    All of `check_grad`'s notes hold.

    Examples
    --------
    >>> import numpy as np
    >>> import minibp
    >>> minibp.check_jacobian(np.sin, lambda x: np.diag(np.cos(x)), np.array([0.5, -1.0])).verdict
    'correct'
    """
    __tracebackhide__ = True  # of a test's failure pytest shows the test and the report
    question = question_of("jacobian", f, jac, oracles, calls, accuracy, wrt, arithmetic)
    return report_of(question, x, points, examples, seed, raise_on_mismatch)


def check_hessian(
    f: Callable[..., Any],
    hess: Any,
    x: Any = None,
    *,
    points: Any = None,
    examples: int | None = None,
    seed: int | None = None,
    raise_on_mismatch: bool = True,
    oracles: str | Sequence[str] = ORACLES,
    calls: int = CALLS,
    accuracy: float | None = None,
    wrt: str | int | Sequence[str | int] | None = None,
    arithmetic: str | None = None,
) -> Report:
    """Check the Hessian (n, n) of a scalar function, by (1) for each entry of its gradient.

    Parameters
    ----------
    f : callable
        f(x) returns a real number.
    hess : callable or array_like
        hess(x) returns the second derivatives, of the shape of x twice, or a matrix; dense, or sparse as SciPy has
        it; or the Hessian itself.
    x : array_like or structure of them
        The point. A tuple is taken as the arguments of f; an argument may be an array, a number, or a list, dict or
        dataclass of them, nested. float64, float32 and complex numbers are differentiated by; integers, booleans,
        text and None are passed on where there are others, and integers alone are taken as float64.
    points : strategy, optional
        A strategy of Hypothesis for x, in place of it; it may also be given as x. Default None: the one point.
    examples : int, optional
        Number of points to draw. Default None: 50 of a strategy.
    seed : int, optional
        Chooses directions, steps and points. Default None: a new one, which the report names.
    raise_on_mismatch : bool, optional
        Raise an error for any verdict but "correct". Default True.
    oracles : str or sequence of str, optional
        What may be asked: "jax", "complex_step", "finite_difference". Default: all, each where it can follow f.
    calls : int, optional
        How many calls of f a point is worth, at five an entry: so few do where f is smooth, and up to a hundred at
        kinks, at steps, and for an entry of 0; some hundred are made in any case. The report says how many were.
        Default 5000: every entry of up to 1000 is checked, of more the slopes along random signs, and what is off is
        searched for.
    accuracy : float, optional
        What f is good for, in its own units, where it is rounded or comes from an iteration that stops. Differences
        smaller than that count as noise. Default None: f is as accurate as its values look.
    wrt : str, int or sequence of them, optional
        Names or positions of the arguments whose derivatives are checked; the others are passed on. Default None: all.
    arithmetic : str, optional
        What the claim computes in, where that is coarser than its arrays: "float32", "tf32", "bfloat16" or "float16".
        The point is rounded to it, and its rounding is granted. Default None: as the dtypes say.

    Returns
    -------
    Report
        Its verdict is "correct"; "wrong"; "unstable", where the claim is right but for its own rounding, which is far
        greater than need be; or "undecided", with the reason. True as a truth value where it is "correct".

    Raises
    ------
    GradientMismatch
        Where the verdict is not "correct", unless `raise_on_mismatch` is False; it carries the report.
    InputError
        Where f or hess cannot be called at x, or what f returns is of no use; where x has nothing to
        differentiate by, NaN, or an array of another library than NumPy and JAX; and for keywords of no use.

    Notes
    -----
    It is the Jacobian of the gradient, which is computed by JAX, by the complex step or by differences, the first that
    can follow f. The report says whether it is symmetric. All of `check_grad`'s notes hold.

    Examples
    --------
    >>> import numpy as np
    >>> import minibp
    >>> minibp.check_hessian(lambda x: np.sin(x).sum(), lambda x: -np.diag(np.sin(x)), np.array([0.5, -1.0])).verdict
    'correct'
    """
    __tracebackhide__ = True  # of a test's failure pytest shows the test and the report
    question = question_of("hessian", f, hess, oracles, calls, accuracy, wrt, arithmetic)
    return report_of(question, x, points, examples, seed, raise_on_mismatch)


def check_hvp(
    f: Callable[..., Any],
    hvp: Any,
    x: Any = None,
    *,
    points: Any = None,
    examples: int | None = None,
    seed: int | None = None,
    raise_on_mismatch: bool = True,
    oracles: str | Sequence[str] = ORACLES,
    calls: int = CALLS,
    accuracy: float | None = None,
    wrt: str | int | Sequence[str | int] | None = None,
    arithmetic: str | None = None,
) -> Report:
    """Check a Hessian-vector product, Hv (n,), by (1) for each entry of the gradient.

    Parameters
    ----------
    f : callable
        f(x) returns a real number; or the gradient of one, structured like x.
    hvp : callable
        hvp(x, v) returns Hv, structured like x; both are tuples where x is one.
    x : array_like or structure of them
        The point. A tuple is taken as the arguments of f; an argument may be an array, a number, or a list, dict or
        dataclass of them, nested. float64, float32 and complex numbers are differentiated by; integers, booleans,
        text and None are passed on where there are others, and integers alone are taken as float64.
    points : strategy, optional
        A strategy of Hypothesis for x, in place of it; it may also be given as x. Default None: the one point.
    examples : int, optional
        Number of points to draw. Default None: 50 of a strategy.
    seed : int, optional
        Chooses directions, steps and points. Default None: a new one, which the report names.
    raise_on_mismatch : bool, optional
        Raise an error for any verdict but "correct". Default True.
    oracles : str or sequence of str, optional
        What may be asked: "jax", "complex_step", "finite_difference". Default: all, each where it can follow f.
    calls : int, optional
        How many calls of f a point is worth, at five an entry: so few do where f is smooth, and up to a hundred at
        kinks, at steps, and for an entry of 0; some hundred are made in any case. The report says how many were.
        Default 5000: every entry of up to 1000 is checked, of more the slopes along random signs, and what is off is
        searched for.
    accuracy : float, optional
        What f is good for, in its own units, where it is rounded or comes from an iteration that stops. Differences
        smaller than that count as noise. Default None: f is as accurate as its values look.
    wrt : str, int or sequence of them, optional
        Names or positions of the arguments whose derivatives are checked; the others are passed on. Default None: all.
    arithmetic : str, optional
        What the claim computes in, where that is coarser than its arrays: "float32", "tf32", "bfloat16" or "float16".
        The point is rounded to it, and its rounding is granted. Default None: as the dtypes say.

    Returns
    -------
    Report
        Its verdict is "correct"; "wrong"; "unstable", where the claim is right but for its own rounding, which is far
        greater than need be; or "undecided", with the reason. True as a truth value where it is "correct".

    Raises
    ------
    GradientMismatch
        Where the verdict is not "correct", unless `raise_on_mismatch` is False; it carries the report.
    InputError
        Where f or hvp cannot be called at x, or what f returns is of no use; where x has nothing to
        differentiate by, NaN, or an array of another library than NumPy and JAX; and for keywords of no use.

    Notes
    -----
    All of `check_hessian`'s notes hold.

    Examples
    --------
    >>> import numpy as np
    >>> import minibp
    >>> minibp.check_hvp(lambda x: np.sin(x).sum(), lambda x, v: -np.sin(x) * v, np.array([0.5, -1.0])).verdict
    'correct'
    """
    __tracebackhide__ = True  # of a test's failure pytest shows the test and the report
    question = question_of("hvp", f, hvp, oracles, calls, accuracy, wrt, arithmetic)
    return report_of(question, x, points, examples, seed, raise_on_mismatch)
