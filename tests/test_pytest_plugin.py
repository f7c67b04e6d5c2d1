"""The plugin in pytest runs of its own."""

import json
import subprocess
import sys
from xml.etree import ElementTree as ET

import pytest

pytest_plugins = ["pytester"]

TESTS = """
import minibp
from subjects import backprop, fused

def test_right(check_backprop):
    assert check_backprop(backprop).verdict == "correct"

def test_wrong(check_backprop):
    check_backprop(fused)

def test_wrong_but_told(check_backprop):
    assert check_backprop(fused, raise_on_mismatch=False, seed=3, examples=2).seed == 3

def test_direct():
    minibp.check_backprop(fused, examples=2, seed=1)

def test_of_a_function():
    minibp.check_grad(lambda x: x @ x, lambda x: x, [1.0, 2.0], seed=1)
"""


@pytest.fixture
def project(pytester, pytestconfig, monkeypatch):
    """A folder with these tests, run without this project's own options."""
    monkeypatch.setenv("PYTHONPATH", str(pytestconfig.rootpath / "tests"))
    pytester.makepyfile(test_it=TESTS)
    return pytester


def test_failures_are_the_report_and_reports_are_properties(project):
    result = project.runpytest_subprocess("--minibp-seed", "5", "--minibp-examples", "4", "--junit-xml", "junit.xml")
    result.assert_outcomes(passed=2, failed=3)
    text = result.stdout.str()
    assert "minibp: seed 5, examples 4" in text
    assert ">       check_backprop(fused)" in text
    assert ">       minibp.check_backprop(fused, examples=2, seed=1)" in text
    assert ">       minibp.check_grad(" in text
    assert "output_derivative_missing: the factor σ'(z^L) is missing" in text
    assert "run it again: seed=5" in text
    assert "backprop_check.py" not in text
    assert "gradient_check.py" not in text
    assert "pytest_plugin.py" not in text
    cases = {case.get("name"): case for case in ET.parse(project.path / "junit.xml").getroot().iter("testcase")}
    found = {name: {one.get("name"): one.get("value") for one in case.iter("property")} for name, case in cases.items()}
    assert [found[name]["minibp_verdict"] for name in ("test_right", "test_wrong")] == ["correct", "wrong"]
    assert [found[name]["minibp_seed"] for name in ("test_right", "test_wrong_but_told")] == ["5", "3"]
    report = json.loads(found["test_wrong"]["minibp_report"])
    assert report["findings"][0]["fault"] == "output_derivative_missing"
    assert report["networks"] == 4 + 9


@pytest.mark.parametrize(
    ("option", "value", "least"), [("seed", "-1", 0), ("seed", "x", 0), ("examples", "0", 1), ("examples", "1.5", 1)]
)
def test_what_is_no_count_is_a_usage_error(pytester, option, value, least):
    result = pytester.runpytest_inprocess(f"--minibp-{option}={value}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*--minibp-{option}: '{value}' is no whole number of at least {least}"])


def test_without_options_seeds_are_new_and_nothing_is_announced(pytester):
    pytester.makepyfile(
        """
        def test_right(check_backprop):
            zeros = lambda weights, biases, x, y: [[0 * one for one in kind] for kind in (weights, biases)]
            seeds = {check_backprop(zeros, examples=1, raise_on_mismatch=False).seed for _ in range(2)}
            assert len(seeds) == 2
        """
    )
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(passed=1)
    assert "minibp:" not in result.stdout.str()


def test_starting_pytest_loads_the_light_package_alone():
    program = (
        "import sys, minibp.pytest_plugin\n"
        "heavy = {'jax', 'hypothesis', 'click', 'rich', 'scipy', 'minibp.check'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
