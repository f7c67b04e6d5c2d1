"""The names of conventions that a claim may have."""

REDUCTIONS = ("mean", "sum")
TARGETS = ("soft", "one_hot", "labels", "signs")
"""Any numbers that the cost is defined for; rows with a single 1; the number of its column; and ±1."""
L2_OVER = ("examples", "nothing")
