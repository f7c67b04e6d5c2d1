import math
import re

import numpy as np
import pytest
from case_ids import written_out
from fault_settings import SETTINGS, problems_of
from subjects import backprop, sums

from minibp import Network, Problem
from minibp.check.rounding.arithmetic import arithmetic_of_anyone
from minibp.check.rounding.whole_pass import bound
from minibp.check.subject.calling import call, name_of, repeats
from minibp.check.subject.claim import Claim

PROBLEM = problems_of(*SETTINGS[0], l2=0.0)[2]


def changed(**changes):
    def subject(weights, biases, x, y):
        nabla_w, nabla_b = backprop(weights, biases, x, y)
        for where, change in changes.items():
            kind = {"w": nabla_w, "b": nabla_b}[where]
            kind[1] = change(kind[1])
        return nabla_w, nabla_b

    return subject


def in_place(weights, biases, x, y):
    found = backprop(weights, biases, x, y)
    weights[1] -= 0.1
    return found


def test_a_well_mannered_subject_gives_its_numbers():
    result = call(backprop, PROBLEM)
    assert not result.findings
    assert [w.shape for w in result.gradient.nabla_w] == [w.shape for w in PROBLEM.network.weights]
    assert repeats(backprop, PROBLEM)[1:] == ((), None, (), False, False)
    assert name_of(backprop) == "backprop"


def test_sums_are_divided_by_the_number_of_examples():
    mean, whole = call(backprop, PROBLEM).gradient, call(sums, PROBLEM, Claim(reduction="sum")).gradient
    assert np.allclose(mean.nabla_w[0], whole.nabla_w[0], rtol=1e-14)


@pytest.mark.parametrize(
    ("subject", "message"),
    [
        pytest.param(lambda *_: 1 / 0, "raised ZeroDivisionError: division by zero", id="raises"),
        pytest.param(lambda *_: np.ones(2) @ np.ones(3), "raised ValueError: matmul", id="shapes that do not fit"),
        pytest.param(
            lambda *_: None, "returned NoneType, expected (nabla_w, nabla_b), one array a layer: 4 each", id="None"
        ),
        pytest.param(lambda *_: ([1], [2, 3]), "returned 2 sequences of [1, 2]", id="too few arrays"),
        pytest.param(
            changed(w=lambda w: w.T),
            "nabla_w of layer 3 has shape (5, 3), expected (3, 5): it is transposed",
            id="nabla_w transposed",
        ),
        pytest.param(
            changed(b=lambda b: b[:, None]),
            "has shape (3, 1), expected (3,): an axis of length 1 is too much (minibp.adapters.columns",
            id="nabla_b a column",
        ),
        pytest.param(changed(w=lambda w: w.astype(int)), "has dtype int64, expected float64", id="nabla_w of int64"),
    ],
)
def test_what_is_no_gradient_is_said_and_has_no_numbers(subject, message):
    problem = problems_of(*SETTINGS[0], l2=0.0)[2]
    if "transposed" in message or "shape" in message:
        problem = PROBLEM
    result = call(subject, problem)
    assert result.gradient is None
    assert message in result.findings[0].message


@pytest.mark.parametrize("axes", [False, True], ids=["no axes", "an axis"])
def test_one_number_for_all_biases_is_said_and_is_that_of_each(axes):
    result = call(changed(b=lambda b: b.sum(keepdims=axes)), PROBLEM)
    shape = "(1,)" if axes else "()"
    assert (
        f"nabla_b of layer 3 has shape {shape}, expected (3,): it is one number for all" in result.findings[0].message
    )
    assert result.gradient.nabla_b[1].shape == (3,)
    assert np.ptp(result.gradient.nabla_b[1]) == 0


def test_a_breach_of_the_contract_is_a_finding_and_the_numbers_go_on():
    for subject, message in (
        (in_place, "modified weights[1] in place"),
        (changed(w=lambda w: w.astype(np.float32)), "has dtype float32, expected float64, the dtype of the parameters"),
        (lambda weights, biases, x, y: (weights, biases), "nabla_w of layer 2 shares memory with weights[0]"),
    ):
        result = call(subject, PROBLEM)
        assert message in result.findings[0].message
        assert result.gradient is not None


def test_chance_is_found_out():
    rng = np.random.default_rng(0)
    (finding,) = repeats(changed(b=lambda b: b * rng.random()), PROBLEM).findings
    assert finding.message == "two calls with the same arguments give different nabla_b of layer 3"
    assert not repeats(lambda *_: None, PROBLEM).findings


def test_another_order_of_summation_is_granted_and_noted():
    rng = np.random.default_rng(0)

    def in_another_order(weights, biases, x, y):
        order = rng.permutation(len(x))
        return backprop(weights, biases, x[order], y[order])

    seen = [repeats(in_another_order, PROBLEM) for _ in range(20)]
    assert not any(one.findings for one in seen)
    notes = {note for one in seen for note in one.notes}
    assert notes
    assert all(note.startswith("two calls differ in the last digits, of nabla_") for note in notes)
    # Ten times what rounding explains is no longer the order of a sum.
    noise = 10 * float(bound(PROBLEM, arithmetic_of_anyone("float64")).gradient.nabla_b[1].max())
    assert repeats(changed(b=lambda b: b + noise * rng.random()), PROBLEM).findings


def test_more_digits_are_a_note_and_fewer_a_finding():
    problem = PROBLEM.astype("float32")
    wide = call(changed(w=lambda w: w.astype(np.float64)), problem)
    assert (wide.findings, wide.notes) == ((), ("subject returns float64 for parameters of float32",))
    assert call(changed(w=lambda w: w.astype(np.float32)), PROBLEM).findings


@pytest.mark.parametrize(
    ("raised", "overflows"),
    [
        (lambda: math.exp(1e4), True),
        (lambda: math.log(0.0), True),
        (lambda: 1 / 0.0, True),
        (lambda: int("x"), False),
        (lambda: {}[1], False),
    ],
    ids=["exp", "log of 0", "division", "another ValueError", "a key"],
)
def test_what_pythons_functions_raise_for_want_of_a_number_is_told_apart(raised, overflows):
    assert call(lambda *_: raised(), PROBLEM).has_overflowed == overflows


@pytest.mark.parametrize("error", [ValueError, IndexError, KeyError, ArithmeticError, SystemExit, GeneratorExit])
def test_what_is_raised_is_told_with_its_place_once(error):
    def subject(weights, biases, x, y):
        raise error("too far")

    (finding,) = call(subject, PROBLEM).findings
    shown = str(error("too far"))
    assert finding.message.startswith(f"raised {error.__name__}: {shown}, at ")
    assert re.search(r"test_calling\.py, line \d+: raise error\(\"too far\"\)$", finding.message)
    assert finding.message.count("test_calling.py") == finding.message.count(shown + ",") == 1


@pytest.mark.parametrize("sizes", [[2, 3], [3, 3, 3], [2, 1, 4], [1, 3, 2], [4, 1, 1]], ids=written_out)
def test_of_results_in_the_other_order_what_else_is_wrong_is_told(sizes):
    def subject(weights, biases, x, y):
        nabla_w, nabla_b = backprop(weights, biases, x, y)
        return [b[:, None] for b in nabla_b], nabla_w

    network = Network.random(sizes, rng=0)
    problem = Problem(network, "quadratic", np.ones((2, sizes[0])), np.zeros((2, sizes[-1])))
    result = call(subject, problem)
    assert result.gradient is None
    assert {one.tensor for one in result.findings} == {"nabla_b"}
    assert all("an axis of length 1 is too much" in one.message for one in result.findings)


@pytest.mark.parametrize("sizes", [[1, 1], [1, 1, 1], [1, 1, 2]], ids=written_out)
def test_shapes_that_fit_either_order_are_not_called_swapped(sizes):
    def columns(weights, biases, x, y):
        nabla_w, nabla_b = backprop(weights, biases, x, y)
        return [b[:, None] for b in nabla_b], nabla_w

    problem = Problem(Network.random(sizes, rng=0), "quadratic", np.ones((1, 1)), np.zeros((1, sizes[-1])))
    findings = call(columns, problem).findings
    mixed = call(lambda *given: [backprop(*given)[0]] * 2, PROBLEM).findings
    for found in (findings, mixed):
        assert found
        assert not any("(nabla_b, nabla_w)" in one.message for one in found)


def with_each(make):
    """The gradient with each array made into another."""

    def subject(weights, biases, x, y):
        return tuple([make(array) for array in kind] for kind in backprop(weights, biases, x, y))

    return subject


def test_tensors_are_read_as_they_are():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    for make in (torch.tensor, lambda array: torch.tensor(array, requires_grad=True) * 1):
        result = call(with_each(make), PROBLEM)
        assert result.findings == ()
        np.testing.assert_array_equal(result.gradient.nabla_w[0], call(backprop, PROBLEM).gradient.nabla_w[0])
    coarse = call(with_each(lambda array: torch.tensor(array).bfloat16()), PROBLEM)
    assert "returned numbers of dtype bfloat16, expected float64" in coarse.findings[0].message
    nowhere = call(with_each(lambda array: torch.tensor(array).to("meta")), PROBLEM)
    assert nowhere.gradient is None
    assert "on meta that NumPy cannot read" in nowhere.findings[0].message


def test_arrays_of_jax_are_read_and_are_of_double_precision():
    jnp = pytest.importorskip("jax.numpy", reason="JAX is not installed")
    result = call(with_each(jnp.asarray), PROBLEM)
    assert result.of_jax
    assert result.findings == ()
    assert not call(backprop, PROBLEM).of_jax
