"""The check: oracles, the rounding bound, and the comparison of a gradient with both."""
