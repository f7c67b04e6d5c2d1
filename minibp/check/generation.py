"""Generation: reproducible draws from a strategy, of problems or of points, and the smallest value that fails."""

from __future__ import annotations

import os
import random
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from random import Random
from typing import TypeVar

from hypothesis import HealthCheck, Phase, configuration, control, find, given, settings
from hypothesis import seed as seeded
from hypothesis.errors import Flaky, NoSuchExample
from hypothesis.internal.conjecture import engine, providers
from hypothesis.strategies import SearchStrategy
from platformdirs import user_cache_dir

Value = TypeVar("Value")
SHRINK_EXAMPLES = 500
_ONE_AT_A_TIME = threading.RLock()
"""While one thread draws, others wait: what is changed for a draw belongs to the whole process."""


def draw(strategy: SearchStrategy[Value], count: int, seed: int) -> list[Value]:
    """`count` values; the same seed gives the same ones.

    Hypothesis begins with the simplest of all, one neuron after another, which is left out.
    """
    drawn: list[Value] = []
    if not count:
        return drawn

    @seeded(seed)
    @settings(_settings(count + 1), phases=[Phase.generate])
    @given(strategy)
    def collect(value: Value) -> None:
        drawn.append(value)

    with _by_the_seed_alone():
        collect()
    return drawn[1:]


def smallest(
    strategy: SearchStrategy[Value], fails: Callable[[Value], bool], seed: int, tries: int = SHRINK_EXAMPLES
) -> Value | None:
    """The simplest value of a strategy that fails, as far as shrinking finds it; None where none was found."""
    try:
        with _by_the_seed_alone():
            return find(strategy, fails, settings=_settings(tries), random=Random(seed))  # noqa: S311 (no secret)
    except (NoSuchExample, Flaky):  # what fails only at times has no simplest example
        return None


@contextmanager
def _by_the_seed_alone() -> Iterator[None]:
    """Draw without a clock, and without the constants that Hypothesis collects from the modules in the user's folders.

    It mixes these into what it draws, so that a seed would give other networks once a line of the code that is checked
    has changed. What it notes on modules goes to the user's cache, and not into the working folder, where no folder
    of Hypothesis was named or used yet.
    """
    with _ONE_AT_A_TIME, ExitStack() as changes:
        if _may_random_be_moved():
            changes.callback(setattr, control, "random", random)
            vars(control)["random"] = _Unmoved
        if hasattr(providers, "_get_local_constants"):  # older versions of Hypothesis collect none
            # No setting turns it off; and what was collected for the user's own tests is remembered in the cache.
            for name, value in (("_get_local_constants", type(providers.GLOBAL_CONSTANTS)), ("CONSTANTS_CACHE", {})):
                changes.callback(setattr, providers, name, getattr(providers, name))
                setattr(providers, name, value)
        if hasattr(engine, "MAX_SHRINKING_SECONDS"):  # shrinking ends after so many tries, not after minutes
            changes.callback(setattr, engine, "MAX_SHRINKING_SECONDS", engine.MAX_SHRINKING_SECONDS)
            vars(engine)["MAX_SHRINKING_SECONDS"] = float("inf")
        named = getattr(configuration, "__hypothesis_home_directory", None) is not None
        if not named and not os.environ.get("HYPOTHESIS_STORAGE_DIRECTORY"):
            configuration.set_hypothesis_home_dir(user_cache_dir("minibp-hypothesis"))
            changes.callback(configuration.set_hypothesis_home_dir, None)
        yield


class _Unmoved:
    """What Hypothesis asks for `random`'s state, before and after each value that it draws."""

    @staticmethod
    def getstate() -> None:
        """The same at all times."""


def _may_random_be_moved() -> bool:
    """True where another thread may use `random` during a draw; then its state says nothing about the strategy.

    Hypothesis takes any change of it for a strategy's doing, and warns. Each process of Dask has a thread with an event
    loop, which estimates the sizes of collections from samples. What is drawn does not depend on `random`.
    """
    return threading.current_thread() is not threading.main_thread() or "distributed" in sys.modules


def _settings(count: int) -> settings:
    """Hypothesis as a generator: nothing is stored, nothing is timed, and no health check objects."""
    return settings(
        max_examples=count, database=None, deadline=None, suppress_health_check=list(HealthCheck), print_blob=False
    )
