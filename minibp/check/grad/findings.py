"""The findings on a claim about derivatives: the entries that show it best, and the symptom that they have."""

from __future__ import annotations

from collections import Counter

import numpy as np

from minibp.arrays import Array
from minibp.check.grad.arguments import Breach
from minibp.check.grad.claim import Claim, GradientClaim, TangentClaim
from minibp.check.grad.column import WRONG, Cell
from minibp.check.grad.differences import slopes
from minibp.check.grad.engine import Engine
from minibp.check.grad.function import Function
from minibp.check.grad.jacobian import Jacobian
from minibp.check.grad.low_precision import coarser_arithmetic
from minibp.check.grad.projected import Projected
from minibp.check.grad.single_result import single_result
from minibp.check.grad.symptom_fits import Block, Named, elsewhere, swapped, symptom_of
from minibp.check.report.finding import Finding
from minibp.check.report.symptoms import SYMPTOMS

FINDINGS = 5
"""Findings that are shown."""
SINGLE_SLOPES = 24
"""So many slopes at most are computed at another point, to see whether they are those that are claimed."""


class Findings:
    """What is said of the comparisons that are off; `kind` is that of the question, `name` what the claim is called."""

    def __init__(self, kind: str, name: str, function: Function, claim: Claim | TangentClaim, engine: Engine) -> None:
        self.kind, self.name, self.function, self.claim, self.engine = kind, name, function, claim, engine
        self.arguments = function.arguments
        self.notes: list[str] = []
        self.off: Counter[str] = Counter()
        """The number of entries that are off, by argument."""

    def of(self, bad: list[Cell], *, ignored: bool) -> list[Finding]:
        """The findings on comparisons that are off; `ignored` says that the cotangent is not used."""
        named = self._symptoms(ignored) if self.engine.every else {}
        named = self._coarser(bad) or named
        for leaf, symptom in named.items():
            self.notes.append(f"{self._label(leaf)}: {symptom.text}")
        bad = sorted(bad, key=lambda cell: (cell.outcome != WRONG, not cell.is_entry, -cell.excess))
        entries = [cell for cell in bad if cell.is_entry]
        if self._is_right_in_double(bad[:FINDINGS]):
            self.notes.append(f"in float64 it is right: what is off is what {self.name} computes in single precision")
        # What is off along a direction is off since an entry of it is.
        return [self._finding(cell, named) for cell in self._shown(entries or bad, named)]

    def _is_right_in_double(self, bad: list[Cell]) -> bool:
        """True where arguments are of single precision, and the claim is right of the same numbers in double."""
        claim, function = self.claim, self.function
        single = any(
            a is not None and a.dtype.name in {"float32", "complex64"} for _, _, a in self.arguments.structure.leaves
        )
        if not single or function.dtype is None or not isinstance(claim, GradientClaim) or claim.constant:
            return False
        cotangents = self.engine.seen.cotangents()
        try:
            rows = {cell.i: claim.row_in_double(cotangents[cell.i]) for cell in bad}
        except Exception:  # noqa: BLE001 -- code that takes single precision alone raises anything
            return False
        return all(abs(float(rows[cell.i] @ cell.v) - cell.expected) <= cell.tolerance for cell in bad)

    def _coarser(self, bad: list[Cell]) -> dict[str, Named]:
        """By argument, the arithmetic whose rounding errors are as what is off."""
        worst = sorted(bad, key=lambda cell: -cell.excess)
        name = coarser_arithmetic(self.claim, worst, self.engine.seen.cotangents(), self.engine.claimed.rows)
        text = SYMPTOMS["coarser_arithmetic"].summary.replace("{arithmetic}", name)
        return {self._leaf(cell): Named("coarser_arithmetic", text) for cell in bad} if name else {}

    def _symptoms(self, ignored: bool) -> dict[str, Named]:
        """The symptom of each argument whose derivatives have one."""
        blocks = self._blocks()
        pair = Named("arguments_swapped", SYMPTOMS["arguments_swapped"].summary)
        found = dict.fromkeys(swapped(blocks), pair)
        for leaf, block in blocks.items():
            if leaf not in found and block.off.any():
                symptom = symptom_of(block, ignored=ignored) or self._elsewhere(block)
                if symptom is not None:
                    found[leaf] = symptom
        return found

    def _blocks(self) -> dict[str, Block]:
        """The Jacobian by each argument, as far as single entries were compared."""
        got, expected, tolerance = Jacobian.of(self.engine)
        out = self._shape_of_result()
        return {
            leaf.name: Block(
                got[:, part], expected[:, part], tolerance[:, part], self.arguments.flat[part],
                () if leaf.is_complex or leaf.array is None else leaf.array.shape, out,
            )
            for leaf, part in self.arguments.structure.parts()
        }  # fmt: skip

    def _shape_of_result(self) -> tuple[int, ...]:
        """The shape of the result where it is one array, of which every entry was compared; else ()."""
        arrays = [leaf.array for leaf in self.function.result.leaves if leaf.array is not None]
        whole = (
            len(arrays) == 1
            and arrays[0].dtype.kind != "c"
            and self.function.kept.all()
            and self.engine.seen.combinations is None
        )
        return arrays[0].shape if whole and self.kind != "grad" else ()

    def _elsewhere(self, block: Block) -> Named | None:
        """A symptom of an elementwise function whose derivative is taken at another place."""
        y = self.function.at
        if block.out != block.shape or len(self.arguments) != len(y) or isinstance(self.claim, TangentClaim):
            return None
        with np.errstate(all="ignore"):
            try:
                at_output = [self._slope_at(y, k) for k in range(len(y))] if len(y) <= SINGLE_SLOPES else [np.nan]
                claimed = self.claim.row(np.ones(len(y)), y)
            except Breach:
                return None
        return elsewhere(block, np.array(at_output), claimed)

    def _slope_at(self, x: Array, k: int) -> float:
        """The slope of result k by entry k at another point, by differences."""
        seen = Projected(self.function, None).moved_to(x)
        v = np.asarray(np.arange(len(x)) == k, np.float64)
        return float(slopes(seen, v, float(np.abs(x[k])) or 1.0, 1.0).value[k])

    def _shown(self, bad: list[Cell], named: dict[str, Named]) -> list[Cell]:
        """The comparisons that are shown: the worst by each argument, and others where nothing names them."""
        self.off = Counter(map(self._leaf, bad))
        first: dict[str, int] = {}
        for at, cell in enumerate(bad):
            first.setdefault(self._leaf(cell), at)
        chosen = list(first.values())[:FINDINGS]
        near = range(min(len(bad), 2 * FINDINGS) if self.kind == "grad" else 0)
        rest = [at for at in near if at not in chosen and self._leaf(bad[at]) not in named]
        return [bad[at] for at in chosen + rest[: FINDINGS - len(chosen)]]

    def _leaf(self, cell: Cell) -> str:
        return self.arguments.place(int(np.flatnonzero(cell.v)[0]))[0]

    def _label(self, leaf: str) -> str:
        """The name of the derivative by an argument."""
        return "grad" + leaf.removeprefix("x") if self.kind == "grad" else leaf

    def _finding(self, cell: Cell, named: dict[str, Named]) -> Finding:
        tensor, entry, symptom, message = "slope", None, None, ""
        cell, result = self._of_one_result(cell)
        leaf, place, part = self.arguments.place(int(np.flatnonzero(cell.v)[0]))
        if cell.is_entry:
            tensor, entry, symptom = self._label(leaf) + part, place, named.get(leaf)
        if self.kind != "grad" or (leaf != "x" and cell.is_entry):
            off = self.off[leaf]
            message = f"the derivatives by {self.arguments.as_f_has_it(leaf)}, of which {off:,} {_verb(off)} off"
        if self.kind != "grad":
            by = tensor + (f"[{', '.join(map(str, entry))}]" if entry else "")
            tensor, entry = f"∂{result}/∂{by}", None
        return Finding(
            "(1)", None, tensor, symptom.id if symptom else None, self.name, entry,
            cell.got, cell.expected, cell.tolerance, cell.oracle, message,
            constant=symptom.constant if symptom else None, looks=(symptom.text,) if symptom else (),
        )  # fmt: skip

    def _of_one_result(self, cell: Cell) -> tuple[Cell, str]:
        """The comparison, and the name of its result; where sums were compared of the one that is off, if one shows."""
        if self.engine.seen.combinations is not None and not isinstance(self.claim, TangentClaim):
            single = single_result(self.engine, self.claim, cell)
            if single is None:
                return cell, "(a sum of the results with random signs)"
            cell = single
        label, index, part = self.function.place(cell.i)
        return cell, label + (f"[{', '.join(map(str, index))}]" if index else "") + part


def _verb(count: int) -> str:
    return "is" if count == 1 else "are"
