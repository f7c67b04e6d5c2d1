"""Code of every kind that there is an adapter for, and whether a subject of it is right."""

from itertools import pairwise

import numpy as np

from minibp import batched
from minibp.check.rounding.whole_pass import arithmetic_of, bound
from minibp.check.tolerance import within

SIGMOID = {"activation": "sigmoid", "output_activation": "sigmoid", "cost": "quadratic", "l2": 0.0}
SIZES = (4, 3, 2)


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
            assert np.isfinite(limit[kind][i] + allowed[kind][i]).all()
            right &= bool(within(got, theirs, limit[kind][i], allowed[kind][i]).all())
    return right


def assert_right(subject, given, f=8.0):
    assert {problem.dtype for problem in given} == {"float32", "float64"}
    for problem in given:
        assert is_right(subject, problem, f), problem


def assert_wrong(subject, given):
    """On many problems: on some of the drawn ones every gradient is 0, or a wrong factor is 1."""
    assert sum(not is_right(subject, problem) for problem in given) > len(given) / 4


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
