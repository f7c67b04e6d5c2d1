"""The evidence of a check: counts, ratios, what was skipped, and the report that is made of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from minibp.arrays import Array
from minibp.check.compare import compare
from minibp.check.layout import Segment
from minibp.check.report.finding import Finding
from minibp.check.report.report import Report
from minibp.check.report.tensor_errors import TensorErrors
from minibp.check.statistics import Statistics
from minibp.problem import Problem


@dataclass
class Evidence:
    """Numbers that add up over networks and over processes."""

    networks: int = 0
    entries: int = 0
    statistics: dict[str, dict[str, Statistics]] = field(default_factory=dict)
    """By implementation, then by oracle."""
    agreement: dict[tuple[str, str], Statistics] = field(default_factory=dict)
    """Of each two oracles, how far they are apart in units of the sum of their radii."""
    skipped: Counter[str] = field(default_factory=Counter)
    """Entries that were not compared, by the reason."""
    covered: Counter[str] = field(default_factory=Counter)
    """Networks, by activation, cost, dtype and so on."""

    def stats_of(self, subject: str, oracle: str) -> Statistics:
        """The statistics of one oracle on one subject, empty at first."""
        return self.statistics.setdefault(subject, {}).setdefault(oracle, Statistics())

    def add_agreement(self, segments: list[Segment], rows: Mapping[str, tuple[Array, Array]]) -> None:
        """Compare each two oracles, of which the numbers and radii are given."""
        for (one, (first, first_radius)), (other, (second, second_radius)) in combinations(rows.items(), 2):
            stats = self.agreement.setdefault((one, other), Statistics())
            compare(segments, first, first_radius, second, second_radius, stats)

    def has_compared(self) -> bool:
        """True where any entry was compared with that of an oracle."""
        return any(any(stats.entries.values()) for by in self.statistics.values() for stats in by.values())

    def add(self, other: Evidence) -> None:
        """Add the numbers of another."""
        self.networks += other.networks
        self.entries += other.entries
        self.skipped.update(other.skipped)
        self.covered.update(other.covered)
        for subject, statistics in other.statistics.items():
            for oracle, stats in statistics.items():
                self.stats_of(subject, oracle).merge(stats)
        for pair, stats in other.agreement.items():
            self.agreement.setdefault(pair, Statistics()).merge(stats)

    def report(
        self,
        verdict: str,
        *,
        seed: int,
        findings: Sequence[Finding] = (),
        counterexample: Problem | None = None,
        notes: Sequence[str] = (),
        again: str = "",
        seconds: float = 0.0,
        errors: Sequence[TensorErrors] = (),
    ) -> Report:
        """The report of this evidence."""
        return Report(
            verdict=verdict,
            findings=tuple(findings),
            counterexample=counterexample,
            seed=seed,
            seconds=seconds,
            networks=self.networks,
            entries=self.entries,
            skipped=dict(self.skipped),
            statistics=self.statistics,
            covered=dict(sorted(self.covered.items())),
            notes=tuple(notes),
            again=again,
            errors=tuple(errors),
            agreement=self.agreement,
        )
