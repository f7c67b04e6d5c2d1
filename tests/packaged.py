"""What a built wheel has to hold: every file of the package, and nothing else.

python tests/packaged.py dist/minibp-0.1.0-py3-none-any.whl
python tests/packaged.py --installed                           # that what is imported is not the tree's
"""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]


def package_files(root: Path) -> set[str]:
    """The files that belong to the package, by their paths in a tree, with / between folders."""
    found = {path for path in (root / "minibp").rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    return {path.relative_to(root).as_posix() for path in found} | {"_minibp.py"}


def differences(held: Iterable[str], root: Path = ROOT) -> list[str]:
    """Sentences on what a wheel's names lack and what they should not have."""
    names = {name for name in held if not name.partition("/")[0].endswith(".dist-info")}
    expected = package_files(root)
    lacking = [f"the wheel lacks {name}" for name in sorted(expected - names)]
    return lacking + [f"the wheel has {name}, which is no part of the package" for name in sorted(names - expected)]


def in_the_tree() -> list[str]:
    """A sentence where the package that is imported is the tree's."""
    import minibp

    place = Path(minibp.__file__).resolve()
    return [f"minibp is imported from the tree: {place}"] if place.is_relative_to(ROOT / "minibp") else []


def main(arguments: list[str]) -> int:
    """Print what is wrong; the exit status."""
    wrong = in_the_tree() if arguments == ["--installed"] else differences(zipfile.ZipFile(arguments[0]).namelist())
    print("\n".join(wrong) or f"{arguments[0]}: as it should be")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
