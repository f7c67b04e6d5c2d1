"""The command that installs the libraries that only a part of the package needs."""


def how_to_install(extra: str) -> str:
    """The command for an extra of the package: in a copy of the source, or where a package index has minibp.

    >>> how_to_install("jax")
    "pip install '.[jax]' in minibp's source folder, or 'minibp[jax]' where a package index has it"
    """
    return f"pip install '.[{extra}]' in minibp's source folder, or 'minibp[{extra}]' where a package index has it"
