import pytest

from minibp import InputError
from minibp.memory import check_fits, memory_bytes


def test_what_fits_is_let_through_and_one_byte_more_is_refused():
    there = memory_bytes()
    assert 1 << 20 < there < 1 << 63
    check_fits("x", there)
    with pytest.raises(InputError, match=f"x would take {there + 1:,} bytes of memory, expected at most the {there:,}"):
        check_fits("x", there + 1)


def test_the_limit_of_a_container_counts(tmp_path):
    (tmp_path / "memory.max").write_text("1048576\n")
    (tmp_path / "unlimited").write_text("max\n")
    files = tuple(str(tmp_path / name) for name in ("memory.max", "unlimited", "missing"))
    assert memory_bytes(files) == 1 << 20
