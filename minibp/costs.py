"""A cost measures how far the outputs a^L are from the targets y; its gradient stands beside it.

Values are per example: sums over the last axis. The mean over examples is taken by the caller.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from minibp.activation import Activation, adopt, is_adoptable, log_one_and_decay
from minibp.activations import sigmoid, softmax
from minibp.arrays import Array, InputError, namespace

HUBER_DELTA = 1.0


class Cost:
    """C of one example, with its gradient.

    To add one, write `value` and `gradient`; the rest follows from them.

    Attributes
    ----------
    name : str
        Name in messages and reports.

    Examples
    --------
    >>> import numpy as np
    >>> import minibp
    >>> class Quartic(minibp.Cost):
    ...     name = "quartic"
    ...     def value(self, a, y): return ((a - y) ** 4).sum(-1) / 4
    ...     def gradient(self, a, y): return (a - y) ** 3
    >>> network = minibp.Network([[[1.0]]], [[0.0]], "identity")
    >>> minibp.batched.backprop(network, Quartic(), [[3.0]], [[1.0]]).delta
    (array([[8.]]),)
    """

    name: str = ""

    def value(self, a: Array, y: Array) -> Array:
        """C of each example, without L2.

        Parameters
        ----------
        a : ndarray of shape (..., n)
            Outputs a^L.
        y : ndarray of shape (..., n)
            Targets.

        Returns
        -------
        ndarray of shape (...)
            Sums over the last axis. The caller takes the mean over the examples.
        """
        raise NotImplementedError(f"{type(self).__name__} has no value(a, y)")

    def gradient(self, a: Array, y: Array) -> Array:
        """∇_a C of each example.

        Parameters
        ----------
        a : ndarray of shape (..., n)
            Outputs a^L.
        y : ndarray of shape (..., n)
            Targets.

        Returns
        -------
        ndarray of shape (..., n)
            ∂C/∂a_j.
        """
        raise NotImplementedError(f"{type(self).__name__} has no gradient(a, y)")

    def value_at(self, z: Array, a: Array, y: Array, activation: Activation) -> Array:
        """C of each example from z^L and a^L: finite wherever z^L is.

        Parameters
        ----------
        z : ndarray of shape (..., n)
            Weighted inputs z^L of the output layer.
        a : ndarray of shape (..., n)
            Outputs a^L = σ(z^L).
        y : ndarray of shape (..., n)
            Targets.
        activation : Activation
            σ of the output layer.

        Returns
        -------
        ndarray of shape (...)
            As of `value`, which is called by default. A cost for which σ(z^L) loses digits computes from z^L instead.
        """
        return self.value(a, y)

    def delta(self, z: Array, a: Array, y: Array, activation: Activation) -> Array:
        """The output error δ^L = ∇_a C ⊙ σ'(z^L): equations (16) and (17).

        Parameters
        ----------
        z : ndarray of shape (..., n)
            Weighted inputs z^L of the output layer.
        a : ndarray of shape (..., n)
            Outputs a^L = σ(z^L).
        y : ndarray of shape (..., n)
            Targets.
        activation : Activation
            σ of the output layer.

        Returns
        -------
        ndarray of shape (..., n)
            δ^L of each example. A cost whose gradient cancels σ' computes the simpler form, as (26).
        """
        return activation.backward(z, self.gradient(a, y))

    def check_output(self, activation: Activation, width: int) -> None:
        """Reject an output layer for which the cost is not defined; by default none is.

        Parameters
        ----------
        activation : Activation
            σ of the output layer.
        width : int
            n_L, the number of its neurons.

        Raises
        ------
        InputError
            Where the cost is not defined for such outputs.
        """

    def check_targets(self, y: Array) -> None:
        """Reject targets for which the cost is not defined; by default none are.

        Parameters
        ----------
        y : ndarray of shape (m, n_L)
            Targets, finite.

        Raises
        ------
        InputError
            Where the cost is not defined for such targets.
        """

    def __repr__(self) -> str:
        return self.name or type(self).__name__

    def __reduce__(self) -> str | tuple[Any, ...]:
        """Pickled by name where it is the package's, so that there stays one of each."""
        if COSTS.get(self.name) is self:
            return cost_of, (self.name,)
        return super().__reduce__()


class Quadratic(Cost):
    """C = ½ ‖a − y‖², equations (4), (5) and (9)."""

    name = "quadratic"

    def value(self, a: Array, y: Array) -> Array:
        return namespace(a).sum((a - y) ** 2, axis=-1) / 2

    def gradient(self, a: Array, y: Array) -> Array:
        return a - y


class Huber(Cost):
    """½ r² where |r| = |a − y| ≤ 1, else |r| − ½, summed over the outputs (Huber, 1964)."""

    name = "huber"

    def value(self, a: Array, y: Array) -> Array:
        xp = namespace(a)
        r = a - y
        size = xp.where(xp.real(r) >= 0, r, -r)
        core = xp.where(xp.real(size) <= HUBER_DELTA, size, HUBER_DELTA * xp.ones_like(size))
        return xp.sum(core * (size - core / 2), axis=-1)

    def gradient(self, a: Array, y: Array) -> Array:
        return namespace(a).clip(a - y, -HUBER_DELTA, HUBER_DELTA)


class CrossEntropy(Cost):
    """C = −Σ_j [y_j ln a_j + (1 − y_j) ln(1 − a_j)], equation (25): each output is a probability of its own."""

    name = "cross_entropy"

    def value(self, a: Array, y: Array) -> Array:
        return -namespace(a).sum(_times_log(y, a) + _times_log(1 - y, 1 - a), axis=-1)  # (25)

    def gradient(self, a: Array, y: Array) -> Array:
        return (a - y) / (a * (1 - a))

    def value_at(self, z: Array, a: Array, y: Array, activation: Activation) -> Array:
        xp = namespace(z)
        if activation is sigmoid:
            # −ln σ(z) is ln(1 + e^−|z|), and −z more where z < 0; −ln(1 − σ(z)) the same, and z more where z > 0.
            return xp.sum(xp.where(xp.real(z) >= 0, 1 - y, -y) * z + log_one_and_decay(z), axis=-1)
        if activation is softmax:
            z = _below_top(z)
            total = xp.log(xp.sum(xp.exp(z), axis=-1, keepdims=True))
            others = _log_sum_of_others(z)
            return xp.sum(_weighted(y, total - z) + _weighted(1 - y, total - others), axis=-1)
        return self.value(a, y)

    def delta(self, z: Array, a: Array, y: Array, activation: Activation) -> Array:
        """Equation (26), δ^L = a^L − y, for the sigmoid: σ' cancels, so that a saturated wrong neuron still learns."""
        if activation is sigmoid:
            return a - y
        if activation is softmax:
            # 1 − a_j = Σ_{k≠j} a_k cancels too: what is left are the shares q_jk of a_k among all but a_j.
            xp = namespace(z)
            q = xp.exp(_others(z, z[..., None, :] - _log_sum_of_others(z)[..., :, None], -xp.inf))
            return (a - y) - xp.sum((a - y)[..., :, None] * q, axis=-2)
        return super().delta(z, a, y, activation)

    def check_output(self, activation: Activation, width: int) -> None:
        low, high = activation.bounds
        if low < 0 or high > 1:
            raise InputError(
                f"cross_entropy needs outputs between 0 and 1, and {activation.name}'s lie in ({low}, {high}); "
                "use sigmoid or softmax, or another cost"
            )
        if activation is softmax and width == 1:
            raise InputError("cross_entropy needs outputs between 0 and 1, and softmax over one neuron is always 1")

    def check_targets(self, y: Array) -> None:
        if y.min() < 0 or y.max() > 1:
            raise InputError(f"y has values from {y.min()} to {y.max()}, cross_entropy expects them within [0, 1]")


class CategoricalCrossEntropy(Cost):
    """C = −Σ_j y_j ln a_j with a softmax output; targets are distributions (one-hot, say), so that δ^L = a^L − y."""

    name = "categorical_cross_entropy"

    def value(self, a: Array, y: Array) -> Array:
        return -namespace(a).sum(_times_log(y, a), axis=-1)

    def gradient(self, a: Array, y: Array) -> Array:
        return -y / a

    def value_at(self, z: Array, a: Array, y: Array, activation: Activation) -> Array:
        xp = namespace(z)
        z = _below_top(z)
        return xp.sum(_weighted(y, xp.log(xp.sum(xp.exp(z), axis=-1, keepdims=True)) - z), axis=-1)

    def delta(self, z: Array, a: Array, y: Array, activation: Activation) -> Array:
        """δ^L = a^L − y: as in (26), the derivative of the output cancels."""
        return a - y

    def check_output(self, activation: Activation, width: int) -> None:
        if activation is not softmax:
            raise InputError(f"categorical_cross_entropy needs a softmax output, got {activation.name}")

    def check_targets(self, y: Array) -> None:
        sums = y.sum(axis=-1, dtype=np.float64)
        # Targets that were normalised in float32 miss 1 by the rounding of n quotients.
        slack = float(np.finfo(np.float32).eps) * y.shape[-1]
        if y.min() < 0 or (abs(sums - 1) > slack).any():
            worst = int(np.argmax(np.where((y < 0).any(axis=-1), np.inf, abs(sums - 1))))
            raise InputError(
                f"row {worst} of y sums to {sums[worst]:.17g} with least value {y[worst].min()}; "
                "categorical_cross_entropy expects each row to be a distribution"
            )


class _AdoptedCost(Cost):
    """An object that has `value` and `gradient` but does not derive from Cost."""

    def __init__(self, theirs: Any) -> None:
        adopt(self, theirs, "value", "gradient")


class L2(NamedTuple):
    """The penalty α/(2m) Σ w² of equation (27), on weights alone.

    Attributes
    ----------
    alpha : float
        α, at least 0.

    Examples
    --------
    >>> import numpy as np
    >>> import minibp
    >>> float(minibp.L2(0.5).value((np.array([[2.0, 4.0]]),), m=5))
    1.0
    """

    alpha: float

    def value(self, weights: tuple[Array, ...], m: int) -> Any:
        """The penalty α/(2m) Σ w²: equation (27).

        Parameters
        ----------
        weights : tuple of ndarray
            W^2, …, W^L.
        m : int
            Number of examples.

        Returns
        -------
        float
            0 where α is 0, however large the weights.
        """
        if not self.alpha:
            return 0.0
        return self.alpha / (2 * m) * sum(namespace(w).sum(w * w) for w in weights)

    def gradient(self, w: Array, m: int) -> Array:
        """The gradient (α/m) W of the penalty of equation (27).

        Parameters
        ----------
        w : ndarray of shape (n_l, n_{l-1})
            W^l.
        m : int
            Number of examples.

        Returns
        -------
        ndarray of shape (n_l, n_{l-1})
            ∂/∂W^l of the penalty.
        """
        return self.alpha / m * w


def fuses(cost: Cost, activation: Activation) -> bool:
    """True where δ^L is a^L − y, equation (26), the derivative of the output having cancelled."""
    return (type(cost) is CrossEntropy and activation is sigmoid) or type(cost) is CategoricalCrossEntropy


def needs_only_z(cost: Cost, activation: Activation) -> bool:
    """True where `cost.value_at` depends on z alone, and not on a."""
    return type(cost) is CategoricalCrossEntropy or (type(cost) is CrossEntropy and activation in (sigmoid, softmax))


def _weighted(y: Array, t: Array) -> Array:
    """y t, and 0 where y is 0, whatever t is."""
    xp = namespace(t)
    return xp.where(y != 0, y * xp.where(y != 0, t, xp.zeros_like(t)), xp.zeros_like(t))


def _times_log(y: Array, a: Array) -> Array:
    """y ln a, and 0 where y is 0."""
    xp = namespace(a)
    zero = xp.real(a) == 0
    return _weighted(y, xp.where(zero, -xp.inf, xp.log(xp.where(zero, xp.ones_like(a), a))))


def _below_top(z: Array) -> Array:
    """z less its largest entry, which changes no softmax and keeps every exponential within (0, 1]."""
    xp = namespace(z)
    return z - xp.max(xp.real(z), axis=-1, keepdims=True)


def _others(z: Array, pairs: Array, instead: float) -> Array:
    """`pairs` of shape (..., n, n) with `instead` on the diagonal, where k = j."""
    xp = namespace(z)
    return xp.where(xp.eye(z.shape[-1], dtype=xp.bool), instead, pairs)


def _log_sum_of_others(z: Array) -> Array:
    """For each j, ln Σ_{k≠j} e^{z_k}: the shape of z, whose last axis has at least two entries."""
    xp = namespace(z)
    rows = z[..., None, :]
    top = xp.max(_others(z, xp.real(rows), -xp.inf), axis=-1, keepdims=True)
    e = xp.exp(_others(z, rows - top, -xp.inf))
    return (top + xp.log(xp.sum(e, axis=-1, keepdims=True)))[..., 0]


COSTS: dict[str, Cost] = {cost.name: cost for cost in (Quadratic(), CrossEntropy(), CategoricalCrossEntropy(), Huber())}


def cost_of(given: object) -> Cost:
    """The cost of a name, or the object itself.

    >>> cost_of("quadratic")
    quadratic
    """
    if isinstance(given, Cost):
        return given
    if isinstance(given, str):
        if given not in COSTS:
            raise InputError(f"unknown cost {given!r}, expected one of {', '.join(COSTS)}")
        return COSTS[given]
    if is_adoptable(given, "value", "gradient"):
        return _AdoptedCost(given)
    raise InputError(f"cost is {given!r}, expected a name or an object with value(a, y) and gradient(a, y)")
