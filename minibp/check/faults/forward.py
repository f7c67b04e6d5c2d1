"""Faults of the forward pass, (13) and (14)."""

from __future__ import annotations

import numpy as np

from minibp.activations import HIDDEN, Activation, Elu, LeakyRelu
from minibp.arrays import Array
from minibp.check.faults.factors import name_of_slope, slope_of
from minibp.check.faults.fault import fault, fault_with_constant
from minibp.check.faults.pass_state import Number, PassState


def equation_13(p: PassState, l: int) -> Number:
    """z^l = W^l a^{l-1} + b^l."""
    return p.a[l - 1] @ p.w[l].T + p.b[l]


def equation_14(p: PassState, l: int) -> Number:
    """a^l = σ(z^l)."""
    return p.value(l, p.z[l])


@fault(
    "bias_omitted",
    "z",
    summary="z^l is W^l a^{l-1}, without the bias",
    remedy="Add b^l to the weighted input.",
)
def _without_bias(p: PassState, l: int) -> Number:
    r"""$z^l = W^l a^{l-1}$.

    Every layer is off, the more the larger b is. With biases of 0, as they often start, nothing is.
    """
    return p.a[l - 1] @ p.w[l].T


@fault(
    "activation_omitted",
    "a",
    summary="a^l is z^l, without the activation function",
    remedy="Apply σ to z^l before passing it to the next layer.",
)
def _weighted_input_alone(p: PassState, l: int) -> Number:
    r"""$a^l = z^l$.

    Every layer is off, and so is the cost that is returned; with several layers the network is a linear map.
    """
    return p.z[l]


class _Leaky(LeakyRelu):
    """Leaky relu with any slope, which may be 0 or negative, too."""

    def __init__(self, slope: float) -> None:
        self.slope = slope
        self.name = f"leaky_relu({slope:.6g})"

    def value(self, z: Array) -> Array:
        return np.where(z >= 0, z, self.slope * z).astype(z.dtype)

    def prime(self, z: Array) -> Array:
        return np.where(z >= 0, 1.0, self.slope).astype(z.dtype)


class _Elu(Elu):
    """Elu with any α."""

    def __init__(self, alpha: float) -> None:
        self.alpha = alpha
        self.name = f"elu({alpha:.6g})"

    def value(self, z: Array) -> Array:
        return np.where(z > 0, z, self.alpha * np.expm1(np.minimum(z, 0))).astype(z.dtype)

    def prime(self, z: Array) -> Array:
        return np.where(z > 0, 1.0, self.alpha * np.exp(np.minimum(z, 0))).astype(z.dtype)


def with_slope(activation: Activation, slope: float) -> Activation | None:
    """The same activation with another constant; None where it has none."""
    if isinstance(activation, Elu):
        return _Elu(slope)
    return _Leaky(slope) if isinstance(activation, LeakyRelu) else None


def _suggested_slope(p: PassState, l: int, a: Array) -> Array:
    """a/z where z < 0, or a/(e^z − 1) for elu; NaN elsewhere."""
    z = p.plain(p.z[l])
    per = HIDDEN["elu"].value(z) if isinstance(p.activations[l], Elu) else z
    with np.errstate(all="ignore"):
        return np.where(z < 0, a / per, np.nan)


def _slope_message(p: PassState, l: int, variant: int, slope: float) -> str:
    """The slope that was found, that which was said, and how to say the one that was found."""
    said = p.problem.network.activations[l - 2]
    found = f"{name_of_slope(said)} {slope:.6g}, not {slope_of(said):.6g}"
    meant = f"elu({slope:.6g})" if isinstance(said, Elu) else f"leaky_relu({slope:.6g})" if slope else "relu"
    return f'{found}: if it is meant, pass activation="{meant}"' if slope >= 0 else found


@fault_with_constant(
    "slope_differs",
    "a",
    summary="σ and σ' have another slope c where z < 0 than the activation that was said",
    remedy="Use the slope that was said, or say the one that is used.",
    typical=0.2,
    suggest=_suggested_slope,
    other=with_slope,
    message=_slope_message,
)
def _with_another_slope(p: PassState, l: int, slope: float) -> Number:
    r"""$a^l = c\,z^l \text{ where } z^l < 0$.

    Layers are off where some z < 0, and the cost is off with them: it is a network with another activation. The
    constant is fitted.
    """
    other = with_slope(p.activations[l], slope)
    return None if other is None else p.value_of(other, p.z[l])
