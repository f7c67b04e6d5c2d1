"""Backward passes that do not use what comes from above."""

import numpy as np
import pytest
from case_ids import written_out
from grad_kinds import ELEMENTWISE, is_right, is_wrong, normal, said
from hypothesis import given, settings
from hypothesis import strategies as st

SEEDS = st.integers(0, 2**32 - 1)
SHAPES = [(5,), (3, 4)]
IGNORED = "cotangent_ignored"


def advises_no_division(found):
    assert "divi" not in said(found), str(found)


@pytest.mark.parametrize(("name", "seed"), [(name, k % 2) for k, name in enumerate(ELEMENTWISE)])
def test_a_backward_pass_that_returns_the_slope_alone_is_named(name, seed):
    f, slope = ELEMENTWISE[name]
    x = normal(seed, *SHAPES[seed])
    is_right(f, lambda x, c: c * slope(x), x, check="vjp")
    found = is_wrong(f, lambda x, c: slope(x), x, IGNORED, check="vjp")
    advises_no_division(found)
    assert "multiply the local derivative by the cotangent" in said(found)


@settings(max_examples=6)
@given(SEEDS, st.sampled_from(sorted(ELEMENTWISE)), st.integers(2, 6), st.sampled_from([1e-3, 1.0, 1e3]))
def test_under_a_weighted_sum_it_is_wrong_and_under_a_plain_one_it_is_not(seed, name, n, size):
    g, slope = ELEMENTWISE[name]
    x, weights = normal(seed, n), normal(seed + 1, n)

    def f(x):
        return size * g(x)

    def plain(x):
        return size * slope(x)

    is_right(lambda x: f(x).sum(), plain, x)
    advises_no_division(is_wrong(lambda x: (weights * f(x)).sum(), plain, x))
    is_right(lambda x: (weights * f(x)).sum(), lambda x: weights * plain(x), x)


@pytest.mark.parametrize("shape", [(3, 4, 2), (2, 5, 3)], ids=written_out)
def test_matrix_products_that_sum_over_rows_of_the_jacobian_are_named(shape):
    m, n, k = shape
    a, b = normal(m, m, n), normal(n, n, k)
    is_right(lambda a, b: a @ b, lambda a, b, c: (c @ b.T, a.T @ c), (a, b), check="vjp")
    ones = np.ones((m, k))
    found = is_wrong(lambda a, b: a @ b, lambda a, b, c: (ones @ b.T, a.T @ ones), (a, b), IGNORED, check="vjp")
    advises_no_division(found)


@pytest.mark.parametrize("seed", range(1))
def test_one_of_two_arguments_whose_gradient_ignores_it_is_found(seed):
    x, a = normal(seed, 4), normal(seed + 9, 4)

    def f(x, a):
        return a * np.tanh(x)

    def vjp(x, a, c):
        return c * a / np.cosh(x) ** 2, np.tanh(x)

    is_right(f, lambda x, a, c: (vjp(x, a, c)[0], c * np.tanh(x)), (x, a), check="vjp")
    is_wrong(f, vjp, (x, a), IGNORED, check="vjp")


@pytest.mark.parametrize("name", ["sin", "cube", "sigmoid"])
@pytest.mark.parametrize("seed", range(1))
def test_the_sum_of_the_cotangent_in_place_of_it_is_named(name, seed):
    f, slope = ELEMENTWISE[name]
    is_wrong(f, lambda x, c: c.sum() * slope(x), normal(seed, 5), "cotangent_summed", check="vjp")


@pytest.mark.parametrize("seed", range(1))
def test_a_constant_second_argument_has_no_gradient(seed):
    def f(x, alpha):
        low = np.where(x.real < 0, x, 0 * x)
        return x / np.sqrt(1 + alpha * low**2)

    def slope(x, alpha):
        return (1 + alpha * np.minimum(x, 0) ** 2) ** -1.5

    x = normal(seed, 4, 3)
    is_right(f, lambda x, alpha, c: (c * slope(x, alpha), None), (x, 1), check="vjp")
    is_wrong(f, lambda x, alpha, c: (slope(x, alpha), None), (x, 1), IGNORED, check="vjp")


@pytest.mark.parametrize("alpha", [0.5])
def test_a_function_of_torch_that_drops_grad_output_is_named(alpha):
    torch = pytest.importorskip("torch", reason="torch is not installed")

    def function(used):
        class Isrlu(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.scale = torch.rsqrt(1 + alpha * torch.clamp(x, max=0) ** 2)
                return x * ctx.scale

            @staticmethod
            def backward(ctx, up):
                return up * ctx.scale**3 if used else ctx.scale**3

        return Isrlu

    def f(x):
        return function(True).apply(torch.tensor(x)).numpy()

    def vjp(used):
        def pulled_back(x, c):
            t = torch.tensor(x, requires_grad=True)
            function(used).apply(t).backward(torch.tensor(c))
            return t.grad.numpy()

        return pulled_back

    x = normal(7, 3, 4)
    is_right(f, vjp(True), x, check="vjp")
    advises_no_division(is_wrong(f, vjp(False), x, IGNORED, check="vjp"))
