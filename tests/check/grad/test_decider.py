import numpy as np
import pytest
from grad_kinds import report
from grad_programs import judged, outcome, sines, told_another_slope

from minibp.check.grad.column import DIFFERENCES, DISPUTED, OUTCOMES, SMALL
from minibp.check.grad.decider import CLEARLY, ESTIMATED

X = np.array([0.7, -1.3, 2.1])
STEP, BOTH, ALONE = ("complex_step",), ("complex_step", DIFFERENCES), (DIFFERENCES,)


@pytest.mark.parametrize("off", [1e-9, 1e-6])
def test_the_last_digits_of_the_largest_slope_are_no_excuse(off):
    """An error of ten units in the last place of the slope of 1e6 beside it."""
    assert outcome(lambda x: 1e6 * x[0] + x[1] ** 2, np.array([1e6, 2.6 + off]), np.array([1, 1.3]), k=1) == "wrong"


@pytest.mark.parametrize("n", [1, 2])
def test_at_0_alone_nothing_varies_where_x_is_rounded(n):
    """No entry has a rounding there."""

    def claim(x):
        return (np.full(x.shape, 1 / 3) + 1e9 + x) - 1e9

    found = report(lambda x: (x / 3).sum(), claim, np.zeros(n))
    assert found.verdict == "unstable", str(found)


@pytest.mark.parametrize(
    ("off", "expected"),
    [
        pytest.param(1e-13, "silent", id="last digits of a long chain"),
        pytest.param(1e-11, "doubtful", id="less than differences resolve"),
        pytest.param(1e-9, "doubtful", id="less than half of the digits"),
        pytest.param(1e-7, "wrong", id="more than half of the digits"),
    ],
)
def test_a_claim_that_never_changes_is_off_without_a_word_on_its_rounding(off, expected):
    """Where f solves equations, which may amplify it: 16 · 256 u are 4.5e-13, and half of the digits 1.05e-8."""
    claim = np.cos(X) * (1 + off)

    def solved(x):
        return sines(np.linalg.solve(np.eye(3), x))

    for oracles in (BOTH, STEP):
        assert outcome(solved, lambda x: claim, X, oracles=oracles) == expected
        assert outcome(sines, lambda x: claim, X, oracles=oracles) == "wrong"
    assert outcome(sines, claim, X) == "wrong"  # numbers are no function
    assert outcome(sines, lambda x: np.cos(x) * (1 + off), X) == "wrong"


def test_a_claim_that_an_oracle_agrees_with_against_differences_is_disputed():
    """Either may be at fault: an oracle that cannot follow f, or rounding in f that swallows what is claimed."""
    judge, column = judged(told_another_slope, lambda x: 0 * x + 3, X, differences=True)
    assert column.outcome.tolist() == [DISPUTED]
    assert list(judge.oracles.open) == ["complex_step"]
    assert judge.oracles.notes == []
    assert judge.confirmed == 0


def test_a_slope_that_is_small_beside_others_is_said_to_be():
    found = judged(
        lambda x: 1e6 * x[0] + 1e-9 * np.sin(x[1]), lambda x: np.array([1e6, 1e-9 * np.cos(x[1])]), X[:2], k=1,
        oracles=ALONE,
    )[1]  # fmt: skip
    assert found.outcome.tolist() == [SMALL]
    assert abs(found.got[0]) < found.tolerance[0] < 1e6


@pytest.mark.parametrize(
    ("at", "slope", "expected"),
    [(1.0, 1e-13, "small"), (1.0, 1e-7, "wrong"), (0.0, 1e-13, "wrong"), (0.0, 1e-7, "wrong")],
)
def test_a_claim_of_0_is_small_where_f_shows_nothing_of_the_slope(at, slope, expected):
    """The slope times the size of x is below the spacing of 1e6, or above, or there is no such term in the result."""

    def f(x):
        return np.array([1e6 * x[0], 1e6 * at * x[0] + slope * (x[1] - 1.3)])

    claim = np.array([[1e6, 0.0], [1e6 * at, 0.0]])
    _, column = judged(f, claim, np.array([1.0, 1.3]), k=1, kind="jacobian")
    assert [OUTCOMES[found] for found in column.outcome] == ["right", expected]


# -- what is off by little


@pytest.mark.parametrize(
    ("oracles", "off", "expected"),
    [
        pytest.param(STEP, 1e-9, "wrong", id="told closely"),
        pytest.param(ALONE, 5e-9, "doubtful", id="digits that differences do not tell"),
        pytest.param(ALONE, 1e-6, "wrong", id="digits that they do"),
    ],
)
def test_differences_are_taken_at_their_word_for_half_of_the_digits(oracles, off, expected):
    assert outcome(sines, lambda x: np.cos(x) * (1 + off), X, oracles=oracles) == expected


@pytest.mark.parametrize(("tolerances", "expected"), [(1.5, "doubtful"), (2 * CLEARLY, "wrong")], ids=["few", "many"])
def test_of_tolerances_that_are_measured_few_are_doubtful(tolerances, expected):
    """f has lost ten of its digits, and differences with it."""

    def f(x):
        return ((np.sin(x) + 1e10) - 1e10).sum()

    _, right = judged(f, np.cos, X[:1], oracles=ALONE)
    tolerance = float(right.tolerance[0])
    assert tolerance > ESTIMATED * 256 * 2.0**-53 * abs(right.expected[0])
    off = tolerances * tolerance
    assert outcome(f, lambda x: right.expected[0] + off + 0 * x, X[:1], oracles=ALONE) == expected


@pytest.mark.parametrize(
    ("at", "off", "expected"),
    [
        pytest.param(1e-7, 2e-12, "silent", id="within the rounding of the other"),
        pytest.param(1e-7, 2e-8, "wrong", id="half of the digits"),
        pytest.param(1e-1, 2e-12, "wrong", id="beyond the rounding of the other"),
    ],
)
def test_a_slope_beside_larger_ones_may_have_their_rounding(at, off, expected):
    def f(x):
        return x[0] + at * np.sin(x[1])

    def claim(x):
        return np.array([1.0, at * np.cos(float(x[1])) * (1 + off)])

    assert outcome(f, claim, np.array([0.7, 0.4]), k=1, oracles=STEP) == expected
    assert outcome(f, claim(np.array([0.7, 0.4])), np.array([0.7, 0.4]), k=1, oracles=STEP) == "wrong"


@pytest.mark.parametrize(("off", "expected"), [(2.0**-54, "silent"), (2.0**-51, "wrong")])
def test_within_an_array_rounding_is_that_of_its_largest_slope(off, expected):
    """The larger entry moves f by little, since it is small itself."""

    def f(x):
        return x[0] + 1e-5 * np.sin(x[1])

    def claim(x):
        return np.array([1.0, 1e-5 * np.cos(float(x[1])) + off])

    assert outcome(f, claim, np.array([1e-4, 0.4]), k=1, oracles=STEP) == expected
