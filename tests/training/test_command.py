import json
import os
import pty
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from case_ids import written_out
from click.testing import CliRunner
from helpers import idx

from minibp import Network
from minibp.cli import cli
from minibp.data import mnist_files
from minibp.training import checkpoint as checkpoint_module
from minibp.training.presets import PRESETS

LINE = re.compile(r"Epoch (\d+): (\d+) / (\d+), cost [\d.e-]+ trained, [\d.e-]+ tested")


def run(*arguments):
    return CliRunner().invoke(cli, ["train", *map(str, arguments)], catch_exceptions=False)


def lines(result):
    return [tuple(map(int, match.groups())) for match in map(LINE.fullmatch, result.stdout.splitlines()) if match]


@pytest.mark.parametrize(("preset", "least"), [("quadratic", 0.9), ("cross-entropy", 0.85)])
def test_digits_are_learned(preset, least):
    result = run("--preset", preset, "--epochs", 20)
    assert result.exit_code == 0
    found = lines(result)
    assert [number for number, _, _ in found] == list(range(1, 21))
    assert {total for _, _, total in found} == {297}
    assert max(right for _, right, _ in found) > least * 297
    assert re.search(r"20 epochs in [\d.]+ s; steps took [\d.]+ s of each\n$", result.stdout)
    assert result.stderr == ""


@pytest.mark.parametrize("preset", PRESETS)
def test_without_another_number_the_sources_30_epochs_are_run(preset):
    assert len(lines(run("--preset", preset, "--hidden", 1))) == PRESETS[preset].epochs == 30


@pytest.mark.parametrize(("preset", "least", "epochs"), [("quadratic", 9450, 10), ("cross-entropy", 9600, 14)])
def test_the_sources_two_runs_on_mnist_get_there_in_half_of_their_epochs(preset, least, epochs, mnist_folder):
    result = run("--data", "mnist", "--preset", preset, "--epochs", epochs)
    assert result.exit_code == 0
    found = lines(result)
    assert len(found) == epochs
    assert found[-1][2] == 10_000
    assert found[-1][1] >= least


def test_the_same_seed_gives_the_same_lines_and_another_does_not(tmp_path):
    network = tmp_path / "network.npz"
    results = [run("--epochs", 3, "--seed", seed, "--save", network) for seed in (1, 1, 2)]
    assert lines(results[0]) == lines(results[1]) != lines(results[2])
    assert Network.load(network).sizes == (64, 30, 10)


def test_json_alone_goes_to_standard_output():
    result = run("--epochs", 2, "--json", "-", "--hidden", "7,5", "--eta", 1, "--l2", 0.5, "--dtype", "float32")
    found = json.loads(result.stdout)
    assert (found["sizes"], found["eta"], found["l2"], found["dtype"]) == ([64, 7, 5, 10], 1.0, 0.5, "float32")
    assert (found["outcome"], found["steps"]) == ("finished", 300)
    assert [epoch["number"] for epoch in found["epochs"]] == [1, 2]
    assert "Epoch 2: " in result.stderr


def test_a_training_on_a_device_of_jax_is_the_same(tmp_path):
    options = ("--epochs", 2, "--hidden", 5, "--save", tmp_path / "network.npz")
    plain, on_a_device = run(*options), run(*options, "--devices", 1)
    assert lines(on_a_device) == lines(plain)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--devices", 0), "0 is not in the range x>=1"),
        (("--devices", 10**6), "devices is 1000000, JAX has"),
        (("--devices", 1, "--form", "per-example"), "expected form 'batched' on devices of JAX"),
    ],
    ids=["none", "too many", "another form"],
)
def test_devices_that_cannot_be_used_are_refused(arguments, said):
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr


def test_without_jax_the_command_that_installs_it_is_told(monkeypatch):
    def missing(library):
        raise ModuleNotFoundError(f"No module named {library!r}", name=library)

    monkeypatch.setattr("minibp.adapters.subject.import_module", missing)
    result = run("--devices", 2)
    assert result.exit_code == 2
    assert result.stderr.startswith("minibp: this command needs jax, which is not installed: pip install")
    assert len(result.stderr.splitlines()) == 1


def test_the_per_example_form_is_the_same_training():
    options = ("--epochs", 1, "--hidden", 5)
    assert lines(run(*options, "--form", "per-example")) == lines(run(*options))


def test_a_plot_is_written(tmp_path):
    pytest.importorskip("matplotlib")
    for ending, begins in (("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")):
        plot = tmp_path / f"plot.{ending}"
        assert run("--epochs", 2, "--plot", plot).exit_code == 0
        assert plot.read_bytes().startswith(begins)


def test_checkpoints_are_gone_on_from(tmp_path):
    checkpoint, network, whole = tmp_path / "checkpoint", tmp_path / "a.npz", tmp_path / "b.npz"
    assert run("--epochs", 6, "--save", whole).exit_code == 0
    first = run("--epochs", 2, "--checkpoint", checkpoint, "--resume")
    assert first.stderr == f"minibp: there is no {checkpoint} yet: beginning anew\n"
    second = run("--epochs", 6, "--checkpoint", checkpoint, "--resume", "--save", network)
    assert second.stderr == f"minibp: going on from {checkpoint}, at 2 epochs\n"
    assert [number for number, _, _ in lines(second)] == [3, 4, 5, 6]
    assert Network.load(network) == Network.load(whole)
    assert sorted(os.listdir(tmp_path)) == ["a.npz", "b.npz", "checkpoint"]
    again = run("--epochs", 6, "--checkpoint", checkpoint, "--resume")
    assert (again.exit_code, lines(again)) == (0, [])
    for arguments, message in (
        ([], f"{checkpoint} is there: --resume goes on from it; to begin anew, remove it"),
        (["--resume", "--seed", 5], "is of another training: its seed or network to begin with is not the same"),
        (["--resume", "--preset", "cross-entropy"], "its cost is 'quadratic', this one's is 'cross_entropy'"),
        (["--resume", "--hidden", 20], "its sizes is '64-30-10', this one's is '64-20-10'"),
    ):
        result = run("--checkpoint", checkpoint, *arguments)
        assert result.exit_code == 2
        assert message in result.stderr
    checkpoint.write_bytes(b"PK\x03\x04 and no more")
    result = run("--checkpoint", checkpoint, "--resume")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"minibp: {checkpoint} is not a checkpoint")


COMMAND = [sys.executable, "-m", "minibp", "train", "--hidden", "10"]


def test_killed_at_any_moment_it_goes_on_to_the_same_bits(tmp_path, monkeypatch):
    """SIGKILL again and again: before anything, while it loads, in an epoch, while a checkpoint is written."""
    monkeypatch.delenv("COVERAGE_PROCESS_START", raising=False)  # a process that is killed writes no data
    whole, network, checkpoint = tmp_path / "whole.npz", tmp_path / "network.npz", tmp_path / "checkpoint"
    epochs = ("--epochs", "150")
    subprocess.run([*COMMAND, *epochs, "--save", whole], check=True, capture_output=True)
    command = [*COMMAND, *epochs, "--checkpoint", checkpoint, "--resume", "--save", network]
    seed = int.from_bytes(os.urandom(4), "big")
    print("the moments are of seed", seed)
    rng, killed = np.random.default_rng(seed), 0
    for number in range(8):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert process.stdout is not None
        if number % 4 == 3:
            time.sleep(rng.uniform(0, 0.6))
        elif process.stdout.readline():  # an epoch takes some milliseconds
            time.sleep(rng.uniform(0, 0.01))
        process.kill()
        process.communicate()
        killed += process.returncode == -signal.SIGKILL
    last = subprocess.run(command, check=True, capture_output=True, text=True)
    assert killed > 5
    assert "going on from" in last.stderr
    assert Network.load(network) == Network.load(whole)
    assert sorted(os.listdir(tmp_path)) == ["checkpoint", "network.npz", "whole.npz"]


HEARING = """
import signal
from minibp.__main__ import main
signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background may have them ignored
main()
"""


def test_where_a_checkpoint_cannot_be_written_all_else_is(tmp_path, monkeypatch):
    checkpoint, network, data = tmp_path / "checkpoint", tmp_path / "network.npz", tmp_path / "data.json"

    def full(*arguments):
        raise OSError("no space left on device")

    monkeypatch.setattr(checkpoint_module, "write", full)
    result = run("--epochs", 5, "--checkpoint", checkpoint, "--save", network, "--json", data)
    assert result.exit_code == 2
    said = f"minibp: {checkpoint} could not be written, and training ended: no space left on device\n"
    assert result.stderr == said
    assert len(json.loads(data.read_text())["epochs"]) == 1
    assert Network.load(network).sizes == (64, 30, 10)


def test_files_are_written_whatever_becomes_of_the_others(tmp_path):
    pytest.importorskip("matplotlib")
    network, data, plot = tmp_path / ("n" * 300), tmp_path / "data.json", tmp_path / "plot.svg"
    result = run("--epochs", 1, "--save", network, "--json", data, "--plot", plot)
    assert result.exit_code == 2
    assert f"{network} could not be written: " in result.stderr
    assert data.exists()
    assert plot.exists()


@pytest.mark.parametrize("options", [("--eta", 1e200), ("--eta", 1e25, "--dtype", "float32")], ids=written_out)
def test_huge_weights_are_written_down_too(tmp_path, options):
    data, checkpoint = tmp_path / "data.json", tmp_path / "checkpoint"
    assert run("--epochs", 1, "--json", data, "--checkpoint", checkpoint, *options).exit_code == 0
    assert json.loads(data.read_text())["epochs"][0]["norm_w"][0] > 1e24
    resumed = run("--epochs", 3, "--resume", "--checkpoint", checkpoint, *options)
    assert resumed.exit_code == 1
    assert re.search(r"minibp: diverged in epoch 2: no parameter moved, as \d+ neurons, all of layer", resumed.stderr)


@pytest.mark.parametrize("form", ["batched", "per-example"])
def test_a_learning_rate_that_saturates_every_neuron_is_divergence(form):
    result = run("--eta", 1e300, "--epochs", 30, "--form", form)
    assert result.exit_code == 1
    assert len(lines(result)) == 1
    assert re.search(
        r"diverged in epoch 2: no parameter moved, as 40 neurons, all of layers 2 and 3, are saturated at every "
        r"example, though the cost is [\d.]+. The network is that of epoch 1; try a smaller eta than 1e\+300\n$",
        result.stderr,
    )


def test_a_learning_rate_that_is_too_small_to_move_anything_is_said_to_be():
    result = run("--eta", 1e-300, "--epochs", 2, "--preset", "quadratic", "--json", "-")
    found = json.loads(result.stdout)
    assert (result.exit_code, found["outcome"]) == (0, "finished")
    assert found["message"] == (
        "finished 2 epochs; no parameter moved in the last 2 epochs: "
        "each step is 0 to within the rounding of the parameters, with eta 1e-300"
    )


def test_a_second_training_on_one_checkpoint_ends_with_2_and_undoes_nothing(tmp_path):
    checkpoint = tmp_path / "checkpoint"
    command = [*COMMAND, "--epochs", "100000", "--checkpoint", checkpoint, "--resume"]
    first = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert first.stdout is not None
    try:
        first.stdout.readline()
        second = subprocess.run(command, check=False, capture_output=True, text=True)
        assert first.poll() is None
    finally:
        first.kill()
        first.communicate()
    assert second.returncode == 2
    said = f"minibp: {checkpoint} is in use by another training, process {first.pid}\n"
    assert (second.stdout, second.stderr) == ("", said)
    command[command.index("100000")] = "1"
    third = subprocess.run(command, check=True, capture_output=True, text=True)  # a killed process locks nobody out
    assert "going on from" in third.stderr
    assert os.listdir(tmp_path) == ["checkpoint"]


def test_of_many_trainings_begun_at_once_on_one_checkpoint_one_runs_at_a_time(tmp_path):
    checkpoint = tmp_path / "checkpoint"
    command = [*COMMAND, "--epochs", "40", "--checkpoint", checkpoint, "--resume"]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    ended = [(*process.communicate(), process.returncode) for process in running]
    trained = [int(number) for out, _, _ in ended for number in re.findall(r"Epoch (\d+):", out)]
    assert sorted(trained) == list(range(1, 41))
    for _, error, status in ended:
        assert status == 0 or (status == 2 and "is in use by another training" in error)
    assert os.listdir(tmp_path) == ["checkpoint"]


def test_classes_without_pictures_are_named(tmp_path):
    rng = np.random.default_rng(0)
    for part, m in (("train", 20), ("t10k", 10)):
        for kind, array in (("images-idx3", rng.integers(0, 256, (m, 2, 2))), ("labels-idx1", 1 + np.arange(m) % 3)):
            (tmp_path / f"{part}-{kind}-ubyte").write_bytes(idx(array))
    result = run("--data", tmp_path, "--epochs", 1)
    assert result.exit_code == 0
    assert result.stderr == "minibp: no image to train with for 1 of 4 classes: 0\n"


def test_odd_names_are_no_trouble(tmp_path):
    pytest.importorskip("matplotlib")
    home = os.fsencode(tmp_path) + b"/$^$\xff"
    os.mkdir(home)
    rng = np.random.default_rng(0)
    for part, m in (("train", 20), ("t10k", 10)):
        for kind, array in (("images-idx3", rng.integers(0, 256, (m, 2, 2))), ("labels-idx1", np.arange(m) % 3)):
            with open(home + f"/{part}-{kind}-ubyte".encode(), "wb") as file:
                file.write(idx(array))
    plot, data = tmp_path / "plot.svg", tmp_path / "data.json"
    result = run("--data", os.fsdecode(home), "--epochs", "1", "--plot", plot, "--json", data)
    assert result.exit_code == 0
    assert plot.exists()
    assert json.loads(data.read_text())["data"] == os.fsdecode(home)


def test_without_streams_it_works_in_silence(tmp_path):
    network = tmp_path / "network.npz"
    line = " ".join(map(str, [*COMMAND, "--epochs", "1", "--save", network]))
    subprocess.run(["sh", "-c", f"{line} >&- 2>&-"], check=True)
    assert network.exists()


def test_an_interrupt_keeps_what_was_reached(tmp_path):
    network, checkpoint = tmp_path / "network.npz", tmp_path / "checkpoint"
    options = ["--hidden", "10", "--epochs", "100000", "--save", network, "--checkpoint", checkpoint]
    command = [sys.executable, "-c", HEARING, "train", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert re.fullmatch(r"minibp: interrupted after \d+ epochs?( and \d+ steps? of the next)?\n", error)
    assert Network.load(network).sizes == (64, 10, 10)
    assert checkpoint.exists()


def on_a_terminal(command):
    """What a command writes to a terminal that both of its streams are."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(command, stdout=follower, stderr=follower, env={**os.environ, "TERM": "xterm"})
    os.close(follower)
    shown = b""
    while True:
        try:
            chunk = os.read(leader, 65536)
        except OSError:  # the other end was closed
            break
        if not chunk:
            break
        shown += chunk
    os.close(leader)
    assert process.wait() == 0
    return shown.decode()


def test_on_a_terminal_lines_stand_above_the_bar():
    shown = on_a_terminal([*COMMAND, "--epochs", "3"])
    assert "3/3" in shown
    epochs = [line for line in re.split(r"[\r\n]|\x1b\[[\d;]*[A-Za-z]", shown) if "Epoch" in line]
    assert len(epochs) == 3
    assert all(LINE.fullmatch(line) for line in epochs)


def test_divergence_is_told_and_the_last_good_network_kept(tmp_path):
    network = tmp_path / "network.npz"
    result = run("--preset", "cross-entropy", "--l2", 0, "--eta", 1e308, "--save", network)
    assert result.exit_code == 1
    assert "minibp: diverged in epoch 1: a parameter is no longer finite" in result.stderr
    rng = np.random.default_rng(0)
    assert Network.load(network) == PRESETS["cross-entropy"].network((64, 30, 10), "float64", rng)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "nowhere"], "there is no folder nowhere; other data are digits and mnist"),
        (["--data", "."], "there is no train-images-idx3-ubyte in ."),
        (["--preset", "cubic"], "'cubic' is not one of 'quadratic', 'cross-entropy'"),
        (["--hidden", "many"], "--hidden is 'many', expected whole numbers with commas between them"),
        (["--hidden", "9" * 20], f"--hidden has a layer of {'9' * 20} neurons, expected at most 1000000"),
        (["--hidden", "1000000,1000000"], "neurons would take 16,001,216,000,160 bytes of memory, expected at most"),
        (["--checkpoint", "x", "--save", "./x"], "--checkpoint and --save are both ./x, expected a file for each"),
        (["--checkpoint", "/dev/null", "--resume"], "/dev/null is no regular file, which a checkpoint has to be"),
        (["--hidden", "0"], "sizes[1] is 0, expected at least 1"),
        (["--epochs", "0"], "0 is not in the range x>=1"),
        (["--batch-size", "5000"], "batch_size is 5000, expected at most 1500"),
        (["--eta", "0"], "eta is 0.0, expected a finite number above 0"),
        (["--l2", "-1"], "l2 is -1.0, expected a finite number of float64 that is not negative"),
        (["--seed", "-1"], "-1 is not in the range x>=0"),
        (["--resume"], "--resume goes with --checkpoint FILE"),
        (["--checkpoint", "nowhere/file"], "cannot write nowhere/file: there is no folder"),
        (["--save", ""], "--save needs the name of a file"),
        (["--plot", "plot.gif"], "cannot plot to plot.gif: its ending is '.gif'"),
    ],
    ids=written_out,
)
def test_unusable_arguments_are_refused_with_2(arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.output
    assert os.listdir(tmp_path) == []


def test_where_mnist_is_not_to_be_had_it_says_where_to_put_it(tmp_path, monkeypatch):
    pytest.importorskip("pooch")
    monkeypatch.delenv(mnist_files.MNIST_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(mnist_files, "MIRRORS", ["http://127.0.0.1:9/"])
    from minibp import data

    data.mnist.cache_clear()
    result = run("--data", "mnist")
    assert result.exit_code == 2
    notice, error = result.stderr.splitlines()
    assert notice == f"minibp: MNIST is not at hand: downloading 11 MB into {tmp_path / 'minibp' / 'mnist'}"
    assert "could not be downloaded (http://127.0.0.1:9/: no connection" in error
    assert error.endswith("into a folder and set MINIBP_MNIST_DIR to it")
