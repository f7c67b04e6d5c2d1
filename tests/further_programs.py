"""Programs for the further activations, as `activation_programs` has them for the others."""

from activation_programs import ABOVE, ANY, BELOW, UP_TO_0, logistic
from adversary import (
    Rounded,
    cosh,
    erf,
    erfc,
    exact_sum,
    exp,
    expit,
    expm1,
    log,
    log1p,
    mp,
    normal_cdf,
    rounded,
    tanh,
)  # fmt: skip

from minibp.further_activations import SELU_ALPHA, SELU_SCALE

MIDDLE = (-8.0, 8.0)
"""Where formulas that saturate have not yet done so."""


def constant(value):
    """A constant as a program has it, rounded once."""
    return rounded(Rounded(value))


def root(value):
    """The square root of a number that is rounded already."""
    return rounded(Rounded(mp.mpf(value))) ** mp.mpf(0.5)


HALF = Rounded(0.5)

# ── gelu ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def over_root(z):
    """z/√2."""
    return z / constant(mp.sqrt(2))


def times_root(z):
    """z times 1/√2, a quotient."""
    return z * (1 / constant(mp.sqrt(2)))


def gelu_by_cdf(z):
    return z * normal_cdf(z)


def gelu_by_erfc(scaled):
    return lambda z: HALF * z * erfc(-scaled(z))


def gelu_by_erf(scaled):
    return lambda z: HALF * z * (1 + erf(scaled(z)))


def gelu_by_two_terms(z):
    return HALF * z + HALF * z * erf(over_root(z))


def bell_of_square(z):
    """e^{−z²/2}/√(2π)."""
    return exp(-(z * z) / 2) / root(2 * mp.pi)


def bell_of_power(z):
    """The same with a library's power, which is within 1 ulp, 2u."""
    return exp(-HALF * rounded(z * z)) / root(2 * mp.pi)


def bell_of_scaled(z):
    """e^{−(z/√2)²}/√(2π)."""
    x = over_root(z)
    return exp(-(x * x)) / root(2 * mp.pi)


def gelu_prime(cdf, bell):
    return lambda z: cdf(z) + z * bell(z)


def cdf_by_erf(z):
    return HALF * (1 + erf(over_root(z)))


def cdf_by_erfc(z):
    return HALF * erfc(-over_root(z))


# ── gelu_tanh ───────────────────────────────────────────────────────────────────────────────────────────────────────


def inner(z):
    """√(2/π)(z + 0.044715 z³), z³ by two products, 2/π a quotient of rounded numbers."""
    factor = (2 / constant(mp.pi)) ** mp.mpf(0.5)
    return factor * (z + constant(mp.mpf(0.044715)) * (z * z * z))


def inner_of_power(z):
    return root(2 / mp.pi) * z * (1 + constant(mp.mpf(0.044715)) * rounded(z * z))


def inner_prime(z):
    return root(2 / mp.pi) * (1 + 3 * constant(mp.mpf(0.044715)) * (z * z))


def gelu_tanh_by_tanh(v):
    return lambda z: HALF * z * (1 + tanh(v(z)))


def gelu_tanh_by_sigmoid(z):
    return z * logistic(2 * inner(z))


def gelu_tanh_prime(z):
    v = 2 * inner(z)
    return logistic(v) + z * (logistic(v) * logistic(-v)) * (2 * inner_prime(z))


def gelu_tanh_prime_of_cosh(z):
    v = inner(z)
    return logistic(2 * v) + HALF * z / (cosh(v) * cosh(v)) * inner_prime(z)


def gelu_tanh_prime_of_tanh(z, *_):
    t = tanh(inner(z))
    return HALF * (1 + t) + HALF * z * (1 - t * t) * inner_prime(z)


# ── mish ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def softplus(z):
    return z + log1p(exp(-z)) if z.value > 0 else log1p(exp(z))


def mish_by_tanh(z):
    return z * tanh(softplus(z))


def mish_by_tanh_of_two_logarithms(z):
    return z * tanh(z - log(logistic(z)))


def mish_by_squares(z):
    """z n/(n + 2) with n = e^z(e^z + 2)."""
    e = exp(z)
    n = e * (e + 2)
    return z * n / (n + 2)


def mish_textbook(z):
    return z * tanh(log(1 + exp(z)))


def mish_by_logistic(z):
    return z * tanh(-log(expit(-z)))


def mish_prime_of_cosh(sigmoid):
    def program(z):
        s = softplus(z)
        c = cosh(s)
        return tanh(s) + z * sigmoid(z) / (c * c)

    return program


def mish_prime_of_tanh(z, *_):
    t = tanh(softplus(z))
    return t + z * logistic(z) * (1 - t * t)


def mish_prime_of_the_paper(z, *_):
    """e^z ω/δ² (Misra 2019)."""
    omega = 4 * (z + 1) + 4 * exp(2 * z) + exp(3 * z) + exp(z) * (4 * z + 6)
    delta = 2 * exp(z) + exp(2 * z) + 2
    return exp(z) * omega / (delta * delta)


# ── the others ──────────────────────────────────────────────────────────────────────────────────────────────────────


def softsign(z):
    return z / (1 + abs(z))


def hard_sigmoid(slope):
    return lambda z: constant(slope) * z + 0.5


def selu_left(of):
    """λ(α f(z))."""
    return lambda z: constant(SELU_SCALE) * (constant(SELU_ALPHA) * of(z))


VALUE = {
    "leaky_relu(0.2)": [(lambda z: constant(mp.mpf(0.2)) * z, BELOW)],
    "elu(0.1)": [(lambda z: constant(mp.mpf(0.1)) * expm1(z), BELOW)],
    "selu": [(selu_left(expm1), BELOW), (lambda z: constant(SELU_SCALE) * z, (1e-6, 300.0))],
    "gelu": [
        (gelu_by_cdf, MIDDLE),
        (gelu_by_erfc(over_root), (-36.0, 36.0)),
        (gelu_by_erfc(times_root), (-36.0, 36.0)),
        (gelu_by_erf(over_root), ABOVE),
    ],
    "gelu_tanh": [(gelu_tanh_by_sigmoid, (-20.0, 20.0)), (gelu_tanh_by_tanh(inner), ABOVE)],
    "mish": [(mish_by_tanh, ANY), (mish_by_tanh_of_two_logarithms, ABOVE), (mish_by_squares, ANY)],
    "softsign": [(softsign, ANY), (lambda z: z * (1 / (1 + abs(z))), ANY)],
    "hard_sigmoid": [
        (hard_sigmoid(1 / mp.mpf(6)), (-2.99, 2.99)),
        (lambda z: z / 6 + 0.5, (-2.99, 2.99)),
        (lambda z: (z + 3) / 6, (-2.99, 2.99)),
    ],
    "hard_sigmoid(0.2)": [(hard_sigmoid(mp.mpf(0.2)), (-2.49, 2.49))],
    "hard_swish": [
        (lambda z: z * (z + 3) / 6, (-2.99, 2.99)),
        (lambda z: z * (z / 6 + 0.5), (-2.99, 2.99)),
        (lambda z: z * (z * constant(1 / mp.mpf(6)) + 0.5), (-2.99, 2.99)),
        (lambda z: z * 6 / 6, (3.01, 300.0)),
    ],
}
"""Programs for σ, of z, each with the z that it is meant for."""
PRIME = {
    "leaky_relu(0.2)": [(lambda z: constant(mp.mpf(0.2)), BELOW)],
    "elu(0.1)": [(lambda z: constant(mp.mpf(0.1)) * exp(z), BELOW)],
    "selu": [(selu_left(exp), BELOW), (lambda z: constant(SELU_SCALE), (1e-6, 300.0))],
    "gelu": [
        (gelu_prime(cdf, bell), (-36.0, 36.0))
        for cdf in (normal_cdf, cdf_by_erfc)
        for bell in (bell_of_square, bell_of_power, bell_of_scaled)
    ],
    "gelu_tanh": [(gelu_tanh_prime, (-20.0, 20.0)), (gelu_tanh_prime_of_cosh, (-20.0, 20.0))],
    "mish": [(mish_prime_of_cosh(logistic), ANY), (mish_prime_of_cosh(expit), ANY)],
    "softsign": [
        (lambda z: 1 / ((1 + abs(z)) * (1 + abs(z))), ANY),
        (lambda z: 1 / rounded((1 + abs(z)) * (1 + abs(z))), ANY),
        (lambda z: (1 / (1 + abs(z))) * (1 / (1 + abs(z))), ANY),
    ],
    "hard_sigmoid": [(lambda z: constant(1 / mp.mpf(6)), (-2.99, 2.99))],
    "hard_sigmoid(0.2)": [(lambda z: constant(mp.mpf(0.2)), (-2.49, 2.49))],
    "hard_swish": [
        (lambda z: z / 3 + 0.5, (-2.99, 2.99)),
        (lambda z: (2 * z + 3) / 6, (-2.99, 2.99)),
        (lambda z: (z / 6 + 0.5) + z / 6, (-2.99, 2.99)),
        (lambda z: (z * constant(1 / mp.mpf(6)) + 0.5) + z * constant(1 / mp.mpf(6)), (-2.99, 2.99)),
    ],
}
"""Programs for σ', of z."""
FROM_VALUE = {
    "elu(0.1)": [(lambda z, a: a + constant(mp.mpf(0.1)), UP_TO_0)],
    "selu": [(lambda z, a: a + constant(SELU_SCALE) * constant(SELU_ALPHA), UP_TO_0)],
    "gelu": [(lambda z, a: a / z + z * bell_of_square(z), (1e-6, 36.0))],
    "gelu_tanh": [(gelu_tanh_prime_of_tanh, MIDDLE)],
    "mish": [(mish_prime_of_tanh, (-300.0, 19.0)), (mish_prime_of_the_paper, (-300.0, 230.0))],
    "softsign": [
        (lambda z, a: (1 - abs(a)) * (1 - abs(a)), ANY),
        (lambda z, a: rounded((1 - abs(a)) * (1 - abs(a))), ANY),
        (lambda z, a: 1 / (1 + abs(z)) - abs(z) / ((1 + abs(z)) * (1 + abs(z))), ANY),
    ],
}
"""Programs for σ', of z and a, or with differences that cancel."""
TEXTBOOK = {
    "elu(0.1)": [
        (lambda z: constant(mp.mpf(0.1)) * (exp(z) - 1), UP_TO_0),
        (lambda z: constant(mp.mpf(0.1)) * (1 / exp(-z) - 1), UP_TO_0),
    ],
    "selu": [(selu_left(lambda z: exp(z) - 1), UP_TO_0)],
    "gelu": [
        (gelu_by_erf(over_root), MIDDLE),
        (gelu_by_erf(times_root), MIDDLE),
        (gelu_by_two_terms, MIDDLE),
    ],
    "gelu_tanh": [(gelu_tanh_by_tanh(inner), MIDDLE), (gelu_tanh_by_tanh(inner_of_power), MIDDLE)],
    "mish": [(mish_textbook, (-36.0, 300.0)), (mish_by_logistic, (-36.0, 300.0))],
}
"""Programs for σ that cancel, of z."""
TEXTBOOK_PRIME = {
    "gelu": [(gelu_prime(cdf_by_erf, bell), MIDDLE) for bell in (bell_of_square, bell_of_scaled)],
    "mish": [
        (lambda z: tanh(log(1 + exp(z))) + z * logistic(z) * (1 - tanh(log(1 + exp(z))) ** 2), (-36.0, 19.0)),
    ],
}
"""Programs for σ' with such values in them."""
CANCELS = {
    "gelu": [(lambda z: exact_sum(HALF * z, HALF * z * erf(over_root(z))), (-8.0, -3.0))],
    "gelu_tanh": [(lambda z: HALF * z * exact_sum(1, tanh(inner(z))), (-8.0, -3.0))],
    "mish": [(mish_by_logistic, (-36.0, -12.0))],
}
"""Programs on the left that have next to no errors but those that the textbook's term is there for."""
