"""Faults of the output error, (17) and (26)."""

from __future__ import annotations

from minibp.activations import softmax
from minibp.check.faults.fault import fault
from minibp.check.faults.pass_state import Number, PassState, softmax_backward


def equation_17_or_26(p: PassState, l: int) -> Number:
    """δ^L = ∇_a C ⊙ σ'(z^L), (17); a^L − y where σ' cancels, (26)."""
    return p.output_error()


@fault(
    "softmax_jacobian_diagonal",
    "output",
    summary="the softmax's Jacobian is only its diagonal, s(1-s)",
    remedy="Use the whole Jacobian: δ^L = s ⊙ (g - Σ g ⊙ s) with g = ∇_a C.",
)
def _softmax_diagonal(p: PassState, l: int) -> Number:
    r"""$\delta^L = g \odot s \odot (1 - s), \quad g = \nabla_a C$.

    Every layer is off, by little in direction: δ^L misses −s_j Σ_{i≠j} g_i s_i, and the entries of the right δ^L sum to
    0 while these do not. With cross-entropy in the fused form a − y it cannot be made.
    """
    if p.activations[l] is not softmax:
        return None
    return p.nabla_a() * (p.a[l] * (1 - p.a[l]))


def _residual(p: PassState, l: int) -> Number:
    if p.activations[l].name == "identity":  # no derivative is missing there
        return None
    return p.a[l] - p.y


@fault(
    "output_derivative_missing",
    "output",
    summary="the factor σ'(z^L) is missing",
    remedy="Multiply ∇_a C by σ'(z^L); it cancels only in (26), cross-entropy on a sigmoid.",
    variants=(_residual,),
)
def _without_output_prime(p: PassState, l: int) -> Number:
    r"""$\delta^L = \nabla_a C$.

    Every layer is off: behind a sigmoid each entry of δ^L is at least 4 times too large, σ' being at most ¼; the cost
    falls all the same. With (26), where σ' cancels, this is right.
    """
    return p.nabla_a()


@fault(
    "output_derivative_at_activation",
    "output",
    summary="σ' is taken at a^L, not at z^L",
    remedy="Call σ' with z^L; if it is written in terms of a, as a(1-a), pass it a and do not apply σ again.",
)
def _output_prime_of_activation(p: PassState, l: int) -> Number:
    r"""$\delta^L = \nabla_a C \odot \sigma'(a^L)$.

    Every layer is off: with a sigmoid little near z = 0, and far too long where outputs saturate, since σ'(a) is never
    below σ'(1), 0.2. With relu nothing is off.
    """
    g = p.nabla_a()
    if p.activations[l].elementwise:
        return g * p.prime_at(l, p.a[l])
    return softmax_backward(p.softmax(p.a[l]), g)


def _times_softmax_diagonal(p: PassState, l: int) -> Number:
    if p.activations[l].elementwise:
        return None
    return p.output_error() * (p.a[l] * (1 - p.a[l]))


@fault(
    "output_derivative_extra",
    "output",
    summary="δ^L has one factor σ'(z^L) too many",
    remedy="In (26) σ' cancels, and δ^L is a^L - y; otherwise multiply by σ'(z^L) once.",
    variants=(_times_softmax_diagonal,),
)
def _output_prime_twice(p: PassState, l: int) -> Number:
    r"""$\delta^L = \nabla_a C \odot \sigma'(z^L)^2, \text{ or } (a^L - y) \odot \sigma'(z^L) \text{ in (26)}$.

    Every layer is off: behind a sigmoid each entry of δ^L is at least 4 times too small; with cross-entropy learning
    slows down where outputs are badly wrong, which is what (26) avoids.
    """
    delta = p.output_error()
    if p.activations[l].elementwise:
        return delta * p.prime(l)
    return softmax_backward(p.a[l], delta)


@fault(
    "output_sign_flipped",
    "output",
    summary="δ^L has the wrong sign, as from y - a for a - y",
    remedy="Use a^L - y; the sign must fit that of the update, w - η ∂C/∂w.",
)
def _negated(p: PassState, l: int) -> Number:
    r"""$\delta^L = y - a^L \text{ for } a^L - y$.

    The gradient is minus the right one: the cost rises at every step, unless the update has the other sign, too. L2's
    part keeps its sign.
    """
    return -p.output_error()


@fault(
    "cost_factor_two",
    "output",
    summary="δ^L is twice what it should be",
    remedy="Keep the ½ of the cost ½‖a - y‖², or count it in what you compare with.",
)
def _doubled(p: PassState, l: int) -> Number:
    r"""$\delta^L = 2\,\nabla_a C \odot \sigma'(z^L)$.

    Every entry is twice the right one, but for L2's part: as for a cost without the ½, or a learning rate that is twice
    as large.
    """
    return p.output_error() * 2.0


@fault(
    "cost_factor_half",
    "output",
    summary="δ^L is half of what it should be",
    remedy="The derivative of ½(a - y)² is a - y: the ½ cancels.",
)
def _halved(p: PassState, l: int) -> Number:
    r"""$\delta^L = \tfrac12\,\nabla_a C \odot \sigma'(z^L)$.

    Every entry is half of the right one, but for L2's part: as for a learning rate that is half as large.
    """
    return p.output_error() * 0.5


@fault(
    "error_times_one_minus_error",
    "output",
    summary="δ^L is (a-y) ⊙ (1-(a-y)): σ' of the error, written e(1-e)",
    remedy="σ' takes z^L, or a^L where it is written a(1-a); it never takes the error.",
)
def _prime_of_residual(p: PassState, l: int) -> Number:
    r"""$\delta^L = e \odot (1 - e), \quad e = a^L - y$.

    Every layer is off, differently for each output: an error of −½ becomes −¾, one of ½ becomes ¼. Where all errors are
    small it looks like a missing σ'.
    """
    return (p.a[l] - p.y) * (1 - (p.a[l] - p.y))


@fault(
    "output_error_zero",
    "output",
    summary="δ^L is 0",
    remedy="Look for a comparison, a rounding or a detached copy between the cost and δ^L.",
)
def _zero_error(p: PassState, l: int) -> Number:
    r"""$\delta^L = 0$.

    Every gradient is 0 but for L2's part; nothing is learned, or weights decay.
    """
    return p.output_error() * 0.0


@fault(
    "cross_entropy_second_term_missing",
    "output",
    summary="only y ln a was differentiated, not (1-y) ln(1-a)",
    remedy="Differentiate both terms of (25); together they give a^L - y.",
)
def _first_term_of_cross_entropy(p: PassState, l: int) -> Number:
    r"""$\delta^L = -\,y \odot (1 - a^L)$.

    Outputs with the target 0 have no error at all, so that all outputs grow to 1; those with the target 1 are right.
    """
    if p.problem.cost.name != "cross_entropy" or not p.is_fused:
        return None
    return -(p.y * (1 - p.a[l]))


@fault(
    "huber_not_clipped",
    "output",
    summary="the error is not clipped at ±1, as huber's gradient is",
    remedy="Use clip(a - y, -1, 1).",
)
def _not_clipped(p: PassState, l: int) -> Number:
    r"""$\delta^L = (a^L - y) \odot \sigma'(z^L)$.

    Right where every |a − y| ≤ 1; too long where an output is further off, which is what Huber's cost is for.
    """
    if p.problem.cost.name != "huber":
        return None
    r = p.a[l] - p.y
    return r * p.prime(l) if p.activations[l].elementwise else softmax_backward(p.a[l], r)
