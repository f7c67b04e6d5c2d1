"""A training on data eight times as large as the memory that the process may add.

python tests/mapped_programs.py FOLDER [DEVICES]
"""

import resource
import sys
from pathlib import Path

import numpy as np

from minibp import Network, Training

ROWS, SIZES, DATA_MB, LIMIT_MB = 40_960, (400, 12, 10), 64, 8


def write(folder):
    """x.npy of DATA_MB and y.npy, a part at a time."""
    rng = np.random.default_rng(7)
    x = np.lib.format.open_memmap(folder / "x.npy", "w+", "float32", (ROWS, SIZES[0]))
    for start in range(0, ROWS, 4096):
        x[start : start + 4096] = rng.random((4096, SIZES[0]), np.float32)
    np.save(folder / "y.npy", np.eye(SIZES[-1], dtype="float32")[rng.integers(SIZES[-1], size=ROWS)])
    assert x.nbytes // 2**20 >= DATA_MB - 2


def training(x, y, devices=None):
    network = Network.random(SIZES, dtype="float32", rng=3)
    return Training(network, x, y, cost="cross_entropy", batch_size=64, eta=0.5, l2=1.0, devices=devices)


def data_bytes():
    """The size of this process's private memory, as RLIMIT_DATA has it."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmData"))
    return 1024 * int(line.split()[1])


def main(folder, devices=None):
    count = devices and int(devices)
    x, y = (np.load(Path(folder) / name, mmap_mode="r") for name in ("x.npy", "y.npy"))
    training(x[:128], y[:128], count).run(1)  # libraries have then set up what they need
    resource.setrlimit(resource.RLIMIT_DATA, (data_bytes() + LIMIT_MB * 2**20,) * 2)
    try:
        np.array(x)
    except MemoryError:
        print("a copy does not fit")
    trained = training(x, y, count)
    history = trained.run(1)
    trained.save(Path(folder) / "checkpoint")
    history.network.save(Path(folder) / "network.npz")
    print(history.message)


if __name__ == "__main__":
    main(*sys.argv[1:])
