"""Training: minibatches of shuffled examples, one step for each, and a record of every epoch; equations (4) to (7)."""

from __future__ import annotations

import math
import os
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from minibp.arrays import Array, InputError, checked_count
from minibp.files import checked_path, followed
from minibp.generators import checked_generator
from minibp.network import Network
from minibp.sharded.step import ShardedStep
from minibp.text import counted
from minibp.training import checkpoint
from minibp.training.batches import Batches
from minibp.training.checkpoint import Reached, Stamp
from minibp.training.example_step import ExampleStep
from minibp.training.fused_step import BatchStep
from minibp.training.history import DIVERGED, FINISHED, INTERRUPTED, RUNNING, STOPPED, Epoch, History, record
from minibp.training.interrupt import heard
from minibp.training.standstill import got_saturated, moved, why_still
from minibp.training.validation import Settings, checked_settings
from minibp.workspace.kernels import Step

Callback = Callable[[History], object]


class Mover(Protocol):
    """Has parameters of its own, and moves them by one step for each minibatch."""

    def bind(self, x: Array, y: Array) -> Step: ...
    def network(self) -> Network | None: ...


class Training:
    """Gradient descent with minibatches, which can be saved and resumed.

    Each epoch shuffles the examples and goes through them `batch_size` at a time; the last batch is what is left over,
    so that every example is used exactly once.

    Parameters
    ----------
    network : Network
        Parameters to start from, in NumPy arrays; it is left as it is.
    x : array_like of shape (m, n_1)
        Examples, one a row.
    y : array_like of shape (m, n_L)
        Targets, one row an example.
    cost : str or Cost
        Name of a cost, or an object with `value(a, y)` and `gradient(a, y)`.
    batch_size : int
        k, the number of examples in a batch, from 1 to m.
    eta : float
        η, the learning rate, above 0; ηα/m is at most 1.
    l2 : float or L2, optional
        α of equations (27) and (29), at least 0. Default 0.
    rng : int or numpy.random.Generator, optional
        Seed, or a generator, which moves on. The same seed gives the same bits; None is an unpredictable seed. Default
        0.
    test : pair of array_like, optional
        x and y of examples that are only scored.
    form : {"batched", "per_example"}, optional
        Batches as matrices, or the source's loop over examples. Default "batched".
    devices : int or jax.sharding.Mesh, optional
        Number of devices of JAX among which each batch is divided, or a mesh from `minibp.sharded.mesh`. Default None:
        NumPy.

    Raises
    ------
    InputError
        Where the arguments do not fit together.
    ModuleNotFoundError
        Where there are `devices`, and JAX is not installed.

    Notes
    -----
    A batch of k examples makes one step (7), with L2 (28) and (29), α being divided by the number m of all rows of x.
    `batch_size` 1 is stochastic gradient descent, (5); m is batch gradient descent, which needs no shuffling. x and y
    are read in place where they are NumPy's, of the network's dtype and in C order: they must not change meanwhile, and
    may be files mapped into memory, `np.load(file, mmap_mode="r")`, that are larger than it.

    Examples
    --------
    >>> import minibp
    >>> network = minibp.Network([[[2.0]]], [[2.0]])
    >>> training = minibp.Training(network, [[1.0]], [[0.0]], cost="cross_entropy", batch_size=1, eta=0.5)
    >>> history = training.run(3)
    >>> [round(epoch.train.cost, 3) for epoch in history.epochs]
    [3.066, 2.184, 1.446]
    """

    _reached: Reached
    _still: int
    """Number of epochs since one moved a parameter."""

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
        devices: Any = None,
    ) -> None:
        self._settings = checked_settings(
            network, x, y, cost=cost, batch_size=batch_size, eta=eta, l2=l2, test=test, form=form, devices=devices
        )
        self._rng = checked_generator(rng)
        self._begun = checkpoint.digest(*network.weights, *network.biases, checkpoint.encoded(self._rng))
        self._start = self._record(0, network, 0.0)
        if not self._start.is_finite:
            raise InputError(f"{_what_is_not_finite(self._start)} before the first step")
        self._first, self._stamps = network, dict[Path, Stamp | None]()
        self._begin_from(Reached(network, self._rng.bit_generator.state, (), 0))

    def run(self, epochs: int, callback: Callback | None = None) -> History:
        """Train until a number of epochs is reached, those before a `restore` counted.

        Parameters
        ----------
        epochs : int
            Number of epochs in all, at least 1.
        callback : callable, optional
            Called with the `History` so far after each epoch; training stops where it returns True.

        Returns
        -------
        History
            Its outcome is "finished", "stopped", "interrupted" or "diverged".

        Raises
        ------
        InputError
            For arguments that cannot be used.

        Notes
        -----
        The first Ctrl-C stops after the step in hand, a second one at once. An epoch that was broken off starts anew in
        the next run. Training has diverged, and stops with the last good network, where the cost or a parameter is no
        longer finite, or where an epoch moves no parameter because training has saturated all neurons of a layer, while
        the cost could still be lower.
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
        return self._history(FINISHED, f"finished {_epochs(self._reached)}{self._stood_still()}")

    @property
    def history(self) -> History:
        """The history up to the last whole epoch."""
        return self._history(RUNNING, f"at {_epochs(self._reached)}")

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a checkpoint: the state at the end of the last whole epoch.

        Parameters
        ----------
        path : str or path-like
            File to write. One that is there is replaced whole or not at all.

        Raises
        ------
        InputError
            Where something else has written to the file since this training last saved or restored it.
        OSError
            Where the file cannot be written.
        """
        place = followed(checked_path(path))
        self._stamps[place] = checkpoint.write(path, self._reached, self._identity, self._stamps.get(place))

    def restore(self, path: str | os.PathLike[str]) -> None:
        """Resume from a checkpoint: the steps to come have the same bits as without the break.

        Parameters
        ----------
        path : str or path-like
            File that `save` wrote, for a training made with the same arguments, also the same seed and network.

        Raises
        ------
        FileNotFoundError
            Where there is no such file.
        InputError
            Where it is of another training, saying what differs, or no checkpoint.

        Notes
        -----
        The bits are the same on one machine, with the same libraries and as many threads of BLAS, or devices. A
        training on other devices than the checkpoint's goes on too, with the same numbers to within rounding.
        """
        place, bits = followed(checked_path(path)), self._rng.bit_generator
        reached, self._stamps[place] = checkpoint.read(path, self._identity, self._reached.network, bits)
        self._begin_from(reached)

    def _next(self, interrupted: Callable[[], bool]) -> History:
        """One epoch: the history with it where it came to its end, else how training ended."""
        number, taken, given = len(self._reached.epochs) + 1, 0, self._settings
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
        self._still = 0 if moved(self._reached.network, network) else self._still + 1
        if self._still == 1:
            why = got_saturated(self._first, network, given.train, given.cost)
            if why:
                return self._diverged(number, steps, f"{why}, though the cost is {epoch.cost:.4g}")
        self._reached = Reached(network, self._rng.bit_generator.state, (*self._reached.epochs, epoch), steps)
        self._within_an_epoch = False
        return self.history

    def _begin_from(self, reached: Reached) -> None:
        """Take a copy of the parameters, to be moved from now on, and the generator as it was then."""
        given = self._settings
        self._parameters = _mover(reached.network, given)
        self._batches = Batches(given.train.x, given.train.y, given.batch_size, self._parameters.bind)
        self._rng.bit_generator.state = reached.generator
        self._reached, self._within_an_epoch, self._still = reached, False, 0

    def _record(self, number: int, network: Network, seconds: float) -> Epoch:
        given = self._settings
        train = given.train.score(network, given.cost)
        test = None if given.test is None else given.test.score(network, given.cost)
        return record(number, network, train, test, given.l2, seconds=seconds)

    def _history(self, outcome: str, message: str) -> History:
        network, _, epochs, steps = self._reached
        return History(network, self._start, epochs, steps, outcome, message)

    def _stood_still(self) -> str:
        """The end of the message where the last epochs moved nothing."""
        if not self._still:
            return ""
        those = "epoch" if self._still == 1 else f"{self._still:,} epochs"
        given = self._settings
        why = why_still(self._reached.network, given.train, given.cost, given.eta)
        return f"; no parameter moved in the last {those}: {why}"

    def _diverged(self, number: int, steps: int, why: str) -> History:
        message = f"diverged in epoch {number}: {why}. The network is that of epoch {number - 1}; try a smaller eta"
        return replace(self._history(DIVERGED, f"{message} than {self._settings.eta:g}"), steps=steps)

    @cached_property
    def _identity(self) -> dict[str, Any]:
        """The arguments that a checkpoint has to have been made with, by the names that messages use."""
        network, given = self._reached.network, self._settings
        return {
            "sizes": "-".join(map(str, network.sizes)),
            "activations": [activation.name for activation in network.activations],
            "dtype": network.dtype,
            "cost": given.cost.name,
            "batch_size": given.batch_size,
            "eta": given.eta,
            "l2": given.l2.alpha,
            "form": given.form,
            checkpoint.TRAINING_DATA: checkpoint.digest(given.train.x, given.train.y),
            checkpoint.TEST_DATA: None if given.test is None else checkpoint.digest(given.test.x, given.test.y),
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
    devices: Any = None,
) -> History:
    """Train a network by gradient descent with minibatches: equations (7), (28) and (29).

    `Training` does the same in parts, which can be saved and resumed.

    Parameters
    ----------
    network : Network
        Parameters to start from, in NumPy arrays; it is left as it is.
    x : array_like of shape (m, n_1)
        Examples, one a row.
    y : array_like of shape (m, n_L)
        Targets, one row an example.
    cost : str or Cost
        Name of a cost, or an object with `value(a, y)` and `gradient(a, y)`.
    epochs : int
        Number of epochs, at least 1.
    batch_size : int
        k, the number of examples in a batch, from 1 to m.
    eta : float
        η, the learning rate, above 0; ηα/m is at most 1.
    l2 : float or L2, optional
        α of equations (27) and (29), at least 0. Default 0.
    rng : int or numpy.random.Generator, optional
        Seed, or a generator, which moves on. The same seed gives the same bits; None is an unpredictable seed. Default
        0.
    test : pair of array_like, optional
        x and y of examples that are only scored.
    callback : callable, optional
        Called with the `History` so far after each epoch; training stops where it returns True.
    devices : int or jax.sharding.Mesh, optional
        As for `Training`.

    Returns
    -------
    History
        The network with the parameters that were reached, and a record of every epoch.

    Raises
    ------
    InputError
        Where the arguments do not fit together.

    Warns
    -----
    RuntimeWarning
        Where training diverges; the history has the last network for which all was finite.

    Examples
    --------
    >>> import minibp
    >>> digits = minibp.data.data_set("digits")
    >>> network = minibp.Network.random([64, 30, 10], rng=0)
    >>> settings = dict(cost="cross_entropy", epochs=5, batch_size=10, eta=0.5, test=digits.test)
    >>> history = minibp.train(network, digits.train.x, digits.train.y, **settings)
    >>> history.outcome, len(history.epochs), history.epochs[-1].test.accuracy > 0.8
    ('finished', 5, True)
    """
    training = Training(
        network, x, y, cost=cost, batch_size=batch_size, eta=eta, l2=l2, rng=rng, test=test, devices=devices
    )
    history = training.run(epochs, callback)
    if history.outcome == DIVERGED:
        warnings.warn(history.message, RuntimeWarning, stacklevel=2)
    return history


def _mover(network: Network, given: Settings) -> Mover:
    """A copy of the parameters that moves."""
    if given.mesh is not None:
        return ShardedStep(network, given.cost, given.mesh, eta=given.eta, decay=given.decay)
    if given.form == "batched":
        return BatchStep(network, given.cost, given.batch_size, eta=given.eta, decay=given.decay)
    return ExampleStep(network, given.cost, eta=given.eta, decay=given.decay)


def _what_is_not_finite(epoch: Epoch) -> str:
    if not math.isfinite(epoch.cost):
        return f"the cost is {epoch.cost}"
    return "the norm of a layer's parameters is not finite"


def _epochs(reached: Reached) -> str:
    return counted(len(reached.epochs), "epoch")
