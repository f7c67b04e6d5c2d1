"""An epoch of training by minibatches, as minibp and others do it, ready to be timed by `epoch.py`.

All compute the same: sigmoid neurons, cross-entropy with L2, batches of 10 in a new order each epoch, one step (7),
(28), (29) for each. Orders are drawn from one seed, so that after its first epoch each can be held to plain NumPy.
"""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np

from minibp.arrays import Array
from minibp.bench.forms import Prepared
from minibp.bench.peers import library
from minibp.network import Network
from minibp.problem import Problem
from minibp.training.batches import Batches
from minibp.training.example_step import ExampleStep
from minibp.training.fused_step import BatchStep

BATCH, ETA, ALPHA = 10, 0.5, 5.0
FAR = 20
"""Distance of parameters from those of plain NumPy, relative to the largest, in units of u for each step, from which on
a contender is not the same. Each step rounds anew; an error in a formula shows in the first digits."""

Parameters = tuple[list[Array], list[Array]]


def orders(m: int) -> Iterator[Array]:
    """The order of the examples in one epoch after another."""
    rng = np.random.default_rng(1)
    return (rng.permutation(m) for _ in itertools.count())


def steps_of(problem: Problem, network: Network, order: Array) -> Parameters:
    """Plain batched NumPy: gather, forward, backward, update, as one would write it."""
    weights, biases = [w.copy() for w in network.weights], [b.copy() for b in network.biases]
    dtype = problem.x.dtype.type
    eta, kept = dtype(ETA / BATCH), dtype(1 - ETA * ALPHA / problem.m)
    for start in range(0, problem.m, BATCH):
        rows = order[start : start + BATCH]
        a, activations = problem.x[rows], [problem.x[rows]]
        for w, b in zip(weights, biases, strict=True):
            a = 1 / (1 + np.exp(-(a @ w.T + b)))
            activations.append(a)
        delta = a - problem.y[rows]
        for i in reversed(range(len(weights))):
            nabla_w, nabla_b = delta.T @ activations[i], delta.sum(axis=0)
            if i:
                delta = (delta @ weights[i]) * activations[i] * (1 - activations[i])
            weights[i] = kept * weights[i] - eta * nabla_w
            biases[i] -= eta * nabla_b
    return weights, biases


@cache
def expected(problem: Problem) -> Parameters:
    """What plain NumPy has after the first epoch."""
    return steps_of(problem, problem.network, next(orders(problem.m)))


def distance(problem: Problem, found: Parameters) -> float:
    """How far parameters after the first epoch are from those of plain NumPy; 1 is too far."""
    worst = 0.0
    for kind, others in zip(found, expected(problem), strict=True):
        for array, other in zip(kind, others, strict=True):
            if np.shape(array) != other.shape or not np.isfinite(array).all():
                return math.inf
            worst = max(worst, float(np.abs(array - other).max() / np.abs(other).max()))
    return worst / (FAR * float(np.finfo(problem.dtype).eps) / 2 * -(-problem.m // BATCH))


def _prepared(problem: Problem, epoch: Callable[[Array], Any], parameters: Callable[[], Parameters]) -> Prepared:
    """An epoch with the next order; drawing it is part of what is timed."""
    drawn = orders(problem.m)
    return Prepared(lambda: epoch(next(drawn)), lambda _: distance(problem, parameters()))


def plain(problem: Problem) -> Prepared:
    """Plain batched NumPy."""
    network = [problem.network]

    def epoch(order: Array) -> None:
        network[0] = Network(*steps_of(problem, network[0], order))

    return _prepared(problem, epoch, lambda: (list(network[0].weights), list(network[0].biases)))


def minibp(problem: Problem) -> Prepared:
    """What `minibp.train` does in an epoch but for the scores."""
    decay = ETA * ALPHA / problem.m
    return _steps(problem, BatchStep(problem.network, problem.cost, BATCH, eta=ETA, decay=decay))


def per_example(problem: Problem) -> Prepared:
    """The same in the source's form, one example after another."""
    return _steps(problem, ExampleStep(problem.network, problem.cost, eta=ETA, decay=ETA * ALPHA / problem.m))


def _steps(problem: Problem, step: BatchStep | ExampleStep) -> Prepared:
    batches, rng = Batches(problem.x, problem.y, BATCH, step.bind), np.random.default_rng(1)

    def call() -> None:
        for move in batches.shuffled(rng):
            move()

    def parameters() -> Parameters:
        network = step.network()
        assert network is not None
        return list(network.weights), list(network.biases)

    return Prepared(call, lambda _: distance(problem, parameters()))


def jax_scan(problem: Problem) -> Prepared:
    """One compiled `lax.scan` over all batches of an epoch, `jax.grad` in each."""
    jax, jnp, parameters, x, y, step = _jax(problem)

    def epoch(parameters: Any, x: Any, y: Any, order: Any) -> Any:
        def body(parameters: Any, rows: Any) -> tuple[Any, None]:
            return step(parameters, x[rows], y[rows]), None

        return jax.lax.scan(body, parameters, order)[0]

    compiled = jax.jit(epoch, donate_argnums=0)
    state = [parameters]

    def run(order: Array) -> None:
        state[0] = jax.block_until_ready(compiled(state[0], x, y, jnp.asarray(order.reshape(-1, BATCH))))

    return _prepared(problem, run, lambda: _numpy(state[0]))


def jax_steps(problem: Problem) -> Prepared:
    """A compiled step, called for one batch after another."""
    jax, _, parameters, _, _, step = _jax(problem)
    compiled = jax.jit(step, donate_argnums=0)
    state = [parameters]

    def run(order: Array) -> None:
        for start in range(0, problem.m, BATCH):
            rows = order[start : start + BATCH]
            state[0] = compiled(state[0], problem.x[rows], problem.y[rows])
        jax.block_until_ready(state[0])

    return _prepared(problem, run, lambda: _numpy(state[0]))


def _jax(problem: Problem) -> tuple[Any, ...]:
    jax, jnp = library("jax"), library("jax.numpy")
    jax.config.update("jax_enable_x64", True)

    def cost(parameters: Any, x: Any, y: Any) -> Any:
        weights, biases = parameters
        a = x
        for w, b in zip(weights[:-1], biases[:-1], strict=True):
            a = jax.nn.sigmoid(a @ w.T + b)
        z = a @ weights[-1].T + biases[-1]
        return jnp.sum(jax.nn.softplus(z) - y * z) / BATCH

    def step(parameters: Any, x: Any, y: Any) -> Any:
        nabla_w, nabla_b = jax.grad(cost)(parameters, x, y)
        weights, biases = parameters
        kept = 1 - ETA * ALPHA / problem.m
        return (
            [kept * w - ETA * g for w, g in zip(weights, nabla_w, strict=True)],
            [b - ETA * g for b, g in zip(biases, nabla_b, strict=True)],
        )

    parameters = ([jnp.array(w) for w in problem.network.weights], [jnp.array(b) for b in problem.network.biases])
    return jax, jnp, parameters, jnp.asarray(problem.x), jnp.asarray(problem.y), step


def torch_steps(problem: Problem) -> Prepared:
    """`backward` and `torch.optim.SGD`, for one batch after another."""
    torch = library("torch")
    weights, biases = (
        [torch.tensor(np.array(array), requires_grad=True) for array in kind]
        for kind in (problem.network.weights, problem.network.biases)
    )
    x, y = torch.tensor(np.array(problem.x)), torch.tensor(np.array(problem.y))
    groups = [{"params": weights, "weight_decay": ALPHA / problem.m}, {"params": biases, "weight_decay": 0.0}]
    optimizer = torch.optim.SGD(groups, lr=ETA)
    linear, cross_entropy = torch.nn.functional.linear, torch.nn.functional.binary_cross_entropy_with_logits

    def run(order: Array) -> None:
        for start in range(0, problem.m, BATCH):
            rows = torch.from_numpy(order[start : start + BATCH])
            a = x[rows]
            for w, b in zip(weights[:-1], biases[:-1], strict=True):
                a = torch.sigmoid(linear(a, w, b))
            loss = cross_entropy(linear(a, weights[-1], biases[-1]), y[rows], reduction="sum") / BATCH
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return _prepared(problem, run, lambda: _numpy((weights, biases)))


def sklearn_epoch(problem: Problem) -> Prepared:
    """`MLPClassifier.partial_fit` with the examples in order; several labels at once, so that outputs are sigmoids."""
    network = problem.network
    model = library("sklearn.neural_network").MLPClassifier(
        network.sizes[1:-1],
        activation="logistic",
        solver="sgd",
        alpha=ALPHA * BATCH / problem.m,  # it divides by the size of the batch
        batch_size=BATCH,
        learning_rate_init=ETA,
        momentum=0.0,
        shuffle=False,
        random_state=0,
    )
    y = problem.y.astype(int)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.partial_fit(problem.x[:BATCH], y[:BATCH], classes=list(range(y.shape[1])))  # allocates its parameters
    for mine, theirs in ((model.coefs_, [w.T for w in network.weights]), (model.intercepts_, network.biases)):
        for array, value in zip(mine, theirs, strict=True):
            array[...] = value

    def run(order: Array) -> None:
        model.partial_fit(problem.x[order], y[order])

    return _prepared(problem, run, lambda: ([w.T for w in model.coefs_], model.intercepts_))


def _numpy(parameters: Any) -> Parameters:
    weights, biases = parameters
    weights, biases = (
        [np.asarray(p.detach() if hasattr(p, "detach") else p) for p in kind] for kind in (weights, biases)
    )
    return weights, biases
