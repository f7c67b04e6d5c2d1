import inspect

import pytest

from minibp.check.report.evidence import Evidence
from minibp.check.report.finding import Finding
from minibp.check.report.github import workflow_commands


def subject():
    """Something that is checked."""


def report(*findings):
    return Evidence().report("wrong", seed=1, findings=findings)


def test_there_is_a_command_for_each_finding_at_the_first_line_of_the_function():
    line = inspect.getsourcelines(subject)[1]
    commands = workflow_commands(report(*(Finding("(24)", layer, "nabla_w", subject="f") for layer in (2, 3))), subject)
    assert len(commands) == 2
    for command in commands:
        assert command.startswith(f"::error file={__file__},line={line},title=minibp wrong::")
    assert workflow_commands(report(), subject) == []


@pytest.mark.parametrize(("text", "escaped"), [("a\nb", "a%0Ab"), ("a\r", "a%0D"), ("50%", "50%25")])
def test_what_would_end_a_command_is_escaped(text, escaped):
    (command,) = workflow_commands(report(Finding(None, None, None, subject="f", message=text)), subject)
    assert escaped in command
    assert len(command.splitlines()) == 1


def test_a_function_without_a_file_has_no_place():
    (command,) = workflow_commands(report(Finding(None, None, None, subject="len", message="raised")), len)
    assert command.startswith("::error title=minibp wrong::")
