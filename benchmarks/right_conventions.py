"""Right code in other conventions than those of the equations, by kind; and the checks that it is given to.

A `Kind` says what is other about the code: what it returns, its targets, multiples of its cost, its penalty, guards
against overflow, functions of its own. `KINDS` has them by name. `checks` draws code of a kind, written in one of the
ways of `right_backprops.py`, and has `check_backprop` look at it. JAX compiles a program for each shape of network with
functions of its own, a second each, so that it is left out where that is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from unittest.mock import patch

import numpy as np
from hard_problems import CONDITIONS, NAMES, PAIRINGS
from own_functions import ACTIVATIONS, COSTS, FRACTIONS, ONE_HOT, SIGNS, Fitting, OwnActivation, sigmoid
from right_backprops import PRIME_FROM_VALUE, RIGHT, Array, Arrays, Way

from minibp import Network, Problem, adapters, check_backprop
from minibp.activations import activation_of
from minibp.check.backprop.comparison import ORACLES
from minibp.check.oracles.estimate import OracleUnavailable
from minibp.check.report.report import Report
from minibp.check.subject.claim import Claim
from minibp.check.subject.target_domain import DOMAINS
from minibp.costs import cost_of
from minibp.drawing import fits

WAYS = [way for way in RIGHT.values() if isinstance(way, Way)]
"""Of a cost of its own that divides by a, textbooks' ln(1 + e^z) would lose the digits."""
RATES = (1e-3, 0.01, 0.1, 1.0, 10.0)
OUTPUTS = 4
"""Of all networks for code whose cost is a mean over its outputs."""
OF_OUTPUTS = ((3, OUTPUTS), (2, 5, OUTPUTS), (OUTPUTS,) * 3, (3, 1, 6, 2, OUTPUTS))
CONFIDENT = ("sigmoid", "cross_entropy"), ("softmax", "categorical_cross_entropy")
"""The outputs and costs of which δ^L is a − y."""
GUARDED = Way({"sigmoid": sigmoid}, {"sigmoid": PRIME_FROM_VALUE["sigmoid"]})


@dataclass(frozen=True)
class Kind:
    """What is other about code of one kind."""

    claim: Mapping[str, Any] = field(default_factory=dict)
    """Arguments of `check_backprop`."""
    alphas: Sequence[float] = (0.0, 0.1)
    """α of the penalty, one of these."""
    rates: Sequence[float] = ()
    """η of code that returns new parameters, one of these."""
    rate_is_said: bool = True
    over_outputs: bool = False
    """True of code whose cost is twice the mean over the outputs."""
    pairs: Sequence[tuple[Any, Any]] = tuple(PAIRINGS)
    """Output activations and costs."""
    own_cost: Fitting | None = None
    own_activation: OwnActivation | None = None
    values: Callable[[Array, Array], Array] | None = None
    """C(a, y) of each example, where the cost is returned too."""
    way: Way | None = None
    layout: str = "rows"

    def __post_init__(self) -> None:
        Claim.checked(**self.claim)


@dataclass(frozen=True)
class Code:
    """Code of a kind: its functions, and how it is written."""

    kind: Kind
    way: Way
    hidden: Any
    """One activation, or one a layer."""
    output: Any
    cost: Any
    alpha: float
    rate: float | None = None
    in_place: bool = False
    early: bool = False
    """True where δ^L is multiplied, and not the gradient."""

    def functions(self, layers: int) -> list[Any]:
        """σ of each layer."""
        hidden = list(self.hidden) if isinstance(self.hidden, list) else [self.hidden] * (layers - 1)
        return [*hidden, self.output]

    def factor(self, outputs: int) -> float:
        """How many times the cost that is named the code's is."""
        return 2 / outputs if self.kind.over_outputs else float(self.kind.claim.get("cost_scale", 1.0))

    def claim(self, outputs: int) -> dict[str, Any]:
        """The arguments of `check_backprop` for it."""
        return {**self.kind.claim, "cost_scale": self.factor(outputs)}

    def gradient(self, weights: Arrays, biases: Arrays, x: Array, y: Array) -> tuple[Arrays, Arrays]:
        """∂C/∂W and ∂C/∂b, of C as the code has it."""
        claim, m, outputs = self.kind.claim, len(x), len(weights[-1])
        if claim.get("targets") == "labels":
            y = y[:, None].astype(x.dtype) if outputs == 1 else np.eye(outputs, dtype=x.dtype)[y]
        used = biases if claim.get("biases", True) else [np.zeros_like(b) for b in biases]
        factor, summed = self.factor(outputs), claim.get("reduction") == "sum"
        way = replace(self.way, mean_first=self.way.mean_first and not summed)
        if self.early:
            way = replace(way, output_error=partial(_times, factor, way.output_error))
        nabla_w, nabla_b = way.sums(self.functions(len(weights)), self.cost, weights, used, x, y)
        multiple = 1.0 if self.early else factor
        divisor = 1 if summed or way.mean_first else m
        decay = self.alpha if summed or claim.get("l2_over") == "nothing" else self.alpha / m
        return (
            [multiple * one / divisor + decay * w for one, w in zip(nabla_w, weights, strict=True)],
            [multiple * one / divisor for one in nabla_b],
        )

    def __call__(self, weights: Arrays, biases: Arrays, x: Array, y: Array) -> Any:
        """What the code returns."""
        nabla_w, nabla_b = self.gradient(weights, biases, x, y)
        if self.rate is not None:
            return self._step(weights, biases, nabla_w, nabla_b)
        if not self.kind.claim.get("biases", True):
            return nabla_w
        if self.kind.values is None:
            return nabla_w, nabla_b
        a = x
        for w, b, function in zip(weights, biases, self.functions(len(weights)), strict=True):
            a = function.value(a @ w.T + b)
        penalty = self.alpha / (2 * len(x)) * sum((w**2).sum() for w in weights)
        return self.kind.values(a, y).mean() + penalty, nabla_w, nabla_b

    def _step(self, weights: Arrays, biases: Arrays, nabla_w: Arrays, nabla_b: Arrays) -> Any:
        pairs = [list(zip(weights, nabla_w, strict=True)), list(zip(biases, nabla_b, strict=True))]
        if not self.in_place:
            return tuple([one - self.rate * change for one, change in kind] for kind in pairs)
        for kind in pairs:
            for one, change in kind:
                one[...] = one - self.rate * change
        return None

    def subject(self) -> Any:
        """The code, as `check_backprop` takes it."""
        found: Any = self._of_layout()
        if self.rate is not None:
            found = adapters.update(found, rate=self.rate if self.kind.rate_is_said else None)
        return adapters.per_example(found) if self.kind.layout == "one example" else found

    def _of_layout(self) -> Any:
        def code(weights: Arrays, biases: Arrays, x: Array, y: Array) -> Any:
            if self.kind.layout == "rows":
                return self(weights, biases, x, y)
            return self(weights, biases, x[None], y[None])

        if self.kind.over_outputs:
            code.sizes = OF_OUTPUTS  # type: ignore[attr-defined]
        return code


def _times(factor: float, output_error: Callable[..., Array], *arguments: Any) -> Array:
    return factor * output_error(*arguments)


def _of_costs(*names: str) -> list[tuple[Any, Any]]:
    return [(output, cost) for output, cost in PAIRINGS if cost.name in names]


def _named(*pairs: tuple[str, str]) -> list[tuple[Any, Any]]:
    return [(activation_of(output), cost_of(cost)) for output, cost in pairs]


def _cross_entropy(epsilon: float) -> Callable[[Array, Array], Array]:
    return lambda a, y: -(y * np.log(a + epsilon) + (1 - y) * np.log(1 - a + epsilon)).sum(-1)


def _categorical(epsilon: float) -> Callable[[Array, Array], Array]:
    return lambda a, y: -(y * np.log(a + epsilon)).sum(-1)


def _of_own(fitting: Fitting) -> Kind:
    claim = {"targets": fitting.targets} if fitting.targets in (SIGNS, ONE_HOT) else {}
    pairs = [(activation_of(one), fitting.cost) for one in fitting.outputs]
    return Kind(claim, pairs=pairs, own_cost=fitting)


CONVENTIONS: dict[str, Kind] = {
    **{f"steps, η = {rate:g}": Kind(rates=[rate]) for rate in RATES},
    "steps, η not said": Kind(rates=RATES, rate_is_said=False),
    "steps for sums": Kind({"reduction": "sum"}, rates=RATES),
    "steps for one example": Kind(rates=RATES, alphas=(0.0,), layout="one example"),
    "labels": Kind({"targets": "labels"}),
    "one-hot": Kind({"targets": "one_hot"}),
    "±1": Kind({"targets": "signs"}, pairs=_of_costs("quadratic", "huber")),
    "twice the cost": Kind({"cost_scale": 2}),
    "a third of the cost": Kind({"cost_scale": 1 / 3}),
    "a millionth of the cost": Kind({"cost_scale": 1e-6}),
    "1000 times the cost": Kind({"cost_scale": 1e3}),
    "twice a mean over outputs": Kind(over_outputs=True),
    "sums over examples": Kind({"reduction": "sum"}),
    "sums of a multiple": Kind({"reduction": "sum", "cost_scale": 0.7}, alphas=(0.0, 0.3)),
    "a penalty over nothing": Kind({"l2_over": "nothing"}, alphas=(0.01, 0.3, 3.0)),
    "a penalty beside a multiple": Kind({"l2_over": "nothing", "cost_scale": 0.1}, alphas=(0.01, 0.3)),
    "no biases": Kind({"biases": False}),
    "no biases, steps for labels": Kind({"biases": False, "targets": "labels", "cost_scale": 2}, rates=RATES),
    "z clipped at ±500": Kind(way=GUARDED),
    "ε in the cost's logarithms": Kind(values=_cross_entropy(1e-12), pairs=_named(CONFIDENT[0])),
    "ε in a categorical cost": Kind(values=_categorical(1e-12), pairs=_named(CONFIDENT[1])),
}
OWN_COSTS: dict[str, Kind] = {one.cost.name: _of_own(one) for one in COSTS}
OWN_ACTIVATIONS: dict[str, Kind] = {one.name: Kind(own_activation=one) for one in ACTIVATIONS}
UNDERFLOWING = frozenset(one.cost.name for one in COSTS if one.is_fragile)
"""Kinds of code that divides by what may underflow: what is off in these is unstable, and not wrong."""
KINDS: dict[str, Kind] = {**CONVENTIONS, **OWN_COSTS, **OWN_ACTIVATIONS}


def code_of(kind: Kind, rng: np.random.Generator) -> Code:
    """Code of a kind, drawn."""
    output, cost = kind.pairs[rng.integers(len(kind.pairs))]
    ways = [way for way in WAYS if kind.own_cost is None or not way.values]
    way = kind.way or ways[rng.integers(len(ways))]
    if kind.own_cost is not None and kind.own_cost.delta is not None:
        way = replace(way, output_error=partial(_cancelled, kind.own_cost.delta))
    return Code(
        kind=kind,
        way=way,
        hidden=kind.own_activation or activation_of(NAMES[rng.integers(len(NAMES))]),
        output=output,
        cost=cost,
        alpha=float(rng.choice(kind.alphas)),
        rate=float(rng.choice(kind.rates)) if kind.rates else None,
        in_place=bool(rng.random() < 0.5),
        early=bool(rng.random() < 0.5),
    )


def _cancelled(
    delta: Callable[[Array, Array], Array], cost: Any, activation: Any, z: Array, a: Array, y: Array, prime: Any
) -> Array:
    return delta(a, y)


def checks(
    name: str, dtype: str, seed: int, *, drawn: int = 10, given: int = 1, jax: bool = True
) -> Iterator[tuple[str, Report]]:
    """The reports on code of a kind: on drawn networks, and on so many hard problems of each condition.

    Without `jax` the two other oracles are asked of functions of its own; JAX is always asked of the package's.
    """
    kind, rng = KINDS[name], np.random.default_rng(seed)
    with ExitStack() as without:
        if not jax:
            without.enter_context(patch.dict(ORACLES, jax=_left_out))
        code = code_of(kind, rng)
        yield (
            "drawn",
            check_backprop(
                code.subject(),
                activation=code.hidden,
                output_activation=code.output,
                cost=code.cost,
                l2=code.alpha,
                dtype=dtype,
                examples=drawn,
                seed=int(rng.integers(2**32)),
                raise_on_mismatch=False,
                **code.claim(OUTPUTS),
            ),
        )
        for condition, make in CONDITIONS.items():
            count = 0 if condition == "drawn" else given
            for problem in make(dtype, count, int(rng.integers(2**32))) if count else ():
                point, code = at_point(code_of(kind, rng), problem)
                claim = code.claim(point.network.sizes[-1])
                yield (
                    condition,
                    check_backprop(code.subject(), problems=[point], seed=seed, raise_on_mismatch=False, **claim),
                )


def _left_out(problem: Problem) -> Any:
    raise OracleUnavailable("a program would be compiled")


def at_point(code: Code, problem: Problem) -> tuple[Problem, Code]:
    """The problem with the functions of the code, and the code for it; what fits the kind is the problem's own."""
    kind, network = code.kind, problem.network
    hidden: list[Any] = list(network.activations[:-1])
    if kind.own_activation is not None:
        hidden = [kind.own_activation] * len(hidden)
    output, cost = network.activations[-1], problem.cost
    if kind.own_cost is not None:
        output, cost = code.output, code.cost
    elif (output, cost) not in kind.pairs:
        width = network.sizes[-1]
        output, cost = next(pair for pair in ((code.output, code.cost), *kind.pairs) if fits(*pair, width))
    y = Claim.checked(**kind.claim).target_rows(_targets(kind, cost, problem.y))
    biases = network.biases if kind.claim.get("biases", True) else [0 * b for b in network.biases]
    ours = Network(network.weights, biases, [*hidden, output])
    return Problem(ours, cost, problem.x, y, code.alpha), replace(code, hidden=hidden, output=output, cost=cost)


def _targets(kind: Kind, cost: Any, y: Array) -> Array:
    """Targets for which the cost is defined."""
    wanted = kind.own_cost.targets if kind.own_cost is not None else getattr(cost, "name", "")
    if wanted in (FRACTIONS, "cross_entropy"):
        return DOMAINS["numbers between 0 and 1"](y)
    return DOMAINS["distributions"](y) if wanted in ("distributions", "categorical_cross_entropy") else y
