"""Real code of every kind that there is an adapter for, right and wrong."""

import pickle
import subprocess
import sys
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from case_ids import written_out

import minibp
from minibp import InputError, Network, adapters, batched, check_backprop
from minibp.check.campaign import draw
from minibp.check.estimate import ORACLE_ERROR
from minibp.check.rounding import arithmetic_of, bound
from minibp.strategies import problems

SIGMOID = {"activation": "sigmoid", "output_activation": "sigmoid", "cost": "quadratic", "l2": 0.0}
SIZES = (4, 3, 2)


@pytest.fixture(scope="module")
def drawn():
    return draw(problems(**SIGMOID), 100, 5)


@pytest.fixture(scope="module")
def drawn_of_sizes():
    return draw(problems(sizes=SIZES, **SIGMOID), 40, 6)


def ask(subject, problem):
    """Copies, as a check gives them, which could be written to."""
    network = problem.network
    given = [w.copy() for w in network.weights], [b.copy() for b in network.biases], problem.x.copy(), problem.y.copy()
    with np.errstate(over="ignore"):  # exp(−z) where the sigmoid is 0
        nabla_w, nabla_b = subject(*given)
    before = *network.weights, *network.biases, problem.x, problem.y
    for mine, theirs in zip((*given[0], *given[1], *given[2:]), before, strict=True):
        assert np.array_equal(mine, theirs)
    return nabla_w, nabla_b


def is_right(subject, problem, f=8.0):
    """Within two bounds, of which the subject and the package's own form may each use up one."""
    expected = batched.backprop(problem.network, problem.cost, problem.x, problem.y, problem.l2).gradient
    limit = bound(problem, arithmetic_of(problem.dtype)).gradient
    allowed = bound(problem, arithmetic_of(problem.dtype, f)).gradient
    right = True
    for kind, parts in enumerate(ask(subject, problem)):
        assert len(parts) == len(expected[kind])
        for i, (got, theirs) in enumerate(zip(parts, expected[kind], strict=True)):
            assert isinstance(got, np.ndarray)
            assert (got.shape, got.dtype) == (theirs.shape, theirs.dtype)
            error = np.abs(np.subtract(got, theirs, dtype=np.float64))
            right &= bool(np.all(error <= limit[kind][i] + allowed[kind][i]))
    return right


def assert_right(subject, given, f=8.0):
    assert {problem.dtype for problem in given} == {"float32", "float64"}
    for problem in given:
        assert is_right(subject, problem, f), problem


def assert_wrong(subject, given):
    """On many problems: on some of the drawn ones every gradient is 0, or a wrong factor is 1."""
    assert sum(not is_right(subject, problem) for problem in given) > len(given) / 4


# One example at a time, in the manner of the textbook's `backprop`.


def sigma(z):
    return 1 / (1 + np.exp(-z))


def textbook(weights, biases, x, y, prime=lambda a: a * (1 - a)):
    activation, activations = x, [x]
    for w, b in zip(weights, biases, strict=True):
        activation = sigma(np.dot(w, activation) + b)
        activations.append(activation)
    nabla_w, nabla_b = [np.zeros(w.shape, w.dtype) for w in weights], [np.zeros(b.shape, b.dtype) for b in biases]
    delta = (activations[-1] - y) * prime(activations[-1])
    nabla_b[-1], nabla_w[-1] = delta, np.outer(delta, activations[-2])
    for layer in range(2, len(weights) + 1):
        delta = np.dot(weights[-layer + 1].T, delta) * prime(activations[-layer])
        nabla_b[-layer], nabla_w[-layer] = delta, np.outer(delta, activations[-layer - 1])
    return nabla_w, nabla_b


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
    with pytest.raises(InputError, match=r"one example arrays of shapes \[\[\(1,\)\], .* another \[\[\(2,\)\]"):
        subject([np.ones((1, 2))], [np.ones(1)], np.eye(2)[::-1], np.ones((2, 1)))


# Examples as columns, in the manner of the deep-learning courses.


def course(weights, biases, X, Y, axis=1):
    m = X.shape[1]
    cache = [X]
    for W, b in zip(weights, biases, strict=True):
        cache.append(sigma(np.dot(W, cache[-1]) + b))
    dA = cache[-1] - Y
    grads = {}
    for i in reversed(range(len(weights))):
        dZ = dA * cache[i + 1] * (1 - cache[i + 1])
        grads["dW", i] = np.dot(dZ, cache[i].T) / m
        grads["db", i] = np.sum(dZ, axis=axis, keepdims=True) / m
        dA = np.dot(weights[i].T, dZ)
    return [grads["dW", i] for i in range(len(weights))], [grads["db", i] for i in range(len(weights))]


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


# One parameter vector, in the manner of Octave's `nnCostFunction` and of optimisers.


def unrolled(theta, x, y, sizes, order="layers", letter="C"):
    shapes = list(zip(sizes[1:], sizes[:-1], strict=True))
    if order == "layers":
        turns = [shape for n, k in shapes for shape in ((n, k), (n,))]
    else:
        turns = shapes + [(n,) for n, _ in shapes]
    weights, biases = [], []
    for shape in turns:
        part, theta = np.split(theta, [int(np.prod(shape))])
        (weights if len(shape) == 2 else biases).append(part.reshape(shape, order=letter))
    activations = [x]
    for w, b in zip(weights, biases, strict=True):
        activations.append(sigma(activations[-1] @ w.T + b))
    delta = (activations[-1] - y) * activations[-1] * (1 - activations[-1]) / x.dtype.type(len(x))
    found = {1: [], 2: []}
    for i in reversed(range(len(weights))):
        found[2].insert(0, (delta.T @ activations[i]).ravel(letter))
        found[1].insert(0, delta.sum(0))
        delta = (delta @ weights[i]) * activations[i] * (1 - activations[i])
    return np.concatenate([found[len(shape)].pop(0) for shape in turns])


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


# A JAX loss with a derivative of its own.


def jax_loss(weights, biases, x, y, prime=lambda a: a * (1 - a)):
    import jax

    @jax.custom_vjp
    def own_sigma(z):
        return 1 / (1 + jax.numpy.exp(-z))

    def forward(z):
        a = own_sigma(z)
        return a, a

    own_sigma.defvjp(forward, lambda a, g: (g * prime(a),))
    for w, b in zip(weights, biases, strict=True):
        x = own_sigma(x @ w.T + b)
    return ((x - y) ** 2).sum() / (2 * len(y))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_jax_loss_with_a_derivative_of_its_own(dtype):
    pytest.importorskip("jax", reason="JAX is not installed")
    right = adapters.jax_loss(jax_loss, sizes=[[2, 3, 2]], batch_sizes=[3])
    given = draw(problems(sizes=right.sizes[0], examples=right.batch_sizes[0], dtype=dtype, **SIGMOID), 40, 7)
    for problem in given:
        assert is_right(right, problem, ORACLE_ERROR), problem
    assert_wrong(adapters.jax_loss(partial(jax_loss, prime=lambda a: a)), given)


def test_a_jax_loss_asks_for_few_shapes():
    pytest.importorskip("jax", reason="JAX is not installed")
    subject = adapters.jax_loss(jax_loss)
    assert (subject.sizes, subject.batch_sizes) == (((2, 3, 2), (3, 3, 3, 3, 3)), (1, 3))
    subject = adapters.jax_loss(jax_loss, sizes=[np.array([5, 4])], batch_sizes=range(1, 3))
    assert (subject.sizes, subject.batch_sizes) == (((5, 4),), (1, 2))


# torch: its own autograd, and an autograd.Function in it.


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch", reason="torch is not installed")


def half_squares(a, y):
    return ((a - y) ** 2).sum() / (2 * len(y))


def stack(torch, sizes, sigmoid=None):
    """Linear layers with a sigmoid after each."""
    sigmoid = sigmoid or torch.nn.Sigmoid()
    return torch.nn.Sequential(*(part for n, k in pairwise(sizes) for part in (torch.nn.Linear(n, k), sigmoid)))


def sigmoid_with(torch, prime):
    class OwnSigmoid(torch.autograd.Function):
        @staticmethod
        def forward(ctx, z):
            a = torch.sigmoid(z)
            ctx.save_for_backward(a)
            return a

        @staticmethod
        def backward(ctx, grad_output):
            (a,) = ctx.saved_tensors
            return grad_output * prime(a)

    class Layer(torch.nn.Module):
        def forward(self, z):
            return OwnSigmoid.apply(z)

    return Layer()


def test_a_torch_module(torch, drawn_of_sizes):
    subject = adapters.torch_module(stack(torch, SIZES), half_squares)
    assert subject.sizes == (SIZES,)
    assert_right(subject, drawn_of_sizes)
    assert_wrong(adapters.torch_module(stack(torch, SIZES), torch.nn.MSELoss(reduction="sum")), drawn_of_sizes)
    with pytest.raises(InputError, match=r"sizes are \(2, 2\), the code is for \(4, 3, 2\)"):
        subject([np.ones((2, 2))], [np.ones(2)], np.ones((1, 2)), np.ones((1, 2)))


def test_a_torch_module_of_any_sizes(torch, drawn):
    state = torch.random.get_rng_state()
    subject = adapters.torch_module(partial(stack, torch), half_squares)
    assert (subject.sizes, subject.__name__) == (None, "stack")
    assert_right(subject, drawn)
    assert torch.equal(torch.random.get_rng_state(), state)
    one_layer = adapters.torch_module(lambda sizes: stack(torch, sizes[:2]), half_squares)
    with pytest.raises(InputError, match=r"sizes are \(4, 3, 2\), the code is for \(4, 3\)"):
        one_layer([np.ones((3, 4)), np.ones((2, 3))], [np.ones(3), np.ones(2)], np.ones((1, 4)), np.ones((1, 2)))


def test_an_autograd_function_in_a_torch_module(torch, drawn_of_sizes):
    right = stack(torch, SIZES, sigmoid_with(torch, lambda a: a * (1 - a)))
    assert_right(adapters.torch_module(right, half_squares), drawn_of_sizes)
    wrong = stack(torch, SIZES, sigmoid_with(torch, lambda a: a))
    assert_wrong(adapters.torch_module(wrong, half_squares), drawn_of_sizes)


def test_a_torch_module_with_parameters_of_its_own(torch, drawn_of_sizes):
    class ByHand(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.w2, self.w3 = (torch.nn.Parameter(torch.zeros(k, n)) for n, k in pairwise(SIZES))
            self.b2, self.b3 = (torch.nn.Parameter(torch.zeros(k)) for k in SIZES[1:])

        def forward(self, x):
            hidden = torch.sigmoid(x @ self.w2.T + self.b2)
            return torch.sigmoid(hidden @ self.w3.T + self.b3)

    subject = adapters.torch_module(ByHand(), half_squares)
    assert subject.__name__ == "ByHand"
    assert_right(subject, drawn_of_sizes)


def test_a_loss_may_refer_to_its_module(torch):
    module = stack(torch, SIZES)

    def penalised(a, y):
        squares = sum((p**2).sum() for p in module.parameters() if p.ndim == 2)
        return half_squares(a, y) + squares * (5 / (2 * len(y)))

    given = draw(problems(sizes=SIZES, **{**SIGMOID, "l2": 5.0}), 30, 8)
    assert_right(adapters.torch_module(module, penalised), given)
    assert_wrong(adapters.torch_module(module, half_squares), given)


def test_hooks_of_parameters_are_part_of_the_gradient(torch, drawn_of_sizes):
    module = stack(torch, SIZES)
    module[0].weight.register_hook(lambda grad: 2 * grad)
    assert_wrong(adapters.torch_module(module, half_squares), drawn_of_sizes)


@pytest.mark.parametrize("fails", [False, True])
def test_a_torch_module_is_left_as_it_was(torch, drawn_of_sizes, fails):
    class Counting(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("calls", torch.zeros(1, dtype=torch.int64))
            self.register_buffer("sums", torch.zeros(2))

        def forward(self, x):
            self.calls += 1
            self.sums = self.sums + x.detach().sum(0)
            assert self.sums.dtype == x.dtype
            assert not fails
            return x

    module = torch.nn.Sequential(*stack(torch, SIZES), Counting()).to(torch.float16)
    module[0].weight.grad = torch.ones_like(module[0].weight)
    parameters = list(module.parameters())
    before = {name: (tensor, tensor.clone()) for name, tensor in module.state_dict(keep_vars=True).items()}
    grads = [None if p.grad is None else (p.grad, p.grad.clone()) for p in parameters]
    subject = adapters.torch_module(module, half_squares)
    for problem in drawn_of_sizes[:10]:
        if fails:
            with pytest.raises(AssertionError, match="not True"):
                ask(subject, problem)
        else:
            assert is_right(subject, problem)
    after = module.state_dict(keep_vars=True)
    assert list(after) == list(before)
    for name, (tensor, content) in before.items():
        assert after[name] is tensor
        assert tensor.dtype == content.dtype
        assert torch.equal(tensor, content)
    for parameter, kept in zip(parameters, grads, strict=True):
        assert (parameter.grad is None) is (kept is None)
        if kept:
            assert parameter.grad is kept[0]
            assert torch.equal(*kept)


def test_a_torch_parameter_that_no_gradient_reaches_has_the_gradient_0(torch, drawn_of_sizes):
    class Detached(torch.nn.Module):
        def forward(self, a):
            return a.detach()

    module = torch.nn.Sequential(stack(torch, SIZES[:2]), Detached(), stack(torch, SIZES[1:]))
    frozen = stack(torch, SIZES)
    for parameter in frozen[0].parameters():
        parameter.requires_grad_(False)
    for subject in (adapters.torch_module(module, half_squares), adapters.torch_module(frozen, half_squares)):
        for problem in drawn_of_sizes:
            nabla_w, nabla_b = ask(subject, problem)
            expected = batched.backprop(problem.network, problem.cost, problem.x, problem.y).gradient
            assert not nabla_w[0].any()
            assert not nabla_b[0].any()
            assert (nabla_w[0].dtype, nabla_w[0].shape) == (problem.dtype, (3, 4))
            limit = bound(problem, arithmetic_of(problem.dtype)).gradient.nabla_w[1]
            assert np.all(np.abs(np.subtract(nabla_w[1], expected.nabla_w[1], dtype=np.float64)) <= 2 * limit)


def test_torch_code_cannot_hide_what_it_changes_in_place(torch):
    class Clamping(torch.nn.Linear):
        def forward(self, x):
            with torch.no_grad():
                self.weight.clamp_(max=0.5)
                x.mul_(3)
            return super().forward(x)

    given = [np.ones((2, 3))], [np.ones(2)], np.ones((4, 3)), np.ones((4, 2))
    adapters.torch_module(Clamping(3, 2), half_squares)(*given)
    assert np.all(given[0][0] == 0.5)
    assert np.all(given[2] == 3)


def test_torch_takes_arrays_that_cannot_be_written_to_and_works_without_grad(torch, drawn_of_sizes):
    subject = adapters.torch_module(stack(torch, SIZES), half_squares)
    problem = drawn_of_sizes[0]
    with torch.no_grad():
        got = subject(problem.network.weights, problem.network.biases, problem.x, problem.y)
    assert not problem.x.flags.writeable
    for one, other in zip(got, ask(subject, problem), strict=True):
        assert all(map(np.array_equal, one, other))


def test_torch_modules_with_other_parameters_are_refused(torch):
    nn = torch.nn
    expected = r"expected a weight \(n_out, n_in\) and a bias \(n_out,\) for each layer"
    for module in (
        nn.Linear(2, 2, bias=False),
        nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 1)),
        nn.Sequential(nn.Linear(2, 3), nn.Linear(4, 1)),
        nn.Sequential(nn.Linear(2, 3), nn.PReLU()),
        nn.Conv2d(1, 1, 3),
        nn.Bilinear(2, 3, 2),
    ):
        with pytest.raises(InputError, match=f"{type(module).__name__} has the parameters .*weight .*{expected}"):
            adapters.torch_module(module, half_squares)
    with pytest.raises(InputError, match=r"Sigmoid has the parameters \(none\); expected"):
        adapters.torch_module(nn.Sigmoid(), half_squares)
    with pytest.raises(InputError, match="module is 3, expected a torch.nn.Module or a function"):
        adapters.torch_module(3, half_squares)


# What all have in common.


def test_subjects_have_the_name_of_what_they_call():
    class Callable:
        def __call__(self, *given):
            return textbook(*given)

    assert adapters.per_example(textbook).__name__ == "textbook"
    assert adapters.columns(Callable()).__name__ == "Callable"
    assert adapters.flat(partial(partial(unrolled, sizes=SIZES), order="layers"), SIZES).__name__ == "unrolled"
    assert adapters.columns(course).sizes is adapters.columns(course).batch_sizes is None


def test_a_check_asks_only_for_the_sizes_and_numbers_of_examples_that_a_subject_declares():
    asked = set()

    def f(weights, biases, x, y):
        asked.add((x.shape[1], *(len(b) for b in biases), len(x)))
        return adapters.per_example(textbook)(weights, biases, x, y)

    subject = adapters.Subject(f, "f", sizes=((2, 3, 2), (3, 3, 3)), batch_sizes=(1, 2))
    assert check_backprop(subject, examples=10, seed=1).verdict == "correct"
    assert asked == {(2, 3, 2, 1), (2, 3, 2, 2), (3, 3, 3, 1), (3, 3, 3, 2)}


def test_a_check_names_what_is_wrong_in_an_autograd_function(torch):
    module = stack(torch, (3, 3, 3), sigmoid_with(torch, lambda a: a))
    report = check_backprop(adapters.torch_module(module, half_squares), examples=5, seed=1, raise_on_mismatch=False)
    assert report.verdict == "wrong"
    assert "hidden_activation_for_derivative" in [finding.fault for finding in report.findings]
    assert {finding.subject for finding in report.findings} == {"Sequential"}


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
def test_a_check_knows_the_mean_over_all_entries_of_torchs_own_loss(torch, n):
    subject = adapters.torch_module(stack(torch, (4, 3, n)), torch.nn.MSELoss())
    report = check_backprop(subject, examples=5, seed=1, raise_on_mismatch=False)
    assert report.verdict == ("correct" if n == 2 else "wrong")  # its gradients are 2/n times those of the cost (9)
    assert all("nn.MSELoss" in finding.message for finding in report.findings)


def test_a_check_points_from_a_torch_module_to_its_adapter(torch):
    for subject in (stack(torch, SIZES), torch.nn.Linear(2, 1), torch.nn.Linear):
        with pytest.raises(InputError, match=r"a torch module, .*minibp\.adapters\.torch_module\(module, loss\)"):
            check_backprop(subject)


def test_subjects_are_pickled_where_their_code_is(drawn_of_sizes):
    pytest.importorskip("jax", reason="JAX is not installed")
    subjects = [
        adapters.per_example(textbook),
        adapters.columns(course),
        adapters.flat(unrolled, order="weights_first"),
        adapters.jax_loss(jax_loss, sizes=[SIZES]),
    ]
    for subject in subjects:
        again = pickle.loads(pickle.dumps(subject))
        assert (again.__name__, again.sizes, again.batch_sizes) == (
            subject.__name__,
            subject.sizes,
            subject.batch_sizes,
        )
        for one, other in zip(ask(subject, drawn_of_sizes[0]), ask(again, drawn_of_sizes[0]), strict=True):
            assert all(map(np.array_equal, one, other))


def test_a_torch_subject_is_pickled_too(torch, drawn_of_sizes):
    subject = adapters.torch_module(stack(torch, SIZES), half_squares)
    assert_right(pickle.loads(pickle.dumps(subject)), drawn_of_sizes[:8])


@pytest.mark.parametrize(
    ("library", "make", "message"),
    [
        ("torch", adapters.torch_module, "minibp.adapters.torch_module needs torch, .*: pip install torch$"),
        ("jax", adapters.jax_loss, r"minibp.adapters.jax_loss needs jax, .*: pip install '\.\[jax\]' in minibp"),
    ],
)
def test_a_library_that_is_missing_is_named_with_the_command_that_installs_it(monkeypatch, library, make, message):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ModuleNotFoundError, match=message) as caught:
        make(None, ()) if library == "jax" else make(None, None)
    assert caught.value.name == library


def test_importing_the_adapters_loads_neither_torch_nor_jax():
    program = "import sys, minibp.adapters; assert not {'jax', 'torch', 'hypothesis'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)
    assert minibp.adapters is adapters
