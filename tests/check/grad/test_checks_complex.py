import numpy as np
import pytest

from minibp import InputError
from minibp.check.grad.checks import ask
from minibp.check.grad.question import question_of

Z = np.array([0.7 - 1.3j, -1.3 + 2.1j])


def asked(f, claim, kind="grad"):
    return ask(question_of(kind, f, claim), Z, 1)


def modulus(z):
    return (np.abs(z) ** 2).sum()


@pytest.mark.parametrize(
    ("factor", "verdict", "note"),
    [
        (lambda z: 2 * z, "correct", "gives ∂/∂Re + i ∂/∂Im, as PyTorch has it"),
        (lambda z: 2 * z.conj(), "correct", "gives ∂/∂Re - i ∂/∂Im, as JAX has it; a descent needs its conjugate"),
        (lambda z: z, "wrong", "gives neither ∂/∂Re + i ∂/∂Im nor its conjugate"),
        (lambda z: 2 * z * [1, -1], "wrong", "gives neither"),
        (lambda z: 2 * z.real + 0j, "wrong", "gives neither"),
    ],
    ids=["PyTorch", "JAX", "half", "one sign", "real parts alone"],
)
def test_the_convention_of_complex_gradients_is_told(factor, verdict, note):
    found = asked(modulus, factor)
    assert found.verdict == verdict
    assert any(note in text for text in found.notes), found.notes


def test_conventions_are_not_mixed():
    found = asked(modulus, lambda z: np.array([2 * z[0], 2 * z[1].conj()]))
    assert found.verdict == "wrong"


@pytest.mark.parametrize(
    ("kind", "f", "claim"),
    [
        ("vjp", lambda z: z**2, lambda z, c: 2 * z.conj() * c),
        ("jvp", lambda z: z**2, lambda z, v: 2 * z * v),
        ("hvp", modulus, lambda z, v: 2 * v),
    ],
    ids=["vjp", "jvp", "hvp"],
)
def test_complex_results_are_compared_in_every_check(kind, f, claim):
    assert asked(f, claim, kind).verdict == "correct"
    assert asked(f, lambda *given: 1.001 * claim(*given), kind).verdict == "wrong"


def test_matrices_of_complex_numbers_are_refused():
    for kind, f, claim in (("jacobian", lambda z: z**2, 2 * np.diag(Z)), ("hessian", modulus, 2 * np.eye(2))):
        with pytest.raises(InputError, match="expected real ones; check_vjp takes both"):
            asked(f, claim, kind)
