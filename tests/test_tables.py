import os
import shutil
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibp.tables import LEAST_WIDTH, PIPE_WIDTH, fitted, grid, width, wrapped

cells = st.text("0123456789ab-±µ ", min_size=1, max_size=30).map(str.strip).filter(bool)


@st.composite
def tables(draw):
    n = draw(st.integers(1, 7))
    line = st.lists(cells, min_size=n, max_size=n)
    return draw(line), draw(st.lists(line, min_size=1, max_size=5)), draw(st.integers(1, n))


@given(tables(), st.integers(LEAST_WIDTH, 130))
def test_no_line_is_longer_than_the_columns_and_no_cell_is_lost(table, columns):
    head, rows, labels = table
    lines = fitted(head, rows, columns, labels=labels)
    assert max(map(len, lines)) <= columns
    said = "".join("".join(lines).split())
    for row in rows:
        for cell in row:
            assert "".join(cell.split()) in said


@given(tables())
def test_what_fits_is_one_grid(table):
    head, rows, labels = table
    whole = grid(head, rows)
    assert fitted(head, rows, max(map(len, whole)) + 60, labels=labels) == whole


def test_the_labels_stand_in_each_of_several_grids():
    head = ["sizes", "dtype", "batched", "workspace"]
    rows = [["2-3-1", "float64", "3.4 ±0.1", "15 ±1"], ["784-30-10", "float32", "17 ±1", "25 ±2"]]
    assert fitted(head, rows, 30, labels=2) == [
        "sizes        dtype   batched",
        "2-3-1      float64  3.4 ±0.1",
        "784-30-10  float32     17 ±1",
        "sizes        dtype  workspace",
        "2-3-1      float64      15 ±1",
        "784-30-10  float32      25 ±2",
    ]


def test_a_row_is_a_block_where_no_grid_fits():
    head = ["sizes, batch", "products", "workspace"]
    rows = [["784-1024-1024-10, 256", "50.5 ms", "1.02 ±0.01"], ["2-3-1, 4", "6.70 µs", "1.76 ±0.10"]]
    assert fitted(head, rows, 24) == [
        "784-1024-1024-10, 256",
        "products  50.5 ms",
        "workspace 1.02 ±0.01",
        "2-3-1, 4",
        "products  6.70 µs",
        "workspace 1.76 ±0.10",
    ]


@given(st.text("ab -,;", max_size=300), st.integers(LEAST_WIDTH, 130))
def test_prose_fits(text, columns):
    lines = wrapped(text, columns, "    ")
    assert all(len(line) <= columns for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_the_width_is_that_of_columns_else_of_the_terminal_else_of_a_pipe(monkeypatch):
    monkeypatch.setenv("COLUMNS", "73")
    assert width() == 73
    monkeypatch.setenv("COLUMNS", "3")
    assert width() == LEAST_WIDTH
    for unset in ("", "0", "many"):
        monkeypatch.setenv("COLUMNS", unset)
        monkeypatch.setattr(shutil.os, "get_terminal_size", lambda descriptor: os.terminal_size((64, 20)))
        assert width() == 64


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="there are no pseudo-terminals here")
def test_the_width_follows_standard_output(monkeypatch):
    import fcntl
    import struct
    import termios

    monkeypatch.delenv("COLUMNS", raising=False)
    leader, follower = os.openpty()
    try:
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 61, 0, 0))
        with os.fdopen(follower, "w", closefd=False) as terminal:
            monkeypatch.setattr(sys, "__stdout__", terminal)
            assert width() == 61
    finally:
        os.close(follower)
        os.close(leader)
    reader, writer = os.pipe()
    try:
        with os.fdopen(writer, "w", closefd=False) as pipe:
            monkeypatch.setattr(sys, "__stdout__", pipe)
            assert width() == PIPE_WIDTH
    finally:
        os.close(reader)
        os.close(writer)
