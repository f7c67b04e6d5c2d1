import importlib
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibp.arrays import InputError, checked_count
from minibp.user_error import LONGEST_MESSAGE, LONGEST_SOURCE, description_of, place_of


def raised(call, *args):
    with pytest.raises(BaseException) as caught:  # noqa: PT011 -- any at all is what is tested
        call(*args)
    # pytest's own frame, and this function's, are not what the user wrote.
    return caught.value.with_traceback(caught.value.__traceback__.tb_next)


def module(folder, name, source):
    (folder / f"{name}.py").write_text(source, encoding="utf-8")
    sys.modules.pop(name, None)
    importlib.invalidate_caches()
    return importlib.import_module(name)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return tmp_path


def test_the_innermost_line_of_the_user_is_named_with_its_source(folder):
    mine = module(folder, "mine_inner", "def helper(x):\n    y = x.clone()\n\n\ndef f(x):\n    return helper(x)\n")
    assert place_of(raised(mine.f, np.ones(2))) == "mine_inner.py, line 2: y = x.clone()"


@pytest.mark.parametrize("library", ["numpy", "standard library", "minibp"])
def test_frames_of_libraries_are_passed_over(folder, library):
    call = {
        "numpy": "__import__('numpy').linalg.inv([[0.0]])",
        "standard library": "__import__('json').loads('{')",
        "minibp": "__import__('minibp').sizes_that_do_not_exist",
    }[library]
    mine = module(folder, f"mine_of_{library[:3]}", f"def f():\n    return {call}\n")
    assert place_of(raised(mine.f)) == f"mine_of_{library[:3]}.py, line 2: return {call}"


def test_a_library_that_was_called_directly_is_named_itself():
    assert place_of(raised(np.linalg.inv, np.zeros((2, 3)))).startswith("_linalg.py, line ")


def test_paths_are_those_from_the_working_folder_or_names(folder, monkeypatch):
    (folder / "inner").mkdir()
    (folder / "inner" / "deep.py").write_text("def f():\n    raise ValueError\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder / "inner"))
    error = raised(importlib.import_module("deep").f)
    assert place_of(error) == f"inner{os.sep}deep.py, line 2: raise ValueError"
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert place_of(error) == "deep.py, line 2: raise ValueError"


@pytest.mark.parametrize("source", ["x = (\n", "def f():\nreturn 1\n", "if 1:\n\tx = 1\n        y = 2\n"], ids=range(3))
def test_a_file_that_cannot_be_parsed_is_named_itself(folder, source):
    place = place_of(raised(module, folder, "cannot_be_parsed", source))
    assert place.startswith("cannot_be_parsed.py, line ")
    assert place.partition(": ")[2] in [" ".join(line.split()) for line in source.splitlines()]


def test_text_that_cannot_be_parsed_is_placed_where_it_was_evaluated(folder):
    mine = module(folder, "evaluates", "def f():\n    return eval('1 +')\n")
    assert place_of(raised(mine.f)) == "evaluates.py, line 2: return eval('1 +')"
    mine = module(folder, "raises_syntax", "def f():\n    raise SyntaxError('mine')\n")
    assert place_of(raised(mine.f)) == "raises_syntax.py, line 2: raise SyntaxError('mine')"


def test_code_without_a_file_has_a_line_and_no_source():
    scope = {}
    exec(compile("def f():\n    raise ValueError\n", "<mine>", "exec"), scope)
    assert place_of(raised(scope["f"])) == "<mine>, line 2"


def test_what_no_code_of_the_user_raised_has_no_place():
    assert place_of(ValueError("never raised")) == ""
    try:
        checked_count("n", 0)
    except InputError as error:
        assert place_of(error.with_traceback(error.__traceback__.tb_next)) == ""


def test_a_working_folder_that_is_gone_leaves_the_name(folder, monkeypatch):
    mine = module(folder, "left_behind", "def f():\n    raise ValueError\n")
    error = raised(mine.f)

    def gone():
        raise FileNotFoundError

    monkeypatch.setattr(Path, "cwd", gone)
    assert place_of(error) == "left_behind.py, line 2: raise ValueError"


def test_endless_recursion_has_a_place(folder):
    mine = module(folder, "endless", "def f():\n    return f()\n")
    assert place_of(raised(mine.f)) == "endless.py, line 2: return f()"


def test_long_lines_are_cut(folder):
    mine = module(folder, "minified", f"def f():\n    raise ValueError({'1 + ' * 500}1)\n")
    place = place_of(raised(mine.f))
    assert place.endswith("…")
    assert len(place) == len("minified.py, line 2: ") + LONGEST_SOURCE


@given(st.text())
def test_descriptions_are_one_line_of_bounded_length(text):
    described = description_of(ValueError(text))
    assert described.splitlines() == [described]
    assert len(described) <= len("ValueError: ") + LONGEST_MESSAGE
    assert described.startswith("ValueError")


def test_an_exception_that_cannot_be_printed_is_described_by_its_type():
    class Mute(Exception):
        def __str__(self):
            raise RuntimeError("cannot")

    assert description_of(Mute()) == "Mute"
    assert description_of(StopIteration()) == "StopIteration"
