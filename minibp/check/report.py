"""A report says what was checked, against what, and what was found; it prints as text and as JSON."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from minibp.check.compare import EQUATIONS, Miss, Tally
from minibp.check.faults import CATALOGUE
from minibp.problem import Problem

LONGEST = 2000
FORMULAS = {**EQUATIONS, "(6)": "the mean over the examples, 1/m Σ ∇C_x"}
ORACLE_NAMES = {
    "jax": "JAX autodiff",
    "complex_step": "complex step",
    "finite_difference": "finite differences",
    "equation": "the equation, on the code's own values,",
    "core": "the right gradient",
}
"""What a value is compared with: an oracle; or, where a fault is placed, the equation or minibp's own gradient."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, where, and by how much."""

    equation: str | None
    layer: int | None
    tensor: str | None
    fault: str | None = None
    subject: str = ""
    entry: tuple[int, ...] | None = None
    got: float | None = None
    expected: float | None = None
    tolerance: float | None = None
    oracle: str | None = None
    message: str = ""
    layers: tuple[int, ...] = ()
    """All layers that it was seen in, from the output down."""
    also: tuple[str, ...] = ()
    """Other faults that give the same numbers."""
    constant: float | None = None
    """The constant of the fault, fitted."""
    looks: tuple[str, ...] = ()
    """What is known of a mismatch that has no name."""

    @classmethod
    def of_miss(cls, miss: Miss, subject: str, oracle: str) -> Finding:
        """The finding that an entry is off."""
        segment = miss.segment
        return cls(
            segment.equation, segment.layer, segment.tensor, None, subject,
            miss.entry, miss.got, miss.expected, miss.tolerance, oracle,
        )  # fmt: skip

    @property
    def error(self) -> float | None:
        """|got − expected|."""
        return None if self.got is None or self.expected is None else abs(self.got - self.expected)

    def __str__(self) -> str:
        place = f"equation {self.equation}" if self.equation else "before the numbers"
        if len(self.layers) > 1:
            place += f", layers {', '.join(map(str, self.layers))}"
        elif self.layer is not None and self.equation:
            place += f", layer {self.layer}"
        lines = [f"{self.subject}: {place}: {self.message or FORMULAS[self.equation or '(1)']}"]
        if self.fault is not None:
            lines += self._named()
        if self.looks:
            lines.append(f"  no fault of the catalogue: {'; '.join(self.looks)}")
        return "\n".join(lines + self._numbers())

    def _named(self) -> list[str]:
        fault = CATALOGUE.get(self.fault or "")
        if fault is None:
            return [f"  {self.fault}"]
        constant = "" if self.constant is None else f" (c = {self.constant:.6g})"
        lines = [f"  {fault.id}: {fault.summary}{constant}", f"  {fault.remedy}"]
        if self.also:
            lines.append(f"  the same numbers would come from {', '.join(self.also)}")
        return lines

    def _numbers(self) -> list[str]:
        if self.got is None or self.expected is None or self.tolerance is None or self.error is None:
            return []
        at = f" of layer {self.layer}" if self.layer is not None and self.tensor != "delta" else ""
        index = "".join(f"[{i}]" for i in self.entry or ())
        ratio = self.error / self.tolerance if self.tolerance else math.inf
        source = ORACLE_NAMES.get(self.oracle or "", self.oracle)
        return [
            f"  {self.tensor}{index}{at} is {self.got:.17g}, {source} has {self.expected:.17g}",
            f"  the error {self.error:.3g} is {ratio:.3g} times what rounding explains ({self.tolerance:.3g})",
        ]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "equation": self.equation,
            "layer": self.layer,
            "tensor": self.tensor,
            "fault": self.fault,
            "subject": self.subject,
            "entry": None if self.entry is None else list(self.entry),
            "got": _number(self.got),
            "expected": _number(self.expected),
            "error": _number(self.error),
            "tolerance": _number(self.tolerance),
            "oracle": self.oracle,
            "message": self.message,
            "layers": list(self.layers),
            "also": list(self.also),
            "constant": _number(self.constant),
            "looks": list(self.looks),
        }


@dataclass(frozen=True)
class Report:
    """The outcome of a check. `tallies` is by form, then by oracle."""

    verdict: str
    findings: tuple[Finding, ...]
    counterexample: Problem | None
    seed: int
    seconds: float
    networks: int
    entries: int
    skipped: dict[str, int]
    tallies: dict[str, dict[str, Tally]] = field(repr=False)
    covered: dict[str, int] = field(default_factory=dict)
    """How many networks had each activation, cost, dtype and so on."""
    notes: tuple[str, ...] = ()
    again: str = ""
    """The command that runs the same check again."""

    def worst(self, oracle: str, equation: str) -> float | None:
        """The largest error in units of the tolerance over all forms; None where nothing was compared."""
        tallies = [by_oracle[oracle] for by_oracle in self.tallies.values() if oracle in by_oracle]
        seen = [tally.worst[equation] for tally in tallies if tally.entries.get(equation)]
        return max(seen) if seen else None

    def oracles(self) -> list[str]:
        """The names of the oracles that were asked."""
        return list(dict.fromkeys(name for by_oracle in self.tallies.values() for name in by_oracle))

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "verdict": self.verdict,
            "seed": self.seed,
            "seconds": round(self.seconds, 3),
            "networks": self.networks,
            "entries": self.entries,
            "skipped": dict(self.skipped),
            "oracles": {name: self._oracle(name) for name in self.oracles()},
            "findings": [finding.to_dict() for finding in self.findings],
            "counterexample": None if self.counterexample is None else repr(self.counterexample),
            "forms": list(self.tallies),
            "covered": dict(self.covered),
            "notes": list(self.notes),
            "again": self.again,
        }

    def _oracle(self, name: str) -> dict[str, Any]:
        tallies = {form: by_oracle[name] for form, by_oracle in self.tallies.items() if name in by_oracle}
        return {
            form: {
                "relative_tolerance": _number(tally.median_sharpness()),
                "equations": {
                    equation: {"worst": _number(tally.worst[equation]), "entries": tally.entries[equation]}
                    for equation in EQUATIONS
                    if equation in tally.entries
                },
            }
            for form, tally in tallies.items()
        }

    def __str__(self) -> str:
        lines = [self._table(), ""] if self.tallies else []
        sizes = [_counted(self.networks, "network", "networks")] if self.networks else []
        sizes += [_counted(self.entries, "entry", "entries"), f"{self.seconds:.1f} s", f"seed {self.seed}"]
        lines += [", ".join(sizes)]
        lines += [f"skipped: {_counted(count, 'entry', 'entries')}, {reason}" for reason, count in self.skipped.items()]
        lines += [f"note: {note}" for note in self.notes]
        for finding in self.findings:
            lines += ["", str(finding)]
        if self.counterexample is not None:
            lines += ["", "the smallest network found that shows it:", f"  {_shortened(repr(self.counterexample))}"]
        if self.findings and self.again:
            lines += ["", f"run it again: {self.again}"]
        return "\n".join([*lines, "", self.verdict_line()])

    def verdict_line(self) -> str:
        """One line that says how it ended."""
        if self.verdict == "correct":
            told = "every entry" if not self.skipped else "every entry that they tell"
            return f"correct: {told} agrees with {_listed(self.oracles())} to within rounding"
        if self.verdict == "wrong" and self.findings:
            first = self.findings[0]
            where = f" at equation {first.equation}" if first.equation else ""
            where += f", layer {first.layer}" if first.layer is not None else ""
            if first.equation is None:
                return f"wrong: {first.subject}: {first.message}"
            more = f", and {len(self.findings) - 1} more" if len(self.findings) > 1 else ""
            named = f": {first.fault}" if first.fault else ""
            return f"wrong: {first.subject} departs from the oracles{where}{named}{more}"
        if self.verdict == "unstable" and self.findings:
            return f"unstable: {self.findings[0].subject} is right but for rounding that it magnifies"
        return f"{self.verdict}: {'; '.join(self.notes) or 'no oracle could tell'}"

    def _table(self) -> str:
        names = self.oracles()
        width = max(len(formula) for formula in EQUATIONS.values())
        head = f"{'worst error / what rounding explains':<{width + 10}}"
        rows = [head + "".join(f"{ORACLE_NAMES.get(name, name):>20}" for name in names)]
        for equation, formula in EQUATIONS.items():
            cells = [self.worst(name, equation) for name in names]
            if any(cell is not None for cell in cells):
                row = "".join(f"{_ratio(cell):>20}" for cell in cells)
                rows.append(f"{equation:<8}  {formula:<{width}}{row}")
        tolerances = [
            max(by_oracle[name].median_sharpness() for by_oracle in self.tallies.values() if name in by_oracle)
            for name in names
        ]
        label = "half of the float64 entries told to within"
        rows.append(f"{label:<{width + 10}}" + "".join(f"{tolerance:>20.0e}" for tolerance in tolerances))
        return "\n".join(rows)


class GradientMismatch(AssertionError):
    """A gradient is not what it should be; `report` says where and how."""

    def __init__(self, report: Report) -> None:
        super().__init__(str(report))
        self.report = report


def _ratio(cell: float | None) -> str:
    """A table's cell, of whatever size."""
    return "–" if cell is None else f"{cell:.3f}" if cell < 1000 else f"{cell:.1e}"


def _counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def _shortened(text: str) -> str:
    """What is too long to be read on a terminal is left to `counterexample` and to JSON."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} … ({len(text):,} characters; whole in JSON)"


def _number(value: float | None) -> float | str | None:
    """JSON has no NaN and no infinity: those are given by name."""
    return value if value is None or math.isfinite(value) else str(value)


def _listed(names: list[str]) -> str:
    shown = [ORACLE_NAMES.get(name, name) for name in names]
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
