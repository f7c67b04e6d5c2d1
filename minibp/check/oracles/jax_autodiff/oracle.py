"""JAX autodiff as an oracle: its own forward pass, and nothing of the package's derivatives.

Every z^l gets a zero "probe" added to it; the gradient with respect to the probes is δ^l itself, by equation (15).
Reverse mode gives the gradient, forward mode its slope along a random signed direction.

One padded program serves networks of any size within the padding; `plain` is the same without padding, a check on it,
and serves what does not fit.
"""

from __future__ import annotations

from collections.abc import Sequence

from minibp.check.oracles.estimate import Estimate
from minibp.check.oracles.jax_autodiff import plain
from minibp.check.oracles.jax_autodiff.program import SEPARATE, TOGETHER
from minibp.check.problem_stack import Stack, stack_of_one
from minibp.problem import Problem

STACK, MAX_DEPTH = TOGETHER.places, TOGETHER.depth
"""Problems in a stack, and their layers after the input, that `estimates` can serve."""


def estimate(problem: Problem) -> Estimate:
    """The gradient of `problem` by autodiff; δ, z, a and one slope beside it.

    Raises `OracleUnavailable` where JAX cannot trace a function of the user's.
    """
    return estimate_each([stack_of_one(problem)])[0].only()


def estimates(stack: Stack) -> Estimate:
    """The same for a whole stack at once, of at most STACK problems that fit the padding and have MAX_DEPTH layers."""
    (result,) = TOGETHER.estimates([stack])
    return result


def estimate_each(stacks: Sequence[Stack]) -> list[Estimate]:
    """The same for stacks of one problem each, many in a call; those beyond the padding one by one."""
    small = [i for i, stack in enumerate(stacks) if fits_padding(stack)]
    results: dict[int, Estimate] = {}
    for start in range(0, len(small), SEPARATE.places):
        part = small[start : start + SEPARATE.places]
        results.update(zip(part, SEPARATE.estimates([stacks[i] for i in part]), strict=True))
    return [results[i] if i in results else plain.estimate(stack) for i, stack in enumerate(stacks)]


def fits_padding(stack: Stack) -> bool:
    """True where the padded program can serve this stack of one problem."""
    return SEPARATE.fits(stack)


def prepared() -> float:
    """Make the padded program ready, and say how many seconds that took when it was done, which is once a process."""
    return SEPARATE.compiled.seconds
