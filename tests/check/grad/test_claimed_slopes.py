import numpy as np
import pytest
from grad_programs import claim_of, function_at, unit
from hypothesis import given
from hypothesis import strategies as st

from minibp.check.grad.claimed_slopes import MEASURED, ClaimedSlopes, along, total
from minibp.check.grad.column import RIGHT, UNRESOLVED
from minibp.check.grad.differences import slopes
from minibp.check.grad.projected import TAIL, Projected

X = np.array([0.7, -1.3, 2.1])
U = 2.0**-53
SEEDS = st.integers(0, 2**32 - 1)


def claimed(f, claim, x=X, kind="grad", rows=None, seed=3):
    with np.errstate(all="ignore"):
        function = function_at(f, x, seed)
        signs = None if rows is None else np.random.default_rng(seed).choice([-1.0, 1.0], (rows, len(function)))
        return ClaimedSlopes(claim_of(kind, function, claim), Projected(function, signs))


def sines(x):
    return np.sin(x).sum()


def followed_by_no_bound(function):
    """The same numbers by plain floats, so that no bound of their rounding is derived."""
    return lambda x: np.array([float(value) for value in function(np.array([float(one) for one in x]))])


def cancelled(x):
    """e^x that has lost ten of its digits."""
    return np.exp(x) * 1e10 - np.exp(x) * (1e10 - 1)


def test_rows_are_those_that_are_claimed():
    assert claimed(sines, np.cos).rows.tolist() == [np.cos(X).tolist()]
    assert claimed(np.sin, lambda x, c: c * np.cos(x), kind="vjp").rows.tolist() == np.diag(np.cos(X)).tolist()
    assert claimed(np.sin, lambda x: np.diag(np.cos(x)), kind="jacobian").rows.tolist() == np.diag(np.cos(X)).tolist()
    assert claimed(np.sin, lambda x, v: v * np.cos(x), kind="jvp").rows is None


@given(SEEDS)
def test_rows_of_combinations_are_combinations_of_rows(seed):
    found = claimed(np.sin, lambda x, c: c * np.cos(x), kind="vjp", rows=2, seed=seed)
    assert found.rows == pytest.approx(found.seen.cotangents() * np.cos(X))


@pytest.mark.parametrize(
    ("f", "claim", "kind", "largest"),
    [
        pytest.param(sines, lambda x: -3 * x, "grad", 6.3, id="grad"),
        pytest.param(sines, np.array([1.0, np.nan, -2.0]), "grad", 2.0, id="nan"),
        pytest.param(np.sin, lambda x, v: v * np.cos(x), "jvp", 0.0, id="columns"),
    ],
)
def test_the_largest_slope_is_that_of_one_entry(f, claim, kind, largest):
    assert claimed(f, claim, kind=kind).largest == pytest.approx(largest)


@given(SEEDS, st.integers(-100, 100))
def test_a_slope_along_a_direction_is_a_product_within_its_last_digits(seed, power):
    v = np.random.default_rng(seed).standard_normal(3) * 2.0**power
    exact = np.cos(np.longdouble(X)) * np.longdouble(v)
    for kind, f, claim in (
        ("grad", sines, np.cos),
        ("jacobian", sines, np.cos),
        ("jvp", np.sin, lambda x, v: v * np.cos(x)),
    ):
        found = claimed(f, claim, kind=kind).column(v, 2.0**power)
        slope, size = (exact, np.abs(exact)) if kind == "jvp" else (exact.sum(), np.abs(exact).sum())
        assert (np.abs(found.got - slope) <= found.quiet).all()
        assert (found.quiet <= 2000 * U * size).all()
        assert found.base == 2.0**power
        assert found.allowed.tolist() == found.quiet.tolist()


def test_entries_that_do_not_move_have_no_say():
    found = claimed(sines, np.array([1.0, np.inf, np.nan]))
    assert found.column(unit(0, 3), 1.0).got.tolist() == [1.0]
    assert found.column(unit(2, 3), 1.0).outcome.tolist() == [RIGHT]  # of NaN the contract speaks
    assert found.column(unit(0, 3), 1.0).outcome.tolist() == [UNRESOLVED]


def test_single_precision_is_granted_its_own_last_digits():
    single = claimed(sines, lambda x: np.cos(x).astype(np.float32))
    double = claimed(sines, np.cos)
    ratio = single.column(unit(0, 3), 1.0).quiet / double.column(unit(0, 3), 1.0).quiet
    assert ratio[0] == pytest.approx(2.0**29, rel=1e-6)


@pytest.mark.parametrize("derived", [True, False], ids=["derived", "measured"])
def test_what_is_lost_in_rounding_is_granted(derived):
    claim = cancelled if derived else followed_by_no_bound(cancelled)
    found = claimed(lambda x: np.exp(x).sum(), claim)
    assert bool(found.derived) is derived
    for k in range(3):
        column = found.column(unit(k, 3), 1.0)
        error = abs(column.got[0] - np.exp(np.longdouble(X[k])))
        assert column.quiet[0] < error
        found.measure(column)
        column.sides = slopes(found.seen, column.v, column.base, 1.0)
        found.measure(column, widely=True)
        assert error <= column.allowed[0] <= 1e-3 * np.exp(X[k])
        assert column.quiet[0] < error  # as before


def test_a_bound_is_derived_once_and_no_calls_measure_it():
    found = claimed(lambda x: np.exp(x).sum(), cancelled)
    before = found.claim.calls
    for k in range(3):
        found.measure(found.column(unit(k, 3), 1.0), widely=True)
    assert found.claim.calls == before


def test_noise_is_measured_once_on_either_scale():
    found = claimed(lambda x: np.exp(x).sum(), followed_by_no_bound(cancelled))
    calls = [found.claim.calls]
    for widely in (False, False, True, True):
        found.measure(found.column(unit(0, 3), 1.0), widely=widely)
        calls.append(found.claim.calls)
    first, again, wide, last = np.diff(calls)
    assert first > 0
    assert again == 0
    assert wide > 0
    assert last == 0


def test_the_wide_scale_is_that_of_the_steps_that_tell_the_slope():
    """1e5 + noise of 1e-8 that is the same at points closer than 1e-10: only steps beyond that show it."""
    rough = followed_by_no_bound(lambda x: np.cos(np.round(x, 9)) + 1e-8 * np.sin(1e9 * np.round(x, 9)))
    found = claimed(sines, rough)
    column = found.column(unit(0, 3), 0.7)
    found.measure(column)
    assert column.allowed[0] < 1e-9
    column.sides = slopes(found.seen, column.v, column.base, 1.0)
    found.measure(column, widely=True)
    assert 1e-9 < column.allowed[0] < 1e-6


def test_of_results_without_number_a_few_are_measured():
    m = MEASURED + 20
    found = claimed(lambda x: np.sin(x[0]) * np.ones(m), lambda x, c: np.array([c.sum() * np.cos(float(x[0])), 0, 0]),
                    kind="vjp")  # fmt: skip
    found.measure(found.column(unit(0, 3), 1.0))
    assert sorted(found.noises) == list(range(MEASURED))


def test_what_is_settled_is_not_measured():
    found = claimed(np.sin, lambda x, c: c * followed_by_no_bound(np.cos)(x), kind="vjp")
    column = found.column(unit(0, 3), 1.0)
    column.outcome[:] = RIGHT, UNRESOLVED, RIGHT
    found.measure(column)
    assert list(found.noises) == [1]


@pytest.mark.parametrize(
    ("claim", "silent"),
    [
        pytest.param(lambda x: np.cos(X), True, id="the same at all points"),
        pytest.param(lambda x: np.round(np.cos(X), 6), True, id="rounded"),
        pytest.param(np.cos(X), False, id="numbers"),
        pytest.param(np.cos, False, id="derived"),
        pytest.param(followed_by_no_bound(cancelled), False, id="measured"),
    ],
)
def test_a_claim_that_never_changes_shows_no_rounding(claim, silent):
    found = claimed(sines, claim)
    assert not found.is_silent(0)  # until it is looked at
    found.measure(found.column(unit(0, 3), 1.0))
    assert found.is_silent(0) is silent


def test_columns_have_noise_of_their_own():
    found = claimed(np.exp, lambda x, v: v * cancelled(x), kind="jvp")
    column = found.column(unit(1, 3), 1.3)
    error = np.abs(column.got - np.exp(np.longdouble(X)) * unit(1, 3))
    found.measure(column)
    assert (error <= column.allowed).all()
    assert column.quiet[1] < error[1]
    assert column.allowed[1] <= 1e-3 * np.exp(X[1])
    assert column.allowed[0] == column.quiet[0]


def test_at_the_origin_no_size_is_known_and_no_noise():
    found = claimed(lambda x: x * 2, lambda x, v: 2 * v, x=np.zeros(3), kind="jvp")
    column = found.column(unit(0, 3), 1.0)
    found.measure(column)
    assert column.allowed.tolist() == column.quiet.tolist()


def test_the_error_of_a_sum_is_that_of_random_signs():
    each = np.random.default_rng(0).uniform(0, 1, (4, 200))
    bound = total(each)
    signs = np.random.default_rng(1).choice([-1.0, 1.0], (5000, 200))
    assert (np.abs(signs @ each.T) <= bound).all()
    assert bound == pytest.approx(TAIL * np.sqrt((each**2).sum(1)))
    assert total(each[:, :1]).tolist() == each[:, 0].tolist()


@given(SEEDS)
def test_noise_along_a_direction_is_that_of_the_entries_that_move(seed):
    rng = np.random.default_rng(seed)
    noise, v = rng.uniform(0, 1, 6), rng.choice([0.0, 1.0, -2.0], 6, p=[0.2, 0.4, 0.4])
    v[0] = 3.0
    moves = np.flatnonzero(v)
    still = np.where(v != 0, noise, np.inf)
    assert along(still, moves, v[moves]) == along(noise, moves, v[moves])
    assert along(noise, moves, v[moves]) >= np.sqrt(((noise * v) ** 2).sum()) * (1 - 1e-12)
    assert along(noise, np.array([2]), np.array([-3.0])) == 3 * noise[2]
