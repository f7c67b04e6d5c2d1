"""The house: each file imports only from lower floors, and importing the package is light."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from architecture import faults_of, graphs_of

import minibp

HOUSE = Path(minibp.__file__).parent


def test_every_place_imports_only_from_lower_floors_and_there_is_no_circle():
    places, files = graphs_of(HOUSE)
    assert len(places) > 40
    assert len(files) > 100
    assert faults_of(places, files) == []


def test_checks_and_training_are_siblings():
    places, _ = graphs_of(HOUSE)
    assert not [other for other in places["training"] if other.startswith("check")]
    assert not [name for name, others in places.items() if name.startswith("check.") and "training" in others]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("import minibp.high", "low imports high, which stands on a higher floor"),
        ("import minibp.high as h", "low imports high, which stands on a higher floor"),
        ("from minibp import high", "low imports high, which stands on a higher floor"),
        ("from minibp.high import name", "low imports high, which stands on a higher floor"),
        ("from minibp.check.room.deep import name", "low imports check.room, which stands on a higher floor"),
        ("def f():\n    import minibp.high", "low imports high, which stands on a higher floor"),
        (
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from minibp.high import name",
            "low imports high, which stands on a higher floor",
        ),
        (
            "import typing\nif typing.TYPE_CHECKING:\n    import minibp.high",
            "low imports high, which stands on a higher floor",
        ),
        ("import minibp.beside", "places import each other: beside <- low <- beside"),
    ],
)
def test_an_arrow_that_points_up_or_back_is_seen(tmp_path, line, fault):
    write_house(tmp_path, {"low": line})
    assert fault in faults_of(*graphs_of(tmp_path), HOUSE_OF_THREE)


def test_files_of_one_place_that_import_each_other_are_seen(tmp_path):
    write_house(tmp_path, {"check/room/deep": "from minibp.check.room import other", "check/room/other": ""})
    assert faults_of(*graphs_of(tmp_path), HOUSE_OF_THREE) == []
    (tmp_path / "check/room/other.py").write_text("import minibp.check.room.deep", encoding="utf-8")
    (fault,) = faults_of(*graphs_of(tmp_path), HOUSE_OF_THREE)
    assert fault.startswith("files import each other: check.room.")


def test_a_place_without_a_floor_and_a_floor_without_its_place_are_seen(tmp_path):
    write_house(tmp_path, {"new": ""})
    (tmp_path / "high.py").unlink()
    assert faults_of(*graphs_of(tmp_path), HOUSE_OF_THREE) == [
        "new has no floor",
        "high is on a floor, and is not there",
    ]


HOUSE_OF_THREE = "low beside\ncheck.room\nhigh"


def write_house(folder, files):
    """A package on three floors whose arrows all point down, changed by `files`."""
    sound = {"beside": "from minibp.low import x", "high": "import minibp.check.room.deep", "check/room/deep": ""}
    for name, text in ({"low": ""} | sound | files).items():
        path = folder / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


MAP = HOUSE / "check" / "__init__.py"


def test_the_map_of_the_check_names_what_is_there_and_nothing_else():
    drawn = re.findall(r"^( +)([a-z_]+(?:\.py|/))  ", MAP.read_text(encoding="utf-8"), re.MULTILINE)
    room, names = Path(), []
    for indent, name in drawn:
        room = room if len(indent) > 4 else Path(name) if name.endswith("/") else Path()
        names.append(name if len(indent) == 4 else f"{room}/{name}")
    for name in names:
        assert (MAP.parent / name).exists(), name
    first_level = {
        f"{path.name}/" if path.is_dir() else path.name
        for path in MAP.parent.iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert {name for name in names if name.rstrip("/").count("/") == 0} == first_level - {"__init__.py"}
    assert len(first_level) <= 17


def seconds(*programs):
    """The least CPU time of each program in seven runs in turns, by its own clock: what else runs is not counted."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}  # idle threads that spin would count
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # what is compiled anew each time would count too
    found = [float("inf")] * len(programs)
    for _ in range(7):
        for i, program in enumerate(programs):
            timed = f"import time\nstart = time.process_time()\n{program}\nprint(time.process_time() - start)"
            command = [sys.executable, "-c", timed]
            run = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
            found[i] = min(found[i], float(run.stdout.splitlines()[-1]))
    return found


def test_importing_adds_little_to_numpy():
    # 0.15 s are allowed where NumPy alone takes 0.1; a ratio does not depend on how fast the machine is just now.
    minibp, numpy = seconds("import minibp", "import numpy")
    assert minibp < 1.5 * numpy


def test_help_answers_within_400_ms():
    (taken,) = seconds("from minibp.cli import cli\ncli(['--help'], standalone_mode=False)")
    assert taken < 0.4


def test_type_checkers_know_the_names_that_are_there_and_no_others(tmp_path, monkeypatch):
    mypy = pytest.importorskip("mypy.api", reason="mypy is not installed")
    program = tmp_path / "program.py"
    program.write_text("import minibp\nminibp.nonsense, minibp.verify\n", encoding="utf-8")
    monkeypatch.setenv("MYPYPATH", str(HOUSE.parent))
    # Which names the package has does not depend on the types of what it imports, which take long to read.
    options = ["--config-file=", "--no-site-packages", "--ignore-missing-imports", "--follow-imports=silent"]
    said, _, _ = mypy.run([*options, f"--cache-dir={tmp_path}", str(program)])
    assert re.findall(r'has no attribute "(\w+)"  \[attr-defined\]', said) == ["nonsense"], said


def lines_without_docstrings(text):
    """The number of lines of a module, without those of the texts that stand as statements of their own."""
    texts = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    ]
    return len(text.splitlines()) - sum(node.end_lineno - node.lineno + 1 for node in texts)


def test_no_module_has_more_than_300_lines_without_docstrings():
    for path in HOUSE.rglob("*.py"):
        assert lines_without_docstrings(path.read_text(encoding="utf-8")) <= 300, path


def test_lines_of_docstrings_alone_do_not_count():
    module = '''"""A module
of two lines."""

MOST = 3
"""Of lines."""

class A:
    """One."""

    def f(self):
        """Two

        and more.
        """
        return """a text
        that is a value"""
'''
    assert len(module.splitlines()) == 16
    assert lines_without_docstrings(module) == 8
