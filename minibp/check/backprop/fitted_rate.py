"""The learning rate of a subject that takes steps, where it was not given: fitted to one step."""

from __future__ import annotations

from dataclasses import replace

from minibp.check.diagnosis.other_claims import factor_of
from minibp.check.diagnosis.own_cost import near_fraction
from minibp.check.subject.calling import Subject
from minibp.check.subject.specification import Setting

DIGITS = range(1, 7)
"""A rate is taken to have so few digits, where one that has is within the error of the fit."""


def with_fitted_rate(subject: Subject, setting: Setting, seed: int) -> Setting:
    """The setting for steps: of a cost that is η times as large, penalty and all; as it is where there are none.

    Where η is no number of few digits, and no fraction, the error of its fit is granted to every term.
    """
    factor = factor_of(subject, setting, seed)
    if factor is None:  # the check tells what was returned
        return setting
    size = abs(factor.ratio)
    rate = near_decimal(size, factor.error)
    rate = near_fraction(size, factor.error) if rate == size else rate
    scale_error = factor.error if rate == size else 0.0
    claim = replace(setting.claim, cost_scale=setting.claim.cost_scale * rate, scale_error=scale_error)
    # Problems that were given stay: α over the scale is what it was.
    return replace(setting, claim=claim, l2=setting.l2 * rate, rate=rate)


def near_decimal(ratio: float, error: float) -> float:
    """The decimal of few digits that a ratio, measured with a relative error, is meant to be; or the ratio itself."""
    nearest = (float(f"{ratio:.{digits - 1}e}") for digits in DIGITS)
    return next((near for near in nearest if abs(near - ratio) <= error * ratio), ratio)
