"""The machine of the measurements: processor, cores, BLAS, versions, date; no names of machines or people."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

import minibp
from minibp.workers import cores

DISTRIBUTIONS = ("numpy", "scipy", "jax", "jaxlib", "torch", "autograd", "mygrad", "scikit-learn", "threadpoolctl")


def free_memory(meminfo: Path = Path("/proc/meminfo"), limit: Path = Path("/sys/fs/cgroup/memory.max")) -> int | None:
    """Bytes that processes may still take, up to a container's limit, where Linux tells; elsewhere all that there are.

    None where the system tells neither.
    """
    try:
        lines = meminfo.read_text(encoding="utf-8").splitlines()
        free = next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration, ValueError, IndexError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else None
    try:
        return min(free, int(limit.read_text(encoding="utf-8")))
    except (OSError, ValueError):  # no container, or one without a limit, whose file has the word "max"
        return free


def machine() -> dict[str, Any]:
    """A description as JSON has it."""
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]  # type: ignore[call-overload, unused-ignore]
    return {
        "processor": processor(Path("/proc/cpuinfo")),
        "cores": cores(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "minibp": minibp.__version__,
        "versions": dict(_versions()),
        "blas": {"name": blas.get("name"), "version": blas.get("version")},
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def own_seconds() -> float:
    """CPU time of this process and of those of its own that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


class Others:
    """The number of cores that all other processes keep busy from its making on, where Linux tells."""

    def __init__(
        self,
        stat: Path = Path("/proc/stat"),
        clock: Callable[[], float] = time.perf_counter,
        own: Callable[[], float] = own_seconds,
    ) -> None:
        self._stat, self._clock, self._own = stat, clock, own
        self._ticks, self._start, self._own_start = _busy_ticks(stat), clock(), own()

    def busy_cores(self) -> float | None:
        """So far, on average; None where it is not known. Processes of one's own count once they have ended."""
        ticks = _busy_ticks(self._stat)
        if ticks is None or self._ticks is None:
            return None
        every = (ticks - self._ticks) / os.sysconf("SC_CLK_TCK")
        share = (every - (self._own() - self._own_start)) / max(self._clock() - self._start, 1e-9)
        return round(max(0.0, share), 2)


def _busy_ticks(stat: Path) -> int | None:
    """Clock ticks of all cores together that were not idle, since the start."""
    try:
        first = stat.read_text(encoding="utf-8").splitlines()[0].split()
    except (OSError, IndexError):
        return None
    user, nice, system, _idle, _waiting, *others = map(int, first[1:9])
    return user + nice + system + sum(others[:2])


def processor(cpuinfo: Path) -> str:
    """Its name, from where Linux has it or as Python knows it."""
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _versions() -> Iterable[tuple[str, str]]:
    for name in DISTRIBUTIONS:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            continue
