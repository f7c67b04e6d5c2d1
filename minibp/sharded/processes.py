"""Processes that compute together, on one machine or many, and what happens where one of them ends."""

from __future__ import annotations

import atexit
import math
import os
import secrets
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np

from minibp.arrays import InputError, checked_count
from minibp.inputs import checked_rate
from minibp.sharded.devices import jax_library, mesh
from minibp.text import counted

EXIT_LOST = 1
HANDED_OVER = 5.0
"""Seconds that the thread that watches has to find out which process has ended, and to end this one."""
_BYE = "bye"


class ProcessLost(RuntimeError):
    """The error where an exchange with the processes that compute together fails, or cannot begin.

    Examples
    --------
    >>> import minibp
    >>> issubclass(minibp.sharded.ProcessLost, RuntimeError)
    True
    """


@contextmanager
def joined(
    coordinator: str,
    processes: int,
    process: int,
    *,
    devices: int | None = None,
    neurons: int = 1,
    timeout: float = 60.0,
    heartbeat: float = 30.0,
) -> Iterator[Any]:
    """Join with other processes, and get the mesh of the devices of all.

    Parameters
    ----------
    coordinator : str
        HOST:PORT of process 0: a free port, the same for all.
    processes : int
        Number of processes.
    process : int
        Number of this one, from 0 on.
    devices : int, optional
        Number of devices that the CPU of this process is made into. Default None: one, or all accelerators.
    neurons : int, optional
        As for `mesh`. Default 1.
    timeout : float, optional
        Seconds to wait for the others. Default 60.
    heartbeat : float, optional
        Seconds without a sign of life after which a machine counts as lost. Default 30.

    Yields
    ------
    jax.sharding.Mesh
        For `minibp.Training` and `ShardedGradient`, which all processes have to call with the same arguments.

    Raises
    ------
    InputError
        Where the arguments do not fit together, or JAX has been used before.
    ProcessLost
        Where the port is not free, or an exchange with the others fails.
    ModuleNotFoundError
        Where JAX is not installed.

    Notes
    -----
    Where one process ends within, killed or by an exception, all others say so in one sentence and end with status 1,
    at once; the one with the exception has that status, too, when it ends. Where a machine falls silent, JAX ends the
    others when the heartbeat has run out, with a message of its own; so it does where not all join in time, and so it
    may where process 0 ends. Checkpoints are whole: start all again, and restore.

    Examples
    --------
    >>> import minibp
    >>> with minibp.sharded.joined("localhost", 2, 0):
    ...     pass
    Traceback (most recent call last):
        ...
    minibp.arrays.InputError: coordinator is 'localhost', expected HOST:PORT
    """
    host, _, port = str(coordinator).rpartition(":")
    if not host or not port.isdecimal():
        raise InputError(f"coordinator is {coordinator!r}, expected HOST:PORT")
    count, number = checked_count("processes", processes), checked_count("process", process, least=0)
    if number >= count:
        raise InputError(f"process is {number}, expected less than {count}, the number of processes")
    wait, silent = checked_rate("timeout", timeout), checked_rate("heartbeat", heartbeat)
    parts = None if devices is None else checked_count("devices", devices)
    jax = jax_library()
    _join(jax, coordinator, count, number, parts, wait, silent)
    watch = _watch_of(jax, host, count, number, wait)
    try:
        yield mesh(neurons=neurons)
    except BaseException:
        watch.close()
        atexit.register(_end)  # runs before JAX's own, which would wait for the others
        raise
    watch.leave()
    jax.distributed.shutdown()


@contextmanager
def whole() -> Iterator[None]:
    """Within, an error of an exchange with other processes is `ProcessLost`; without others, all are as they are."""
    jax = jax_library()
    try:
        yield
    except jax.errors.JaxRuntimeError as error:
        if jax.process_count() == 1:
            raise
        time.sleep(HANDED_OVER)
        first = str(error).partition("\n")[0]
        raise ProcessLost(f"the exchange with the other processes failed: {first}") from None


def _join(jax: Any, coordinator: str, count: int, number: int, parts: int | None, wait: float, silent: float) -> None:
    try:
        jax.config.update("jax_cpu_collectives_implementation", "gloo")
        if parts is not None:
            jax.config.update("jax_num_cpu_devices", parts)
        jax.distributed.initialize(
            coordinator,
            count,
            number,
            initialization_timeout=math.ceil(wait),
            heartbeat_timeout_seconds=max(2, math.ceil(silent)),
            shutdown_timeout_seconds=max(2, math.ceil(silent)),
        )
    except jax.errors.JaxRuntimeError as error:
        first = str(error).partition("\n")[0]
        raise ProcessLost(f"process {number} could not join: {first}") from None
    except RuntimeError as error:
        raise InputError(f"processes have to join before anything else uses JAX: {error}") from None


def _end() -> None:
    """End this process at once: why has been said already."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(EXIT_LOST)


class _Watch:
    """A connection of process 0 with each other one, on which nothing is sent until one leaves: its end is the news."""

    def __init__(self, peers: dict[int, socket.socket]) -> None:
        self._peers, self._over = peers, threading.Event()
        for number, peer in peers.items():
            threading.Thread(target=self._heed, args=(number, peer), daemon=True).start()

    def _heed(self, number: int, peer: socket.socket) -> None:
        news = ""
        with suppress(OSError):
            news = peer.makefile(encoding="ascii").readline().strip()
        if news == _BYE or self._over.is_set():
            return
        lost = int(news) if news.isdecimal() else number
        self._send(str(lost))
        sys.stderr.write(
            f"minibp: process {lost} has ended before its work was done, so that this one ends too: "
            "start all again, from the last checkpoint\n"
        )
        _end()  # the main thread waits for the other in the middle of an exchange

    def _send(self, words: str) -> None:
        for peer in self._peers.values():
            with suppress(OSError):
                peer.sendall(f"{words}\n".encode("ascii"))

    def leave(self) -> None:
        """Tell the others that this process ends because its work is done."""
        self._over.set()
        self._send(_BYE)

    def close(self) -> None:
        """Leave without a word, which the others take for the loss of this process."""
        self._over.set()
        for peer in self._peers.values():
            with suppress(OSError):
                peer.shutdown(socket.SHUT_WR)


def _watch_of(jax: Any, host: str, count: int, number: int, wait: float) -> _Watch:
    """The connections, made: process 0 tells all its port, and a number that no stranger knows."""
    from jax.experimental import multihost_utils

    address = host.strip("[]")
    if number:
        port, secret = (int(one) for one in multihost_utils.broadcast_one_to_all(np.zeros(2, np.int32)))
        try:
            peer = socket.create_connection((address, port), timeout=wait)
        except OSError as error:
            raise ProcessLost(f"process 0 does not answer at port {port} of {address}: {error}") from None
        peer.settimeout(None)
        peer.sendall(f"{secret} {number}\n".encode("ascii"))
        return _Watch({0: peer})
    family = socket.getaddrinfo(address, None, type=socket.SOCK_STREAM)[0][0]
    with socket.create_server(("", 0), family=family) as server:
        server.settimeout(wait)
        secret = secrets.randbelow(2**31)
        multihost_utils.broadcast_one_to_all(np.array([server.getsockname()[1], secret], np.int32))
        peers: dict[int, socket.socket] = {}
        until = time.monotonic() + wait
        while len(peers) < count - 1:
            if time.monotonic() > until:
                raise ProcessLost(f"{counted(count, 'process', 'processes')} did not join in {wait:g} s")
            with suppress(OSError):
                peer, _ = server.accept()
                name = _name_of(peer, secret, wait)
                if name is None:
                    peer.close()
                else:
                    peers[name] = peer
        return _Watch(peers)


def _name_of(peer: socket.socket, secret: int, wait: float) -> int | None:
    """The number of the process that has connected; None of a stranger."""
    try:
        peer.settimeout(wait)
        said, name = map(int, peer.recv(32).decode("ascii").split())
        peer.settimeout(None)
    except (OSError, ValueError):
        return None
    return name if said == secret else None
