import numpy as np
import pytest

from minibp.check.grad.arguments import Arguments, Breach, Misuse, later_call, number

SINGLE = np.ones(2, np.float32)


@pytest.mark.parametrize(
    ("x", "dtype", "also", "u"),
    [
        ("float64", "float64", "float64", 2.0**-53),
        ("float32", "float32", "float64", 2.0**-24),
        ("float32", "float64", "float64", 2.0**-24),
        ("float64", "float32", "float32", 2.0**-24),
        ("float32", "float16", "float16", 2.0**-11),
        ("float32", "float32", "float16", 2.0**-11),
        ("float64", "float64", "bfloat16", 2.0**-8),
    ],
)
def test_the_roundoff_of_a_gradient_is_that_of_the_coarsest_arithmetic(x, dtype, also, u):
    row, units = Arguments(np.ones(2, x)).gradient("grad", np.ones(2, dtype), also)
    assert row.tolist() == [1, 1]
    assert units.tolist() == [u, u]


def test_a_gradient_coarser_than_x_and_f_is_a_breach():
    with pytest.raises(Breach, match="grad has dtype float16, expected float32, the dtype of x"):
        Arguments(SINGLE).gradient("grad", np.ones(2, np.float16), "float32")


@pytest.mark.parametrize(
    ("result", "kind", "message"),
    [
        (None, Misuse, "f returned a NoneType, expected one real number"),
        (1j, Misuse, "f returned numbers of dtype complex128, expected one real number"),
        ("1", Misuse, "f returned a str, expected one real number"),
        (float("inf"), Breach, "f returned inf, expected a finite number"),
    ],
    ids=["None", "complex", "text", "infinite"],
)
def test_only_a_value_of_another_kind_is_misuse(result, kind, message):
    with pytest.raises(Breach, match=message) as caught:
        number("f", result)
    assert caught.type is kind


def test_one_number_may_have_any_shape_and_real_dtype():
    for result in (2, 2.0, np.float32(2), np.array([[2.0]]), [2.0], np.array(2, np.int8)):
        assert number("f", result)[0] == 2
    assert number("f", np.float16(2)) == (2.0, "float16")


def test_misuse_on_a_later_call_is_a_breach():
    with pytest.raises(Breach, match="an earlier call at the same x gave a result") as caught, later_call():
        number("f", None)
    assert caught.type is Breach


def test_a_function_gets_arrays_that_it_may_write_to_and_is_found_out():
    def writes(x):
        x[0] = 5

    arguments = Arguments(SINGLE)
    with pytest.raises(Breach, match="f changed its argument in place"):
        arguments.called("f", writes)
    assert SINGLE.tolist() == arguments.arrays[0].tolist() == [1, 1]
