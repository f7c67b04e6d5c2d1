"""The check of a backprop: a subject held against the oracles, the verdict, and the function that users call."""
