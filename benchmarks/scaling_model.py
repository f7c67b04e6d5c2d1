"""What a step on many devices exchanges, counted in compiled programs; and a model of how long it takes.

    python benchmarks/scaling_model.py [--batch ROWS] [--rate FLOPS] [--bandwidth BYTES] [--latency SECONDS] ...

It counts on eight devices, made of the CPU, and ends with 1 where the count is not that of the formulas. The model, of
devices that divide the examples: each computes 6 P m/n operations at a rate, reads and writes P numbers three times in
its memory, and takes part in a ring all-reduce of 2 (n − 1)/n P numbers over links of a bandwidth, in 2 (n − 1)
messages of a latency, none of it at the same time as another. Nothing of the model is measured.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from typing import NamedTuple

from minibp import Network, sharded
from minibp.costs import cost_of
from minibp.sharded.step import ShardedStep

SIZES, ROWS, DEVICES = (64, 32, 16, 8), 32, 8
DIVISIONS = (1, 2, 4, 8)
"""Devices that share the neurons, of eight."""
BYTES = 4
"""Of a number in float32."""
PARAMETERS = (10**4, 10**5, 10**6, 10**7, 10**8, 10**9)
COUNTS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


class Hardware(NamedTuple):
    """What the model assumes of every device and of the links between them."""

    rate: float
    """Operations a second in products of matrices."""
    memory: float
    """Bytes a second to and from a device's own memory."""
    bandwidth: float
    """Bytes a second from a device to the next in the ring, and at the same time from the one before."""
    latency: float
    """Seconds from the beginning of a message to that of its arrival."""


class Time(NamedTuple):
    """Seconds of one step."""

    compute: float
    update: float
    exchange: float

    @property
    def total(self) -> float:
        return sum(self)


def step_time(parameters: int, rows: int, devices: int, hardware: Hardware) -> Time:
    """The model.

    >>> step_time(10**6, 1000, 1, Hardware(6e9, 12e6, 1.0, 1.0))
    Time(compute=1.0, update=1.0, exchange=0.0)
    """
    others = devices - 1
    return Time(
        6 * parameters * rows / devices / hardware.rate,
        3 * BYTES * parameters / hardware.memory,
        2 * others / devices * BYTES * parameters / hardware.bandwidth + 2 * others * hardware.latency,
    )


def expected(network: Network, rows: int, neurons: int) -> Counter[tuple[str, int]]:
    """The collectives of a step, by kind and by how many numbers each device has after it."""
    groups = DEVICES // neurons
    found: Counter[tuple[str, int]] = Counter()
    if groups > 1:
        found["all-reduce", network.n_parameters // neurons] += 1
    if neurons > 1:
        for size in network.sizes[1:-1]:
            found["all-gather", rows // groups * size] += 1  # A^l, of which each device has some columns
            found["all-reduce", rows // groups * size] += 1  # the sum in Δ^{l+1} W^{l+1}, of which each has some terms
    return found


def _listed(counted: Counter[tuple[str, int]], kind: str) -> str:
    return ", ".join(f"{numbers:,}" for name, numbers in sorted(counted.elements()) if name == kind)


def count() -> bool:
    """Print the collectives of steps beside those of the formulas; True where they agree."""
    network = Network.random(SIZES, "tanh", "sigmoid", "float32", rng=0)
    print(f"counted: a step of {'-'.join(map(str, SIZES))}, {network.n_parameters:,} parameters, {ROWS} rows")
    agree = True
    for neurons in DIVISIONS:
        step = ShardedStep(network, cost_of("cross_entropy"), sharded.mesh(DEVICES, neurons=neurons), eta=0.1)
        counted = Counter((one.kind, one.n_bytes // BYTES) for one in sharded.collectives(step.compiled(ROWS)))
        formulas = expected(network, ROWS, neurons)
        sums = [{one: n for one, n in found.items() if one[0] != "all-gather"} for found in (counted, formulas)]
        same = sums[0] == sums[1] and set(counted) == set(formulas)  # XLA may gather again for the backward pass
        agree = agree and same
        kinds = sorted({kind for kind, _ in counted})
        said = "; ".join(f"{kind} of {_listed(counted, kind)}" for kind in kinds)
        print(f"  examples {DEVICES // neurons} × neurons {neurons}: {said}{'' if same else ', NOT AS DERIVED'}")
    return agree


def show(hardware: Hardware, batch: int) -> None:
    """Print the model's tables: a batch that stays, and one that grows with the devices."""
    print(
        f"\nmodelled, not measured: {hardware.rate:.3g} operations/s, {hardware.memory:.3g} B/s of memory, links of "
        f"{hardware.bandwidth:.3g} B/s and {hardware.latency:.3g} s, float32"
    )
    balance = BYTES * hardware.rate / (3 * hardware.bandwidth)
    print(f"with many devices, exchanging takes as long as computing at {balance:,.0f} rows a device, whatever P is")
    for title, grows in ((f"a batch of {batch:,} rows", False), (f"a batch of {batch:,} rows for each device", True)):
        print(f"\n{title}: seconds of a step on 1 device, then times as many rows a second on n devices")
        print(f"{'P':>8} {'s':>9}" + "".join(f"{n:>8}" for n in COUNTS[1:]) + "  most at")
        for parameters in PARAMETERS:
            alone = step_time(parameters, batch, 1, hardware).total
            speed = {
                n: (n if grows else 1) * alone / step_time(parameters, batch * (n if grows else 1), n, hardware).total
                for n in COUNTS
            }
            best = max(speed, key=lambda n: speed[n])
            row = "".join(f"{speed[n]:>8.3g}" if speed[n] < 1000 else f"{speed[n]:>8,.0f}" for n in COUNTS[1:])
            print(f"{parameters:>8.0e} {alone:>9.2g}{row}  {best}")


def main() -> int:
    """Count, then model."""
    parser = argparse.ArgumentParser(description="What a step on many devices exchanges, and how long it would take.")
    parser.add_argument("--batch", type=int, default=8192, help="rows of a batch")
    parser.add_argument("--rate", type=float, default=1e13, help="operations a second of a device")
    parser.add_argument("--memory", type=float, default=5e11, help="bytes a second of a device's memory")
    parser.add_argument("--bandwidth", type=float, default=1.25e10, help="bytes a second of a link")
    parser.add_argument("--latency", type=float, default=5e-6, help="seconds of a message")
    given = parser.parse_args()
    agree = count()
    show(Hardware(given.rate, given.memory, given.bandwidth, given.latency), given.batch)
    return 0 if agree else 1


if __name__ == "__main__":
    sys.exit(main())
