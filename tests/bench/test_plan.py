import pytest

from minibp.bench import plan
from minibp.bench.cases import DTYPES
from minibp.bench.contenders import OWN_FORMS, PEERS
from minibp.bench.plan import planned
from minibp.bench.selection import selected

FREE = 1 << 40


def test_the_full_plan_has_everything_in_both_dtypes_and_thread_counts():
    found = planned(peers=False, quick=False, threads=(1, 4))
    every = [case for task in found.tasks for case in task.cases]
    assert len(every) == len(set(every))
    kinds = {(case.kind, case.dtype, case.threads) for case in every}
    assert kinds == {
        (kind, dtype, threads)
        for kind in ("table", "batch", "width", "depth")
        for dtype in DTYPES
        for threads in (1, 4)
    }
    assert {case.n for case in every if case.kind == "batch"} == {1, 4, 16, 64, 256, 1024, 4096}
    assert {case.n for case in every if case.kind == "width"} == {8, 32, 128, 512, 2048}
    assert found.absent == {}


def test_quick_is_small_and_has_each_kind(monkeypatch):
    monkeypatch.setattr(plan, "cores", lambda: 4)
    found = planned(peers=True, quick=True)
    every = [case for task in found.tasks for case in task.cases]
    assert {case.kind for case in every} == {"table", "batch", "width", "depth", "checkers"}
    assert {case.threads for case in every} == {1, 4}
    assert max(task.effort.rounds for task in found.tasks) <= 5
    assert len(every) < 20


def test_peers_that_are_absent_are_named(monkeypatch):
    from minibp.bench import contenders

    monkeypatch.setattr(contenders, "find_spec", lambda name: None)
    found = planned(peers=True, quick=True)
    assert found.absent["PyTorch"] == "torch"
    assert found.absent["scikit-learn"] == "sklearn"
    assert found.absent["torch gradcheck"] == "torch"
    named = {one.name for task in found.tasks for one in task.contenders}
    assert named == {one.name for one in OWN_FORMS} | {"minibp, complex step", "minibp, finite differences"}


@pytest.fixture
def all_installed(monkeypatch):
    from minibp.bench import contenders

    monkeypatch.setattr(contenders, "find_spec", lambda name: name)


@pytest.mark.usefixtures("all_installed")
@pytest.mark.parametrize("quick", [True, False])
@pytest.mark.parametrize("peers", [True, False])
def test_chosen_rows_are_all_that_is_measured(quick, peers):
    chosen = selected(["6-5-3", "2-1"], ["4", "7"], "float32", memory=FREE)
    found = planned(peers=peers, quick=quick, selection=chosen, threads=(1, 2))
    every = [case for task in found.tasks for case in task.cases]
    assert {(case.kind, case.sizes, case.batch, case.dtype, case.threads) for case in every} == {
        ("table", sizes, batch, "float32", threads)
        for sizes in ((6, 5, 3), (2, 1))
        for batch in (4, 7)
        for threads in (1, 2)
    }
    assert len(every) == 8
    named = {one.name for task in found.tasks for one in task.contenders}
    assert named == {one.name for one in (*OWN_FORMS, *(PEERS if peers else ()))}
    assert {task.effort.rounds for task in found.tasks} == {5 if quick else 15}


@pytest.mark.usefixtures("all_installed")
@pytest.mark.parametrize("quick", [True, False])
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_chosen_dtype_alone_leaves_the_table_and_the_sweeps_in_it(quick, dtype):
    found = planned(peers=True, quick=quick, selection=selected(dtype=dtype), threads=(1, 2))
    every = [case for task in found.tasks for case in task.cases]
    assert {case.dtype for case in every} == {dtype}
    assert {"table", "batch", "width", "depth"} <= {case.kind for case in every}
    assert ("checkers" in {case.kind for case in every}) == (dtype == "float64")


def test_the_estimate_grows_with_what_is_measured():
    def seconds(sizes, batch, *, quick=True, threads=(1,)):
        chosen = selected([sizes], [batch], "float64", memory=FREE)
        return planned(peers=False, quick=quick, selection=chosen, threads=threads).seconds()

    small = seconds("2-3-1", "4")
    # Four contenders, five rounds and a few blocks of 20 ms each, beside the start of a process.
    assert 0.4 < small < 2
    assert seconds("2-3-1", "4", quick=False) > 1.5 * small
    assert seconds("2-3-1", "4", threads=(1, 2)) == pytest.approx(2 * small)
    assert seconds("784-1024-10", "256") > 2 * small
    # Long blocks run in three rounds only.
    long_one, many_rounds = seconds("784-1024-1024-10", "1024"), seconds("784-1024-1024-10", "1024", quick=False)
    assert many_rounds < 2 * long_one


def test_the_estimate_of_the_quick_grid_is_less_than_its_option_says():
    assert planned(peers=False, quick=True, threads=(1, 2)).seconds() < 30
