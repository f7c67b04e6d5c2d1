"""Which networks code takes: of several outputs, or of one, where it takes labels; of few shapes, where it is JAX's."""

from __future__ import annotations

from dataclasses import replace

from minibp.activations import softmax
from minibp.check.subject.calling import Subject, call
from minibp.check.subject.specification import ONE, SEVERAL, Setting


def with_outputs(subject: Subject, setting: Setting, seed: int) -> Setting:
    """The setting for a single output, where the subject returns gradients for that and none for several."""
    if setting.outputs != SEVERAL or setting.activations[-1] is softmax:
        return setting
    single = replace(setting, outputs=ONE)
    return setting if _answers(subject, setting, seed) or not _answers(subject, single, seed) else single


JAX_SIZES = ((2, 3, 2), (3, 3, 3, 3, 3))
"""One of unequal widths, and one of equal ones, which a transpose fits too."""


def with_few_shapes(subject: Subject, setting: Setting, seed: int) -> Setting:
    """The setting of few shapes where the subject returns arrays of JAX, which compiles for each shape anew."""
    if setting.sizes or not any(call(subject, one, setting.claim).of_jax for one in setting.bases(seed)[:1]):
        return setting
    depth = setting.layers
    sizes: tuple[tuple[int, ...], ...] = (
        JAX_SIZES if depth is None else ((2, *[3] * (depth - 1), 2), (3,) * (depth + 1))
    )
    if setting.outputs == ONE:
        sizes = tuple((*one[:-1], 1) for one in sizes)
    return replace(setting, sizes=sizes, batch_sizes=(1, 3), few_shapes=True)


def _answers(subject: Subject, setting: Setting, seed: int) -> bool:
    """True where the subject returns a gradient for any well-conditioned problem."""
    return any(call(subject, problem, setting.claim).gradient is not None for problem in setting.bases(seed))
