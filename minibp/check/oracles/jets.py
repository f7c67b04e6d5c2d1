"""Functions of a move t: two derivatives at 0, and bounds on how the second one varies over |t| ≤ s.

Second derivatives are split, φ'' = A + B: A has a Lipschitz constant, `third`; B is 0 at 0 and moves by at most
`jump`. Sums, compositions (Faà di Bruno's formula) and ln Σ e^z carry both along.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from minibp.arrays import Array


class Jet(NamedTuple):
    """Arrays of one shape, but for a `jump` of 0, which stands for none anywhere."""

    first: Array
    second: Array
    third: Array
    jump: Array | float

    def through(self, w: Array) -> Jet:
        """Equation (12): `self` @ w."""
        size = np.abs(w)
        return Jet(self.first @ w, self.second @ w, self.third @ size, _times(self.jump, size))


class Reach(NamedTuple):
    """A jet over |t| ≤ s, with bounds over that interval."""

    jet: Jet
    s: Array
    first: Array
    """sup |first derivative|."""
    second: Array
    """sup |second derivative|."""
    moved: Array
    """sup |value − value at 0|."""

    @classmethod
    def of(cls, jet: Jet, s: Array) -> Reach:
        second: Array = np.abs(jet.second) + s * jet.third + jet.jump
        first: Array = np.abs(jet.first) + s * second
        return cls(jet, s, first, second, s * first)


class Outer(NamedTuple):
    """The f of `composed`: two derivatives at g(0), and bounds over all values that g reaches."""

    first: Array
    second: Array
    first_bound: Array
    """sup |f'|, a Lipschitz bound of f."""
    second_bound: Array
    """sup |f''|."""
    third_bound: Array | float
    """sup |f'''|, away from where f'' jumps."""
    jump: Array | float
    """The largest jump of f''."""


def composed(f: Outer, g: Reach) -> Jet:
    """f ∘ g, whose second derivative is f''(g) g'² + f'(g) g''."""
    return Jet(
        first=f.first * g.jet.first,
        second=f.second * g.jet.first**2 + f.first * g.jet.second,
        third=f.third_bound * g.first**3 + 3 * f.second_bound * g.first * g.second + f.first_bound * g.jet.third,
        jump=f.jump * g.first**2 + (f.first_bound + 2 * g.s * f.second_bound * g.first) * g.jet.jump,
    )


def log_sum(z: Array, g: Reach) -> Jet:
    """ln Σ e^z over the last axis, whose derivatives are the cumulants of z' under the weights of the softmax.

    A weight changes by e^{2 max |z moved|} at most, and the mean of z' by what the weights and z'' change it.
    """
    top = z.max(-1, keepdims=True)
    weights = np.exp(z - top)
    weights /= weights.sum(-1, keepdims=True)
    factor = np.exp(2 * g.moved.max(-1))

    def mean(array: Array | float) -> Array:
        weighted: Array = (weights * array).sum(-1)
        return weighted

    first = mean(g.jet.first)
    centred = g.jet.first - first[..., None]
    second = mean(centred**2) + mean(g.jet.second)
    spread = np.abs(centred) + g.s * g.second
    drift = (factor - 1) * mean(spread) + factor * g.s[..., 0] * mean(g.second)
    spread = spread + drift[..., None]
    third = factor * mean(spread**3 + 3 * spread * g.second + g.jet.third)
    return Jet(first, second, third, factor**3 * mean(g.jet.jump))


def log_sum_of_others(z: Array, g: Reach) -> Jet:
    """For each j, ln Σ_{k≠j} e^{z_k}: along the last axis."""
    is_j = np.eye(z.shape[-1], dtype=bool)

    def rows(array: Array) -> Array:
        return np.where(is_j, 0.0, array[..., None, :])

    jump = rows(g.jet.jump) if isinstance(g.jet.jump, np.ndarray) else g.jet.jump
    jet = Jet(rows(g.jet.first), rows(g.jet.second), rows(g.jet.third), jump)
    return log_sum(np.where(is_j, -np.inf, z[..., None, :]), Reach.of(jet, g.s[..., None]))


def softmax(z: Array, g: Reach) -> Jet:
    """a_j = e^{z_j − ln Σ e^z}."""
    whole = log_sum(z, g)

    def row(array: Array | float) -> Array:
        return np.asarray(array)[..., None]

    log_a = Jet(
        g.jet.first - row(whole.first),
        g.jet.second - row(whole.second),
        g.jet.third + row(whole.third),
        g.jet.jump + row(whole.jump),
    )
    a = np.exp(z - z.max(-1, keepdims=True))
    a = a / a.sum(-1, keepdims=True)
    reach = Reach.of(log_a, g.s)
    most = np.minimum(a * np.exp(reach.moved), 1)
    return composed(Outer(a, a, most, most, most, 0.0), reach)


def _times(jump: Array | float, size: Array) -> Array | float:
    """jump @ size, where there is any."""
    return jump @ size if isinstance(jump, np.ndarray) else jump
