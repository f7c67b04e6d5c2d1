"""Where MNIST is looked for, with a real server on this machine in the place of the mirrors."""

import functools
import gzip
import http.server
import os
import shutil
import threading

import pytest

from minibp import InputError, data
from minibp.data import mnist_files

FILES = list(mnist_files.MNIST_SHA256)
LABELS = "t10k-labels-idx1-ubyte"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache, and no folder that is named."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv(mnist_files.MNIST_VARIABLE, raising=False)
    data.mnist.cache_clear()
    yield tmp_path / "cache" / "minibp" / "mnist"
    data.mnist.cache_clear()


@pytest.fixture
def server(tmp_path):
    """A folder, and the address under which a server offers what is in it."""
    folder = tmp_path / "served"
    folder.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder)) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield folder, f"http://127.0.0.1:{running.server_port}/"
        running.shutdown()
        thread.join()


def packed(folder, name):
    """A file of the real MNIST, gzipped."""
    return gzip.compress(mnist_files.mnist_content(name, folder), 1)


def test_the_cache_folder_is_the_users(cache):
    assert mnist_files.mnist_cache_folder() == cache


def test_without_platformdirs_there_is_no_cache(cache, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "platformdirs", None)
    assert mnist_files.mnist_cache_folder() is None
    assert not mnist_files.is_at_hand()
    with pytest.raises(FileNotFoundError, match="MNIST is not at hand"):
        mnist_files.mnist_content(LABELS)


def test_a_download_is_checked_and_kept(cache, server, monkeypatch, mnist_folder):
    pytest.importorskip("pooch")
    folder, address = server
    for name in FILES:
        if name.startswith("t10k"):
            (folder / f"{name}.gz").write_bytes(packed(mnist_folder, name))
    monkeypatch.setattr(mnist_files, "MIRRORS", [address])
    assert len(data.mnist("test", download=True).x) == 10_000
    assert sorted(os.listdir(cache)) == [f"{name}.gz" for name in sorted(FILES) if name.startswith("t10k")]
    assert not mnist_files.is_at_hand()
    shutil.rmtree(folder)
    assert mnist_files.mnist_content(LABELS) == mnist_files.mnist_content(LABELS, mnist_folder)


def test_other_bytes_are_never_kept_and_the_next_mirror_is_asked(cache, server, monkeypatch, mnist_folder):
    pytest.importorskip("pooch")
    folder, address = server
    (folder / "bad").mkdir()
    (folder / "bad" / f"{LABELS}.gz").write_bytes(gzip.compress(b"something else"))
    (folder / "cut").mkdir()
    (folder / "cut" / f"{LABELS}.gz").write_bytes(packed(mnist_folder, LABELS)[:-100])
    mirrors = [f"{address}bad/", f"{address}cut/", f"{address}none/", "http://127.0.0.1:9/"]
    monkeypatch.setattr(mnist_files, "MIRRORS", mirrors)
    with pytest.raises(FileNotFoundError) as caught:
        mnist_files.mnist_content(LABELS, download=True)
    said = str(caught.value)
    assert f"{address}bad/: {LABELS}.gz does not hold the bytes of MNIST's {LABELS}" in said
    assert f"{address}cut/: {LABELS}.gz is not a whole gzip file" in said
    assert f"{address}none/: status 404" in said
    assert "http://127.0.0.1:9/: no connection (ConnectionError)" in said
    assert said.endswith("gzipped or not, into a folder and set MINIBP_MNIST_DIR to it")
    assert not cache.exists()
    (folder / f"{LABELS}.gz").write_bytes(packed(mnist_folder, LABELS))
    monkeypatch.setattr(mnist_files, "MIRRORS", [*mirrors, address])
    assert mnist_files.mnist_content(LABELS, download=True) == mnist_files.mnist_content(LABELS, mnist_folder)


def test_what_cannot_be_kept_can_still_be_used(cache, server, monkeypatch, mnist_folder):
    pytest.importorskip("pooch")
    folder, address = server
    (folder / f"{LABELS}.gz").write_bytes(packed(mnist_folder, LABELS))
    monkeypatch.setattr(mnist_files, "MIRRORS", [address])
    cache.parent.parent.mkdir()
    cache.parent.write_text("a file where a folder would be")
    assert mnist_files.mnist_content(LABELS, download=True) == mnist_files.mnist_content(LABELS, mnist_folder)


def test_a_damaged_cache_is_told(cache):
    pytest.importorskip("platformdirs")
    cache.mkdir(parents=True)
    (cache / f"{LABELS}.gz").write_bytes(gzip.compress(b"damaged"))
    with pytest.raises(InputError, match="does not hold the bytes of MNIST's t10k-labels"):
        mnist_files.mnist_content(LABELS)


def test_a_named_folder_goes_before_the_cache(cache, tmp_path, monkeypatch, mnist_folder):
    pytest.importorskip("platformdirs")
    monkeypatch.setenv(mnist_files.MNIST_VARIABLE, str(tmp_path))
    assert not mnist_files.is_at_hand()
    with pytest.raises(FileNotFoundError, match=f"there is no {LABELS} in {tmp_path}, which it names now"):
        mnist_files.mnist_content(LABELS)
    cache.mkdir(parents=True)
    (cache / f"{LABELS}.gz").write_bytes(packed(mnist_folder, LABELS))
    assert mnist_files.mnist_content(LABELS) == mnist_files.mnist_content(LABELS, mnist_folder)
    (tmp_path / LABELS).write_bytes(b"damaged")  # and is not made up for
    with pytest.raises(InputError, match="does not hold the bytes of MNIST's"):
        mnist_files.mnist_content(LABELS)
    monkeypatch.setenv(mnist_files.MNIST_VARIABLE, str(mnist_folder))
    assert mnist_files.is_at_hand()
