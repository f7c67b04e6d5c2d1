"""Training by (4) to (7), (28) and (29): minibatches, one step, epochs, checkpoints."""
