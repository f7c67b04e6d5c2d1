"""A report says what was checked, against what, and what was found: as data, as JSON, and, by `wording`, as text."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from minibp.check.compare import EQUATIONS, Miss, Tally
from minibp.check.environment import Environment
from minibp.check.wording import of_finding, of_report, text, verdict_line
from minibp.problem import Problem


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
        return text(of_finding(self))

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
    environment: Environment = field(default_factory=Environment, repr=False, compare=False)
    """The versions and the platform that it ran with, and when; two reports that differ in it alone are equal."""

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
            "environment": self.environment.to_dict(),
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

    def verdict_line(self) -> str:
        """One line that says how it ended."""
        return verdict_line(self)

    def to_text(self, width: int | None = None) -> str:
        """The whole report in lines of `width`; by default those of the terminal, or of 100 where there is none."""
        return text(of_report(self, width))

    def __str__(self) -> str:
        return self.to_text()


class GradientMismatch(AssertionError):
    """A gradient is not what it should be; `report` says where and how.

    The message begins with the verdict, since test runners list failures by their first line.
    """

    def __init__(self, report: Report) -> None:
        verdict = report.verdict_line()
        super().__init__(f"{verdict}\n\n{str(report).removesuffix(verdict).rstrip()}")
        self.report = report

    def __reduce__(self) -> tuple[Any, ...]:
        return GradientMismatch, (self.report,)


def _number(value: float | None) -> float | str | None:
    """JSON has no NaN and no infinity: those are given by name."""
    return value if value is None or math.isfinite(value) else str(value)
