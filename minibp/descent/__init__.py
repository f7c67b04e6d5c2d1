"""Gradient descent on any function, (1) to (3), and surfaces to see it on."""
