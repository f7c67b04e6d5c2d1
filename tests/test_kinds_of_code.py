"""The programs of docs/your_code_*.md: each is saved and run by its command, as it stands and with its mistake."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from minibp.cli import cli

DOCS = Path(__file__).parents[1] / "docs"
PROGRAM = re.compile(r"^```(?:python|cpp)\n(?:#|//) (\w+\.\w+)\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
BLOCK = r"^```{}\n(.*?)^```$"
OUTPUT = re.compile(r"(?:^    .*\n|^\n(?=    ))+", flags=re.MULTILINE)


def sections():
    """The sections that have a program and a command, by their titles."""
    found = {}
    for page in ("your_code_numpy.md", "your_code_frameworks.md"):
        for part in (DOCS / page).read_text(encoding="utf-8").split("\n## ")[1:]:
            title, _, text = part.partition("\n")
            if PROGRAM.search(text):
                found[title] = text
    return found


SECTIONS = sections()


def block_of(text, language):
    return re.search(BLOCK.format(language), text, flags=re.MULTILINE | re.DOTALL).group(1)


def with_mistake(programs, diff):
    """The programs with the lines of a diff in place of those that it takes away."""
    old = "".join(f"{line[1:]}\n" for line in diff.splitlines() if line.startswith("-"))
    new = "".join(f"{line[1:]}\n" for line in diff.splitlines() if line.startswith("+"))
    assert sum(program.count(old) for program in programs.values()) == 1, old
    return {name: program.replace(old, new) for name, program in programs.items()}


def printed_by(command):
    """The exit status and the output of one command of a block."""
    program, *arguments = shlex.split(command)
    if program == "minibp":
        result = CliRunner().invoke(cli, arguments)
        return result.exit_code, result.output
    subprocess.run([program, *arguments], check=True)
    return None


def assert_shows(output, expected):
    """The lines of what is expected are in the output, in this order; ... stands for anything."""
    pattern = re.escape(expected.strip("\n")).replace(re.escape("..."), ".*?")
    assert re.search(pattern, output, flags=re.DOTALL), output


@pytest.mark.parametrize("mistake", [False, True], ids=["right", "wrong"])
@pytest.mark.parametrize("title", SECTIONS)
def test_a_program_gives_what_the_page_shows(title, mistake, tmp_path, monkeypatch):
    text = SECTIONS[title]
    if "import torch" in text:
        pytest.importorskip("torch", reason="torch is not installed")
    if "g++" in text and shutil.which("g++") is None:
        pytest.skip("no compiler")
    programs = dict(PROGRAM.findall(text))
    command, diff = block_of(text, "sh"), block_of(text, "diff")
    right, wrong = [re.sub("^    ", "", found, flags=re.MULTILINE) for found in OUTPUT.findall(re.sub(
        r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL))]  # fmt: skip
    for name, program in (with_mistake(programs, diff) if mistake else programs).items():
        (tmp_path / name).write_text(program, encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    results = [printed_by(line) for line in command.replace("\\\n", "").splitlines()]

    status, output = results[-1]
    assert_shows(output, wrong if mistake else right)
    assert status == int(mistake), output


def test_every_kind_of_the_table_has_its_section():
    table = (DOCS / "your_code.md").read_text(encoding="utf-8")
    for title in SECTIONS:
        anchor = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        assert f"#{anchor})" in table, title
