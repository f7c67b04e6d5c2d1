"""Claims across the steps of f: right, perhaps, of what f stands for, where f itself is rounded or stops early."""

from __future__ import annotations

import numpy as np

from minibp.check.grad.column import Column
from minibp.check.grad.differences import CLOSELY, COARSEST, FINEST, SMALLEST_STEP, Slopes, settled, two_sided
from minibp.check.grad.inexact import Jump, jump_at_end_of_plateau, jump_near, roughness
from minibp.check.grad.levels import Levels
from minibp.check.grad.projected import Projected

LITTLE = 1e-3
"""A claim that is off by less than this part of the slope may be right of what f stands for."""
COMPARABLE = 1e4
"""Errors and jumps are of a size where neither is so many times the other."""
LEAVES = 100.0
"""What an iteration that stops early leaves of the slope is no more than so many times the jump, over the size of x."""
ROUGH = 8.0
"""So many times the roughness of the slopes nearby a claim may be off by."""
INEXACT = 1e-2
"""An f that jumps by no more than this part of itself is one that stops early, and no other f beyond the jump."""
SEARCHES = 6
"""Jumps are looked for along so many directions, and beside each along another of random signs."""
GROWTH = 4.0


def slopes_over(seen: Projected, column: Column, finest: float, farthest: float, noise: float) -> Slopes:
    """What steps of these lengths tell of the slopes along a direction, of results with so much noise at least."""
    known = seen.noise
    seen.noise = np.maximum(known, noise)
    try:
        levels = Levels(seen, column.v, column.base)
        h = max(finest, SMALLEST_STEP)
        while h <= farthest:
            levels.add(h, len(levels.steps))
            h *= GROWTH
        return settled(levels)
    finally:
        seen.noise = known


class Steps:
    """Jumps of f near the point, looked for where they matter; `proposed` is what f then seems to be good for."""

    def __init__(self, seen: Projected, calls: float = np.inf) -> None:
        self.seen, self.calls = seen, calls
        self.jumps: dict[int, Jump] = {}
        """Those found, by result."""
        self.searches = 0
        self.proposed: float | None = None

    @property
    def notes(self) -> list[str]:
        """What there is to say of the steps of f."""
        if self.proposed is None:
            return []
        good_for = f"{self.proposed:.1g}"
        steps = "it has steps near the point, of rounding or of an iteration that stops"
        return [
            f"f is good for no more than about {good_for}: {steps}; accuracy={good_for} checks the slope across them"
        ]

    def found_near(self, column: Column, i: int) -> bool:
        """True where result i is seen to jump near the point."""
        if i not in self.jumps and self.searches < SEARCHES and self.seen.function.calls < self.calls:
            self.searches += 1
            arguments, rng = self.seen.arguments, self.seen.rng
            signs = np.where(arguments.movable, rng.choice([-1.0, 1.0], len(arguments)) * arguments.scale, 0.0)
            jump = self.at_end_of_plateau(column, i)
            for v, base in ((column.v, column.base), (signs, 1.0)):
                jump = jump or jump_near(self.seen, v, base, i)
            if jump is not None:
                self.jumps[i] = jump
                self.proposed = max(jump.height, self.proposed or 0.0)
        return self.jump_of(i) is not None

    def at_end_of_plateau(self, column: Column, i: int) -> Jump | None:
        """The jump that ends the stretch over which result i does not move along this direction."""
        sides = column.sides
        if sides is None or not np.isfinite(sides.moves[i]):
            return None
        return jump_at_end_of_plateau(self.seen, column.v, float(sides.plateau[i]), float(sides.moves[i]), i)

    def jump_of(self, i: int) -> Jump | None:
        """The jump of result i; once no more are looked for, one as high in relation to the result as another's."""
        at = np.abs(self.seen.at)
        known = [j for j in self.jumps if at[j] > 0]
        if i in self.jumps or not known or self.searches < SEARCHES or at[i] == 0:
            return self.jumps.get(i)
        other = max(known, key=lambda j: self.jumps[j].height / float(at[j]))
        height = self.jumps[other].height / float(at[other]) * float(at[i])
        return self.jumps[other]._replace(height=height) if 0 < height < np.inf else None

    def are_crossed(self, column: Column, i: int, *, told: bool = False) -> bool:
        """True where a claim that is off the slope between two jumps is right of the slope across them.

        What is off by little may be right of it where the jumps are of the size of the error over the size of x. Where
        an oracle of high accuracy has told the slope between them (`told`), they have to be small beside f as well.
        """
        got, allowed = float(column.got[i]), float(column.allowed[i])
        value, radius = self._across(column, i)
        local = float(column.expected[i])
        finest = local if column.sides is None else float(column.sides.value[i])
        flat = column.sides is not None and bool(column.sides.flat[i])
        if not abs(got - value) <= radius + allowed:
            return False
        jump, off = self.jump_of(i), abs(got - local) * column.base
        assert jump is not None  # as it was for the slope across
        by_little = abs(got - local) <= LITTLE * abs(local)
        if told:  # jumps as large as all that f varies by leave no slope across them
            size = max(abs(float(self.seen.at[i])), abs(local) * column.base)
            if by_little and off / LEAVES <= jump.height <= INEXACT * size:
                return True
            return abs(local - value) > radius and radius <= CLOSELY * max(abs(value), abs(got))
        explained = by_little and off / COMPARABLE <= jump.height <= off * COMPARABLE
        return flat or abs(finest - value) > radius or explained

    def _across(self, column: Column, i: int) -> tuple[float, float]:
        """The slope over steps at which jumps are no more than noise, and its radius."""
        jump, own = self.jump_of(i), self.at_end_of_plateau(column, i)
        assert jump is not None
        sides = column.sides
        seen = [0.0] if sides is None else np.nan_to_num([sides.moves[i], sides.step[i]]).tolist()
        farthest = max(2 * COARSEST * column.base, GROWTH * max(seen))
        found = slopes_over(
            self.seen, column, FINEST * column.base, farthest, 2 * max(jump.height, own.height if own else 0.0)
        )
        value, radius = two_sided(found)
        return float(value[i]), float(radius[i])

    def explain(self, column: Column, i: int) -> bool:
        """True where the slopes of f nearby are as far from smooth as the claim is from them."""
        sides, expected = column.sides, float(column.expected[i])
        apart = abs(float(column.got[i]) - expected)
        if sides is None or not np.isfinite(sides.step[i]) or apart > LITTLE * abs(expected):
            return False
        rough = roughness(self.seen, column.v, column.base, float(sides.step[i]), i)
        if apart > ROUGH * rough or rough < 2 * float(sides.radius[i]):
            return False
        self.proposed = rough * column.base if self.proposed is None else self.proposed
        return True
