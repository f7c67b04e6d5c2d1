import numpy as np
import pytest
from case_ids import written_out
from grad_programs import function_at

X = np.array([0.7, -1.3, 2.1])
U = 2.0**-53
SINGLE, HALF, BRAIN = 2.0**-24, 2.0**-11, 2.0**-8


def in_bfloat16(x):
    bits = np.asarray(x, np.float32).view(np.uint32) & np.uint32(0xFFFF0000)
    return bits.view(np.float32).astype(float)


def rounded_to(kind):
    return lambda x: np.sin(np.asarray(x).astype(kind).astype(float))


@pytest.mark.parametrize(
    ("f", "unit"),
    [
        pytest.param(np.sin, U, id="double"),
        pytest.param(lambda x: np.sin(x).astype(np.float32), SINGLE, id="single returned"),
        pytest.param(lambda x: np.sin(x).astype(np.float16), HALF, id="half returned"),
        pytest.param(lambda x: np.sin(x).astype(np.float32).astype(float), SINGLE, id="single inside"),
        pytest.param(lambda x: np.sin(x).astype(np.float16).astype(float), HALF, id="half inside"),
        pytest.param(lambda x: in_bfloat16(np.sin(x)), BRAIN, id="bfloat16 inside"),
        pytest.param(rounded_to(np.float32), SINGLE, id="argument rounded to single"),
        pytest.param(rounded_to(np.float16), HALF, id="argument rounded to half"),
        pytest.param(np.rint, U, id="whole numbers"),
        pytest.param(lambda x: 3.0 + 0 * x, U, id="constant"),
        pytest.param(lambda x: 0.5 * x, U, id="linear"),
    ],
)
def test_the_precision_that_f_computes_in_is_recognized(f, unit):
    for seed in range(5):
        found = function_at(f, X, seed)
        assert (found.unit == unit).all(), seed
        assert found.coarse == (unit >= HALF)


@pytest.mark.parametrize("kind", [np.float32, np.float16])
@pytest.mark.parametrize("x", [[1.5, -1.3], [1.5, -1.3, 1.2, -1.7], [1.5, 1.3]], ids=written_out)
def test_formats_are_seen_where_sums_of_entries_cancel(kind, x):
    weights = np.resize([0.5, 0.5, -0.5], len(x))
    for f in (lambda x: np.sin(x.astype(kind).astype(float).sum()), lambda x: x.astype(kind).astype(float) @ weights):
        assert all(function_at(f, np.array(x), seed).grid is kind for seed in range(5))


def test_steps_that_are_as_wide_as_the_cells_of_a_format_and_end_elsewhere_are_none_of_it():
    """Identical values within cells and others beyond are no evidence where f has as few values itself."""
    width = 2.0**-10  # the spacing of float16 between 1 and 2

    def f(x):
        return np.sin(np.floor(x / width + 0.48) * width)

    for seed in range(10):
        found = function_at(f, np.array([1.5]), seed)
        assert found.grid is None
        assert (found.unit == U).all()


def test_the_precision_is_that_of_each_result():
    found = function_at(lambda x: (np.sin(x), np.sin(x).astype(np.float32)), X)
    assert found.unit.tolist() == [U] * 3 + [SINGLE] * 3
    assert not found.coarse


@pytest.mark.parametrize("large", [3.0, 1e3, 1e5], ids=repr)
def test_what_is_left_of_larger_terms_uses_few_bits_and_is_of_no_format(large):
    for seed in range(10):
        found = function_at(lambda x: (large + x) - large - x, np.array([0.7]), seed)
        assert found.unit.tolist() == [2.0**-53]


# -- how much f varies


@pytest.mark.parametrize("slope", [1e-200, 1e-3, 1.0, 1e200], ids=repr)
def test_a_line_varies_by_about_its_slope_times_the_size_of_x(slope):
    for seed in range(5):
        found = function_at(lambda x: slope * x, X, seed)
        assert (found.size <= slope * np.abs(X).max() * (1 + 1e-9)).all()
        assert (found.size >= slope * np.abs(X).min() / 8).all()
        assert (found.span <= 1e-3 * found.size * (1 + 1e-9)).all()  # no point further out is asked where all vary


def test_what_stands_still_close_by_is_asked_further_out():
    found = function_at(lambda x: np.where(np.abs(x / X - 1) > 0.01, x, X), X)
    assert (found.size >= 0.05 * np.abs(X)).all()
    assert (found.span > 0.01 * np.abs(X)).all()


def test_an_exact_zero_is_no_size():
    found = function_at(np.sin, np.zeros(3))
    assert (found.size == 0).all()
    assert (found.span > 0).all()
