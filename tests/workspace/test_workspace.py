import math
import tracemalloc
import warnings
from itertools import product

import numpy as np
import pytest
from case_ids import written_out
from helpers import NETWORK, X, Y, problem_of, saturated
from users import Cube, Quartic

from minibp import InputError, Network, Problem, Workspace, batched
from minibp.activations import FURTHER, HIDDEN
from minibp.arrays import FLOAT_DTYPES
from minibp.check.layout import row_of_gradient
from minibp.check.rounding.whole_pass import arithmetic_of, bound
from minibp.check.tolerance import error_ratio
from minibp.drawing import pairings
from minibp.workspace import plan


def distance(problem, gradient):
    """The largest distance from the batched form; 1 is what rounding explains of both."""
    form = batched.backprop(problem.network, problem.cost, problem.x, problem.y, problem.l2).gradient
    limit = row_of_gradient(bound(problem, arithmetic_of(problem.dtype)).gradient)
    return error_ratio(row_of_gradient(gradient), row_of_gradient(form), limit, limit).max()


def test_numbers_that_can_be_followed_by_hand():
    nabla_w, nabla_b = Workspace(NETWORK, "quadratic", 1, l2=2.0).gradient(X, Y)
    assert [b.tolist() for b in nabla_b] == [[27.0, -9.0], [9.0]]
    assert [w.tolist() for w in nabla_w] == [[[29.0, 58.0], [-9.0, -16.0]], [[60.0, 7.0]]]


def test_it_agrees_with_the_batched_form_within_both_bounds(drawn):
    for problem in drawn:
        work = Workspace(problem.network, problem.cost, problem.m + 1, problem.l2)
        for _ in range(2):  # what a pass leaves behind is overwritten by the next
            assert distance(problem, work.gradient(problem.x, problem.y)) <= 1, problem


@pytest.mark.parametrize(
    ("dtype", "part_bytes", "scale"),
    [
        ("float32", plan.PART_BYTES, 1.0),
        ("float32", 64, 200.0),
        ("float64", plan.PART_BYTES, 200.0),
        ("float64", 64, 1.0),
    ],
)
def test_every_activation_and_cost_in_whole_layers_and_in_parts(monkeypatch, dtype, part_bytes, scale):
    monkeypatch.setattr(plan, "PART_BYTES", part_bytes)
    for (output, cost), hidden in list(product(pairings(), HIDDEN))[::3]:
        problem = problem_of([5, 4, 3, 3], hidden, output.name, cost.name, dtype, l2=0.5, scale=scale)
        work = Workspace(problem.network, problem.cost, 10, problem.l2)
        assert distance(problem, work.gradient(problem.x, problem.y)) <= 1, (hidden, output, cost)


@pytest.mark.parametrize("dtype", FLOAT_DTYPES)
@pytest.mark.parametrize("name", [*FURTHER, "leaky_relu(0.2)", "elu(0.1)"])
def test_activations_without_kernels_by_their_own_functions(name, dtype):
    for scale in (1.0, 200.0):
        problem = problem_of([5, 4, 3, 3], name, name, "quadratic", dtype, l2=0.5, scale=scale)
        work = Workspace(problem.network, problem.cost, 10, problem.l2)
        assert distance(problem, work.gradient(problem.x, problem.y)) <= 1


@pytest.mark.parametrize("sizes", [[300, 8, 2], [300, 1], [1, 1, 1]], ids=written_out)
@pytest.mark.parametrize("dtype", FLOAT_DTYPES)
def test_wide_layers_and_batches_of_all_sizes(sizes, dtype):
    output, cost = ("sigmoid", "cross_entropy") if sizes[-1] > 1 else ("identity", "quadratic")
    whole = problem_of(sizes, "tanh", output, cost, dtype, m=40)
    work = Workspace(whole.network, whole.cost, 40)
    for k in (40, 1, 7, 40, 31, 33):
        part = Problem(whole.network, whole.cost, whole.x[:k], whole.y[:k])
        assert distance(part, work.gradient(part.x, part.y)) <= 1, k


def test_a_wrong_gradient_is_further_away():
    problem = problem_of([3, 4, 2])
    right = Workspace(problem.network, problem.cost, 7).gradient(problem.x, problem.y)
    wrong = right._replace(nabla_b=tuple(b * (1 + 1e-11) for b in right.nabla_b))
    assert distance(problem, wrong) > 1


@pytest.mark.parametrize("dtype", FLOAT_DTYPES)
@pytest.mark.parametrize(("output", "cost"), [("sigmoid", "quadratic"), ("sigmoid", "cross_entropy")])
def test_neurons_beyond_the_end_of_exp(output, cost, dtype):
    problem = saturated(output, cost, dtype)
    work = Workspace(problem.network, problem.cost, 2)
    for _ in range(2):
        found = work.gradient(problem.x, problem.y)
        assert distance(problem, found) <= 1
        assert np.isfinite(row_of_gradient(found)).all()


@pytest.mark.parametrize("dtype", FLOAT_DTYPES)
@pytest.mark.parametrize("k", [1, 2, 5])
@pytest.mark.parametrize("sizes", [[1, 1, 1], [2, 1, 1], [1, 2, 1], [1, 1, 2], [1, 1, 1, 1, 1]], ids=written_out)
def test_what_is_not_finite_shows_below_weights_of_0_too(sizes, k, dtype):
    """A product of a column and the number 0 is 0 to BLAS, whatever is in the column."""
    weights = [np.zeros(shape, dtype) for shape in zip(sizes[1:], sizes, strict=False)]
    biases = [np.full(n, 0.5, dtype) for n in sizes[1:-1]] + [np.full(sizes[-1], -800.0, dtype)]
    for cost, hidden in product(["quadratic", "huber"], ["relu", "tanh", "identity"]):
        network = Network(weights, biases, [hidden] * (len(sizes) - 2) + ["sigmoid"])
        problem = Problem(network, cost, np.ones((k, sizes[0])), np.zeros((k, sizes[-1])), 5.0)
        gradient = Workspace(network, cost, k, 5.0).gradient(problem.x, problem.y)
        assert distance(problem, gradient) <= 1, (hidden, cost)


def test_derivatives_keep_their_digits_in_the_tails():
    """Where a(1 − a) and 1 − a² would be 0."""
    for hidden, z, prime in (("sigmoid", 50.0, math.exp(-50)), ("tanh", -30.0, 4 * math.exp(-60))):
        network = Network([[[z]], [[1.0]]], [[0.0], [0.0]], hidden, "identity")
        found = Workspace(network, "quadratic", 1).gradient(np.ones((1, 1)), np.full((1, 1), 10.0))
        a = 1 / (1 + math.exp(-z)) if hidden == "sigmoid" else math.tanh(z)
        assert math.isclose(found.nabla_b[0][0], (a - 10) * prime, rel_tol=1e-14)


def peak_of(call):
    """The most memory that ten calls have taken at once, in bytes."""
    tracemalloc.start()
    try:
        for _ in range(10):
            call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("dtype", FLOAT_DTYPES)
def test_no_call_allocates(dtype):
    """The smallest array of a layer has 4,000 bytes here; views, numbers and frames come and go."""
    for output, cost in pairings():
        for hidden in HIDDEN:
            problem = problem_of([40, 30, 20], hidden, output.name, cost.name, dtype, m=50, l2=0.1)
            work = Workspace(problem.network, problem.cost, 64, problem.l2)
            x, y = np.ascontiguousarray(problem.x), np.ascontiguousarray(problem.y)
            work.gradient(x, y)
            # Of several runs the least: threads of what runs the tests allocate, too.
            peak = min(peak_of(lambda work=work, x=x, y=y: work.gradient(x, y)) for _ in range(3))
            assert peak < 3000, (hidden, output, cost, peak)


def test_the_batched_form_allocates_which_shows_that_the_measure_does_see_it():
    problem = problem_of([40, 30, 20], m=50)
    tracemalloc.start()
    try:
        batched.backprop(problem.network, problem.cost, problem.x, problem.y)
        assert tracemalloc.get_traced_memory()[1] > 20_000
    finally:
        tracemalloc.stop()


def test_the_answer_is_a_view_that_cannot_be_written_to():
    problem = problem_of([3, 4, 2])
    work = Workspace(problem.network, problem.cost, 7)
    first = work.gradient(problem.x, problem.y)
    kept = row_of_gradient(first)
    second = work.gradient(problem.x[:3], problem.y[:3])
    assert all(one is other for one, other in zip(first.nabla_w, second.nabla_w, strict=True))
    assert not np.array_equal(kept, row_of_gradient(first))
    with pytest.raises(ValueError, match="read-only"):
        first.nabla_w[0][0, 0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        first.nabla_b[0][:] = 1.0


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x.tolist(),
        np.asfortranarray,
        lambda x: x.astype("float32"),
        lambda x: np.repeat(x, 2, axis=1)[:, ::2],
    ],
    ids=["lists", "columns first", "float32", "strided"],
)
def test_other_kinds_of_input_are_copied_first(change):
    problem = problem_of([3, 4, 2])
    x, y = problem.x.astype("float32").astype("float64"), problem.y.astype("float32").astype("float64")
    work = Workspace(problem.network, problem.cost, 7)
    plain = row_of_gradient(work.gradient(x, y))
    assert np.array_equal(plain, row_of_gradient(work.gradient(change(x), change(y))))


def test_functions_of_the_users():
    rng = np.random.default_rng(5)
    for hidden, output, cost in (
        (Cube(), "sigmoid", "quadratic"),
        ("tanh", Cube(), "huber"),
        ("tanh", "sigmoid", Quartic()),
    ):
        network = Network.random([3, 4, 2], hidden, output, rng=rng)
        problem = Problem(network, cost, rng.standard_normal((6, 3)), rng.random((6, 2)))
        work = Workspace(network, cost, 6)
        for _ in range(2):
            found = row_of_gradient(work.gradient(problem.x, problem.y))
            form = batched.backprop(network, cost, problem.x, problem.y).gradient
            assert np.allclose(found, row_of_gradient(form), rtol=1e-12, atol=0)  # no bound is derived for these


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("hidden", ["sigmoid", "relu", "tanh"])
@pytest.mark.parametrize("sizes", [[3, 4, 2], [300, 2], [3, 1, 2]], ids=written_out)
def test_numbers_that_are_not_finite_are_refused_wherever_they_are(bad, hidden, sizes):
    rng = np.random.default_rng(3)
    network = Network.random(sizes, hidden, "sigmoid", rng=rng)
    dead = Network([0 * w for w in network.weights], [b - 1e3 for b in network.biases], hidden, "sigmoid")
    for one in (network, dead):
        for m in (1, 5, 64):
            x, y = rng.standard_normal((m, sizes[0])), rng.random((m, 2))
            work = Workspace(one, "cross_entropy", m)
            work.gradient(x, y)
            i, k = rng.integers(m), rng.integers(sizes[0])
            x[i, k] = bad
            with pytest.raises(InputError, match=rf"x has the value {bad} at \[{i}, {k}\], expected finite numbers"):
                work.gradient(x, y)
            x[i, k], y[i, 1] = 0.0, bad
            with pytest.raises(InputError, match=rf"y has the value {bad} at \[{i}, 1\], expected finite numbers"):
                work.gradient(x, y)
            y[i, 1] = 0.5
            assert np.isfinite(row_of_gradient(work.gradient(x, y))).all()


@pytest.mark.parametrize("cost", ["quadratic", "huber"])
def test_targets_that_are_not_finite_are_refused_by_every_cost(cost):
    work = Workspace(NETWORK, cost, 1)
    work.gradient(X, Y)
    with pytest.raises(InputError, match="y has the value inf"):
        work.gradient(X, np.full((1, 1), np.inf))


@pytest.mark.parametrize("value", [-0.5, 1.5, -1e-300])
def test_targets_beyond_0_and_1_are_refused_by_cross_entropy(value):
    problem = problem_of([3, 2])
    work = Workspace(problem.network, "cross_entropy", 7)
    y = problem.y.copy()
    work.gradient(problem.x, y)
    y[3, 1] = value
    with pytest.raises(InputError, match="cross_entropy expects them within"):
        work.gradient(problem.x, y)
    y[3, 1] = -0.0  # is 0
    assert np.isfinite(row_of_gradient(work.gradient(problem.x, y))).all()


def test_rows_that_are_no_distribution_are_refused_by_categorical_cross_entropy():
    problem = problem_of([3, 2], "tanh", "softmax", "categorical_cross_entropy")
    work = Workspace(problem.network, problem.cost, 7)
    work.gradient(problem.x, problem.y)
    with pytest.raises(InputError, match="row 0 of y sums to"):
        work.gradient(problem.x, 2 * problem.y)
    with pytest.raises(InputError, match="row 0 of y sums to"):
        work.gradient(problem.x, problem.y / 2)
    negative = np.tile([1.5, -0.5], (7, 1))
    with pytest.raises(InputError, match="row 0 of y sums to 1 with least value -0.5"):
        work.gradient(problem.x, negative)


def test_overflow_is_left_in_the_numbers_without_a_warning():
    network = Network([[[1e200]], [[1e200]]], [[0.0], [0.0]], "identity")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = Workspace(network, "quadratic", 1).gradient(np.ones((1, 1)), np.ones((1, 1)))
    assert not np.isfinite(row_of_gradient(found)).any()


def test_large_numbers_whose_squares_overflow_are_fine():
    network = Network([[[1.0]]], [[0.0]], "identity")
    found = Workspace(network, "quadratic", 1).gradient(np.full((1, 1), 1e160), np.zeros((1, 1)))
    assert found.nabla_b[0][0] == 1e160
    found = Workspace(network, "quadratic", 1).gradient(np.full((1, 1), 1.0), np.full((1, 1), 1e200))
    assert found.nabla_b[0][0] == -1e200


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(
            ("a network", "quadratic", 1), "network is 'a network', expected a minibp.Network", id="network a string"
        ),
        pytest.param((NETWORK, "cubic", 1), "unknown cost 'cubic'", id="unknown cost"),
        pytest.param(
            (NETWORK, "cross_entropy", 1), "cross_entropy needs outputs between 0 and 1", id="cost that does not fit"
        ),
        pytest.param((NETWORK, "quadratic", 0), "batch_size is 0, expected at least 1", id="batch_size 0"),
        pytest.param((NETWORK, "quadratic", 2.5), "batch_size is 2.5, expected a whole number", id="batch_size 2.5"),
        pytest.param((NETWORK, "quadratic", 1, -1.0), "l2 is -1.0", id="negative l2"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(InputError, match=message):
        Workspace(*arguments)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        pytest.param(
            np.ones((3, 2)),
            np.ones((3, 1)),
            "x has 3 rows, this workspace was made for at most 2",
            id="too many rows",
        ),
        pytest.param(
            np.ones((2, 3)),
            np.ones((2, 1)),
            "x has 3 columns, the network's input layer has 2 neurons",
            id="too many columns",
        ),
        pytest.param(
            np.ones((2, 2)), np.ones((1, 1)), r"y has shape \(1, 1\), expected \(2, 1\)", id="y with a row too few"
        ),
        pytest.param(np.ones((0, 2)), np.ones((0, 1)), r"x has shape \(0, 2\)", id="empty"),
        pytest.param(np.ones((2, 2), int), np.ones((2, 1)), "x has dtype int", id="x of int"),
        pytest.param(np.ones(2), np.ones((2, 1)), r"x has shape \(2,\), expected 2 dimensions", id="x a vector"),
        pytest.param(np.array(1.0), np.ones((2, 1)), r"x has shape \(\), expected 2 dimensions", id="x a number"),
        pytest.param(np.ones((2, 2)), None, "y has dtype object", id="y None"),
        pytest.param(None, None, "x has dtype object", id="x and y None"),
    ],
)
def test_bad_input(x, y, message):
    work = Workspace(NETWORK, "quadratic", 2)
    work.gradient(np.ones((2, 2)), np.ones((2, 1)))
    with pytest.raises(InputError, match=message):
        work.gradient(x, y)


def test_arrays_of_other_libraries_are_refused_and_told_where_to_go():
    jax = pytest.importorskip("jax")
    theirs = jax.numpy.ones((1, 2), "float32")
    network = Network([jax.numpy.ones((1, 2), "float32")], [jax.numpy.ones(1, "float32")], "identity")
    with pytest.raises(InputError, match=r"the network's parameters are not NumPy's: `minibp.batched` takes others"):
        Workspace(network, "quadratic", 1)
    work = Workspace(NETWORK.astype("float32"), "quadratic", 1)
    with pytest.raises(InputError, match=r"x is a ArrayImpl, expected NumPy's: `minibp.batched` takes others"):
        work.gradient(theirs, np.ones((1, 1)))


def test_plans_of_few_batch_sizes_are_kept():
    work = Workspace(NETWORK, "quadratic", 9)
    for k in range(1, 10):
        work.gradient(np.ones((k, 2)), np.ones((k, 1)))
    assert len(work._plans) == 2


@pytest.mark.parametrize("size", [10**12, 10**30])
def test_batches_that_memory_cannot_hold_are_refused(size):
    with pytest.raises(InputError, match=r"a pass over batches of 1[0,]+ examples would take [\d,]+ bytes of memory"):
        Workspace(NETWORK, "quadratic", size)


def test_a_batch_size_that_is_a_truth_value_is_refused():
    with pytest.raises(InputError, match="batch_size is True, expected a whole number"):
        Workspace(NETWORK, "quadratic", True)
