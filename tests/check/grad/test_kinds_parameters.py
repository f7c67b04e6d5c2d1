"""Parameters that are taken for others: one triangle of a matrix, a concentrated scale, the logarithm."""

import numpy as np
import pytest
from grad_kinds import ELEMENTWISE, is_right, is_wrong, normal, said
from hypothesis import given, settings
from hypothesis import strategies as st

SEEDS = st.integers(0, 2**32 - 1)


def definite(seed, n):
    m = normal(seed, n, n + 2)
    return m @ m.T + 0.1 * np.eye(n)


def log_det(a):
    return 2 * np.log(np.diag(np.linalg.cholesky(a))).sum()


def log_det_upper(a):
    return log_det(np.triu(a) + np.triu(a, 1).T)


def quadratic_form(b):
    def f(a):
        return b @ np.linalg.solve(np.tril(a) + np.tril(a, -1).T, b)

    def gradient(a):
        u = np.linalg.solve(a, b)
        return -np.outer(u, u)

    return f, gradient


TRIANGLES = {
    "log det by Cholesky": (log_det, np.linalg.inv),
    "log det of the upper triangle": (log_det_upper, np.linalg.inv),
    "b' inv(A) b": quadratic_form(np.array([0.5, -1.0, 2.0, 1.0])),
    "largest eigenvalue": (
        lambda a: np.linalg.eigvalsh(a)[-1],
        lambda a: np.outer(v := np.linalg.eigh(a)[1][:, -1], v),
    ),
}


@pytest.mark.parametrize("name", TRIANGLES)
@pytest.mark.parametrize("seed", range(1))
def test_the_gradient_on_symmetric_matrices_is_said_to_be_symmetrised(name, seed):
    f, gradient = TRIANGLES[name]
    found = is_wrong(f, gradient, definite(seed, 4), "symmetrised")
    assert "f reads one triangle" in said(found)


@pytest.mark.parametrize("name", TRIANGLES)
@pytest.mark.parametrize("seed", range(1))
def test_with_f_symmetrised_it_is_right(name, seed):
    f, gradient = TRIANGLES[name]
    is_right(lambda a: f((a + a.T) / 2), gradient, definite(seed, 4))


@pytest.mark.parametrize("n", [2, 3, 5])
def test_a_triangle_handed_in_alone_has_twice_the_entries_off_the_diagonal(n):
    rows, cols = np.tril_indices(n)

    def full(v):
        a = np.zeros((n, n), v.dtype)
        a[rows, cols] = v
        return a + np.tril(a, -1).T

    def half(v):
        return np.where(rows == cols, 1.0, 2.0) * np.linalg.inv(full(v))[rows, cols]

    v = definite(n, n)[rows, cols]
    is_right(lambda v: log_det(full(v)), half, v)
    is_wrong(lambda v: log_det(full(v)), lambda v: np.linalg.inv(full(v))[rows, cols], v)


@pytest.mark.parametrize("seed", range(1))
def test_one_triangle_of_the_gradient_is_right_as_f_reads_it(seed):
    def lower(a):
        g = np.linalg.inv(a)
        return np.tril(2 * g, -1) + np.diag(np.diag(g))

    is_right(log_det, lower, definite(seed, 4))


@pytest.mark.parametrize("n", [2, 4])
def test_a_transposed_gradient_is_another_symptom(n):
    a, b = normal(n, n, n), normal(n + 1, n, n)
    is_right(lambda a: (b * np.sin(a)).sum(), lambda a: b * np.cos(a), a)
    is_wrong(lambda a: (b * np.sin(a)).sum(), lambda a: (b * np.cos(a)).T, a, "transposed")


# -- parameters that f estimates inside


def gamma_model(seed, n=40):
    rng = np.random.default_rng(seed)
    x = np.column_stack([np.ones(n), rng.standard_normal((n, 2))])
    y = rng.gamma(2.0, np.exp(x @ np.array([0.5, 0.3, -0.4])) / 2.0)
    special = pytest.importorskip("scipy.special", reason="SciPy is not installed")

    def scale_of(beta):
        mu = np.exp(x @ beta)
        return (((y - mu) / mu) ** 2).sum() / (n - 3)

    def f(beta, scale=None):
        mu, shape = np.exp(x @ beta), 1 / (scale_of(beta) if scale is None else scale)
        return (shape * np.log(shape * y / mu) - shape * y / mu - np.log(y) - special.gammaln(shape)).sum()

    def score(beta, scale=None):
        mu = np.exp(x @ beta)
        return x.T @ ((y - mu) / mu) / (scale_of(beta) if scale is None else scale)

    return f, score, scale_of


def normal_model(seed, n=30):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 3))
    y = x @ np.array([0.5, 0.3, -0.4]) + rng.standard_normal(n)

    def scale_of(beta):
        return ((y - x @ beta) ** 2).sum() / (n - 3)  # that of least squares, not of likelihood

    def f(beta, scale=None):
        s = scale_of(beta) if scale is None else scale
        return -n / 2 * np.log(s) - ((y - x @ beta) ** 2).sum() / (2 * s) - s

    def score(beta, scale=None):
        return x.T @ (y - x @ beta) / (scale_of(beta) if scale is None else scale)

    return f, score, scale_of


@pytest.mark.parametrize("model", [gamma_model, normal_model])
@pytest.mark.parametrize("seed", range(1))
def test_a_score_at_a_fixed_scale_is_not_the_gradient_of_what_estimates_it(model, seed):
    f, score, scale_of = model(seed)
    beta = np.array([0.4, 0.2, -0.3]) + 0.05 * normal(seed, 3)
    fixed = scale_of(beta)
    is_wrong(f, score, beta)
    is_right(lambda b: f(b, fixed), lambda b: score(b, fixed), beta)
    is_right(lambda b: f(b, fixed), lambda b: score(b, fixed)[:], beta + 0.1)


@pytest.mark.parametrize("model", [gamma_model, normal_model])
def test_a_scale_estimated_anew_in_the_score_is_right_at_its_own_point_alone(model):
    f, score, scale_of = model(5)
    beta = np.array([0.4, 0.2, -0.3])
    fixed = scale_of(beta)
    is_right(lambda b: f(b, fixed), score, beta)
    is_wrong(lambda b: f(b, fixed), score, beta + 0.2)


# -- logarithms of parameters


@settings(max_examples=5)
@given(SEEDS, st.sampled_from(sorted(ELEMENTWISE)), st.integers(2, 6))
def test_the_slope_by_the_logarithm_is_the_slope_times_x(seed, name, n):
    g, slope = ELEMENTWISE[name]
    x = np.exp(normal(seed, n))
    is_right(lambda t: g(np.exp(t)).sum(), lambda t: slope(np.exp(t)) * np.exp(t), np.log(x))
    is_right(lambda x: g(x).sum(), slope, x)
    found = is_wrong(lambda x: g(x).sum(), lambda x: x * slope(x), x, "times_x")
    assert "divide by x" in said(found)
    is_wrong(lambda x: g(x).sum(), lambda x: slope(x) / x, x, "divided_by_x")


@pytest.mark.parametrize("seed", range(1))
def test_a_kernel_by_the_logarithms_of_its_parameters_is_named(seed):
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 5, 12)
    y, distances = np.sin(x) + 0.1 * rng.standard_normal(12), (x[:, None] - x) ** 2

    def parts(h):
        k = h[0] * np.exp(-distances / (2 * h[1] ** 2))
        return k, k + h[2] * np.eye(12)

    def f(h):
        c = parts(h)[1]
        return -(y @ np.linalg.solve(c, y)) / 2 - np.linalg.slogdet(c)[1] / 2

    def gradient(h):
        k, c = parts(h)
        inverse = np.linalg.inv(c)
        a = np.outer(inverse @ y, inverse @ y) - inverse
        return np.array([(a * d).sum() / 2 for d in (k / h[0], k * distances / h[1] ** 3, np.eye(12))])

    h = np.array([1.5, 0.8, 0.05]) * np.exp(0.2 * rng.standard_normal(3))
    is_right(f, gradient, h)
    is_right(lambda t: f(np.exp(t)), lambda t: gradient(np.exp(t)) * np.exp(t), np.log(h))
    is_wrong(f, lambda h: h * gradient(h), h, "times_x")
    is_wrong(f, lambda h: gradient(h) / h, h, "divided_by_x")
