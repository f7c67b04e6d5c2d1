"""The report of a check: verdict, findings and statistics as data, as JSON, and, by `wording`, as text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from minibp.check.layout import EQUATIONS
from minibp.check.report.environment import Environment
from minibp.check.report.finding import Finding, number
from minibp.check.report.tensor_errors import TensorErrors
from minibp.check.report.wording import of_report, text, verdict_line
from minibp.check.statistics import RATIO_EDGES, Statistics
from minibp.problem import Problem


@dataclass(frozen=True)
class Report:
    """The outcome of a check.

    Attributes
    ----------
    verdict : str
        "correct", "wrong", "unstable" or "undecided".
    findings : tuple of Finding
        Mistakes, causes first.
    counterexample : Problem or None
        The smallest failing network found, with its cost, L2, x and y.
    seed : int
        The seed that the check was run with.
    seconds : float
        Time that the check took.
    networks : int
        Number of networks checked; 0 for a function's gradient.
    entries : int
        Number of gradient entries checked.
    skipped : dict of str to int
        Number of entries that were not compared, by the reason.
    statistics : dict of str to dict of str to Statistics
        Statistics by implementation, then by oracle.
    covered : dict of str to int
        Number of networks that had each activation, cost, dtype and so on.
    notes : tuple of str
        Remarks, such as why an oracle was left out.
    point : str
        Of a function's gradient, the smallest failing point found, as code.
    calls : int
        Number of calls of the function whose derivatives were checked, at all points; 0 for networks.
    again : str
        The command or the arguments that reproduce the check.
    errors : tuple of TensorErrors
        Of one gradient, every entry as got and as expected, and its tolerance: in a network that of the smallest
        failing one, or else of the one whose error / tolerance is the largest.
    agreement : dict of (str, str) to Statistics
        Of each two oracles, how far they are apart in units of the sum of their radii.
    environment : Environment
        Versions, platform and date. Two reports that differ in it alone are equal.

    Examples
    --------
    >>> import numpy as np
    >>> import minibp
    >>> report = minibp.check_grad(np.sin, np.cos, 1.0, seed=1)
    >>> report.verdict, report.entries, report.findings
    ('correct', 1, ())
    """

    verdict: str
    findings: tuple[Finding, ...]
    counterexample: Problem | None
    seed: int
    seconds: float
    networks: int
    entries: int
    skipped: dict[str, int]
    statistics: dict[str, dict[str, Statistics]] = field(repr=False)
    covered: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    point: str = ""
    calls: int = 0
    again: str = ""
    errors: tuple[TensorErrors, ...] = field(default=(), repr=False, compare=False)
    agreement: dict[tuple[str, str], Statistics] = field(default_factory=dict, repr=False, compare=False)
    environment: Environment = field(default_factory=Environment, repr=False, compare=False)

    def worst(self, oracle: str, equation: str) -> float | None:
        """The largest error / tolerance of one equation by one oracle, over all that was checked.

        Parameters
        ----------
        oracle : str
            One of `oracles()`.
        equation : str
            Number of the equation, as "(22)".

        Returns
        -------
        float or None
            At most 1 where the oracle found no mismatch; None where nothing was compared.
        """
        statistics = [by_oracle[oracle] for by_oracle in self.statistics.values() if oracle in by_oracle]
        seen = [stats.worst[equation] for stats in statistics if stats.entries.get(equation)]
        return max(seen) if seen else None

    def oracles(self) -> list[str]:
        """The oracles that gave values.

        Returns
        -------
        list of str
            Of "jax", "complex_step" and "finite_difference".
        """
        return list(dict.fromkeys(name for by_oracle in self.statistics.values() for name in by_oracle))

    def to_dict(self) -> dict[str, Any]:
        """The report as plain data for JSON.

        Returns
        -------
        dict
            Numbers that are not finite are given by name.
        """
        return {
            "verdict": self.verdict,
            "seed": self.seed,
            "seconds": round(self.seconds, 3),
            "networks": self.networks,
            "entries": self.entries,
            "calls": self.calls,
            "skipped": dict(self.skipped),
            "oracles": {name: self._oracle(name) for name in self.oracles()},
            "findings": [finding.to_dict() for finding in self.findings],
            "counterexample": None if self.counterexample is None else repr(self.counterexample),
            "forms": list(self.statistics),
            "covered": dict(self.covered),
            "notes": list(self.notes),
            "point": self.point,
            "again": self.again,
            "agreement": [
                {"oracles": list(pair), "equations": _by_equation(stats)} for pair, stats in self.agreement.items()
            ],
            "environment": self.environment.to_dict(),
        }

    def _oracle(self, name: str) -> dict[str, Any]:
        statistics = {subject: by_oracle[name] for subject, by_oracle in self.statistics.items() if name in by_oracle}
        return {
            subject: {
                "relative_tolerance": number(stats.median_relative_tolerance()),
                "equations": _by_equation(stats),
                "error_over_tolerance": {
                    f"{edge:.3g}": count
                    for edge, count in zip(RATIO_EDGES.tolist(), stats.error_ratios.tolist(), strict=True)
                    if count
                },
            }
            for subject, stats in statistics.items()
        }

    def verdict_line(self) -> str:
        """The verdict in one line.

        Returns
        -------
        str
            It begins with the verdict.
        """
        return verdict_line(self)

    def to_text(self, width: int | None = None) -> str:
        """The whole report as text.

        Parameters
        ----------
        width : int, optional
            Most characters a line. Default None: those of the terminal, or 100 where there is none.

        Returns
        -------
        str
            The table of errors, the findings, and the verdict last.
        """
        return text(of_report(self, width))

    def to_html(self, title: str = "minibp") -> str:
        """The whole report as one page of HTML, which needs no other file and no network.

        Parameters
        ----------
        title : str, optional
            What was checked, for the title of the page. Default "minibp".

        Returns
        -------
        str
            The page, to be written as UTF-8.

        Raises
        ------
        InputError
            Where jinja2, of the extra `html`, is not installed.
        """
        from minibp.check.report.html import page

        return page(self, title)

    def __str__(self) -> str:
        return self.to_text()

    def __bool__(self) -> bool:
        """True where the verdict is "correct"."""
        return self.verdict == "correct"


def _by_equation(stats: Statistics) -> dict[str, Any]:
    """The largest error / tolerance and the number of entries, by equation."""
    return {
        equation: {"worst": number(stats.worst[equation]), "entries": stats.entries[equation]}
        for equation in EQUATIONS
        if equation in stats.entries
    }


class GradientMismatch(AssertionError):
    """A gradient that its check did not find correct.

    An `AssertionError`. Its message begins with the verdict, since test runners list failures by their first line.

    Parameters
    ----------
    report : Report
        The report of the check.

    Attributes
    ----------
    report : Report
        As given.

    Examples
    --------
    >>> import numpy as np
    >>> import minibp
    >>> try:
    ...     minibp.check_grad(np.sin, np.sin, 1.0, seed=1)
    ... except minibp.GradientMismatch as mismatch:
    ...     print(mismatch.report.verdict)
    wrong
    """

    __module__ = "minibp"  # where users know it from: test runners show it with its name

    def __init__(self, report: Report) -> None:
        verdict = report.verdict_line()
        super().__init__(f"{verdict}\n\n{str(report).removesuffix(verdict).rstrip()}")
        self.report = report

    def __reduce__(self) -> tuple[Any, ...]:
        return GradientMismatch, (self.report,)


for _public in (Finding, Report, GradientMismatch):
    _public.__module__ = "minibp"  # the name that tracebacks and test runners print
__test__ = {"Finding": Finding, "Report": Report, "GradientMismatch": GradientMismatch}
"""Their examples: doctest passes over a class whose `__module__` is not that of its file."""
