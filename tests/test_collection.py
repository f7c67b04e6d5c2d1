import ast
import os
import re
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest
from needed import NEEDED

TESTS = Path(__file__).parent
ROOT = TESTS.parent
OPTIONAL = (
    "matplotlib",
    "pooch",
    "pyperf",
    "rich",
    "scipy",
    "threadpoolctl",
    "playwright",
    "torch",
    "autograd",
    "mygrad",
    "sklearn",
    "distributed",
)
"""Packages without which files of tests are skipped, or tests."""
# Of pytest 8 the option is unknown.
UNIQUE_IDS = ["-o", "strict_parametrization_ids=true"] if pytest.version_tuple >= (9,) else []


def started(*arguments, folder=ROOT, without=(), **environment):
    """A process that runs pytest where the modules `without` cannot be imported; its options are those of the tree."""
    code = f"import sys; sys.modules.update(dict.fromkeys({without!r})); import pytest; sys.exit(pytest.main())"
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    )


def collection(home, seed, *tests, without=()):
    """A process that collects the tests from folders or files, with a hash seed and an empty home of its own."""
    home.mkdir()
    return started(
        *("--collect-only", "-q", "-n0", "-p", "no:cacheprovider", f"--rootdir={ROOT}", *UNIQUE_IDS),
        "--assert=plain",  # to rewrite assertions, of tests that are not run, takes longer than all else
        *("-c", str(ROOT / "pyproject.toml"), *map(str, tests)),
        folder=home,
        without=without,
        PYTHONHASHSEED=seed,
        COVERAGE_PROCESS_START="",  # nothing of the package runs
        HOME=str(home),
        TMPDIR=str(home),
        XDG_CACHE_HOME=str(home),
    )


def ids(process):
    """The ids that were collected, in their order."""
    said = process.communicate()[0]
    assert process.returncode == 0, said[-3000:]
    return [line for line in said.splitlines() if "::" in line]


def test_every_collection_has_the_same_ids_in_the_same_order(tmp_path):
    """In another second, with another hash seed, home and working folder, and with fewer packages where these do."""
    first = collection(tmp_path / "first", "1", TESTS)
    time.sleep(1.1)  # the header of gzip holds the second of its making
    expected, fewer = ids(first), ids(collection(tmp_path / "b", "2", TESTS, without=OPTIONAL))
    assert len(expected) > 1000
    with_fewer, all_files = (dict.fromkeys(one.partition("::")[0] for one in found) for found in (fewer, expected))
    assert fewer == [one for one in expected if one.partition("::")[0] in with_fewer]
    others = [file for file in all_files if file not in with_fewer]
    assert others
    found = ids(collection(tmp_path / "c", "3", *(ROOT / file for file in others)))
    assert found == [one for one in expected if one.partition("::")[0] in others]


def test_a_part_of_the_tests_is_of_all_files(tmp_path):
    files = ("test_text.py", "test_tables.py", "test_files.py")
    both = []
    for number, part in enumerate(("1", "3")):
        listed = ("--collect-only", "-q", "-n0", "-p", "no:cacheprovider", "--assert=plain")
        listed += tuple(f"tests/{file}" for file in files)
        both.append(ids(started(*listed, MINIBP_ONE_TEST_IN=part, HOME=str(tmp_path / str(number)))))
    whole, some = ([[one for one in found if file in one] for file in files] for found in both)
    assert some == [of_file[::3] for of_file in whole]
    assert min(map(len, some)) > 0


CASES = {
    "bytes": "gzip.compress(b'x')",
    "function": "lambda: 0",
    "list": "[1]",
    "dict": "{'a': 1}",
    "set": "{'a', 'b'}",
    "ndarray": "np.ones((2, 2))",
    "float64": "np.float64(1) / 3",
    "object": "object()",
    "partial": "functools.partial(int, 1)",
    "module": "np",
    "PurePosixPath": "pathlib.PurePosixPath('x')",
}
"""What has no id that would be the same in every process, or that would say what the case is: by its type's name."""
HEAD = "import functools, gzip, pathlib\nimport numpy as np\nimport pytest\n"


def suite_in(folder, files):
    """A folder of tests that has the suite's conftest."""
    (folder / "conftest.py").write_bytes((TESTS / "conftest.py").read_bytes())
    for name, text in files.items():
        (folder / f"test_{name}.py").write_text(HEAD + text)
    return folder


def by_mark(values):
    return f"@pytest.mark.parametrize('given', [{values}])\ndef test_f(given): pass\n"


def by_fixture(values):
    return f"@pytest.fixture(params=[{values}])\ndef given(request): pass\ndef test_f(given): pass\n"


@pytest.mark.parametrize("form", [by_mark, by_fixture])
def test_a_case_without_a_name_is_refused_in_one_sentence(tmp_path, form):
    """Each in a file of its own, and then each with a name."""
    folder = tmp_path / "tests"
    folder.mkdir()
    suite_in(folder, {kind.lower(): form(f"'plain', {value}") for kind, value in CASES.items()})
    process = collection(tmp_path / "home", "0", folder)
    said = process.communicate()[0]
    assert process.returncode == 2
    for kind in CASES:
        sentence = rf"test_{kind.lower()}.py::test_f: a case has given = .* of type (\w+), expected an id that names"
        told = re.findall(sentence, said)
        assert told == [kind], said
    assert "Traceback" not in said


@pytest.mark.parametrize("form", [by_mark, by_fixture])
def test_plain_values_named_objects_and_named_cases_pass(tmp_path, form):
    folder = tmp_path / "tests"
    folder.mkdir()
    named = ", ".join(f"pytest.param({value}, id='case of {kind}')" for kind, value in CASES.items())
    suite_in(folder, {"named": form(named), "plain": form("'a', 1, 2.5, True, None, int, np.ones, np.add")})
    found = [one.partition("[")[2][:-1] for one in ids(collection(tmp_path / "home", "0", folder))]
    assert found == [*(f"case of {kind}" for kind in CASES), "a", "1", "2.5", "True", "None", "int", "ones", "add"]


@pytest.mark.parametrize("module", NEEDED)
def test_a_package_that_is_missing_is_named_with_the_command_that_installs_it(module):
    """Without the plugins too, as where pytest is that of another environment: its options are then unknown."""
    process = started(without=(module,), PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    said = process.communicate()[0].strip()
    command = "run pip install -e '.[dev]', then python -m pytest"
    assert said == f"ERROR: the tests need {NEEDED[module]}, which {sys.executable} does not have: {command}"
    assert process.returncode == pytest.ExitCode.USAGE_ERROR


def test_all_that_is_missing_is_in_one_sentence():
    said = started("tests", without=tuple(NEEDED), PYTEST_DISABLE_PLUGIN_AUTOLOAD="1").communicate()[0].strip()
    assert said.startswith(f"ERROR: the tests need {', '.join(NEEDED.values())}, which ")
    assert "\n" not in said


def imported(path):
    """The modules that a file cannot be imported without."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module.partition(".")[0]


def test_what_test_files_import_is_looked_for_at_the_start():
    files = [path for folder in ("tests", "benchmarks", "examples", "docs") for path in (ROOT / folder).rglob("*.py")]
    shared = {path.parent.name if path.stem == "__init__" else path.stem for path in files}
    for path in TESTS.rglob("*.py"):
        assert set(imported(path)) <= {*sys.stdlib_module_names, *shared, *NEEDED, "pytest"}, path


def test_the_command_installs_what_is_looked_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [project["name"], *project["dependencies"]]
    pending, seen = ["dev"], set()
    while pending:
        extra = pending.pop()
        if extra not in seen:
            seen.add(extra)
            for requirement in extras[extra]:
                own = re.fullmatch(r"minibp\[(.*)\]", requirement)
                pending += own[1].split(",") if own else []
                wanted += [] if own else [requirement]
    assert set(NEEDED.values()) <= {re.match(r"[\w-]+", requirement)[0] for requirement in wanted}
