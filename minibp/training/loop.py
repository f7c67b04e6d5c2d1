"""Training: minibatches of shuffled examples, one step for each, and a record of every epoch; equations (4) to (7)."""

from __future__ import annotations

import math
import os
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from minibp.arrays import Array, InputError, checked_count, is_foreign
from minibp.costs import Cost
from minibp.inputs import checked_inputs, checked_rate
from minibp.kernels import Step
from minibp.network import Network
from minibp.training import checkpoint
from minibp.training.batches import Batches
from minibp.training.checkpoint import Reached
from minibp.training.example_step import ExampleStep
from minibp.training.history import DIVERGED, FINISHED, INTERRUPTED, RUNNING, STOPPED, Epoch, History, record
from minibp.training.interrupt import heard
from minibp.training.scores import Examples
from minibp.training.step import BatchStep
from minibp.words import counted

FORMS = ("batched", "per_example")

Callback = Callable[[History], object]


class Mover(Protocol):
    """Has parameters of its own, and moves them by one step for each minibatch."""

    def bound(self, x: Array, y: Array) -> Step: ...
    def network(self) -> Network | None: ...


class Training:
    """Gradient descent with minibatches, which can be left and gone on with.

    Each epoch shuffles the examples and goes through them `batch_size` at a time, the last batch being what is left
    over: every example is used exactly once. A batch of k examples makes one step (7), with L2 (28) and (29), α being
    divided by the number m of all rows of x. `batch_size` 1 is stochastic gradient descent (5), m is batch gradient
    descent, which needs no shuffling.

    x is (m, n_1) and y (m, n_L), read where they are if they are NumPy's, of the network's dtype and in C order, so
    they must not change meanwhile; `test` is a pair of such arrays that are only scored. `rng` is a seed or a
    generator, which then moves on. `form` is "batched", or "per_example" for the source's loop. Raises `InputError`
    for what does not fit together.

    >>> network = Network([[[2.0]]], [[2.0]])
    >>> training = Training(network, [[1.0]], [[0.0]], cost="cross_entropy", batch_size=1, eta=0.5)
    >>> history = training.run(3)
    >>> [round(epoch.train.cost, 3) for epoch in history.epochs]
    [3.066, 2.184, 1.446]
    """

    _reached: Reached

    def __init__(
        self,
        network: Network,
        x: Any,
        y: Any,
        *,
        cost: Any,
        batch_size: int,
        eta: float,
        l2: Any = 0.0,
        rng: int | np.random.Generator | None = 0,
        test: Any = None,
        form: str = "batched",
    ) -> None:
        self._cost, self._l2, x, y = checked_inputs(network, cost, x, y, l2, copy=False)
        self._train, self._test = _examples(x, y), _test_examples(network, self._cost, test)
        if any(map(is_foreign, network.weights)):
            raise InputError("the network's parameters are not NumPy's, which training does not take")
        self._batch_size, self._eta = checked_count("batch_size", batch_size), checked_rate("eta", eta)
        if self._batch_size > len(x):
            raise InputError(f"batch_size is {batch_size}, expected at most {len(x)}, the number of rows of x")
        self._decay = self._eta * self._l2.alpha / len(x)
        if self._decay > 1:
            raise InputError(
                f"eta × l2 / {len(x)} is {self._decay:.6g}, expected at most 1: "
                "by (29) each step multiplies the weights by 1 less that"
            )
        if form not in FORMS:
            raise InputError(f"form is {form!r}, expected one of {', '.join(FORMS)}")
        self._form, self._rng = form, _generator(rng)
        self._begun = checkpoint.digest(*network.weights, *network.biases, checkpoint.encoded(self._rng))
        self._start = self._record(0, network, 0.0)
        if not self._start.is_finite:
            raise InputError(f"{_what_is_not_finite(self._start)} before the first step")
        self._begin_from(Reached(network, self._rng.bit_generator.state, (), 0))

    def run(self, epochs: int, callback: Callback | None = None) -> History:
        """Train until so many epochs have been done in all, those before a `restore` among them.

        After each epoch `callback` gets the `History` so far; if it returns True, training stops. The first Ctrl-C
        stops after the step in hand (a second one at once). Where the cost or a parameter is no longer finite,
        training has diverged: it stops, and the network is the last good one. What was left within an epoch begins
        that epoch anew when it is run again.
        """
        target = checked_count("epochs", epochs)
        if callback is not None and not callable(callback):
            raise InputError(f"callback is {callback!r}, expected a function of the history")
        if self._within_an_epoch:
            self._begin_from(self._reached)
        with heard() as interrupted:
            while len(self._reached.epochs) < target:
                if interrupted():
                    return self._history(INTERRUPTED, f"interrupted after {_epochs(self._reached)}")
                history = self._next(interrupted)
                if history.outcome != RUNNING:
                    return history
                answer = None if callback is None else callback(history)
                if isinstance(answer, (bool, np.bool_)) and answer:
                    return self._history(STOPPED, f"stopped by the callback after {_epochs(self._reached)}")
        return self._history(FINISHED, f"finished {_epochs(self._reached)}")

    @property
    def history(self) -> History:
        """As far as whole epochs have come."""
        return self._history(RUNNING, f"at {_epochs(self._reached)}")

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write what the last whole epoch ended with to `path`, whole or not at all: see `restore`."""
        checkpoint.write(path, self._reached, self._identity)

    def restore(self, path: str | os.PathLike[str]) -> None:
        """Go on from what `save` wrote: the steps to come have the same bits as without the break.

        That is so on one machine with the same libraries and as many threads of BLAS. This training has to have been
        made with the same arguments as the one that was saved, also the same seed and network. `InputError` says what
        differs, or that the file is none of a training; `FileNotFoundError`, that there is none.
        """
        self._begin_from(checkpoint.read(path, self._identity, self._reached.network, self._rng.bit_generator))

    def _next(self, interrupted: Callable[[], bool]) -> History:
        """One epoch: the history with it where it came to its end, else how training ended."""
        number, taken = len(self._reached.epochs) + 1, 0
        self._within_an_epoch = True
        start = time.perf_counter()
        for step in self._batches.shuffled(self._rng):
            step()
            taken += 1
            if interrupted():
                break
        seconds = time.perf_counter() - start
        network, steps = self._parameters.network(), self._reached.steps + taken
        if network is None:
            return self._diverged(number, steps, "a parameter is no longer finite")
        if taken < self._batches.count:
            message = f"interrupted after {_epochs(self._reached)} and {counted(taken, 'step')} of the next"
            return History(network, self._start, self._reached.epochs, steps, INTERRUPTED, message)
        epoch = self._record(number, network, seconds)
        if not epoch.is_finite:
            return self._diverged(number, steps, _what_is_not_finite(epoch))
        self._reached = Reached(network, self._rng.bit_generator.state, (*self._reached.epochs, epoch), steps)
        self._within_an_epoch = False
        return self.history

    def _begin_from(self, reached: Reached) -> None:
        """Take a copy of the parameters, to be moved from now on, and the generator as it was then."""
        network = reached.network
        self._parameters: Mover = (
            BatchStep(network, self._cost, self._batch_size, eta=self._eta, decay=self._decay)
            if self._form == "batched"
            else ExampleStep(network, self._cost, eta=self._eta, decay=self._decay)
        )
        self._batches = Batches(self._train.x, self._train.y, self._batch_size, self._parameters.bound)
        self._rng.bit_generator.state = reached.generator
        self._reached, self._within_an_epoch = reached, False

    def _record(self, number: int, network: Network, seconds: float) -> Epoch:
        train = self._train.score(network, self._cost)
        test = None if self._test is None else self._test.score(network, self._cost)
        return record(number, network, train, test, self._l2, seconds=seconds)

    def _history(self, outcome: str, message: str) -> History:
        network, _, epochs, steps = self._reached
        return History(network, self._start, epochs, steps, outcome, message)

    def _diverged(self, number: int, steps: int, why: str) -> History:
        message = f"diverged in epoch {number}: {why}. The network is that of epoch {number - 1}; try a smaller eta"
        return replace(self._history(DIVERGED, f"{message} than {self._eta:g}"), steps=steps)

    @cached_property
    def _identity(self) -> dict[str, Any]:
        """What a checkpoint has to have been made with, by the names that messages use."""
        network = self._reached.network
        return {
            "sizes": "-".join(map(str, network.sizes)),
            "activations": [activation.name for activation in network.activations],
            "dtype": network.dtype,
            "cost": self._cost.name,
            "batch_size": self._batch_size,
            "eta": self._eta,
            "l2": self._l2.alpha,
            "form": self._form,
            checkpoint.TRAINING_DATA: checkpoint.digest(self._train.x, self._train.y),
            checkpoint.TEST_DATA: None if self._test is None else checkpoint.digest(self._test.x, self._test.y),
            checkpoint.BEGINNING: self._begun,
        }


def train(
    network: Network,
    x: Any,
    y: Any,
    *,
    cost: Any,
    epochs: int,
    batch_size: int,
    eta: float,
    l2: Any = 0.0,
    rng: int | np.random.Generator | None = 0,
    test: Any = None,
    callback: Callback | None = None,
) -> History:
    """Train a network by gradient descent with minibatches, (7), (28) and (29): `Training(…).run(epochs, callback)`.

    The arguments are those of `Training`, which has more to say of them; the network itself is left as it is. The same
    seed gives the same bits. Where training diverges, there is a `RuntimeWarning`, and the history has the last network
    for which all was finite.

    >>> from minibp import data
    >>> digits = data.data_set("digits")
    >>> network = Network.random([64, 30, 10], rng=0)
    >>> history = train(
    ...     network, *digits.train[:2], cost="cross_entropy", epochs=5, batch_size=10, eta=0.5, test=digits.test
    ... )
    >>> history.outcome, len(history.epochs), history.epochs[-1].test.accuracy > 0.8
    ('finished', 5, True)
    """
    training = Training(network, x, y, cost=cost, batch_size=batch_size, eta=eta, l2=l2, rng=rng, test=test)
    history = training.run(epochs, callback)
    if history.outcome == DIVERGED:
        warnings.warn(history.message, RuntimeWarning, stacklevel=2)
    return history


def _examples(x: Array, y: Array) -> Examples:
    """Of checked arrays; those of other libraries than NumPy are refused."""
    for name, array in (("x", x), ("y", y)):
        if is_foreign(array):
            raise InputError(f"{name} is a {type(array).__name__}, expected NumPy's")
    return Examples(x, y)


def _test_examples(network: Network, cost: Cost, test: Any) -> Examples | None:
    if test is None:
        return None
    try:
        x, y, *_ = test
    except (TypeError, ValueError):
        raise InputError(f"test is a {type(test).__name__}, expected a pair of arrays x and y") from None
    try:
        inputs = checked_inputs(network, cost, x, y, 0.0, copy=False)
        return _examples(inputs.x, inputs.y)
    except InputError as error:
        raise InputError(f"test: {error}") from None


def _what_is_not_finite(epoch: Epoch) -> str:
    if not math.isfinite(epoch.cost):
        return f"the cost is {epoch.cost}"
    return "the norm of a layer's parameters is not finite"


def _generator(rng: Any) -> np.random.Generator:
    try:
        return np.random.default_rng(rng)
    except (TypeError, ValueError) as error:
        raise InputError(f"rng is {rng!r}, expected a seed or a numpy.random.Generator: {error}") from None


def _epochs(reached: Reached) -> str:
    return counted(len(reached.epochs), "epoch")
