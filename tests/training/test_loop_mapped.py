import os
import subprocess
import sys
from pathlib import Path

import mapped_programs
import numpy as np
import pytest
from helpers import parameters

import minibp
from minibp import Network

ROOT = Path(minibp.__file__).parents[1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("mapped")
    mapped_programs.write(made)
    yield made
    for path in made.iterdir():
        path.unlink()


@pytest.mark.parametrize("devices", [None, 2])
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not say how large a process is")
def test_data_eight_times_as_large_as_memory_train_as_in_memory(folder, devices):
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), environment.get("PYTHONPATH", "")])
    run = subprocess.run(
        [sys.executable, mapped_programs.__file__, str(folder), *([str(devices)] if devices else [])],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    assert run.stdout.splitlines() == ["a copy does not fit", "finished 1 epoch"]
    x, y = (np.load(folder / name) for name in ("x.npy", "y.npy"))
    assert x.nbytes + y.nbytes >= 8 * mapped_programs.LIMIT_MB * 2**20
    found, expected = Network.load(folder / "network.npz"), mapped_programs.training(x, y).run(1).network
    assert found == expected or devices
    assert np.allclose(parameters(found), parameters(expected), rtol=1e-3, atol=1e-4)
