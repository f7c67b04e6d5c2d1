"""The record of training: scores and norms of each epoch, the outcome, and the parameters reached."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from minibp.costs import L2
from minibp.network import Network
from minibp.training.scores import Score
from minibp.vectors import norm

RUNNING, FINISHED, STOPPED, INTERRUPTED, DIVERGED = "running", "finished", "stopped", "interrupted", "diverged"


class Epoch(NamedTuple):
    """The network's scores and norms after one epoch.

    Attributes
    ----------
    number : int
        From 1 on; 0 is before the first epoch.
    train : Score
        Mean cost, without L2, and correct answers on the examples to train with.
    test : Score or None
        The same on those to test with, if there are any.
    penalty : float
        α/(2m) Σ w², by which C of (27) is more than `train.cost`; m is the size of the training set.
    norm_w : tuple of float
        ‖W^l‖, the root of the sum of the squares, of the layers 2..L.
    norm_b : tuple of float
        ‖b^l‖ of the layers 2..L.
    seconds : float
        Time of shuffling and of all steps, without the scores.

    Examples
    --------
    >>> import minibp
    >>> network = minibp.Network([[[2.0]]], [[2.0]])
    >>> history = minibp.train(network, [[1.0]], [[0.0]], cost="quadratic", epochs=1, batch_size=1, eta=0.5)
    >>> history.start.number, history.start.norm_w, round(history.start.cost, 3)
    (0, (2.0,), 0.482)
    """

    number: int
    train: Score
    test: Score | None
    penalty: float
    norm_w: tuple[float, ...]
    norm_b: tuple[float, ...]
    seconds: float

    @property
    def cost(self) -> float:
        """C of (27), which training makes smaller."""
        return self.train.cost + self.penalty

    @property
    def is_finite(self) -> bool:
        """True where C and all norms are finite, whatever the test score is."""
        return all(map(math.isfinite, (self.cost, *self.norm_w, *self.norm_b)))

    def to_dict(self) -> dict[str, Any]:
        """The epoch as plain data for JSON.

        Returns
        -------
        dict
            Fields by name; a test's cost that is not finite is None.
        """
        scores = {name: score and score._asdict() for name, score in (("train", self.train), ("test", self.test))}
        if scores["test"] and not math.isfinite(scores["test"]["cost"]):
            scores["test"]["cost"] = None
        return self._asdict() | scores

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Epoch:
        """The epoch that `to_dict` described, also by way of JSON.

        Parameters
        ----------
        data : dict
            The result of `to_dict`.

        Returns
        -------
        Epoch
            Equal to the one described, but that a test's cost that was not finite is NaN.
        """
        scores = {name: data[name] and _score(**data[name]) for name in ("train", "test")}
        norms = {name: tuple(map(float, data[name])) for name in ("norm_w", "norm_b")}
        return cls(**{**data, **scores, **norms})


@dataclass(frozen=True)
class History:
    """The course of training up to a point.

    Attributes
    ----------
    network : Network
        With the parameters that were reached; where it diverged, the last for which all was finite.
    start : Epoch
        Number 0: before the first step.
    epochs : tuple of Epoch
        The whole epochs, in order.
    steps : int
        Number of steps taken, also in an epoch that was not ended.
    outcome : str
        "running" (for a callback), "finished", "stopped" (by the callback), "interrupted" (by Ctrl-C) or "diverged" (C
        or a parameter is not finite, or all neurons of a layer got saturated).
    message : str
        The outcome in a sentence.

    Examples
    --------
    >>> import minibp
    >>> network = minibp.Network([[[2.0]]], [[2.0]])
    >>> history = minibp.train(network, [[1.0]], [[0.0]], cost="quadratic", epochs=2, batch_size=1, eta=0.5)
    >>> history.outcome, history.message, history.steps, len(history.epochs)
    ('finished', 'finished 2 epochs', 2, 2)
    """

    network: Network = field(repr=False)
    start: Epoch
    epochs: tuple[Epoch, ...]
    steps: int
    outcome: str
    message: str

    def to_dict(self) -> dict[str, Any]:
        """The history as plain data for JSON, without the network.

        Returns
        -------
        dict
            Outcome, message, steps, start and epochs.
        """
        return {
            "outcome": self.outcome,
            "message": self.message,
            "steps": self.steps,
            "start": self.start.to_dict(),
            "epochs": [epoch.to_dict() for epoch in self.epochs],
        }


def _score(cost: float | None, right: int | None, total: int) -> Score:
    return Score(math.nan if cost is None else float(cost), right, total)


def record(number: int, network: Network, train: Score, test: Score | None, l2: L2, *, seconds: float) -> Epoch:
    """The record of a network with its scores; `l2` is that of (27)."""
    with np.errstate(all="ignore"):
        penalty = float(l2.value(network.weights, train.total))
        norm_w, norm_b = (tuple(map(norm, kind)) for kind in (network.weights, network.biases))
    return Epoch(number, train, test, penalty, norm_w, norm_b, seconds)
