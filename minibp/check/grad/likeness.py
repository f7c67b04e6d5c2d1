"""What a wrong gradient looks like: a multiple of the slope, the slope and a constant, a transpose."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from minibp.arrays import Array
from minibp.check.grad.arguments import Arguments


def likenesses(arguments: Arguments, at: Array, got: Array, expected: Array, tolerance: Array) -> list[str]:
    """One line for each array of x whose claimed gradient has the form of a common mistake in all entries told.

    `at` (k,) says which entries of the row of numbers these are; the others are (k,) as well.
    """
    notes = []
    for i, (start, stop) in enumerate(zip(arguments.starts, arguments.starts[1:], strict=False)):
        here = (at >= start) & (at < stop)
        if (np.abs(got - expected) > tolerance)[here].any():
            shape = arguments.arrays[i].shape
            rows = got[here], expected[here], tolerance[here]
            told = next(_told(*rows, arguments.flat[at[here]]), "") or _transposed(shape, *rows)
            if told:
                notes.append(f"{arguments.tensors[i]}: {told}")
    return notes


def _told(got: Array, expected: Array, tolerance: Array, x: Array) -> Iterator[str]:
    """The forms that fit, simplest first; a constant is fitted where it shows best, so that one entry proves none."""
    if (got == 0).all():
        yield "every entry is 0"
    if len(got) < 2:
        return
    excess = got - expected
    for unit, text in (
        (expected, "every entry is {} times the slope"),
        (np.ones_like(got), "every entry is the slope and {}"),
        (x, "every entry is the slope and {} times x"),
    ):
        steepest = int(np.argmax(np.abs(unit) / tolerance))
        if unit[steepest] and np.count_nonzero(np.abs(unit) > tolerance) > 1:
            factor = (got if unit is expected else excess)[steepest] / unit[steepest]
            left = np.abs((got if unit is expected else excess) - factor * unit)
            if (left <= tolerance * (2 + 2 * abs(factor))).all():
                yield text.format(f"{factor:.6g}")


def _transposed(shape: tuple[int, ...], got: Array, expected: Array, tolerance: Array) -> str:
    if len(shape) != 2 or shape[0] != shape[1] or len(got) != shape[0] * shape[1]:
        return ""
    apart = np.abs(got.reshape(shape).T - expected.reshape(shape))
    limit = tolerance.reshape(shape)
    return "it is transposed" if (apart <= limit + limit.T).all() else ""
