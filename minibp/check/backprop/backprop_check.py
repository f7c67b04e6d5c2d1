"""The check of anyone's backprop against the oracles: a mistake is placed and named."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from os import PathLike
from typing import Any

import numpy as np

from minibp.arrays import checked_count
from minibp.blocks import expect_executor
from minibp.check.backprop.comparison import Comparison
from minibp.check.backprop.conclusion import Conclusion
from minibp.check.backprop.fitted_rate import with_fitted_rate
from minibp.check.backprop.shapes import with_few_shapes, with_outputs
from minibp.check.backprop.shared import look
from minibp.check.report.report import GradientMismatch, Report
from minibp.check.subject.acceptance import expect_subject
from minibp.check.subject.calling import Subject
from minibp.check.subject.claim import Claim
from minibp.check.subject.given import given_problems
from minibp.check.subject.specification import Setting
from minibp.network import Network
from minibp.problem import Problem


def check_backprop(
    subject: Subject,
    *,
    activation: Any = "sigmoid",
    output_activation: Any = None,
    cost: Any = "quadratic",
    l2: float = 0.0,
    reduction: str = "mean",
    targets: str = "soft",
    biases: bool = True,
    cost_scale: float = 1.0,
    l2_over: str = "examples",
    network: Network | str | PathLike[str] | None = None,
    x: Any = None,
    y: Any = None,
    problems: Sequence[Problem] | None = None,
    dtype: Any = "float64",
    examples: int = 100,
    seed: int | None = None,
    raise_on_mismatch: bool = True,
    progress: Callable[[int, int], None] | None = None,
    executor: Executor | None = None,
) -> Report:
    """Check a backprop against JAX, complex step and finite differences; a mistake is located and named.

    Parameters
    ----------
    subject : callable
        subject(weights, biases, x, y) returns (nabla_w, nabla_b). It gets lists of arrays, W^l of shape (n_l, n_{l-1})
        and b^l of shape (n_l,), and rows of examples, x (m, n_1) and y (m, n_L), all of `dtype`; it returns the
        gradient in the same shapes: also as (nabla_b, nabla_w), after the cost, or as a dict, told apart by shapes and
        by the numbers in keys. `minibp.adapters` makes a subject of code of another shape.
    activation : str, Activation or sequence of them, optional
        σ of all layers, by name ("tanh", "leaky_relu(0.2)") or as an object; the output's too unless
        `output_activation` is another (unlike in `strategies.problems`, where it is that of the hidden layers); or a
        sequence of one a layer, which fixes their number. Default "sigmoid".
    output_activation : str or Activation, optional
        σ of the output layer. Default None: `activation` stands.
    cost : str or Cost, optional
        Name of a cost, or an object with `value(a, y)` and `gradient(a, y)`. Default "quadratic".
    l2 : float, optional
        α of equation (27), at least 0. Default 0.
    reduction : {"mean", "sum"}, optional
        The gradient is that of the mean cost over the examples, or of the sum. Default "mean".
    targets : {"soft", "one_hot", "labels", "signs"}, optional
        y holds any numbers that the cost is defined for; rows with a single 1, or 0 or 1 for one output; the integer
        number of that column, an array (m,), while the cost is that of the row; or ±1. Networks for labels have two
        outputs or more, or a single one, of labels 0 and 1, where the subject takes these alone. Default "soft".
    biases : bool, optional
        False for code without biases: they are 0, and ∂C/∂b is not compared; nabla_w alone may be returned.
    cost_scale : float, optional
        The cost of the examples is so many times `cost`, as 2 for ‖a − y‖²; the penalty is not multiplied. Default 1.
    l2_over : {"examples", "nothing"}, optional
        The penalty is α/(2m) Σ w², as in (27), or α/2 Σ w². With reduction="sum" both are α/2 Σ w².
    network : Network, str or path-like, optional
        The network to check at, or the file of its `save`; with it come `x` and `y`. Its activations and dtype stand
        for `activation`, `output_activation` and `dtype`, and `examples` has no meaning. Default None: they are drawn.
    x, y : array_like, optional
        The examples to check at, (m, n_1), and their targets, (m, n_L); labels are (m,).
    problems : sequence of Problem, optional
        Such problems, of one cost, one L2 and the same activations, which also stand for `cost` and `l2`.
    dtype : {"float64", "float32"}, optional
        Dtype of what the subject gets. Default "float64".
    examples : int, optional
        Number of networks that are drawn, at least 1. Default 100.
    seed : int, optional
        The same seed gives the same networks. Default None: a new one, which the report names.
    raise_on_mismatch : bool, optional
        Raise an error for any verdict but "correct". Default True.
    progress : callable, optional
        Called with the number of networks done and the number there will be.
    executor : concurrent.futures.Executor, optional
        Compares the networks, a process pool say, or that of a Dask client; the subject has to be importable there, or
        picklable. The report is the same. Default None: this process, which draws networks and diagnoses in any case.

    Returns
    -------
    Report
        Its verdict is "correct", "wrong", "unstable" (correct but for rounding errors that it magnifies) or "undecided"
        (no oracle could bound its own error on any entry).

    Raises
    ------
    GradientMismatch
        Where the verdict is not "correct"; it carries the report.
    InputError
        Where the arguments do not fit together.

    Notes
    -----
    Every entry g is held to each oracle's ĝ by |g − ĝ| ≤ bound + radius: the rounding error of an honest computation,
    and the oracle's own error. A finding names the equation, of (17) to (27), that the subject's own values do not
    satisfy.

    Examples
    --------
    >>> import minibp
    >>> def mine(weights, biases, x, y):
    ...     network = minibp.Network(weights, biases, "tanh")
    ...     return minibp.batched.backprop(network, "quadratic", x, y).gradient
    >>> minibp.check_backprop(mine, activation="tanh", examples=20, seed=1).verdict
    'correct'
    """
    __tracebackhide__ = True  # of a test's failure pytest shows the test and the report
    started = time.perf_counter()
    expect_subject(subject)
    expect_executor(executor)
    claim = Claim.checked(reduction, targets, biases, cost_scale, l2_over)
    given = given_problems(problems, network, x, y, cost=cost, l2=l2, claim=claim)
    if given is None:
        setting = Setting.checked(activation, output_activation, cost, l2, claim, dtype, subject)
    else:
        setting = Setting.of(given, claim, subject)
    chosen = secrets.randbits(32) if seed is None else checked_count("seed", seed, least=0)
    count = checked_count("examples", examples)
    setting = with_few_shapes(subject, with_outputs(subject, setting, chosen), chosen)
    if getattr(subject, "has_unknown_rate", False):
        setting = with_fitted_rate(subject, setting, chosen)
    comparison = Comparison(subject, setting, chosen)
    with np.errstate(all="ignore"):  # what overflows is known by its radius or its bound
        look(comparison, setting.given or setting.drawn(count, chosen), executor, progress)
        report = replace(Conclusion(comparison).report(), seconds=time.perf_counter() - started)
    if raise_on_mismatch and report.verdict != "correct":
        raise GradientMismatch(report)
    return report
