"""What code returns, in whatever containers it does: added up, and with the derivatives by biases as vectors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from minibp.adapters.array_names import role_of
from minibp.adapters.held import Step, is_number
from minibp.adapters.subject import kinds_of


def numbers_in_containers(answer: Any) -> Any:
    """The answer as arrays and numbers in tuples, lists and dicts; None where it has none, or anything else."""
    cost, rest = cost_apart(answer)
    kinds = kinds_of(rest)
    if kinds is not None and _is_of_numbers(kinds):
        return (*cost, *kinds)
    return answer if _is_of_numbers(answer) and _has_array(answer) else None


def cost_apart(answer: Any) -> tuple[list[Any], Any]:
    """The cost before a gradient, if there is one, and the rest: the other parts, or the only one."""
    if isinstance(answer, tuple | list) and len(answer) > 1 and is_number(answer[0]):
        return [answer[0]], answer[1] if len(answer) == 2 else answer[1:]
    return [], answer


def each(function: Callable[..., Any], *answers: Any) -> Any:
    """What a function makes of the arrays and numbers at each place of answers that have the same places."""
    first = answers[0]
    if isinstance(first, Mapping):
        return {key: each(function, *(one[key] for one in answers)) for key in first}
    if isinstance(first, tuple | list):
        kind = tuple if isinstance(first, tuple) else list
        return kind(each(function, *parts) for parts in zip(*answers, strict=True))
    return function(*answers)


def with_vectors(answer: Any) -> Any:
    """The answer with derivatives by biases of shape (n, 1) as (n,)."""
    if isinstance(answer, Mapping):
        of_biases = [key for key in answer if role_of((Step(False, key),)) == "biases"]
        return {key: each(_vector, part) if key in of_biases else part for key, part in answer.items()}
    cost, rest = cost_apart(answer)
    kinds = kinds_of(rest)
    if kinds is None:
        return (*cost, with_vectors(rest)) if cost and isinstance(rest, Mapping) else answer
    return (*cost, kinds[0], [_vector(array) for array in kinds[1]])


def _has_array(answer: Any) -> bool:
    if isinstance(answer, Mapping):
        return any(map(_has_array, answer.values()))
    if isinstance(answer, tuple | list):
        return any(map(_has_array, answer))
    return np.ndim(answer) > 0


def _is_of_numbers(answer: Any) -> bool:
    if isinstance(answer, Mapping):
        return bool(answer) and all(map(_is_of_numbers, answer.values()))
    if isinstance(answer, tuple | list):
        return all(map(_is_of_numbers, answer))
    try:
        return np.asarray(answer).dtype.kind in "fiu"
    except (TypeError, ValueError):
        return False


def _vector(array: Any) -> Any:
    found = np.asarray(array)
    return found[:, 0] if found.ndim == 2 and found.shape[1] == 1 else array
