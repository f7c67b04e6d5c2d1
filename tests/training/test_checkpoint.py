import io
import json
import os
import pickle
import signal
import zipfile

import numpy as np
import pytest
from case_ids import written_out

from minibp import InputError, Network, Training, data
from minibp.costs import Quadratic
from minibp.files import write_whole

IMAGES = data.digits()
OPTIONS = {"cost": "cross_entropy", "batch_size": 7, "eta": 0.3, "l2": 0.1}


def made(rng=1, m=50, test=True, network=None, form="batched", **changed):
    network = network or Network.random([64, 5, 10], rng=0)
    x, y = IMAGES.x, IMAGES.y
    held_out = (x[100:120], y[100:120]) if test is True else test
    return Training(network, x[:m], y[:m], rng=rng, test=held_out, form=form, **OPTIONS | changed)


def timeless(history):
    return [epoch._replace(seconds=0.0) for epoch in history.epochs]


@pytest.mark.parametrize("form", ["batched", "per_example"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("stops", [(1,), (2, 3), (1, 2, 3, 4)], ids=written_out)
def test_a_resumed_training_has_the_bits_of_one_without_a_break(tmp_path, form, dtype, stops):
    network = Network.random([64, 5, 10], dtype=dtype, rng=0)
    whole = made(network=network, form=form).run(5)
    path = tmp_path / "checkpoint"
    for i, stop in enumerate((*stops, 5)):
        training = made(network=network, form=form)
        if i:
            training.restore(path)
        history = training.run(stop)
        training.save(path)
    assert history.network == whole.network
    assert history.steps == whole.steps
    assert timeless(history) == timeless(whole)


@pytest.mark.parametrize("bits", ["PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"])
def test_every_generator_of_numpys_is_kept(tmp_path, bits):
    def generator():
        return np.random.Generator(getattr(np.random, bits)(5))

    path = tmp_path / "checkpoint"
    training = made(rng=generator())
    training.run(2)
    training.save(path)
    resumed = made(rng=generator())
    resumed.restore(path)
    assert resumed.run(4).network == training.run(4).network == made(rng=generator()).run(4).network


class Mine(np.random.PCG64):
    """One that somebody has given a name of their own."""


def test_a_generator_of_ones_own_is_kept(tmp_path):
    training = made(rng=np.random.Generator(Mine(5)))
    training.run(2)
    training.save(tmp_path / "checkpoint")
    resumed = made(rng=np.random.Generator(Mine(5)))
    resumed.restore(tmp_path / "checkpoint")
    assert resumed.run(4).network == training.run(4).network


@pytest.mark.parametrize(("bits", "place"), [("MT19937", "pos"), ("Philox", "buffer_pos")])
@pytest.mark.parametrize("value", [2_000_000_000, -200_000_000])
def test_a_place_outside_of_a_generators_buffer_is_refused(tmp_path, bits, place, value):
    """NumPy would read there."""
    training = made(rng=np.random.Generator(getattr(np.random, bits)(5)))
    training.run(1)
    training.save(tmp_path / "checkpoint")
    saved = (tmp_path / "checkpoint").read_bytes()
    with np.load(io.BytesIO(saved)) as archive:
        about = json.loads(str(archive["about"]))
    (about["generator"]["state"] if place == "pos" else about["generator"])[place] = value
    (tmp_path / "checkpoint").write_bytes(rewritten(saved, about=np.array(json.dumps(about))))
    with pytest.raises(InputError, match=f"its generator's {place} is {value}, expected 0 to"):
        made(rng=np.random.Generator(getattr(np.random, bits)(5))).restore(tmp_path / "checkpoint")


def test_a_generator_of_others_is_refused():
    class Own(np.random.PCG64):
        @property
        def state(self):
            return {"own": object()}

    with pytest.raises(InputError, match="rng has the bit generator .*, expected one of NumPy's"):
        made(rng=np.random.Generator(Own(1)))


class Pressed(Quadratic):
    """A cost at one of whose steps Ctrl-C is pressed."""

    def __init__(self, at=0):
        self.at, self.steps = at, 0

    def gradient(self, a, y):
        self.steps += 1
        if self.steps == self.at:
            signal.raise_signal(signal.SIGINT)
        return super().gradient(a, y)


def test_what_is_saved_after_an_interrupt_is_the_last_whole_epoch(tmp_path):
    epoch = -(-50 // OPTIONS["batch_size"])
    training = made(cost=Pressed(2 * epoch + 3))
    history = training.run(4)
    assert (history.outcome, history.steps, len(history.epochs)) == ("interrupted", 2 * epoch + 3, 2)
    training.save(tmp_path / "checkpoint")
    resumed = made(cost=Pressed())
    resumed.restore(tmp_path / "checkpoint")
    assert resumed.run(4).network == made(cost=Pressed()).run(4).network


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        pytest.param(
            {"network": Network.random([64, 6, 10], rng=0)},
            "its sizes is '64-5-10', this one's is '64-6-10'",
            id="other sizes",
        ),
        pytest.param(
            {"network": Network.random([64, 5, 10], "tanh", "sigmoid", rng=0)},
            "its activations is ..sigmoid', 'sigmoid'",
            id="other activations",
        ),
        pytest.param(
            {"network": Network.random([64, 5, 10], dtype="float32", rng=0)},
            "its dtype is 'float64', this one's is 'float32'",
            id="other dtype",
        ),
        pytest.param(
            {"network": Network.random([64, 5, 10], rng=1)},
            "its seed or network to begin with is not the same",
            id="other weights",
        ),
        ({"rng": 2}, "its seed or network to begin with is not the same"),
        ({"cost": "quadratic"}, "its cost is 'cross_entropy', this one's is 'quadratic'"),
        ({"batch_size": 8}, "its batch_size is 7, this one's is 8"),
        ({"eta": 0.31}, "its eta is 0.3, this one's is 0.31"),
        ({"l2": 0.0}, "its l2 is 0.1, this one's is 0.0"),
        ({"form": "per_example"}, "its form is 'batched', this one's is 'per_example'"),
        ({"m": 51}, "its training data is not the same"),
        ({"test": None}, "its test data is not the same"),
        pytest.param(
            {"test": (IMAGES.x[:9], IMAGES.y[:9]), "eta": 1.0},
            "its eta is 0.3, this one's is 1.0; its test data is not",
            id="other test data and eta",
        ),
    ],
    ids=written_out,
)
def test_that_of_another_training_is_refused(tmp_path, changed, message):
    path = tmp_path / "checkpoint"
    training = made()
    training.run(1)
    training.save(path)
    other = made(**changed)
    before = other.history
    with pytest.raises(InputError, match=f"checkpoint is of another training: .*{message}"):
        other.restore(path)
    assert other.history == before


@pytest.fixture
def saved(tmp_path):
    training = made()
    training.run(1)
    training.save(tmp_path / "checkpoint")
    return (tmp_path / "checkpoint").read_bytes()


def refused(path, content):
    path.write_bytes(content)
    training = made()
    with pytest.raises(InputError, match="is not a checkpoint"):
        training.restore(path)
    assert training.run(1).network == made().run(1).network


def test_a_file_that_was_cut_is_refused_wherever_it_was(tmp_path, saved):
    for length in [0, 1, 3, *range(10, len(saved), len(saved) // 20), len(saved) - 1]:
        refused(tmp_path / "cut", saved[:length])


def test_a_file_whose_numbers_were_changed_is_refused(tmp_path, saved):
    with zipfile.ZipFile(io.BytesIO(saved)) as archive:
        places = [info.header_offset + 200 for info in archive.infolist()]
    for place in places:
        content = bytearray(saved)
        content[place] ^= 0xFF
        refused(tmp_path / "changed", bytes(content))


def test_other_archives_are_refused_and_nothing_in_them_is_run(tmp_path, saved):
    class Hostile:
        def __reduce__(self):
            return open, (str(tmp_path / "run"), "w")

    made().history.network.save(tmp_path / "network")
    refused(tmp_path / "other", (tmp_path / "network").read_bytes())
    refused(tmp_path / "other", pickle.dumps(Hostile()))
    archive = io.BytesIO()
    np.savez(archive, format=np.array([Hostile()], dtype=object))
    refused(tmp_path / "other", archive.getvalue())
    archive = io.BytesIO()
    np.save(archive, np.ones(3))
    refused(tmp_path / "other", archive.getvalue())
    assert not (tmp_path / "run").exists()


def rewritten(saved, **changed):
    with np.load(io.BytesIO(saved)) as archive:
        arrays = {name: archive[name] for name in archive} | changed
    archive = io.BytesIO()
    np.savez(archive, **{name: array for name, array in arrays.items() if array is not None})
    return archive.getvalue()


def test_parameters_that_do_not_fit_are_refused(tmp_path, saved):
    path = tmp_path / "other"
    refused(path, rewritten(saved, w2=np.ones((5, 3))))
    refused(path, rewritten(saved, w2=np.full((5, 64), np.nan)))
    refused(path, rewritten(saved, b3=None))
    refused(path, rewritten(saved, about=np.array("{}")))
    refused(path, rewritten(saved, format=np.array("minibp training 0")))


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(FileNotFoundError):
        made().restore(tmp_path / "none")


@pytest.mark.parametrize(
    "changed",
    [
        {"generator": {"bit_generator": "PCG64"}},
        {"generator": None},
        {"generator": {"bit_generator": "SFC64"}},
        {"steps": "many"},
        {"epochs": [{}]},
        {"epochs": ["first"]},
    ],
    ids=written_out,
)
def test_records_that_do_not_fit_are_refused(tmp_path, saved, changed):
    with np.load(io.BytesIO(saved)) as archive:
        about = json.loads(str(archive["about"]))
    refused(tmp_path / "other", rewritten(saved, about=np.array(json.dumps(about | changed))))
    for name, value in (("number", 2), ("norm_w", [1.0]), ("norm_b", [1.0, "x"]), ("penalty", 1e999), ("train", None)):
        epoch = about["epochs"][0] | {name: value}
        refused(tmp_path / "other", rewritten(saved, about=np.array(json.dumps(about | {"epochs": [epoch]}))))


def test_compressed_archives_are_refused_since_they_can_be_far_larger_than_their_files(tmp_path, saved):
    with np.load(io.BytesIO(saved)) as archive:
        arrays = {name: archive[name] for name in archive}
    packed = io.BytesIO()
    np.savez_compressed(packed, **arrays, more=np.zeros(10**7))
    refused(tmp_path / "packed", packed.getvalue())


def test_what_a_file_says_is_shown_without_control_characters(tmp_path, saved):
    with np.load(io.BytesIO(saved)) as archive:
        about = json.loads(str(archive["about"]))
    about["identity"]["cost"] = "\x1b[2J\n"
    (tmp_path / "other").write_bytes(rewritten(saved, about=np.array(json.dumps(about))))
    with pytest.raises(InputError) as caught:
        made().restore(tmp_path / "other")
    assert str(caught.value).isprintable()


def test_what_is_no_regular_file_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises(InputError, match="is not a checkpoint: it is no regular file"):
            made().restore(path)


def test_where_writing_fails_the_last_checkpoint_stays(tmp_path, saved, monkeypatch):
    training = made()
    training.run(2)

    def fails(file, **arrays):
        file.write(b"half")
        raise OSError("no space left")

    monkeypatch.setattr(np, "savez", fails)
    with pytest.raises(OSError, match="no space left"):
        training.save(tmp_path / "checkpoint")
    assert (tmp_path / "checkpoint").read_bytes() == saved
    write_whole(tmp_path / "checkpoint", lambda file: file.write(saved))
    made().restore(tmp_path / "checkpoint")


def test_what_something_else_wrote_meanwhile_is_not_written_over(tmp_path):
    path = tmp_path / "checkpoint"
    one, other = made(), made()
    one.run(1)
    one.save(path)
    other.restore(path)
    other.run(3)
    other.save(path)
    kept = path.read_bytes()
    one.run(2)
    with pytest.raises(InputError, match="checkpoint was written by something else since this training last saved"):
        one.save(path)
    assert path.read_bytes() == kept
    one.save(tmp_path / "another")
    one.restore(path)
    assert one.run(4).steps == other.run(4).steps
    one.save(path)


def test_a_checkpoint_that_was_removed_meanwhile_is_written_anew_also_by_another_name(tmp_path):
    training = made()
    training.run(1)
    training.save(tmp_path / "checkpoint")
    (tmp_path / "checkpoint").unlink()
    training.save(tmp_path / "checkpoint")
    (tmp_path / "link").symlink_to("checkpoint")
    training.save(tmp_path / "link")
    training.save(tmp_path / "checkpoint")
    (tmp_path / "checkpoint").write_bytes(b"notes")
    for name in ("checkpoint", "link"):
        with pytest.raises(InputError, match="was written by something else"):
            training.save(tmp_path / name)
    assert (tmp_path / "checkpoint").read_bytes() == b"notes"


@pytest.mark.parametrize("path", [None, 3, b"name", ""], ids=repr)
def test_what_is_no_path_is_refused_in_one_sentence(path):
    for door in (made().save, made().restore):
        with pytest.raises(InputError, match="^path is .*, expected the name of a file"):
            door(path)
