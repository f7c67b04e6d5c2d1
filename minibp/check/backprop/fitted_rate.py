"""The learning rate of a subject that takes steps, where it was not given: fitted to one step."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from minibp.check.diagnosis.other_claims import factor_of
from minibp.check.subject.calling import Subject
from minibp.check.subject.specification import Setting

DIGITS = range(1, 7)
"""A rate is taken to have so few digits, where one that has is near."""


def with_fitted_rate(subject: Subject, setting: Setting, seed: int) -> Setting:
    """The setting for steps: of a cost that is η times as large, penalty and all; as it is where there are none."""
    ratio = factor_of(subject, setting, seed)
    if not ratio:  # the check tells what was returned
        return setting
    rate = near_decimal(abs(ratio), setting.dtype)
    claim = replace(setting.claim, cost_scale=setting.claim.cost_scale * rate)
    # Problems that were given stay: α over the scale is what it was.
    return replace(setting, claim=claim, l2=setting.l2 * rate, rate=rate)


def near_decimal(ratio: float, dtype: str) -> float:
    """The decimal of few digits that a measured ratio is meant to be: one that agrees in half of its digits."""
    for digits in DIGITS:
        near = float(f"{ratio:.{digits - 1}e}")
        if abs(near - ratio) <= np.sqrt(np.finfo(dtype).eps) * ratio:
            return near
    return ratio
