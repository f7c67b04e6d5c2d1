import gzip

import numpy as np
import pytest
from helpers import idx

from minibp import InputError
from minibp.data.idx import content_of, parse_idx


def test_what_was_written_is_read():
    array = np.arange(24).reshape(2, 3, 4)
    assert np.array_equal(parse_idx(idx(array), "file"), array)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "is not an IDX file of unsigned bytes", id="nothing"),
        pytest.param(b"\x00\x00\x0d\x01", "it starts with 00 00 0d 01", id="floats"),
        pytest.param(bytes([0, 0, 8, 0, 1]), "is not an IDX file of unsigned bytes", id="no dimensions"),
        pytest.param(
            bytes([0, 0, 8, 70]) + b"\x00\x00\x00\x01" * 70 + b"x",
            "is not an IDX file of unsigned bytes",
            id="70 dimensions",
        ),
        pytest.param(
            bytes([0, 0, 8, 1, 0, 0, 0, 3, 1, 2]), "has 2 bytes of data, its header announces 3", id="data too short"
        ),
        pytest.param(bytes([0, 0, 8, 2, 0, 0, 0, 3]), "ends within its header", id="one of two lengths"),
        pytest.param(bytes([0, 0, 8, 3, 0, 0, 0, 3, 0]), "ends within its header", id="part of a length"),
        pytest.param(
            bytes([0, 0, 8, 3]) + bytes(4) + b"\xff" * 8,
            r"has shape \(0, 4294967295, 4294967295\), expected at least one",
            id="no entries",
        ),
        pytest.param(
            bytes([0, 0, 8, 2]) + b"\xff" * 8,
            "has 0 bytes of data, its header announces 18446744065119617025",
            id="huge lengths",
        ),
        pytest.param(idx([[1, 2], [3, 4]])[:-1], "has 3 bytes of data, its header announces 4", id="last byte missing"),
        pytest.param(idx([1, 2]) + b"x", "has more bytes of data, its header announces 2", id="a byte too many"),
    ],
)
def test_broken_files_are_refused(content, message):
    with pytest.raises(InputError, match=message):
        parse_idx(content, "file")


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_file_is_read_to_the_end_that_its_header_says_and_one_byte_more(tmp_path, pack):
    path = tmp_path / "file"
    content = idx([[1, 2], [3, 4]])
    for more, read in ((b"", b""), (b"x", b"x"), (b"xyz" * 1000, b"x")):
        path.write_bytes(pack(content + more))
        assert content_of(path) == content + read


def test_a_file_that_would_not_fit_into_memory_is_refused_unread(tmp_path):
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(bytes([0, 0, 8, 3]) + b"\x7f" * 12 + bytes(10**7)))
    with pytest.raises(InputError, match="bomb.gz announces .* bytes, expected at most 1073741824"):
        content_of(path)


@pytest.mark.parametrize(
    "damaged",
    [gzip.compress(b"x" * 1000)[:3], gzip.compress(idx(np.ones(99)))[:-9]],
    ids=["within its header", "within its end"],
)
def test_damaged_gzip_is_refused(tmp_path, damaged):
    path = tmp_path / "file.gz"
    path.write_bytes(damaged)
    with pytest.raises(InputError, match="is not a whole gzip file"):
        content_of(path)
