"""The plugin in pytest runs of its own."""

import inspect
import json
import re
import subprocess
import sys
from xml.etree import ElementTree as ET

import pytest

import minibp

pytest_plugins = ["pytester"]

TESTS = """
import minibp
import pytest
from subjects import backprop, fused

def test_right(check_backprop):
    assert check_backprop(backprop, seed=None).verdict == "correct"

@pytest.mark.parametrize("kind", ["so it is"])
def test_wrong(check_backprop, kind):
    check_backprop(fused)

def test_wrong_but_told(check_backprop):
    assert check_backprop(fused, raise_on_mismatch=False, seed=3, examples=2).seed == 3

def test_direct():
    minibp.check_backprop(fused, examples=2, seed=1)

def test_of_a_function():
    minibp.check_grad(lambda x: x @ x, lambda x: x, [1.0, 2.0], seed=1)
"""


@pytest.fixture(scope="module")
def loaded():
    """JAX cannot be loaded twice, and what a pytest run in this process loads first is forgotten with it."""
    from subjects import backprop

    minibp.check_backprop(backprop, examples=1, seed=1)


@pytest.fixture
def project(pytester, pytestconfig, monkeypatch):
    """A folder with these tests, run without this project's own options."""
    monkeypatch.setenv("PYTHONPATH", str(pytestconfig.rootpath / "tests"))
    pytester.makepyfile(test_it=TESTS)
    return pytester


def properties(path):
    """Those of each test in JUnit's file."""
    return {
        case.get("name"): {one.get("name"): one.get("value") for one in case.iter("property")}
        for case in ET.parse(path).getroot().iter("testcase")
    }


def test_failures_are_the_report_and_reports_are_properties(project, loaded, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    asked = "--minibp-seed", "5", "--minibp-examples", "4"
    result = project.runpytest_inprocess(*asked, "--junit-xml", "junit.xml", "-W", "error")
    result.assert_outcomes(passed=2, failed=3)
    text = result.stdout.str()
    assert "minibp: seed 5, examples 4" in text
    assert ">       check_backprop(fused)" in text
    assert ">       minibp.check_backprop(fused, examples=2, seed=1)" in text
    assert ">       minibp.check_grad(" in text
    assert "E         output_derivative_missing: the factor σ'(z^L) is missing" in text
    assert "reproduce with: pytest 'test_it.py::test_wrong[so it is]' --minibp-seed=5 --minibp-examples=4" in text
    assert "FAILED test_it.py::test_direct - minibp.GradientMismatch: wrong: fused " in text
    for file in ("backprop_check.py", "public.py", "pytest_plugin.py"):
        assert file not in text
    found = properties(project.path / "junit.xml")
    assert [found[name]["minibp_verdict"] for name in ("test_right", "test_wrong[so it is]")] == ["correct", "wrong"]
    assert [found[name]["minibp_seed"] for name in ("test_right", "test_wrong_but_told")] == ["5", "3"]
    report = json.loads(found["test_wrong[so it is]"]["minibp_report"])
    assert report["findings"][0]["fault"] == "output_derivative_missing"
    assert report["networks"] == 4 + 9
    assert (
        json.loads(found["test_wrong_but_told"]["minibp_report"])["again"] == "pytest test_it.py::test_wrong_but_told"
    )


def test_the_command_line_comes_before_the_configuration_file(project, loaded):
    project.makeini("[pytest]\nminibp_seed = 6\nminibp_examples = 3\n")
    project.makeconftest(
        "def pytest_runtest_logreport(report): print(*map(type, dict(report.user_properties).values()))"
    )
    result = project.runpytest_inprocess("--minibp-seed=5", "--junit-xml=junit.xml", "-k", "test_right", "-s")
    result.assert_outcomes(passed=1, deselected=4)
    report = json.loads(properties(project.path / "junit.xml")["test_right"]["minibp_report"])
    assert (report["verdict"], report["seed"], report["networks"]) == ("correct", 5, 3 + 9)
    result.stdout.fnmatch_lines(["*<class 'str'> <class 'str'> <class 'str'>*"])  # which any process can send


def test_python_s_own_tracebacks_have_the_report_too(project, loaded):
    result = project.runpytest_inprocess("--tb=native", "-k", "test_of_a_function")
    result.assert_outcomes(failed=1, deselected=4)
    result.stdout.fnmatch_lines(["minibp.GradientMismatch: wrong: *", "*reproduce with: seed=1"])


@pytest.mark.parametrize(
    ("option", "value", "problem"),
    [
        ("seed", "-1", "is '-1', expected a whole number"),
        ("seed", "x", "is 'x', expected a whole number"),
        ("examples", "0", "is 0, expected at least 1"),
        ("examples", "1.5", "is '1.5', expected a whole number"),
    ],
)
def test_what_is_no_count_is_a_usage_error_of_one_line(pytester, option, value, problem):
    result = pytester.runpytest_inprocess(f"--minibp-{option}={value}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert [line for line in result.errlines if line] == [f"ERROR: --minibp-{option} {problem}"]
    pytester.makeini(f"[pytest]\nminibp_{option} = {value}\n")
    result = pytester.runpytest_inprocess()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert [line for line in result.errlines if line] == [f"ERROR: minibp_{option} {problem}"]


def test_without_options_seeds_are_new_and_nothing_is_announced(pytester, loaded):
    pytester.makepyfile(
        """
        from subjects import backprop

        def test_seeds(check_backprop):
            assert len({check_backprop(backprop, examples=1).seed for _ in range(2)}) == 2
        """
    )
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(passed=1)
    assert "minibp:" not in result.stdout.str()


def test_the_fixture_is_called_like_the_function(check_backprop):
    assert inspect.signature(check_backprop) == inspect.signature(minibp.check_backprop)
    with pytest.raises(TypeError, match="unexpected keyword argument 'exmaples'"):
        check_backprop(print, exmaples=1)


FUNCTIONS = """
import numpy as np

def test_gradient(check_grad):
    check_grad(lambda x: x @ x, lambda x: 2 * x, np.ones(2))

def test_layer(check_vjp):
    check_vjp(np.tanh, lambda x, c: c, np.ones(2), seed=None)

def test_told(check_vjp):
    assert not check_vjp(np.tanh, lambda x, c: c, np.ones(2), seed=5, raise_on_mismatch=False)
"""


def test_functions_have_fixtures_too(pytester, loaded):
    pytester.makepyfile(test_it=FUNCTIONS)
    result = pytester.runpytest("--minibp-seed=7", "--minibp-examples=3", "--junit-xml=out.xml")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*wrong: <lambda> disagrees with the oracles*", "*--minibp-seed=7*"])
    found = properties(pytester.path / "out.xml")
    seeds = {name: (one["minibp_verdict"], one["minibp_seed"]) for name, one in found.items()}
    assert seeds == {"test_gradient": ("correct", "7"), "test_layer": ("wrong", "7"), "test_told": ("wrong", "5")}


PAGES = """
import numpy as np
import pytest

@pytest.mark.parametrize("factor", [2, 3], ids=["right", "<b> & wrong"])
def test_squares(check_grad, factor):
    check_grad(lambda x: x @ x, lambda x: 2 * x, np.ones(2))
    check_grad(lambda x: x @ x, lambda x: factor * x, np.ones(2))

def test_of_something_else():
    assert True
"""


@pytest.mark.parametrize("workers", ["0", "2"])
def test_reports_become_pages_and_one_lists_them(pytester, loaded, workers):
    pytester.makepyfile(test_it=PAGES)
    result = pytester.runpytest_subprocess("--minibp-html", "reports/pages", "-n", workers, "-p", "no:cacheprovider")
    result.assert_outcomes(passed=2, failed=1)
    folder = pytester.path / "reports" / "pages"
    result.stdout.fnmatch_lines([f"minibp: 4 reports: {folder / 'index.html'}"])
    index = (folder / "index.html").read_text("utf-8")
    pages = re.findall(r'<a href="(test_[^"]+)">([^<]+)</a>', index)
    assert {page for page, _ in pages} == {path.name for path in folder.iterdir()} - {"index.html"}
    assert [name for _, name in pages] == ["test_it.py::test_squares[&lt;b&gt; &amp; wrong]"] * 2 + [
        "test_it.py::test_squares[right]"
    ] * 2
    verdicts = re.findall(r'<div class="word">(\w+)</div>', "".join((folder / page).read_text() for page, _ in pages))
    assert sorted(verdicts) == ["correct"] * 3 + ["wrong"]
    assert "3 correct" in index


def test_pages_that_cannot_be_written_end_the_run_before_it_begins(pytester, loaded):
    pytester.makepyfile(test_it="def test_it(): pass")
    (pytester.path / "taken").write_text("")
    result = pytester.runpytest_inprocess("--minibp-html=taken")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert result.errlines[0].startswith("ERROR: --minibp-html: ")


def test_starting_pytest_loads_the_light_package_alone():
    program = (
        "import sys, minibp.pytest_plugin\n"
        "heavy = {'jax', 'hypothesis', 'click', 'rich', 'scipy', 'minibp.check'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
