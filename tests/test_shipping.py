import sys
import threading

import pytest

from minibp import import_string
from minibp.arrays import InputError
from minibp.cluster import Cluster
from minibp.import_string import loaded
from minibp.shipping import code_of, packed, unpacked

CODE = """
from functools import partial
runs = []
runs.append(1)
def f(x):
    return x + len(runs)
class Layer:
    rate = 3
    def __init__(self):
        self.kept = f
    @staticmethod
    def apply(x):
        return x + 5
unnamed = lambda x: x + 7
def inner():
    return lambda x: x + 9
closed = inner()
built = Layer()
bound = partial(f, 4)
"""


class Client:
    """A client of a cluster that is made up."""

    def nthreads(self):
        return {"there": 1}


@pytest.fixture
def target(tmp_path, monkeypatch):
    """The file of the code; LOADED is as it was before, in the end."""
    monkeypatch.setattr("minibp.shipping.LOADED", monkeypatch_loaded := {})
    monkeypatch.setattr(import_string, "LOADED", monkeypatch_loaded)
    path = tmp_path / "code.py"
    path.write_text(CODE)
    return path


def elsewhere():
    """Forget what was loaded, as in a process that has just started."""
    import_string.LOADED.clear()


@pytest.mark.parametrize(
    ("name", "expected"), [("f", 2), ("unnamed", 8), ("closed", 10), ("Layer.apply", 6), ("bound", 5)]
)
def test_code_of_a_file_goes_by_its_path(target, name, expected):
    code = loaded(f"{target}:{name}", only_functions=False)
    sent = packed(code, None)
    elsewhere()
    found = unpacked(sent)
    assert found is not code
    assert (found() if name == "bound" else found(1)) == expected
    assert list(import_string.LOADED) == [str(target)]


def test_objects_of_a_files_classes_do_too_and_the_file_is_run_once(target):
    built = loaded(f"{target}:built", only_functions=False)
    sent = packed([built, built.kept, type(built)], None)
    elsewhere()
    found, kept, kind = unpacked(sent)
    assert (type(found), found.kept) == (kind, kept)
    assert kept(1) == 2


def test_code_of_a_module_goes_by_its_name(target, monkeypatch):
    monkeypatch.chdir(target.parent)
    monkeypatch.delitem(sys.modules, "code")
    sent = packed(loaded("code:f"), None)
    elsewhere()
    monkeypatch.delitem(sys.modules, "code")
    assert unpacked(sent)(1) == 2


def test_to_a_cluster_it_goes_by_value_where_it_can(target):
    pytest.importorskip("cloudpickle", reason="cloudpickle is not installed")
    cluster = Cluster(Client(), "tcp://there:1")
    sent = packed(loaded(f"{target}:f"), cluster)
    elsewhere()
    target.unlink()
    assert unpacked(sent)(1) == 2


def test_the_code_of_one_process_is_one_object(target):
    sent = packed(loaded(f"{target}:closed"), None)
    assert code_of(sent) is code_of(sent)


def test_what_cannot_be_taken_there_is_one_sentence(target):
    sentence = "^the code cannot be taken to the workers, where it has to be importable, or else to be pickled: "
    with pytest.raises(InputError, match=f"{sentence}cannot pickle '_thread.lock' object"):
        packed(threading.Lock(), None)
    sent = packed(loaded(f"{target}:f"), None)
    elsewhere()
    target.unlink()
    with pytest.raises(InputError, match=f"{sentence}there is no file "):
        unpacked(sent)
