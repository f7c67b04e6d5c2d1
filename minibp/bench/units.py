"""Figures as text: times, ratios with their spread, and bytes."""

from __future__ import annotations

import math
from collections.abc import Sequence

TIMES = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (0.0, "ns"))
BYTES = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"), (0, "B"))


def seconds(value: float) -> str:
    """A time with three digits and its unit.

    >>> seconds(0.0123456)
    '12.3 ms'
    """
    return _scaled(value, TIMES)


def size(value: int) -> str:
    """Bytes with three digits and their unit; thousands of GiB have commas.

    >>> size(2048), size(17), size(5 << 40)
    ('2.00 KiB', '17 B', '5,120 GiB')
    """
    return f"{value >> 30:,} GiB" if value >> 40 else _scaled(value, BYTES)


def with_spread(found: dict[str, float] | None) -> str:
    """A median ratio ± half of the distance between its quartiles.

    >>> with_spread({"low": 1.0, "median": 1.25, "high": 1.5})
    '1.25 ±0.25'
    """
    if found is None:
        return "–"
    middle, off = found["median"], (found["high"] - found["low"]) / 2
    digits = 4 if middle < 0.1 else 2 if middle < 10 else 1 if middle < 100 else 0
    return f"{middle:.{digits}f} ±{off:.{digits}f}"


def rounded_duration(value: float) -> str:
    """A duration to one or two digits, of which more would say too much.

    >>> rounded_duration(3.2), rounded_duration(23.0), rounded_duration(260.0)
    ('4 s', '25 s', '5 min')
    """
    if value > 90:
        return f"{math.ceil(value / 60)} min"
    return f"{math.ceil(value / 5) * 5 if value > 10 else math.ceil(value)} s"


def _scaled(value: float, units: Sequence[tuple[float, str]]) -> str:
    scale, unit = next(pair for pair in units if value >= pair[0])
    scaled = value / (scale or (1e-9 if unit == "ns" else 1))
    digits = 0 if unit == "B" else max(0, 2 - max(0, math.floor(math.log10(scaled)))) if scaled else 0
    return f"{scaled:.{digits}f} {unit}"
