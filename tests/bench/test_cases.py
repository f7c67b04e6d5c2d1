import numpy as np
import pytest
from case_ids import written_out

from minibp.bench import cases
from minibp.bench.cases import Case, problem_of


def test_the_same_seed_gives_the_same_problem():
    case = Case("table", 0, (6, 5, 1), 9, "float32", 1)
    first, again, other = problem_of(case, 3), problem_of(case, 3), problem_of(case, 4)
    assert first.network == again.network
    assert np.array_equal(first.x, again.x)
    assert np.array_equal(first.y, again.y)
    assert first.network != other.network
    assert first.dtype == "float32"
    assert set(np.unique(first.y)) == {0, 1}


def test_targets_of_several_outputs_have_one_1_a_row():
    problem = problem_of(Case("table", 0, (3, 4), 5, "float64", 1), 0)
    assert (problem.y.sum(1) == 1).all()


@pytest.mark.parametrize(
    ("kind", "sizes"),
    [("batch", (784, 30, 10)), ("width", (784, 3, 10)), ("depth", (128,) * 4 + (10,))],
    ids=written_out,
)
def test_a_sweep_varies_one_thing(kind, sizes):
    (case,) = cases.of_sweep(kind, [3], ["float64"], 2)
    assert case.sizes == sizes
    assert (case.n, case.threads, case.batch == 3) == (3, 2, kind == "batch")


def test_the_table_has_every_row_in_every_dtype():
    found = cases.of_table(cases.TABLE_ROWS, ["float64", "float32"], 1)
    assert len(found) == 2 * len(cases.TABLE_ROWS) == len(set(found))
    assert all(set(row.targets) == {"float64", "float32"} for row in cases.TABLE_ROWS)
