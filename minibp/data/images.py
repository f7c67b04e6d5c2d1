"""Images of digits: 1,797 that come with the package, MNIST, and any folder of IDX files like MNIST's."""

from __future__ import annotations

import os
import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import numpy as np

from minibp.arrays import Array, InputError, read_only
from minibp.data.idx import content_of, parse_idx
from minibp.data.mnist_files import mnist_content, role_of
from minibp.files import checked_path
from minibp.memory import check_fits

DIGITS_TO_TRAIN = 1500
"""Of the 1,797 that come with the package; the other 297 are for tests."""
ROLES = {
    (part, kind): f"{stem}-{kind}"
    for part, stem in (("train", "train"), ("test", "t10k"))
    for kind in ("images", "labels")
}
FILE_NAME = re.compile(r"(?:.*[-_.])?(train|t10k|test)-(images|labels)[-.]idx\d-ubyte(\.gz)?")


class Images(NamedTuple):
    """Images as rows of x, and their labels as one-hot rows of y.

    Attributes
    ----------
    x : ndarray of shape (m, pixels)
        Pixels from 0 to 1, float64, read-only.
    y : ndarray of shape (m, classes)
        One-hot rows, float64, read-only.
    labels : ndarray of shape (m,)
        Whole numbers from 0 on, int64, read-only.

    Examples
    --------
    >>> import minibp
    >>> images = minibp.data.digits()
    >>> images.x.shape, images.y.shape, images.labels.shape
    ((1797, 64), (1797, 10), (1797,))
    """

    x: Array
    y: Array
    labels: Array


class DataSet(NamedTuple):
    """Images to train with and others to test with.

    Attributes
    ----------
    train : Images
        Images to train with.
    test : Images
        Images to test with, of as many pixels and classes.

    Examples
    --------
    >>> import minibp
    >>> digits = minibp.data.data_set("digits")
    >>> len(digits.train.x), len(digits.test.x), digits.without_examples()
    (1500, 297, [])
    """

    train: Images
    test: Images

    def without_examples(self) -> list[int]:
        """The classes of which there is no image to train with.

        Returns
        -------
        list of int
            Their labels, in order.
        """
        there = np.zeros(self.train.y.shape[1], bool)
        there[self.train.labels] = True
        return np.flatnonzero(~there).tolist()


@cache
def digits() -> Images:
    """The 1,797 digits of 8 × 8 pixels that come with the package.

    Returns
    -------
    Images
        x of shape (1797, 64), and ten classes.

    Notes
    -----
    By E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, CC BY 4.0.

    Examples
    --------
    >>> import minibp
    >>> digits = minibp.data.digits()
    >>> digits.x.shape, int(digits.labels[0])
    ((1797, 64), 0)
    """
    with (files("minibp") / "data" / "digits.npz").open("rb") as file, np.load(file) as archive:
        return _images_of(archive["images"] / 16.0, archive["labels"], 10)


@cache
def mnist(part: str = "train", folder: str | os.PathLike[str] | None = None, *, download: bool = False) -> Images:
    """MNIST's 60,000 digits to train with, or its 10,000 to test with, of 28 × 28 pixels.

    Parameters
    ----------
    part : {"train", "test"}, optional
        Images to train or to test with. Default "train".
    folder : str or path-like, optional
        Folder of the IDX files, gzipped or not. Default None: the folder that the variable MINIBP_MNIST_DIR names, then
        the cache.
    download : bool, optional
        Where the files are in neither, fetch them from a public mirror into the cache. Default False.

    Returns
    -------
    Images
        x of shape (m, 784), and ten classes.

    Raises
    ------
    FileNotFoundError
        Where the files are not to be had.
    InputError
        Where their bytes are not MNIST's, or `part` is another.

    Examples
    --------
    >>> import minibp
    >>> minibp.data.mnist("test").x.shape  # doctest: +SKIP
    (10000, 784)
    """
    if part not in ("train", "test"):
        raise InputError(f"part is {part!r}, expected 'train' or 'test'")
    if folder is not None:
        folder = checked_path(folder)
    images, labels = (
        parse_idx(mnist_content(f"{ROLES[part, kind]}-idx{axes}-ubyte", folder, download=download), kind)
        for kind, axes in (("images", 3), ("labels", 1))
    )
    return _images_of(images.reshape(len(images), -1) / 255.0, labels, 10)


def data_set(name: str | os.PathLike[str], *, download: bool = False) -> DataSet:
    """The images of "digits", of "mnist" or of a folder, to train and to test with.

    Parameters
    ----------
    name : str or path-like
        "digits", whose first 1,500 are to train with and whose other 297 to test with; "mnist", see `mnist`; or a
        folder with four IDX files, see `folder`.
    download : bool, optional
        As for `mnist`. Default False.

    Returns
    -------
    DataSet
        Images to train and to test with.

    Raises
    ------
    FileNotFoundError
        Where files are not to be had.
    InputError
        Where files cannot be used.

    Examples
    --------
    >>> import minibp
    >>> [len(images.x) for images in minibp.data.data_set("digits")]
    [1500, 297]
    """
    if name == "digits":
        parts = slice(DIGITS_TO_TRAIN), slice(DIGITS_TO_TRAIN, None)
        return DataSet(*(Images(*(array[part] for array in digits())) for part in parts))
    if name == "mnist":
        return DataSet(mnist("train", download=download), mnist("test", download=download))
    return folder(name)


def folder(path: str | os.PathLike[str]) -> DataSet:
    """The images of four IDX files, named as MNIST's are: MNIST itself, or any other set in its form.

    Parameters
    ----------
    path : str or path-like
        Folder of the files. Their names end in train-images-idx3-ubyte, train-labels-idx1-ubyte and the same with t10k
        or test, gzipped or not.

    Returns
    -------
    DataSet
        Pixels are divided by 255; classes are 0 to the largest label to train with.

    Raises
    ------
    FileNotFoundError
        Where the folder or one of the files is not there.
    InputError
        Where the files do not fit together, or are no IDX files of bytes.

    Notes
    -----
    Where one of the files is MNIST's, all have to be, each in its place. Some classes may have no image to train with,
    as where labels begin at 1 (`DataSet.without_examples` lists them), but not most of them; and no label to test with
    may be larger.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import numpy as np
    >>> import minibp
    >>> def write(path, array):
    ...     head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    ...     path.write_bytes(head + array.astype(np.uint8).tobytes())
    >>> with tempfile.TemporaryDirectory() as name:
    ...     for part in ("train", "t10k"):
    ...         _ = write(pathlib.Path(name, f"{part}-images-idx3-ubyte"), np.full((3, 2, 2), 255))
    ...         _ = write(pathlib.Path(name, f"{part}-labels-idx1-ubyte"), np.arange(3))
    ...     images = minibp.data.folder(name)
    >>> images.train.x[0], images.train.y[0]
    (array([1., 1., 1., 1.]), array([1., 0., 0.]))
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
                f"{'s: images, rows and columns' if expected == 3 else ': a label for each image'}"
            )
    for part in ("train", "test"):
        images, labels = arrays[part, "images"], arrays[part, "labels"]
        if len(images) != len(labels):
            raise InputError(
                f"{paths[part, 'images']} has {len(images)} images, {paths[part, 'labels']} has {len(labels)} labels"
            )
    shapes = [arrays[part, "images"].shape[1:] for part in ("train", "test")]
    if shapes[0] != shapes[1]:
        raise InputError(f"images to train with in {home} are {shapes[0]}, those to test with are {shapes[1]}")
    classes = _classes(paths, arrays)
    numbers = sum(arrays[part, "images"].size + arrays[part, "labels"].size * classes for part in ("train", "test"))
    check_fits(f"the images and labels in {home} as float64", 8 * numbers)
    return DataSet(
        *(
            _images_of(
                arrays[part, "images"].reshape(len(arrays[part, "labels"]), -1) / 255.0, arrays[part, "labels"], classes
            )
            for part in ("train", "test")
        )
    )


def _classes(paths: dict[tuple[str, str], Path], arrays: dict[tuple[str, str], Array]) -> int:
    """One more than the largest label to train with; labels that cannot be meant are rejected."""
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
    """Reject a folder that is MNIST's in part."""
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


def _images_of(x: Array, labels: Array, classes: int) -> Images:
    whole = labels.astype(np.int64)
    return Images(read_only(x), read_only(np.eye(classes)[whole]), read_only(whole))
