import gzip
import hashlib
import shutil

import numpy as np
import pytest
from helpers import idx

from minibp import InputError, data
from minibp.data import mnist_files

NAMES = [f"{stem}-{rest}" for stem in ("train", "t10k") for rest in ("images-idx3-ubyte", "labels-idx1-ubyte")]


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


def test_digits_are_parted_without_loss():
    train, test = data.data_set("digits")
    assert (len(train.x), len(test.x)) == (1500, 297)
    for kind in ("x", "y", "labels"):
        parts = [getattr(train, kind), getattr(test, kind)]
        assert np.array_equal(np.concatenate(parts), getattr(data.digits(), kind))


def test_mnist_is_read_and_its_checksums_hold(mnist_folder):
    test = data.mnist("test", mnist_folder)
    assert test.x.shape == (10_000, 784)
    assert test.labels[:5].tolist() == [7, 2, 1, 0, 4]
    assert test.x.max() == 1.0


def test_mnist_that_is_not_there_is_a_clear_error(tmp_path, monkeypatch):
    monkeypatch.delenv(mnist_files.MNIST_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
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


@pytest.fixture
def small(tmp_path):
    """A folder with a set of other images: 5 and 3 of 2 × 4 pixels, labels 0 to 2."""
    rng = np.random.default_rng(0)
    for name, m in zip(NAMES, (5, 5, 3, 3), strict=True):
        array = rng.integers(0, 256, (m, 2, 4)) if "images" in name else np.arange(m) % 3
        (tmp_path / name).write_bytes(idx(array))
    return tmp_path


def test_any_folder_of_idx_files_is_read(small):
    train, test = data.data_set(small)
    assert (train.x.shape, test.x.shape) == ((5, 8), (3, 8))
    assert (train.y.shape, test.y.shape) == ((5, 3), (3, 3))
    assert train.labels.tolist() == [0, 1, 2, 0, 1]
    assert 0 <= train.x.min() < train.x.max() <= 1


def test_gzipped_files_and_names_with_a_prefix_are_read_too(small):
    plain = data.folder(small)
    for name in NAMES:
        content = (small / name).read_bytes()
        (small / name).unlink()
        other = f"emnist-letters-{name}".replace("t10k", "test").replace("images-", "images.")
        (small / f"{other}.gz").write_bytes(gzip.compress(content))
    (small / "readme.txt").write_text("nothing of the kind")
    packed = data.folder(small)
    assert np.array_equal(plain.train.x, packed.train.x)
    assert np.array_equal(plain.test.y, packed.test.y)


def test_of_a_file_and_its_gzipped_twin_the_former_is_read(small):
    (small / f"{NAMES[0]}.gz").write_bytes(b"this is not read")
    assert len(data.folder(small).train.x) == 5


def damage(small, name, content):
    (small / name).write_bytes(content)
    return small


def test_what_does_not_fit_together_is_refused(small):
    images, labels, test_images, _ = (small / name for name in NAMES)
    whole = {path: path.read_bytes() for path in small.iterdir()}
    written = idx(np.ones((5, 2, 4)))
    for path, content, message in (
        (images, written[:-1], "train-images-idx3-ubyte has 39 bytes of data, its header announces 40"),
        (images, b"PK\x03\x04", "is not an IDX file of unsigned bytes"),
        (images, gzip.compress(written)[:-4], "is not a whole gzip file"),
        (images, whole[labels], r"has shape \(5,\), expected 3 dimensions: images, rows and columns"),
        (labels, written, r"has shape \(5, 2, 4\), expected 1 dimension: a label for each image"),
        (labels, idx(np.ones(0)), r"has shape \(0,\), expected at least one entry along every axis"),
        (labels, idx(np.ones(4)), "has 5 images, .*train-labels-idx1-ubyte has 4 labels"),
        (test_images, idx(np.ones((3, 4, 4))), r"train with in .* are \(2, 4\), those to test with are \(4, 4\)"),
    ):
        path.write_bytes(content)
        with pytest.raises(InputError, match=message):
            data.folder(small)
        path.write_bytes(whole[path])
    (small / f"my-{NAMES[1]}").write_bytes(whole[labels])
    with pytest.raises(InputError, match=f"has my-{NAMES[1]} and {NAMES[1]}, expected one file of train labels"):
        data.folder(small)


def test_files_that_are_not_there_are_named(small):
    with pytest.raises(FileNotFoundError, match="there is no folder nowhere; other data are digits and mnist"):
        data.data_set("nowhere")
    (small / NAMES[3]).unlink()
    with pytest.raises(FileNotFoundError, match=f"there is no {NAMES[3]} in"):
        data.folder(small)


@pytest.fixture
def copied(tmp_path, mnist_folder):
    """MNIST's files in a folder of their own."""
    for name in NAMES:
        shutil.copy(mnist_files.file_in(mnist_folder, name), tmp_path)
    return tmp_path


def test_a_folder_that_is_mnist_is_read_as_mnist(copied, mnist_folder):
    assert np.array_equal(data.data_set(copied).test.x, data.mnist("test", mnist_folder).x)


def test_mnist_in_part_or_in_other_places_is_refused(copied):
    first, second = (mnist_files.file_in(copied, f"{stem}-labels-idx1-ubyte") for stem in ("train", "t10k"))
    original = first.read_bytes()
    first.write_bytes(second.read_bytes())
    with pytest.raises(InputError, match="train-labels-idx1-ubyte.* holds MNIST's t10k-labels-idx1-ubyte: files are"):
        data.folder(copied)
    content = bytearray(gzip.decompress(original) if original[:2] == b"\x1f\x8b" else original)
    content[-1] ^= 1
    first.write_bytes(bytes(content))
    with pytest.raises(InputError, match="does not hold MNIST's bytes, though train-images.* does"):
        data.folder(copied)


def labelled(home, train, test=(0,)):
    for name, labels in zip((NAMES[1], NAMES[3]), (train, test), strict=True):
        (home / name).write_bytes(idx(np.array(labels)))
        images = name.replace("labels-idx1", "images-idx3")
        (home / images).write_bytes(idx(np.ones((len(labels), 2, 4))))
    return home


@pytest.mark.parametrize(
    ("train", "test", "message"),
    [
        pytest.param(
            [0, 1, 255], [0], "has labels up to 255, which makes 256 outputs, and examples of only 3 of them", id="255"
        ),
        pytest.param([0, 5], [0], "has labels up to 5, which makes 6 outputs, and examples of only 2", id="gaps"),
        pytest.param([7], [7], "has labels up to 7, which makes 8 outputs, and examples of only 1", id="one class"),
        pytest.param([0, 1], [1, 2], "has the label 2, expected at most 1, the largest label to train with", id="test"),
    ],
)
def test_labels_that_cannot_be_meant_are_refused(tmp_path, train, test, message):
    with pytest.raises(InputError, match=message):
        data.folder(labelled(tmp_path, train, test))


def test_some_classes_may_have_no_image_to_train_with(tmp_path):
    images = data.folder(labelled(tmp_path, [1, 2, 4, 1], [3, 0]))
    assert images.train.y.shape == (4, 5)
    assert images.without_examples() == [0, 3]
    assert data.data_set("digits").without_examples() == []


def test_a_folder_for_mnist_that_is_no_path_is_refused():
    with pytest.raises(InputError, match="path is 3, expected the name of a file"):
        data.mnist("test", 3)
