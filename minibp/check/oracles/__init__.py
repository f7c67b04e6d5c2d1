"""Independent sources of the right gradient, each with a radius that bounds its own error."""
