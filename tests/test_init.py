import subprocess
import sys

import pytest

import minibp
from minibp.training.loop import train


def test_unknown_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="module 'minibp' has no attribute 'nonsense'"):
        _ = minibp.nonsense


def test_every_public_name_is_listed_and_found():
    assert len(set(minibp.__all__)) == len(minibp.__all__)
    assert set(minibp.__all__) <= set(dir(minibp))
    missing = [name for name in minibp.__all__ if getattr(minibp, name, None) is None]
    assert missing == []


def test_names_that_are_loaded_later_are_those_of_their_homes():
    assert minibp.train is train
    assert minibp.adapters is sys.modules["minibp.adapters"]


def test_a_missing_extra_is_named_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "minibp.check.verify.verify", None)
    with pytest.raises(ModuleNotFoundError, match=r"minibp.verify needs .*: pip install '\.\[all\]' in"):
        _ = minibp.verify


def test_importing_the_package_loads_numpy_and_nothing_heavier():
    program = (
        "import sys, minibp\n"
        "heavy = {'jax', 'hypothesis', 'matplotlib', 'click', 'rich', 'scipy', 'torch', 'pooch'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_everything_can_be_imported_at_once():
    subprocess.run([sys.executable, "-c", "from minibp import *; strategies.problems()"], check=True)
