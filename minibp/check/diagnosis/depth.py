"""The diagnosis of depth: code written for one number of layers, distinguished from wrong code by trying others."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from minibp.check.report.finding import Finding
from minibp.check.subject.calling import Subject, call
from minibp.check.subject.specification import Setting
from minibp.problem import Problem
from minibp.text import counted

DEPTHS = range(1, 7)
"""The numbers of layers after the input that are tried."""
OF_THE_LAYERS = re.compile(r"values to unpack|list index out of range|^returned \d+ sequences")
"""The messages of code that expects another number of layers."""


def with_depth(findings: Sequence[Finding], subject: Subject, setting: Setting, seed: int) -> list[Finding]:
    """The findings of code that returned no gradient, with a hint at the depth where that is what it is about."""
    hinted = list(findings)
    at = next((i for i, one in enumerate(hinted) if one.message.startswith(("raised", "returned"))), None)
    if at is None or setting.layers or setting.sizes:
        return hinted
    depth = only_depth(hinted[at].message, subject, setting, seed)
    if depth is not None:
        layers = counted(depth, "layer")
        hint = f"it returns gradients only for {layers} after the input: fix that by activation=[...], one a layer"
        hint += f", or --layers {depth}"
        hinted[at] = replace(hinted[at], message=f"{hinted[at].message} ({hint})")
    return hinted


def only_depth(message: str, subject: Subject, setting: Setting, seed: int) -> int | None:
    """The one number of layers after the input that the code returns gradients for; None where there is no such.

    Code that is wrong in its hidden layers returns where there are none: one layer counts only where `message`, that
    of the other depths, is about the number of layers.
    """

    def returns(problem: Problem) -> bool:
        return call(subject, problem, setting.claim).gradient is not None

    returned = {depth: list(map(returns, setting.bases(seed, depth)[1:])) for depth in DEPTHS}
    able = [depth for depth, each in returned.items() if any(each)]
    if len(able) != 1 or not all(returned[able[0]]):
        return None
    return able[0] if able[0] > 1 or OF_THE_LAYERS.search(message) else None
