"""The memory there is, so that arrays that cannot fit are rejected by their size and not tried."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

from minibp.arrays import InputError

CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
"""The files in which Linux keeps the limit of a container, by the two versions of its control groups."""


@cache
def memory_bytes(cgroup_limits: tuple[str, ...] = CGROUP_LIMITS) -> int:
    """The bytes of memory that this process may have: the machine's, or what its container or `ulimit -v` leaves of it.

    Where the system does not say (Windows), what a pointer can reach.
    """
    limits = [sys.maxsize]
    with suppress(AttributeError, ValueError, OSError):
        limits.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for file in cgroup_limits:
        with suppress(ValueError, OSError):  # "max" is no limit
            limits.append(int(Path(file).read_text(encoding="ascii")))
    with suppress(ImportError, OSError):
        import resource

        soft = resource.getrlimit(resource.RLIMIT_AS)[0]
        limits += [soft] if soft != resource.RLIM_INFINITY else []
    return min(limit for limit in limits if limit > 0)


def check_fits(what: str, needed: int) -> None:
    """Reject what needs more bytes than `memory_bytes`: "`what` would take … bytes"."""
    there = memory_bytes()
    if needed > there:
        raise InputError(f"{what} would take {needed:,} bytes of memory, expected at most the {there:,} that there are")
