"""What training leaves behind: a record of each epoch, and how and with which parameters it ended."""

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
    """The network after one epoch."""

    number: int
    """From 1 on; 0 is before the first."""
    train: Score
    """On the examples that it is trained with."""
    test: Score | None
    """On those that it is tested with, if there are any."""
    penalty: float
    """α/(2m) Σ w², by which C of (27) is more than `train.cost`; m is the size of the training set."""
    norm_w: tuple[float, ...]
    """‖W^l‖, the root of the sum of the squares, of layers 2..L."""
    norm_b: tuple[float, ...]
    """‖b^l‖ of layers 2..L."""
    seconds: float
    """Of shuffling and all steps, without the scores."""

    @property
    def cost(self) -> float:
        """C of (27), which training makes smaller."""
        return self.train.cost + self.penalty

    @property
    def is_finite(self) -> bool:
        """Whether C and all norms are. What the network makes of other examples has no part in it."""
        return all(map(math.isfinite, (self.cost, *self.norm_w, *self.norm_b)))

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it: a test's cost that is not finite is null."""
        scores = {name: score and score._asdict() for name, score in (("train", self.train), ("test", self.test))}
        if scores["test"] and not math.isfinite(scores["test"]["cost"]):
            scores["test"]["cost"] = None
        return self._asdict() | scores

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Epoch:
        """What `to_dict` made, also by way of JSON."""
        scores = {name: data[name] and _score(**data[name]) for name in ("train", "test")}
        norms = {name: tuple(map(float, data[name])) for name in ("norm_w", "norm_b")}
        return cls(**{**data, **scores, **norms})


@dataclass(frozen=True)
class History:
    """Training as far as it has come."""

    network: Network = field(repr=False)
    """With the parameters that were reached; where it diverged, the last for which all was finite."""
    start: Epoch
    """Number 0: before the first step."""
    epochs: tuple[Epoch, ...]
    """The whole epochs, in order."""
    steps: int
    """All that were taken, also those of an epoch that was not ended."""
    outcome: str
    """"running" (what a callback gets), "finished", "stopped" (by the callback), "interrupted" (by Ctrl-C) or
    "diverged" (C or a parameter is not finite, or all neurons of a layer got saturated)."""
    message: str
    """The outcome in a sentence."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it, without the network."""
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
