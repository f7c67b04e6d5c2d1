"""What stands in several files of the project is the same in each: versions, commands, sessions, paths."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

import minibp

ROOT = Path(__file__).parents[1]


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def noxfile():
    """The sessions of noxfile.py by name, and its constants."""
    body = ast.parse(text("noxfile.py")).body
    functions = [node for node in body if isinstance(node, ast.FunctionDef) and node.decorator_list]
    constants = {}
    for node in body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            try:
                constants[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:
                continue
    return {one.name: ast.get_docstring(one) for one in functions}, constants


def disagreements(version, citation, changelog):
    """Sentences on versions that are not the same; a release has the date of its changelog in its citation too."""
    cited = dict(re.findall(r"^(version|date-released): (\S+)$", citation, flags=re.MULTILINE))
    found = [] if cited.get("version") == version else [f"CITATION.cff has {cited.get('version')}, not {version}"]
    headings = re.findall(r"^## \[(\S+)\](?: - (\S+))?$", changelog, flags=re.MULTILINE)
    releases = [heading for heading in headings if heading[0] != "Unreleased"]
    if not headings:
        found.append("CHANGELOG.md has no version")
    if releases and releases[0][0] != version:
        found.append(f"the latest release in CHANGELOG.md is {releases[0][0]}, not {version}")
    date = releases[0][1] if releases else None
    if cited.get("date-released") != date:
        found.append(f"CITATION.cff was released {cited.get('date-released')}, CHANGELOG.md {date}")
    return found


def test_the_version_is_the_same_everywhere():
    project = tomllib.loads(text("pyproject.toml"))
    assert project["project"]["dynamic"] == ["version"]
    assert "version" not in project["project"]
    assert project["tool"]["hatch"]["version"]["path"] == "minibp/__init__.py"
    assert re.fullmatch(r"\d+\.\d+\.\d+", minibp.__version__)
    assert disagreements(minibp.__version__, text("CITATION.cff"), text("CHANGELOG.md")) == []


CITATION = "version: 1.2.0\ndate-released: 2026-12-24\n"
CHANGELOG = "# Changelog\n\n## [Unreleased]\n\n## [1.2.0] - 2026-12-24\n\n## [1.1.0] - 2026-12-01\n"


def test_releases_that_agree_are_found_to():
    assert disagreements("1.2.0", CITATION, CHANGELOG) == []
    assert disagreements("1.2.0", "version: 1.2.0\n", "## [Unreleased]\n") == []


@pytest.mark.parametrize(
    ("version", "citation", "changelog", "count"),
    [
        pytest.param("1.3.0", CITATION, CHANGELOG, 2, id="the package is ahead"),
        pytest.param("1.2.0", CITATION.replace("1.2.0", "1.1.0"), CHANGELOG, 1, id="the citation is behind"),
        pytest.param("1.2.0", CITATION, CHANGELOG.replace("[1.2.0]", "[1.2.1]"), 1, id="the changelog is ahead"),
        pytest.param("1.2.0", CITATION.replace("24", "23"), CHANGELOG, 1, id="another date"),
        pytest.param("1.2.0", CITATION, "## [Unreleased]\n", 1, id="a date without a release"),
        pytest.param("1.2.0", "version: 1.2.0\n", "# Changelog\n", 1, id="an empty changelog"),
    ],
)
def test_versions_that_differ_are_told(version, citation, changelog, count):
    assert len(disagreements(version, citation, changelog)) == count


def test_every_path_that_contributing_names_is_there():
    named = re.findall(r"`([\w./-]+/[\w.-]+|\w+\.(?:cff|md|toml|py))`", text("CONTRIBUTING.md"))
    assert len(named) > 20
    for path in named:
        assert (ROOT / path).is_file(), path
    code = [path for path in named if path.startswith("minibp/check/")]
    assert len(code) == len(set(code))


def test_contributing_has_the_readmes_two_commands_and_sessions_that_exist():
    contributing = text("CONTRIBUTING.md")
    commands = re.findall(r"^pip install '.*$|^pip install -e .*$", text("README.md"), flags=re.MULTILINE)
    assert len(commands) == 2
    assert all(command in contributing for command in commands)
    sessions, _ = noxfile()
    named = {
        name
        for line in re.findall(r"^nox .*-s ([a-z ]+?) *(?:--.*)?(?:#.*)?$", contributing, re.MULTILINE)
        for name in line.split()
    }
    assert {"lint", "types", "mutation"} <= named <= set(sessions)


def test_ci_runs_every_session_and_each_has_a_description():
    sessions, constants = noxfile()
    called = set()
    for line in re.findall(
        r"^\s*(?:measured |beside )?session ([a-z ]+)|-s (wheel)\b", text(".ci/run"), flags=re.MULTILINE
    ):
        called |= {name for part in line for name in part.split()}
    assert called == set(sessions)
    assert all(sessions.values())
    assert f'MUTATOR = "{constants["MUTATOR"]}"\n' in text("noxfile.py")  # as .ci/run reads it


def test_every_benchmark_and_example_is_run():
    _, constants = noxfile()
    helpers = {"epoch_contenders.py", "hard_problems.py", "mutants.py"}
    helpers |= {"right_backprops.py", "right_conventions.py", "own_functions.py"}
    elsewhere = {"mutation.py", "ratio_guard.py"}  # in sessions of their own
    run = {line.split()[0] for line in constants["BENCHMARKS"]}
    assert {path.name for path in (ROOT / "benchmarks").glob("*.py")} == run | helpers | elsewhere
    assert {path.name for path in (ROOT / "examples").glob("*.py")} == {one.split()[0] for one in constants["EXAMPLES"]}


def test_commits_are_held_to_the_same_lint_and_types():
    """The programs of the environment, so that there is no second version of them."""
    config = text(".pre-commit-config.yaml")
    entries = [entry.replace(" --force-exclude", "") for entry in re.findall(r"^ +entry: (.*)$", config, re.MULTILINE)]
    _, constants = noxfile()
    expected = [" ".join(command).removesuffix(" .") for command in (*constants["LINT"], constants["TYPES"])]
    assert entries == expected
    assert re.findall(r"^  - repo: (.*)$", config, re.MULTILINE) == ["local"]
    assert re.findall(r"language: (.*)$", config, re.MULTILINE) == ["system"] * len(entries)


def test_the_source_distribution_has_what_the_tests_read():
    include = tomllib.loads(text("pyproject.toml"))["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    for name in ("CONTRIBUTING.md", "noxfile.py", ".ci", ".github", ".pre-commit-config.yaml", "CITATION.cff"):
        assert f"/{name}" in include
    assert all((ROOT / name.removeprefix("/")).exists() for name in include)


def test_a_report_of_a_wrong_verdict_is_asked_for_all_that_shows_it_again():
    (template,) = (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.md")
    asked = template.read_text(encoding="utf-8")
    assert re.match(r"---\nname: False alarm or missed bug\n", asked)
    for needed in ("--json", "--seed", "--version", "correct"):
        assert needed in asked
    assert "://" not in asked
