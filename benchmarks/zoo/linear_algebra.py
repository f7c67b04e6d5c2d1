"""Products, solutions, determinants and decompositions of matrices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import linalg

from zoo.entry import (
    Array,
    Entry,
    Shape,
    alike,
    bounded,
    definite,
    dominant,
    each,
    of_distinct_eigenvalues,
    plain,
    spread,
    tame,
    weights,
)

Row = tuple[str, str, Callable[..., Any], Callable[..., Any], Callable[..., Any], tuple[Shape, ...]]
inv, det, solve = np.linalg.inv, np.linalg.det, np.linalg.solve

A3, B23, V3 = weights((3, 3)), weights((2, 3)), weights((3,))
GOOD = A3 + 4 * np.eye(3)
SYMMETRIC = GOOD @ GOOD.T
SHARP, WIDE = (1.0, 1e-2, 1e-4), (1.0, 1e-3, 1e-6)
HILBERT = linalg.hilbert(3)
S33, S22, S23, S3 = (3, 3), (2, 2), (2, 3), (3,)
usual = bounded(3.0)


def _solve_back(a: Array, b: Array, c: Array) -> tuple[Array, Array]:
    by_b = solve(a.T, c)
    return -np.outer(by_b, solve(a, b)), by_b


def _quadratic_back(a: Array, x: Array) -> tuple[Array, Array]:
    return np.outer(x, x), (a + a.T) @ x


PRODUCTS: list[Row] = [
    ("matrix product", "vjp", np.matmul, lambda a, b, c: (c @ b.T, a.T @ c), alike(moderate := bounded(1e60)),
     (S23, (3, 2))),
    ("matrix times vector", "vjp", np.matmul, lambda a, x, c: (np.outer(c, x), a.T @ c), alike(moderate), (S23, S3)),
    ("constant matrix times vector", "jacobian", lambda x: B23 @ x, lambda x: B23, alike(moderate), (S3,)),
    ("vector times matrix", "vjp", lambda x: x @ A3, lambda x, c: A3 @ c, alike(moderate), (S3,)),
    ("outer product", "vjp", np.outer, lambda a, b, c: (c @ b, a @ c), alike(moderate), ((2,), S3)),
    ("dot", "grad", np.dot, lambda a, b: (b, a), alike(moderate), (S3, S3)),
    ("bilinear form", "grad", lambda a, b: a @ A3 @ b, lambda a, b: (A3 @ b, a @ A3), alike(moderate), (S3, S3)),
    ("quadratic form", "grad", lambda x: x @ A3 @ x, lambda x: (A3 + A3.T) @ x, alike(moderate), (S3,)),
    ("quadratic form of both", "grad", lambda a, x: x @ a @ x, _quadratic_back, alike(bounded(1e30)), (S22, (2,))),
    ("Gram matrix", "vjp", lambda x: x.T @ x, lambda x, c: x @ (c + c.T), alike(moderate), ((3, 2),)),
    ("square", "vjp", lambda a: a @ a, lambda a, c: c @ a.T + a.T @ c, alike(moderate), (S22,)),
    ("cube", "vjp", lambda a: a @ a @ a, lambda a, c: c @ (a @ a).T + a.T @ c @ a.T + (a @ a).T @ c, alike(tame),
     (S22,)),
    ("commutator", "vjp", lambda a: a @ A3 - A3 @ a, lambda a, c: c @ A3.T - A3.T @ c, alike(moderate), (S33,)),
    ("Kronecker product", "vjp", np.kron, lambda a, b, c: (
        np.einsum("ikjl,kl->ij", c.reshape(2, 2, 2, 2), b), np.einsum("ikjl,ij->kl", c.reshape(2, 2, 2, 2), a)),
     alike(moderate), (S22, S22)),
    ("cross product", "vjp", np.cross, lambda a, b, c: (np.cross(b, c), np.cross(c, a)), alike(moderate), (S3, S3)),
    ("transpose", "vjp", np.transpose, lambda a, c: c.T.copy(), alike(bounded(1e300)), (S23,)),
    ("einsum", "vjp", lambda a, b: np.einsum("ij,ik->jk", a, b),
     lambda a, b, c: (np.einsum("jk,ik->ij", c, b), np.einsum("jk,ij->ik", c, a)), alike(moderate), (S22, S23)),
    ("trace", "grad", np.trace, lambda a: np.eye(3), alike(bounded(1e300)), (S33,)),
    ("trace of a product", "grad", lambda a: np.trace(a @ A3), lambda a: A3.T, alike(moderate), (S33,)),
    ("trace of a square", "grad", lambda a: np.trace(a @ a), lambda a: 2 * a.T, alike(moderate), (S33,)),
    ("trace of a cube", "grad", lambda a: np.trace(a @ a @ a), lambda a: 3 * (a @ a).T, alike(tame), (S22,)),
    ("trace of a Gram matrix", "grad", lambda a: np.trace(a.T @ a), lambda a: 2 * a, alike(moderate), (S23,)),
    ("reflection", "vjp", lambda v: v * (2 * (v @ V3) / (v @ v)), lambda v, c: 2 / (v @ v) * (
        c * (v @ V3) + V3 * (v @ c) - 2 * v * (v @ V3) * (v @ c) / (v @ v)), alike(plain), (S3,)),
    ("rotation", "vjp", lambda t: np.array([np.cos(t[0]), np.sin(t[0])]) * t[1],
     lambda t, c: np.array([t[1] * (c[1] * np.cos(t[0]) - c[0] * np.sin(t[0])), c @ [np.cos(t[0]), np.sin(t[0])]]),
     alike(tame), ((2,),)),
    ("sandwich", "vjp", lambda x: A3 @ x @ A3.T, lambda x, c: A3.T @ c @ A3, alike(moderate), (S33,)),
]  # fmt: skip


def _bordered(x: Array) -> Array:
    return np.array([[x[1, 1], -x[1, 0]], [-x[0, 1], x[0, 0]]])


SOLUTIONS: list[Row] = [
    ("inverse", "vjp", inv, lambda a, c: -inv(a).T @ c @ inv(a).T, alike(dominant), (S33,)),
    ("inverse of a sharp matrix", "vjp", inv, lambda a, c: -inv(a).T @ c @ inv(a).T, alike(spread(SHARP)), (S33,)),
    ("solve", "vjp", solve, _solve_back, each(dominant, tame), (S33, S3)),
    ("solve a sharp system", "vjp", solve, _solve_back, each(spread(SHARP), usual), (S33, S3)),
    ("solve a sharper system", "grad", lambda a, b: V3 @ solve(a, b), lambda a, b: _solve_back(a, b, V3),
     each(spread(WIDE), usual), (S33, S3)),
    ("solve for one side", "jacobian", lambda b: solve(GOOD, b), lambda b: inv(GOOD), alike(bounded(1e200)), (S3,)),
    ("solve by Hilbert's matrix", "jacobian", lambda b: solve(HILBERT, b), lambda b: linalg.invhilbert(3),
     alike(tame), (S3,)),
    ("solve by Cholesky", "grad", lambda b: b @ linalg.cho_solve(linalg.cho_factor(SYMMETRIC), b),
     lambda b: 2 * solve(SYMMETRIC, b), alike(moderate), (S3,)),
    ("solve a triangle", "vjp", lambda b: linalg.solve_triangular(np.tril(GOOD), b, lower=True),
     lambda b, c: solve(np.tril(GOOD).T, c), alike(moderate), (S3,)),
    ("trace of an inverse", "grad", lambda a: np.trace(inv(a)), lambda a: -(inv(a) @ inv(a)).T, alike(dominant),
     (S33,)),
    ("least squares", "vjp", lambda b: np.linalg.lstsq(GOOD[:, :2], b)[0],
     lambda b, c: np.linalg.pinv(GOOD[:, :2]).T @ c, alike(tame), (S3,)),
    ("ridge", "vjp", lambda b: solve(B23 @ B23.T + 0.1 * np.eye(2), B23 @ b),
     lambda b, c: B23.T @ solve(B23 @ B23.T + 0.1 * np.eye(2), c), alike(moderate), (S3,)),
    ("Mahalanobis", "grad", lambda x: x @ solve(SYMMETRIC, x), lambda x: 2 * solve(SYMMETRIC, x), alike(moderate),
     (S3,)),
    ("update of an inverse", "grad", lambda u: V3 @ solve(GOOD + np.outer(u, u), V3), lambda u: -(
        (s := solve(GOOD + np.outer(u, u), V3)) * (solve((GOOD + np.outer(u, u)).T, V3) @ u)
        + solve((GOOD + np.outer(u, u)).T, V3) * (s @ u)), alike(plain), (S3,)),
    ("determinant", "grad", det, lambda a: det(a) * inv(a).T, alike(dominant), (S33,)),
    ("determinant of two rows", "grad", lambda a: a[0, 0] * a[1, 1] - a[0, 1] * a[1, 0], _bordered, alike(moderate),
     (S22,)),
    ("determinant of a sharp matrix", "grad", det, lambda a: det(a) * inv(a).T, alike(spread(SHARP)), (S33,)),
    ("log determinant", "grad", lambda a: np.linalg.slogdet(a)[1], lambda a: inv(a).T, alike(dominant), (S33,)),
    ("log determinant of a Gram matrix", "grad", lambda x: np.linalg.slogdet(x.T @ x + np.eye(2))[1],
     lambda x: 2 * x @ inv(x.T @ x + np.eye(2)), alike(usual), ((3, 2),)),
    ("log determinant of a kernel", "grad", lambda x: np.linalg.slogdet(SYMMETRIC + np.diag(x * x))[1],
     lambda x: 2 * x * np.diag(inv(SYMMETRIC + np.diag(x * x))), alike(tame), (S3,)),
]  # fmt: skip


def _cholesky_back(a: Array, c: Array) -> Array:
    """Of what reads the lower triangle alone."""
    factor = np.linalg.cholesky(a)
    inner = np.tril(factor.T @ np.tril(c))
    inner[np.diag_indices(len(a))] /= 2
    whole = solve(factor.T, solve(factor.T, inner.T).T)
    both = whole + whole.T
    return np.tril(both) - np.diag(np.diag(both)) / 2


def _eigenvalues(a: Array) -> Array:
    return np.linalg.eigvalsh((a + a.T) / 2)


def _eigenvalues_back(a: Array, c: Array) -> Array:
    basis = np.linalg.eigh((a + a.T) / 2)[1]
    return (basis * c) @ basis.T


def _singular_back(a: Array, c: Array) -> Array:
    left, _, right = np.linalg.svd(a, full_matrices=False)
    return (left * c) @ right


def _rayleigh(x: Array) -> Any:
    return x @ SYMMETRIC @ x / (x @ x)


def _projector_back(a: Array, c: Array) -> Array:
    """Of A (AᵀA)⁻¹Aᵀ."""
    plus = np.linalg.pinv(a)
    rest = np.eye(len(a)) - a @ plus
    return rest @ (c + c.T) @ plus.T


def _plus_back(a: Array, c: Array) -> Array:
    """Of the pseudoinverse of a matrix of full column rank."""
    plus = np.linalg.pinv(a)
    rest = np.eye(len(a)) - a @ plus
    return -(plus.T @ c @ plus.T) + rest @ c.T @ plus @ plus.T


SINGULAR = (3.0, 2.0, 0.5)
DECOMPOSED: list[Row] = [
    ("Cholesky factor", "vjp", np.linalg.cholesky, _cholesky_back, alike(definite), (S33,)),
    ("eigenvalues", "vjp", _eigenvalues, _eigenvalues_back, alike(of_distinct_eigenvalues), (S33,)),
    ("largest eigenvalue", "grad", lambda a: _eigenvalues(a)[-1], lambda a: _eigenvalues_back(a, np.array([0, 0, 1.0])),
     alike(of_distinct_eigenvalues), (S33,)),
    ("singular values", "vjp", lambda a: np.linalg.svd(a, compute_uv=False), _singular_back,
     alike(spread(SINGULAR)), (S23,)),
    ("nuclear norm", "grad", lambda a: np.linalg.norm(a, "nuc"), lambda a: _singular_back(a, np.ones(2)),
     alike(spread(SINGULAR)), (S23,)),
    ("spectral norm", "grad", lambda a: np.linalg.norm(a, 2), lambda a: _singular_back(a, np.array([1.0, 0])),
     alike(spread(SINGULAR)), (S22,)),
    ("sharp singular values", "grad", lambda a: np.linalg.norm(a, "nuc"), lambda a: _singular_back(a, np.ones(3)),
     alike(spread(SHARP)), (S33,)),
    ("exponential", "vjp", linalg.expm, lambda a, c: linalg.expm_frechet(a.T, c, compute_expm=False), alike(usual),
     (S22,)),
    ("Rayleigh quotient", "grad", _rayleigh, lambda x: 2 * (SYMMETRIC @ x - _rayleigh(x) * x) / (x @ x), alike(plain),
     (S3,)),
    ("projector", "vjp", lambda a: a @ np.linalg.pinv(a), _projector_back, alike(spread(SINGULAR)), ((3, 2),)),
    ("pseudoinverse", "vjp", np.linalg.pinv, _plus_back, alike(spread(SINGULAR)), ((3, 2),)),
]  # fmt: skip

ENTRIES = [Entry(name, "linear algebra", *rest) for name, *rest in [*PRODUCTS, *SOLUTIONS, *DECOMPOSED]]
