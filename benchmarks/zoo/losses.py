"""Losses, and negative log likelihoods by their parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from zoo.entry import Array, Entry, Shape, alike, bounded, each, plain, positive, probability, tame, weights

Row = tuple[str, Callable[..., Any], Callable[..., Any], Callable[..., Any], tuple[Shape, ...]]
S, psi = special.expit, special.digamma
Y4 = np.array([0.5, -1.0, 2.0, 0.0])
LABELS = np.array([1.0, 0.0, 1.0, 1.0])
CLASSES = np.array([2, 0])
ONE_HOT = np.eye(3)[CLASSES]
SHARES = np.array([[0.1, 0.2, 0.7], [0.5, 0.25, 0.25]])
COUNTS = np.array([3.0, 0.0, 1.0, 7.0])
TIMES = np.array([0.3, 1.7, 0.05, 2.2])
X42 = np.array([[1.0, 0.3], [1.0, -1.2], [1.0, 2.0], [1.0, 0.1]])
SIGNS = 2 * LABELS - 1


def _softplus(z: Array) -> Array:
    return np.logaddexp(0, z)


def _unlikely(z: Array) -> Array:
    """The probabilities less the labels, without cancellation."""
    return np.where(LABELS == 1, -S(-z), S(z))


def _focal(z: Array) -> Any:
    return (S(-SIGNS * z) ** 2 * _softplus(-SIGNS * z)).sum()


def _focal_slope(z: Array) -> Array:
    m = SIGNS * z
    q = S(-m)
    return -SIGNS * (2 * q * q * S(m) * _softplus(-m) + q**3)


def _log_softmax(z: Array) -> Array:
    return special.log_softmax(z, axis=1)


def _less(z: Array, shares: Array) -> Array:
    return special.softmax(z, axis=1) * shares.sum(1, keepdims=True) - shares


def _triplet(a: Array, b: Array) -> Any:
    return _softplus(((a - b) ** 2).sum() - ((a - Y4[:2]) ** 2).sum())


def _triplet_slope(a: Array, b: Array) -> tuple[Array, Array]:
    s = S(((a - b) ** 2).sum() - ((a - Y4[:2]) ** 2).sum())
    return 2 * s * (Y4[:2] - b), 2 * s * (b - a)


def _info(a: Array) -> Any:
    """Contrast of each row with its own column."""
    return (special.logsumexp(a, axis=1) - np.diag(a)).mean()


def _divergence(m: Array, s: Array) -> Any:
    return 0.5 * (np.exp(2 * s) + m * m - 1 - 2 * s).sum()


def _dice(z: Array) -> Any:
    return 1 - (2 * S(z) @ LABELS + 1) / (S(z).sum() + LABELS.sum() + 1)


def _dice_slope(z: Array) -> Array:
    top, below = 2 * S(z) @ LABELS + 1, S(z).sum() + LABELS.sum() + 1
    return -S(z) * S(-z) * (2 * LABELS * below - top) / below**2


LOSSES: list[Row] = [
    ("squared error", lambda y: 0.5 * ((y - Y4) ** 2).sum(), lambda y: y - Y4, alike(bounded(1e100)), ((4,),)),
    ("mean squared error", lambda y: ((y - Y4) ** 2).mean(), lambda y: (y - Y4) / 2, alike(bounded(1e100)), ((4,),)),
    ("root mean squared error", lambda y: np.sqrt(((y - Y4) ** 2).mean()),
     lambda y: (y - Y4) / 4 / np.sqrt(((y - Y4) ** 2).mean()), alike(bounded(1e6)), ((4,),)),
    ("mean absolute error", lambda y: np.abs(y - Y4).mean(), lambda y: np.sign(y - Y4) / 4, alike(bounded(1e100)),
     ((4,),)),
    ("log cosh error", lambda y: (np.logaddexp(y - Y4, Y4 - y) - np.log(2)).sum(), lambda y: np.tanh(y - Y4),
     alike(tame), ((4,),)),
    ("squared logarithmic error", lambda y: ((np.log1p(y) - np.log1p(COUNTS)) ** 2).sum(),
     lambda y: 2 * (np.log1p(y) - np.log1p(COUNTS)) / (1 + y), alike(positive(1e6, 1e-6)), ((4,),)),
    ("binary cross-entropy", lambda p: -(LABELS * np.log(p) + (1 - LABELS) * np.log1p(-p)).sum(),
     lambda p: (p - LABELS) / (p * (1 - p)), alike(probability), ((4,),)),
    ("binary cross-entropy of logits", lambda z: (_softplus(z) - LABELS * z).sum(), _unlikely, alike(bounded(1e3)),
     ((4,),)),
    ("logistic loss", lambda z: _softplus(-SIGNS * z).mean(), lambda z: -SIGNS * S(-SIGNS * z) / 4,
     alike(bounded(500.0)), ((4,),)),
    ("focal loss", _focal, _focal_slope, alike(tame), ((4,),)),
    ("hinge loss", lambda z: np.maximum(0, 1 - SIGNS * z).sum(), lambda z: -SIGNS * (SIGNS * z < 1), alike(tame),
     ((4,),)),
    ("squared hinge loss", lambda z: (np.maximum(0, 1 - SIGNS * z) ** 2).sum(),
     lambda z: -2 * SIGNS * np.maximum(0, 1 - SIGNS * z), alike(tame), ((4,),)),
    ("exponential loss", lambda z: np.exp(-SIGNS * z).sum(), lambda z: -SIGNS * np.exp(-SIGNS * z), alike(tame),
     ((4,),)),
    ("cross-entropy", lambda z: -_log_softmax(z)[[0, 1], CLASSES].mean(), lambda z: _less(z, ONE_HOT) / 2, alike(tame),
     ((2, 3),)),
    ("cross-entropy, summed", lambda z: -(ONE_HOT * _log_softmax(z)).sum(), lambda z: _less(z, ONE_HOT), alike(tame),
     ((2, 3),)),
    ("cross-entropy of shares", lambda z: -(SHARES * _log_softmax(z)).sum(), lambda z: _less(z, SHARES), alike(tame),
     ((2, 3),)),
    ("cross-entropy, smoothed", lambda z: -((0.9 * ONE_HOT + 0.1 / 3) * _log_softmax(z)).sum(),
     lambda z: _less(z, 0.9 * ONE_HOT + 0.1 / 3), alike(tame), ((2, 3),)),
    ("divergence of shares", lambda z: (SHARES * (np.log(SHARES) - _log_softmax(z))).sum(), lambda z: _less(z, SHARES),
     alike(tame), ((2, 3),)),
    ("divergence of normals", _divergence, lambda m, s: (m, np.expm1(2 * s)), each(plain, bounded(5.0)), ((2,), (2,))),
    ("cosine loss", lambda y: 1 - y @ Y4 / (np.linalg.norm(y) * np.linalg.norm(Y4)),
     lambda y: -(Y4 - y * (y @ Y4) / (y @ y)) / (np.linalg.norm(y) * np.linalg.norm(Y4)), alike(plain), ((4,),)),
    ("triplet loss, soft", _triplet, _triplet_slope, alike(bounded(3.0)), ((2,), (2,))),
    ("contrast of pairs", _info, lambda a: (special.softmax(a, axis=1) - np.eye(3)) / 3, alike(tame), ((3, 3),)),
    ("dice loss", _dice, _dice_slope, alike(tame), ((4,),)),
    ("quantile loss", lambda y: np.maximum(0.9 * (Y4 - y), 0.1 * (y - Y4)).sum(), lambda y: np.where(y < Y4, -0.9, 0.1),
     alike(tame), ((4,),)),
    ("Cauchy loss", lambda y: np.log1p((y - Y4) ** 2).sum(), lambda y: 2 * (y - Y4) / (1 + (y - Y4) ** 2),
     alike(bounded(1e6)), ((4,),)),
    ("Welsch loss", lambda y: -np.expm1(-((y - Y4) ** 2)).sum(), lambda y: 2 * (y - Y4) * np.exp(-((y - Y4) ** 2)),
     alike(bounded(5.0)), ((4,),)),
    ("ridge loss", lambda w: ((X42 @ w - Y4) ** 2).sum() + 0.1 * w @ w,
     lambda w: 2 * X42.T @ (X42 @ w - Y4) + 0.2 * w, alike(bounded(1e50)), ((2,),)),
    ("total variation, smoothed", lambda y: np.sqrt(np.diff(y) ** 2 + 1e-6).sum(), lambda y: np.diff(
        -np.diff(y) / np.sqrt(np.diff(y) ** 2 + 1e-6), prepend=0, append=0) * 1.0, alike(tame), ((4,),)),
]  # fmt: skip


# -- likelihoods


def _normal(m: Array, s: Array) -> Any:
    return (0.5 * ((Y4 - m[0]) / np.exp(s[0])) ** 2 + s[0]).sum()


def _normal_slope(m: Array, s: Array) -> tuple[Array, Array]:
    r = (Y4 - m[0]) / np.exp(s[0])
    return np.array([-r.sum() / np.exp(s[0])]), np.array([len(Y4) - r @ r])


def _gamma(a: Array, b: Array) -> Any:
    return (special.gammaln(a[0]) - a[0] * np.log(b[0]) - (a[0] - 1) * np.log(TIMES) + b[0] * TIMES).sum()


def _gamma_slope(a: Array, b: Array) -> tuple[Array, Array]:
    n = len(TIMES)
    by_a = n * psi(a[0]) - n * np.log(b[0]) - np.log(TIMES).sum()
    return np.array([by_a]), np.array([TIMES.sum() - n * a[0] / b[0]])


def _weibull(k: Array, s: Array) -> Any:
    t = TIMES / s[0]
    return (t ** k[0] - (k[0] - 1) * np.log(t) - np.log(k[0]) + np.log(s[0])).sum()


def _weibull_slope(k: Array, s: Array) -> tuple[Array, Array]:
    t = TIMES / s[0]
    power, logs = t ** k[0], np.log(t)
    return np.array([(power * logs - logs - 1 / k[0]).sum()]), np.array([(k[0] * (1 - power)).sum() / s[0]])


def _negative_binomial(z: Array) -> Any:
    """Of size 3, by its logits."""
    return (3 * _softplus(z) + COUNTS * _softplus(-z)).sum()


def _dirichlet(a: Array) -> Any:
    return special.gammaln(a).sum() - special.gammaln(a.sum()) - ((a - 1) * np.log(SHARES[0])).sum()


def _mixture(m: Array) -> Any:
    return -special.logsumexp(-0.5 * (Y4[:, None] - m) ** 2, axis=1).sum()


def _mixture_slope(m: Array) -> Array:
    r = Y4[:, None] - m
    return -(special.softmax(-0.5 * r * r, axis=1) * r).sum(0)


def _inflated(z: Array, r: Array) -> Any:
    """Poisson counts of rate e^r, or zeros with the odds e^z."""
    zero, other = COUNTS == 0, COUNTS[COUNTS > 0]
    return zero.sum() * -np.logaddexp(z[0], -np.exp(r[0])) + (np.exp(r[0]) - other * r[0]).sum() + 4 * _softplus(z[0])


def _inflated_slope(z: Array, r: Array) -> tuple[Array, Array]:
    zero, other = COUNTS == 0, COUNTS[COUNTS > 0]
    share, rate = S(z[0] + np.exp(r[0])), np.exp(r[0])
    return (np.array([4 * S(z[0]) - zero.sum() * share]),
            np.array([zero.sum() * S(-(z[0] + rate)) * rate + (rate - other).sum()]))  # fmt: skip


def _cox(b: Array) -> Any:
    z = X42 @ b
    order = np.argsort(TIMES)
    return sum(special.logsumexp(z[order[i:]]) - z[order[i]] for i in range(4))


def _cox_slope(b: Array) -> Array:
    z, order = X42 @ b, np.argsort(TIMES)
    return sum(X42[order[i:]].T @ special.softmax(z[order[i:]]) - X42[order[i]] for i in range(4))


def _process(s: Array) -> tuple[Array, Array]:
    """The covariance of a process by its log length, and its slope."""
    apart = (TIMES[:, None] - TIMES) ** 2
    part = apart / np.exp(2 * s[0])
    kernel = np.exp(-0.5 * part)
    return kernel + 0.1 * np.eye(4), kernel * part


def _evidence(s: Array) -> Any:
    k = _process(s)[0]
    return 0.5 * Y4 @ np.linalg.solve(k, Y4) + 0.5 * np.linalg.slogdet(k)[1]


def _evidence_slope(s: Array) -> Array:
    k, slope = _process(s)
    a = np.linalg.solve(k, Y4)
    return np.array([-0.5 * a @ slope @ a + 0.5 * np.trace(np.linalg.solve(k, slope))])


def _chain(a: Array) -> Any:
    return 0.5 * ((Y4[1:] - a[0] * Y4[:-1] - a[1]) ** 2).sum()


def _chain_slope(a: Array) -> Array:
    r = Y4[1:] - a[0] * Y4[:-1] - a[1]
    return -np.array([r @ Y4[:-1], r.sum()])


W3 = weights((3,))
LIKELIHOODS: list[Row] = [
    ("normal, mean and log scale", _normal, _normal_slope, each(tame, bounded(3.0)), ((1,), (1,))),
    ("normal, precision", lambda t: (0.5 * t[0] * Y4 @ Y4 - 2 * np.log(t[0])),
     lambda t: np.array([0.5 * Y4 @ Y4]) - 2 / t,
     alike(positive(1e6, 1e-6)), ((1,),)),
    ("normal, many dimensions", lambda m: 0.5 * (m - W3) @ np.array([[2, 1, 0], [1, 3, 1], [0, 1, 4.0]]) @ (m - W3),
     lambda m: np.array([[2, 1, 0], [1, 3, 1], [0, 1, 4.0]]) @ (m - W3), alike(bounded(1e50)), ((3,),)),
    ("Poisson, log rate", lambda r: (np.exp(r) - COUNTS * r).sum(), lambda r: np.exp(r) - COUNTS, alike(tame), ((4,),)),
    ("Poisson, rate", lambda r: (r - COUNTS * np.log(r)).sum(), lambda r: 1 - COUNTS / r, alike(positive(1e6, 1e-6)),
     ((4,),)),
    ("Poisson regression", lambda b: (np.exp(X42 @ b) - COUNTS * (X42 @ b)).sum(),
     lambda b: X42.T @ (np.exp(X42 @ b) - COUNTS), alike(bounded(5.0)), ((2,),)),
    ("Bernoulli regression", lambda b: (_softplus(X42 @ b) - LABELS * (X42 @ b)).sum(),
     lambda b: X42.T @ _unlikely(X42 @ b), alike(bounded(10.0)), ((2,),)),
    ("binomial", lambda z: (10 * _softplus(z) - COUNTS * z).sum(), lambda z: 10 * S(z) - COUNTS, alike(tame), ((4,),)),
    ("geometric", lambda z: (_softplus(-z) + COUNTS * _softplus(z)).sum(), lambda z: -S(-z) + COUNTS * S(z),
     alike(tame), ((4,),)),
    ("exponential, rate", lambda r: (r * TIMES - np.log(r)).sum(), lambda r: TIMES - 1 / r, alike(positive(1e6, 1e-6)),
     ((4,),)),
    ("gamma", _gamma, _gamma_slope, alike(positive(30.0, 0.05)), ((1,), (1,))),
    ("Weibull", _weibull, _weibull_slope, alike(positive(5.0, 0.2)), ((1,), (1,))),
    ("Student", lambda m: 2.5 * np.log1p((Y4 - m[0]) ** 2 / 4).sum(),
     lambda m: np.array([-5 * ((Y4 - m[0]) / (4 + (Y4 - m[0]) ** 2)).sum()]), alike(bounded(1e4)),
     ((1,),)),
    ("Laplace", lambda m: np.abs(Y4 - m[0]).sum(), lambda m: np.array([np.sign(m[0] - Y4).sum()]), alike(tame),
     ((1,),)),
    ("logistic", lambda m: (Y4 - m[0] + 2 * _softplus(m[0] - Y4)).sum(),
     lambda m: np.array([(np.tanh((m[0] - Y4) / 2)).sum()]), alike(tame), ((1,),)),
    ("Gumbel", lambda m: (Y4 - m[0] + np.exp(m[0] - Y4)).sum(), lambda m: np.array([np.expm1(m[0] - Y4).sum()]),
     alike(bounded(10.0)), ((1,),)),
    ("Rayleigh", lambda s: (2 * np.log(s[0]) + 0.5 * (TIMES / s[0]) ** 2).sum(),
     lambda s: np.array([8 / s[0] - (TIMES**2).sum() / s[0] ** 3]), alike(positive(1e3, 1e-2)), ((1,),)),
    ("Pareto", lambda a: -(4 * np.log(a[0]) - a[0] * np.log1p(TIMES).sum()),
     lambda a: np.array([np.log1p(TIMES).sum() - 4 / a[0]]), alike(positive(1e3, 1e-3)), ((1,),)),
    ("inverse normal", lambda m: ((TIMES - m[0]) ** 2 / (2 * m[0] ** 2 * TIMES)).sum(),
     lambda m: np.array([((m[0] - TIMES) / m[0] ** 3).sum()]), alike(positive(1e2, 1e-2)), ((1,),)),
    ("von Mises", lambda k: 4 * (np.log(special.i0e(k[0])) + k[0]) - k[0] * np.cos(TIMES).sum(),
     lambda k: np.array([4 * special.i1e(k[0]) / special.i0e(k[0]) - np.cos(TIMES).sum()]),
     alike(positive(50.0, 1e-3)), ((1,),)),
    ("beta", lambda a, b: special.betaln(a[0], b[0]) - (a[0] - 1) * np.log(0.3) - (b[0] - 1) * np.log(0.7),
     lambda a, b: (psi(a) - psi(a + b) - np.log(0.3), psi(b) - psi(a + b) - np.log(0.7)), alike(positive(20.0, 0.1)),
     ((1,), (1,))),
    ("Dirichlet", _dirichlet, lambda a: psi(a) - psi(a.sum()) - np.log(SHARES[0]), alike(positive(20.0, 0.1)), ((3,),)),
    ("multinomial", lambda z: COUNTS.sum() * special.logsumexp(z) - COUNTS @ z,
     lambda z: COUNTS.sum() * special.softmax(z) - COUNTS, alike(tame), ((4,),)),
    ("negative binomial", _negative_binomial, lambda z: 3 * S(z) - COUNTS * S(-z), alike(tame), ((4,),)),
    ("mixture of normals", _mixture, _mixture_slope, alike(bounded(5.0)), ((2,),)),
    ("counts with more zeros", _inflated, _inflated_slope, each(tame, bounded(4.0)), ((1,), (1,))),
    ("probit", lambda z: -special.log_ndtr(SIGNS * z).sum(), lambda z: -SIGNS * np.exp(
        -z * z / 2 - special.log_ndtr(SIGNS * z)) / np.sqrt(2 * np.pi), alike(bounded(8.0)), ((4,),)),
    ("partial likelihood", _cox, _cox_slope, alike(bounded(5.0)), ((2,),)),
    ("evidence of a process", _evidence, _evidence_slope, alike(bounded(2.0)), ((1,),)),
    ("autoregression", _chain, _chain_slope, alike(bounded(1e50)), ((2,),)),
    ("concentrated scale", lambda m: 2 * np.log(((Y4 - m[0]) ** 2).mean()),
     lambda m: np.array([4 * (m[0] - Y4).mean() / ((Y4 - m[0]) ** 2).mean()]), alike(bounded(1e4)), ((1,),)),
]  # fmt: skip

ENTRIES = [
    *(Entry(name, "losses", "grad", *rest) for name, *rest in LOSSES),
    *(Entry(name, "likelihoods", "grad", *rest) for name, *rest in LIKELIHOODS),
]
