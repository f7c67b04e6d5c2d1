"""The check of a claim about a function's derivatives at one point: which slopes are compared.

Slopes are compared along directions: along each entry of the arguments where there are few, along random signs where
there are many. An oracle of high accuracy is asked first, where one can follow f, and differences guard it; what agrees
to within the last digits needs no more. Of what does not agree the noise of the oracle and of the claim is measured
there and then, and differences at all scales decide.
"""

from __future__ import annotations

import numpy as np

from minibp.arrays import Array
from minibp.check.grad.claim import LAST_DIGITS, Claim, TangentClaim
from minibp.check.grad.claimed_slopes import ClaimedSlopes
from minibp.check.grad.column import DIFFERENCES, DISPUTED, KINK, RIGHT, WRONG, Column, Direction
from minibp.check.grad.differences import Slopes, slopes
from minibp.check.grad.function import Function
from minibp.check.grad.judge import Judge
from minibp.check.grad.kinks import outside_of_hull
from minibp.check.grad.oracle_slopes import OracleSlopes
from minibp.check.grad.own_noise import SMALLEST
from minibp.check.grad.projected import Projected
from minibp.check.grad.resolution import EXACT, RESOLVED
from minibp.check.oracles.estimate import OracleUnavailable
from minibp.check.report.wording import ORACLE_NAMES
from minibp.check.statistics import Statistics

CALLS, CALLS_AN_ENTRY = 5000, 5
"""The calls of f that a check may take by default, about, and those that an entry takes."""
FEW = 24
"""So many slopes at most are all asked of differences, at every scale, also where better oracles tell them."""
ROWS, COTANGENTS = 128, 4
"""Results up to so many are compared one by one; of more, so many combinations by random signs."""
ALIKE, FARTHEST = 8.0, 96.0
"""In sums results whose sizes differ by less than so many powers of 2 count alike, and none is weighted by more."""
DIRECTIONS, SAMPLE = 4, 8
"""Directions of random signs, and single entries, that are compared where not all entries can be."""
GUARDS, GUARDED = 2, 4
"""Directions, and entries, that differences look along to guard the other oracles where these tell every entry."""
SUSPECTS = 60
"""So many entries that JAX tells another slope of are looked into, the worst first."""


class Engine:
    """One check at one point; `columns` are the comparisons, by direction."""

    def __init__(
        self,
        function: Function,
        claim: Claim | TangentClaim,
        rng: np.random.Generator,
        *,
        oracles: tuple[str, ...],
        calls: int = CALLS,
    ) -> None:
        self.function, self.rng, self.calls = function, rng, calls
        self.arguments = function.arguments
        self.columns: list[Column] = []
        self.said: list[str] = []
        self.kinks_seen = False
        self.summed = 0
        """Entries of which sums with random signs were compared alone."""
        self.moved = self.arguments.movable.copy()
        """The entries that directions of random signs move."""
        m, combinations = len(function), None
        if not isinstance(claim, TangentClaim) and m > ROWS:
            combinations = rng.choice([-1.0, 1.0], (COTANGENTS, m)) * _weights(function)
            self.said.append(f"of {m:,} results {COTANGENTS} sums with random signs were checked")
        self.seen = Projected(function, combinations)
        self.claimed = ClaimedSlopes(claim, self.seen)
        self.oracles = OracleSlopes(self.seen, oracles)
        self.judge = Judge(self.seen, self.claimed, self.oracles, differences=DIFFERENCES in oracles, calls=calls)
        self.every = np.count_nonzero(self.arguments.movable) * CALLS_AN_ENTRY <= calls
        """True where every entry is checked."""

    @property
    def movable(self) -> Array:
        """The entries that can be moved."""
        return np.flatnonzero(self.arguments.movable)

    @property
    def notes(self) -> list[str]:
        """Remarks on what was checked."""
        return [*self.said, *self.judge.steps.notes, *self.oracles.notes]

    @property
    def statistics(self) -> dict[str, Statistics]:
        """The largest error / tolerance by oracle."""
        return self.judge.statistics

    @property
    def agreement(self) -> dict[tuple[str, str], Statistics]:
        """How far each two oracles are apart, in units of the sum of their radii."""
        return self.judge.tally.agreement

    def run(self) -> None:
        """Compare."""
        if self.every:
            self._every_entry()
        else:
            n = len(self.movable)
            self._directions()
            self.said.append(f"of {n:,} entries the slopes along {DIRECTIONS} directions of random signs were checked")
            self.summed = n - sum(column.is_entry for column in self.columns)

    def _every_entry(self) -> None:
        n, r = len(self.movable), len(self.seen)
        few = n * r <= FEW or n <= FEW // 6
        guards, sample, pace = set(self.movable.tolist()), set[int](), None
        if not few:
            held = self._guard(GUARDS)
            sample = set(self.rng.choice(self.movable, min(GUARDED, n), replace=False).tolist())
            guards = self._entries_at_kinks() if self.kinks_seen else set()
            pace = self._pace_of([column.sides for column in held if column.sides is not None])
            if not self.oracles.open:
                guards, pace = guards | sample, self._pace()
        rest = np.array([k for k in self.movable.tolist() if k not in guards | sample], dtype=int)
        agreed = self._at_once(rest) if len(rest) and self.oracles.open else {}
        for k in self.movable.tolist():
            if k in agreed:
                self.columns.append(agreed[k])
                continue
            column = self._entry(k)
            glanced = pace if self.arguments.flat[k] != 0 else None
            if k in sample and k not in guards:
                self.judge.guard(column, glanced)
                self.columns.append(column)
                continue
            if glanced is not None and not self.oracles.open:
                self.judge.glance(column, glanced)
            self._judge(column, differences=k in guards or not np.isfinite(column.got).all())
        self._finish()

    def _at_once(self, entries: Array) -> dict[int, Column]:
        """The columns of the entries of which every oracle of high accuracy agrees to the last digits."""
        if self.claimed.rows is None:
            return {}
        got, quiet = self.claimed.of_entries(entries)
        agrees, told = np.ones(len(entries), bool), {}
        for name in list(self.oracles.open):
            try:
                value, radius = self.oracles.of_entries(name, entries)
            except OracleUnavailable as reason:
                self.oracles.leave_out(name, str(reason))
                continue
            tolerance = radius + quiet
            resolved = np.isfinite(tolerance) & (tolerance <= RESOLVED * np.maximum(np.abs(got), np.abs(value)))
            resolved |= (got == 0) & (value == 0) & (tolerance <= EXACT)
            agrees &= ((np.abs(got - value) <= tolerance) & resolved).all(0)
            told[name] = value, tolerance
        if not told or self.seen.accuracy:
            return {}
        columns = {}
        sharpest, (value, tolerance) = min(told.items(), key=lambda item: float(np.median(item[1][1])))
        for at in np.flatnonzero(agrees).tolist():
            k = int(entries[at])
            column = Column(
                Direction(len(self.arguments), np.array([k]), np.ones(1)),
                float(self.arguments.scale[k]),
                got[:, at],
                quiet[:, at],
            )
            column.outcome[:], column.counted = RIGHT, True
            column.expected, column.tolerance = value[:, at], tolerance[:, at]
            column.oracle = [sharpest] * len(self.seen)
            columns[k] = column
        for name, (value, tolerance) in told.items():
            self.judge.tally.count_agreed(name, got[:, agrees], value[:, agrees], tolerance[:, agrees])
        return columns

    def _directions(self) -> None:
        self._guard(DIRECTIONS, keep=True)
        chosen = self.rng.choice(self.movable, min(SAMPLE, len(self.movable)), replace=False).tolist()
        if self.kinks_seen:
            at = sorted(self._entries_at_kinks())
            self.columns = [column for column in self.columns if not column.has(KINK)]
            self.moved[at] = False
            self._guard(DIRECTIONS, keep=True)
            chosen += at
            self.said.append(f"{len(at):,} entries at kinks were checked one by one")
        for k in dict.fromkeys([*chosen, *self._suspects()]):
            self._judge(self._entry(k), differences=True)
        self._finish()
        self._narrow()

    # -- directions

    def _entry(self, k: int) -> Column:
        v = np.zeros(len(self.arguments))
        v[k] = 1.0
        return self.claimed.column(v, float(self.arguments.scale[k]))

    def _signs(self) -> Array:
        signs = self.rng.choice([-1.0, 1.0], len(self.arguments))
        return np.where(self.moved, signs * self.arguments.scale, 0.0)

    def _judge(self, column: Column, *, differences: bool) -> None:
        self.judge.judge(column, differences=differences)
        self.columns.append(column)

    def _guard(self, count: int, *, keep: bool = False) -> list[Column]:
        """Directions of random signs, where differences hold the other oracles, and, where they are kept, the claim."""
        held = []
        for _ in range(count if self.judge.differences else 0):
            column = self.claimed.column(self._signs(), 1.0)
            self.judge.judge(column, differences=True)
            self.kinks_seen |= column.sides is not None and bool(column.sides.kink.any())
            held.append(column)
            if keep or column.has(DISPUTED):
                self.columns.append(column)
        return held

    def _entries_at_kinks(self) -> set[int]:
        """The entries that alone lead to a kink, by halving directions that do."""
        found: set[int] = set()
        signs, begun = self._signs(), self.function.calls
        parts = [self.movable]
        while parts and self.function.calls - begun < self.calls:
            part = parts.pop()
            v = np.zeros_like(signs)
            v[part] = signs[part]
            if not slopes(self.seen, v, 1.0, 1.0).kink.any():
                continue
            if len(part) == 1:
                found.add(int(part[0]))
            else:
                parts += np.array_split(part, 2)
        return found

    def _pace(self) -> float | None:
        """The relative step that differences along random signs tell slopes best at."""
        return self._pace_of([slopes(self.seen, self._signs(), 1.0, 1.0) for _ in range(2)])

    def _pace_of(self, told: list[Slopes]) -> float | None:
        steps = np.concatenate([np.zeros(0), *(one.step for one in told)])
        steps = steps[np.isfinite(steps)]
        return float(np.median(steps)) if len(steps) else None

    def _suspects(self) -> list[int]:
        """The entries that JAX tells another slope of than is claimed, the worst first."""
        rows, by_jax = self.claimed.rows, self.oracles.by_jax
        if rows is None or by_jax is None:
            return []
        limit = LAST_DIGITS * (self.claimed.claim.unit * np.abs(rows) + 2.0**-53 * np.abs(by_jax)) + SMALLEST
        for i, bound in self.claimed.derived.items():
            limit[i] += bound
        ratio = np.nan_to_num((np.abs(rows - by_jax) / limit).max(0), nan=np.inf)
        off = np.flatnonzero((ratio > 1) & self.arguments.movable)
        differ = f", {len(off):,} of them differ" if len(off) else ""
        self.said.append(f"{ORACLE_NAMES['jax']} told every entry{differ}")
        worst: list[int] = off[np.argsort(-ratio[off])][:SUSPECTS].tolist()
        return worst

    # -- after all directions

    def _finish(self) -> None:
        """Judge again what steps of f put into another light, and hold the claim at kinks against slopes nearby."""
        for column in self.columns:
            self.judge.judge_again(column)
            self.judge.count(column)
        single = [column for column in self.columns if column.is_entry]
        if self.claimed.rows is None or not single:
            return
        kinks = np.array([column.outcome for column in single]) == KINK
        moved = np.array([int(column.moves[0]) for column in single])
        for i in np.flatnonzero(kinks.sum(0) > 1).tolist():
            self._hold_in_hull(i, moved[kinks[:, i]])

    def _hold_in_hull(self, i: int, entries: Array) -> None:
        assert self.claimed.rows is not None
        outside = outside_of_hull(self.seen, i, entries, self.claimed.rows[i], self.rng)
        if outside is not None:
            column = self.claimed.column(outside.v, 1.0)
            column.outcome[:] = RIGHT
            column.outcome[i], column.oracle[i] = WRONG, DIFFERENCES
            column.expected[i], column.tolerance[i] = outside.nearest, outside.radius
            self.columns.append(column)

    def _narrow(self) -> None:
        """Of the direction that is off most, halve the entries that move for as long as one of the halves is off."""
        wide = [column for column in self.columns if not column.is_entry and column.has(WRONG)]
        if not wide:
            return
        if not any(column.is_entry and column.has(WRONG) for column in self.columns):
            worst = max(wide, key=lambda column: max(c.excess for c in column.cells() if c.outcome == WRONG))
            found = self._halved(worst)
            if found is worst:
                return
            self.columns.append(found)
        dropped = {id(column) for column in wide}
        self.columns = [column for column in self.columns if id(column) not in dropped]

    def _halved(self, column: Column) -> Column:
        self.judge.confirmed = 0  # one oracle's word, without the noise of the claim, is not enough here
        while len(column.moves) > 1:
            halves = []
            for moves in np.array_split(np.arange(len(column.moves)), 2):
                v = np.zeros(len(self.arguments))
                v[column.moves[moves]] = column.weights[moves]
                part = self._entry(int(column.moves[moves[0]])) if len(moves) == 1 else self.claimed.column(v, 1.0)
                self.judge.judge(part, differences=True)
                halves.append(part)
            wrong = [half for half in halves if half.has(WRONG)]
            if not wrong:
                first, last = column.moves[0], column.moves[-1]
                self.said.append(f"what is off lies among entries {first:,} to {last:,} in order")
                return column
            column = max(wrong, key=_excess)
        return column


def _weights(function: Function) -> Array:
    """What results are multiplied by in sums, powers of two, so that small ones are not lost beside large ones."""
    sizes = np.maximum(np.abs(function.at), function.size)
    known = np.isfinite(sizes) & (sizes > 0)
    powers = np.zeros(len(sizes))
    if known.any():
        powers[known] = np.log2(sizes[known]) - np.median(np.log2(sizes[known]))
    return np.asarray(2.0 ** -np.clip(ALIKE * np.round(powers / ALIKE), -FARTHEST, FARTHEST))


def _excess(column: Column) -> float:
    """The largest error of what is wrong along a direction, in tolerances."""
    return max(cell.excess for cell in column.cells((WRONG,)))
