"""The measure: per-example loops beside batched forms, beside peers, and beside the GEMM-only baseline."""
