"""IDX files of unsigned bytes, the format of MNIST, gzipped or not."""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path

import numpy as np

from minibp.arrays import Array, InputError


def content_of(path: Path) -> bytes:
    """The bytes of a file, decompressed where it is gzipped."""
    content = path.read_bytes()
    if content[:2] != b"\x1f\x8b":
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path} is not a whole gzip file: {error}") from None


def parse_idx(content: bytes, name: str) -> Array:
    """An IDX file of unsigned bytes as an array; `name` is what messages call it.

    >>> parse_idx(bytes([0, 0, 8, 1, 0, 0, 0, 2, 7, 9]), "labels").tolist()
    [7, 9]
    """
    if len(content) < 4 or content[:3] != b"\x00\x00\x08":
        raise InputError(f"{name} is not an IDX file of unsigned bytes: it starts with {content[:4].hex(' ')}")
    n_axes = content[3]
    start = 4 + 4 * n_axes
    shape = tuple(int.from_bytes(content[at : at + 4], "big") for at in range(4, start, 4))
    if len(content) - start != math.prod(shape):
        raise InputError(f"{name} has {len(content) - start} bytes of data, its header announces {math.prod(shape)}")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
