"""The catalogue of faults: every fault by its id, in the order in which they are tried.

The ids are fixed: what is built on reports relies on them.
"""

from __future__ import annotations

from minibp.arrays import InputError
from minibp.check.faults import (
    batch,
    clipping,
    forward,
    hidden_derivative,
    l2,
    output,
    output_derivative,
    parameters,
    recursion,
    saturation,
)
from minibp.check.faults.fault import Fault

MODULES = (
    forward,
    output,
    output_derivative,
    saturation,
    recursion,
    hidden_derivative,
    parameters,
    batch,
    l2,
    clipping,
)
CATALOGUE: dict[str, Fault] = {
    entry.id: entry for module in MODULES for entry in vars(module).values() if isinstance(entry, Fault)
}
"""Every fault by its id; within one equation the simplest and commonest come first."""


def fault_of(name: str) -> Fault:
    """The fault of an id.

    >>> fault_of("l2_missing").equation
    '(27)'
    """
    if name not in CATALOGUE:
        raise InputError(f"unknown fault {name!r}, expected one of {', '.join(CATALOGUE)}")
    return CATALOGUE[name]
