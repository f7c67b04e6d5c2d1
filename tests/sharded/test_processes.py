import signal
import socket
import threading
import time

import numpy as np
import pytest
from helpers import parameters, problem_of
from sharded_processes import ended, free_port, results_of, started, training
from sharded_programs import limit_of, xla

from minibp import InputError, batched, sharded
from minibp.check.layout import row_of_gradient
from minibp.check.rounding.whole_pass import arithmetic_of
from minibp.check.tolerance import within
from minibp.sharded import processes as processes_module
from minibp.sharded.processes import whole

jax = pytest.importorskip("jax", reason="JAX is not installed")


@pytest.fixture(autouse=True)
def _own_settings():
    """JAX of this process is as it was."""
    jax.devices()
    name = "jax_cpu_collectives_implementation"
    before = getattr(jax.config, name)
    yield
    jax.config.update(name, before)


@pytest.fixture(scope="module")
def numpys():
    return parameters(training(None).run(4).network)


def test_four_processes_train_as_one(tmp_path, numpys):
    problem = problem_of([6, 8, 4], m=16)
    want = row_of_gradient(batched.backprop(problem.network, problem.cost, problem.x, problem.y).gradient)
    limit = limit_of(problem, arithmetic_of("float64")) + limit_of(problem, xla("float64"))
    found = ended(started(4, tmp_path / "checkpoint", 4))
    for out, err, status in found:
        assert status == 0, err
        gradient, trained = results_of(out)
        assert np.allclose(trained, numpys, rtol=1e-11, atol=1e-13)
        assert within(gradient, want, limit).all()
        assert out.splitlines()[-1] == found[0][0].splitlines()[-1]  # bit for bit


@pytest.mark.parametrize("victim", [1, 0])
def test_where_one_is_killed_the_other_ends_with_a_sentence_and_all_go_on_from_the_checkpoint(victim, tmp_path, numpys):
    path = tmp_path / "checkpoint"
    running = started(2, path, 4, slow=1)
    past_the_first_epoch = threading.Event()

    def read():
        for line in running[1 - victim].stdout:
            if "epoch 1\n" in line:  # Gloo writes lines of its own, and parts of them come in between
                past_the_first_epoch.set()
                return

    threading.Thread(target=read, daemon=True).start()
    assert past_the_first_epoch.wait(60), ended(running, 1)
    began = time.monotonic()
    running[victim].send_signal(signal.SIGKILL)
    found = ended(running, 45)
    assert time.monotonic() - began < 40  # the heartbeat's 30 s, and some more
    _, err, status = found[1 - victim]
    assert "Traceback" not in err
    if victim:  # process 0 has JAX's service, and where it ends JAX may be the first to say so
        assert status == 1, err
        assert err.splitlines()[-1] == (
            "minibp: process 1 has ended before its work was done, so that this one ends too: "
            "start all again, from the last checkpoint"
        )
        for out, err, status in ended(started(2, path, 4)):
            assert status == 0, err
            assert "epoch 1\n" not in out
            assert "epoch 2\n" in out
            assert np.allclose(results_of(out)[1], numpys, rtol=1e-11, atol=1e-13)
    else:
        assert status
        assert "process 0 has ended before its work was done" in err or "another task died" in err


def test_an_exception_in_one_is_shown_and_ends_all(tmp_path):
    began = time.monotonic()
    fine, failed = ended(started(2, tmp_path / "checkpoint", 4, 0, 1))
    assert time.monotonic() - began < 60
    assert (fine[2], failed[2]) == (1, 1)
    assert failed[1].splitlines()[-1] == "ArithmeticError: an exception of the user's"
    assert fine[1].splitlines()[-1].startswith("minibp: process 1 has ended before its work was done")


@pytest.fixture
def watched(monkeypatch):
    """A process 0 that watches two others: their ends of the connections, and whether it has ended."""
    over = threading.Event()
    monkeypatch.setattr(processes_module, "_end", over.set)
    pairs = {number: socket.socketpair() for number in (1, 2)}
    watch = processes_module._Watch({number: mine for number, (mine, _) in pairs.items()})
    yield watch, {number: theirs for number, (_, theirs) in pairs.items()}, over
    watch.close()
    for pair in pairs.values():
        for one in pair:
            one.close()


def test_the_end_of_one_is_told_to_the_others(watched, capsys):
    _, peers, over = watched
    peers[2].close()
    assert over.wait(10)
    assert peers[1].recv(16) == b"2\n"
    assert capsys.readouterr().err.startswith("minibp: process 2 has ended before its work was done")


def test_what_process_0_has_heard_is_handed_on(watched, capsys):
    _, peers, over = watched
    peers[1].sendall(b"7\n")
    assert over.wait(10)
    assert capsys.readouterr().err.startswith("minibp: process 7 has ended before its work was done")


def test_one_that_leaves_when_its_work_is_done_is_not_missed(watched):
    watch, peers, over = watched
    peers[1].sendall(b"bye\n")
    watch.leave()
    assert peers[2].recv(16) == b"bye\n"
    peers[2].close()
    assert not over.wait(0.2)


def test_strangers_at_the_port_are_no_processes(monkeypatch):
    from jax.experimental import multihost_utils

    def told(values):
        port, secret = map(int, values)
        for words in ("", "hello\n", f"{secret + 1} 1\n", f"{secret} 1\n"):
            with socket.create_connection(("127.0.0.1", port)) as one:
                one.sendall(words.encode())

    over = threading.Event()
    monkeypatch.setattr(processes_module, "_end", over.set)
    monkeypatch.setattr(multihost_utils, "broadcast_one_to_all", told)
    watch = processes_module._watch_of(jax, "127.0.0.1", 2, 0, 10.0)
    assert list(watch._peers) == [1]
    assert over.wait(10)  # it has left
    watch._peers[1].close()


def test_processes_that_do_not_come_and_a_process_0_that_does_not_answer_are_told(monkeypatch):
    from jax.experimental import multihost_utils

    monkeypatch.setattr(multihost_utils, "broadcast_one_to_all", lambda values: np.array([free_port(), 3]))
    with pytest.raises(sharded.ProcessLost, match=r"^2 processes did not join in 0\.1 s$"):
        processes_module._watch_of(jax, "127.0.0.1", 2, 0, 0.1)
    with pytest.raises(sharded.ProcessLost, match="process 0 does not answer at port"):
        processes_module._watch_of(jax, "127.0.0.1", 2, 1, 1.0)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("localhost", 2, 0), "coordinator is 'localhost', expected HOST:PORT"),
        (("localhost:port", 2, 0), "coordinator is 'localhost:port', expected HOST:PORT"),
        (("localhost:1", 0, 0), "processes is 0, expected at least 1"),
        (("localhost:1", 2, 2), "process is 2, expected less than 2, the number of processes"),
        (("localhost:1", 2, -1), "process is -1, expected at least 0"),
    ],
    ids=["no port", "a name as port", "no processes", "a number too many", "a negative number"],
)
def test_what_cannot_be_used_is_told(arguments, said):
    with pytest.raises(InputError) as error, sharded.joined(*arguments):
        pass
    assert str(error.value) == said


def test_jax_must_not_have_been_used_before():
    said = "processes have to join before anything else uses JAX"
    with pytest.raises(InputError, match=said), sharded.joined("localhost:1", 2, 0, devices=1):
        pass


def test_a_port_that_is_not_free_is_told(monkeypatch):
    def failed(*arguments, **options):
        raise jax.errors.JaxRuntimeError("UNKNOWN: Failed to start RPC server\nmore")

    monkeypatch.setattr(jax.distributed, "initialize", failed)
    said = "^process 0 could not join: UNKNOWN: Failed to start RPC server$"
    with pytest.raises(sharded.ProcessLost, match=said), sharded.joined("localhost:1", 2, 0):
        pass


def test_errors_of_a_process_alone_are_its_own(monkeypatch):
    with pytest.raises(jax.errors.JaxRuntimeError), whole():
        raise jax.errors.JaxRuntimeError("out of memory")
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    monkeypatch.setattr("minibp.sharded.processes.HANDED_OVER", 0)
    with pytest.raises(sharded.ProcessLost, match="exchange with the other processes failed: Gloo failed"), whole():
        raise jax.errors.JaxRuntimeError("Gloo failed\nmore")
