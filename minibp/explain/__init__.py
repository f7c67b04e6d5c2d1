"""One forward and one backward pass of a small network, worked out in numbers, by component beside by vector."""
