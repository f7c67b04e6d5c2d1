import inspect
import re
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

import minibp
from minibp import adapters, check, data, sharded, strategies

DOCS = Path(__file__).parents[1] / "docs"
DIRECTIVE = re.compile(r"^\.\. (currentmodule|autofunction|autoclass):: (\S+)$", flags=re.MULTILINE)


def documented():
    """The names that the pages of docs/api/ take their docstrings of, with their modules."""
    found = []
    for page in (DOCS / "api").glob("*.md"):
        module = ""
        for directive, name in DIRECTIVE.findall(page.read_text(encoding="utf-8")):
            if directive == "currentmodule":
                module = name
            else:
                found.append(f"{module}.{name}")
    return found


def public():
    """Every public function and class."""
    names = {f"minibp.{name}" for name in minibp.__all__ if not inspect.ismodule(getattr(minibp, name))}
    for module in (adapters, check, data, sharded):
        names |= {f"{module.__name__}.{name}" for name in module.__all__}
    names |= {
        f"minibp.strategies.{name}"
        for name, thing in vars(strategies).items()
        if callable(thing) and thing.__module__ == "minibp.strategies" and not name.startswith("_")
    }
    names |= {f"minibp.pytest_plugin.{name}" for name in ("check_backprop", "check_grad", "check_vjp")}
    names |= {f"minibp.{form}.backprop" for form in ("batched", "component", "per_example")}
    return names | {"minibp.torch.gradcheck", "minibp.torch.gradgradcheck", "minibp.jax.check_grads"}


def test_every_public_name_is_in_the_reference_once():
    names = documented()
    assert sorted(names) == sorted(set(names))
    assert public() - set(names) == set()


def test_nothing_else_is():
    assert set(documented()) - public() == set()


@pytest.mark.skipif(find_spec("sphinx") is None, reason="Sphinx is not installed")
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("|g| of `f(*args)`", r"\|g\| of ``f(*args)``"),
        ("f(*args), **given", r"f(\*args), \*\*given"),
        ("`a` and `b`", "``a`` and ``b``"),
        (":func:`a` and ``b``", ":func:`a` and ``b``"),
        (r"\*args", r"\*args"),
    ],
)
def test_docstrings_are_shown_as_they_read(line, expected):
    spec = spec_from_file_location("api_reference", DOCS / "extensions" / "api_reference.py")
    extension = module_from_spec(spec)
    spec.loader.exec_module(extension)
    lines = [line, "", ">>> 1 | 2", "3 | *", "", "|x|"]
    extension.of_docstring(None, "function", "f", None, None, lines)
    assert lines == [expected, "", ">>> 1 | 2", "3 | *", "", r"\|x\|"]
