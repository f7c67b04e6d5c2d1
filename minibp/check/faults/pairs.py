"""Two faults of (22) at once, where they change different pieces of it: δ^l = (error @ weights) ⊙ factor."""

from __future__ import annotations

from dataclasses import dataclass

from minibp.check.faults.fault import Fault
from minibp.check.faults.injection import FaultInstance
from minibp.check.faults.pass_state import Number, PassState


@dataclass(frozen=True)
class FaultPair(Fault):
    """Two faults as one; its constant is that of the one that has a constant."""

    both: tuple[FaultInstance, ...] = ()

    def named(self, constant: float | None) -> tuple[FaultInstance, ...]:
        """Both faults, with the constant."""
        return tuple(
            FaultInstance(one.fault, one.layers, one.variant, None if one.fault.along is None else constant)
            for one in self.both
        )


def may_pair(one: FaultInstance, other: FaultInstance) -> bool:
    """True where they change different pieces, and have one constant at most."""
    kinds = {each.fault.pieces[each.variant].name for each in (one, other) if each.fault.pieces}
    return len(kinds) == 2 and None in (one.fault.along, other.fault.along)


def paired(one: FaultInstance, other: FaultInstance) -> FaultInstance:
    """A fault that makes both mistakes."""
    pieces = {each.fault.pieces[each.variant].name: each.fault.pieces[each.variant] for each in (one, other)}
    sloped = next((name for name, piece in pieces.items() if piece.along is not None), None)

    def assembled(p: PassState, l: int, along: str | None = None) -> Number:
        found: dict[str, Number] = {"error": p.delta[l + 1], "weights": p.w[l + 1], "factor": None}
        for name, piece in pieces.items():
            formula = piece.along if name == along else piece.formula
            found[name] = None if formula is None else formula(p, l)
            if found[name] is None:
                return None
        factor = p.prime(l) if found["factor"] is None else found["factor"]
        return (found["error"] @ found["weights"]) * factor

    def along(p: PassState, l: int) -> Number:
        return assembled(p, l, sloped)

    both = FaultPair(
        f"{one.fault.id} and {other.fault.id}",
        one.fault.step,
        f"{one.fault.summary}; and {other.fault.summary}",
        one.fault.remedy,
        (assembled,),
        along if sloped else None,
        typical=one.fault.typical or other.fault.typical,
        pieces=tuple(piece for name, piece in pieces.items() if name == "weights"),
        both=(one, other),
    )
    constant = one.constant if other.constant is None else other.constant
    return FaultInstance(both, one.layers, constant=constant)
