"""A training as a file: parameters, the state of its generator and its record, as .npz without pickle."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from minibp.archives import Archive
from minibp.arrays import Array, InputError
from minibp.files import checked_path, is_special, remove_unfinished, write_whole
from minibp.network import Network
from minibp.training.history import Epoch

TRAINING_FORMAT = "minibp training 1"
TRAINING_DATA, TEST_DATA, BEGINNING = DIGESTS = ("training data", "test data", "seed or network to begin with")
"""Entries of an identity that are checksums."""


class Stamp(NamedTuple):
    """The mark of one written file: no two have the same."""

    device: int
    inode: int
    size: int
    modified: int
    """Nanoseconds."""

    @classmethod
    def of(cls, status: os.stat_result) -> Stamp:
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


class Reached(NamedTuple):
    """The state at the end of the last whole epoch: all that the next one depends on."""

    network: Network
    generator: Any
    """The state of the bit generator that shuffles."""
    epochs: tuple[Epoch, ...]
    steps: int


def write(
    path: str | os.PathLike[str], reached: Reached, identity: dict[str, Any], known: Stamp | None = None
) -> Stamp | None:
    """Put a checkpoint in the place of `path`, whole or not at all, and return its stamp; None of no regular file.

    `identity` is what `read` will ask for. Where a stamp is `known`, a file that has another is an `InputError`.
    """
    target = checked_path(path)
    if known is not None and target.exists() and Stamp.of(target.stat()) != known:
        raise InputError(
            f"{target} was written by something else since this training last saved or restored it: "
            "restore it to go on from there, or save to another file"
        )
    network = reached.network
    about = {
        "identity": identity,
        "generator": reached.generator,
        "epochs": [epoch.to_dict() for epoch in reached.epochs],
        "steps": reached.steps,
    }
    arrays = {
        "format": np.array(TRAINING_FORMAT),
        "about": np.array(json.dumps(about, default=_json_of_array, allow_nan=False)),
    }
    for layer, (w, b) in enumerate(zip(network.weights, network.biases, strict=True), start=2):
        arrays[f"w{layer}"], arrays[f"b{layer}"] = w, b
    written: list[Stamp] = []

    def fill(file: BinaryIO) -> None:
        np.savez(file, allow_pickle=False, **arrays)
        file.flush()
        written.append(Stamp.of(os.fstat(file.fileno())))

    special = is_special(target)
    write_whole(path, fill)
    return None if special else written[0]


def read(
    path: str | os.PathLike[str], identity: dict[str, Any], like: Network, bits: np.random.BitGenerator
) -> tuple[Reached, Stamp]:
    """The state that `write` wrote to `path` for the same identity, and the stamp of that file.

    `like` and `bits` are of the same kind as what was written.

    Raises `InputError` where the identity is another, saying what differs, and for any other file; nothing in it is
    run, and nothing is read that the same training would not have written. What a process that was killed while it
    wrote has left beside the file is removed.
    """
    source = checked_path(path)
    if is_special(source):
        raise InputError(f"{source} is not a checkpoint: it is no regular file")
    with source.open("rb") as file:
        stamp = Stamp.of(os.fstat(file.fileno()))
        try:
            archive = _opened(file)
            about = json.loads(str(archive["about"]), object_hook=_array_of_json)
            theirs = about["identity"]
            differing = [name for name in identity if theirs.get(name) != identity[name]]
            reached = None if differing else _reached(about, archive, like, bits)
        except InputError as error:
            raise InputError(f"{source} is not a checkpoint: {error}") from None
        except Exception:  # noqa: BLE001 (a hostile record makes nearly anything raise nearly anything)
            raise InputError(f"{source} is not a checkpoint: what it says of its training is damaged") from None
    if reached is None:
        said = "; ".join(_difference(name, theirs.get(name), identity[name]) for name in differing)
        raise InputError(f"{source} is of another training: {said}")
    remove_unfinished(path)
    return reached, stamp


def _opened(file: BinaryIO) -> Archive:
    """The archive of a checkpoint. Its entries are not compressed, so that none is larger than the file."""
    archive = Archive(file)
    if archive.is_packed():
        raise InputError("it has compressed entries, which a checkpoint has not")
    archive.check_format(TRAINING_FORMAT, "a training")
    return archive


def _reached(about: dict[str, Any], archive: Archive, like: Network, bits: np.random.BitGenerator) -> Reached:
    """The state in an archive of the same identity; an error of any kind where that does not fit together."""
    layers = range(2, len(like.sizes) + 1)
    weights, biases = ([archive[f"{kind}{layer}"] for layer in layers] for kind in "wb")
    network = Network(weights, biases, like.activations)
    if (network.sizes, network.dtype) != (like.sizes, like.dtype):
        raise InputError("its parameters are not those that it says it has")
    generator = type(bits)()
    generator.state = _within_bounds(about["generator"])
    epochs = tuple(Epoch.from_dict(epoch) for epoch in about["epochs"])
    for number, epoch in enumerate(epochs, start=1):
        if epoch.number != number or not epoch.is_finite or not len(epoch.norm_w) == len(epoch.norm_b) == len(layers):
            raise InputError(f"its record of epoch {number} does not fit")
    return Reached(network, generator.state, epochs, int(about["steps"]))


def _within_bounds(state: dict[str, Any]) -> dict[str, Any]:
    """The state of a generator, whose places in its buffers NumPy does not check: MT19937 has 624 numbers, Philox 4."""
    inner = state["state"]
    for name, place, most in (
        ("pos", inner.get("pos", 0) if isinstance(inner, dict) else 0, 624),
        ("buffer_pos", state.get("buffer_pos", 0), 4),
    ):
        if not 0 <= place <= most:
            raise InputError(f"its generator's {name} is {place!r}, expected 0 to {most}")
    return state


def _difference(name: str, theirs: Any, ours: Any) -> str:
    if name in DIGESTS:
        return f"its {name} is not the same"
    return f"its {name} is {theirs!r}, this one's is {ours!r}"


def digest(*parts: Array | str) -> str:
    """A checksum of numbers with their dtypes and shapes, and of texts."""
    found = hashlib.sha256()
    for part in parts:
        if isinstance(part, str):
            found.update(part.encode())
        else:
            found.update(f"{part.dtype.str}{part.shape}".encode())
            found.update(np.ascontiguousarray(part).data)
    return found.hexdigest()


def encoded(rng: np.random.Generator) -> str:
    """The state of a generator as text. Raises `InputError` where it is not one of NumPy's."""
    try:
        return json.dumps(rng.bit_generator.state, default=_json_of_array, sort_keys=True)
    except (TypeError, AttributeError, NotImplementedError):
        raise InputError(f"rng has the bit generator {rng.bit_generator!r}, expected one of NumPy's") from None


def _json_of_array(value: object) -> dict[str, Any]:
    """Arrays and NumPy's numbers, which some generators have in their state, as JSON has them."""
    if isinstance(value, (np.ndarray, np.generic)):
        return {"array": value.tolist(), "dtype": value.dtype.str}
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _array_of_json(data: dict[str, Any]) -> Any:
    return np.array(data["array"], data["dtype"]) if data.keys() == {"array", "dtype"} else data
