"""Layers by hand as data: f, its right vector-Jacobian product, a point, and the mistakes that people make most."""

import numpy as np
from grad_layers_weighted import ATTENTION, BATCH_NORM, CONV, DENSE, LAYER_NORM, LSTM, Layer, Mistake, normal, softmax

# -- embedding


def embedding(table, ids):
    return table[ids]


def embedding_vjp(table, ids, c):
    found = np.zeros_like(table)
    np.add.at(found, ids, c)
    return found, None


def assigned(table, ids, c):
    found = np.zeros_like(table)
    found[ids] = c
    return found, None


def added_at_once(table, ids, c):
    found = np.zeros_like(table)
    found[ids] += c
    return found, None


def padding_dropped(table, ids, c):
    found, _ = embedding_vjp(table, ids, c)
    found[0] = 0
    return found, None


EMBEDDING = Layer(
    embedding,
    embedding_vjp,
    (normal(5, 2), np.array([[3, 0, 3], [1, 4, 3]])),
    {
        "assigned": Mistake(assigned, ("table",), "repeated_index_overwritten"),
        "added_at_once": Mistake(added_at_once, ("table",), "repeated_index_overwritten"),
        "padding_dropped": Mistake(padding_dropped, ("table",), "rows_only"),
    },
)

# -- max pooling, windows of 3 by 3 that overlap


def windows(x):
    """Each place of the output and the part of x that it sees."""
    for i in range(x.shape[0] - 2):
        for j in range(x.shape[1] - 2):
            yield i, j, (slice(i, i + 3), slice(j, j + 3))


def max_pool(x):
    out = np.zeros((x.shape[0] - 2, x.shape[1] - 2), x.dtype)
    for i, j, part in windows(x):
        out[i, j] = x[part].max()
    return out


def max_pool_vjp(x, c, *, add=True, turned=False):
    found = np.zeros_like(x)
    for i, j, part in windows(x):
        row, column = np.unravel_index(x[part].argmax(), (3, 3))
        at = (i + column, j + row) if turned else (i + row, j + column)
        found[at] = found[at] * add + c[i, j]
    return found


def spread_over_window(x, c):
    found = np.zeros_like(x)
    for i, j, part in windows(x):
        found[part] += c[i, j] / 9
    return found


MAX_POOL = Layer(
    max_pool,
    max_pool_vjp,
    (normal(5, 4),),
    {
        "overwritten": Mistake(lambda x, c: max_pool_vjp(x, c, add=False), ("x",), "repeated_index_overwritten"),
        "place_turned": Mistake(lambda x, c: max_pool_vjp(x, c, turned=True), ("x",), None),
        "spread_over_window": Mistake(spread_over_window, ("x",), None),
    },
)

# -- cross-entropy of a softmax, the mean over the examples


def cross_entropy(z, labels):
    p = softmax(z)
    return -np.log(p[np.arange(len(z)), labels]).mean()


def cross_entropy_vjp(z, labels, c):
    return c * (softmax(z) - np.eye(z.shape[1])[labels]) / len(z), None


def labels_left_out(z, labels, c):
    return c * softmax(z) / len(z), None


CROSS_ENTROPY = Layer(
    cross_entropy,
    cross_entropy_vjp,
    (normal(4, 3), np.array([2, 0, 1, 0])),
    {
        "summed": Mistake(lambda z, y, c: (4 * cross_entropy_vjp(z, y, c)[0], None), ("z",), "not_averaged"),
        "labels_left_out": Mistake(labels_left_out, ("z",), None),
        "cotangent_left_out": Mistake(lambda z, y, c: cross_entropy_vjp(z, y, 1.0), (), "cotangent_ignored"),
    },
)

# -- dropout with a mask that is given

KEPT = 0.7
AGAIN = np.random.default_rng(1)


def dropout(x, mask):
    return x * mask / KEPT


def dropout_vjp(x, mask, c):
    return c * mask / KEPT, None


def mask_drawn_again(x, mask, c):
    return c * (AGAIN.random(x.shape) < KEPT) / KEPT, None


DROPOUT = Layer(
    dropout,
    dropout_vjp,
    (normal(3, 4), np.array([[True, True, False, True], [True, False, True, True], [True, True, True, False]])),
    {
        "not_scaled": Mistake(lambda x, mask, c: (c * mask, None), ("x",), "scaled"),
        "mask_left_out": Mistake(lambda x, mask, c: (c / KEPT, None), ("x",), None),
        "mask_drawn_again": Mistake(mask_drawn_again, (), None),
    },
)

LAYERS = {
    "dense": DENSE,
    "conv": CONV,
    "batch_norm": BATCH_NORM,
    "layer_norm": LAYER_NORM,
    "attention": ATTENTION,
    "lstm": LSTM,
    "embedding": EMBEDDING,
    "max_pool": MAX_POOL,
    "cross_entropy": CROSS_ENTROPY,
    "dropout": DROPOUT,
}
"""By name."""
MISTAKES = {
    f"{name}-{mistake}": (layer, layer.mistakes[mistake])
    for name, layer in LAYERS.items()
    for mistake in layer.mistakes
}
"""Every mistake with its layer, by the names of both."""
