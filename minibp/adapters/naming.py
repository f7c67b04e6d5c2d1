"""The arrays that a user names, by paths or by patterns of them, and what a user says of their layout."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, takewhile
from typing import Any

from minibp.adapters.held import Held, Path, Place, at, numbers_of, parsed, text_of
from minibp.arrays import InputError

Names = str | tuple[str, ...] | None
FIRSTS = (1, 0, 2)
"""The numbers that a pattern may begin with."""


@dataclass(frozen=True)
class Naming:
    """Patterns or lists of paths, None for what is to be found; and the layout, None for what shapes say."""

    weights: Names = None
    biases: Names = None
    nabla_w: Names = None
    nabla_b: Names = None
    transposed: bool | None = None
    bias_first: bool | None = None

    @classmethod
    def checked(cls, transposed: Any, bias_first: Any, **names: Any) -> Naming:
        """The options of the adapter, or one `InputError`."""
        for name, value in {"transposed": transposed, "bias_first": bias_first}.items():
            if value is not None and not isinstance(value, bool):
                raise InputError(f"{name} is {value!r}, expected True, False or None")
        return cls(
            transposed=transposed, bias_first=bias_first, **{name: _checked(name, names[name]) for name in names}
        )


def _checked(name: str, given: Any) -> Names:
    if given is None:
        return None
    several: list[Any] = [given] if isinstance(given, str) else [*given] if isinstance(given, Iterable) else [None]
    if not all(isinstance(one, str) and one for one in several):
        raise InputError(f"{name} is {given!r}, expected a pattern such as 'W{{}}', or a list of paths, one a layer")
    for one in several:
        parsed(name, one.replace("{}", "1"), one)
    return given if isinstance(given, str) else tuple(several)


def named(name: str, given: str | tuple[str, ...], holder: Any, held: Sequence[Held], layers: int | None) -> list[Held]:
    """The arrays of a pattern or of a list of paths, in the order of the layers; `InputError` where they are not."""
    if isinstance(given, tuple):
        found = [_array(name, parsed(name, one), holder, held) for one in given]
    elif "{}" in given:
        found = _numbered(name, given, holder, held, layers)
    else:
        found = _entries(name, parsed(name, given), holder, held)
    if layers is not None and len(found) != layers:
        raise InputError(f"{name} is {given!r}, which names {len(found)} arrays, expected {layers}, one a layer")
    return found


def _numbered(name: str, pattern: str, holder: Any, held: Sequence[Held], layers: int | None) -> list[Held]:
    """The arrays of a pattern, from the number that as many follow as there are layers."""
    runs = []
    for first in FIRSTS:
        paths = (parsed(name, pattern.replace("{}", str(i))) for i in count(first))
        runs.append(
            [_array(name, path, holder, held) for path in takewhile(lambda path: _is_there(holder, path), paths)]
        )
    if not any(runs):
        raise InputError(f"{name} is {pattern!r}, and there is no {parsed_text(name, pattern)}")
    return next((run for run in runs if len(run) == layers), max(runs, key=len))


def parsed_text(name: str, pattern: str) -> str:
    """The first two paths that a pattern could mean, as text."""
    return " and no ".join(text_of(parsed(name, pattern.replace("{}", str(i)))) for i in (0, 1))


def _is_there(holder: Any, path: Path) -> bool:
    try:
        return numbers_of(at(holder, path)) is not None
    except LookupError:
        return False


def _entries(name: str, path: Path, holder: Any, held: Sequence[Held]) -> list[Held]:
    """The one array at a path, or those in the list or dict at it."""
    try:
        value = at(holder, path)
    except LookupError as error:
        raise InputError(f"{name}: there is no {error}") from None
    keys: Iterable[Any] = (
        value if isinstance(value, Mapping) else range(len(value)) if isinstance(value, list | tuple) else ()
    )
    if numbers_of(value) is not None or not keys:
        return [_array(name, path, holder, held)]
    return [_array(name, (*path, type(path[0])(False, key)), holder, held) for key in keys]


def _array(name: str, path: Path, holder: Any, held: Sequence[Held]) -> Held:
    """The array at a path, with the other paths that lead to it."""
    try:
        array = numbers_of(at(holder, path))
    except LookupError as error:
        raise InputError(f"{name}: there is no {error}") from None
    if array is None:
        raise InputError(f"{name}: {text_of(path)} is a {type(at(holder, path)).__name__}, expected an array")
    others = next((one.place.paths for one in held if path in one.place.paths), ())
    return Held(Place((path, *(other for other in others if other != path))), array)
