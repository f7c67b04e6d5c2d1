import numpy as np
import pytest
from case_ids import written_out

from minibp import InputError
from minibp.check.grad.checks import ask
from minibp.check.grad.conclusion import REASONS, SUMMED
from minibp.check.grad.question import question_of

X = np.array([0.7, -1.3, 2.1])


def asked(f, claim, x=X, kind="grad", seed=1, **given):
    return ask(question_of(kind, f, claim, **given), x, seed)


def sines(x):
    return np.sin(x).sum()


def test_an_outcome_is_what_one_point_gave():
    found = asked(sines, np.cos)
    assert (found.verdict, found.findings, found.skipped, found.entries) == ("correct", (), {}, 3)
    assert found.calls > 0
    assert "all 3 entries were checked" in found.notes
    assert set(found.statistics) == {found.subject} == {"cos"}


@pytest.mark.parametrize(
    ("kind", "f", "claim", "entries"),
    [
        ("grad", sines, np.cos, 3),
        ("vjp", np.sin, lambda x, c: c * np.cos(x), 9),
        ("jvp", np.sin, lambda x, v: v * np.cos(x), 9),
        ("jacobian", np.sin, lambda x: np.diag(np.cos(x)), 9),
        ("jacobian", sines, np.cos, 3),
        ("hessian", sines, lambda x: -np.diag(np.sin(x)), 9),
        ("hvp", sines, lambda x, v: -np.sin(x) * v, 9),
    ],
    ids=["grad", "vjp", "jvp", "jacobian", "jacobian of one result", "hessian", "hvp"],
)
def test_entries_are_those_of_the_jacobian(kind, f, claim, entries):
    found = asked(f, claim, kind=kind)
    assert (found.verdict, found.entries) == ("correct", entries)


# -- names


def named_like_f(x):
    return np.cos(x)


named_like_f.__name__ = "sines"


@pytest.mark.parametrize(
    ("claim", "name"),
    [
        pytest.param(np.cos, "cos", id="of its own"),
        pytest.param(lambda x: np.cos(x), "<lambda>", id="lambda"),  # noqa: PLW0108
        pytest.param(named_like_f, "grad", id="that of f"),
        pytest.param(np.cos(X), "grad", id="array"),
        pytest.param(type("Gradient", (), {"__call__": lambda self, x: np.cos(x)})(), "grad", id="object"),
    ],
)
def test_a_claim_has_a_name_that_is_not_that_of_f(claim, name):
    assert asked(sines, claim).subject == name


def test_of_two_lambdas_the_claim_is_one():
    assert asked(lambda x: np.sin(x).sum(), lambda x: np.cos(x)).subject == "<lambda>"  # noqa: PLW0108


def test_what_is_said_of_f_is_not_said_of_its_gradient():
    """jax.grad, say, keeps the name of the function."""
    of_f = asked(lambda x: np.nan, named_like_f)
    assert (of_f.verdict, of_f.findings[0].subject, of_f.findings[0].tensor) == ("undecided", "f", "grad")
    of_grad = asked(sines, lambda x: np.cos(x) * np.nan)
    assert (of_grad.verdict, of_grad.findings[0].subject) == ("wrong", "<lambda>")


# -- misuse


@pytest.mark.parametrize("f", [3, None, "f"])
def test_f_has_to_be_a_function(f):
    with pytest.raises(InputError, match=f"f is a {type(f).__name__}, expected a function"):
        asked(f, np.cos)


@pytest.mark.parametrize("kind", ["vjp", "jvp", "hvp"])
@pytest.mark.parametrize("claim", [None, "vjp", 3, pytest.param(np.cos(X), id="array")])
def test_a_product_has_to_be_a_function(kind, claim):
    with pytest.raises(InputError, match=rf"^{kind} is a \S+, expected a function$"):
        asked(np.sin if kind != "hvp" else sines, claim, kind=kind)


@pytest.mark.parametrize(
    ("kind", "x", "claim", "message"),
    [
        pytest.param("grad", X, {1.0}, r"grad is a set, expected a function or an array of shape \(3,\)", id="set"),
        pytest.param("jacobian", X, None, "jacobian is a NoneType, expected a function or a matrix", id="jacobian"),
        pytest.param("hessian", X, "H", "hessian is a str, expected a function or a matrix", id="hessian"),
        pytest.param(
            "grad", (X, 1.0), (None, 1.0), r"grad\[0\] is a NoneType, .* tuple of arrays of shapes \[\(3,\), \(\)\]",
            id="one of two",
        ),
        pytest.param("grad", X, np.array([None] * 3), "grad has dtype object, expected a function", id="objects"),
    ],
)  # fmt: skip
def test_numbers_that_are_none_are_misuse(kind, x, claim, message):
    with pytest.raises(InputError, match=message):
        asked(lambda *x: np.sin(x[0]).sum(), claim, x, kind)


def test_an_error_of_the_users_is_the_cause_of_the_misuse():
    def breaks(x):
        raise KeyError("w")

    for f, grad in ((breaks, np.cos), (sines, breaks)):
        with pytest.raises(InputError) as caught:
            asked(f, grad)
        assert isinstance(caught.value.__cause__, KeyError)


# -- f that is not the same


class Counting:
    def __init__(self, change):
        self.calls, self.change = 0, change

    def __call__(self, x):
        self.calls += 1
        return np.sin(x).sum() + self.change(self.calls)


@pytest.mark.parametrize(
    "change",
    [lambda n: 1e-9 * (n > 1), lambda n: 1e-9 * n, lambda n: 1e-6 * (n % 9 == 0)],
    ids=["second", "adds", "now and then"],
)
def test_a_function_that_changes_is_undecided_and_nothing_else_is_said(change):
    found = asked(Counting(change), lambda x: 3 * np.cos(x))
    [finding] = found.findings
    assert (found.verdict, finding.subject, finding.equation) == ("undecided", "f", None)
    assert "expected the same number" in finding.message
    assert finding.message in found.notes
    assert found.statistics == {}


# -- verdicts


def steps(x):
    return np.round(np.sin(x).sum(), 4)


def jumps(x):
    return np.sin(x).sum() + (x[0] >= X[0])


def lost(x):
    return float(1e9 + 1e3 * np.sin(1e15 * x).sum())


@pytest.mark.parametrize(
    ("f", "grad", "reason"),
    [
        (lost, np.ones_like, "the slope is lost in the rounding of f"),
        (
            lambda x: jumps(x[:1]),
            lambda x: np.cos(x) * [1, 0, 0],
            "f jumps at the point, and has no slope there; move x",
        ),
        (steps, np.cos, "f has steps near the point; see accuracy="),
    ],
    ids=["lost", "jump", "steps"],
)
def test_what_cannot_be_decided_has_its_reason_first(f, grad, reason):
    x = X[:1] if reason.startswith("f jumps") else X
    found = asked(f, (lambda x: np.cos(x)) if reason.startswith("f jumps") else grad, x)  # noqa: PLW0108
    assert found.verdict == "undecided", found
    assert found.notes[0].startswith(reason)
    assert sum(found.skipped.values()) == len(x)
    assert set(found.skipped) <= set(REASONS.values())


def test_where_most_entries_are_told_the_others_are_counted():
    found = asked(jumps, np.cos)
    assert (found.verdict, found.skipped) == ("correct", {REASONS["jump"]: 1})
    assert asked(jumps, lambda x: np.cos(x) + np.array([0, 0, 1e-2])).verdict == "wrong"


def test_what_f_is_good_for_lets_slopes_be_told_across_its_steps():
    assert asked(steps, np.cos, accuracy=1e-4).verdict == "correct"
    assert asked(steps, lambda x: 1.1 * np.cos(x), accuracy=1e-4).verdict == "wrong"


def test_a_slope_of_zero_that_nothing_resolves_is_not_enough():
    """Beside lost ones a slope that is 0, and told to be, does not make the whole correct."""
    assert asked(lambda x: lost(x[:1]), lambda x: np.array([1.0, 0, 0])).verdict == "undecided"


def test_a_breach_beside_an_unstable_entry_is_wrong():
    def grad(x):
        return (1 - np.tanh(x) ** 2) * np.array([1, np.nan, 1])

    assert asked(lambda x: np.tanh(x).sum(), grad, np.array([18.0, 0.5, 0.1])).verdict == "wrong"


def test_of_many_entries_slopes_that_are_not_told_are_noted():
    x = np.linspace(0.5, 2, 30)
    found = asked(lost, np.ones_like, x, calls=30)
    assert found.verdict == "undecided"
    assert any(note.endswith(f"slopes are {REASONS['unresolved']}") for note in found.notes), found.notes
    assert set(found.skipped) == {SUMMED}


@pytest.mark.parametrize("value", [1.0, -1.0, 0.0, float("inf"), float("nan")], ids=written_out)
def test_the_value_beside_a_gradient_has_to_be_that_of_f(value):
    found = asked(lambda x: 1 + 0 * x.sum(), lambda x: (value, 0 * x))
    assert found.verdict == ("correct" if value == 1.0 else "wrong")
    assert all(finding.tensor == "value" for finding in found.findings)


@pytest.mark.parametrize(
    ("kind", "f", "claim", "said"),
    [
        ("grad", sines, np.cos, "the rounding error of cos is derived; that of f is measured: f is known to within"),
        (
            "grad",
            sines,
            np.cos(X),
            "the tolerance is measured: f is known to within .*, the rounding of grad is left to",
        ),
        ("grad", sines, lambda x: np.array([np.cos(t) for t in x.tolist()]), "is what it differs by between points"),
        ("jvp", np.sin, lambda x, v: np.cos(x) * v, "the rounding of <lambda> is left to the oracles"),
    ],
    ids=["derived", "constant", "measured", "columns"],
)
def test_the_notes_say_where_the_tolerance_comes_from(kind, f, claim, said):
    found = asked(f, claim, kind=kind)
    assert any(said.split(".*")[0] in note and said.split(".*")[-1] in note for note in found.notes), found.notes


def test_integers_beside_floats_are_differentiated_by_where_that_is_claimed():
    def f(x, k):
        return (np.asarray(x) ** 2).sum() * np.asarray(k).sum()

    at = X, np.array([2, 3])
    assert asked(f, lambda x, k: (2 * x * k.sum(), np.full(2, (x**2).sum())), at).entries == 5
    for passed_on in (lambda x, k: (2 * x * k.sum(), None), lambda x, k: (2 * x * k.sum(),)):
        found = asked(f, passed_on, at)
        assert (found.verdict, found.entries) == ("correct", 3)
    assert asked(f, lambda x, k: (2 * x * k.sum(), np.full(2, 7.0)), at).verdict == "wrong"
    with pytest.raises(InputError, match="<lambda> raised IndexError"):
        asked(f, lambda x, k: (x[k + 9], None), at)


def test_stale_state_is_all_that_is_said():
    seen = {}

    def f(x):
        seen["x"] = x
        return np.tanh(x)

    found = asked(f, lambda x, c: c * (1 - np.tanh(seen["x"]) ** 2), kind="vjp")
    assert [finding.fault for finding in found.findings] == ["stale_state"]
    assert found.verdict == "wrong"
