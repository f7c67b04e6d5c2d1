"""Reading .npz archives whose entries are arrays of numbers and text: nothing in them is run, whatever they hold."""

from __future__ import annotations

import zipfile
from typing import Any, BinaryIO

import numpy as np

from minibp.arrays import Array, InputError

BEGINNINGS = {
    b"\x93NUMPY": "it is a single array, as numpy.save writes it",
    b"PK": "it is an archive that is not whole",
    b"\x1f\x8b": "it is a gzip file",
    b"\x89HDF": "it is an HDF5 file",
    b"\x80": "it is a pickle, which is not read",
}
"""Descriptions of files that are no whole archive, by the bytes that they begin with."""


class Archive:
    """The entries of a .npz file that is open. Raises `InputError` that says what it is instead."""

    def __init__(self, file: BinaryIO) -> None:
        if not zipfile.is_zipfile(file):
            raise InputError(_likeness(file))
        try:
            self._zip = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError):
            raise InputError(BEGINNINGS[b"PK"]) from None

    def __contains__(self, name: str) -> bool:
        return f"{name}.npy" in self._zip.namelist()

    def names(self) -> list[str]:
        """The names of its arrays, in their order."""
        return [name.removesuffix(".npy") for name in self._zip.namelist() if name.endswith(".npy")]

    def __getitem__(self, name: str) -> Array:
        """The array of a name."""
        if name not in self:
            raise InputError(f"it has no entry {name!r}")
        try:
            with self._zip.open(f"{name}.npy") as entry:
                array: Any = np.lib.format.read_array(entry, allow_pickle=False)
                entry.read()  # to the end, where the checksum is compared
        except Exception:  # noqa: BLE001 (hostile bytes make numpy and zipfile raise nearly anything)
            raise InputError(f"its entry {name!r} is damaged, or holds something else than numbers or text") from None
        return array

    def is_packed(self) -> bool:
        """True if an entry is compressed, and so can be far larger than the file."""
        return any(entry.compress_type != zipfile.ZIP_STORED for entry in self._zip.infolist())

    def check_format(self, expected: str, holds: str) -> None:
        """Reject an archive whose entry "format" is not `expected`; `holds` is what the archive should hold."""
        if "format" not in self:
            raise InputError(f"it does not say that it holds {holds}")
        found = str(self["format"])
        if found != expected:
            raise InputError(f"its format is {found!r}, expected {expected!r}")


def _likeness(file: BinaryIO) -> str:
    """The description of a file that is no archive."""
    file.seek(0)
    start = file.read(8)
    if not start:
        return "it is empty"
    known = next((said for beginning, said in BEGINNINGS.items() if start.startswith(beginning)), None)
    return known or f"it is not an archive: it begins with the bytes {start.hex(' ')}"
