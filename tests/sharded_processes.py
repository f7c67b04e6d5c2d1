"""A training of several processes, each of which runs this file.

    python tests/sharded_processes.py PORT PROCESSES PROCESS CHECKPOINT EPOCHS [SLOW [FAILS]]

With SLOW, each epoch takes so many seconds longer; process FAILS raises an exception after the first. It prints a line
after each epoch, a gradient whose neurons are divided, and the parameters at the end.
"""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from helpers import parameters, problem_of
from sharded_programs import QUICKLY

from minibp import Training, sharded
from minibp.check.layout import row_of_gradient

SECONDS = 120
"""After so many all are killed."""


def training(devices):
    problem = problem_of([6, 8, 4], m=52)
    options = {"cost": "cross_entropy", "batch_size": 16, "eta": 0.5, "l2": 0.3, "rng": 5}
    return Training(problem.network, problem.x, problem.y, devices=devices, **options)


def main(port, processes, process, checkpoint, epochs, slow=0, fails=None):
    with sharded.joined(f"127.0.0.1:{port}", int(processes), int(process), devices=2, timeout=60) as mesh:
        assert mesh.devices.size == 2 * int(processes)
        given = training(mesh)
        if Path(checkpoint).exists():
            given.restore(checkpoint)

        def after_epoch(history):
            if process == "0":
                given.save(checkpoint)
            print(f"epoch {len(history.epochs)}", flush=True)
            time.sleep(float(slow))
            if process == fails:
                raise ArithmeticError("an exception of the user's")

        history = given.run(int(epochs), after_epoch)
        problem, divided = problem_of([6, 8, 4], m=16), sharded.mesh(neurons=2)
        gradient = sharded.ShardedGradient(problem.network, problem.cost, mesh=divided).gradient(problem.x, problem.y)
    print(json.dumps(row_of_gradient(gradient).tolist()))
    print(json.dumps(parameters(history.network).tolist()), flush=True)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def started(processes, checkpoint, epochs, slow=0, *fails):
    """The processes, running."""
    root = Path(__file__).parents[1]
    environment = {**os.environ, "JAX_PLATFORMS": "cpu", "XLA_FLAGS": QUICKLY}
    environment["PYTHONPATH"] = os.pathsep.join([str(root), str(root / "tests"), environment.get("PYTHONPATH", "")])
    port = free_port()
    return [
        subprocess.Popen(
            [sys.executable, __file__, *map(str, (port, processes, number, checkpoint, epochs, slow, *fails))],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for number in range(processes)
    ]


def ended(running, seconds=SECONDS):
    """What each has written, and its exit status; those that have not ended in time are killed."""
    until = time.monotonic() + seconds
    try:
        return [(*one.communicate(timeout=max(0.1, until - time.monotonic())), one.returncode) for one in running]
    finally:
        for one in running:
            if one.poll() is None:
                one.kill()
            one.wait()
            one.stdout.close()
            one.stderr.close()


def results_of(out):
    """The gradient and the parameters."""
    return [np.array(json.loads(line)) for line in out.splitlines()[-2:]]


if __name__ == "__main__":
    main(*sys.argv[1:])
