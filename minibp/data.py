"""Pictures of digits: 1,797 that come with the package, MNIST, and any folder of IDX files like MNIST's."""

from __future__ import annotations

import os
import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import numpy as np

from minibp.arrays import Array, InputError, read_only
from minibp.files import checked_path
from minibp.idx import content_of, parse_idx
from minibp.memory import check_fits
from minibp.mnist import mnist_content, role_of

DIGITS_TO_TRAIN = 1500
"""Of the 1,797 that come with the package; the other 297 are for tests."""
ROLES = {
    (part, kind): f"{stem}-{kind}"
    for part, stem in (("train", "train"), ("test", "t10k"))
    for kind in ("images", "labels")
}
FILE_NAME = re.compile(r"(?:.*[-_.])?(train|t10k|test)-(images|labels)[-.]idx\d-ubyte(\.gz)?")


class Images(NamedTuple):
    """Pictures as rows of x, and their labels as one-hot rows of y; all read-only float64."""

    x: Array
    """(m, pixels), from 0 to 1."""
    y: Array
    """(m, classes)."""
    labels: Array
    """(m,), whole numbers from 0 on."""


class DataSet(NamedTuple):
    """Pictures to train with and others to test with."""

    train: Images
    test: Images

    def without_examples(self) -> list[int]:
        """The classes of which there is no picture to train with."""
        there = np.zeros(self.train.y.shape[1], bool)
        there[self.train.labels] = True
        return np.flatnonzero(~there).tolist()


@cache
def digits() -> Images:
    """The 1,797 digits of 8 × 8 pixels by Alpaydin and Kaynak (UCI, CC BY 4.0), which come with the package.

    >>> digits().x.shape, int(digits().labels[0])
    ((1797, 64), 0)
    """
    with (files("minibp") / "datasets" / "digits.npz").open("rb") as file, np.load(file) as archive:
        return _images(archive["images"] / 16.0, archive["labels"], 10)


@cache
def mnist(part: str = "train", folder: str | os.PathLike[str] | None = None, *, download: bool = False) -> Images:
    """MNIST's 60,000 "train" or 10,000 "test" digits of 28 × 28 pixels, from IDX files, gzipped or not.

    They are looked for in `folder`, where one is given. Else in the folder that the variable MINIBP_MNIST_DIR names,
    then in the cache; where they are in neither and `download` is True, they are fetched from a public mirror. Raises
    `FileNotFoundError` where they are not to be had, `InputError` where their bytes are not MNIST's.
    """
    if part not in ("train", "test"):
        raise InputError(f"part is {part!r}, expected 'train' or 'test'")
    if folder is not None:
        folder = checked_path(folder)
    images, labels = (
        parse_idx(mnist_content(f"{ROLES[part, kind]}-idx{axes}-ubyte", folder, download=download), kind)
        for kind, axes in (("images", 3), ("labels", 1))
    )
    return _images(images.reshape(len(images), -1) / 255.0, labels, 10)


def data_set(name: str | os.PathLike[str], *, download: bool = False) -> DataSet:
    """The pictures of "digits", of "mnist", or of a folder with four IDX files: see `mnist` and `folder`.

    The first 1,500 of the digits are to train with, the other 297 to test with.

    >>> [len(images.x) for images in data_set("digits")]
    [1500, 297]
    """
    if name == "digits":
        parts = slice(DIGITS_TO_TRAIN), slice(DIGITS_TO_TRAIN, None)
        return DataSet(*(Images(*(array[part] for array in digits())) for part in parts))
    if name == "mnist":
        return DataSet(mnist("train", download=download), mnist("test", download=download))
    return folder(name)


def folder(path: str | os.PathLike[str]) -> DataSet:
    """Four IDX files of pictures and labels, named as MNIST's are: MNIST itself, or any other set in its form.

    Names end in train-images-idx3-ubyte, train-labels-idx1-ubyte and the same with t10k or test, gzipped or not. Where
    one of the files is MNIST's, all have to be, each in its place. Classes are 0 to the largest label to train with.
    Some may have no picture to train with, as where labels begin at 1 (`DataSet.without_examples` lists them), but not
    most of them; and no label to test with may be larger. Raises `FileNotFoundError` for files that are not there,
    `InputError` for what does not fit together.
    """
    home = checked_path(path)
    if not home.is_dir():
        raise FileNotFoundError(f"there is no folder {home}; other data are digits and mnist")
    paths = _named(home)
    contents = {role: content_of(file) for role, file in paths.items()}
    _check_mnist(paths, contents)
    arrays = {role: parse_idx(content, str(paths[role])) for role, content in contents.items()}
    for (part, kind), array in arrays.items():
        expected = 3 if kind == "images" else 1
        if array.ndim != expected:
            raise InputError(
                f"{paths[part, kind]} has shape {array.shape}, expected {expected} dimension"
                f"{'s: pictures, rows and columns' if expected == 3 else ': a label for each picture'}"
            )
    for part in ("train", "test"):
        images, labels = arrays[part, "images"], arrays[part, "labels"]
        if len(images) != len(labels):
            raise InputError(
                f"{paths[part, 'images']} has {len(images)} pictures, {paths[part, 'labels']} has {len(labels)} labels"
            )
    shapes = [arrays[part, "images"].shape[1:] for part in ("train", "test")]
    if shapes[0] != shapes[1]:
        raise InputError(f"pictures to train with in {home} are {shapes[0]}, those to test with are {shapes[1]}")
    classes = _classes(paths, arrays)
    pictures = sum(arrays[part, "images"].size + arrays[part, "labels"].size * classes for part in ("train", "test"))
    check_fits(f"the pictures and labels in {home} as float64", 8 * pictures)
    return DataSet(
        *(
            _images(
                arrays[part, "images"].reshape(len(arrays[part, "labels"]), -1) / 255.0, arrays[part, "labels"], classes
            )
            for part in ("train", "test")
        )
    )


def _classes(paths: dict[tuple[str, str], Path], arrays: dict[tuple[str, str], Array]) -> int:
    """One more than the largest label to train with; labels that cannot be meant are refused."""
    train, test = arrays["train", "labels"], arrays["test", "labels"]
    classes, there = 1 + int(train.max()), len(np.unique(train))
    if 2 * there < classes:
        raise InputError(
            f"{paths['train', 'labels']} has labels up to {classes - 1}, which makes {classes} outputs, and examples "
            f"of only {there} of them, expected labels 0, 1, … with examples of at least half"
        )
    if test.max() >= classes:
        raise InputError(
            f"{paths['test', 'labels']} has the label {test.max()}, expected at most {classes - 1}, "
            "the largest label to train with"
        )
    return classes


def _named(home: Path) -> dict[tuple[str, str], Path]:
    """By part and kind, the file of a folder whose name says so; the one that is not gzipped, if there are both."""
    found: dict[tuple[str, str], list[Path]] = {role: [] for role in ROLES}
    for file in sorted(home.iterdir()):
        match = FILE_NAME.fullmatch(file.name)
        if match and file.is_file() and not file.name.startswith("."):
            part, kind, _ = match.groups()
            found["train" if part == "train" else "test", kind].append(file)
    chosen = {}
    for role, candidates in found.items():
        plain = {file.name.removesuffix(".gz"): file for file in reversed(candidates)}
        if not plain:
            raise FileNotFoundError(f"there is no {ROLES[role]}-idx{3 if role[1] == 'images' else 1}-ubyte in {home}")
        if len(plain) > 1:
            raise InputError(f"{home} has {' and '.join(sorted(plain))}, expected one file of {role[0]} {role[1]}")
        (chosen[role],) = plain.values()
    return chosen


def _check_mnist(paths: dict[tuple[str, str], Path], contents: dict[tuple[str, str], bytes]) -> None:
    """Refuse a folder that is MNIST's in part."""
    known = {role: role_of(content) for role, content in contents.items()}
    if not any(known.values()):
        return
    for role, name in known.items():
        if name is None:
            other = next(paths[one].name for one, found in known.items() if found)
            raise InputError(
                f"{paths[role]} does not hold MNIST's bytes, though {other} does: it is damaged or foreign"
            )
        if not name.startswith(ROLES[role]):
            raise InputError(f"{paths[role]} holds MNIST's {name}: files are swapped")


def _images(x: Array, labels: Array, classes: int) -> Images:
    whole = labels.astype(np.int64)
    return Images(read_only(x), read_only(np.eye(classes)[whole]), read_only(whole))
