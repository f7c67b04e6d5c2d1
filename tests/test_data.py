import gzip
import hashlib

import numpy as np
import pytest

from minibp import InputError, data


def test_digits_are_those_of_the_uci_set():
    digits = data.digits()
    assert digits.x.shape == (1797, 64)
    assert digits.y.shape == (1797, 10)
    assert np.bincount(digits.labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert (digits.x.min(), digits.x.max()) == (0.0, 1.0)
    assert digits.y[np.arange(1797), digits.labels].all()
    assert digits.y.sum() == 1797
    assert not digits.x.flags.writeable
    pixels = (digits.x * 16).astype(np.uint8).tobytes()
    assert hashlib.sha256(pixels).hexdigest() == PIXELS


PIXELS = "8f26b2bd9d135c256808f68f14fdabddde6d9c7f869ae419704b051f0f14b3b3"


def test_mnist_is_read_and_its_checksums_hold(mnist_folder):
    test = data.mnist("test", mnist_folder)
    assert test.x.shape == (10_000, 784)
    assert test.labels[:5].tolist() == [7, 2, 1, 0, 4]
    assert test.x.max() == 1.0


def test_mnist_that_is_not_there_is_a_clear_error(tmp_path, monkeypatch):
    monkeypatch.delenv(data.MNIST_VARIABLE, raising=False)
    with pytest.raises(FileNotFoundError, match="MNIST is not at hand: set MINIBP_MNIST_DIR"):
        data.mnist.__wrapped__()
    with pytest.raises(FileNotFoundError, match="there is no train-images-idx3-ubyte or"):
        data.mnist("train", tmp_path)
    with pytest.raises(InputError, match="part is 'all', expected 'train' or 'test'"):
        data.mnist("all")


def test_files_that_are_not_mnists_are_refused(tmp_path):
    path = tmp_path / "t10k-images-idx3-ubyte"
    path.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 1, 5]))
    with pytest.raises(InputError, match="does not hold the bytes of MNIST's t10k-images-idx3-ubyte"):
        data.mnist("test", tmp_path)
    path.unlink()
    (tmp_path / "t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(b"x" * 1000)[:-9])
    with pytest.raises(InputError, match="is not a whole gzip file"):
        data.mnist("test", tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not an IDX file of unsigned bytes"),
        (b"\x00\x00\x0d\x01", "it starts with 00 00 0d 01"),
        (bytes([0, 0, 8, 1, 0, 0, 0, 3, 1, 2]), "has 2 bytes of data, its header announces 3"),
        (bytes([0, 0, 8, 2, 0, 0, 0, 3]), "its header announces"),
    ],
)
def test_broken_idx_files_are_refused(content, message):
    with pytest.raises(InputError, match=message):
        data.parse_idx(content, "file")
