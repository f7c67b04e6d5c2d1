"""The bound of the rounding error of an honest floating-point computation."""

from minibp.check.rounding.arithmetic import Arithmetic, arithmetic_of
from minibp.check.rounding.whole_pass import Bound, bound

__all__ = ["Arithmetic", "Bound", "arithmetic_of", "bound"]
