"""The findings of a diagnosis: equation, layers and name of each mistake, and an entry that shows it, causes first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from minibp.arrays import Array
from minibp.check.diagnosis.batch import STEPS_BY_TENSOR, Average, Batch, averaged
from minibp.check.diagnosis.clipping import clipped
from minibp.check.diagnosis.delta_readings import SingleExample, right_delta
from minibp.check.diagnosis.single_example import Explanation, Part, explain
from minibp.check.faults.injection import RIGHT, FaultInstance, run_pass
from minibp.check.faults.pairs import FaultPair
from minibp.check.faults.pass_state import PassState, by_layer
from minibp.check.report.finding import Finding
from minibp.check.rounding.arithmetic import Arithmetic
from minibp.check.rounding.running_error import RunningError
from minibp.check.tolerance import error_ratio, within
from minibp.costs import fuses
from minibp.network import Gradient
from minibp.problem import Problem

PLACES = {
    "bias": ("(23)", "nabla_b"),
    "weight": ("(24)", "nabla_w"),
    "l2_biases": ("(27)", "nabla_b"),
    "l2_weights": ("(27)", "nabla_w"),
}
ROWS = 4
"""The most examples of a batch; the subject is called for each of them alone, too."""
DIFFERS = (
    "one example alone and the same example in a batch differ: the gradient of the batch is right, "
    "that of one example is not"
)


def diagnose(
    call: Callable[[Problem], Gradient | None],
    problems: Sequence[Problem],
    fp: Arithmetic,
    name: str,
    *,
    biases: bool = True,
    rows: Callable[[Problem, int, int], Problem] | None = None,
    sums: bool = False,
) -> list[Finding]:
    """The findings on these problems, which all have as many layers; from the output backwards, causes first.

    `call` returns a subject's gradient, or None where it has none. Without biases ∂C/∂b is neither read nor judged.
    `rows` makes the problem of some of the examples of another, where a convention of the subject depends on m. `sums`
    says that the subject sums over the examples, while its gradient comes divided by m.
    """
    of_rows = rows or _rows
    examples: list[SingleExample] = []
    batches: list[Batch] = []
    for problem in problems:
        singles = []
        for i in range(min(problem.m, ROWS)):
            one = of_rows(problem, i, i + 1)
            result = _exact(call(one))
            if result is None:
                break
            singles.append(len(examples))
            examples.append(SingleExample(one, result))
        whole = of_rows(problem, 0, len(singles)) if len(singles) > 1 else None
        result = None if whole is None else _exact(call(whole))
        if whole is not None and result is not None:
            batches.append(Batch(whole, result, tuple(singles)))
    if not examples:
        return []
    calls = [(one.problem, one.result) for one in examples] + [(one.problem, one.result) for one in batches]
    explanation = explain(examples, fp, biases=biases, clip=lambda: clipped(calls, fp, biases=biases))
    average = averaged(batches, explanation, fp, biases=biases, sums=sums) if batches else Average(Part(), {})
    return _Findings(name, explanation, average, batches).listed()


def _rows(problem: Problem, start: int, stop: int) -> Problem:
    return Problem(problem.network, problem.cost, problem.x[start:stop], problem.y[start:stop], problem.l2)


def _exact(result: Gradient | None) -> Gradient | None:
    """The gradient in float64; None where an entry is not finite."""
    if result is None or not all(np.isfinite(array).all() for kind in result for array in kind):
        return None
    return Gradient(*(tuple(array.astype(np.float64) for array in kind) for kind in result))


class _Pair(NamedTuple):
    """A tensor of the subject, and what it is held to."""

    got: Array
    expected: RunningError


class _Findings:
    """One finding for every fault, with the layers that it is in, and for every equation that nothing explains."""

    def __init__(self, name: str, explanation: Explanation, average: Average, batches: Sequence[Batch]) -> None:
        self.name = name
        self.explanation = explanation
        self.average = average
        self.batches = batches
        self.top = max(explanation.layers)

    def listed(self) -> list[Finding]:
        if self.explanation.clip is not None:
            return [self._clipped(self.explanation.clip)]
        found = [self._forward(fault) for fault in self.explanation.forward]
        delta = {layer: reading.parts["delta"] for layer, reading in self.explanation.layers.items()}
        output = delta.pop(self.top)
        found += self._of_parts({self.top: output}, self._output_equation(), "nabla_b", "delta")
        found += self._of_parts(delta, "(22)", "nabla_b", "delta")
        for step in ("bias", "weight"):
            parts = {layer: reading.parts[step] for layer, reading in self.explanation.layers.items()}
            found += self._of_parts(parts, *PLACES[step], step)
        scale = self.explanation.layers[self.top].parts.get("scale", Part())
        if scale.candidates:
            found.append(self._finding("(6)", None, "nabla_b", scale.candidates, None))
        found += self._of_mean()
        for step in ("l2_weights", "l2_biases"):
            parts = {layer: reading.parts[step] for layer, reading in self.explanation.layers.items()}
            found += self._of_parts(parts, *PLACES[step], step)
        return found

    def _output_equation(self) -> str:
        problem = self.explanation.examples[0].problem
        return "(26)" if fuses(problem.cost, problem.network.activations[-1]) else "(17)"

    def _forward(self, fault: FaultInstance) -> Finding:
        state = self.explanation.states[0]
        layers = fault.layers or tuple(
            layer
            for layer in range(self.top, 1, -1)
            if fault.fault.other is None or fault.fault.other(state.activations[layer], 1.0) is not None
        )
        return self._finding(fault.fault.equation, layers, fault.fault.tensor, (fault,), None)

    def _clipped(self, fault: FaultInstance) -> Finding:
        """The clip of the whole gradient, with the entry that it changes most."""
        layers = list(self.explanation.layers)
        of_layers = [_largest(self._pairs(None, layer, fault.fault.tensor)) for layer in layers]
        errors = [abs((got or 0.0) - (expected or 0.0)) for _, got, expected, _ in of_layers]
        shown = layers[int(np.argmax(errors))]
        found = self._finding("(6)", [shown], fault.fault.tensor, (fault,), None)
        return replace(found, layers=())

    def _of_parts(self, parts: dict[int, Part], equation: str, tensor: str, step: str) -> list[Finding]:
        """The fewest faults that explain all layers, then the layers that none explains."""
        left = {layer: part for layer, part in parts.items() if part.candidates}
        found = []
        while left:
            ids = [one.fault.id for part in left.values() for one in part.candidates]
            chosen = max(dict.fromkeys(ids), key=ids.count)
            layers = [layer for layer, part in left.items() if any(one.fault.id == chosen for one in part.candidates)]
            of_first = left[layers[0]].candidates
            candidates = [one for one in of_first if one.fault.id == chosen]
            candidates += [one for one in of_first if one.fault.id != chosen]
            at = candidates[0].fault.equation or equation
            pair = candidates[0].fault
            named: list[tuple[FaultInstance, ...]] = [tuple(candidates)]
            if isinstance(pair, FaultPair):
                named = [(one,) for one in pair.named(candidates[0].constant)]
            found += [self._finding(at, layers, tensor, each, step) for each in named]
            left = {layer: part for layer, part in left.items() if layer not in layers}
        found += [self._finding(equation, [layer], tensor, (), step) for layer, part in parts.items() if part.off]
        return found

    def _of_mean(self) -> list[Finding]:
        found = []
        fault = self.average.mean.first
        if fault is not None:
            found.append(self._finding("(6)", None, fault.fault.tensor, (fault,), None))
        differs: list[tuple[str, int]] = []
        for tensor in STEPS_BY_TENSOR:
            parts = {layer: part for (of_tensor, layer), part in self.average.parts.items() if of_tensor == tensor}
            right = [layer for layer, part in parts.items() if part.off and self._is_right("mean", layer, tensor)]
            differs += [(tensor, layer) for layer in right]
            rest = {layer: part for layer, part in parts.items() if layer not in right}
            found += self._of_parts(rest, "(6)", tensor, "mean")
        if differs:
            layers = sorted({layer for _, layer in differs}, reverse=True)
            found.append(self._finding("(6)", layers, differs[0][0], (), "alone", DIFFERS))
        return found

    def _finding(
        self,
        equation: str,
        layers: Sequence[int] | None,
        tensor: str,
        candidates: Sequence[FaultInstance],
        step: str | None,
        message: str = "",
    ) -> Finding:
        layer = None if layers is None else layers[0]
        if equation == "(6)" and layers is not None and len(layers) == self.top - 1:
            layers = layer = None
        pairs = self._pairs(step, layer or self.top, tensor)
        entry, got, expected, tolerance = _largest(pairs)
        named = candidates[0] if candidates else None
        if named is not None and named.fault.message is not None and not message:
            state = self.explanation.states[0]
            message = named.fault.message(state, layer or self.top, named.variant, named.constant or 0.0)
        return Finding(
            equation, layer, tensor, named.fault.id if named else None, self.name, entry, got, expected, tolerance,
            "equation" if step in ("delta", *PLACES) else "core",
            message=message,
            layers=tuple(layers or ()),
            also=tuple(one.fault.id for one in candidates[1:]),
            constant=named.constant if named else None,
            looks=() if named or message else (*_looks(pairs), *self._sides(step, layer or self.top, pairs)),
        )  # fmt: skip

    def _sides(self, step: str | None, layer: int, pairs: Sequence[_Pair]) -> list[str]:
        """The observation that δ^l is off on one side of 0 only, where it is right somewhere on the other."""
        if step != "delta":
            return []
        z = np.concatenate([state.plain(state.z[layer]).ravel() for state in self.explanation.states])
        off = ~np.concatenate([_within(pair).ravel() for pair in pairs])
        sides = {"<": z < 0, ">": z > 0}
        return [
            f"all of those have z^l {sign} 0, and none has that is right"
            for sign, side in sides.items()
            if off.sum() > 1 and (off == side).all() and not side.all()
        ]

    def _is_right(self, step: str, layer: int, tensor: str) -> bool:
        return all(_within(pair).all() for pair in self._pairs(step, layer, tensor))

    def _pairs(self, step: str | None, layer: int, tensor: str) -> list[_Pair]:
        """A tensor of a layer in all batches, or in all single examples, beside its equation or the right gradient."""
        examples = self.explanation.examples
        if step in (None, "mean") and self.batches:
            return [self._against_right(batch.problem, batch.result, layer, tensor) for batch in self.batches]
        if step in (None, "mean", "alone"):
            return [self._against_right(example.problem, example.result, layer, tensor) for example in examples]
        pairs = []
        for state, example in zip(self.explanation.states, examples, strict=True):
            if step == "delta":
                pairs.append(_Pair(state.delta[layer].value[0], state.running(right_delta(state, layer))[0]))
                continue
            kind = "bias" if tensor == "nabla_b" else "weight"
            predicted = RIGHT[kind](state, layer)
            if state.alpha and kind == "weight":
                predicted = predicted + RIGHT["l2_weights"](state, layer)
            got = example.nabla_b(layer) if kind == "bias" else example.nabla_w(layer)
            pairs.append(_Pair(got, predicted.loosened(state.read_error(layer, kind))))
        return pairs

    def _against_right(self, problem: Problem, result: Gradient, layer: int, tensor: str) -> _Pair:
        state = PassState(problem, self.explanation.states[0].fp)
        got, right = (by_layer(getattr(gradient, tensor))[layer] for gradient in (result, run_pass(state)))
        return _Pair(got, right.loosened(state.read_error(layer, "bias" if tensor == "nabla_b" else "weight")))


def _largest(pairs: Sequence[_Pair]) -> tuple[tuple[int, ...] | None, float | None, float | None, float | None]:
    """The entry that is furthest beyond its tolerance: its index, the numbers got and expected, and the tolerance."""
    worst = -1.0
    numbers: tuple[tuple[int, ...] | None, float | None, float | None, float | None] = (None, None, None, None)
    for got, expected in pairs:
        ratio = error_ratio(got, expected.value, expected.error, expected.fp.tiny)
        at = np.unravel_index(int(np.argmax(ratio)), ratio.shape)
        if ratio[at] > worst:
            worst = float(ratio[at])
            entry = tuple(int(i) for i in at)
            numbers = entry, float(got[at]), float(expected.value[at]), float(expected.error[at])
    return numbers


def _within(pair: _Pair) -> Array:
    """True for the entries that agree, as in `explains`."""
    got, expected = pair
    return within(got, expected.value, expected.error, expected.fp.gamma(0) * np.abs(got))


def _looks(pairs: Sequence[_Pair]) -> tuple[str, ...]:
    """Observations on the entries that are off, of a mismatch that has no name."""
    got = np.concatenate([pair.got.ravel() for pair in pairs])
    expected = np.concatenate([pair.expected.value.ravel() for pair in pairs])
    error = np.concatenate([np.broadcast_to(pair.expected.error, pair.got.shape).ravel() for pair in pairs])
    off = ~np.concatenate([_within(pair).ravel() for pair in pairs])
    error = error + pairs[0].expected.fp.gamma(0) * np.abs(got)
    looks = [f"{int(off.sum())} of {off.size} entries are off"]
    if off.any() and (got[off] == 0).all():
        looks.append("all of those are 0")
    usable = off & (np.abs(expected) > 1000 * error)  # a ratio of numbers that are known to three digits or more
    if usable.any():
        ratio = got[usable] / expected[usable]
        spread = float(np.ptp(ratio))
        slack = 2 * float((error[usable] / np.abs(expected[usable])).max()) * (1 + float(np.abs(ratio).max()))
        if spread <= slack:
            looks.append(f"all of those are {float(np.median(ratio)):.12g} times what they should be")
    if off.any() and np.abs(got).max() == np.abs(got[off]).min() and off.sum() > 1:
        looks.append(f"all of those are clipped at ±{float(np.abs(got).max()):.6g}")
    return tuple(looks)
