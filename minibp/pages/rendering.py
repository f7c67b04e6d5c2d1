"""A template made into one page that needs no other file and no network, in which all that is put is text."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from minibp.arrays import InputError
from minibp.extras import how_to_install

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup


def expect_templates() -> None:
    """Reject, before any work, a page where the library that makes it is missing: an `InputError`."""
    if find_spec("jinja2") is None:
        raise InputError(f"a page of HTML needs jinja2, which is not installed: {how_to_install('html')}")


def rendered(template: str, **values: Any) -> str:
    """A page by the template of that name.

    Parameters
    ----------
    template : str
        File name of one of the templates.
    **values
        What the template names. Strings are text: markup in them is escaped.

    Returns
    -------
    str
        The page, whose policy lets nothing be loaded and no script run but its own.

    Raises
    ------
    InputError
        Where jinja2 is not installed.
    """
    expect_templates()
    page = _environment().get_template(template).render(**values)
    return page if page.endswith("\n") else f"{page}\n"


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("minibp.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style, script = _text_of("style.css"), _text_of("script.js")
    # The two are the package's own, and stand between their tags as they are.
    environment.filters["formula"] = with_superscripts
    environment.globals |= {
        "style": Markup(style),  # noqa: S704
        "script": Markup(script),  # noqa: S704
        "script_digest": _digest(script),
    }
    return environment


def with_superscripts(text: str) -> Markup:
    """A formula as the package writes it, δ^l or δ^{l+1}, with its powers and layers raised; all else is text.

    >>> str(with_superscripts("a^{l-1} < b^l"))
    'a<sup>l-1</sup> &lt; b<sup>l</sup>'
    """
    from markupsafe import Markup, escape

    parts = re.split(r"\^(?:\{([^}]*)\}|(\w))", text)
    whole = Markup()
    for at, part in enumerate(parts):
        if part:
            whole += escape(part) if at % 3 == 0 else Markup("<sup>{}</sup>").format(part)
    return whole


def _text_of(name: str) -> str:
    return (files("minibp.pages") / "templates" / name).read_text(encoding="utf-8")


def _digest(script: str) -> str:
    """What a Content-Security-Policy knows a script by."""
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}"
