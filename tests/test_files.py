import os
import subprocess
import sys
import threading

import pytest

from minibp import InputError, files
from minibp.files import held, remove_unfinished, write_whole


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


def test_names_of_many_bytes_can_be_written_through_a_link_and_loops_are_replaced(tmp_path):
    write_whole(tmp_path / ("数" * 80), lambda file: file.write(b"x"))
    (tmp_path / "loop").symlink_to("loop")
    write_whole(tmp_path / "loop", lambda file: file.write(b"x"))
    assert (tmp_path / "loop").read_bytes() == b"x"


def test_a_link_to_a_pipe_is_written_to(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    seen = []
    reader = threading.Thread(target=lambda: seen.append((tmp_path / "pipe").read_bytes()))
    reader.start()
    write_whole(tmp_path / "link", lambda file: file.write(b"through"))
    reader.join(10)
    assert seen == [b"through"]


KILLED = """
import os, sys
from minibp.files import write_whole
write_whole(sys.argv[1], lambda file: (file.write(b"half"), file.flush(), os.kill(os.getpid(), 9)))
"""


def killed_while_writing(path):
    process = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert process.returncode == -9


def test_what_killed_processes_left_is_removed_and_nothing_else(tmp_path):
    path, other = tmp_path / "file", tmp_path / "file.other"
    path.write_text("old")
    killed_while_writing(path)
    killed_while_writing(other)
    assert len(os.listdir(tmp_path)) == 3
    assert path.read_text() == "old"

    def while_another_resumes(file):
        subprocess.run([sys.executable, "-c", REMOVING, str(path)], check=True)
        file.write(b"new")

    write_whole(path, while_another_resumes)
    assert path.read_text() == "new"
    assert len(os.listdir(tmp_path)) == 2  # what was left of the other file is there
    remove_unfinished(other)
    assert os.listdir(tmp_path) == ["file"]


REMOVING = "import sys; from minibp.files import remove_unfinished; remove_unfinished(sys.argv[1])"


def test_what_was_removed_before_it_was_locked_is_made_anew(tmp_path, monkeypatch):
    lock, calls = files.fcntl.flock, []

    def late(file, how):
        calls.append(file.name)
        if len(calls) == 1:
            os.unlink(file.name)
        lock(file, how)

    monkeypatch.setattr(files.fcntl, "flock", late)
    write_whole(tmp_path / "file", lambda file: file.write(b"new"))
    assert (tmp_path / "file").read_bytes() == b"new"
    assert len(set(calls)) == 2


def test_what_cannot_be_removed_is_left(tmp_path):
    killed_while_writing(tmp_path / "file")
    (left,) = tmp_path.iterdir()
    left.unlink()
    left.mkdir()
    remove_unfinished(tmp_path / "file")
    assert left.exists()


WRITING = """
import sys
from minibp.files import write_whole
if sys.stdout: print("before")
write_whole(sys.argv[1], lambda file: file.write(b"written"))
if sys.stdout: print(" after")
"""


@pytest.mark.parametrize("name", ["/dev/stdout", "log"])
def test_the_file_that_standard_output_goes_to_is_added_to(tmp_path, name):
    (tmp_path / "log").write_text("precious, ")
    with open(tmp_path / "log", "a") as log:
        subprocess.run([sys.executable, "-c", WRITING, name], stdout=log, cwd=tmp_path, check=True)
    assert (tmp_path / "log").read_text() == "precious, before\nwritten after\n"


def test_without_standard_output_files_are_written_too(tmp_path):
    (tmp_path / "script.py").write_text(WRITING)
    subprocess.run(["sh", "-c", f"{sys.executable} {tmp_path}/script.py {tmp_path}/file >&-"], check=True)
    assert (tmp_path / "file").read_text() == "written"


def test_what_is_held_is_free_again_at_the_end_and_nothing_is_left(tmp_path):
    path = tmp_path / "file"
    for _ in range(2):
        with held(path, "training"):
            assert len(os.listdir(tmp_path)) == 1
            with (
                pytest.raises(InputError, match=f"file is in use by another training, process {os.getpid()}$"),
                held(path, "training"),
            ):
                pass
        assert os.listdir(tmp_path) == []
    with pytest.raises(KeyError), held(path, "training"):
        raise KeyError
    assert os.listdir(tmp_path) == []


def test_a_link_and_what_it_leads_to_are_held_together(tmp_path):
    (tmp_path / "link").symlink_to("file")
    with (
        held(tmp_path / "link", "training"),
        held(tmp_path / "other", "training"),
        pytest.raises(InputError, match="file is in use by another training"),
        held(tmp_path / "file", "training"),
    ):
        pass


HOLDING = """
import sys, time
from minibp.files import held
with held(sys.argv[1], "training"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_what_a_killed_process_held_is_free(tmp_path):
    path = tmp_path / "file"
    process = subprocess.Popen([sys.executable, "-c", HOLDING, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    with pytest.raises(InputError, match=f"in use by another training, process {process.pid}"), held(path, "training"):
        pass
    process.kill()
    process.communicate()
    remove_unfinished(path)
    assert len(os.listdir(tmp_path)) == 1
    with held(path, "training"):
        pass
    assert os.listdir(tmp_path) == []


def test_without_locks_a_file_is_free(tmp_path, monkeypatch):
    def none(file, how):
        raise OSError("no locks available")

    monkeypatch.setattr(files.fcntl, "flock", none)
    with held(tmp_path / "file", "training"), held(tmp_path / "file", "training"):
        pass
    assert os.listdir(tmp_path) == []
