"""Pictures of digits: 1,797 that come with the package, and MNIST where it is at hand."""

from __future__ import annotations

import gzip
import hashlib
import math
import os
import zlib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import numpy as np

from minibp.arrays import Array, InputError, read_only

MNIST_VARIABLE = "MINIBP_MNIST_DIR"
MNIST_SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
"""Of the decompressed files."""


class Images(NamedTuple):
    """Pictures as rows of x, and their labels as one-hot rows of y; all read-only float64."""

    x: Array
    """(m, pixels), from 0 to 1."""
    y: Array
    """(m, 10)."""
    labels: Array
    """(m,), whole numbers from 0 to 9."""


@cache
def digits() -> Images:
    """The 1,797 digits of 8 × 8 pixels by Alpaydin and Kaynak (UCI, CC BY 4.0), which come with the package.

    >>> digits().x.shape, int(digits().labels[0])
    ((1797, 64), 0)
    """
    with (files("minibp") / "datasets" / "digits.npz").open("rb") as file, np.load(file) as archive:
        return _images(archive["images"] / 16.0, archive["labels"])


@cache
def mnist(part: str = "train", folder: str | os.PathLike[str] | None = None) -> Images:
    """MNIST's 60,000 "train" or 10,000 "test" digits of 28 × 28 pixels.

    They are looked for in `folder`, else in the folder that the variable MINIBP_MNIST_DIR names, as IDX files,
    gzipped or not. Raises `FileNotFoundError` where they are not, `InputError` where their bytes are not MNIST's.
    """
    if part not in ("train", "test"):
        raise InputError(f"part is {part!r}, expected 'train' or 'test'")
    folder = folder or os.environ.get(MNIST_VARIABLE)
    if not folder:
        raise FileNotFoundError(f"MNIST is not at hand: set {MNIST_VARIABLE} to a folder with its four IDX files")
    stem = "train" if part == "train" else "t10k"
    images = _mnist_file(Path(folder), f"{stem}-images-idx3-ubyte")
    labels = _mnist_file(Path(folder), f"{stem}-labels-idx1-ubyte")
    return _images(images.reshape(len(images), -1) / 255.0, labels)


def _images(x: Array, labels: Array) -> Images:
    whole = labels.astype(np.int64)
    return Images(read_only(x), read_only(np.eye(10)[whole]), read_only(whole))


def _mnist_file(folder: Path, name: str) -> Array:
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            break
    else:
        raise FileNotFoundError(f"there is no {name} or {name}.gz in {folder}")
    content = _content(path)
    if hashlib.sha256(content).hexdigest() != MNIST_SHA256[name]:
        raise InputError(f"{path} does not hold the bytes of MNIST's {name}: its checksum is another")
    return parse_idx(content, str(path))


def _content(path: Path) -> bytes:
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
