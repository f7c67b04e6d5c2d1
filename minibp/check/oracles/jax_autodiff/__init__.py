"""JAX's reverse mode as an oracle: one padded program for many network shapes."""
