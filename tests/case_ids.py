"""The ids of test cases: the same in every run, on every machine, and readable."""

import shlex

PLAIN = (str, int, float, bool, type(None))
"""The types that pytest turns into an id by itself, letter for letter the same in every process."""


def is_named(value):
    """Whether pytest can take the value's own name for an id: that of a class or of a function that is no lambda."""
    return callable(value) and isinstance(getattr(value, "__name__", None), str) and value.__name__ != "<lambda>"


def is_written_out(value):
    """Whether the value is plain, or a list, tuple or dict of such values, nested or not."""
    if type(value) is dict:
        return is_written_out([*value, *value.values()])
    if type(value) in (list, tuple):
        return all(is_written_out(item) for item in value)
    return type(value) in (*PLAIN, complex)


def written_out(value):
    """The id of a list of arguments (`--eta 0.1`), of options (`eta=0.1, l2=0.0`) or of sizes (`[2, 3, 1]`).

    None for any other value, whose id `pytest.param` has to give; for `pytest.mark.parametrize(..., ids=written_out)`.
    """
    if type(value) in PLAIN or not is_written_out(value):
        return None
    if isinstance(value, dict):
        return ", ".join(f"{key}={item!r}" for key, item in value.items())
    if any(isinstance(item, str) for item in value):
        return shlex.join(str(item) for item in value)
    return repr(value)
