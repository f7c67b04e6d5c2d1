import math

import pytest
from subjects import backprop

from minibp import InputError, check_backprop
from minibp.check.report.github import workflow_commands
from minibp.import_string import loaded


def test_functions_of_files_and_modules(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("import beside\ndef f(): return beside.value\n")
    (tmp_path / "beside.py").write_text("value = 3\n")
    assert loaded(f"{file}:f")() == 3
    assert loaded("math:sqrt") is math.sqrt


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("mine", "expected module:function or file.py:function"),
        ("missing.py:f", "there is no file missing.py"),
        ("{file}:g", "has no function 'g'; its functions: f; its classes: Net"),
        ("{beside}:g", "has no function 'g'; its functions: none$"),
        ("no_such_module_at_all:f", "cannot be imported: ModuleNotFoundError"),
        ("{broken}:f", "cannot be imported: SyntaxError"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_line(tmp_path, target, message):
    file, broken = tmp_path / "mine.py", tmp_path / "broken.py"
    file.write_text("from pathlib import Path\ndef f(): ...\nclass Net: ...\n")
    (tmp_path / "beside.py").write_text("x = 1\n")
    broken.write_text("def f(:\n")
    with pytest.raises(InputError, match=message.replace("(", r"\(")):
        loaded(target.format(file=file, broken=broken, beside=tmp_path / "beside.py"))


def test_findings_become_workflow_commands():
    report = check_backprop(lambda *_: None, examples=1, seed=1, raise_on_mismatch=False)
    (line,) = workflow_commands(report, backprop)
    assert line.startswith("::error file=")
    at = backprop.__code__.co_firstlineno
    assert f"subjects.py,line={at},title=minibp wrong::" in line
    assert "\n" not in line
    assert workflow_commands(report, math.sqrt)[0].startswith("::error title=minibp wrong::")
