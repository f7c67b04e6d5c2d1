"""The check of the gradient of any scalar function."""
