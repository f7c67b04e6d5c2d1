"""Drawing many problems from a strategy, reproducibly, and finding the smallest that fails."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random

from hypothesis import HealthCheck, Phase, configuration, find, given, settings
from hypothesis import seed as seeded
from hypothesis.errors import Flaky, NoSuchExample
from hypothesis.strategies import SearchStrategy
from platformdirs import user_cache_dir

from minibp.problem import Problem

SHRINK_EXAMPLES = 500


def draw(strategy: SearchStrategy[Problem], count: int, seed: int) -> list[Problem]:
    """`count` problems; the same seed gives the same ones.

    Hypothesis begins with the simplest of all, one neuron after another, which is left out.
    """
    drawn: list[Problem] = []
    if not count:
        return drawn

    @seeded(seed)
    @settings(_settings(count + 1), phases=[Phase.generate])
    @given(strategy)
    def collect(problem: Problem) -> None:
        drawn.append(problem)

    with _notes_elsewhere():
        collect()
    return drawn[1:]


def smallest(strategy: SearchStrategy[Problem], fails: Callable[[Problem], bool], seed: int) -> Problem | None:
    """The simplest problem of a strategy that fails, as far as shrinking finds it; None where none was found."""
    try:
        with _notes_elsewhere():
            return find(strategy, fails, settings=_settings(SHRINK_EXAMPLES), random=Random(seed))  # noqa: S311 (no secret)
    except (NoSuchExample, Flaky):  # what fails only at times has no simplest example
        return None


@contextmanager
def _notes_elsewhere() -> Iterator[None]:
    """Keep what Hypothesis notes on the modules that it finds in the user's cache, and not in the working folder.

    Where its folder was named, or used, already, it stays that one.
    """
    own = getattr(configuration, "__hypothesis_home_directory", None)
    if own is not None or os.environ.get("HYPOTHESIS_STORAGE_DIRECTORY"):
        yield
        return
    configuration.set_hypothesis_home_dir(user_cache_dir("minibp-hypothesis"))
    try:
        yield
    finally:
        configuration.set_hypothesis_home_dir(None)


def _settings(count: int) -> settings:
    """Hypothesis as a generator: nothing is stored, nothing is timed, and no health check objects."""
    return settings(
        max_examples=count, database=None, deadline=None, suppress_health_check=list(HealthCheck), print_blob=False
    )
