"""The subject that every adapter returns, and the functions that several adapters share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from minibp.arrays import Array, InputError, checked_count
from minibp.signatures import name_of_code

Arrays = Sequence[Array]
Sizes = tuple[int, ...]


class Alternative(NamedTuple):
    """Another subject of the same code, and what to say where that is the correct one."""

    words: str
    subject: Subject


@dataclass(frozen=True)
class Subject:
    """A callable that a check can take, with the sizes that it can be called for.

    Takes weights (n_l, n_{l-1}), biases (n_l,), x (m, n_1) and y (m, n_L) of one dtype, float64 or float32, and returns
    (nabla_w, nabla_b), shaped like weights and biases.

    Attributes
    ----------
    call : callable
        The code, as a function of (weights, biases, x, y).
    __name__ : str
        Its name in reports.
    sizes : tuple of tuples of int or None
        The n_1, …, n_L to call it for; None, the default, for any.
    batch_sizes : tuple of int or None
        The numbers of examples m to call it for; None, the default, for any.
    rate : float or None
        η where derivatives are read from the parameters before and after a step, as (w − w')/η; None, the default,
        where the code returns them.
    notes : tuple of str
        Sentences for reports: what an adapter found in the code. Default ().
    has_unknown_rate : bool
        True where steps of an unknown η are given in place of derivatives. Default False.
    alternatives : tuple of Alternative
        Other subjects of the same code, to try where this one is wrong. Default ().

    Notes
    -----
    It can be pickled where its code can. An error in the code's result (a shape, a dtype, the number of arrays) is
    handed on as it is, for the check to see.

    Examples
    --------
    >>> from minibp import adapters
    >>> adapters.flat(lambda theta, x, y: 2 * theta, sizes=(2, 1)).sizes
    ((2, 1),)
    """

    call: Callable[[Arrays, Arrays, Array, Array], Any]
    __name__: str
    sizes: tuple[Sizes, ...] | None = None
    batch_sizes: tuple[int, ...] | None = None
    rate: float | None = None
    notes: tuple[str, ...] = ()
    has_unknown_rate: bool = False
    alternatives: tuple[Alternative, ...] = ()

    def __call__(self, weights: Arrays, biases: Arrays, x: Array, y: Array) -> Any:
        return self.call(weights, biases, x, y)


def around(code: Callable[..., Any], call: Callable[..., Any], rate: float | None = None) -> Subject:
    """A subject that calls code in another way, with what the code says of itself where it is a subject too."""
    name = name_of_code(code)
    own = code if isinstance(code, Subject) else Subject(call, name)
    return Subject(call, name, own.sizes, own.batch_sizes, rate or own.rate, own.notes, own.has_unknown_rate)


def needed(library: str, what: str, command: str) -> Any:
    """A library that only this part of minibp needs; `ModuleNotFoundError` with the command that installs it."""
    try:
        return import_module(library)
    except ModuleNotFoundError as error:
        message = f"minibp.{what} needs {error.name}, which is not installed: {command}"
        raise ModuleNotFoundError(message, name=error.name) from None


def kinds_of(answer: Any) -> tuple[list[Array], list[Array]] | None:
    """The answer as two lists of arrays; None where it is something else."""
    try:
        nabla_w, nabla_b = ([np.asarray(array) for array in kind] for kind in answer)
    except (TypeError, ValueError):
        return None
    return nabla_w, nabla_b


def sizes_of(weights: Sequence[Any]) -> Sizes:
    """(n_1, …, n_L)."""
    return int(weights[0].shape[1]), *(int(w.shape[0]) for w in weights)


def checked_counts(name: str, given: Sequence[int]) -> tuple[int, ...]:
    """The numbers given, all of them counts."""
    return tuple(checked_count(f"{name}[{i}]", n) for i, n in enumerate(given))


def expect_sizes(own: Sizes, asked: Sizes) -> None:
    """Reject a network of other sizes than the code is for."""
    if own != asked:
        raise InputError(f"the network's sizes are {asked}, the code is for {own}")
