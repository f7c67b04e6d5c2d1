"""The built wheel holds the package and nothing else."""

import zipfile
from pathlib import Path

import packaged
import pytest

ROOT = Path(__file__).parents[1]
DATA = "minibp/data/digits.npz"
RIGHT = [*sorted(packaged.package_files(ROOT)), "minibp-0.1.0.dist-info/METADATA"]


def test_the_package_has_modules_types_and_data():
    assert {"minibp/__init__.py", "minibp/py.typed", "minibp/check/faults/fault.py", DATA, "_minibp.py"} <= set(RIGHT)
    assert not [name for name in RIGHT if name.endswith(".pyc")]


@pytest.mark.parametrize("name", [DATA, "minibp/py.typed", "minibp/check/faults/fault.py", "_minibp.py"])
def test_a_file_that_is_left_out_is_told(name):
    assert packaged.differences(set(RIGHT) - {name}) == [f"the wheel lacks {name}"]


@pytest.mark.parametrize("name", ["tests/test_costs.py", "benchmarks/epoch.py", "noxfile.py"])
def test_a_file_too_many_is_told(name):
    assert packaged.differences([*RIGHT, name]) == [f"the wheel has {name}, which is no part of the package"]


def test_the_command_ends_with_1_where_something_is_wrong(tmp_path, capsys):
    for number, names in enumerate([RIGHT, RIGHT[1:]]):
        wheel = tmp_path / f"{number}.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            for name in names:
                archive.writestr(name, "")
        assert packaged.main([str(wheel)]) == number
    assert f"the wheel lacks {RIGHT[0]}" in capsys.readouterr().out


def test_an_import_from_the_tree_is_told():
    import minibp

    from_tree = Path(minibp.__file__).resolve().is_relative_to(ROOT)
    assert packaged.main(["--installed"]) == (1 if from_tree else 0)


def built(root, folder):
    """The names in the wheel that Hatchling builds of a tree."""
    hatchling = pytest.importorskip("hatchling.builders.wheel", reason="Hatchling is not installed")
    (wheel,) = hatchling.WheelBuilder(str(root)).build(directory=str(folder), versions=["standard"])
    return zipfile.ZipFile(wheel).namelist()


def test_the_wheel_that_is_built_is_right(tmp_path):
    assert packaged.differences(built(ROOT, tmp_path)) == []


def test_a_build_that_leaves_out_the_data_is_wrong(tmp_path):
    tree = tmp_path / "tree"
    for name in [*packaged.package_files(ROOT), "pyproject.toml", "README.md", "LICENSE"]:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes((ROOT / name).read_bytes())
    project = (tree / "pyproject.toml").read_text(encoding="utf-8")
    section = "[tool.hatch.build.targets.wheel]\n"
    assert section in project
    (tree / "pyproject.toml").write_text(project.replace(section, f'{section}exclude = ["*.npz"]\n'), encoding="utf-8")
    assert packaged.differences(built(tree, tmp_path / "out")) == [f"the wheel lacks {DATA}"]
