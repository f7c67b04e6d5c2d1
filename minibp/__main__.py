"""The `minibp` command, once the package is imported: the command line, or one line on how to install it.

`_minibp` comes before; `python -m minibp` goes through it too.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec

import _minibp
from minibp import stopping
from minibp.extras import how_to_install


def main() -> None:
    """Run the command line, and tell a process that supervises this one with which status it ends."""
    stopping.install(_minibp.done)
    try:
        _run_command()
    except SystemExit as error:
        _minibp.done(error.code if isinstance(error.code, int) else int(error.code is not None))
        raise
    _minibp.done(0)


def _run_command() -> None:
    for name in ("click", "rich"):
        if find_spec(name) is None:
            sys.exit(f"the minibp command needs {name}, which is not installed: {how_to_install('all')}")
    from minibp.cli import cli
    from minibp.console import allow_any_text

    allow_any_text()
    cli(prog_name="minibp")


if __name__ == "__main__":
    _minibp.main()
