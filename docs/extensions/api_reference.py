"""The reference of the API: Sphinx's autodoc and napoleon, set such that docstrings are rendered as they read.

Docstrings are plain text in numpydoc's sections: what is between backticks is code, and stars and bars are what they
are, as in |g − ĝ| and f(*args). Types are for readers ("ndarray of shape (m, n)"), so they are shown and not looked up.
"""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config

SETTINGS = {
    "autodoc_typehints": "none",  # types stand in the docstrings
    "autodoc_mock_imports": ["torch", "pytest"],  # which the extras of the documentation do not bring
    "napoleon_google_docstring": False,
    "napoleon_use_param": False,  # with the types beside the names
    "napoleon_use_rtype": False,
    "napoleon_use_ivar": True,
}
CODE = re.compile(r"(?<![`:])(`[^`\n]+`)(?!`)")
SIGNS = re.compile(r"(?<!\\)([*|])")


def as_text(line: str) -> str:
    r"""A line of a docstring in reStructuredText: code as code, and signs that mean nothing else.

    >>> as_text("|g| of `f(*args)`, in f(*args)")
    '\\|g\\| of ``f(*args)``, in f(\\*args)'
    """
    parts = CODE.split(line)
    return "".join(f"`{part}`" if k % 2 else SIGNS.sub(r"\\\1", part) for k, part in enumerate(parts))


def of_docstring(app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """The lines of a docstring, but for its examples, which are shown as they are."""
    example = False
    for k, line in enumerate(lines):
        example = bool(line.strip()) and (example or line.lstrip().startswith(">>>"))
        if not example and "``" not in line:
            lines[k] = as_text(line)


def of_type(app: Sphinx, env: Any, node: Any, shown: nodes.Node) -> nodes.Node | None:
    """A word of a type, which is no reference, as it is."""
    is_type = node.get("refdomain") == "py" and node.get("reftype") in {"class", "exc"}
    return shown if is_type and node.get("refdoc", "").startswith("api/") else None


def configure(app: Sphinx, config: Config) -> None:
    """The settings of both extensions."""
    for name, value in SETTINGS.items():
        setattr(config, name, value)


def setup(app: Sphinx) -> dict[str, bool]:
    """Load both extensions, with what is said above."""
    for name in ("sphinx.ext.autodoc", "sphinx.ext.napoleon"):
        app.setup_extension(name)
    app.connect("config-inited", configure)
    app.connect("autodoc-process-docstring", of_docstring, priority=100)  # before napoleon reads the sections
    app.connect("missing-reference", of_type)
    return {"parallel_read_safe": True}
