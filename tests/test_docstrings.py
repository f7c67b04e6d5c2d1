"""Docstrings of public objects: the sections of numpydoc are there, and say what is in the code."""

import ast
import dataclasses
import inspect
import re
import textwrap
import types
import warnings
from typing import NamedTuple

import pytest

import minibp
from minibp.activations import ACTIVATIONS
from minibp.costs import COSTS

pytest.importorskip("numpydoc", reason="numpydoc is not installed")

from numpydoc.docscrape import get_doc_object
from numpydoc.validate import ERROR_MSGS, validate

OFF = {
    "GL01": "whether the text may begin beside the quotes, as here, differs between releases",
    "ES01": "one line that says all needs no more",
    "PR08": "a description may begin with a symbol or a name: a, x, z, η, ∂C/∂W",
    "RT04": "as PR08",
    "SS02": "as PR08",
    "SA01": "the Notes name what is related where that helps",
    "SS05": "a docstring names the thing, which may be a plural",
}
"""The codes of numpydoc that are not asked for, and why; all others are."""
OFF_BY_KIND = {
    "method": {"EX01": "the example of the class shows its methods"},
    "property": {"EX01": "as of a method"},
    "record": {"PR01": "fields stand under Attributes, which is checked"},
    "override": {"EX01": "the base class has one", "RT01": "as EX01", "PR01": "as EX01"},
}
OPENINGS = ("What ", "Whether ", "How ", "This ")
"""A docstring names the thing, and does not ask or point."""


def kind_of(thing):
    if not inspect.isclass(thing):
        return "function"
    return "record" if issubclass(thing, tuple) or dataclasses.is_dataclass(thing) else "class"


def fields_of(cls):
    """The names of what a class says that its instances have."""
    return [name for name in vars(cls).get("__annotations__", {}) if not name.startswith("_")]


def members_of(cls):
    """The public methods and properties that a class itself defines, by name, each with its kind."""
    for name, member in vars(cls).items():
        if name.startswith("_"):
            continue
        if isinstance(member, (classmethod, staticmethod)):
            yield name, member.__func__, "method"
        elif inspect.isfunction(member):
            yield name, member, "method"
        elif isinstance(member, property):
            yield name, member, "property"


def public_objects():
    """Every public function and class, and every member of a class, once: name, object, kind."""
    from minibp import pytest_plugin

    found = {}
    for name in minibp.__all__:
        thing = getattr(minibp, name)
        if not inspect.ismodule(thing):
            found[name] = thing
            continue
        for inner in getattr(thing, "__all__", vars(thing)):
            part = getattr(thing, inner)
            own = hasattr(thing, "__all__") or getattr(part, "__module__", None) == thing.__name__
            if own and callable(part) and not inner.startswith("_"):
                found.setdefault(f"{name}.{inner}", part)
    found["pytest_plugin.check_backprop"] = inspect.unwrap(pytest_plugin.check_backprop)
    seen = set()
    for name, thing in found.items():
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        yield name, thing, kind_of(thing)
        if inspect.isclass(thing):
            for inner, member, kind in members_of(thing):
                yield f"{name}.{inner}", member, kind
    for thing in (*ACTIVATIONS.values(), *COSTS.values()):
        yield f"{type(thing).__module__.removeprefix('minibp.')}.{type(thing).__name__}", type(thing), "override"


def source_of(function):
    """The source of a function; None where it is made at run time, as Hypothesis makes composite strategies."""
    try:
        return textwrap.dedent(inspect.getsource(inspect.unwrap(function)))
    except (OSError, TypeError):
        return None


def own_nodes(node):
    """A node of a syntax tree and all in it, without the functions in it."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef):
            yield from own_nodes(child)


def raised_in(thing):
    """The names of the errors that stand after a `raise` in a function, or in what makes an instance of a class."""
    source = source_of(thing.__init__ if inspect.isclass(thing) else thing)
    nodes = own_nodes(ast.parse(source).body[0]) if source else ()
    calls = [node.exc for node in nodes if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)]
    return {call.func.id for call in calls if isinstance(call.func, ast.Name)} - {"NotImplementedError"}


def faults_of(thing, kind):
    """The faults of one docstring, each with its code."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of sections that numpydoc does not know, which GL06 reports
        doc = get_doc_object(thing)
    if kind == "function" and not doc["Returns"] and source_of(thing) is None:
        return [f"RT01 {ERROR_MSGS['RT01']}"]  # numpydoc looks for a return in the source
    off = OFF | OFF_BY_KIND.get(kind, {})
    faults = [f"{code} {text}" for code, text in validate(doc)["errors"] if code not in off]
    text = inspect.getdoc(thing) or ""
    if text.startswith(OPENINGS):
        faults.append("the summary asks or points, and does not name")
    if re.search(r"\w -{3,}", text):
        faults.append("a section's underline stands on the line of its title")  # it would be read as text
    if kind in ("class", "record"):
        documented, own = [attribute.name for attribute in doc["Attributes"]], fields_of(thing)
        if [name for name in documented if name in own] != own:
            faults.append(f"Attributes are {documented}, the class has {own}")
    if kind in ("function", "method", "class"):
        missing = raised_in(thing) - {entry.type for entry in doc["Raises"]}
        faults += [f"Raises has no {name}" for name in sorted(missing)]
    return faults


def test_every_public_docstring_has_its_sections():
    objects = list(public_objects())
    assert [f"{name}: {fault}" for name, thing, kind in objects for fault in faults_of(thing, kind)] == []
    kinds = {name: kind for name, _, kind in objects}
    assert len(kinds) == len(objects) > 100
    expected = {
        "Activation.prime": "method",
        "Backprop": "record",
        "L2.value": "method",
        "Network.random": "method",
        "Path.end": "property",
        "activations.Sigmoid": "override",
        "adapters.Subject": "record",
        "check.within": "function",
        "check_backprop": "function",
        "component.backprop": "function",
        "data.DataSet.without_examples": "method",
        "per_example.backprop": "function",
        "pytest_plugin.check_backprop": "function",
        "strategies.problems": "function",
    }
    assert expected.items() <= kinds.items()


def sound(x, y=1):
    """The sum of two numbers.

    Parameters
    ----------
    x : float
        First number.
    y : float, optional
        Second number. Default 1.

    Returns
    -------
    float
        Their sum.

    Raises
    ------
    ValueError
        Where x is 0.

    Examples
    --------
    >>> sound(1)
    2
    """
    if x == 0:
        raise ValueError("x is 0")
    return x + y


RETURNS = "Returns\n-------\nfloat\n    Their sum.\n\n"
RAISES = "Raises\n------\nValueError\n    Where x is 0.\n\n"


def with_docstring(old, new):
    """`sound` with another docstring, whose sections begin at its left edge."""
    text = inspect.getdoc(sound)
    assert old in text
    bad = types.FunctionType(sound.__code__, globals(), "bad", sound.__defaults__)
    bad.__doc__ = f"{text.replace(old, new)}\n"
    return bad


def test_a_sound_docstring_has_no_faults():
    assert faults_of(sound, "function") == []
    assert faults_of(with_docstring("two", "two"), "function") == []


BAD = {
    "no period": ("numbers.", "numbers", "SS03"),
    "a summary of two lines": ("The sum of two numbers.", "The sum\nof two numbers.", "SS06"),
    "whether": ("The sum of two numbers.", "Whether x and y are two numbers.", "the summary asks or points"),
    "what": ("The sum of two numbers.", "What x and y make.", "the summary asks or points"),
    "a parameter left out": ("x : float\n    First number.\n", "", "PR01"),
    "a parameter that is not there": ("x : float", "z, x : float", "PR02"),
    "parameters in another order": (
        "x : float\n    First number.\ny : float, optional",
        "y : float, optional\n    First number.\nx : float",
        "PR03",
    ),
    "a parameter without a type": ("x : float", "x", "PR04"),
    "a parameter without a description": ("x : float\n    First number.", "x : float", "PR07"),
    "a description without a period": ("First number.", "First number", "PR09"),
    "no Returns": (RETURNS, "", "RT01"),
    "a result without a description": ("float\n    Their sum.", "float", "RT03"),
    "sections in another order": (RETURNS + RAISES, RAISES + RETURNS, "GL07"),
    "a section that numpydoc does not know": ("Returns\n-------", "Result\n------", "GL06"),
    "a title and its underline on one line": ("Returns\n-------\n", "Returns ------- ", "a section's underline"),
    "no Raises": (RAISES, "", "Raises has no ValueError"),
    "no Examples": ("Examples\n--------\n>>> sound(1)\n2", "Notes\n-----\nNone.", "EX01"),
}


@pytest.mark.parametrize(("old", "new", "fault"), BAD.values(), ids=BAD)
def test_a_fault_of_a_docstring_is_seen(old, new, fault):
    found = faults_of(with_docstring(old, new), "function")
    assert any(one.startswith(fault) for one in found), found


class Forgetful(NamedTuple):
    """A pair.

    Attributes
    ----------
    first : int
        One of them.

    Examples
    --------
    >>> Forgetful(1, 2).second
    2
    """

    first: int
    second: int


def test_a_field_that_is_not_documented_is_seen():
    assert faults_of(Forgetful, "record") == ["Attributes are ['first'], the class has ['first', 'second']"]


def test_an_object_without_a_docstring_is_seen():
    bare = with_docstring("two", "two")
    bare.__doc__ = None
    assert "GL08 The object does not have a docstring" in faults_of(bare, "function")
