from functools import partial

import numpy as np
import pytest
from adapter_programs import SIZES, ask, assert_right, assert_wrong, course, textbook, unrolled
from case_ids import written_out

from minibp import InputError, Network, adapters


def test_one_example_at_a_time(drawn):
    assert_right(adapters.per_example(textbook), drawn)
    assert_wrong(adapters.per_example(partial(textbook, prime=lambda a: a)), drawn)


def test_examples_are_added_in_order_and_divided_by_their_number(drawn):
    for problem in drawn:
        network, x, y = problem.network, problem.x, problem.y
        with np.errstate(over="ignore"):
            answers = [textbook(network.weights, network.biases, *pair) for pair in zip(x, y, strict=True)]
        for kind, got in enumerate(ask(adapters.per_example(textbook), problem)):
            for i, array in enumerate(got):
                total = answers[0][kind][i]
                for answer in answers[1:]:
                    total = total + answer[kind][i]
                assert np.array_equal(array, total / array.dtype.type(problem.m))


def test_what_depends_on_no_example_comes_out_as_it_went_in():
    subject = adapters.per_example(lambda weights, biases, x, y: (weights, biases))
    weights, biases = [np.array([[0.5, -3.0]])], [np.array([7.0])]
    nabla_w, nabla_b = subject(weights, biases, np.ones((4, 2)), np.ones((4, 1)))
    assert np.array_equal(nabla_w, weights)
    assert np.array_equal(nabla_b, biases)


def test_code_may_write_every_example_into_the_same_buffers():
    buffers = [np.zeros((1, 1))], [np.zeros(1)]

    def f(weights, biases, x, y):
        buffers[0][0][:], buffers[1][0][:] = x, y
        return buffers

    nabla_w, nabla_b = adapters.per_example(f)([np.ones((1, 1))], [np.ones(1)], np.array([[1.0], [2.0]]), np.eye(2, 1))
    assert (nabla_w[0].item(), nabla_b[0].item()) == (1.5, 0.5)


def test_examples_with_arrays_of_different_shapes_are_not_broadcast():
    subject = adapters.per_example(lambda weights, biases, x, y: ([x] if x[0] else [x[:1]], [y]))
    with pytest.raises(InputError, match=r"one example arrays of shapes \(\[\(1,\)\], .* another \(\[\(2,\)\]"):
        subject([np.ones((1, 2))], [np.ones(1)], np.eye(2)[::-1], np.ones((2, 1)))


def test_examples_as_columns(drawn):
    assert_right(adapters.columns(course), drawn)

    def without_mean(*given):
        return [[array * given[2].dtype.type(given[2].shape[1]) for array in kind] for kind in course(*given)]

    assert_wrong(adapters.columns(without_mean), [problem for problem in drawn if problem.m > 1])


def test_column_code_that_sums_over_the_wrong_axis_shows_its_shape():
    weights, biases = Network.random(SIZES, rng=0).weights, Network.random(SIZES, rng=0).biases
    nabla_b = adapters.columns(partial(course, axis=0))(weights, biases, np.ones((5, 4)), np.ones((5, 2)))[1]
    assert [array.shape for array in nabla_b] == [(1, 5), (1, 5)]


def test_column_code_cannot_hide_what_it_changes_in_place():
    def f(weights, biases, x, y):
        x *= 2
        biases[0] += 1
        return course(weights, biases, x, y)

    given = [np.ones((2, 3))], [np.ones(2)], np.ones((4, 3)), np.ones((4, 2))
    adapters.columns(f)(*given)
    assert given[1][0].tolist() == [2, 2]
    assert np.all(given[2] == 2)


@pytest.mark.parametrize("adapter", [adapters.columns, adapters.per_example])
@pytest.mark.parametrize("answer", [None, 3.0, ([], [], []), ([[[1.0], [2.0, 3.0]]], [])], ids=written_out)
def test_an_answer_of_another_kind_is_handed_on(adapter, answer):
    given = [np.ones((1, 2))], [np.ones(1)], np.ones((3, 2)), np.ones((3, 1))
    assert adapter(lambda *_: answer)(*given) is answer


@pytest.mark.parametrize("letter", ["C", "F"])
@pytest.mark.parametrize("order", ["layers", "weights_first"])
def test_one_parameter_vector(drawn, order, letter):
    f = partial(unrolled, order=order, letter=letter)
    subject = adapters.flat(f, order=order, matrix_order=letter)
    assert subject.sizes is None
    assert_right(subject, drawn[:50])
    swapped = {"C": "F", "F": "C"}[letter]
    assert_wrong(adapters.flat(f, order=order, matrix_order=swapped), [p for p in drawn if min(p.network.sizes) > 1])


def test_one_parameter_vector_of_one_network(drawn_of_sizes):
    subject = adapters.flat(partial(unrolled, sizes=SIZES), sizes=list(SIZES))
    assert subject.sizes == (SIZES,)
    assert_right(subject, drawn_of_sizes)
    assert_wrong(adapters.flat(partial(unrolled, sizes=SIZES, order="weights_first"), SIZES), drawn_of_sizes)
    with pytest.raises(InputError, match=r"sizes are \(2, 2\), the code is for \(4, 3, 2\)"):
        subject([np.ones((2, 2))], [np.ones(2)], np.ones((1, 2)), np.ones((1, 2)))


@pytest.mark.parametrize(
    ("answer", "shape"),
    [(np.ones(2), r"\(2,\)"), (np.ones((3, 1)), r"\(3, 1\)"), (None, r"\(\)")],
    ids=["short vector", "column", "None"],
)
def test_a_vector_of_another_length_says_what_was_got_and_expected(answer, shape):
    subject = adapters.flat(lambda *_: answer)
    with pytest.raises(InputError, match=shape + r", expected \(3,\): one entry for each of theta"):
        subject([np.ones((1, 2))], [np.ones(1)], np.ones((1, 2)), np.ones((1, 1)))


def test_what_is_done_to_the_vector_is_done_to_the_parameters():
    def f(theta, x, y):
        theta -= np.arange(6.0)
        return theta.copy()

    weights, biases = [np.zeros((2, 2))], [np.zeros(2)]
    adapters.flat(f, (2, 2), matrix_order="F")(weights, biases, np.ones((1, 2)), np.ones((1, 2)))
    assert weights[0].tolist() == [[0, -2], [-1, -3]]
    assert biases[0].tolist() == [-4, -5]


def test_unknown_orders_and_sizes_are_refused():
    with pytest.raises(InputError, match="order is 'sideways', expected 'layers' or 'weights_first'"):
        adapters.flat(unrolled, order="sideways")
    with pytest.raises(InputError, match="matrix_order is 'K', expected 'C' or 'F'"):
        adapters.flat(unrolled, matrix_order="K")
    with pytest.raises(InputError, match=r"sizes\[1\] is 0, expected at least 1"):
        adapters.flat(unrolled, sizes=(3, 0))
    with pytest.raises(InputError, match=r"batch_sizes\[0\] is 1.5, expected a whole number"):
        adapters.jax_loss(unrolled, batch_sizes=[1.5])


def test_one_column_at_a_time(drawn):
    def one_column(weights, biases, x, y):
        assert x.shape[1] == y.shape[1] == 1
        return course(weights, biases, x, y)

    assert_right(adapters.per_example(adapters.columns(one_column)), drawn)


def test_a_cost_before_the_vector_is_handed_on():
    subject = adapters.flat(lambda theta, x, y: (0.5, 2 * theta), sizes=(2, 1))
    cost, nabla_w, nabla_b = subject([np.array([[1.0, 2.0]])], [np.array([3.0])], np.ones((1, 2)), np.ones((1, 1)))
    assert (cost, nabla_w[0].tolist(), nabla_b[0].tolist()) == (0.5, [[2, 4]], [6])
