"""The measure: per-example loops beside batched forms, beside peers, and beside what the matrix products alone take."""
