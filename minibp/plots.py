"""Figures for print: their looks, and writing them as SVG, PNG or PDF."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from minibp.arrays import InputError
from minibp.files import write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ENDINGS = (".svg", ".png", ".pdf")
_COORDINATES = re.compile(rb' (?:d|x|y|points)="[^"]*"')
_INDENTATION = re.compile(rb"^ +", re.MULTILINE)
_DECIMALS = re.compile(rb"-?\d+\.\d{3,}")
PAGE_WIDTH = 7.0
"""Inches: two columns of a journal."""
LOOKS: dict[str, Any] = {
    "font.size": 8,
    "font.sans-serif": ["DejaVu Sans"],  # an SVG names all of them at every text
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "legend.fontsize": 7.5,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "lines.linewidth": 1.2,
    "lines.markersize": 4,
    "legend.frameon": False,
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "minibp",  # the same data give the same file
    "pdf.fonttype": 42,
}


class LineStyle(NamedTuple):
    """The look of one series: told from the others by colour, by marker and by dashes, so also in grey."""

    colour: str
    marker: str
    dashes: str


LINES = (
    LineStyle("#000000", "o", "-"),
    LineStyle("#0072B2", "s", "--"),
    LineStyle("#D55E00", "^", "-."),
    LineStyle("#009E73", "D", ":"),
    LineStyle("#CC79A7", "v", "-"),
    LineStyle("#E69F00", "P", "--"),
    LineStyle("#56B4E9", "X", "-."),
    LineStyle("#7F7F7F", "*", ":"),
)
"""Of the colours that Okabe and Ito chose for every kind of colour vision."""


def check_plot_file(path: str) -> None:
    """Reject, before any work, what `save` could not write: an `InputError` for another ending than `ENDINGS`.

    Raises `ModuleNotFoundError` where matplotlib is not installed.

    >>> check_plot_file("plot.jpeg")
    Traceback (most recent call last):
    minibp.arrays.InputError: cannot plot to plot.jpeg: its ending is '.jpeg', expected .svg, .png or .pdf
    """
    ending = Path(path).suffix.lower()
    if ending not in ENDINGS:
        said = f"its ending is {ending!r}" if ending else "it has no ending"
        raise InputError(f"cannot plot to {path}: {said}, expected {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}")
    if find_spec("matplotlib") is None:
        raise ModuleNotFoundError("--plot needs matplotlib", name="matplotlib")


def drawable(text: str) -> str:
    r"""A text with ? for what is no character, as there are in names of files that are not UTF-8.

    >>> drawable("caf\udce9")
    'caf?'
    """
    return text.encode(errors="replace").decode()


@contextmanager
def looks() -> Iterator[None]:
    """Figures made and saved within this context are readable in print, at the size that they have."""
    import matplotlib as mpl

    settings: Any = {"backend": "agg", **LOOKS}
    with mpl.rc_context(settings):
        yield


def save(figure: Figure, path: str) -> None:
    """Write a figure whole or not at all, in the format that the file's ending says; no date goes in."""
    ending = Path(path).suffix.lower().removeprefix(".")
    undated: dict[str, Any] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(ending, {})
    with looks():
        if ending != "svg":
            write_whole(path, lambda file: figure.savefig(file, format=ending, dpi=300, metadata=undated))
            return
        drawn = io.BytesIO()
        figure.savefig(drawn, format=ending, dpi=300, metadata=undated)
        write_whole(path, lambda file: file.write(shortened(drawn.getvalue())))


def shortened(svg: bytes) -> bytes:
    r"""An SVG without indentation whose coordinates have two decimals, a hundredth of a point, in place of six.

    >>> shortened(b' <path d="M 10.123456 -0.5 L 3.999999 2"/>\n  <text x="0.129999">0.123456</text>')
    b'<path d="M 10.12 -0.5 L 4 2"/>\n<text x="0.13">0.123456</text>'
    """
    rounded = _COORDINATES.sub(lambda found: _DECIMALS.sub(_two_decimals, found[0]), svg)
    return _INDENTATION.sub(b"", rounded)


def _two_decimals(found: re.Match[bytes]) -> bytes:
    return f"{float(found[0]):.2f}".rstrip("0").rstrip(".").encode()
