"""How far an honest floating-point computation may be off: the bound."""

from minibp.check.rounding.arithmetic import Arithmetic, arithmetic_of
from minibp.check.rounding.whole_pass import Bound, bound

__all__ = ["Arithmetic", "Bound", "arithmetic_of", "bound"]
