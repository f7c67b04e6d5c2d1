"""The diagnosis of conventions: gradients that are right by another library's definition of the cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from minibp.check.report.finding import Finding
from minibp.problem import Problem

MSE = "the mean over all m·n entries of (a - y)², as nn.MSELoss takes it"
WRITE = "write ((a - y) ** 2).sum() / (2 * m)"
PARTS = {"cost_factor_two", "mean_over_outputs"}
"""The faults that make that mean of (9): the ½ is left out, and the divisor counts the outputs."""
ALONE = {1: ("cost_factor_two", "twice"), 4: ("cost_factor_half", "half of")}
"""With so many outputs n the ratio 2/n is that of another fault; with two it is 1, and nothing is wrong."""


def in_convention(findings: Sequence[Finding], problems: Sequence[Problem], reduction: str = "mean") -> list[Finding]:
    """The findings, with nn.MSELoss named where the gradient is 2/n times what it should be, n being the outputs.

    Its two faults become one finding, `mean_over_outputs`, whose numbers have that ratio. Where all problems have one
    output, or four, the ratio is also that of a fault alone, which keeps its id.
    """
    if reduction != "mean" or any(problem.cost.name != "quadratic" for problem in problems):
        return list(findings)
    if {one.fault for one in findings} >= PARTS:
        message = f"the cost is {MSE}, which makes gradients 2/n times those of (9), n being the outputs; {WRITE}"
        found = [one for one in findings if one.fault != "cost_factor_two"]
        return [replace(one, message=message) if one.fault == "mean_over_outputs" else one for one in found]
    widths = {problem.network.sizes[-1] for problem in problems}
    n = widths.pop() if len(widths) == 1 else 0
    fault, factor = ALONE.get(n, ("", ""))
    message = f"δ^L is {factor} what it should be, which is 2/n for n = {n}: if the cost is {MSE}, {WRITE}"
    return [replace(one, message=message) if one.fault == fault else one for one in findings]
