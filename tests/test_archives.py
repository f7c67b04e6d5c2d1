import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibp import InputError
from minibp.archives import Archive


def archive(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def test_entries_are_the_arrays_that_were_saved():
    found = Archive(io.BytesIO(archive(a=np.arange(3.0), text=np.array("yes"))))
    assert "a" in found
    assert "b" not in found
    assert not found.is_packed()
    assert found["a"].tolist() == [0.0, 1.0, 2.0]
    assert str(found["text"]) == "yes"
    with pytest.raises(InputError, match="it has no entry 'b'"):
        _ = found["b"]


def test_objects_are_not_read():
    file = io.BytesIO()
    np.savez(file, a=np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match="its entry 'a' is damaged, or holds something else than numbers or text"):
        _ = Archive(file)["a"]


def test_compressed_entries_are_seen():
    file = io.BytesIO()
    np.savez_compressed(file, a=np.zeros(9))
    assert Archive(file).is_packed()


@given(st.integers(0, 10**6), st.integers(1, 255))
def test_a_changed_byte_is_harmless_or_an_input_error(at, flip):
    content = bytearray(archive(a=np.arange(9.0)))
    content[at % len(content)] ^= flip
    try:
        found = Archive(io.BytesIO(bytes(content)))["a"]
    except InputError:
        return
    assert found.tolist() == list(range(9))
