"""What functions that stand in for a framework's own raise, so that code which catches the framework's errors works."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from minibp.arrays import InputError


class OptionError(InputError, AssertionError):
    """Options of which one needs another: frameworks assert that, and it is input that cannot be used."""


@contextmanager
def own_errors() -> Iterator[None]:
    """Within, what code of the user's raises comes out as it is, with a note that says where it was called."""
    try:
        yield
    except InputError as error:
        own = error.__cause__
        if not isinstance(own, Exception) or type(own).__module__.partition(".")[0] == "minibp":
            raise
        own.add_note(f"minibp: {error}")
        raise own from own.__cause__
