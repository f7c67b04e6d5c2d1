"""Programs for σ and σ', in the arithmetic of `adversary`, each with the z that it is meant for."""

import math

from adversary import Rounded, cosh, exact_log, exact_sum, exp, expit, expm1, log, log1p, rounded, silu, sinh, tanh

from minibp.activations import LEAKY_SLOPE


def logistic(z):
    """Equation (8)."""
    return 1 / (1 + exp(-z))


def quotient(z):
    """The same for z < 0, without a large e^−z."""
    e = exp(z)
    return e / (1 + e)


def decay(z):
    return exp(-abs(z))


def of_squares(z):
    """e a², with one e^−z for both."""
    e = exp(-z)
    a = 1 / (1 + e)
    return e * a * a


def of_decay(z):
    """e/(1 + e)², as the package has it."""
    e = decay(z)
    return e / ((1 + e) * (1 + e))


def tanh_of_decay(z):
    """4e/(1 + e)² of e = (e^−|z|)², as the package has it."""
    e = decay(z)
    square = e * e
    total = 1 + square
    return 4 * square / (total * total)


def tanh_of_expm1(z):
    e = expm1(2 * abs(z))
    return e / (e + 2)


def elu_by_kahan(z):
    """(e − 1)z/ln e: the error of e drops out."""
    e = exp(z)
    return (e - 1) * z / log(e)


def elu_by_tanh(z):
    t = tanh(z / 2)
    return 2 * t / (1 - t)


def silu_prime(sigmoid):
    """σ(1 + z σ(−z))."""
    return lambda z: sigmoid(z) * (1 + z * sigmoid(-z))


def silu_prime_near_0(z):
    """σ(1 + z − zσ), which cancels elsewhere."""
    s = logistic(z)
    return s * (1 + z - z * s)


ANY = (-300.0, 300.0)
BELOW = (-300.0, -1e-6)
UP_TO_0 = (-300.0, 0.0)
ABOVE = (0.0, 300.0)
VALUE = {
    "sigmoid": [(logistic, ANY), (quotient, ANY), (expit, ANY)],
    # Cody and Waite, Software Manual for the Elementary Functions: this sum from ln(3)/2 on, a rational function below.
    "tanh": [(tanh, ANY), (tanh_of_expm1, ABOVE), (lambda z: 1 - 2 / (exp(2 * z) + 1), (math.log(3) / 2, 300.0))],
    "leaky_relu": [(lambda z: rounded(Rounded(LEAKY_SLOPE)) * z, BELOW)],
    "elu": [
        (expm1, UP_TO_0),
        (lambda z: 2 * exp(z / 2) * sinh(z / 2), BELOW),
        (elu_by_kahan, BELOW),
        (elu_by_tanh, BELOW),
    ],
    "softplus": [
        (lambda z: log1p(decay(z)), BELOW),
        (lambda z: z + log1p(decay(z)), ABOVE),
        (lambda z: z - log(logistic(z)), ABOVE),
        (lambda z: -log(logistic(-z)), ABOVE),
    ],
    "silu": [
        (lambda z: z * logistic(z), ANY),
        (lambda z: z * quotient(z), ANY),
        (lambda z: z / (1 + exp(-z)), ANY),
        (silu, ANY),
    ],
}
"""Programs for σ, of z."""
PRIME = {
    "sigmoid": [(of_decay, ANY), (lambda z: logistic(z) * logistic(-z), ANY), (of_squares, ANY)],
    "tanh": [
        (tanh_of_decay, ANY),
        (lambda z: 1 / (cosh(z) * cosh(z)), ANY),
        (lambda z: 4 * logistic(2 * z) * logistic(-2 * z), ANY),
    ],
    "leaky_relu": [(lambda z: rounded(Rounded(LEAKY_SLOPE)), BELOW)],
    "elu": [(exp, UP_TO_0), (lambda z: 1 / exp(-z), UP_TO_0)],
    "softplus": [(logistic, ANY), (quotient, ANY), (expit, ANY)],
    "silu": [(silu_prime(logistic), ANY), (silu_prime(expit), ANY), (silu_prime_near_0, (-0.1, 0.1))],
}
"""Programs for σ', of z."""
FROM_VALUE = {
    "sigmoid": [(lambda z, a, s: a * (1 - a), ANY)],
    # The square may also be a library's power, which is within 1 ulp, 2u.
    "tanh": [(lambda z, a, s: 1 - a * a, ANY), (lambda z, a, s: 1 - rounded(a * a), ANY)],
    "elu": [(lambda z, a, s: a + 1, UP_TO_0)],
    "silu": [
        (lambda z, a, s: a + s * (1 - a), ANY),
        (lambda z, a, s: s * (1 + z - a), ANY),
        (lambda z, a, s: s * (1 + z * (1 - s)), ANY),
        (lambda z, a, s: expit(z) + silu(z) * expit(-z), ANY),
    ],
}
"""Programs for σ', of z, a and a sigmoid s."""
TEXTBOOK = {
    "tanh": [
        (lambda z: 2 * logistic(2 * z) - 1, ANY),
        (lambda z: 2 * expit(2 * z) - 1, ANY),
        (lambda z: (exp(z) - exp(-z)) / (exp(z) + exp(-z)), (-100.0, 100.0)),
        (lambda z: sinh(z) / cosh(z), ANY),
        (lambda z: (exp(2 * z) - 1) / (exp(2 * z) + 1), (-100.0, 100.0)),
    ],
    "elu": [(lambda z: exp(z) - 1, UP_TO_0), (lambda z: 1 / exp(-z) - 1, UP_TO_0)],
    "softplus": [
        (lambda z: log(1 + exp(z)), ANY),
        (lambda z: -log(logistic(-z)), BELOW),
        (lambda z: -log(expit(-z)), ANY),
    ],
}
"""Programs for σ that cancel, of z."""
CANCELS = {
    "tanh": [(lambda z: exact_sum(2 * logistic(2 * z), -1), ANY), (lambda z: exact_sum(2 * expit(2 * z), -1), ANY)],
    # The e^z as a reciprocal, and with one rounding to spare.
    "elu": [(lambda z: exact_sum(rounded(1 / exp(-z)), -1), UP_TO_0)],
    "softplus": [(lambda z: exact_log(1 / logistic(-z)), ANY), (lambda z: exact_log(1 / expit(-z)), ANY)],
}
"""What these sums and logarithms inherit, which is all that the textbook's term is there for."""
