import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from minibp.check.oracles.continued_array import APART, ContinuedArray, NotAnalytic, continued

special = pytest.importorskip("scipy.special", reason="SciPy is not installed")
H = 1e-20


def summed_in_a_loop(x):
    total = 0
    for entry in x:
        copy = entry
        copy += abs(entry)  # of numbers this leaves `entry` as it is
        total += copy * entry
    return total


def into_an_array(x):
    out = np.empty_like(x)
    np.abs(x, out=out)
    out[0] = 2 * abs(x[1])
    return out.sum()


REAL = {
    "abs": lambda x: np.abs(x) @ x,
    "builtin abs": lambda x: (abs(x) ** 3).sum(),
    "fabs of products": lambda x: np.abs(np.outer(x, x)).trace(),
    "sign": lambda x: (np.sign(x) * x**2).sum(),
    "conjugate": lambda x: (np.conj(x) * x + x.conj() + x.conjugate()).sum(),
    "real": lambda x: np.real(x).sum() + 3 * (x.real**2).sum() + np.imag(x).sum() + x.imag.sum(),
    "norm": np.linalg.norm,
    "norm of order 1": lambda x: np.linalg.norm(x, 1),
    "norm of order 3": lambda x: np.linalg.norm(x, 3.0),
    "largest norm": lambda x: np.linalg.norm(x, np.inf),
    "norms of rows": lambda x: np.linalg.norm(np.outer(x, x) + 9 * np.eye(4), axis=1).sum(),
    "kept dimensions": lambda x: (x / np.linalg.norm(x[None], axis=1, keepdims=True)[0]) @ np.arange(4.0),
    "Frobenius": lambda x: np.linalg.norm(np.outer(x, x), "fro"),
    "vdot": lambda x: np.vdot(x, x**2),
    "variance": lambda x: x.var() + np.var(x, ddof=1),
    "deviations of rows": lambda x: np.std(np.outer(x, x) + 9 * np.eye(4), axis=1).sum(),
    "loop": summed_in_a_loop,
    "out": into_an_array,
    "list": lambda x: np.array([abs(entry) for entry in x]) @ x,
    "median": lambda x: np.median(x) * np.abs(x).mean(),
    "sort": lambda x: np.sort(x) @ np.arange(4.0),
    "extremes": lambda x: x.max() * x.min() + np.ptp(x),
    "where": lambda x: np.where(x > 0, x, x * x).sum(),
    "clip": lambda x: (np.clip(x, -0.5, 0.5) * x).sum(),
    "hypot": lambda x: np.hypot(x[:2], x[2:]).sum(),
    "arctan2": lambda x: np.arctan2(x[:2], x[2:]).sum(),
    "logaddexp": lambda x: np.logaddexp(x[:2], x[2:]).sum() + np.logaddexp(0, x).sum(),
    "cbrt": lambda x: np.cbrt(x).sum(),
    "log1p": lambda x: np.log1p(x * x).sum(),
    "expm1": lambda x: np.expm1(x).sum(),
    "matrix product": lambda x: ((x[None] @ np.ones((4, 2))) ** 2).sum(),
    "einsum": lambda x: np.abs(np.einsum("i,j->ij", x, x)).sum(),
    "convolution": lambda x: np.abs(np.convolve(x, [1, 2.0])).sum(),
    "total variation": lambda x: np.abs(np.diff(x)).sum(),
    "solve": lambda x: np.linalg.solve(np.eye(4) + 0.1 * np.outer(x, x), x).sum(),
    "determinant": lambda x: np.linalg.det(np.eye(4) + np.outer(x, x)),
    "concatenate": lambda x: np.concatenate([x, np.abs(x)]) @ np.arange(8.0),
    "in place": lambda x: np.add.reduce(np.multiply(x, x, out=x)),
    "a number": lambda x: abs(x[0]) / (1 + abs(x[1])),
}


@pytest.mark.parametrize("f", REAL.values(), ids=REAL)
@settings(max_examples=15)
@given(
    x=arrays(np.float64, 4, elements=st.floats(-2, 2), unique=True), v=arrays(np.float64, 4, elements=st.floats(-1, 1))
)
def test_the_imaginary_part_is_the_slope_of_the_real_function(f, x, v):
    # Away from kinks, where differences tell the slope.
    if np.abs(x).min() < 1e-2 or np.abs(np.abs(np.subtract.outer(x, x)) - 0.5).min() < 1e-2:
        return
    if np.abs(np.subtract.outer(x, x))[~np.eye(4, dtype=bool)].min() < 1e-2 or np.abs(np.abs(x) - 0.5).min() < 1e-2:
        return
    value = complex(np.asarray(f(continued(x + 1j * H * v))))
    assert value.real == pytest.approx(float(f(x.copy())), rel=1e-13, abs=1e-13)
    h = 1e-5
    expected = float(f(x + h * v) - f(x - h * v)) / (2 * h)
    assert value.imag / H == pytest.approx(expected, rel=1e-5, abs=1e-6 * (1 + abs(value.real)))


REFUSED = {
    "rint": np.rint,
    "floor": np.floor,
    "round": np.round,
    "method round": lambda x: x.round(2),
    "remainder": lambda x: x % 1.0,
    "floor division": lambda x: x // 2,
    "Fourier transform": np.fft.fft,
    "singular values": lambda x: np.linalg.svd(np.outer(x, x)),
    "Cholesky": lambda x: np.linalg.cholesky(np.eye(3) + np.outer(x, x)),
    "spectral norm": lambda x: np.linalg.norm(np.outer(x, x), 2),
    "norm of order 2 over axes": lambda x: np.linalg.norm(np.outer(x, x), 2, (0, 1)),
    "number of nonzeros": lambda x: np.linalg.norm(x, 0),
    "angle": np.angle,
}


@pytest.mark.parametrize("f", REFUSED.values(), ids=REFUSED)
def test_what_has_no_continuation_is_refused(f):
    with pytest.raises(NotAnalytic):
        f(continued(np.array([0.3, -1.2, 2.0]) + 0j))


def test_numbers_of_numbers_are_never_changed_by_another_name():
    number = continued(np.array([1.0, 2.0]) + 0j)[0]
    other = number
    for change in ("+=", "-=", "*=", "/=", "**="):
        space = {"other": other}
        exec(f"other {change} 2", space)
        assert complex(number) == 1
        assert space["other"] is not number


def test_arrays_are_changed_in_place():
    array = continued(np.array([1.0, 2.0]) + 0j)
    other = array
    other += 1
    other -= 3
    other *= 2
    other /= 4
    other **= 2
    assert other is array
    assert np.array_equal(np.asarray(array), [0.25, 0])


def test_what_is_not_complex_stays_what_it_is():
    assert continued("text") == "text"
    assert type(continued(np.ones(2))) is np.ndarray
    assert isinstance(continued((1j, [np.ones(2) + 0j]))[1][0], ContinuedArray)
    assert isinstance(continued(1j), ContinuedArray)


def test_complex_functions_of_other_libraries_give_the_real_value_and_how_far_they_are_off():
    """SciPy's log_ndtr of complex numbers has 9 digits at 6.09, that of real ones 14."""
    apart = []
    token = APART.set(apart)
    try:
        value = special.log_ndtr(continued(6.09 + 1j * H))
    finally:
        APART.reset(token)
    assert complex(value).real == special.log_ndtr(6.09)
    assert 1e-12 < max(apart) < 1e-8


def test_functions_that_know_no_real_numbers_give_what_they_give():
    value = special.wofz(continued(np.array([0.3 + 1j * H])))
    assert complex(value[0]) == complex(special.wofz(0.3 + 1j * H))
