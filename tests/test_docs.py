"""Every command and every block of Python that README.md and docs/ show; examples with >>> are doctests besides."""

import ast
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from cited import citing_lines, source_of_test
from click.testing import CliRunner

from minibp.cli import cli

ROOT = Path(__file__).parents[1]
PAGES = {path.relative_to(ROOT).as_posix(): path for path in [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))]}

NOT_RUN = {
    "pip install": "installs",
    "pytest$": "is what runs this",
    "pytest -n 0 tests/": "is a test of its own",
    "pytest --minibp-(seed|html)": "runs the caller's whole suite: tests/test_pytest_plugin.py has these options",
    "python benchmarks/": "takes minutes: nox -s benchmarks runs each at a size that takes seconds",
    "python examples/": "takes minutes or downloads: nox -s examples runs each on the package's digits",
    "minibp bench": "takes half a minute or more: tests/bench run all of it; here its options are parsed",
    "dask (scheduler|worker)": "starts a cluster: tests/test_cluster.py has one of its own",
    "minibp .* --executor ": "needs that cluster: tests/test_cluster.py; here its options are parsed",
    "minibp faults": "takes minutes: tests/check/verify/test_kill_matrix.py; here its options are parsed",
}
"""Beginnings of commands that are not run here, as regular expressions, and why."""
SHORTER = (
    (
        r"^minibp verify\b(?!.* --(soak|networks))(.*?)( --examples \d+)?$",
        r"minibp verify\2 --examples 2 --workers 1 --seed 0",
    ),
    (r"--soak \d+(?: --workers \d+)?", "--soak 0.5 --workers 1"),
    (r"--networks \d+(.*)$", r"--networks 20\1 --workers 1"),
    (r"--data mnist", "--data digits"),
    (r"^minibp train\b(.*)$", r"minibp train\1 --epochs 1"),
    (r"--devices \d+", "--devices 1"),  # more of them have to be asked for before JAX starts
    (r"^minibp descend\b(.*) --plot \S+", r"minibp descend\1"),  # drawn by tests/test_article_figures.py
    (r"^(minibp check (?!net|wrong|student)\S+\.py.*)$", r"\1 --examples 3"),
    (r"^(minibp check package.*)$", r"\1 --examples 3"),
)
"""What makes a command take seconds, none of which changes what it is an example of."""
READ_ONLY = {
    "Square.apply": "a class of PyTorch's that is the reader's own",
    "minibp.sharded.joined(": "a program for several processes: tests/sharded/test_processes.py has one",
    "def test_gradient(check_backprop)": "a test of the reader's own: tests/test_pytest_plugin.py",
}
"""What is in blocks of Python that are neither doctests nor files, and why they are compiled and not run."""
ELSEWHERE = {"docs/your_code_": "test_kinds_of_code.py"}
"""Beginnings of pages of which another test runs all programs and commands."""


class Command(NamedTuple):
    """A line of a block of sh, and what the page shows below it."""

    page: str
    line: str
    shown: tuple[str, ...]


def fences(text, language):
    """The blocks of a language, each with where it ends."""
    pattern = rf"^```{language}\n(.*?)^```$"
    return [(found[1], found.end()) for found in re.finditer(pattern, text, re.MULTILINE | re.DOTALL)]


def commands_of(page):
    """Commands in the page's order; an indented block after a single command is what it prints."""
    text = PAGES[page].read_text(encoding="utf-8")
    for block, end in fences(text, "sh"):
        lines = [re.sub(r"\s+# .*", "", line) for line in block.replace("\\\n", " ").splitlines()]
        lines = [" ".join(part.split()) for line in lines for part in line.split("&&") if part.strip()]
        shown = re.match(r"\n+(?:!\[[^\n]*\n+)?((?:(?:    [^\n]*)?\n)+)", text[end:])
        for line in lines:
            below = shown[1].splitlines() if shown and len(lines) == 1 else []
            yield Command(page, line, tuple(one.strip() for one in below if one.strip()))


def is_elsewhere(page):
    return any(page.startswith(start) and (ROOT / "tests" / test).exists() for start, test in ELSEWHERE.items())


COMMANDS = [command for page in PAGES if not is_elsewhere(page) for command in commands_of(page)]


def files_of(page):
    """The files that a page shows, by their names: blocks of Python that begin with a comment of one."""
    text = PAGES[page].read_text(encoding="utf-8")
    named = [(re.match(r"# (\w+\.py)\n", block), block) for block, _ in fences(text, "python")]
    return {name[1]: block for name, block in named if name}


def backprop_of_the_pages():
    """The function that docs/checking.md begins with, as a file."""
    text = PAGES["docs/checking.md"].read_text(encoding="utf-8")
    block = next(block for block, _ in fences(text, "python") if ">>> def backprop" in block)
    lines = [line[4:] for line in block.splitlines() if line.startswith((">>> ", "... "))]
    kept = [node for node in ast.parse("\n".join(lines)).body if isinstance(node, (ast.Import, ast.FunctionDef))]
    return "\n".join(map(ast.unparse, kept))


def reason_of(line):
    return next((reason for start, reason in NOT_RUN.items() if re.match(start, line)), None)


def shortened(line):
    for pattern, replacement in SHORTER:
        line = re.sub(pattern, replacement, line)
    return line


RUN = [command for command in COMMANDS if reason_of(command.line) is None and command.line.startswith("minibp ")]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder to work in; what a command imports from there is forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MINIBP_MNIST_DIR", raising=False)
    before = set(sys.modules)
    path = list(sys.path)
    yield tmp_path
    sys.path[:] = path
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def prepared(folder, page):
    """What the page shows, and the functions that its commands stand for, in a folder."""
    (folder / "package").mkdir()
    (folder / "package" / "module.py").write_text(backprop_of_the_pages().replace("np.tanh(", "np.maximum(0, "))
    (folder / "script.py").write_text(backprop_of_the_pages())
    for name, text in files_of(page).items():
        (folder / name).write_text(text, encoding="utf-8")


def plain(text):
    """Lines without their indentation and without digits of floating point numbers."""
    lines = [re.sub(r"−?-?\d+\.\d+(e[+−-]?\d+)?|\d+e[+−-]?\d+", "#", line) for line in text.splitlines()]
    return [" ".join(line.split()) for line in lines]


@pytest.mark.parametrize("command", dict.fromkeys(RUN), ids=lambda one: f"{one.page}: {one.line[:60]}")
def test_commands_run_and_print_what_the_page_shows(folder, command):
    prepared(folder, command.page)
    arguments = shlex.split(shortened(command.line))[1:]
    if "package.module:backprop" in arguments:
        sys.path.insert(0, str(folder))
    result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    said = plain(result.stdout)
    verdicts = {line.split(":")[0] for line in command.shown} & {"correct", "wrong", "unstable", "undecided"}
    wrong = "wrong" in verdicts or "package.module" in command.line or "student.py" in command.line
    if "script.py:backprop" in command.line:
        # A function of rows with tanh stands for the reader's own, whatever its layout and its penalty.
        wrong = bool({"columns", "--l2"} & set(arguments))
    assert result.exit_code == (1 if wrong else 0), result.output
    missing = [line for line in plain("\n".join(command.shown)) if line not in said]
    if shortened(command.line) == command.line or arguments[0] == "descend":
        assert missing == []


@pytest.mark.parametrize(
    "line", sorted({one.line for one in COMMANDS if re.match("minibp (bench|faults|.* --executor )", one.line)})
)
def test_options_of_what_takes_long_are_there(line):
    name, *arguments = shlex.split(line)[1:]
    cli.get_command(None, name).make_context(name, arguments)


@pytest.mark.parametrize(
    "line", sorted({one.line for one in COMMANDS if re.match(r"(\w+=\d+ )?python (benchmarks|examples)/", one.line)})
)
def test_scripts_are_there_with_their_options(line):
    script, *arguments = shlex.split(line[line.index("python ") :])[1:]
    text = (ROOT / script).read_text(encoding="utf-8")
    by_pyperf = {"-o"}
    for option in arguments:
        assert not option.startswith("-") or option in by_pyperf or f'"{option}"' in text, (script, option)


def test_a_test_file_that_a_page_shows_passes(folder):
    (line,) = {one.line for one in COMMANDS if re.match(r"pytest \w+\.py$", one.line)}
    page = next(one.page for one in COMMANDS if one.line == line)
    prepared(folder, page)
    options = ["-q", "-p", "no:cacheprovider", "--minibp-examples", "3"]
    with_plugin = subprocess.run(
        [sys.executable, "-m", "pytest", *shlex.split(line)[1:], *options],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 passed" in with_plugin.stdout, with_plugin.stdout


def test_every_command_is_run_or_has_a_reason():
    known = r"minibp |(\w+=\d+ )?python (benchmarks|examples)/|pytest \w+\.py$"
    unknown = [one for one in COMMANDS if reason_of(one.line) is None and not re.match(known, one.line)]
    assert unknown == []
    assert len(RUN) > 20


@pytest.mark.parametrize("page", PAGES)
def test_blocks_of_python_are_doctests_or_files_of_the_page(page):
    text = PAGES[page].read_text(encoding="utf-8")
    others = [
        block for block, _ in fences(text, "python") if ">>> " not in block and not re.match(r"# \w+\.py\n", block)
    ]
    for block in others:
        compile(block, page, "exec")
        assert any(part in block for part in READ_ONLY), block
    said = " ".join(one.line for one in commands_of(page))
    for name in files_of(page):
        assert name in said or (name.startswith("test_") and "pytest " in said), (page, name)


ARTICLE = sorted((ROOT / "docs" / "article").glob("*.md"))


def directives(name):
    """Of each block: its argument, its options, its places."""
    for path in ARTICLE:
        text = path.read_text(encoding="utf-8")
        for found in re.finditer(rf"^```\{{{name}\}} ?(\d*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            lines = found[2].split("\n")
            options = dict(re.findall(r"^:([\w-]+): (.+)$", found[2], re.MULTILINE))
            yield found[1], options, [line for line in lines if line and not line.startswith(":")]


def test_all_equations_are_there_in_order_with_the_lines_that_compute_them():
    headings = [
        int(number)
        for name in ("descent", "neurons", "backpropagation", "cross_entropy")
        for line in re.findall(r"^## (\(.*)$", (ROOT / f"docs/article/{name}.md").read_text("utf-8"), re.MULTILINE)
        for number in re.findall(r"\((\d+)\)", line)
    ]
    assert sorted(headings) == list(range(1, 30))
    shown = {int(number) for number, _, _ in directives("lines")}
    assert shown == set(range(1, 30))


def test_places_that_the_article_names_cite_their_equations_and_tests_are_there():
    checked = 0
    for number, options, places in directives("lines"):
        optional = options.get("by-component")
        for place in [*places, *([optional] if optional and (ROOT / optional).exists() else [])]:
            assert citing_lines(ROOT, place, int(number))
            checked += 1
    for _, _, places in directives("held-by"):
        for place in places:
            assert source_of_test(ROOT, place).text
            assert place.partition("::")[2].startswith("test_")
            checked += 1
    assert checked > 80


@pytest.mark.parametrize("page", PAGES)
def test_links_of_pages_lead_somewhere(page):
    """Also where a code host shows them: to files, and to headings by their anchors."""
    text = PAGES[page].read_text(encoding="utf-8")
    without_code = re.sub(r"^```.*?^```$|^    .*$", "", text, flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code):
        if target.startswith(("http://", "https://")):
            continue
        name, _, anchor = target.partition("#")
        path = (PAGES[page].parent / name).resolve() if name else PAGES[page]
        assert path.exists(), (page, target)
        if anchor:
            headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
            anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor in anchors, (page, target)
