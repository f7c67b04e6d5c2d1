"""The findings on what is off: which entries show it, under which name, of which result."""

import re

import numpy as np
import pytest

from minibp.check.grad.arguments import Arguments
from minibp.check.grad.claim import GradientClaim, MatrixClaim, TangentClaim
from minibp.check.grad.column import UNSTABLE, WRONG, Cell
from minibp.check.grad.engine import ROWS, Engine
from minibp.check.grad.findings import FINDINGS, SINGLE_SLOPES, Findings
from minibp.check.grad.function import Function
from minibp.check.report.symptoms import SYMPTOMS

X = np.array([0.5, -1.25, 2.0, 0.75, -0.3])
CLAIMS = {"jvp": TangentClaim, "hvp": TangentClaim, "jacobian": MatrixClaim}
ORACLES = ("complex_step", "finite_difference")


def found(f, claim, x, kind="grad", *, calls=20_000, ignored=False, oracles=ORACLES):
    """What is said of a claim, and the findings."""
    with np.errstate(all="ignore"):
        rng = np.random.default_rng(3)
        function = Function("f", f, Arguments(f, x, named=kind != "grad"), rng, scalar=kind == "grad")
        if kind in CLAIMS:
            claimed = CLAIMS[kind](kind, function, claim)
        else:
            claimed = GradientClaim(kind, function, claim, takes_cotangent=kind == "vjp")
        engine = Engine(function, claimed, rng, oracles=oracles, calls=calls)
        engine.run()
        findings = Findings(kind, kind, function, claimed, engine)
        cells = [cell for column in engine.columns for cell in column.cells()]
        return findings, findings.of([cell for cell in cells if cell.outcome in {WRONG, UNSTABLE}], ignored=ignored)


def off_at(*entries, by=1e-3):
    """The gradient of the sum of sin, of which some entries are off by different amounts."""

    def claim(x):
        gradient = np.cos(x)
        for number, entry in enumerate(entries):
            gradient[entry] *= 1 + by * (1 + number)
        return gradient

    return claim


def sum_of_sin(x):
    return np.sin(x).sum()


def test_an_entry_has_its_place_and_its_numbers():
    x = np.array([[0.7, -1.3], [2.1, 0.2]])
    _, (one,) = found(sum_of_sin, lambda x: np.cos(x) * (1 + (x == 2.1)), x)
    assert (one.equation, one.tensor, one.entry, one.subject) == ("(1)", "grad", (1, 0), "grad")
    assert one.got == pytest.approx(2 * np.cos(2.1))
    assert one.expected == pytest.approx(np.cos(2.1))
    assert (one.oracle, one.message) == ("complex_step", "")
    assert 0 < one.tolerance < 1e-12


def test_an_entry_of_a_structure_has_the_name_of_its_leaf():
    x = {"w": X[:2], "b": 0.5}
    _, (one,) = found(
        lambda p: np.sin(p["w"]).sum() * p["b"],
        lambda p: {"w": np.cos(p["w"]) * p["b"], "b": 2 * np.sin(p["w"]).sum()},
        x,
    )
    assert (one.tensor, one.entry) == ("grad['b']", ())
    _, (one,) = found(lambda a, b: np.sin(a).sum() * b, lambda a, b: (3 * np.cos(a) * b, np.sin(a).sum()), (X, 0.5))
    assert one.tensor == "grad[0]"
    assert (one.fault, one.constant) == ("scaled", pytest.approx(3))


def test_parts_of_complex_numbers_are_told_apart():
    def claim(z):
        return 2 * z.real + 1j * np.array([2, 3, 2]) * z.imag

    _, (one,) = found(lambda z: (np.abs(z) ** 2).sum(), claim, X[:3] + 1j)
    assert (one.tensor, one.entry) == ("grad.imag", (1,))


def test_what_has_no_name_is_shown_by_its_worst_entries_and_no_more():
    x = np.random.default_rng(1).uniform(0.2, 1, 20)
    shown = [*range(0, 8, 2), *range(8, 20)]
    _, findings = found(sum_of_sin, off_at(*shown), x)
    assert len(findings) == FINDINGS
    assert {one.fault for one in findings} == {None}
    excess = [abs(one.got - one.expected) / one.tolerance for one in findings]
    assert excess == sorted(excess, reverse=True)
    _, (one,) = found(sum_of_sin, off_at(3, 7, 11), x)
    assert (one.fault, one.entry) == ("rows_only", (11,))


def test_what_has_a_name_is_shown_once_for_each_argument():
    findings, made = found(
        lambda a, b: np.sin(a).sum() + np.exp(b).sum(), lambda a, b: (2 * np.cos(a), -np.exp(b)), (X, X)
    )
    assert {one.tensor: one.fault for one in made} == {"grad[0]": "scaled", "grad[1]": "sign_flipped"}
    assert sorted(f"{one.tensor}: {one.looks[0]}" for one in made) == sorted(findings.notes)


def test_more_arguments_than_findings_are_shown_by_the_worst():
    xs = tuple(X[:2] * (i + 1) for i in range(FINDINGS + 2))

    def f(*xs):
        return sum(np.sin(x).sum() for x in xs)

    findings, made = found(f, lambda *xs: tuple(-np.cos(x) for x in xs), xs)
    assert len(made) == FINDINGS
    assert len({one.tensor for one in made}) == FINDINGS
    assert len(findings.off) == FINDINGS + 2
    assert {one.fault for one in made} == {"sign_flipped"}


def test_two_gradients_that_have_changed_places_are_named_both():
    _, made = found(
        lambda a, b: (np.sin(a) * b).sum(), lambda a, b: (np.sin(a), b * np.cos(a)), (X, np.arange(1.0, 6)), "grad"
    )
    assert {one.fault for one in made} == {"arguments_swapped"}
    assert made[0].looks == (SYMPTOMS["arguments_swapped"].summary,)


@pytest.mark.parametrize("kind", ["vjp", "jvp", "jacobian"])
def test_of_an_array_the_result_and_the_argument_are_named(kind):
    wrong = np.ones((5, 5))
    wrong[3, 1] = 2
    jacobian = {
        "vjp": lambda x, c: ((np.ones((5, 5)) * np.cos(x)) * wrong).T @ c,
        "jvp": lambda x, v: ((np.ones((5, 5)) * np.cos(x)) * wrong) @ v,
        "jacobian": lambda x: (np.ones((5, 5)) * np.cos(x)) * wrong,
    }[kind]
    _, (one, *_) = found(lambda x: np.ones((5, 5)) @ np.sin(x), jacobian, X, kind)
    assert one.tensor == "∂out[3]/∂x[1]"
    assert one.entry is None
    assert one.message == "the derivatives by x, of which 1 is off"
    assert one.got == pytest.approx(2 * one.expected)


def test_of_several_results_each_has_its_name():
    _, (one,) = found(
        lambda x: {"a": np.sin(x), "b": np.exp(x.sum())},
        lambda x, c: np.cos(x) * c["a"] + 1.5 * np.exp(x.sum()) * c["b"],
        X,
        "vjp",
    )
    assert one.tensor.startswith("∂out['b']/∂x[")
    assert "of which 5 are off" in one.message


def test_of_many_results_the_one_that_is_off_is_named():
    x = np.random.default_rng(0).uniform(0.2, 1, ROWS + 1)
    _, (one, *_) = found(np.sin, lambda x, c: 2 * np.cos(x) * c, x, "vjp")
    assert re.fullmatch(r"∂out\[(\d+)\]/∂x\[\1\]", one.tensor)
    assert one.got == pytest.approx(2 * one.expected, rel=1e-9)
    assert one.fault == "scaled"


def test_where_no_half_of_a_sum_is_off_the_sum_is_named(monkeypatch):
    monkeypatch.setattr("minibp.check.grad.findings.single_result", lambda *_: None)
    x = np.random.default_rng(0).uniform(0.2, 1, ROWS + 1)
    _, (one, *_) = found(np.sin, lambda x, c: 2 * np.cos(x) * c, x, "vjp")
    assert one.tensor.startswith("∂(a sum of the results with random signs)/∂x[")


def test_where_directions_alone_were_looked_along_nothing_has_a_symptom():
    x = np.random.default_rng(0).uniform(0.2, 1, 300)
    findings, made = found(sum_of_sin, lambda x: 2 * np.cos(x), x, calls=10)
    assert made
    assert {one.fault for one in made} == {None}
    assert findings.notes == []


def test_a_slope_along_a_direction_is_named_so_where_no_entry_is_off():
    findings, _ = found(sum_of_sin, np.cos, X)
    wide = Cell(WRONG, 0, np.ones(5), 2.0, 1.0, 0.1, "finite_difference")
    (one,) = findings.of([wide], ignored=False)
    assert (one.tensor, one.entry, one.fault) == ("slope", None, None)
    entry = wide._replace(v=np.eye(5)[2], tolerance=0.5)
    (one,) = findings.of([wide, entry], ignored=False)
    assert (one.tensor, one.entry) == ("grad", (2,))


def test_a_claim_that_is_no_slope_beside_several_kinks_is_shown_along_a_direction():
    """|x + y| at 0: each entry of (1, -1) is a slope to one side, and both together are those of no place nearby."""
    _, made = found(lambda x: np.abs(x.sum()), lambda x: np.array([1.0, -1.0]), np.zeros(2))
    assert [one.tensor for one in made] == ["slope"]


def test_what_is_wrong_comes_before_what_is_unstable_and_the_worst_comes_first():
    findings, _ = found(sum_of_sin, np.cos, X)
    cells = [
        Cell(outcome, 0, np.eye(5)[k], 1 + excess, 1.0, 1.0, "jax")
        for k, (outcome, excess) in enumerate([(UNSTABLE, 90), (WRONG, 2), (WRONG, 5), (UNSTABLE, 99)])
    ]
    made = findings.of(cells, ignored=False)
    assert [one.entry for one in made] == [(2,), (1,), (3,), (0,)]


@pytest.mark.parametrize("ignored", [True, False])
def test_a_cotangent_that_is_not_used_has_that_name_where_it_is_known(ignored):
    _, made = found(np.sin, lambda x, c: np.cos(x) + 0 * c, X, "vjp", ignored=ignored)
    assert (made[0].fault == "cotangent_ignored") == ignored


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def slope(x):
    return sigmoid(x) * (1 - sigmoid(x))


@pytest.mark.parametrize(
    ("claim", "fault"),
    [
        (lambda x, c: c * slope(sigmoid(x)), "at_output"),
        (lambda x, c: c * x * (1 - x), "at_input"),
        (lambda x, c: c * np.cos(x**2), None),
    ],
    ids=["output", "input", "neither"],
)
def test_a_derivative_at_another_place_is_seen(claim, fault):
    _, made = found(sigmoid, claim, X, "vjp")
    assert made[0].fault == fault


def test_of_many_entries_the_slopes_at_the_value_are_not_computed():
    x = np.linspace(-2, 2, SINGLE_SLOPES + 1)
    at_output, at_input = lambda x, c: c * slope(sigmoid(x)), lambda x, c: c * x * (1 - x)
    assert found(sigmoid, at_output, x, "vjp")[1][0].fault is None
    assert found(sigmoid, at_input, x, "vjp")[1][0].fault == "at_input"


def test_columns_are_asked_nowhere_else():
    """A Jacobian-vector product has no rows at the value of f."""
    _, made = found(sigmoid, lambda x, v: v * x * (1 - x), X, "jvp")
    assert made[0].fault is None


def test_a_claim_that_breaks_down_at_the_value_has_no_symptom_by_it():
    calls = []

    def f(x):
        return x**2 + 3

    def claim(x, c):
        calls.append(x)
        return c * (np.cos(x) if x[0] < 3 else x.reshape(7, 9))

    _, made = found(f, claim, X, "vjp")
    assert any(x[0] >= 3 for x in calls)
    assert made[0].fault is None


def test_entries_that_were_not_told_take_part_in_no_symptom():
    """Differences alone do not tell the entry at the kink: all others are twice the slope."""

    def f(x):
        return np.abs(x).sum()

    x = np.array([0.5, 0.0, -2.0, 1.0])
    _, (one,) = found(f, lambda x: 2 * np.sign(x), x, oracles=("finite_difference",))
    assert (one.fault, one.constant) == ("scaled", pytest.approx(2, abs=1e-6))
