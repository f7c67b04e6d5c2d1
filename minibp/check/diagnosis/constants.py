"""The constants of faults, fitted; and whether what they explain is more than a constant explains anyway.

One equation determines a constant, and so says nothing: with layers of one neuron any error is that which has gone back
through W − c ∂C/∂W, for some c. Each further equation counts by the digits in which it confirms the constant.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from minibp.arrays import Array
from minibp.check.diagnosis.delta_readings import SingleExample
from minibp.check.faults.catalogue import CATALOGUE
from minibp.check.faults.injection import RIGHT, FaultInstance, run_forward
from minibp.check.faults.pass_state import PassState
from minibp.check.rounding.arithmetic import Arithmetic
from minibp.check.rounding.running_error import RunningError

SPARE_DIGITS = 6.0
"""The digits that equations beyond the one that determines a constant have to confirm: chance does one in a million."""
ROUNDS = 12
"""Steps of Gauss and Newton for a constant that a result is not linear in; each gains a digit or more."""

STARTS = (0.1, 0.4, 1.0, 0.0)
"""Slopes of an output that a search begins at: δ^L is of second degree in it, and more than one may fit an entry."""
NEAR = 1e4
"""Units of rounding within which what was computed is looked at as right, or as a number of few digits."""
SOME = 3
"""Examples that a slope of the output is looked for in."""
AGREEMENT = 1e-6
"""How far slopes that are read from entries may differ, relatively: what explains the gradient decides."""
LEFT = 0.3
"""After the first step no more than this part of the gap is left, or there is no such constant: epsilons are small."""


class Confirmation(NamedTuple):
    """The digits in which the equations of one layer confirm a constant, and how far that may be off."""

    constant: float
    total: float
    spare: float
    """Those of all equations but the best, which has determined it."""
    uncertainty: float


def fitted(variant: FaultInstance, states: Sequence[PassState], layer: int, deltas: Sequence[Array]) -> FaultInstance:
    """The same fault with its constant by least squares; as it is where it has none."""
    fault = variant.fault
    if fault.curves:
        constant = _by_steps(variant, states, layer, deltas)
    elif fault.along is not None:
        constant = _by_projection(variant, states, layer, deltas)
    else:
        return variant
    return FaultInstance(fault, variant.layers, variant.variant, constant)


def _by_projection(
    variant: FaultInstance, states: Sequence[PassState], layer: int, deltas: Sequence[Array]
) -> float | None:
    along, formula = variant.fault.along, variant.fault.formulas[variant.variant]
    steps, gaps = [], []
    for state, delta in zip(states, deltas, strict=True):
        base = formula(state, layer)
        slope = None if base is None or along is None else along(state, layer)
        if slope is not None:
            steps.append(state.plain(slope).ravel())
            gaps.append((delta - state.plain(base)).ravel())
    return _projected(steps, gaps)


def _projected(steps: Sequence[Array], gaps: Sequence[Array]) -> float | None:
    """The multiple of the steps that is nearest to the gaps; None where all steps are 0."""
    square = sum(float(step @ step) for step in steps)
    product = sum(float(step @ gap) for step, gap in zip(steps, gaps, strict=True))
    return product / square if square and np.isfinite(product / square) else None


def _by_steps(variant: FaultInstance, states: Sequence[PassState], layer: int, deltas: Sequence[Array]) -> float | None:
    """The constant of a curve: from what entries suggest, or from 0, by Gauss and Newton."""
    fault, curve = variant.fault, variant.fault.curves[variant.variant]
    if curve(states[0], layer, fault.typical or 1.0) is None:
        return None
    constant, first = 0.0, 0.0
    if fault.suggest is not None:
        each = [fault.suggest(state, layer, delta) for state, delta in zip(states, deltas, strict=True)]
        known = np.concatenate([one[np.isfinite(one)] for one in each])
        return float(np.median(known)) if known.size else None
    plain = [state.without_errors() for state in states]
    for done in range(ROUNDS):
        step = max(1e-3 * abs(constant), 1e-9)
        here = [curve(state, layer, constant).ravel() for state in plain]
        there = [curve(state, layer, constant + step).ravel() for state in plain]
        slopes = [(after - before) / step for before, after in zip(here, there, strict=True)]
        gaps = [delta.ravel() - before for delta, before in zip(deltas, here, strict=True)]
        change = _projected(slopes, gaps)
        left = max(float(np.abs(gap).max()) for gap in gaps)
        first = left if not done else first
        if change is None or (done == 1 and left > LEFT * first):
            return None
        constant += change
        if abs(change) <= 1e-12 * abs(constant):
            break
    return constant if constant > 0 else None


def confirmation(
    one: FaultInstance, states: Sequence[PassState], layer: int, deltas: Sequence[RunningError]
) -> Confirmation:
    """How well the δ of a layer confirm the constant of a fault: each equation by the digits that it determines it in.

    Equations that have the same numbers, as of neurons or examples that are equal, count once.
    """
    digits: dict[float, float] = {}
    constant = one.constant or 0.0
    for state, delta in zip(states, deltas, strict=True):
        predicted = one.at(state, layer)
        if predicted is None or not constant:
            continue
        step = 1e-3 * constant
        moved = FaultInstance(one.fault, one.layers, one.variant, constant + step).at(state, layer)
        slope = (state.plain(moved) - state.plain(predicted)) / step
        error = state.running(predicted).error + delta.error + state.fp.gamma(0) * np.abs(delta.value)  # type: ignore[union-attr]
        with np.errstate(all="ignore"):
            told = np.log10(np.abs(constant * slope) / error)
        for value, here in zip(np.abs(delta.value).ravel(), told.ravel(), strict=True):
            if here > 0:
                key = float(f"{value:.9g}")
                digits[key] = max(digits.get(key, 0.0), float(min(here, 16)))
    best = max(digits.values(), default=0.0)
    total = sum(digits.values())
    return Confirmation(constant, total, total - best, abs(constant) * 10.0**-best)


def is_confirmed(mine: Confirmation, others: Sequence[Confirmation]) -> bool:
    """True where a layer confirms its constant, or another layer has the same one."""
    if mine.spare >= SPARE_DIGITS:
        return True
    again = [
        theirs
        for theirs in others
        if abs(mine.constant - theirs.constant) <= 10 * (mine.uncertainty + theirs.uncertainty)
    ]
    return any(min(mine.total, theirs.total) >= SPARE_DIGITS for theirs in again)


def forward_slopes(examples: Sequence[SingleExample], fp: Arithmetic) -> list[FaultInstance]:
    """Activations with another constant, in all layers that have one or in one of them, as the results show it."""
    fault = CATALOGUE["slope_differs"]
    states = [PassState(example.problem, fp) for example in examples]
    for state in states:
        run_forward(state)
    sloped = [l for l in states[0].layers if fault.other is not None and fault.other(states[0].activations[l], 1.0)]
    found = []
    for scope in [None, *((layer,) for layer in sloped)] if sloped else []:
        layer = sloped[0] if scope is None else scope[0]
        constant = (
            _read_slope(states, examples, layer, fp)
            if layer < states[0].top
            else _output_slope(states, examples, layer, fp)
        )
        if constant is not None:
            found.append(FaultInstance(fault, scope, constant=_plain_number(constant, fp)))
    return found


def _plain_number(constant: float, fp: Arithmetic) -> float:
    """A number of few digits, where it is one but for rounding."""
    short = float(f"{constant:.4g}")
    return short if abs(short - constant) <= NEAR * fp.u * abs(constant) else constant


def _read_slope(
    states: Sequence[PassState], examples: Sequence[SingleExample], layer: int, fp: Arithmetic
) -> float | None:
    """The slope of a hidden layer, from a^l as it is in ∂C/∂W^{l+1} = δ^{l+1} (a^l)ᵀ; None where entries disagree."""
    suggest = CATALOGUE["slope_differs"].suggest
    assert suggest is not None
    above = layer + 1
    slopes: list[Array] = []
    inputs: list[Array] = []
    shown = any((state.plain(state.z[layer]) > 0).any() for state in states)
    for state, example in zip(states, examples, strict=True):
        z, nabla_w = state.plain(state.z[layer]).ravel(), example.nabla_w(above)
        if state.alpha:
            nabla_w = nabla_w - state.plain(RIGHT["l2_weights"](state, above))
        up = np.maximum(z, 0)  # there a is z, whatever the slope is, and ∂C/∂W tells δ
        if shown and not up.any():
            continue
        delta = nabla_w @ up / (up @ up) if shown else example.nabla_b(above)
        square = float(delta @ delta)
        if square:
            slopes.append(suggest(state, layer, (delta @ nabla_w)[None, :] / square).ravel())
            inputs.append(z)
    if not slopes:
        return None
    known, z = np.concatenate(slopes), np.concatenate(inputs)
    known, z = known[np.isfinite(known)], z[np.isfinite(known)]
    if len(np.unique(z)) < 2:  # one equation for one number
        return None
    middle = float(np.median(known))
    agree = known[np.abs(known - middle) <= max(AGREEMENT, NEAR * fp.u) * max(abs(middle), 1e-3)]
    return float(np.median(agree)) if len(agree) >= 0.8 * len(known) else None


def _output_slope(
    states: Sequence[PassState], examples: Sequence[SingleExample], layer: int, fp: Arithmetic
) -> float | None:
    """The slope of the output layer, from δ^L of some examples: what explains all of them decides."""
    fault = CATALOGUE["slope_differs"]
    states, examples = states[:SOME], examples[:SOME]

    def error_with(state: PassState, slope: float) -> Array:
        other = PassState(exact[id(state)])
        run_forward(other, [FaultInstance(fault, (layer,), constant=slope)])
        return np.asarray(RIGHT["output"](other, layer)).ravel()

    exact = {id(state): state.problem.astype("float64") for state in states}
    got = [example.nabla_b(layer) for example in examples]
    largest = max(float(np.abs(delta).max()) for delta in got)
    for constant in STARTS:
        for _ in range(ROUNDS):
            here = [error_with(state, constant) for state in states]
            gaps = [delta - one for delta, one in zip(got, here, strict=True)]
            if max(float(np.abs(gap).max()) for gap in gaps) <= NEAR * fp.u * largest:
                return constant
            slopes = [(error_with(state, constant + 1e-6) - one) * 1e6 for state, one in zip(states, here, strict=True)]
            change = _projected(slopes, gaps)
            if change is None or not np.isfinite(change):
                break
            constant += change  # noqa: PLW2901
    return None
