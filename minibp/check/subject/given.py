"""Problems that the user has: a network with its parameters, and examples, as they were where training went wrong."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, NamedTuple

from minibp.arrays import InputError
from minibp.check.subject.claim import Claim
from minibp.costs import cost_of
from minibp.inputs import checked_l2
from minibp.network import Network
from minibp.problem import Problem


class Given(NamedTuple):
    """Problems as the oracles solve them, with α as the subject has it."""

    problems: tuple[Problem, ...]
    l2: float


def given_problems(problems: Any, network: Any, x: Any, y: Any, *, cost: Any, l2: Any, claim: Claim) -> Given | None:
    """The problems that were given; None where nothing was, or one `InputError`."""
    named = {"network": network, "x": x, "y": y}
    missing = [name for name, value in named.items() if value is None]
    if problems is not None:
        if len(missing) < len(named):
            raise InputError("problems and network were given, expected one of them: a problem has its network")
        return _of_problems(problems, claim)
    if len(missing) == len(named):
        return None
    if missing:
        raise InputError(f"{' and '.join(missing)} missing: a network is given with x and y, its examples")
    chosen = _loaded(network) if isinstance(network, str | os.PathLike) else network
    if not isinstance(chosen, Network):
        raise InputError(f"network is {network!r}, expected a minibp.Network, or the file that its save wrote")
    rows = claim.rows_of(y, chosen.sizes[-1], chosen.dtype)
    alpha = checked_l2(l2, chosen.dtype).alpha
    return Given((_claimed(Problem(chosen, cost_of(cost), x, rows), alpha, claim),), alpha)


def _loaded(path: str | os.PathLike[str]) -> Network:
    try:
        return Network.load(path)
    except OSError as error:
        raise InputError(f"network: {os.fspath(path)}: {error.strerror or error}") from None


def _of_problems(problems: Any, claim: Claim) -> Given:
    found = list(problems) if isinstance(problems, Iterable) else None
    if not found or not all(isinstance(one, Problem) for one in found):
        raise InputError(f"problems is {problems!r}, expected a sequence of minibp.Problem, one or more")
    first = found[0]
    for i, one in enumerate(found):
        for what, of_first, own in (
            ("activations", first.network.activations, one.network.activations),
            ("the cost", first.cost, one.cost),
            ("l2", first.l2, one.l2),
            ("dtype", first.dtype, one.dtype),
        ):
            if of_first != own:
                raise InputError(f"problems[{i}] has {what} {own}, problems[0] {of_first}: expected the same for all")
    alpha = first.l2.alpha
    return Given(tuple(_claimed(one, alpha, claim) for one in found), alpha)


def _claimed(problem: Problem, l2: float, claim: Claim) -> Problem:
    """The problem with its conventions; its targets have to be of the kind that is claimed, and are not changed."""
    rows = claim.target_rows(problem.y)
    if (rows != problem.y).any():
        at = int((rows != problem.y).any(1).argmax())
        raise InputError(f'y[{at}] is {problem.y[at]}, expected {KINDS[claim.targets]}: targets="{claim.targets}"')
    if not claim.biases and any(b.any() for b in problem.network.biases):
        raise InputError("biases=False, and the network has biases that are not 0")
    return claim.problem(problem.network, problem.cost, problem.x, problem.y, l2)


KINDS = {
    "one_hot": "a single 1 among zeros",
    "labels": "a single 1 among zeros",
    "signs": "numbers of 1 and -1",
}
