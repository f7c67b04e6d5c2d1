import os
import threading

import pytest

from minibp.files import write_whole


def test_a_file_is_replaced_whole(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    write_whole(path, lambda file: file.write(b"new"))
    assert path.read_text() == "new"
    assert os.listdir(tmp_path) == ["file"]


def test_where_writing_fails_what_was_there_stays(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")

    def fails(file):
        file.write(b"half")
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        write_whole(path, fails)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "target").write_text("old")
    (tmp_path / "link").symlink_to("target")
    write_whole(tmp_path / "link", lambda file: file.write(b"new"))
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_text() == "new"


def test_a_pipe_is_written_to_and_stays_one(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    seen = []
    reader = threading.Thread(target=lambda: seen.append((tmp_path / "pipe").read_bytes()))
    reader.start()
    write_whole(tmp_path / "pipe", lambda file: file.write(b"through"))
    reader.join(10)
    assert seen == [b"through"]
    assert (tmp_path / "pipe").is_fifo()


def test_long_names_can_be_written(tmp_path):
    write_whole(tmp_path / ("n" * 250), lambda file: file.write(b"x"))
    assert len(os.listdir(tmp_path)[0]) == 250
