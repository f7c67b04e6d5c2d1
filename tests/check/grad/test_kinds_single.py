"""Single precision: in x, inside f, in buffers of float64 code, in networks of torch."""

import numpy as np
import pytest
from grad_kinds import ELEMENTWISE, is_not_passed, is_right, is_wrong, normal, said

SMOOTH = ["sin", "tanh", "exp", "sigmoid", "softplus"]


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("size", [1e-4, 1.0])
def test_points_of_single_precision(name, size):
    g, slope = ELEMENTWISE[name]
    x = normal(3, 3, scale=size, dtype=np.float32)
    is_right(lambda x: g(x).sum(), slope, x)
    is_right(lambda x: g(x).sum(), lambda x: slope(x.astype(float)), x)
    is_wrong(lambda x: g(x).sum(), lambda x: 1.1 * slope(x), x)


@pytest.mark.parametrize(("name", "size"), [(name, [1e-3, 1.0][k % 2]) for k, name in enumerate(SMOOTH)])
def test_single_precision_inside(name, size):
    g, slope = ELEMENTWISE[name]
    x = normal(4, 3, scale=size)

    def f(x):
        return np.float32(g(x.astype(np.float32)).sum())

    is_right(f, slope, x)
    is_right(f, lambda x: slope(x.astype(np.float32)).astype(float), x)
    is_not_passed(f, lambda x: -slope(x), x)
    is_not_passed(f, lambda x: 0 * x, x)


def recurrent(seed, steps, dtype=np.float32, n=3):
    """A recurrent net whose buffers are of a dtype, and its gradient by the inputs."""
    rng = np.random.default_rng(seed)
    w, u, b = (rng.standard_normal(shape).astype(dtype) for shape in ((n, n), (n, n), n))
    x, c = rng.standard_normal((2, steps, n)).astype(dtype), rng.standard_normal((2, n)).astype(dtype)

    def run(x):
        h = np.empty((2, steps + 1, n), dtype)
        h[:, -1] = 0
        for t in range(steps):
            h[:, t] = np.tanh(h[:, t - 1] @ w.T + x[:, t] @ u.T + b)
        return h

    def gradient(x):
        h, d, found = run(x), c, np.zeros((2, steps, n), dtype)
        for t in reversed(range(steps)):
            da = d * (1 - h[:, t] ** 2)
            found[:, t], d = da @ u, da @ w
        return found

    return lambda x: (c * run(x)[:, -2]).sum(), gradient, x


@pytest.mark.parametrize("steps", [1, 4])
@pytest.mark.parametrize("seed", range(1))
def test_buffers_of_single_precision(steps, seed):
    f, gradient, x = recurrent(seed, steps)
    is_right(f, gradient, x)
    is_wrong(f, lambda x: np.float32(1.1) * gradient(x), x)
    is_right(f, lambda x: gradient(x).astype(float), x.astype(float))


@pytest.mark.parametrize("seed", range(1))
def test_a_recurrent_net_that_forgets_a_step(seed):
    f, gradient, x = recurrent(seed, 4)

    def cut(x):
        found = gradient(x)
        found[:, 0] = 0
        return found

    is_wrong(f, cut, x)


@pytest.mark.parametrize("seed", range(1))
def test_torch_networks_of_single_precision(seed):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    torch.manual_seed(seed)
    net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 2))
    x, y, loss = torch.randn(8, 2), torch.randint(0, 2, (8,)), torch.nn.CrossEntropyLoss()
    row = torch.nn.utils.parameters_to_vector(net.parameters()).detach().numpy().copy()

    def value(a):
        torch.nn.utils.vector_to_parameters(torch.tensor(a, dtype=torch.float32), net.parameters())
        return loss(net(x), y)

    def f(a):
        with torch.no_grad():
            return value(a).item()

    def gradient(a):
        net.zero_grad()
        value(a).backward()
        return torch.cat([p.grad.reshape(-1) for p in net.parameters()]).numpy().astype(a.dtype)

    is_right(f, gradient, row, seed=seed)
    is_right(f, gradient, row.astype(float), seed=seed)
    is_wrong(f, lambda a: -gradient(a), row, seed=seed)


@pytest.mark.parametrize("size", [1e-4, 1e-2])
@pytest.mark.parametrize("seed", range(1))
def test_tensors_of_single_precision_inside(size, seed):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    x = normal(seed, 3, scale=size)

    def f(a):
        return torch.exp(torch.tensor(a, dtype=torch.float32)).sum().item()

    def gradient(a):
        return torch.exp(torch.tensor(a, dtype=torch.float32)).numpy().astype(a.dtype)

    is_right(f, gradient, x, seed=seed)
    is_wrong(f, lambda a: 0 * a, x, "zero", seed=seed)


def test_what_is_off_in_single_precision_alone_is_said_to_be():
    def gradient(x):
        return np.cos(x) * x.dtype.type(1 if x.dtype == np.float64 else 1.01)

    single = np.array([0.5, -1.2], np.float32)
    f = lambda x: np.sin(x).sum()  # noqa: E731
    is_right(f, gradient, single.astype(float))
    assert "in float64 it is right" in said(is_wrong(f, gradient, single))
    assert "in float64" not in said(is_wrong(f, lambda x: 2 * np.cos(x), single))


LABELS = np.array([2, 0, 1, 0])


def shifted_exp(z):
    e = np.exp(z - z.real.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def cross_entropy(z):
    return -np.log(shifted_exp(z)[np.arange(len(z)), LABELS]).mean()


def weighted(q, k):
    return shifted_exp(q @ k.T / np.sqrt(q.shape[1]))


def weighted_back(q, k, up):
    p = weighted(q, k)
    d = p * (up - (p * up).sum(1, keepdims=True)) / np.sqrt(q.shape[1])
    return d @ k, d.T @ q


@pytest.mark.parametrize("seed", range(4))
def test_what_computes_in_single_precision_and_returns_double_is_not_unstable(seed):
    """A float64 scalar, or a table of float64, on the way makes double of what was rounded to single before."""
    z, q, k = (normal(seed + 10 * i, *shape, dtype=np.float32) for i, shape in enumerate([(4, 3), (3, 3), (3, 3)]))

    def slope(z):
        return (shifted_exp(z) - np.eye(3)[LABELS]) / len(z)

    assert slope(z).dtype == np.float64
    is_right(cross_entropy, slope, z)
    is_right(weighted, weighted_back, (q, k), check="vjp")
    is_wrong(cross_entropy, lambda z: 1.001 * slope(z), z)
    is_wrong(weighted, lambda q, k, up: tuple(1.001 * one for one in weighted_back(q, k, up)), (q, k), check="vjp")
