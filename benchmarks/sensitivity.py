"""The smallest relative error of a hand-written gradient that each checker objects to.

    python benchmarks/sensitivity.py [--networks N] [--seeds N] [--json FILE]

The gradient of random networks of sigmoid neurons with the quadratic cost, right but for a factor 1 + ε on all of its
entries, on one layer's tensors, or on one entry of one ∂C/∂W. ε goes down by decades from 1. The table shows the last
one that a checker objects to on 90% of the networks; "never" is followed by how many it objects to at ε = 1, and a
false alarm is an objection to the right gradient, ε = 0. All checkers get the same costs and the same gradients of the
same networks, in float64, and have their defaults; SciPy's answers with an error, which is held against 1e-6 of the
gradient's norm. Checkers that are not installed are left out.

The table after it is of `check_backprop` with its defaults, which draws networks of its own.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import platform
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import minibp
from minibp import Network, Problem, batched
from minibp.check.subject.calling import Subject
from minibp.check.subject.claim import Claim
from minibp.check.subject.specification import Setting

DECADES = [10.0**-k for k in range(17)]
ENOUGH = 0.9
"""The share of networks that has to be objected to."""

Arrays = list[np.ndarray]
Costs = Callable[..., float]
Gradients = Callable[..., Arrays]


class Place(NamedTuple):
    """Where a gradient is off: in every entry, in one layer's tensors, or in one entry of one ∂C/∂W."""

    layer: int | None = None
    entry: tuple[int, ...] | None = None


def right(weights: Any, biases: Any, x: Any, y: Any) -> tuple[Arrays, Arrays]:
    """The hand-written gradient, as arrays that may be written to."""
    gradient = batched.backprop(Network(weights, biases), "quadratic", x, y).gradient
    return [array.copy() for array in gradient.nabla_w], [array.copy() for array in gradient.nabla_b]


def faulty(epsilon: float, place: Place) -> Subject:
    """The same with a factor 1 + ε at one place."""

    def subject(weights: Any, biases: Any, x: Any, y: Any) -> tuple[Arrays, Arrays]:
        nabla_w, nabla_b = right(weights, biases, x, y)
        if place.entry is not None:
            nabla_w[place.layer or 0][place.entry] *= 1 + epsilon
        else:
            for i in range(len(nabla_w)) if place.layer is None else [place.layer]:
                nabla_w[i] *= 1 + epsilon
                nabla_b[i] *= 1 + epsilon
        return nabla_w, nabla_b

    return subject


def drawn_problem(rng: np.random.Generator) -> Problem:
    """A network with one to three hidden layers, and a few examples."""
    sizes = rng.integers(1, 11, rng.integers(3, 6)).tolist()
    m = int(rng.integers(1, 9))
    network = Network.random(sizes, rng=rng)
    return Problem(network, "quadratic", rng.standard_normal((m, sizes[0])), rng.random((m, sizes[-1])))


def drawn_places(problem: Problem, rng: np.random.Generator) -> dict[str, Place]:
    """A place of each kind; the one entry is not 0."""
    network = problem.network
    nabla_w, _ = right(network.weights, network.biases, problem.x, problem.y)
    entries = [(i, tuple(at)) for i, array in enumerate(nabla_w) for at in np.argwhere(array).tolist()]
    layer = int(rng.integers(len(nabla_w)))
    return {
        "all entries": Place(),
        "one layer": Place(layer),
        "one entry": Place(*entries[rng.integers(len(entries))]),
    }


# Each checker says whether it objects to a subject on one problem.


def minibp_objects(problem: Problem, subject: Subject) -> bool:
    """What `check_backprop` does with each of its networks: it draws them itself, and here one is given."""
    from minibp.check.backprop.comparison import Comparison

    setting = Setting.checked("sigmoid", None, "quadratic", 0.0, Claim(), "float64", subject)
    comparison = Comparison(subject, setting, seed=0)
    comparison.look([problem])
    return bool(comparison.mismatches or comparison.contract_findings)


def functions_of(problem: Problem, subject: Subject) -> tuple[Costs, Gradients, Arrays]:
    """The cost and the gradient as functions of all parameters, and these: W^2, …, W^L, b^2, …, b^L."""
    depth = len(problem.network.weights)

    def cost(*parameters: Any) -> float:
        arrays = [np.asarray(one) for one in parameters]
        a = batched.feedforward(Network(arrays[:depth], arrays[depth:]), problem.x)
        return float(problem.cost.value(a, problem.y).mean())

    def gradient(*parameters: Any) -> Arrays:
        arrays = [np.array(one) for one in parameters]
        nabla_w, nabla_b = subject(arrays[:depth], arrays[depth:], problem.x, problem.y)
        return [*nabla_w, *nabla_b]

    network = problem.network
    return cost, gradient, [np.array(one) for one in (*network.weights, *network.biases)]


def torch_objects(problem: Problem, subject: Subject, *, fast_mode: bool = False) -> bool:
    """torch.autograd.gradcheck of a Function whose backward is the subject."""
    import torch

    cost, gradient, parameters = functions_of(problem, subject)

    class Cost(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, *given: torch.Tensor) -> torch.Tensor:
            ctx.save_for_backward(*given)
            return torch.tensor(cost(*(one.detach().numpy() for one in given)), dtype=torch.float64)

        @staticmethod
        def backward(ctx: Any, g: torch.Tensor) -> tuple[torch.Tensor, ...]:
            return tuple(g * torch.from_numpy(one) for one in gradient(*(one.numpy() for one in ctx.saved_tensors)))

    torch.manual_seed(0)
    given = tuple(torch.from_numpy(one).requires_grad_() for one in parameters)
    return not torch.autograd.gradcheck(Cost.apply, given, fast_mode=fast_mode, raise_exception=False)


def torch_fast_objects(problem: Problem, subject: Subject) -> bool:
    """The same in its fast mode."""
    return torch_objects(problem, subject, fast_mode=True)


def jax_objects(problem: Problem, subject: Subject) -> bool:
    """jax.test_util.check_grads of a custom_vjp whose backward is the subject."""
    import jax
    from jax.test_util import check_grads

    cost, gradient, parameters = functions_of(problem, subject)
    with jax.enable_x64(True):
        function = jax.custom_vjp(lambda *given: jax.numpy.asarray(cost(*given)))
        function.defvjp(
            lambda *given: (function(*given), given),
            lambda given, g: tuple(jax.numpy.asarray(np.asarray(g) * one) for one in gradient(*given)),
        )
        return raises(lambda: check_grads(function, tuple(parameters), order=1, modes=["rev"]))


def autograd_objects(problem: Problem, subject: Subject) -> bool:
    """autograd.test_util.check_grads of a primitive whose vjp is the subject."""
    from autograd.extend import defvjp, primitive
    from autograd.test_util import check_grads

    cost, gradient, parameters = functions_of(problem, subject)
    function = primitive(cost)
    every = range(len(parameters))
    defvjp(function, *(lambda _, *given, i=i: lambda g: g * gradient(*given)[i] for i in every))
    np.random.seed(0)  # noqa: NPY002 (where autograd takes its directions from)
    return raises(lambda: check_grads(function, tuple(every), modes=["rev"], order=1)(*parameters))


def scipy_objects(problem: Problem, subject: Subject) -> bool:
    """scipy.optimize.check_grad on all parameters in one vector."""
    from scipy.optimize import check_grad

    cost, gradient, parameters = functions_of(problem, subject)
    cuts = np.cumsum([one.size for one in parameters])[:-1]

    def parts(theta: np.ndarray) -> Arrays:
        shaped = zip(np.split(theta, cuts), parameters, strict=True)
        return [part.reshape(like.shape) for part, like in shaped]

    def flat(arrays: Arrays) -> np.ndarray:
        return np.concatenate([one.ravel() for one in arrays])

    theta = flat(parameters)
    error = check_grad(lambda theta: cost(*parts(theta)), lambda theta: flat(gradient(*parts(theta))), theta)
    norm = np.linalg.norm(flat(functions_of(problem, right)[1](*parameters)))
    return not error <= 1e-6 * norm


def raises(check: Callable[[], object]) -> bool:
    """Whether a check fails."""
    try:
        check()
    except AssertionError:
        return True
    return False


CHECKERS: dict[str, tuple[str, Callable[[Problem, Subject], bool]]] = {
    "minibp": ("minibp", minibp_objects),
    "torch gradcheck": ("torch", torch_objects),
    "torch gradcheck, fast mode": ("torch", torch_fast_objects),
    "jax check_grads": ("jax", jax_objects),
    "autograd check_grads": ("autograd", autograd_objects),
    "scipy check_grad, 1e-6 of norm": ("scipy", scipy_objects),
}
"""By name: the module that has to be installed, and the question."""


def least(objects: Callable[[float], int], count: int) -> dict[str, Any]:
    """The last decade that is objected to on enough networks, as all larger ones are; and the counts on the way."""
    found, counts = None, []
    for epsilon in DECADES:
        counts.append(objects(epsilon))
        if counts[-1] < math.ceil(ENOUGH * count):
            break
        found = epsilon
    return {"least": found, "counts": counts}


def verdicts(kind: str, epsilon: float, seeds: int) -> list[str]:
    """What check_backprop says with its defaults, for some seeds, of an error of the first layer that has weights."""
    spots = {"all entries": Place(), "one layer": Place(0), "one entry": None}

    def subject(weights: Any, biases: Any, x: Any, y: Any) -> tuple[Arrays, Arrays]:
        place = spots[kind]
        if place is None:  # the largest entry of ∂C/∂W^2
            first = np.abs(right(weights, biases, x, y)[0][0])
            place = Place(0, tuple(int(i) for i in np.unravel_index(int(np.argmax(first)), first.shape)))
        return faulty(epsilon, place)(weights, biases, x, y)

    return [minibp.check_backprop(subject, seed=seed, raise_on_mismatch=False).verdict for seed in range(seeds)]


def main() -> None:
    """Measure and print; write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", type=int, default=20)
    parser.add_argument("--seeds", type=int, help="of check_backprop, for each ε (default: one for six networks)")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    seeds = options.networks // 6 if options.seeds is None else options.seeds
    rng = np.random.default_rng(0)
    problems = [drawn_problem(rng) for _ in range(options.networks)]
    places = [drawn_places(problem, rng) for problem in problems]
    rows: dict[str, dict[str, Any]] = {}
    for name, (module, objects) in CHECKERS.items():
        if importlib.util.find_spec(module) is None:
            print(f"{name}: left out, {module} is not installed")
            continue
        rows[name] = measured(objects, problems, places)
    print_table(rows, len(problems))
    own = {}
    if seeds:
        print(f"\ncheck_backprop with its defaults, {seeds} seeds: how often the verdict is not correct")
        for kind in places[0]:
            own[kind] = own_verdicts(kind, rows["minibp"][kind]["least"], seeds)
            shown = "   ".join(f"{epsilon:.0e}: {number}" for epsilon, number in own[kind].items())
            print(f"{kind:<16}{shown}")
    if options.json:
        machine = {"machine": platform.processor() or platform.machine(), "python": platform.python_version()}
        machine |= {module: version(module) for module in ("numpy", *{CHECKERS[name][0] for name in rows})}
        asked = {"networks": options.networks, "seeds": seeds}
        result = {"checkers": rows, "check_backprop": own, **asked, **machine}
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def measured(
    objects: Callable[[Problem, Subject], bool], problems: list[Problem], places: list[dict[str, Place]]
) -> dict[str, Any]:
    """One checker's row: for each kind of place, the least ε and how many at 1; false alarms; seconds of a call."""
    alarms, seconds = 0, []
    objects(problems[0], right)  # imports, and compiles or loads what has been compiled
    for problem in problems:
        start = time.perf_counter()
        alarms += objects(problem, right)
        seconds.append(time.perf_counter() - start)
    row: dict[str, Any] = {"false alarms": alarms, "seconds": statistics.median(seconds)}
    for kind in places[0]:

        def number(epsilon: float, kind: str = kind) -> int:
            pairs = zip(problems, places, strict=True)
            return sum(objects(problem, faulty(epsilon, at[kind])) for problem, at in pairs)

        row[kind] = least(number, len(problems))
    return row


def own_verdicts(kind: str, epsilon: float | None, seeds: int) -> dict[float, int]:
    """How often `check_backprop` objects at ε and at the two decades below."""
    tried = [(epsilon or 1.0) * factor for factor in (1, 0.1, 0.01)]
    return {one: sum(verdict != "correct" for verdict in verdicts(kind, one, seeds)) for one in tried}


def print_table(rows: dict[str, dict[str, Any]], count: int) -> None:
    """One line a checker."""
    kinds = ("all entries", "one layer", "one entry")
    head = "".join(f"{kind:>18}" for kind in kinds)
    print(f"{f'{count} networks':<32}{head}{'false alarms':>14}{'time':>8}")
    for name, row in rows.items():
        cells = ""
        for kind in kinds:
            found, counts = row[kind]["least"], row[kind]["counts"]
            shown = f"{found:.0e}" if found is not None else f"never ({counts[0]} of {count})"
            cells += f"{shown:>18}"
        ratio = row["seconds"] / rows["minibp"]["seconds"]
        print(f"{name:<32}{cells}{row['false alarms']:>14}{ratio:>8.2f}")
    print("time: the median of a call on a right gradient, over minibp's")


if __name__ == "__main__":
    main()
