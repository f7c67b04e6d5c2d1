"""MNIST's four files: in a folder that is named, in the cache, or on a public mirror; never other bytes."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from contextlib import suppress
from functools import partial
from pathlib import Path

from minibp.arrays import InputError
from minibp.data.idx import content_of
from minibp.files import write_whole

MNIST_VARIABLE = "MINIBP_MNIST_DIR"
MNIST_SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
"""Of the decompressed files."""
MIRRORS = [
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
]
"""The addresses of the gzipped files, tried in this order."""
DOWNLOAD_TIMEOUT = 30.0
"""Seconds without an answer from a mirror."""


def mnist_content(name: str, folder: str | os.PathLike[str] | None = None, *, download: bool = False) -> bytes:
    """The bytes of one of MNIST's files, decompressed and with the right checksum.

    It is looked for in `folder`, where one is given. Else in the folder that the variable MINIBP_MNIST_DIR names, then
    in the cache, to which `download` fetches it. Raises `FileNotFoundError` where it is not to be had, `InputError`
    where a file has other bytes.
    """
    if folder:
        path = file_in(Path(folder), name)
        if path is None:
            raise FileNotFoundError(f"there is no {name} or {name}.gz in {folder}")
        return _verified(path, name)
    path = _at_hand(name)
    if path is not None:
        return _verified(path, name)
    if download:
        return _fetched(name, mnist_cache_folder())
    named = os.environ.get(MNIST_VARIABLE)
    there = f" (there is no {name} in {named}, which it names now)" if named else ""
    raise FileNotFoundError(f"MNIST is not at hand: set {MNIST_VARIABLE} to a folder with its four IDX files{there}")


def is_at_hand() -> bool:
    """True where all four files can be read without a download, as far as their names tell."""
    return all(_at_hand(name) for name in MNIST_SHA256)


def _at_hand(name: str) -> Path | None:
    """The file of this name in the folder that is named or in the cache."""
    named, cache = os.environ.get(MNIST_VARIABLE), mnist_cache_folder()
    folders = ([Path(named)] if named else []) + ([cache] if cache is not None else [])
    return next((path for path in (file_in(folder, name) for folder in folders) if path is not None), None)


def mnist_cache_folder() -> Path | None:
    """The user's folder for downloads; None where what finds it is not installed."""
    try:
        from platformdirs import user_cache_path
    except ModuleNotFoundError:
        return None
    return user_cache_path("minibp") / "mnist"


def file_in(folder: Path, name: str) -> Path | None:
    """The file of this name in a folder, gzipped or not; None where there is none."""
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)


def role_of(content: bytes) -> str | None:
    """Which of MNIST's files has these bytes; None, if none."""
    found = hashlib.sha256(content).hexdigest()
    return next((name for name, known in MNIST_SHA256.items() if known == found), None)


def _verified(path: Path, name: str) -> bytes:
    content = content_of(path)
    if role_of(content) != name:
        raise InputError(f"{path} does not hold the bytes of MNIST's {name}: its checksum is another")
    return content


def _fetched(name: str, cache: Path | None) -> bytes:
    """Download from the first mirror that gives the right bytes, and keep them in the cache where that can be."""
    import pooch  # type: ignore[import-untyped] # it ships no types
    import requests

    assert cache is not None  # pooch needs what finds it
    pooch.get_logger().setLevel("WARNING")
    failures = []
    for mirror in MIRRORS:
        with tempfile.TemporaryDirectory() as folder:
            try:
                # No checksum of the gzipped bytes: mirrors may compress anew. What they hold is checked below.
                file = pooch.retrieve(
                    f"{mirror}{name}.gz",
                    known_hash=None,
                    fname=f"{name}.gz",
                    path=folder,
                    downloader=pooch.HTTPDownloader(timeout=DOWNLOAD_TIMEOUT),
                )
                content = _verified(Path(file), name)
            except (OSError, InputError, requests.RequestException) as error:
                failures.append(f"{mirror}: {_short(error, folder)}")
                continue
            with suppress(OSError), Path(file).open("rb") as packed:  # what cannot be kept can still be used
                cache.mkdir(parents=True, exist_ok=True)
                write_whole(cache / f"{name}.gz", partial(shutil.copyfileobj, packed))
            return content
    raise FileNotFoundError(
        f"MNIST could not be downloaded ({'; '.join(failures)}). Put its four files, {', '.join(MNIST_SHA256)}, "
        f"gzipped or not, into a folder and set {MNIST_VARIABLE} to it"
    )


def _short(error: Exception, folder: str) -> str:
    """The error without the temporary folder; of a failed connection the kind alone, since its text is long."""
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"status {error.response.status_code}"
    if isinstance(error, requests.RequestException):
        return f"no connection ({type(error).__name__})"
    return str(error).replace(f"{folder}{os.sep}", "")
