import os
import pickle

import numpy as np
import pytest
from case_ids import written_out
from hypothesis import given
from hypothesis import strategies as st

from minibp import Activation, InputError, Network
from minibp.strategies import networks

W, B = [np.ones((3, 2)), np.ones((1, 3))], [np.zeros(3), np.zeros(1)]


def test_what_a_network_knows():
    network = Network(W, B, "tanh", "sigmoid")
    assert network.sizes == (2, 3, 1)
    assert network.n_parameters == 13
    assert [repr(activation) for activation in network.activations] == ["tanh", "sigmoid"]
    assert network.dtype == "float64"


def test_it_is_frozen_and_has_its_own_arrays():
    mine = [w.copy() for w in W]
    network = Network(mine, B)
    mine[0][0, 0] = 7
    assert network.weights[0][0, 0] == 1
    with pytest.raises(ValueError, match="read-only"):
        network.weights[0][0, 0] = 2
    with pytest.raises(AttributeError, match="frozen: weights"):
        network.weights = ()
    with pytest.raises(AttributeError, match="frozen: biases"):
        del network.biases


@pytest.mark.parametrize(
    ("weights", "biases", "message"),
    [
        pytest.param([], [], "no weights, expected at least one layer after the input", id="no layers"),
        pytest.param(W, B[:1], "2 weight matrices and 1 bias vectors", id="a bias vector missing"),
        pytest.param(
            W,
            [np.zeros(2), np.zeros(1)],
            r"biases\[0\] has 2 entries, weights\[0\] has 3 rows: .* neuron of layer 2",
            id="a bias missing",
        ),
        pytest.param(
            [W[0], np.ones((1, 2))],
            B,
            r"weights\[1\] has 2 columns, layer 2 has 3 neurons",
            id="columns that do not fit",
        ),
        pytest.param(
            [np.ones((0, 2))],
            [np.zeros(0)],
            r"weights\[0\] has shape \(0, 2\), expected at least one entry",
            id="empty",
        ),
        pytest.param(
            [np.ones(2)], [np.zeros(1)], r"weights\[0\] has shape \(2,\), expected 2 dimensions", id="weights a vector"
        ),
        pytest.param([[[1]]], [[0.0]], r"weights\[0\] has dtype int64", id="weights of int64"),
        pytest.param([[[1.0]]], [[np.nan]], r"biases\[0\] has the value nan", id="bias nan"),
        pytest.param(
            [[[1.0]]],
            [np.zeros(1, np.float32)],
            "parameters have dtypes float32 and float64, expected one for all",
            id="two dtypes",
        ),
        pytest.param(3, B, "weights is 3, expected a sequence", id="weights a number"),
        pytest.param("ab", B, "weights is 'ab', expected a sequence", id="weights a string"),
    ],
)
def test_what_does_not_fit_together_is_refused(weights, biases, message):
    with pytest.raises(InputError, match=message):
        Network(weights, biases)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"sizes": [3]}, r"sizes is \[3\], expected an input layer and at least one more"),
        ({"sizes": [3, 0, 1]}, r"sizes\[1\] is 0, expected at least 1"),
        ({"sizes": [3, 1.5]}, r"sizes\[1\] is 1.5, expected a whole number"),
        ({"sizes": 3}, "sizes is 3, expected a sequence"),
        ({"sizes": [2, 1], "dtype": "int32"}, "dtype has dtype int32"),
        ({"sizes": [2, 1], "activation": "nope"}, "unknown activation 'nope'"),
    ],
    ids=written_out,
)
def test_random_refuses_what_it_cannot_make(kwargs, message):
    with pytest.raises(InputError, match=message):
        Network.random(**kwargs)


def test_random_is_seeded_and_scaled():
    assert Network.random([50, 40, 3], rng=1) == Network.random([50, 40, 3], rng=1)
    assert Network.random([50, 40, 3], rng=1) != Network.random([50, 40, 3], rng=2)
    network = Network.random([400, 300, 3], dtype="float32", rng=np.random.default_rng(3))
    assert network.dtype == "float32"
    # 120,000 draws: the standard deviation is known to 0.2%, six of which are granted.
    assert np.std(network.weights[0]) * 20 == pytest.approx(1, rel=0.012)


@given(networks())
def test_saving_loading_pickling_and_printing_keep_every_bit(network):
    import tempfile

    import minibp

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "network")
        network.save(path)
        assert os.listdir(folder) == ["network"]
        again = Network.load(path)
    assert again == network
    assert hash(again) == hash(network)
    assert pickle.loads(pickle.dumps(network)) == network
    assert eval(repr(network), {"Network": minibp.Network, "np": np}) == network


def test_equality_is_with_networks_alone():
    assert Network(W, B) != 3
    assert Network(W, B) != Network(W, B, "tanh")


def test_saving_replaces_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "network.npz"
    Network(W, B).save(path)
    before = path.read_bytes()

    def fails(*args, **kwargs):
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez", fails)
    with pytest.raises(OSError, match="disk full"):
        Network(W, B, "tanh").save(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["network.npz"]


def test_every_truncation_is_refused(tmp_path):
    whole = tmp_path / "whole.npz"
    Network(W, B).save(whole)
    content = whole.read_bytes()
    cut = tmp_path / "cut.npz"
    for length in range(0, len(content), 29):
        cut.write_bytes(content[:length])
        with pytest.raises(InputError, match="cut.npz is not a saved network"):
            Network.load(cut)


@given(st.integers(0, 10**6), st.integers(1, 255))
def test_a_flipped_byte_never_gives_another_network(at, flip):
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "network.npz")
        Network(W, B).save(path)
        with open(path, "rb") as file:
            content = bytearray(file.read())
        content[at % len(content)] ^= flip
        with open(path, "wb") as file:
            file.write(content)
        try:
            assert Network.load(path) == Network(W, B)
        except InputError as error:
            assert "is not a saved network" in str(error)


class Malicious:
    def __reduce__(self):
        return print, ("this must never be printed",)


def test_foreign_and_pickled_files_are_refused_and_not_run(tmp_path, capsys):
    path = tmp_path / "other.npz"
    np.savez(path, activations=np.array(["sigmoid"]), w2=np.ones((1, 1)), b2=np.ones(1))
    with pytest.raises(InputError, match="it does not say that it holds a network"):
        Network.load(path)
    np.savez(path, format=np.array("something else"))
    with pytest.raises(InputError, match="its format is 'something else'"):
        Network.load(path)
    np.savez(path, format=np.array(Malicious(), dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match="is not a saved network"):
        Network.load(path)
    path.write_bytes(pickle.dumps(Malicious()))
    with pytest.raises(InputError, match="is not a saved network"):
        Network.load(path)
    np.save(tmp_path / "array.npy", np.ones(3))
    with pytest.raises(InputError, match="it does not say that it holds a network"):
        Network.load(tmp_path / "array.npy")
    assert capsys.readouterr().out == ""
    with pytest.raises(FileNotFoundError):
        Network.load(tmp_path / "missing.npz")


def test_a_file_cannot_name_a_users_activation(tmp_path):
    class Mine(Activation):
        name = "mine"

    with pytest.raises(InputError, match="mine is not one of the package's activations"):
        Network(W, B, Mine()).save(tmp_path / "mine.npz")
    assert os.listdir(tmp_path) == []


def test_astype_rounds_once():
    network = Network.random([3, 2], rng=0)
    assert network.astype("float64") is network
    assert network.astype("float32").weights[0].dtype == np.float32


def test_networks_of_foreign_arrays_print_their_sizes():
    jnp = pytest.importorskip("jax.numpy")
    assert repr(Network([jnp.ones((2, 3), "float32")], [jnp.ones(2, "float32")])) == "<Network 3-2 float32>"
