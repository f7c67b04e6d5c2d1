"""The calling contract: whole numbers, dtypes and structures that are taken, and what a backward pass must not do."""

import numpy as np
import pytest
from grad_kinds import is_right, is_wrong, normal, report, said
from hypothesis import given, settings
from hypothesis import strategies as st

import minibp

WHOLE = {
    "an integer array": np.array([1, 2]),
    "a matrix of integers": np.array([[1, 2], [3, -4]]),
    "small integers": np.array([3, -5], np.int8),
    "a list of floats": [1.0, 2.0],
    "a list of ints": [1, 2],
    "a float": 3.0,
    "an int": 3,
    "a NumPy integer": np.int64(4),
    "a float array": np.array([1.0, 2.0]),
}


@pytest.mark.parametrize(("name", "power"), [(name, 2 + k % 2) for k, name in enumerate(WHOLE)])
def test_whole_numbers_are_taken_for_what_they_are(name, power):
    x = WHOLE[name]
    found = is_right(
        lambda x: (x**power).sum() if hasattr(x, "sum") else x**power, lambda x: power * x ** (power - 1), x
    )
    if np.asarray(x).dtype.kind == "i":
        assert "float64" in said(found)
    is_wrong(lambda x: (x**power).sum() if hasattr(x, "sum") else x**power, lambda x: power * x**power, x)


@settings(max_examples=8)
@given(st.lists(st.integers(-9, 9), min_size=1, max_size=4))
def test_whatever_whole_numbers_are_drawn(x):
    x = np.array(x)
    is_right(lambda x: np.sin(x).sum(), np.cos, x)
    is_wrong(lambda x: np.sin(x).sum(), lambda x: np.cos(x) + 0.1, x)


def test_numbers_that_are_counts_are_passed_on_beside_others():
    x, n = normal(1, 3), np.array([1, 2, 3])
    is_right(lambda x, n: (n * np.sin(x)).sum(), lambda x, n: (n * np.cos(x), None), (x, n))
    is_wrong(lambda x, n: (n * np.sin(x)).sum(), lambda x, n: (np.cos(x), None), (x, n))


def test_a_gradient_of_double_precision_for_a_point_of_single():
    x = np.array([0.5, 1.0], np.float32)
    is_right(lambda x: np.sin(x).sum(), lambda x: np.cos(x.astype(float)), x)
    is_wrong(lambda x: np.sin(x).sum(), lambda x: np.sin(x.astype(float)), x)


def test_a_boolean_gradient_of_a_relu():
    x = np.array([0.5, -1.0])
    is_right(lambda x: np.maximum(x, 0).sum(), lambda x: x > 0, x)
    is_wrong(lambda x: np.maximum(x, 0).sum(), lambda x: x < 0, x)


@pytest.mark.parametrize("returned", [list, tuple])
@pytest.mark.parametrize("given_as", [list, tuple])
def test_lists_and_tuples_of_arrays(returned, given_as):
    def f(*at):
        w, b = at if len(at) == 2 else at[0]
        return (w**2).sum() + b.sum()

    def claim(factor):
        def gradient(*at):
            w, b = at if len(at) == 2 else at[0]
            return returned([factor * w, np.ones_like(b)])

        return gradient

    at = given_as([normal(1, 3), normal(2, 2)])
    is_right(f, claim(2), at)
    is_wrong(f, claim(3), at, "scaled")


def test_minus_infinity_in_a_mask():
    x = np.array([0.5, -np.inf, 1.0])
    is_right(lambda x: np.exp(x).sum(), np.exp, x)
    is_wrong(lambda x: np.exp(x).sum(), lambda x: 2 * np.exp(x), x)


def test_a_tensor_of_torch_is_answered_with_what_to_pass():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    x = torch.ones(2, dtype=torch.float64, requires_grad=True)
    with pytest.raises(minibp.InputError, match="torch"):
        minibp.check_grad(lambda t: t.sum(), lambda t: t, x)


@pytest.mark.parametrize("shape", [(3,), (2, 2)], ids=repr)
def test_another_shape_is_a_finding_on_the_gradient(shape):
    found = is_wrong(lambda x: np.sin(x).sum(), lambda x: np.cos(x).ravel()[:-1], normal(1, *shape))
    assert "shape" in said(found)
    assert found.findings[0].subject != "f"


def test_an_input_that_is_changed_is_told_of_who_changed_it():
    def doubled(x):
        x *= 2
        return np.cos(x / 2)

    def summed(x):
        x += 1
        return np.sin(x - 1).sum()

    found = is_wrong(lambda x: np.sin(x).sum(), doubled, normal(1, 3))
    assert found.findings[0].subject == "doubled"
    found = report(summed, np.cos, normal(1, 3))
    assert found.verdict == "undecided"
    assert found.findings[0].subject == "f"


def right(x, c):
    return c / np.cosh(x) ** 2


def changes_its_cotangent(x, c):
    c /= np.cosh(x) ** 2
    return c


def is_not_linear(x, c):
    return right(x, c) * np.abs(c)


def needs_stride(x, c):
    if not c.flags.c_contiguous:
        raise ValueError("not contiguous")
    return right(x, c)


def reads_memory(x, c):
    """Of a cotangent in another memory order it takes the numbers as they lie."""
    return right(x, c if 0 in c.strides else c.ravel("K").reshape(c.shape))


def clips(x, c):
    return np.clip(right(x, c), -0.5, 0.5)


@pytest.mark.parametrize("vjp", [changes_its_cotangent, is_not_linear, needs_stride, reads_memory, clips])
@pytest.mark.parametrize("seed", range(1))
def test_what_a_backward_pass_must_not_do(vjp, seed):
    x = normal(seed, 2, 3)
    is_right(np.tanh, right, x, check="vjp")
    is_wrong(np.tanh, vjp, x, check="vjp")


def test_cotangents_of_images_come_with_channels_last_too():
    x = normal(0, 1, 2, 2, 3)
    is_right(np.tanh, right, x, check="vjp")
    found = is_wrong(np.tanh, reads_memory, x, check="vjp")
    assert "the same cotangent where that is in another memory order" in said(found)


@pytest.mark.parametrize("seed", range(1))
def test_a_backward_pass_of_the_point_that_was_seen_last_is_named(seed):
    kept = {}

    def forward(x):
        kept["out"] = np.tanh(x)
        return kept["out"]

    def stale(x, c):
        return c * (1 - kept["out"] ** 2)

    def fresh(x, c):
        return c * (1 - forward(x) ** 2)

    is_right(forward, fresh, normal(seed, 4), check="vjp")
    found = is_wrong(forward, stale, normal(seed, 4), check="vjp")
    assert "stale_state" in {finding.fault for finding in found.findings}


def test_the_value_that_comes_with_the_gradient_is_compared():
    is_right(lambda x: np.sin(x).sum(), lambda x: (np.sin(x).sum(), np.cos(x)), normal(1, 3))
    found = is_wrong(lambda x: np.sin(x).sum(), lambda x: (np.sin(x).sum() + 1e-6, np.cos(x)), normal(1, 3))
    assert "the value that comes with the gradient is not that of f" in said(found)


def test_what_shows_late_is_a_finding_too():
    """A tangent is left alone until one is large, as only the check of the contract gives it."""
    x = np.array([0.5, 2.0])

    def jvp(x, v):
        found = np.cos(x) * v
        if np.abs(v).max() > 4:
            v *= 0
        return found

    found = is_wrong(np.sin, jvp, x, check="jvp")
    assert "changed its tangent in place" in found.findings[0].message


def test_results_of_no_entries_beside_others_are_no_trouble():
    def f(x):
        return np.tanh(x), x[:0], np.zeros((0, 3))

    is_right(f, lambda x, c: right(x, c[0]), normal(0, 4), check="vjp")
    is_wrong(f, lambda x, c: 1.1 * right(x, c[0]), normal(0, 4), check="vjp")


KEPT = {}


def masked(x):
    KEPT["mask"] = np.real(x) > 0
    return x * KEPT["mask"]


def pooled(x):
    KEPT["largest"] = np.real(x).argmax(1)
    return x[np.arange(len(x)), KEPT["largest"]]


def pooled_back(x, up):
    found = np.zeros(x.shape)
    found[np.arange(len(x)), KEPT["largest"]] = up
    return found


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("f", "back"),
    [(masked, lambda x, up: up * KEPT["mask"]), (pooled, pooled_back)],
    ids=["mask of relu", "places of the largest"],
)
def test_what_is_the_same_beside_the_point_is_kept_state_too(f, back, seed):
    found = is_wrong(f, back, normal(seed, 3, 4), check="vjp")
    assert [finding.fault for finding in found.findings] == ["stale_state"]


def test_f_need_not_be_defined_where_its_arguments_are_in_another_order():
    """Of numbers that grow: the other way round a logarithm of what is negative, or a loop without an end."""

    def f(x):
        return np.log(np.diff(x))

    def back(x, up):
        return np.append(0, up / np.diff(x)) - np.append(up / np.diff(x), 0)

    is_right(f, back, np.array([0.3, 0.7, 1.9]), check="vjp")
