"""Makers of models: classes and functions, and the ways in which they take sizes; or one object, which is copied."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import Any

from minibp.adapters.held import arrays_in, at
from minibp.adapters.subject import Sizes
from minibp.arrays import InputError
from minibp.signatures import can_take, name_of_code
from minibp.user_error import description_of

WAYS: dict[str, Callable[[Sizes], tuple[Any, ...]]] = {
    "list": lambda sizes: ([*sizes],),
    "numbers": lambda sizes: sizes,
    "hidden": lambda sizes: (sizes[0], [*sizes[1:-1]], sizes[-1]),
    "own": lambda _: (),
}
"""The arguments that a maker takes: one list, a number a layer, the hidden layers as a list, or none."""


@dataclass(frozen=True)
class Maker:
    """A class or a function that makes a model anew for each call."""

    make: Callable[..., Any]
    way: str

    def model(self, sizes: Sizes) -> Any:
        """A new model; `InputError` where the maker raises."""
        arguments = WAYS[self.way](sizes)
        try:
            return self.make(*arguments)
        except Exception as error:
            called = f"{name_of_code(self.make)}({', '.join(map(str, arguments))})"
            raise InputError(f"make: {called} raised {description_of(error)}") from error


@dataclass(frozen=True)
class Original:
    """One object, of which each call gets a copy, so that nothing adds up from call to call."""

    original: Any

    def model(self, sizes: Sizes) -> Any:
        """A copy; `InputError` where there can be none."""
        try:
            model = deepcopy(self.original)
        except Exception as error:
            raise InputError(f"{self._expected()}, which raised {description_of(error)}") from error
        if _held_by(model) & _held_by(self.original):
            raise InputError(f"{self._expected()}, which returned the same arrays")
        return model

    def _expected(self) -> str:
        kind = type(self.original).__name__
        return (
            f"make is an instance of {kind}, expected one that is copied by copy.deepcopy, or a function that makes one"
        )


def _held_by(model: Any) -> set[int]:
    """The identities of the arrays and of the lists of numbers in a model."""
    return {id(at(model, one.place.paths[0])) for one in arrays_in(model)}


def is_maker(make: Any) -> bool:
    """True for a class or a function; for another object where it can be called and holds no arrays."""
    if inspect.isclass(make) or inspect.isroutine(make) or isinstance(make, partial):
        return True
    return callable(make) and not arrays_in(make)


def ways_of(make: Callable[..., Any], sizes: Sizes) -> list[str]:
    """The ways in which a maker can take these sizes, by its signature."""
    ways = {"list": 1, "numbers": len(sizes), "hidden": 3 if len(sizes) > 2 else -1}
    return [way for way, count in ways.items() if count > 0 and can_take(make, ["n"] * count)]


def takes_nothing(make: Callable[..., Any]) -> bool:
    """True for a maker that can be called without arguments."""
    return can_take(make, ())
