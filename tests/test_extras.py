import re
import tomllib
from pathlib import Path

import pytest

import minibp
from minibp.extras import how_to_install

ROOT = Path(minibp.__file__).parents[1]
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]


@pytest.mark.parametrize("extra", EXTRAS)
def test_it_names_the_source_first_and_an_index_second(extra):
    told = how_to_install(extra)
    assert told.startswith(f"pip install '.[{extra}]' in minibp's source folder")
    assert told.index(f"'.[{extra}]'") < told.index(f"'minibp[{extra}]'")
    assert "\n" not in told


def test_nothing_but_the_helper_spells_the_command_for_an_extra():
    asked = set()
    for path in (ROOT / "minibp").rglob("*.py"):
        said = path.read_text(encoding="utf-8")
        if path.name != "extras.py":
            assert not re.search(r"pip install '(minibp|\.)\[", said), path
        asked |= set(re.findall(r"how_to_install\(['\"](\w+)['\"]\)", said))
    assert {"all"} <= asked <= set(EXTRAS)
