"""The arguments that a function is checked at, and what a claim about its derivatives has to look like."""

from __future__ import annotations

import inspect
import reprlib
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from minibp.arrays import Array, InputError
from minibp.check.grad.structure import Structure
from minibp.check.grad.watch import call
from minibp.foreign import (
    Unreadable,
    as_numpy,
    is_jax,
    is_key,
    numpy_hint,
    reject_other_libraries,
    type_of,
)
from minibp.trees import DEEPEST, children_of, is_numbers
from minibp.user_error import description_of, place_of

EXPECTED = "expected an array, a number, or a tuple, list or dict of them"


class Breach(Exception):
    """A result that breaks the contract of what is checked; the message says what was got and what was expected."""


class Misuse(Breach):
    """A function that cannot be checked at all: it raises at the point, or what it returns is of no use."""


class Arguments:
    """The point of a check: what a function is called with, as one row of real numbers.

    Parameters
    ----------
    f : callable
        The function that they are for. Its signature names them, and says whether a list is one argument.
    x : any
        A tuple of arguments, or the only one.
    name : str
        What the only argument is called.
    named : bool
        Whether arguments are called by the names that f has for them.
    whole : frozenset of str
        The arguments whose integers are differentiated by too, as float64; by default where there are no other numbers.
    wrt : tuple of str or int, optional
        Names or positions of those that are differentiated by; the others are passed on.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        x: Any,
        name: str = "x",
        *,
        named: bool = False,
        whole: frozenset[str] | None = None,
        wrt: tuple[str | int, ...] | None = None,
    ) -> None:
        self.several = isinstance(x, tuple) and not hasattr(x, "_fields")
        if isinstance(x, list) and not is_numbers(x) and len(x) > 1 and len(x) == _positional(f):
            self.several, x = True, tuple(x)
        if self.several and not x:
            raise InputError("x is an empty tuple, expected at least one array")
        self.values: tuple[Any, ...] = x if self.several else (x,)
        self.notes: list[str] = []
        self.names = names_of_arguments(f if named else None, len(self.values), name, several=self.several)
        self._own_names = names_of_arguments(f, len(self.values), name, several=self.several)
        roots = list(zip(self.names, self.values, strict=True))
        for label, value in roots:
            _check_container(label, value, label, 0)
        self._held = self._held_of(wrt, _names(f))
        reals = any(_is_real(leaf.value) for leaf in Structure(roots, lambda *_: None).leaves)
        self.integers: set[str] = set()
        self._reals, self._whole_ones = reals, whole or frozenset()
        self.structure = Structure(roots, self._reading)
        if not len(self.structure):
            only = self.structure.leaves[0].value if len(self.structure.leaves) == 1 else None
            got = "has no real numbers" if only is None else f"is a {type_of(only)}"
            got = f"has dtype {only.dtype}" if isinstance(only, np.ndarray) else got
            raise InputError(f"{self.structure.leaves[0].name if only is not None else name} {got}, {EXPECTED}")
        self.structure.share()
        self.flat = self.structure.flat
        self.movable = np.isfinite(self.flat)
        """Entries that can be moved: infinite ones, as in the masks of attention, are held."""
        held = int((~self.movable).sum())
        if held == len(self.flat) or np.isnan(self.flat).any():
            k = int(np.flatnonzero(~self.movable)[0])
            label, at, _ = self.structure.place(k)
            raise InputError(f"{label} has the value {self.flat[k]} at {list(at)}, expected finite numbers")
        if held:
            self.notes.append(f"{held} infinite {'entry is' if held == 1 else 'entries are'} held as given")
        self.scale = self._scales()
        """How large each entry is: |x| or, where that is 0, what is usual in its array, at most 1."""

    def as_f_has_it(self, leaf: str) -> str:
        """The name of a leaf as f calls its argument: params['w'], of what is x['w'] or x[0]['w'] by position."""
        for name, own in zip(self.names, self._own_names, strict=True):
            if leaf.startswith(name):
                return own + leaf.removeprefix(name)
        return leaf

    @cached_property
    def tied_at_the_end(self) -> Array:
        """True of the largest numbers there are where several are equal: a maximum, or an order, may change there.

        Differences, which would see the kink, cannot move such an entry to both sides.
        """
        ends = np.abs(self.flat) == np.finfo(np.float64).max
        values, counts = np.unique(self.flat[ends], return_counts=True)
        return np.asarray(ends & np.isin(self.flat, values[counts > 1]))

    def _held_of(self, wrt: tuple[str | int, ...] | None, own: list[str]) -> frozenset[str]:
        """The arguments that are passed on since they are none of those asked for."""
        if wrt is None:
            return frozenset()
        count = len(self.values)
        names = dict(zip(own, range(count), strict=False)) | {name: i for i, name in enumerate(self.names)}
        chosen = set()
        for one in wrt:
            at = names.get(one, -1) if isinstance(one, str) else one
            if one is True or one is False or at not in range(count):
                known = ", ".join([*names, *map(str, range(count))])
                raise InputError(f"wrt has {one!r}, expected some of {known}")
            chosen.add(self.names[at])
        if not chosen:
            raise InputError("wrt is empty, expected names or positions of arguments")
        return frozenset(self.names) - chosen

    def __len__(self) -> int:
        return len(self.flat)

    def _reading(self, label: str, value: Any) -> Array | None:
        """The array of a leaf that is differentiated by; None of one that is passed on."""
        reject_other_libraries(label, value)
        if any(label == name or label.startswith((f"{name}[", f"{name}.")) for name in self._held):
            return None
        if isinstance(value, np.ma.MaskedArray):
            raise InputError(f"{label} is a masked array, expected every entry to count")
        if value is None or isinstance(value, str | bytes | bool | np.bool) or callable(value) or is_key(value):
            return None
        try:
            array = np.asarray(value)
        except Exception as error:
            raise InputError(_unreadable(label, value)) from error
        if array.dtype.kind in "iu":
            if self._reals and label not in self._whole_ones:
                return None
            self.integers.add(label)
            self.notes.append(f"{label} has integers, taken as float64")
            array = _as_float(label, array)
        if array.dtype.kind == "b":
            return None
        _check_array(label, value, array)
        if is_jax(value):
            self.notes.append(f"{label} is an array of JAX; f and grad get NumPy arrays")
        return array.astype(array.dtype.newbyteorder("="))

    def _scales(self) -> Array:
        found = np.empty(len(self))
        for _, part in self.structure.parts():
            size = np.abs(np.where(self.movable[part], self.flat[part], 0.0))
            with np.errstate(over="ignore"):  # the mean of the two in the middle
                usual = min(float(np.median(size[size > 0])), 1.0) if size.any() else 1.0
            found[part] = np.where(size > 0, size, usual)
        return found

    def at(self, flat: Array, dtype: Any = None, made: Callable[[Any], Any] | None = None) -> list[Any]:
        """The arguments at another point: fresh arrays, or what `made` makes of them."""
        if self._has_negative_zeros:
            flat = self._with_negative_zeros(flat)
        leaves = self.structure.unpacked(flat, dtype)
        return self.structure.built(leaves if made is None else [made(leaf) for leaf in leaves])

    @cached_property
    def _has_negative_zeros(self) -> bool:
        return bool(self._negative_zeros.any())

    @cached_property
    def _negative_zeros(self) -> Array:
        return np.asarray((self.flat == 0) & np.signbit(self.flat))

    def _with_negative_zeros(self, flat: Array) -> Array:
        """A row in which what is −0 in x is −0 where it was not moved: adding a step of 0 loses the sign."""
        lost = (flat == 0) & self._negative_zeros
        return np.where(lost, -flat.dtype.type(0), flat) if lost.any() else flat

    def place(self, k: int) -> tuple[str, tuple[int, ...], str]:
        """The array of entry k of the row, its index there, and "", ".real" or ".imag"."""
        return self.structure.place(k)

    def shown(self) -> str:
        """The arguments, shortened, for messages."""
        shown = [_plain(value) for value in self.values]
        return reprlib.repr(tuple(shown) if self.several else shown[0])

    def called(self, name: str, function: Callable[..., Any], *more: Any) -> Any:
        """The result of `function` at the point; `Misuse` where it raises, `Breach` where it modifies what it got."""
        leaves = self.structure.unpacked(self.flat)
        try:
            with call(f"{name}, called at x,", of_f=False, first=True):
                result = function(*self.structure.built(leaves), *more)
        except Exception as error:
            place = place_of(error)
            raise Misuse(
                f"{name} raised {description_of(error)}, at x = {self.shown()}"
                f"{f' ({place})' if place else ''}{numpy_hint(error)}"
            ) from error
        for leaf, given in zip(self.structure.leaves, leaves, strict=True):
            own = leaf.value if leaf.array is None else leaf.array
            if isinstance(own, np.ndarray) and not np.array_equal(given, own, equal_nan=own.dtype.kind in "fc"):
                raise Breach(f"{name} changed its argument in place, expected it to be left as it is")
        return result


def _check_array(label: str, value: Any, array: Array) -> None:
    """Raise `InputError` where an array has nothing to differentiate by."""
    if array.dtype.kind == "O" and not isinstance(value, np.ndarray):
        raise InputError(_unreadable(label, value))
    if array.dtype.name not in {"float64", "float32", "complex128", "complex64"}:
        raise InputError(f"{label} has dtype {array.dtype}, expected float64 or float32")
    if not array.size:
        raise InputError(f"{label} has shape {array.shape}, expected at least one entry along every dimension")


def _names(f: Callable[..., Any]) -> list[str]:
    """The names of the positional parameters of a function."""
    try:
        parameters = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):
        return []
    return [one.name for one in parameters if one.kind in {one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD}]


def names_of_arguments(f: Any, count: int, name: str = "x", *, several: bool) -> list[str]:
    """What arguments are called: as f calls them where it is given and has names for all, else x[0], x[1] and so on."""
    own = [] if f is None else _names(f)
    rest = "" if f is None else _name_of_rest(f)
    if rest and len(own) < count:
        own += [f"{rest}[{i}]" for i in range(count - len(own))]
    if len(own) >= count:
        return own[:count]
    return [f"{name}[{i}]" for i in range(count)] if several else [name]


def _name_of_rest(f: Callable[..., Any]) -> str:
    """The name that a function has for all other positional arguments; "" where it takes no others."""
    try:
        parameters = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):
        return ""
    return next((one.name for one in parameters if one.kind is one.VAR_POSITIONAL), "")


def _positional(f: Callable[..., Any]) -> int:
    """The number of positional arguments that a function needs; -1 where that cannot be told."""
    try:
        parameters = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):
        return -1
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(one.kind in kinds and one.default is one.empty for one in parameters)


def _is_real(value: Any) -> bool:
    """True of a leaf that has real or complex numbers that are no integers."""
    if isinstance(value, float | complex):
        return True
    if is_key(value):
        return False
    if isinstance(value, list):
        return any(map(_is_real, value))
    return getattr(getattr(value, "dtype", None), "kind", "") in {"f", "c"} or is_jax(value)


def _check_container(label: str, value: Any, root: str, depth: int) -> None:
    """Raise `InputError` where containers are nested without end, or a list of numbers is no array."""
    if depth > DEEPEST:
        raise InputError(f"{root} is nested more than {DEEPEST} deep, {EXPECTED}")
    if is_numbers(value) or isinstance(value, np.ndarray):
        if isinstance(value, list):
            _check_rows(label, value)
        return
    parts = children_of(value)
    for name, entry in parts[0] if parts else ():
        _check_container(label + name, entry, root, depth + 1)


def _check_rows(label: str, value: list[Any]) -> None:
    lengths = {len(entry) if isinstance(entry, list) else -1 for entry in value}
    if len(lengths) > 1:
        raise InputError(f"{label} is a list of rows of different lengths, {EXPECTED}")
    for entry in value:
        if isinstance(entry, list):
            _check_rows(label, entry)


def _unreadable(label: str, value: Any) -> str:
    if isinstance(value, int):
        return f"{label} is an integer too large for float64"
    if isinstance(value, list):
        return f"{label} is a list with an integer too large for float64"
    return f"{label} is a {type_of(value)}, {EXPECTED}"


def _as_float(label: str, array: Array) -> Array:
    """Integers as float64, which has to hold each of them exactly."""
    converted: Array = array.astype(np.float64)
    # All below 2^53 in size are held; what 2^53 + 1 becomes is 2^53.
    for k in np.flatnonzero(np.abs(converted) >= 2.0**53):
        if int(array.flat[k]) != int(converted.flat[k]):
            raise InputError(f"{label} has the integer {array.flat[k]}, which float64 cannot hold exactly")
    return converted


def _plain(value: Any) -> Any:
    try:
        return as_numpy(value)[0].tolist()
    except Unreadable:
        return value
