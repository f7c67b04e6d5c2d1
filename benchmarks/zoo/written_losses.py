"""Losses, likelihoods and functions of matrices by hand, and the derivatives of them that people get wrong."""

from __future__ import annotations

from typing import Any

import numpy as np

from zoo.entry import Array
from zoo.written import Mistake, Written, normals, positives, sigmoid, softmax

RNG = np.random.default_rng(20261128)
LABELS = np.array([2, 0, 1, 0])
TARGETS, TABLE = RNG.standard_normal(6), RNG.standard_normal((4, 3))
COUNTS = np.array([2.0, 0.0, 1.0, 4.0, 3.0])

# -- errors


def cross_entropy(z: Array) -> Any:
    """The mean over the examples."""
    return -np.log(softmax(z)[np.arange(len(z)), LABELS]).mean()


def cross_entropy_back(z: Array, c: Any) -> Array:
    """By the scores."""
    return c * (softmax(z) - np.eye(3)[LABELS]) / len(z)


def mean_square(a: Array) -> Any:
    """The mean squared error."""
    return ((a - TARGETS) ** 2).mean()


ERRORS = [
    Written("cross-entropy, a mean", "vjp", cross_entropy, cross_entropy_back, normals((4, 3)), (
        Mistake("cotangent_ignored", "(p − y)/n without grad_out", lambda z, c: cross_entropy_back(z, 1.0)),
        Mistake("sign_flipped", "y − p", lambda z, c: -cross_entropy_back(z, c)),
        Mistake("not_averaged", "p − y without 1/n", lambda z, c: len(z) * cross_entropy_back(z, c)),
    )),
    Written("mean squared error", "grad", mean_square, lambda a: 2 / len(a) * (a - TARGETS), normals((6,)), (
        Mistake("zero", "2 // n for 2 / n", lambda a: 2 // len(a) * (a - TARGETS)),
        Mistake("sign_flipped", "y − a", lambda a: 2 / len(a) * (TARGETS - a)),
        Mistake("not_averaged", "2(a − y) without 1/n", lambda a: 2 * (a - TARGETS)),
        Mistake("scaled", "(a − y)/n without the 2 of the square", lambda a: (a - TARGETS) / len(a)),
    )),
    Written("½ Σ (a − y)²", "grad", lambda a: ((a - TARGETS) ** 2).sum() / 2, lambda a: a - TARGETS, normals((6,)), (
        Mistake("mean_for_sum", "(a − y)/n", lambda a: (a - TARGETS) / len(a)),
        Mistake("scaled", "2(a − y)", lambda a: 2 * (a - TARGETS)),
    )),
    Written(
        "squared error of each example", "vjp", lambda a: ((a - TABLE) ** 2).sum(1),
        lambda a, c: 2 * c[:, None] * (a - TABLE), normals((4, 3)), (
            Mistake("cotangent_summed", "times grad_out.sum()", lambda a, c: 2 * c.sum() * (a - TABLE)),
        ),
    ),
    Written(
        "log-sum-exp of each row", "vjp", lambda z: np.log(np.exp(z).sum(1)), lambda z, c: c[:, None] * softmax(z),
        normals((3, 3)), (
            Mistake("cotangent_summed", "times grad_out.sum()", lambda z, c: c.sum() * softmax(z)),
        ),
    ),
]  # fmt: skip

# -- regression, with and without a penalty

INPUTS, OUTPUTS = RNG.standard_normal((5, 3)), RNG.standard_normal(5)
CLASSES = (OUTPUTS > 0) * 1.0
DECAY = 0.1


def squares(w: Array) -> Any:
    """Least squares."""
    return ((INPUTS @ w - OUTPUTS) ** 2).sum() / 2


def squares_slope(w: Array) -> Array:
    """By the weights."""
    return INPUTS.T @ (INPUTS @ w - OUTPUTS)


def logistic(w: Array) -> Any:
    """The likelihood of two classes, its negative logarithm."""
    z = INPUTS @ w
    return (np.log1p(np.exp(z)) - CLASSES * z).sum()


def logistic_slope(w: Array) -> Array:
    """By the weights."""
    return INPUTS.T @ (sigmoid(INPUTS @ w) - CLASSES)


def information(w: Array) -> Array:
    """The second derivative of it."""
    p = sigmoid(INPUTS @ w)
    return (INPUTS.T * (p * (1 - p))) @ INPUTS


REGRESSION = [
    *(
        Written(name, "grad", f, slope, normals((3,)), (
            Mistake("decay_added", "λ w, which f has not", lambda w, slope=slope: slope(w) + DECAY * w),
        ))
        for name, f, slope in (
            ("least squares", squares, squares_slope), ("logistic regression", logistic, logistic_slope)
        )
    ),
    *(
        Written(
            name, "grad", lambda w, f=f: f(w) + DECAY / 2 * w @ w, lambda w, slope=slope: slope(w) + DECAY * w,
            normals((3,)), (Mistake("penalty_missing", "λ w forgotten", slope),),
        )
        for name, f, slope in (
            ("ridge regression", squares, squares_slope), ("logistic regression with L2", logistic, logistic_slope)
        )
    ),
    Written("score of logistic regression", "jacobian", logistic_slope, information, normals((3,)), (
        Mistake("one_triangle", "Σ over j ≥ i alone", lambda w: np.triu(information(w))),
    )),
]  # fmt: skip

# -- parameters of likelihoods, entropies, powers


def normal_slope(s: Array) -> Array:
    """Of log s + y²/2s²."""
    return 1 / s - TARGETS**2 / s**3


LIKELIHOODS = [
    Written(
        "Poisson likelihood, Σ λ − k log λ", "grad", lambda r: (r - COUNTS * np.log(r)).sum(), lambda r: 1 - COUNTS / r,
        positives(5), (
            Mistake("shifted", "−k/λ without the 1 of λ", lambda r: -COUNTS / r),
            Mistake("times_x", "λ − k, by log λ", lambda r: r - COUNTS),
        ),
    ),
    Written(
        "normal likelihood by its deviation s", "grad", lambda s: (np.log(s) + TARGETS**2 / (2 * s**2)).sum(),
        normal_slope, positives(6), (
            Mistake("times_x", "1 − y²/s², by log s", lambda s: s * normal_slope(s)),
        ),
    ),
    Written(
        "log-normal likelihood", "grad", lambda x: (np.log(x) + np.log(x) ** 2 / 2).sum(),
        lambda x: (1 + np.log(x)) / x, positives(5), (
            Mistake("divided_by_x", "the 1/x of log x twice", lambda x: (1 + np.log(x)) / x**2),
        ),
    ),
    Written("Σ p log p", "grad", lambda p: (p * np.log(p)).sum(), lambda p: np.log(p) + 1, positives(5), (
        Mistake("shifted", "log p without + 1", np.log),
    )),
    Written("Σ x + tanh x", "grad", lambda x: (x + np.tanh(x)).sum(), lambda x: 2 - np.tanh(x) ** 2, normals((5,)), (
        Mistake("shifted", "the 1 of the skipped connection forgotten", lambda x: 1 - np.tanh(x) ** 2),
    )),
    Written("Σ x³/3", "grad", lambda x: (x**3).sum() / 3, lambda x: x**2, normals((5,)), (
        Mistake("times_x", "x³", lambda x: x**3),
    )),
    Written("Σ x⁴/4", "grad", lambda x: (x**4).sum() / 4, lambda x: x**3, normals((5,)), (
        Mistake("divided_by_x", "x²", lambda x: x**2),
    )),
    Written(
        "roughness, Σ (xᵢ₊₁ − xᵢ)²/2", "grad", lambda x: (np.diff(x) ** 2).sum() / 2,
        lambda x: -np.diff(np.diff(x, prepend=x[0], append=x[-1])), normals((6,)), (
            Mistake("rows_only", "0 at both ends", lambda x: np.pad(-np.diff(x, 2), 1)),
        ),
    ),
]  # fmt: skip

# -- functions of matrices

A, U, V = RNG.standard_normal((3, 3)), RNG.standard_normal(4), RNG.standard_normal(4)


def definite(rng: np.random.Generator) -> Array:
    """A symmetric matrix with eigenvalues above 0."""
    m = rng.standard_normal((4, 6))
    return m @ m.T + 0.1 * np.eye(4)


def by_lower(g: Array) -> Array:
    """What a symmetric gradient is of a function that reads the lower triangle."""
    return 2 * np.tril(g) - np.diag(np.diag(g))


def largest_slope(a: Array) -> Array:
    """Of the largest eigenvalue."""
    v = np.linalg.eigh(a)[1][:, -1]
    return np.outer(v, v)


def softmax_matrix(z: Array) -> Array:
    """The Jacobian of softmax."""
    p = softmax(z)
    return np.diag(p) - np.outer(p, p)


def below_diagonal(z: Array) -> Array:
    """A double loop that fills one triangle."""
    p = softmax(z)
    found = np.diag(p * (1 - p))
    for i in range(len(z)):
        for j in range(i):
            found[i, j] = -p[i] * p[j]
    return found


MATRICES = [
    Written(
        "log det A", "grad", lambda a: np.log(np.linalg.det(a)), lambda a: np.linalg.inv(a).T,
        lambda rng: rng.standard_normal((3, 3)) + 4 * np.eye(3), (
            Mistake("transposed", "A⁻¹ for its transpose", np.linalg.inv),
        ),
    ),
    Written("uᵀ A v by A", "grad", lambda a: U @ a @ V, lambda a: np.outer(U, V), normals((4, 4)), (
        Mistake("transposed", "v uᵀ", lambda a: np.outer(V, U)),
        Mistake("symmetrised", "(u vᵀ + v uᵀ)/2", lambda a: (np.outer(U, V) + np.outer(V, U)) / 2),
    )),
    Written("xᵀ A y by x and y", "grad", lambda x, y: x @ A @ y, lambda x, y: (A @ y, x @ A), normals((3,), (3,)), (
        Mistake("arguments_swapped", "(Aᵀ x, A y)", lambda x, y: (x @ A, A @ y)),
    )),
    Written(
        "log det A by Cholesky", "grad", lambda a: 2 * np.log(np.diag(np.linalg.cholesky(a))).sum(),
        lambda a: by_lower(np.linalg.inv(a)), definite, (
            Mistake("symmetrised", "A⁻¹, though f reads one triangle", np.linalg.inv),
        ),
    ),
    Written(
        "the largest eigenvalue, eigvalsh", "grad", lambda a: np.linalg.eigvalsh(a)[-1],
        lambda a: by_lower(largest_slope(a)), definite, (
            Mistake("symmetrised", "v vᵀ, though f reads one triangle", largest_slope),
        ),
    ),
    Written("softmax of a vector", "jacobian", softmax, softmax_matrix, normals((4,)), (
        Mistake("one_triangle", "a double loop over j < i", below_diagonal),
    )),
]  # fmt: skip

LOSSES = [*ERRORS, *REGRESSION, *LIKELIHOODS, *MATRICES]
