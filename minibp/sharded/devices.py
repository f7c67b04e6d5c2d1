"""The mesh: devices in rows and columns, over which examples and neurons are divided."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

import numpy as np

from minibp.adapters.subject import needed
from minibp.arrays import InputError, checked_count
from minibp.extras import how_to_install
from minibp.text import counted

EXAMPLES, NEURONS = "examples", "neurons"
"""The axes of a mesh."""
MOST_OF_A_CPU = 256
"""Devices that one CPU is divided into: each has threads of its own."""


def jax_library() -> Any:
    """JAX; `ModuleNotFoundError` with the command that installs it."""
    return needed("jax", "sharded", how_to_install("jax"))


def mesh(devices: Any = None, *, neurons: int = 1) -> Any:
    """The devices that a gradient is divided among.

    Parameters
    ----------
    devices : int or sequence of jax.Device, optional
        Number of devices, or the devices. Default None: all that JAX has.
    neurons : int, optional
        Number of devices among which the neurons of each layer are divided; it divides the number of devices. Default
        1: every device has all parameters.

    Returns
    -------
    jax.sharding.Mesh
        With the axes "examples" and "neurons".

    Raises
    ------
    InputError
        Where there are fewer devices, or none of one of the processes that have joined.
    ModuleNotFoundError
        Where JAX is not installed.

    Notes
    -----
    Where JAX has not started yet, the CPU is made as many devices as are asked for, at most 256. They share its cores:
    that is for tests, and for trying out what is to run on many devices.

    Examples
    --------
    >>> import minibp
    >>> minibp.sharded.mesh(1).axis_names
    ('examples', 'neurons')
    """
    jax = jax_library()
    chosen = _devices(jax, devices)
    columns = checked_count("neurons", neurons)
    if len(chosen) % columns:
        raise InputError(f"neurons is {columns}, expected a divisor of {len(chosen)}, the number of devices")
    processes = len({device.process_index for device in chosen})
    if processes < jax.process_count():
        raise InputError(
            f"devices are those of {counted(processes, 'process', 'processes')}, "
            f"expected some of each of the {jax.process_count()} that have joined"
        )
    grid = np.array(chosen).reshape(-1, columns)
    kinds = (jax.sharding.AxisType.Auto,) * 2
    return jax.sharding.Mesh(grid, (EXAMPLES, NEURONS), axis_types=kinds)


def checked_mesh(given: Any) -> Any:
    """A mesh as it is; of a number of devices, or None, the mesh of these."""
    jax = jax_library()
    if not isinstance(given, jax.sharding.Mesh):
        return mesh(given)
    if given.axis_names != (EXAMPLES, NEURONS):
        raise InputError(f"mesh has the axes {given.axis_names}, expected those of minibp.sharded.mesh")
    return given


def _devices(jax: Any, devices: Any) -> list[Any]:
    if devices is None:
        return list(jax.devices())
    if isinstance(devices, (list, tuple, np.ndarray)):
        if not len(devices):
            raise InputError("devices is empty, expected one or more")
        return list(np.ravel(np.asarray(devices, object)))
    count = checked_count("devices", devices)
    _divide_the_cpu(jax, count)
    found = list(jax.devices())
    if count > len(found):
        raise InputError(f"devices is {count}, JAX has {len(found)}")
    return found[:count]


def _divide_the_cpu(jax: Any, count: int) -> None:
    """Have JAX, where it starts only now and nobody has said otherwise, make so many devices of the CPU."""
    said = jax.config.jax_num_cpu_devices >= 0 or "device_count" in os.environ.get("XLA_FLAGS", "")
    if count <= MOST_OF_A_CPU and not said and not jax.distributed.is_initialized():
        with suppress(RuntimeError):  # where it has started already, it has the devices that it has
            jax.config.update("jax_num_cpu_devices", count)
