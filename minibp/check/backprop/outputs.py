"""The number of outputs of code that takes labels: several, one a class, or a single one, whose labels are 0 and 1."""

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


def _answers(subject: Subject, setting: Setting, seed: int) -> bool:
    """True where the subject returns a gradient for any well-conditioned problem."""
    return any(call(subject, problem, setting.claim).gradient is not None for problem in setting.bases(seed))
