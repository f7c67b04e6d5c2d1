"""Derivatives of PyTorch and of JAX, right and with mistakes."""
