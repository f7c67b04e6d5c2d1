import gzip

import numpy as np
import pytest

from minibp import InputError
from minibp.idx import content_of, parse_idx


def idx(array):
    """The bytes of an IDX file."""
    array = np.asarray(array, np.uint8)
    return bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape) + array.tobytes()


def test_what_was_written_is_read():
    array = np.arange(24).reshape(2, 3, 4)
    assert np.array_equal(parse_idx(idx(array), "file"), array)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not an IDX file of unsigned bytes"),
        (b"\x00\x00\x0d\x01", "it starts with 00 00 0d 01"),
        (bytes([0, 0, 8, 1, 0, 0, 0, 3, 1, 2]), "has 2 bytes of data, its header announces 3"),
        (bytes([0, 0, 8, 2, 0, 0, 0, 3]), "its header announces"),
        (idx([[1, 2], [3, 4]])[:-1], "has 3 bytes of data, its header announces 4"),
    ],
)
def test_broken_files_are_refused(content, message):
    with pytest.raises(InputError, match=message):
        parse_idx(content, "file")


def test_gzipped_or_not_the_content_is_the_same(tmp_path):
    plain, packed = tmp_path / "plain", tmp_path / "packed"
    plain.write_bytes(b"content")
    packed.write_bytes(gzip.compress(b"content"))
    assert content_of(plain) == content_of(packed) == b"content"


@pytest.mark.parametrize("damaged", [gzip.compress(b"x" * 1000)[:-9], gzip.compress(b"x")[:12] + b"\xff" * 9])
def test_damaged_gzip_is_refused(tmp_path, damaged):
    path = tmp_path / "file.gz"
    path.write_bytes(damaged)
    with pytest.raises(InputError, match="is not a whole gzip file"):
        content_of(path)
