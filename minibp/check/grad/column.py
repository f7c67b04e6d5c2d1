"""The comparisons along one direction, of every result at once, and what comes of each."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from minibp.arrays import Array
from minibp.check.grad.differences import Slopes

DIFFERENCES = "finite_difference"
"""The oracle that is asked where no other can be, and holds the others where they can."""
OUTCOMES = (
    "right",
    "wrong",
    "unstable",
    "kink",
    "unresolved",
    "jump",
    "steps",
    "small",
    "silent",
    "disputed",
    "doubtful",
    "flat",
)
"""What comes of a comparison. "kink": between the slopes on both sides; "unresolved": no oracle tells; "jump": f jumps
at the point; "steps": f has steps nearby, across which the claim may be right; "small": within a tolerance that is
small beside the largest slope, and not beside the slope itself; "silent": off by less than differences resolve, of a
claim that is the same at all points, so that its rounding does not show; "disputed": an oracle of high
accuracy agrees with the claim, and differences contradict both; "doubtful": off by more than the last digits, and by no
more than rounding may be that does not show; "flat": 0, as f has it over short steps and not over longer
ones."""
RIGHT, WRONG, UNSTABLE, KINK, UNRESOLVED, JUMP, STEPS, SMALL, SILENT, DISPUTED, DOUBTFUL, FLAT = range(len(OUTCOMES))
SETTLED = (RIGHT, KINK, JUMP, DISPUTED)
"""Outcomes that need no more looking into."""
IS_OPEN = ~np.isin(np.arange(len(OUTCOMES)), SETTLED)


class Cell(NamedTuple):
    """One comparison: the slope of result `i` along `v`, as claimed and as expected."""

    outcome: int
    i: int
    v: Array
    got: float
    expected: float
    tolerance: float
    oracle: str

    @property
    def error(self) -> float:
        """How far the claim is off."""
        return abs(self.got - self.expected)

    @property
    def excess(self) -> float:
        """The error in units of the tolerance."""
        if not self.tolerance:
            return np.inf if self.error > 0 else 0.0
        return self.error / self.tolerance

    @property
    def is_entry(self) -> bool:
        """True where the direction moves one entry alone."""
        return bool(np.count_nonzero(self.v) == 1)


class Direction:
    """A direction (n,), in little memory: the entries that it moves, by weights.

    Where each of many moves by its own of the `sizes` (n,), which all directions share, their signs are kept.
    """

    def __init__(self, n: int, moves: Array, weights: Array) -> None:
        self.n = n
        self._moves, self._weights = moves, weights
        self._signs: Array | None = None
        self._sizes = weights

    @classmethod
    def of(cls, v: Array, sizes: Array | None = None) -> Direction:
        """That of a row of numbers."""
        moves = np.flatnonzero(v)
        direction = cls(len(v), moves, v[moves])
        if sizes is not None and len(moves) > 1:
            direction._keep_signs(np.sign(v).astype(np.int8), sizes, v)
        return direction

    def _keep_signs(self, signs: Array, sizes: Array, v: Array) -> None:
        if np.array_equal(signs * sizes, v):
            self._signs, self._sizes = signs, sizes
            self._moves = self._weights = np.zeros(0)

    @property
    def v(self) -> Array:
        """As a row of numbers."""
        if self._signs is not None:
            return np.asarray(self._signs * self._sizes)
        v = np.zeros(self.n)
        v[self._moves] = self._weights
        return v

    @property
    def moves(self) -> Array:
        """The entries that it moves."""
        return self._moves if self._signs is None else np.flatnonzero(self._signs)

    @property
    def weights(self) -> Array:
        """How far, each."""
        return self._weights if self._signs is None else self.v[self._signs != 0]

    @property
    def is_entry(self) -> bool:
        """True where it moves one entry alone."""
        return self._signs is None and len(self._moves) == 1


class Column:
    """The slopes (r,) along one direction.

    `base` is the size of a step of the direction that moves its entries by their own size, `got` is claimed, `quiet` is
    how far that may be off in its last digits and `allowed` what it is granted with its noise; `values` are the slopes
    and radii by oracle, `glance` those of two steps alone, `sides` the differences at all scales, and
    `unsaturated` how large slopes are claimed to be where fewer units saturate.
    """

    def __init__(self, direction: Direction, base: float, got: Array, quiet: Array) -> None:
        self.direction, self.base, self.got, self.quiet = direction, base, got, quiet
        self.is_entry = direction.is_entry
        """True where the direction moves one entry alone."""
        self.counted = False
        """True where it is in the statistics."""
        r = len(got)
        self.allowed = quiet.copy()
        self.expected, self.tolerance = np.full(r, np.nan), np.full(r, np.inf)
        # Of what is not finite the breach of the contract is told.
        self.outcome = np.where(np.isnan(got), RIGHT, UNRESOLVED)
        self.oracle = [""] * r
        self.values: dict[str, tuple[Array, Array]] = {}
        self.told: dict[str, tuple[Array, Array, Array]] = {}
        """By oracle, error / tolerance where it tells the slope and agrees, its slopes, and the tolerances."""
        self.glance: tuple[Array, Array] | None = None
        self.sides: Slopes | None = None
        self.unsaturated: list[float] | None = None

    @property
    def v(self) -> Array:
        """The direction as a row of numbers."""
        return self.direction.v

    @property
    def moves(self) -> Array:
        """The entries that the direction moves."""
        return self.direction.moves

    @property
    def weights(self) -> Array:
        """How far it moves each."""
        return self.direction.weights

    @property
    def open(self) -> Array:
        """True for the comparisons that need looking into."""
        return np.asarray(IS_OPEN[self.outcome])

    @property
    def is_settled(self) -> bool:
        """True where no comparison is open."""
        return not self.open.any()

    def has(self, outcome: int) -> bool:
        """True where that came of any comparison."""
        return bool((self.outcome == outcome).any())

    def note(self, where: Array, name: str, value: Array, tolerance: Array) -> None:
        """Take an oracle's word where `where` is True."""
        self.expected = np.where(where, value, self.expected)
        self.tolerance = np.where(where, tolerance, self.tolerance)
        self.oracle = [name if take else old for take, old in zip(where, self.oracle, strict=True)]

    def forget(self, name: str) -> None:
        """Take back what an oracle said."""
        self.values.pop(name, None)
        self.told.pop(name, None)
        taken = np.array([oracle == name for oracle in self.oracle])
        self.outcome = np.where(taken, UNRESOLVED, self.outcome)
        self.tolerance = np.where(taken, np.inf, self.tolerance)

    def cells(self, outcomes: tuple[int, ...] = tuple(range(len(OUTCOMES)))) -> list[Cell]:
        """The comparisons, one by one, of which one of these outcomes came."""
        asked = np.zeros(len(OUTCOMES), bool)
        asked[list(outcomes)] = True
        chosen = np.flatnonzero(asked[self.outcome]).tolist()
        if not chosen:
            return []
        v = self.v
        return [
            Cell(
                int(self.outcome[i]),
                i,
                v,
                float(self.got[i]),
                float(self.expected[i]),
                float(self.tolerance[i]),
                self.oracle[i],
            )
            for i in chosen
        ]
