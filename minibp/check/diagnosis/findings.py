"""From a gradient that is off to the equation, the layer and the name of the mistake."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minibp.arrays import Array
from minibp.check.diagnosis.batch import Average, Batch, averaged
from minibp.check.diagnosis.delta_readings import Single, right_delta
from minibp.check.diagnosis.single_example import Explanation, Part, explain
from minibp.check.faults.injection import RIGHT, FaultInstance, run_pass
from minibp.check.faults.pass_state import PassState
from minibp.check.report.finding import Finding
from minibp.check.rounding.arithmetic import Arithmetic
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
"""Examples of a batch that are also asked for one by one."""


def diagnose(
    ask: Callable[[Problem], Gradient | None], problems: Sequence[Problem], fp: Arithmetic, name: str
) -> list[Finding]:
    """What is wrong in these problems, which all have as many layers; from the output backwards, causes first.

    `ask` gives a subject's answer, or None where it has none.
    """
    singles: list[Single] = []
    batches: list[Batch] = []
    for problem in problems:
        rows = []
        for i in range(min(problem.m, ROWS)):
            one = _rows(problem, i, i + 1)
            answer = _exact(ask(one))
            if answer is None:
                break
            rows.append(len(singles))
            singles.append(Single(one, answer))
        whole = _rows(problem, 0, len(rows)) if len(rows) > 1 else None
        answer = None if whole is None else _exact(ask(whole))
        if whole is not None and answer is not None:
            batches.append(Batch(whole, answer, tuple(rows)))
    if not singles:
        return []
    found = explain(singles, fp)
    mean = averaged(batches, found, fp) if batches else Average(Part(), {})
    return _Findings(name, found, mean, batches).listed()


def _rows(problem: Problem, start: int, stop: int) -> Problem:
    return Problem(problem.network, problem.cost, problem.x[start:stop], problem.y[start:stop], problem.l2)


def _exact(answer: Gradient | None) -> Gradient | None:
    """In float64; None where an entry is not finite."""
    if answer is None or not all(np.isfinite(array).all() for kind in answer for array in kind):
        return None
    return Gradient(*(tuple(array.astype(np.float64) for array in kind) for kind in answer))


class _Findings:
    """One finding for every fault, with the layers that it is in, and for every equation that nothing explains."""

    def __init__(self, name: str, single: Explanation, mean: Average, batches: Sequence[Batch]) -> None:
        self.name = name
        self.single = single
        self.mean = mean
        self.batches = batches
        self.top = max(single.layers)

    def listed(self) -> list[Finding]:
        found = [self._forward(one) for one in self.single.forward]
        delta = {layer: reading.parts["delta"] for layer, reading in self.single.layers.items()}
        output = delta.pop(self.top)
        found += self._of_parts({self.top: output}, self._output_equation(), "nabla_b", "delta")
        found += self._of_parts(delta, "(22)", "nabla_b", "delta")
        for step in ("bias", "weight"):
            parts = {layer: reading.parts[step] for layer, reading in self.single.layers.items()}
            found += self._of_parts(parts, *PLACES[step], step)
        scale = self.single.layers[self.top].parts.get("scale", Part())
        if scale.candidates:
            found.append(self._finding("(6)", None, "nabla_b", scale.candidates, None))
        found += self._of_mean()
        for step in ("l2_weights", "l2_biases"):
            parts = {layer: reading.parts[step] for layer, reading in self.single.layers.items()}
            found += self._of_parts(parts, *PLACES[step], step)
        return found

    def _output_equation(self) -> str:
        network, cost = self.single.singles[0].problem.network, self.single.singles[0].problem.cost
        return "(26)" if fuses(cost, network.activations[-1]) else "(17)"

    def _forward(self, one: FaultInstance) -> Finding:
        layers = one.layers or tuple(range(self.top, 1, -1))
        return self._finding(one.fault.equation, layers, one.fault.tensor, (one,), None)

    def _of_parts(self, parts: dict[int, Part], equation: str, tensor: str, step: str) -> list[Finding]:
        """As few faults as explain all layers, and what is left."""
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
            found.append(self._finding(at, layers, tensor, tuple(candidates), step))
            left = {layer: part for layer, part in left.items() if layer not in layers}
        found += [self._finding(equation, [layer], tensor, (), step) for layer, part in parts.items() if part.off]
        return found

    def _of_mean(self) -> list[Finding]:
        found = []
        if self.mean.mean.candidates:
            one = self.mean.mean.candidates[0]
            found.append(self._finding("(6)", None, one.fault.tensor, (one,), None))
        for tensor in ("nabla_b", "nabla_w"):
            parts = {layer: part for (kind, layer), part in self.mean.parts.items() if kind == tensor}
            found += self._of_parts(parts, "(6)", tensor, "mean")
        return found

    def _finding(
        self,
        equation: str,
        layers: Sequence[int] | None,
        tensor: str,
        candidates: Sequence[FaultInstance],
        step: str | None,
    ) -> Finding:
        layer = None if layers is None else layers[0]
        if equation == "(6)" and layers is not None and len(layers) == self.top - 1:
            layers = layer = None
        entry, got, expected, tolerance = self._numbers(step, layer or self.top, tensor)
        named = candidates[0] if candidates else None
        return Finding(
            equation, layer, tensor, named.fault.id if named else None, self.name, entry, got, expected, tolerance,
            "equation" if step in ("delta", *PLACES) else "core",
            layers=tuple(layers or ()),
            also=tuple(one.fault.id for one in candidates[1:]),
            constant=named.constant if named else None,
            looks=() if named else self._looks(step, layer or self.top, tensor),
        )  # fmt: skip

    def _numbers(
        self, step: str | None, layer: int, tensor: str
    ) -> tuple[tuple[int, ...] | None, float | None, float | None, float | None]:
        """The entry that is furthest beyond its tolerance."""
        worst: tuple[float, Any] = (-1.0, (None, None, None, None))
        for predicted, got in self._pairs(step, layer, tensor):
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                ratio = np.abs(got - predicted.value) / (predicted.error + predicted.fp.tiny)
            at = np.unravel_index(int(np.argmax(ratio)), ratio.shape)
            if ratio[at] > worst[0]:
                entry = tuple(int(i) for i in at)
                worst = (
                    float(ratio[at]),
                    (entry, float(got[at]), float(predicted.value[at]), float(predicted.error[at])),
                )
        return worst[1]

    def _pairs(self, step: str | None, layer: int, tensor: str) -> list[tuple[Any, Array]]:
        """What a tensor of a layer should be, tracked, beside what it is."""
        if step is None or step == "mean":
            return [self._true(batch.problem, batch.answer, layer, tensor) for batch in self.batches] or [
                self._true(single.problem, single.answer, layer, tensor) for single in self.single.singles
            ]
        pairs = []
        for v, single in zip(self.single.values, self.single.singles, strict=True):
            v.share = np.ones(1)
            if step == "delta":
                pairs.append((v.running(right_delta(v, layer))[0], v.delta[layer].value[0]))
                continue
            kind = "bias" if tensor == "nabla_b" else "weight"
            predicted = RIGHT[kind](v, layer)
            if v.alpha and kind == "weight":
                predicted = predicted + RIGHT["l2_weights"](v, layer)
            pairs.append((predicted, single.nabla_b(layer) if kind == "bias" else single.nabla_w(layer)))
        return pairs

    def _true(self, problem: Problem, answer: Gradient, layer: int, tensor: str) -> tuple[Any, Array]:
        right = run_pass(PassState(problem, self.single.values[0].fp))
        return getattr(right, tensor)[layer - 2], getattr(answer, tensor)[layer - 2]

    def _looks(self, step: str | None, layer: int, tensor: str) -> tuple[str, ...]:
        """What is known of a mismatch that has no name."""
        pairs = self._pairs(step, layer, tensor)
        got = np.concatenate([one.ravel() for _, one in pairs])
        expected = np.concatenate([one.value.ravel() for one, _ in pairs])
        error = np.concatenate([np.broadcast_to(one.error, one.value.shape).ravel() for one, _ in pairs])
        error = error + self.single.values[0].running(got).fp.gamma(0) * np.abs(got)  # as where it was found to be off
        off = np.abs(got - expected) > error
        looks = [f"{int(off.sum())} of {off.size} entries are off"]
        if off.any() and (got[off] == 0).all():
            looks.append("all of those are 0")
        usable = off & (np.abs(expected) > 1000 * error)  # a ratio of what is known to three digits or more
        if usable.any():
            ratio = got[usable] / expected[usable]
            spread = float(np.ptp(ratio))
            slack = 2 * float((error[usable] / np.abs(expected[usable])).max()) * (1 + float(np.abs(ratio).max()))
            if spread <= slack:
                looks.append(f"all of those are {float(np.median(ratio)):.12g} times what they should be")
        if off.any() and np.abs(got).max() == np.abs(got[off]).min() and off.sum() > 1:
            looks.append(f"all of those are clipped at ±{float(np.abs(got).max()):.6g}")
        return tuple(looks)
