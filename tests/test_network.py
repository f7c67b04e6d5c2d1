import os
import pickle
import tracemalloc

import numpy as np
import pytest
from case_ids import written_out
from hypothesis import given
from hypothesis import strategies as st

from minibp import Activation, InputError, Network, data
from minibp.network import SHOWN_PARAMETERS, bytes_to_draw, shown_network
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
    assert eval(shown_network(network), {"Network": minibp.Network, "np": np}) == network


def test_activations_with_constants_are_kept_by_name(tmp_path):
    import minibp

    network = Network.random([2, 3, 3, 1], ["leaky_relu(0.20)", "gelu", "elu(0.1)"], rng=0)
    network.save(tmp_path / "network")
    again = Network.load(tmp_path / "network")
    assert again == network == pickle.loads(pickle.dumps(network))
    assert [activation.name for activation in again.activations] == ["leaky_relu(0.2)", "gelu", "elu(0.1)"]
    assert again.activations == network.activations
    assert eval(shown_network(network), {"Network": minibp.Network, "np": np}) == network
    assert again != Network(network.weights, network.biases, ["leaky_relu(0.3)", "gelu", "elu(0.1)"])


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
    with pytest.raises(InputError, match="it is a single array, as numpy.save writes it"):
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
    assert repr(Network([jnp.ones((2, 3), "float32")], [jnp.ones(2, "float32")])) == (
        "<Network 3-2, sigmoid, float32, 8 parameters>"
    )


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_in_one_sentence_that_gives_no_advice_of_numpys(content):
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "file")
        with open(path, "wb") as file:
            file.write(content)
        with pytest.raises(InputError, match="is not a saved network: it is ") as caught:
            Network.load(path)
        assert "\n" not in str(caught.value)
        assert "pickle=" not in str(caught.value)


def test_a_file_is_said_to_be_what_it_looks_like(tmp_path):
    path = tmp_path / "file"
    for content, message in (
        (b"", "it is empty$"),
        (b"weights", "it is not an archive: it begins with the bytes 77 65 69 67 68 74 73$"),
        (b"PK\x03\x04", "it is an archive that is not whole$"),
        (pickle.dumps(Malicious()), "it is a pickle, which is not read$"),
    ):
        path.write_bytes(content)
        with pytest.raises(InputError, match=f"file is not a saved network: {message}"):
            Network.load(path)
    np.savez(tmp_path / "file.npz", format=np.array("minibp network 1"), activations=np.array(["sigmoid"]))
    with pytest.raises(InputError, match="it has no entry 'w2'"):
        Network.load(tmp_path / "file.npz")
    with pytest.raises(InputError, match="it is a folder"):
        Network.load(tmp_path)


@pytest.mark.parametrize("path", [None, 3, b"name", "", "a\0b", []], ids=repr)
def test_what_is_no_path_is_refused_in_one_sentence(path):
    for door in (Network.load, Network(W, B).save, data.folder, data.data_set):
        with pytest.raises(InputError, match="^path is .*, expected the name of a file"):
            door(path)


@pytest.mark.parametrize("rng", ["a", -1, 1.5, True, b"1", [-1]], ids=repr)
def test_what_is_no_seed_is_refused_in_one_sentence(rng):
    with pytest.raises(InputError, match=r"^rng is .*, expected a seed or a numpy.random.Generator; .*several$"):
        Network.random([2, 1], rng=rng)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "sizes", [[10**6, 10**7], [10**12, 2], [2, 10**12], [10**9] * 3, [10**30, 1]], ids=lambda sizes: f"{sizes}"
)
def test_what_memory_cannot_hold_is_refused_before_it_is_drawn(sizes, dtype):
    with pytest.raises(InputError, match=r"^a network of [\d-]+ neurons would take [\d,]+ bytes of memory, expected"):
        Network.random(sizes, dtype=dtype)


def test_memory_is_counted_by_hand():
    """2-1 has 3 parameters, 1-2-1 has 4 and 3: all of them twice, or all and a float64 draft of the largest layer."""
    assert bytes_to_draw([2, 1], "float64") == 2 * 3 * 8
    assert bytes_to_draw([1, 2, 1], "float64") == 2 * 7 * 8
    assert bytes_to_draw([2, 1], "float32") == 3 * 4 + 3 * 12
    assert bytes_to_draw([1, 2, 1], "float32") == 7 * 4 + 4 * 12


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("sizes", [[2000, 500], [500, 600, 700, 400]], ids=["one layer", "three layers"])
def test_memory_is_foreseen_to_within_a_tenth(sizes, dtype):
    tracemalloc.start()
    try:
        Network.random(sizes, dtype=dtype, rng=0)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert 0.9 * peak <= bytes_to_draw(sizes, dtype) <= 1.5 * peak


def test_large_networks_are_shown_by_their_sizes():
    shown = repr(Network.random([784, 30, 10], "tanh", "sigmoid", rng=0))
    assert shown == "<Network 784-30-10, tanh and sigmoid, float64, 23,860 parameters>"
    assert repr(Network.random([20] * 500, rng=0)).startswith("<Network 20-20-20-…-20-20, sigmoid, float64, 209,580")
    least = Network.random([SHOWN_PARAMETERS, 1], rng=0)
    assert repr(least).startswith("<Network 200-1, ")
    small = Network.random([SHOWN_PARAMETERS - 1, 1], rng=0)
    assert repr(small) == shown_network(small)
