"""`python -m minibp` and the `minibp` command: the command line, or one line on how to install it."""

from __future__ import annotations

import sys
from importlib.util import find_spec


def main() -> None:
    """Run the command line."""
    for name in ("click", "rich"):
        if find_spec(name) is None:
            sys.exit(f"the minibp command needs {name}, which is not installed: pip install 'minibp[all]'")
    from minibp.cli import cli
    from minibp.console import allow_any_text

    allow_any_text()
    cli(prog_name="minibp")


if __name__ == "__main__":
    main()
