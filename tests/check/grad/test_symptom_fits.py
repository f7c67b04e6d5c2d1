import numpy as np
import pytest

from minibp.check.grad.symptom_fits import Block, swapped, symptom_of
from minibp.check.report.symptoms import SYMPTOMS

SEEDS = range(8)
ELSEWHERE = {"coarser_arithmetic", "cotangent_ignored", "arguments_swapped", "at_output", "at_input", "stale_state"}
"""The symptoms that one Jacobian alone does not show: see the tests below, and those of `symptoms`."""


def block(got, expected, x, out=()):
    """A block of Jacobians, of all that x moves."""
    got, expected = np.asarray(got, float), np.asarray(expected, float)
    tolerance = 1e-13 * (1 + np.abs(expected))
    return Block(got, expected, tolerance, x.ravel(), x.shape, out)


def away_from_zero(rng, *shape):
    return rng.choice([-1.0, 1.0], shape) * rng.uniform(0.3, 2, shape)


def dense(rng, x, rows=6):
    """A Jacobian without any structure."""
    return away_from_zero(rng, rows, x.size)


def of_gradient(model):
    """A symptom of a scalar's gradient, which is what a model makes of the slopes and x."""

    def made(rng):
        x = away_from_zero(rng, 2, 4)
        expected = dense(rng, x, 1)
        return block(model(expected, x.ravel()), expected, x)

    return made


def of_jacobian(model):
    """A symptom of the Jacobian of an array by an array of shape (2, 4)."""

    def made(rng):
        x = away_from_zero(rng, 2, 4)
        expected = dense(rng, x)
        return block(model(expected), expected, x, (6,))

    return made


def of_square(model):
    """A symptom of the Jacobian by a square matrix."""

    def made(rng):
        x = away_from_zero(rng, 3, 3)
        expected = dense(rng, x)
        return block(model(expected.reshape(6, 3, 3)).reshape(6, 9), expected, x, (6,))

    return made


def averaged(rng):
    x = away_from_zero(rng, 5)
    expected = dense(rng, x)
    return block(expected / 5, expected, x, (6,))


def not_averaged(rng):
    x = away_from_zero(rng, 5)
    expected = dense(rng, x)
    return block(expected * 5, expected, x, (6,))


def broadcast(rng):
    """An offset of 3 columns, added to each of 4 rows, of which the gradient sees the first alone."""
    expected = np.tile(np.diag(away_from_zero(rng, 3)), (4, 1))
    got = expected.copy()
    got[3:] = 0
    return block(got, expected, away_from_zero(rng, 3), (4, 3))


def broadcast_over_two_axes(rng):
    """An offset of 3 channels, added at 2 examples by 4 places, of which the gradient sees the first place alone."""
    slopes = away_from_zero(rng, 3)
    expected = np.zeros((2, 3, 4, 3))
    for channel, slope in enumerate(slopes):
        expected[:, channel, :, channel] = slope
    got = expected.copy()
    got[:, :, 1:] = 0
    return block(got.reshape(24, 3), expected.reshape(24, 3), away_from_zero(rng, 3), (2, 3, 4))


def last_write(rng):
    """Rows of a table of 4 by 2, looked up twice or more at 7 places, by the last place alone."""
    ids = rng.permutation([1, 0, 1, 3, 1, 3, 2])
    expected = np.kron(np.eye(4)[ids], np.eye(2))
    got = expected.copy()
    for place, i in enumerate(ids):
        if i in ids[place + 1 :]:
            got[2 * place : 2 * place + 2] = 0
    return block(got, expected, away_from_zero(rng, 4, 2), (7, 2))


def diagonal(rng, more=0.0):
    x = away_from_zero(rng, 5)
    expected = dense(rng, x, 5)
    return block((expected + more) * np.eye(5), expected, x, (5,))


def triangle(rng):
    x = away_from_zero(rng, 5)
    expected = dense(rng, x, 5)
    return block(np.triu(expected + expected.T), expected + expected.T, x, (5,))


def held(rng, *, mean=0, deviation=0):
    """The norm along the rows of 3 examples of 5 numbers, whose mean or whose deviation is held."""
    x = away_from_zero(rng, 3, 5)
    expected, got = np.zeros((15, 15)), np.zeros((15, 15))
    for i, row in enumerate(x):
        unit = (row - row.mean()) / row.std()
        part = np.s_[5 * i : 5 * i + 5]
        rest = np.outer(unit, unit) / 5
        expected[part, part] = (np.eye(5) - 0.2 - rest) / row.std()
        got[part, part] = (np.eye(5) - 0.2 * mean - rest * deviation) / row.std()
    return block(got, expected, x, (3, 5))


def rows(rng):
    x = away_from_zero(rng, 5, 2)
    expected = dense(rng, x)
    got = expected.copy()
    got[:, [0, 1, 6, 7]] = away_from_zero(rng, 6, 4) * 7
    return block(got, expected, x, (6,))


SUBJECTS = {
    "cotangent_summed": of_jacobian(lambda e: np.tile(e.sum(0), (6, 1))),
    "zero": of_jacobian(lambda e: 0 * e),
    "sign_flipped": of_jacobian(lambda e: -e),
    "mean_for_sum": averaged,
    "not_averaged": not_averaged,
    "scaled": of_jacobian(lambda e: 0.37 * e),
    "shifted": of_gradient(lambda e, x: e + 0.75),
    "decay_added": of_gradient(lambda e, x: e + 0.75 * x),
    "penalty_missing": of_gradient(lambda e, x: e - 0.75 * x),
    "transposed": of_square(lambda e: e.swapaxes(1, 2)),
    "broadcast_not_summed": broadcast,
    "repeated_index_overwritten": last_write,
    "diagonal_only": diagonal,
    "statistics_held_constant": held,
    "times_x": of_gradient(lambda e, x: e * x),
    "divided_by_x": of_gradient(lambda e, x: e / x),
    "one_triangle": triangle,
    "symmetrised": of_square(lambda e: (e + e.swapaxes(1, 2)) / 2),
    "rows_only": rows,
}
"""What makes a block with each symptom, from a random generator."""
VARIANTS = {
    "a diagonal of its own": ("diagonal_only", lambda rng: diagonal(rng, 0.4)),
    "the mean held": ("statistics_held_constant", lambda rng: held(rng, deviation=1)),
    "the deviation held": ("statistics_held_constant", lambda rng: held(rng, mean=1)),
    "both triangles": ("symmetrised", of_square(lambda e: e + e.swapaxes(1, 2))),
    "both triangles, the diagonal once": (
        "symmetrised",
        of_square(lambda e: e + e.swapaxes(1, 2) - e * np.eye(3)),
    ),
    "a factor below 0": ("scaled", of_jacobian(lambda e: -3.7 * e)),
    "a mean over two axes": ("mean_for_sum", of_jacobian(lambda e: e / 8)),
    "a mean over two axes that is forgotten": ("not_averaged", of_jacobian(lambda e: 8 * e)),
    "a factor near 1": ("scaled", of_jacobian(lambda e: 1.001 * e)),
    "a sum over the last of two axes left out": ("broadcast_not_summed", broadcast_over_two_axes),
}
WHOLE = sorted(set(SUBJECTS) - {"rows_only", "zero", "diagonal_only"})
"""The symptoms that tell every entry, by the slope: of a diagonal only what is beside it is told."""


def name(found):
    return None if found is None else found.id


def test_every_symptom_of_a_jacobian_has_a_subject():
    assert set(SUBJECTS) | ELSEWHERE == set(SYMPTOMS)


@pytest.mark.parametrize("symptom", SUBJECTS)
def test_kill_matrix(symptom):
    """Each subject gets its own name, and no other's, whatever the numbers."""
    assert {name(symptom_of(SUBJECTS[symptom](np.random.default_rng(seed)))) for seed in SEEDS} == {symptom}


@pytest.mark.parametrize("variant", VARIANTS)
def test_variants_get_the_same_name(variant):
    symptom, made = VARIANTS[variant]

    assert {name(symptom_of(made(np.random.default_rng(seed)))) for seed in SEEDS} == {symptom}


@pytest.mark.parametrize("symptom", WHOLE)
def test_one_entry_that_does_not_fit_takes_the_name_away(symptom):
    """What is said of every entry holds for every entry."""
    names = set()
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        made = SUBJECTS[symptom](rng)
        at = np.unravel_index(rng.integers(made.got.size), made.got.shape)
        made.got[at] += 1e-3 * np.abs(made.expected).max()
        names.add(name(symptom_of(made)))

    assert names <= {None, "rows_only"}


@pytest.mark.parametrize("symptom", SUBJECTS)
def test_what_is_off_at_random_gets_no_name(symptom):
    """Of the same true Jacobians."""
    names = set()
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        made = SUBJECTS[symptom](rng)
        names.add(name(symptom_of(made._replace(got=made.expected + away_from_zero(rng, *made.got.shape)))))

    assert names == {None}


@pytest.mark.parametrize("symptom", SUBJECTS)
def test_one_entry_off_is_at_most_told_by_its_row(symptom):
    names = set()
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        made = SUBJECTS[symptom](rng)
        got = made.expected.copy()
        got.flat[rng.integers(got.size)] += 0.3
        names.add(name(symptom_of(made._replace(got=got))))

    assert names <= {None, "rows_only"}


def test_numbers_that_were_not_compared_are_left_out():
    made = SUBJECTS["scaled"](np.random.default_rng(1))
    made.got[0, 0], made.expected[1, 2] = np.nan, np.nan

    assert name(symptom_of(made)) == "scaled"


def test_nothing_compared_gets_no_name():
    made = SUBJECTS["scaled"](np.random.default_rng(1))

    assert symptom_of(made._replace(got=np.full_like(made.got, np.nan))) is None


def test_a_cotangent_that_changes_nothing_is_ignored_and_else_summed():
    made = SUBJECTS["cotangent_summed"](np.random.default_rng(1))

    assert name(symptom_of(made, ignored=True)) == "cotangent_ignored"
    assert name(symptom_of(made)) == "cotangent_summed"


@pytest.mark.parametrize("seed", SEEDS)
def test_two_arguments_are_swapped_where_both_fit_the_other(seed):
    rng = np.random.default_rng(seed)
    x = away_from_zero(rng, 2, 4)
    a, b, c = dense(rng, x), dense(rng, x), dense(rng, x)
    blocks = {"a": block(b, a, x), "b": block(a, b, x), "c": block(c, c, x)}

    assert swapped(blocks) == {"a", "b"}
    assert swapped({**blocks, "b": block(c, b, x)}) == set()
    assert swapped({"a": blocks["a"], "b": block(a, b, x.reshape(4, 2))}) == set()


@pytest.mark.parametrize(("rows_off", "text"), [([1], "rows 1 of 5"), ([0, 3], "rows 0, 3 of 5")], ids=["one", "two"])
def test_rows_that_are_off_are_told(rows_off, text):
    x = np.ones((5, 2))
    expected = np.ones((3, 10))
    got = expected.copy()
    got.reshape(3, 5, 2)[:, rows_off] += np.array([1.0, 2.0])

    found = symptom_of(block(got, expected, x, (3,)))
    assert (found.id, text in found.text) == ("rows_only", True)


def test_counts_of_rows_are_told():
    found = symptom_of(averaged(np.random.default_rng(1)))

    assert found.constant == 1 / 5
    assert "along axis 0 of the argument, 5" in found.text
