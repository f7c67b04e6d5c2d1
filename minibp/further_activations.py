"""Further activations, as other libraries have them: any name here is taken where those of `activations` are.

They are stable for all finite z, and take complex z in `value`, as those of `activations`. Nothing that the package
draws by itself has them. Conventions at kinks are PyTorch's.
"""

from __future__ import annotations

import math

from minibp import normal
from minibp.activation import Activation, checked_constant, exp_of_minus_abs, logistic, name_of_member, not_positive
from minibp.arrays import Array, is_complex, namespace

HARD_SIGMOID_SLOPE = 1 / 6
GELU_CUBE = 0.044715
GELU_FACTOR = math.sqrt(2 / math.pi)
SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805


class Gelu(Activation):
    """a = z Φ(z) with the normal distribution function Φ, exactly; a' = Φ(z) + z φ(z).

    For complex z, Φ(x + iy) is Φ(x) + i y φ(x), which is exact to the second order in y, and lost beside rounding for
    the steps of complex-step differentiation. φ is what Φ is the integral of, so that this step tests all that comes
    before and after Φ, and takes φ from here.
    """

    name = "gelu"
    bounds = (-0.17, math.inf)

    def value(self, z: Array) -> Array:
        if not is_complex(z):
            return z * normal.distribution(z)
        xp = namespace(z)
        x = xp.real(z)
        return z * (normal.distribution(x) + 1j * (xp.imag(z) * normal.density(x)))

    def prime(self, z: Array) -> Array:
        return normal.distribution(z) + z * normal.density(z)


class GeluTanh(Activation):
    """a = ½ z (1 + tanh(√(2/π)(z + 0.044715 z³))), near gelu: z σ(v), with v twice what tanh is taken of."""

    name = "gelu_tanh"
    bounds = (-0.171, math.inf)

    def value(self, z: Array) -> Array:
        return z * logistic(self._doubled(self._near(z))[0])

    def prime(self, z: Array) -> Array:
        near = self._near(z)
        v, v_prime = self._doubled(near)
        return logistic(v) * (1 + near * logistic(-v) * v_prime)

    def _near(self, z: Array) -> Array:
        """z, or ±30 where it is further out: there σ(v) is 0 or 1 just so, and z³ could overflow."""
        xp = namespace(z)
        x = xp.real(z)
        return xp.where(x > 30, 30.0, xp.where(x < -30, -30.0, z))

    def _doubled(self, z: Array) -> tuple[Array, Array]:
        """v and v'."""
        square = GELU_CUBE * z * z
        return 2 * GELU_FACTOR * z * (1 + square), 2 * GELU_FACTOR * (1 + 3 * square)


class Mish(Activation):
    """a = z t with t = tanh(ln(1 + e^z)), in which tanh and ln cancel; a' = t + z t'."""

    name = "mish"
    bounds = (-0.31, math.inf)

    def value(self, z: Array) -> Array:
        xp, e = namespace(z), exp_of_minus_abs(z)
        right = 1 - 2 * e * e / (1 + 2 * e * (1 + e))
        return z * xp.where(xp.real(z) >= 0, right, e * (2 + e) / (2 + e * (2 + e)))

    def prime(self, z: Array) -> Array:
        xp, e = namespace(z), exp_of_minus_abs(z)
        right, left = 1 + 2 * e * (1 + e), 2 + e * (2 + e)
        t = xp.where(z >= 0, 1 - 2 * e * e / right, e * (2 + e) / left)
        t_prime = 4 * e * (1 + e) * xp.where(z >= 0, e / (right * right), 1 / (left * left))
        return t + z * t_prime


class Softsign(Activation):
    """a = z/(1 + |z|); a' = 1/(1 + |z|)²."""

    name = "softsign"
    bounds = (-1.0, 1.0)

    def value(self, z: Array) -> Array:
        xp = namespace(z)
        size = xp.where(xp.real(z) >= 0, z, -z)
        share = 1 / (1 + size)
        # Of the two forms each keeps the derivative's digits where it is taken, in complex steps.
        return xp.where(xp.real(size) < 1, z * share, xp.where(xp.real(z) >= 0, 1 - share, share - 1))

    def prime(self, z: Array) -> Array:
        share = 1 / (1 + namespace(z).abs(z))
        return share * share


class HardSigmoid(Activation):
    """a = slope·z + ½, but no less than 0 and no more than 1; the derivative at both kinks is taken to be 0.

    Parameters
    ----------
    slope : float, optional
        Slope between the kinks, above 0. Default 1/6, as PyTorch and JAX have it, with kinks at ±3; Keras has 0.2.
    """

    constant = "slope"
    bounds = (0.0, 1.0)

    def __init__(self, slope: float = HARD_SIGMOID_SLOPE) -> None:
        self.slope = checked_constant("slope", slope)
        self.name = name_of_member("hard_sigmoid", self.slope, HARD_SIGMOID_SLOPE)
        self.kinks = (-0.5 / self.slope, 0.5 / self.slope)

    def value(self, z: Array) -> Array:
        return _clipped(z, self.kinks, (0.0, 1.0), self.slope * _between(z, *self.kinks) + 0.5)

    def prime(self, z: Array) -> Array:
        return _clipped(z, self.kinks, (0.0, 0.0), self.slope * namespace(z).ones_like(z))


class HardTanh(Activation):
    """a = z, but no less than −1 and no more than 1; the derivative at both kinks is taken to be 0."""

    name = "hard_tanh"
    bounds = (-1.0, 1.0)
    kinks = (-1.0, 1.0)

    def value(self, z: Array) -> Array:
        return _clipped(z, self.kinks, self.bounds, z)

    def prime(self, z: Array) -> Array:
        return _clipped(z, self.kinks, (0.0, 0.0), namespace(z).ones_like(z))


class Relu6(Activation):
    """a = z, but no less than 0 and no more than 6; the derivative at both kinks is taken to be 0."""

    name = "relu6"
    bounds = (0.0, 6.0)
    kinks = (0.0, 6.0)

    def value(self, z: Array) -> Array:
        return _clipped(z, self.kinks, self.bounds, z)

    def prime(self, z: Array) -> Array:
        return _clipped(z, self.kinks, (0.0, 0.0), namespace(z).ones_like(z))


class HardSwish(Activation):
    """a = z hard_sigmoid(z); a' is z/3 + ½ between the kinks at ±3, 0 at the left one, and 1 at the right one."""

    name = "hard_swish"
    bounds = (-0.375, math.inf)
    kinks = (-3.0, 3.0)

    def value(self, z: Array) -> Array:
        inner = _between(z, *self.kinks)
        xp = namespace(z)
        return xp.where(xp.real(z) >= 3, z, _clipped(z, self.kinks, (0.0, 0.0), inner * (inner + 3) / 6))

    def prime(self, z: Array) -> Array:
        return _clipped(z, self.kinks, (0.0, 1.0), _between(z, *self.kinks) / 3 + 0.5)


class Selu(Activation):
    """a = λ elu(z), with λ = 1.05… and α = 1.67… that keep means and variances; the derivative at 0 is taken to be λα.

    Klambauer, Unterthiner, Mayr and Hochreiter, Self-normalizing neural networks (2017).
    """

    name = "selu"
    bounds = (-SELU_SCALE * SELU_ALPHA, math.inf)
    kinks = (0.0,)

    def value(self, z: Array) -> Array:
        xp = namespace(z)
        return xp.where(xp.real(z) > 0, SELU_SCALE * z, SELU_SCALE * SELU_ALPHA * xp.expm1(not_positive(z)))

    def prime(self, z: Array) -> Array:
        xp = namespace(z)
        return xp.where(z > 0, SELU_SCALE, SELU_SCALE * SELU_ALPHA * xp.exp(not_positive(z)))


def _clipped(z: Array, kinks: tuple[float, ...], ends: tuple[float, float], inner: Array) -> Array:
    """`inner` where z is between the two kinks, and the one or the other end where it is not."""
    xp = namespace(z)
    return xp.where(xp.real(z) <= kinks[0], ends[0], xp.where(xp.real(z) >= kinks[1], ends[1], inner))


def _between(z: Array, low: float, high: float) -> Array:
    """z where it is between, else 0, so that what is not taken cannot overflow."""
    xp = namespace(z)
    return xp.where((xp.real(z) > low) & (xp.real(z) < high), z, 0.0)


FURTHER: dict[str, Activation] = {
    activation.name: activation
    for activation in (
        Gelu(), GeluTanh(), Mish(), Softsign(), HardSigmoid(), HardTanh(), HardSwish(), Relu6(), Selu(),
    )
}  # fmt: skip
"""By name; `activations` has the lookup."""
