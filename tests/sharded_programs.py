"""Checks on eight devices: how many there are is settled when JAX starts, so that they run in a process of their own.

    python tests/sharded_programs.py gradients

prints a line of JSON for each check: its name, and what is wrong, or "".
"""

import json
import os
import subprocess
import sys
import traceback
from pathlib import Path

import numpy as np
from helpers import DECAY, ETA, expected, parameters, problem_of

from minibp import Gradient, Network, batched, sharded
from minibp.activations import HIDDEN
from minibp.check.layout import row_of_gradient
from minibp.check.oracles.estimate import ORACLE_ERROR
from minibp.check.rounding.whole_pass import arithmetic_of, bound
from minibp.check.tolerance import within
from minibp.drawing import pairings

SECONDS = 120
"""After so many a process is killed."""
QUICKLY = "--xla_backend_optimization_level=0"
"""XLA then spends less time on machine code; how work is divided, and what is exchanged, stays as it is."""
MESHES = ((8, 1), (8, 2), (8, 4), (8, 8), (3, 1), (1, 1))
"""Devices, and how many of them share the neurons."""
SIZES = ((6, 8, 4), (5, 4, 3, 8))
ROWS = (16, 24, 7)


def xla(dtype):
    """The arithmetic of XLA, whose functions are a few ulp worse than NumPy's, and which differentiates values."""
    plain = arithmetic_of(dtype, ORACLE_ERROR, prime_from_value=False)
    return plain._replace(u=2 * plain.u, through_values=True)


def cases():
    """A problem and a mesh: costs with outputs they go with, drawn; activations, dtypes, L2 and meshes in turn."""
    hidden, pairs = sorted(HIDDEN), list(pairings())
    rng = np.random.default_rng(20261127)
    for i in range(12):
        output, cost = pairs[rng.integers(len(pairs))]
        options = {"dtype": ("float64", "float32")[i % 2], "m": ROWS[i % 3], "l2": (0.0, 0.7)[i // 2 % 2]}
        yield problem_of(SIZES[i % 2], hidden[i % len(hidden)], output.name, cost.name, **options), MESHES[i // 2]


def mesh_of(shape):
    return sharded.mesh(shape[0], neurons=shape[1])


def gradient_of(problem, mesh):
    found = sharded.ShardedGradient(problem.network, problem.cost, problem.l2, mesh=mesh)
    return row_of_gradient(found.gradient(problem.x, problem.y))


def by_grad(problem, mesh):
    """JAX's derivative of the cost, divided in the same way."""
    import jax

    from minibp.sharded.layout import Layout, as_numpy

    layout, network = Layout(mesh, problem.network), problem.network

    def cost(parameters, x, y):
        return batched.backprop(Network(*parameters, network.activations), problem.cost, x, y, problem.l2).cost

    with jax.enable_x64(True):
        program = jax.jit(jax.grad(cost), out_shardings=layout.everywhere)
        found = program(layout.parameters(network), *layout.examples(problem.x, problem.y))
        return row_of_gradient(Gradient(*(tuple(map(as_numpy, kind)) for kind in found)))


def problem_gradient(problem):
    return batched.backprop(problem.network, problem.cost, problem.x, problem.y, problem.l2).gradient


def limit_of(problem, arithmetic):
    limit = row_of_gradient(bound(problem, arithmetic).gradient)
    assert np.isfinite(limit).all()
    return limit


def one_device_and_autodiff_agree():
    for problem, shape in cases():
        ours = gradient_of(problem, mesh_of(shape))
        theirs = limit_of(problem, xla(problem.dtype))
        numpys = row_of_gradient(problem_gradient(problem))
        said = (shape, problem)
        assert within(ours, numpys, theirs, limit_of(problem, arithmetic_of(problem.dtype))).all(), said
        assert within(ours, by_grad(problem, mesh_of(shape)), theirs, theirs).all(), said


def rows_that_devices_mistake_would_be_seen():
    problem = problem_of([6, 8, 4], m=16)
    limit = limit_of(problem, arithmetic_of("float64")) + limit_of(problem, xla("float64"))
    program = sharded.ShardedGradient(problem.network, problem.cost, mesh=mesh_of((8, 1)))
    found = program.gradient(problem.x[:8], problem.y[:8])
    assert not within(row_of_gradient(found), row_of_gradient(problem_gradient(problem)), limit).all()


def one_all_reduce_of_all_parameters():
    problem = problem_of([6, 8, 4], m=16, dtype="float32")
    program = sharded.ShardedGradient(problem.network, problem.cost, 0.5, mesh=mesh_of((8, 1)))
    (one,) = sharded.collectives(program.compiled(16))
    assert one.kind == "all-reduce"
    assert sorted(one.shapes) == sorted([(8, 6), (4, 8), (8,), (4,)])
    assert one.n_bytes == 4 * problem.network.n_parameters


def neurons_are_divided():
    problem = problem_of([6, 8, 4], m=16)
    program = sharded.ShardedGradient(problem.network, problem.cost, mesh=mesh_of((8, 2)))
    found = sharded.collectives(program.compiled(16))
    assert {one.kind for one in found} == {"all-reduce", "all-gather"}, found
    # Each device has half of the rows of every W, and sums the derivatives by these alone over the examples.
    sums = [one for one in found if set(one.shapes) == {(4, 6), (2, 8), (4,), (2,)}]
    assert [one.kind for one in sums] == ["all-reduce"], found


def what_does_not_divide_is_computed_everywhere():
    problem = problem_of([6, 8, 4], m=7)
    program = sharded.ShardedGradient(problem.network, problem.cost, mesh=mesh_of((8, 1)))
    assert sharded.collectives(program.compiled(7)) == []


def meshes_that_cannot_be_had_are_told():
    import jax

    for devices, neurons, expected_words in (
        (9, 1, "devices is 9, JAX has 8"),
        (0, 1, "devices is 0, expected at least 1"),
        ([], 1, "devices is empty, expected one or more"),
        (8, 3, "neurons is 3, expected a divisor of 8, the number of devices"),
    ):
        try:
            said = str(sharded.mesh(devices, neurons=neurons))
        except ValueError as error:
            said = str(error)
        assert said == expected_words, said
    assert dict(sharded.mesh(jax.devices()[4:], neurons=2).shape) == {"examples": 2, "neurons": 2}
    assert dict(sharded.mesh().shape) == {"examples": 8, "neurons": 1}


def steps_are_the_plain_one():
    from minibp.sharded.step import ShardedStep

    for (problem, shape), decay in zip(list(cases())[::2], (0.0, DECAY) * 3, strict=False):
        step = ShardedStep(problem.network, problem.cost, mesh_of(shape), eta=ETA, decay=decay)
        step.bind(problem.x, problem.y)()
        want, limit = expected(problem, decay)
        limit = limit + 2 * ETA * limit_of(problem, xla(problem.dtype))
        assert within(parameters(step.network()), want, limit).all(), (shape, problem)


def a_step_has_one_all_reduce_and_frees_what_it_moves():
    from minibp.sharded.step import ShardedStep

    problem = problem_of([6, 8, 4], m=16)
    step = ShardedStep(problem.network, problem.cost, mesh_of((8, 1)), eta=ETA, decay=DECAY)
    (one,) = sharded.collectives(step.compiled(16))
    assert (one.kind, one.n_bytes) == ("all-reduce", 8 * problem.network.n_parameters)
    before = step._parameters[0][0]
    step.bind(problem.x, problem.y)()
    assert before.is_deleted()


def buffers_may_be_written_to_after_a_step():
    from minibp.sharded.step import ShardedStep

    problem = problem_of([6, 8, 4], m=16)
    x, y = problem.x.copy(), problem.y.copy()
    step = ShardedStep(problem.network, problem.cost, mesh_of((8, 1)), eta=ETA)
    move = step.bind(x, y)
    for _ in range(3):
        x[:], y[:] = problem.x, problem.y
        move()
        x[:], y[:] = np.nan, np.nan
    assert step.network() is not None


def training(devices, rows=52, **changed):
    from minibp import Training

    problem = problem_of([6, 8, 4], m=rows)
    options = {"cost": "cross_entropy", "batch_size": 16, "eta": 0.5, "l2": 0.3, "rng": 5}
    return Training(problem.network, problem.x, problem.y, devices=devices, **{**options, **changed})


def training_is_that_of_numpy_and_goes_on_from_a_checkpoint_of_any_devices():
    from tempfile import TemporaryDirectory

    whole = training(8).run(4)
    assert (whole.outcome, whole.steps) == ("finished", 16)
    numpys = parameters(training(None).run(4).network)
    assert np.allclose(parameters(whole.network), numpys, rtol=1e-11, atol=1e-13)
    assert not np.allclose(parameters(training(None).run(3).network), numpys, rtol=1e-6)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "checkpoint"
        first = training(8)
        first.run(2)
        first.save(path)
        for devices in (8, None, mesh_of((8, 2))):
            second = training(devices)
            second.restore(path)
            found = second.run(4)
            assert found.network == whole.network or devices != 8
            assert np.allclose(parameters(found.network), numpys, rtol=1e-11, atol=1e-13), devices


def the_command_trains_and_resumes():
    from tempfile import TemporaryDirectory

    from click.testing import CliRunner

    from minibp.cli import cli

    def run(*arguments):
        return CliRunner().invoke(cli, ["train", *map(str, arguments)])

    with TemporaryDirectory() as folder:
        saved, plain, kept = (Path(folder) / name for name in ("saved.npz", "plain.npz", "checkpoint"))
        options = ("--hidden", 8, "--batch-size", 24, "--checkpoint", kept)
        assert run(*options, "--epochs", 1, "--devices", 8).exit_code == 0
        again = run(*options, "--epochs", 2, "--devices", 4, "--resume", "--save", saved)
        assert "going on from" in again.stderr, again.output
        assert run("--hidden", 8, "--batch-size", 24, "--epochs", 2, "--save", plain).exit_code == 0
        assert np.allclose(parameters(Network.load(saved)), parameters(Network.load(plain)), rtol=1e-9, atol=1e-11)
    for arguments, said in (
        (("--devices", 9), "devices is 9, JAX has 8"),
        (("--devices", 2, "--form", "per-example"), "expected form 'batched' on devices of JAX"),
    ):
        result = run(*arguments)
        assert result.exit_code == 2, result.output
        assert said in result.stderr, result.stderr


CHECKS = {
    "gradients": (
        one_device_and_autodiff_agree,
        rows_that_devices_mistake_would_be_seen,
        one_all_reduce_of_all_parameters,
        neurons_are_divided,
        what_does_not_divide_is_computed_everywhere,
        meshes_that_cannot_be_had_are_told,
    ),
    "steps": (
        steps_are_the_plain_one,
        a_step_has_one_all_reduce_and_frees_what_it_moves,
        buffers_may_be_written_to_after_a_step,
        training_is_that_of_numpy_and_goes_on_from_a_checkpoint_of_any_devices,
        the_command_trains_and_resumes,
    ),
}


def names(group):
    return [check.__name__ for check in CHECKS[group]]


def outcomes(group):
    """What each check of a group says, run in a process that has eight devices."""
    environment = {**os.environ, "JAX_NUM_CPU_DEVICES": "8", "JAX_PLATFORMS": "cpu", "XLA_FLAGS": QUICKLY}
    root = Path(__file__).parents[1]
    environment["PYTHONPATH"] = os.pathsep.join([str(root), str(root / "tests"), environment.get("PYTHONPATH", "")])
    run = subprocess.run(
        [sys.executable, __file__, group],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
        timeout=SECONDS,
    )
    said = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("[")]
    assert run.returncode == 0, run.stderr[-2000:]
    return dict(said)


def main(group):
    for check in CHECKS[group]:
        try:
            check()
            print(json.dumps([check.__name__, ""]), flush=True)
        except Exception:  # noqa: BLE001 -- what went wrong is said by the process that asked
            print(json.dumps([check.__name__, traceback.format_exc()]), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
