"""IDX files of unsigned bytes, the format of MNIST, gzipped or not."""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path

import numpy as np

from minibp.arrays import Array, InputError

MAGIC = b"\x00\x00\x08"
"""With what files of unsigned bytes begin; the number of axes follows, and then their lengths, four bytes each."""
MOST_AXES = 8
MOST_IDX_BYTES = 1 << 30
"""More is not read: a small gzipped file can announce, and hold, far more than there is memory."""


def content_of(path: Path) -> bytes:
    """The bytes of a file, decompressed where it is gzipped; of what is longer than its header says, one byte more.

    Raises `InputError` for a gzip file that is not whole.
    """
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    try:
        with gzip.open(path) if packed else path.open("rb") as file:
            start = file.read(4)
            start += file.read(4 * _axes(start))
            size = math.prod(_shape(start))
            if size > MOST_IDX_BYTES:
                raise InputError(f"{path} announces {size} bytes, expected at most {MOST_IDX_BYTES}")
            return start + file.read(size + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"{path} is not a whole gzip file: {error}") from None


def parse_idx(content: bytes, name: str) -> Array:
    """An IDX file of unsigned bytes as an array; `name` is what messages call it.

    >>> parse_idx(bytes([0, 0, 8, 1, 0, 0, 0, 2, 7, 9]), "labels").tolist()
    [7, 9]
    """
    axes, shape = _axes(content), _shape(content)
    if not axes:
        raise InputError(f"{name} is not an IDX file of unsigned bytes: it starts with {content[:4].hex(' ')}")
    if len(shape) < axes:
        raise InputError(f"{name} ends within its header")
    if 0 in shape:
        raise InputError(f"{name} has shape {shape}, expected at least one entry along every axis")
    data = content[4 + 4 * axes :]
    if len(data) != math.prod(shape):
        size = f"{len(data)}" if len(data) < math.prod(shape) else "more"
        raise InputError(f"{name} has {size} bytes of data, its header announces {math.prod(shape)}")
    return np.frombuffer(data, np.uint8).reshape(shape)


def _axes(content: bytes) -> int:
    """The number of axes; 0 where this is no IDX file of unsigned bytes."""
    return content[3] if len(content) >= 4 and content[:3] == MAGIC and content[3] <= MOST_AXES else 0


def _shape(content: bytes) -> tuple[int, ...]:
    """The lengths of the axes, as far as the header goes."""
    ends = range(8, min(len(content), 4 + 4 * _axes(content)) + 1, 4)
    return tuple(int.from_bytes(content[end - 4 : end], "big") for end in ends)
