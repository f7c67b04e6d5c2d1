import pytest

from minibp.check.command import check
from minibp.check.subject.claim import Claim
from minibp.check.subject.conventions import L2_OVER, REDUCTIONS, TARGETS

NAMES = {"reduction": REDUCTIONS, "targets": TARGETS, "l2_over": L2_OVER}


@pytest.mark.parametrize("name", NAMES)
def test_a_claim_and_the_command_take_each_convention(name):
    assert [getattr(Claim.checked(**{name: one}), name) for one in NAMES[name]] == list(NAMES[name])
    option = next(one for one in check.params if one.name == name)
    assert tuple(option.type.choices) == NAMES[name]
    assert option.default == getattr(Claim(), name) == NAMES[name][0]
