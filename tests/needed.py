"""What the tests need beside the standard library."""

NEEDED = {
    "minibp": "minibp",
    "numpy": "numpy",
    "click": "click",
    "hypothesis": "hypothesis",
    "jax": "jax",
    "jinja2": "jinja2",
    "mpmath": "mpmath",
    "numpydoc": "numpydoc",
    "xdist": "pytest-xdist",
}
"""The modules without which test files cannot be imported or pytest's options are unknown; what installs each."""
