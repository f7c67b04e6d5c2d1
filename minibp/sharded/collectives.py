"""What a compiled program communicates, read from its text."""

from __future__ import annotations

import math
import re
from typing import Any, NamedTuple

from minibp.arrays import InputError

KINDS = ("all-reduce", "all-gather", "reduce-scatter", "all-to-all", "collective-permute", "collective-broadcast")
BITS = {"pred": 8, "bf16": 16} | {f"{kind}{bits}": bits for kind in "fsu" for bits in (8, 16, 32, 64)}
_OPERATION = re.compile(rf"= (?P<shapes>.*?) (?P<kind>{'|'.join(KINDS)})(?P<start>-start)?\(")
_SHAPE = re.compile(r"\b(?P<dtype>[a-z]+\d*)\[(?P<sizes>[\d,]*)\]")
_OPERANDS_TOO = ("all-gather", "collective-permute")
"""The result of the start of these has the operands before the results."""


class Collective(NamedTuple):
    """One operation in which devices exchange data.

    Attributes
    ----------
    kind : str
        "all-reduce", "all-gather" and so on, by XLA's names.
    shapes : tuple of tuple of int
        Shapes of the arrays that each device has after it.
    n_bytes : int
        Bytes of these arrays together.

    Examples
    --------
    >>> import minibp
    >>> minibp.sharded.Collective("all-reduce", ((30, 784), (30,)), 188400).n_bytes
    188400
    """

    kind: str
    shapes: tuple[tuple[int, ...], ...]
    n_bytes: int


def collectives(compiled: Any) -> list[Collective]:
    """The operations of a compiled program in which devices exchange data, in the order of its text.

    Parameters
    ----------
    compiled : jax.stages.Compiled or str
        From `ShardedGradient.compiled`, from any `jax.jit(f).lower(...).compile()`, or its text, XLA's HLO.

    Returns
    -------
    list of Collective
        None on one device.

    Raises
    ------
    InputError
        For anything else.

    Examples
    --------
    >>> import minibp
    >>> text = "%all-reduce = (f32[30,784]{1,0}, f32[30]{0}) all-reduce(%dot, %sum), channel_id=1"
    >>> minibp.sharded.collectives(text)
    [Collective(kind='all-reduce', shapes=((30, 784), (30,)), n_bytes=94200)]
    """
    text = compiled if isinstance(compiled, str) else getattr(compiled, "as_text", lambda: None)()
    if not isinstance(text, str):
        raise InputError(f"compiled is {compiled!r}, expected a compiled program of JAX or its text")
    found = []
    for operation in _OPERATION.finditer(text):
        arrays = [(one["dtype"], _sizes(one["sizes"])) for one in _SHAPE.finditer(operation["shapes"])]
        if operation["start"] and operation["kind"] in _OPERANDS_TOO:
            arrays = arrays[len(arrays) // 2 :]
        n_bytes = sum(BITS.get(dtype, 64) // 8 * math.prod(sizes) for dtype, sizes in arrays)
        found.append(Collective(operation["kind"], tuple(sizes for _, sizes in arrays), n_bytes))
    return found


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(int(size) for size in text.split(",") if size)
