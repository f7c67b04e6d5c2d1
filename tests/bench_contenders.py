"""Contenders that go wrong in every way there is, for worker processes to load."""

import atexit
import inspect
import os
import sys
import time

import numpy as np

from minibp import batched
from minibp.bench import forms
from minibp.bench.equality import distance
from minibp.bench.forms import Prepared


def wrong(problem):
    """One entry is off by one part in a thousand."""

    def call():
        gradient = batched.backprop(problem.network, problem.cost, problem.x, problem.y).gradient
        nabla_b = [b.copy() for b in gradient.nabla_b]
        nabla_b[0][0] *= 1 + 1e-3
        return gradient._replace(nabla_b=tuple(nabla_b))

    return Prepared(call, lambda gradient: distance(problem, gradient))


def not_finite(problem):
    return Prepared(lambda: None, lambda result: float("inf"))


def raising(problem):
    raise ValueError("it does not like this\nproblem")


def dying(problem):
    print("a last word", file=sys.stderr, flush=True)
    os._exit(3)


def killed(problem):
    os.kill(os.getpid(), 9)


def hanging(problem):
    time.sleep(60)


def dying_when_timed(problem):
    """Right when it is compared, gone in its first block."""
    right = forms.batched(problem)

    def call():
        if any(frame.function == "block" for frame in inspect.stack()):
            os._exit(3)
        return right.call()

    return Prepared(call, right.error)


def slow(problem):
    """Right, after a while."""
    right = forms.batched(problem)

    def call():
        time.sleep(0.05)
        return right.call()

    return Prepared(call, right.error)


SPIN_SECONDS = 0.02


def spinning(problem):
    """Right, after so much work of a core."""
    right = forms.batched(problem)

    def call():
        start = time.process_time()
        while time.process_time() - start < SPIN_SECONDS:
            pass
        return right.call()

    return Prepared(call, right.error)


def talking(problem):
    """Right, and prints where answers go."""
    print("this is not an answer")
    return forms.batched(problem)


def lingering(problem):
    """Right, and does not let its process end."""
    atexit.register(time.sleep, 60)
    return forms.batched(problem)


def strange_error(problem):
    """Right, with a distance that is no number of Python's."""
    return Prepared(forms.batched(problem).call, lambda result: np.float32(0.5))
