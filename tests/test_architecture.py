"""The house: each file imports only from lower floors, and importing the package is light."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import minibp

HOUSE = Path(minibp.__file__).parent
FLOORS = [
    ["arrays", "stopping"],
    [
        *(
            "adapters.subject",
            "archives",
            "check.environment",
            "check.user_error",
            "extras",
            "files",
            "generators",
            "idx",
        ),
        *("memory", "signatures", "tables", "terms", "vectors", "words", "workers"),
    ],
    ["adapters.layouts", "adapters.of_jax", "adapters.of_torch", "target", "check.function.foreign"],
    ["check.function.point"],
    ["activations"],
    ["costs"],
    ["network"],
    ["inputs", "user_functions"],
    ["per_example", "batched", "problem", "kernels"],
    ["passes"],
    ["workspace", "training.step"],
    ["strategies", "mnist", "hypothesis_entry", "descent.directions"],
    ["data", "descent.path", "descent.surfaces", "training.interrupt"],
    ["training.batches", "training.scores", "training.example_step"],
    ["training.history", "training.presets", "training.standstill"],
    ["training.checkpoint", "training.settings"],
    ["training.loop"],
    ["check.sensitivity", "check.arithmetic", "check.stack", "check.acceptance"],
    ["check.layer_rounding", "check.curvature", "check.jets"],
    ["check.output_rounding"],
    ["check.rounding", "check.tracked", "check.function.arguments", "check.function.noise"],
    ["check.values", "check.estimate", "check.compilation", "check.jax_functions"],
    ["check.fault", "check.function.claim", "check.function.likeness", "check.function.slopes"],
    ["check.layer_faults", "check.output_faults", "check.parameter_faults"],
    ["check.faults"],
    ["check.sources"],
    ["check.explain"],
    ["check.perturbed", "check.jax_padded"],
    ["check.truncation"],
    ["check.complex_step", "check.finite_difference", "check.jax_oracle", "check.jax_stack"],
    ["check.compare", "check.campaign"],
    ["check.wording"],
    ["check.report"],
    ["check.subject", "check.setting", "check.averages", "check.conventions", "check.stability", "check.forms"],
    ["check.depth", "check.diagnose", "check.function.verdict", "check.runner", "check.soak"],
    ["check.backprop_check", "check.kill_matrix", "check.function.gradient_check"],
    ["html", "plots", "console"],
    ["descent.figure", "training.figure"],
    ["descent.command", "training.command"],
    ["bench.equality", "bench.cases", "bench.ratios", "bench.machine", "bench.units"],
    ["bench.forms"],
    ["bench.peers", "bench.contenders"],
    ["bench.checkers"],
    ["bench.worker", "bench.process", "bench.summary", "bench.selection"],
    ["bench.rounds", "bench.losses", "bench.figure", "bench.headline"],
    ["bench.plan"],
    ["bench.suite", "bench.tables"],
    ["bench.command"],
    ["cli", "pytest_plugin"],
    ["__main__"],
]
FLOOR = {name: number for number, names in enumerate(FLOORS) for name in names}


def imports(path):
    """The package's own modules that a file imports when it runs, not what type checkers alone read."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    hidden = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("minibp") and id(node) not in hidden:
            base = node.module.removeprefix("minibp").removeprefix(".")
            for alias in node.names:
                inner = f"{base}.{alias.name}".removeprefix(".")
                yield inner if inner in FLOOR else base


def test_every_file_has_a_floor():
    files = {
        str(path.relative_to(HOUSE).with_suffix("")).replace(os.sep, ".")
        for path in HOUSE.rglob("*.py")
        if path.name != "__init__.py"
    }
    assert files == set(FLOOR)


@pytest.mark.parametrize("name", FLOOR)
def test_it_imports_only_from_lower_floors(name):
    path = HOUSE / (name.replace(".", os.sep) + ".py")
    for other in imports(path):
        assert other == "" or FLOOR[other] < FLOOR[name], f"{name} imports {other}"


def test_checks_and_training_are_siblings():
    for path in HOUSE.rglob("*.py"):
        name = str(path.relative_to(HOUSE))
        for other in imports(path):
            assert not (name.startswith("check") and other.startswith("training")), name
            assert not (name.startswith("training") and other.startswith("check")), name


def test_importing_the_package_loads_numpy_and_nothing_heavier():
    program = (
        "import sys, minibp\n"
        "heavy = {'jax', 'hypothesis', 'matplotlib', 'click', 'rich', 'scipy', 'torch', 'pooch'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def seconds(program):
    """The least CPU time of a program in five runs, by its own clock: what else the machine does is not counted."""
    timed = f"import time\nstart = time.process_time()\n{program}\nprint(time.process_time() - start)"
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}  # idle threads that spin would count
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # what is compiled anew each time would count too
    command = [sys.executable, "-c", timed]
    runs = [subprocess.run(command, check=True, capture_output=True, text=True, env=environment) for _ in range(5)]
    return min(float(run.stdout.splitlines()[-1]) for run in runs)


def test_importing_adds_little_to_numpy():
    # 0.15 s are allowed where NumPy alone takes 0.1; a ratio does not depend on how fast the machine is just now.
    assert seconds("import minibp") < 1.5 * seconds("import numpy")


def test_help_answers_within_400_ms():
    assert seconds("from minibp.cli import cli\ncli(['--help'], standalone_mode=False)") < 0.4


def test_unknown_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="module 'minibp' has no attribute 'nonsense'"):
        _ = minibp.nonsense
    assert set(minibp.__all__) <= set(dir(minibp))
    for name in minibp.__all__:
        assert getattr(minibp, name) is not None


def test_type_checkers_know_the_names_that_are_there_and_no_others(tmp_path, monkeypatch):
    mypy = pytest.importorskip("mypy.api", reason="mypy is not installed")
    program = tmp_path / "program.py"
    program.write_text("import minibp\nminibp.nonsense, minibp.verify\n", encoding="utf-8")
    monkeypatch.setenv("MYPYPATH", str(HOUSE.parent))
    # Which names the package has does not depend on the types of what it imports, which take long to read.
    options = ["--config-file=", "--no-site-packages", "--ignore-missing-imports", "--follow-imports=silent"]
    said, _, _ = mypy.run([*options, f"--cache-dir={tmp_path}", str(program)])
    assert re.findall(r'has no attribute "(\w+)"  \[attr-defined\]', said) == ["nonsense"], said


def test_a_missing_extra_is_named_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "minibp.check.runner", None)
    with pytest.raises(ModuleNotFoundError, match=r"minibp.verify needs .*: pip install '\.\[all\]' in"):
        _ = minibp.verify


def test_no_module_has_grown_too_long():
    for path in HOUSE.rglob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 300, path
