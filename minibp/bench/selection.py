"""The networks, batch sizes and dtypes that are measured in place of the fixed table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from minibp.arrays import InputError
from minibp.bench.cases import DTYPES, TableRow
from minibp.bench.machine import free_memory
from minibp.bench.units import size

SIZES = (784, 30, 10)
"""Measured where only batch sizes are chosen: the source's network for digits."""
BATCH_SIZE = 10
"""Measured where only sizes are chosen: the source's mini-batch."""
ARRAYS_OF_PARAMETERS, ARRAYS_OF_INPUTS, ARRAYS_OF_NEURONS = 8, 5, 15
"""In float64, what the forms of the package, with the bounds of their results, take at their peak: arrays of the shape
of all parameters, of x, and of all z. Measured at sizes where one of the three is nearly all, and rounded down."""
MOST_SHOWN = 40
"""Characters of an option's value in a message."""


class Selection(NamedTuple):
    """The networks and dtypes that were chosen."""

    rows: tuple[TableRow, ...] = ()
    """Measured in place of the fixed table and the sweeps; none: these are measured."""
    dtypes: tuple[str, ...] = DTYPES


def selected(
    sizes: Iterable[str] = (), batches: Iterable[str] = (), dtype: str | None = None, *, memory: int | None = None
) -> Selection:
    """Every network at every batch size, as options have them; `InputError` where they cannot be measured.

    Commas separate networks, or batch sizes; where nothing but commas stands between numbers, they separate layers.
    `memory` is in bytes, by default what is free.

    >>> [row[:2] for row in selected(["784-30-10,2-3-1"], ["10"]).rows]
    [((784, 30, 10), 10), ((2, 3, 1), 10)]
    """
    if dtype is not None and dtype not in DTYPES:
        raise InputError(f"--dtype is {_abbreviated(dtype)!r}, expected {' or '.join(DTYPES)}")
    chosen = DTYPES if dtype is None else (dtype,)
    networks = dict.fromkeys(network for text in sizes for network in _networks(text))
    numbers = dict.fromkeys(_batch(part) for text in batches for part in text.split(","))
    if not networks and not numbers:
        return Selection((), chosen)
    rows = tuple(TableRow(network, m, {}) for network in networks or [SIZES] for m in numbers or [BATCH_SIZE])
    free = free_memory() if memory is None else memory
    for row in rows:
        needed = bytes_at_peak(row.sizes, row.batch)
        if free is not None and needed > free:
            label = _abbreviated("-".join(map(str, row.sizes)))
            raise InputError(
                f"{label} with a batch of {row.batch:,} takes about {_much(needed)} of memory, {size(free)} are free"
            )
    return Selection(rows, chosen)


def bytes_at_peak(sizes: Sequence[int], batch: int) -> int:
    """The least memory that measuring the package's own forms takes, in bytes."""
    parameters = sum((below + 1) * above for below, above in pairwise(sizes))
    inputs, neurons = batch * sizes[0], batch * sum(sizes[1:])
    return 8 * (ARRAYS_OF_PARAMETERS * parameters + ARRAYS_OF_INPUTS * inputs + ARRAYS_OF_NEURONS * neurons)


def _networks(text: str) -> list[tuple[int, ...]]:
    parts = text.split(",")
    if len(parts) > 1 and not any("-" in part for part in parts):
        parts = ["-".join(part.strip() for part in parts)]
    return [_network(part.strip()) for part in parts]


def _network(text: str) -> tuple[int, ...]:
    expected = "expected neurons of two or more layers, such as 784-30-10"
    numbers = [_whole(part) for part in text.split("-")]
    if None in numbers:
        raise InputError(f"--sizes has {_abbreviated(text)!r}, {expected}")
    layers = tuple(n for n in numbers if n is not None)
    if len(layers) < 2:
        raise InputError(f"--sizes has {_abbreviated(text)!r}, which is one layer, {expected}")
    if 0 in layers:
        raise InputError(
            f"--sizes has {_abbreviated(text)!r}, with a layer of 0 neurons, expected 1 or more in every layer"
        )
    return layers


def _batch(text: str) -> int:
    number = _whole(text.strip())
    if not number:
        raise InputError(
            f"--batch has {_abbreviated(text)!r}, expected a whole number of examples, 1 or more, in at most 18 digits"
        )
    return number


def _whole(text: str) -> int | None:
    """A whole number of a length that can be computed with; None for anything else."""
    return int(text) if re.fullmatch("[0-9]{1,18}", text) else None


def _much(needed: int) -> str:
    return size(needed) if needed < 1 << 60 else "a thousand million GiB or more"


def _abbreviated(text: str) -> str:
    return text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 1]}…"
