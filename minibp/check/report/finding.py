"""The finding: one mistake in a gradient, as data."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from minibp.check.compare import Mismatch
from minibp.check.report.wording import of_finding, text


@dataclass(frozen=True)
class Finding:
    """One mistake: where it is, its name, and an entry that shows it.

    Attributes
    ----------
    equation : str or None
        Number of the equation, as "(22)"; None where the calling contract is broken.
    layer : int or None
        Layer of the entry.
    tensor : str or None
        Array of the entry: "nabla_w", "nabla_b" or another of the pass, "slope" along a direction, or "grad".
    fault : str or None
        Id of the fault in the catalogue; None where it has no name.
    subject : str
        Name of what was checked.
    entry : tuple of int or None
        Index of the entry.
    got : float or None
        Value of the entry.
    expected : float or None
        Value that the oracle or the equation gives.
    tolerance : float or None
        Largest |got − expected| within rounding error.
    oracle : str or None
        Source of `expected`: an oracle, "equation" (applied to the subject's own values) or "core" (minibp).
    message : str
        Explanation, where there is more to say than the equation.
    layers : tuple of int
        All layers that show it, from the output down.
    also : tuple of str
        Faults that give the same numbers.
    constant : float or None
        The constant of the fault, fitted.
    looks : tuple of str
        Observations on a mismatch that has no name.

    Examples
    --------
    >>> import numpy as np
    >>> import minibp
    >>> (finding,) = minibp.check_grad(np.sin, np.sin, 1.0, seed=1, raise_on_mismatch=False).findings
    >>> finding.equation, round(finding.got, 4), round(finding.expected, 4)
    ('(1)', 0.8415, 0.5403)
    """

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
    also: tuple[str, ...] = ()
    constant: float | None = None
    looks: tuple[str, ...] = ()

    @classmethod
    def of_mismatch(cls, mismatch: Mismatch, subject: str, oracle: str) -> Finding:
        """The finding of an entry that an oracle contradicts, not yet named.

        Parameters
        ----------
        mismatch : Mismatch
            The entry, from a comparison.
        subject : str
            Name of what was checked.
        oracle : str
            Name of the oracle.

        Returns
        -------
        Finding
            Place and numbers of the entry.
        """
        segment = mismatch.segment
        return cls(
            segment.equation, segment.layer, segment.tensor, None, subject,
            mismatch.entry, mismatch.got, mismatch.expected, mismatch.tolerance, oracle,
        )  # fmt: skip

    @property
    def error(self) -> float | None:
        """|got − expected|."""
        return None if self.got is None or self.expected is None else abs(self.got - self.expected)

    def __str__(self) -> str:
        return text(of_finding(self))

    def to_dict(self) -> dict[str, Any]:
        """The finding as plain data for JSON.

        Returns
        -------
        dict
            Fields by name, and the error. Numbers that are not finite are given by name.
        """
        return {
            "equation": self.equation,
            "layer": self.layer,
            "tensor": self.tensor,
            "fault": self.fault,
            "subject": self.subject,
            "entry": None if self.entry is None else list(self.entry),
            "got": number(self.got),
            "expected": number(self.expected),
            "error": number(self.error),
            "tolerance": number(self.tolerance),
            "oracle": self.oracle,
            "message": self.message,
            "layers": list(self.layers),
            "also": list(self.also),
            "constant": number(self.constant),
            "looks": list(self.looks),
        }


def number(value: float | None) -> float | str | None:
    """JSON has no NaN and no infinity: those are given by name."""
    return value if value is None or math.isfinite(value) else str(value)
