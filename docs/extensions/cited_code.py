"""Two directives of the book: `lines` shows the code that cites an equation, `held-by` the tests that hold it.

Their content is a list of places, one a line. A place that does not cite the equation, or is not there, is an error of
the build. With the option `by-component` the file of that name is shown too, once it is there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cited import Excerpt, NotCitedError, citing_lines, source_of_test
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).parents[2]


class Places(SphinxDirective):
    """What both have in common: a list of places, and errors that name them."""

    has_content = True

    def places(self) -> list[str]:
        """The lines of the content."""
        return [line.strip() for line in self.content if line.strip()]

    def depend_on(self, place: str) -> None:
        """Build the page again where the file has changed."""
        self.env.note_dependency(str(ROOT / place.partition("::")[0]))

    def code(self, text: str) -> nodes.literal_block:
        """Python."""
        return nodes.literal_block(text, text, language="python")


class Lines(Places):
    """```{lines} 22: the statements that cite (22), each below the name of its file."""

    required_arguments = 1
    option_spec = {"by-component": directives.unchanged}  # noqa: RUF012 (as docutils has it)

    def run(self) -> list[nodes.Node]:
        """Nodes of the page."""
        number = int(self.arguments[0])
        places = self.places()
        optional = self.options.get("by-component")
        if optional is not None and (ROOT / optional).exists():
            places.insert(0, optional)
        shown: list[nodes.Node] = []
        for place in places:
            self.depend_on(place)
            try:
                shown += [self.captioned(place, one) for one in citing_lines(ROOT, place, number)]
            except NotCitedError as error:
                raise self.error(str(error)) from error
        return shown

    def captioned(self, place: str, excerpt: Excerpt) -> nodes.container:
        """Code with a line above it that says where it stands."""
        name, first, last = place.partition("::")[0], excerpt.first, excerpt.last
        where = f"{name}, line {first}" if first == last else f"{name}, lines {first} to {last}"
        box = nodes.container("", literal_block=True, classes=["literal-block-wrapper"])
        box += nodes.caption(where, "", nodes.literal(name, name), nodes.Text(where.removeprefix(name)))
        box += self.code(excerpt.text)
        return box


class HeldBy(Places):
    """```{held-by}: names of tests, each unfolding to its source."""

    def run(self) -> list[nodes.Node]:
        """Nodes of the page."""
        shown: list[nodes.Node] = [nodes.paragraph("", "Held by", classes=["held-by"])]
        for place in self.places():
            self.depend_on(place)
            try:
                excerpt = source_of_test(ROOT, place)
            except NotCitedError as error:
                raise self.error(str(error)) from error
            file, _, name = place.partition("::")
            head = f'<details class="held-by"><summary><code>{name}</code> in <code>{file}</code></summary>'
            shown += [nodes.raw("", head, format="html"), self.code(excerpt.text)]
            shown.append(nodes.raw("", "</details>", format="html"))
        return shown


def without_blank_ends(app: Sphinx, doctree: nodes.document) -> None:
    """Take the blank line off the end of examples, which a doctest of a page needs there."""
    for block in doctree.findall(nodes.literal_block):
        text = block.astext().rstrip()
        if not block.children or isinstance(block.children[0], nodes.Text):
            block.rawsource = text
            block.children = [nodes.Text(text)]


def setup(app: Sphinx) -> dict[str, Any]:
    """Make both known to Sphinx."""
    app.add_directive("lines", Lines)
    app.add_directive("held-by", HeldBy)
    app.connect("doctree-read", without_blank_ends)
    return {"version": "1", "parallel_read_safe": True}
