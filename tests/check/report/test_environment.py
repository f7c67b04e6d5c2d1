import json
import pickle
import platform
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import metadata

import pytest

import minibp
from minibp import GradientMismatch, Report
from minibp.check.report import environment
from minibp.check.report.environment import Environment
from minibp.check.report.html import page


def report(**changed):
    given = {"counterexample": None, "seed": 7, "seconds": 1.0, "networks": 1, "entries": 1, "skipped": {}}
    return Report("undecided", (), statistics={}, **{**given, **changed})


def test_it_has_the_versions_the_platform_and_the_time_in_utc():
    found = Environment()
    assert found.versions == {
        "minibp": minibp.__version__,
        "numpy": metadata.version("numpy"),
        "jax": metadata.version("jax"),
        "hypothesis": metadata.version("hypothesis"),
        "python": platform.python_version(),
    }
    assert found.platform == f"{platform.system()} {platform.machine()}"
    made = datetime.fromisoformat(found.date)
    assert made.utcoffset() == timedelta(0)
    assert timedelta(0) <= datetime.now(UTC) - made < timedelta(minutes=1)


def test_what_is_not_installed_is_said(monkeypatch):
    def version(package):
        if package == "jax":
            raise metadata.PackageNotFoundError
        return "1.0"

    monkeypatch.setattr(environment.metadata, "version", version)
    environment.installed_versions.cache_clear()
    try:
        found = Environment()
    finally:
        environment.installed_versions.cache_clear()
    assert found.versions["jax"] is None
    assert "NumPy 1.0, JAX not installed, Hypothesis 1.0, Python" in str(found)


def test_a_report_has_it_in_its_data_its_text_and_its_page():
    found = report()
    told = json.loads(json.dumps(found.to_dict()))["environment"]
    assert told == {
        "versions": found.environment.versions,
        "platform": found.environment.platform,
        "date": found.environment.date,
    }
    (line,) = [line for line in found.to_text(200).splitlines() if line.startswith("minibp ")]
    assert line == str(found.environment)
    assert re.search(r"NumPy [\d.]+, JAX [\d.]+, Hypothesis [\d.]+, Python [\d.]+, .*T[\d:]+\+00:00$", line)
    assert page(found).count(line) == 1


def test_reports_are_compared_without_it_and_pickled_with_it():
    found = report()
    other = replace(found, environment=Environment({"minibp": "0"}, "Plan 9", "1992"))
    assert found == other
    assert found.environment != other.environment
    again = pickle.loads(pickle.dumps(other))
    assert (again, again.environment) == (other, other.environment)
    assert pickle.loads(pickle.dumps(GradientMismatch(other))).report.environment == other.environment


@pytest.mark.parametrize("module", ["minibp.check.report.environment", "minibp.extras"])
def test_gathering_it_imports_neither_jax_nor_hypothesis(module):
    program = (
        f"import sys, {module}\nfrom minibp.check.report.environment import Environment\nEnvironment()\n"
        "assert not {'jax', 'hypothesis'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
