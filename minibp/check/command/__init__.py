"""The commands that check: verify, check and faults of networks, check-grad of functions."""

from minibp.check.command.functions import check_grad
from minibp.check.command.networks import check, faults, verify

__all__ = ["check", "check_grad", "faults", "verify"]
