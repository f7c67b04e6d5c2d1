"""Problems on which a right gradient may look wrong, by condition.

`CONDITIONS` has for each name a function of a dtype, a count and a seed, which makes that many problems.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from hypothesis import strategies as st

from minibp import Cost, Network, Problem
from minibp.activations import HIDDEN
from minibp.check.generation import draw
from minibp.check.subject.claim import Claim
from minibp.check.subject.specification import Setting
from minibp.costs import Quadratic
from minibp.drawing import pairings
from minibp.strategies import problems

Make = Callable[[str, int, int], list[Problem]]
PAIRINGS = pairings()
NAMES = list(HIDDEN)


class Offset(Quadratic):
    """The quadratic cost and a million, as a cost of the user's."""

    name = "quadratic_and_a_million"

    def value(self, a: np.ndarray, y: np.ndarray) -> np.ndarray:
        return super().value(a, y) + 1e6


OFFSET = Offset()


def drawn(dtype: str, count: int, seed: int) -> list[Problem]:
    """Of any kind, by the package's strategies."""
    return draw(problems(dtype=dtype), count, seed)


def one_neuron(dtype: str, count: int, seed: int) -> list[Problem]:
    """Every layer of width 1."""
    sizes = st.integers(2, 9).map(lambda layers: [1] * layers)
    return draw(problems(sizes=sizes, dtype=dtype), count, seed)


def one_example(dtype: str, count: int, seed: int) -> list[Problem]:
    """A batch of 1."""
    return draw(problems(examples=1, dtype=dtype), count, seed)


def saturated(dtype: str, count: int, seed: int) -> list[Problem]:
    """What `check_backprop` adds to the drawn ones: well-conditioned networks, and the same ones magnified."""
    rng = np.random.default_rng(seed)
    found: list[Problem] = []
    while len(found) < count:
        output, cost = PAIRINGS[rng.integers(len(PAIRINGS))]
        hidden = NAMES[rng.integers(len(NAMES))]
        alpha = float(rng.choice([0.0, 0.1]))
        setting = Setting.checked(hidden, output, cost, alpha, Claim(), dtype, None)
        own = int(rng.integers(2**32))
        found += [*setting.bases(own)[:1], *setting.saturated(own)]
    return found[:count]


def vanishing(dtype: str, count: int, seed: int) -> list[Problem]:
    """Eight layers of small weights after the input."""
    rng = np.random.default_rng(seed)
    return [random_problem(rng, dtype, 8, 10 ** rng.uniform(-3, -0.3)) for _ in range(count)]


def huge_cost(dtype: str, count: int, seed: int) -> list[Problem]:
    """Targets up to 10^6 for outputs of about 1, or a million added to the cost."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        cost = OFFSET if rng.random() < 0.25 else PAIRINGS[0][1]
        problem = random_problem(rng, dtype, int(rng.integers(1, 4)), 1.0, cost)
        network = problem.network
        y = problem.y if cost is OFFSET else problem.y * 10 ** rng.uniform(3, 6)
        found.append(Problem(network, cost, problem.x, y.astype(dtype), problem.l2))
    return found


def at_kinks(dtype: str, count: int, seed: int) -> list[Problem]:
    """Small integers for all numbers, so that many a z is exactly 0; functions that jump there."""
    rng = np.random.default_rng(seed)
    return [random_problem(rng, dtype, int(rng.integers(1, 5)), 0.0, None, KINKED) for _ in range(count)]


KINKED = ["relu", "leaky_relu", "elu", "identity"]


def random_problem(
    rng: np.random.Generator,
    dtype: str,
    depth: int,
    scale: float,
    cost: Cost | None = None,
    names: Sequence[str] = NAMES,
) -> Problem:
    """Normal parameters times `scale`, and where that is 0 integers from −1 to 1."""
    output, chosen = PAIRINGS[rng.integers(len(PAIRINGS))]
    while cost is not None and chosen.name != "quadratic":
        output, chosen = PAIRINGS[rng.integers(len(PAIRINGS))]
    sizes = [int(n) for n in rng.integers(1, 9, depth + 1)]
    if output.name == "softmax":
        sizes[-1] += 1
    m = int(rng.integers(1, 9))

    def some(*shape: int) -> np.ndarray:
        numbers = scale * rng.standard_normal(shape) if scale else rng.integers(-1, 2, shape)
        return numbers.astype(dtype)

    weights = [some(n_out, n_in) for n_in, n_out in pairwise(sizes)]
    biases = [some(n) for n in sizes[1:]]
    hidden = [names[i] for i in rng.integers(0, len(names), depth - 1)]
    x = rng.standard_normal((m, sizes[0])) if scale else rng.integers(-1, 2, (m, sizes[0])).astype(float)
    y = rng.random((m, sizes[-1]))
    if chosen.name == "categorical_cross_entropy":
        y = np.eye(sizes[-1])[rng.integers(0, sizes[-1], m)]
    elif not scale:
        y = y.round()
    network = Network(weights, biases, [*hidden, output])
    return Problem(network, cost or chosen, x.astype(dtype), y.astype(dtype), float(rng.choice([0.0, 1.0])))


CONDITIONS: dict[str, Make] = {
    "drawn": drawn,
    "one neuron": one_neuron,
    "one example": one_example,
    "saturated": saturated,
    "vanishing": vanishing,
    "huge cost": huge_cost,
    "at kinks": at_kinks,
}
