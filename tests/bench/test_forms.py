from functools import partial

import numpy as np
import pytest
from case_ids import written_out

from minibp import batched
from minibp.bench import forms
from minibp.bench.cases import Case, problem_of
from minibp.bench.contenders import OWN_FORMS, maker

CASE = Case("table", 0, (7, 5, 4, 3), 6, "float64", 1)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("contender", OWN_FORMS, ids=lambda contender: contender.name)
@pytest.mark.parametrize("sizes", [CASE.sizes, (3, 1), (784, 30, 10)], ids=written_out)
def test_every_form_gives_the_gradient(contender, sizes, dtype):
    prepared = maker(contender.home)(problem_of(CASE._replace(sizes=sizes, dtype=dtype), 0))
    for _ in range(2):
        assert prepared.error(prepared.call()) <= 1


def test_the_products_are_those_of_a_gradient(monkeypatch):
    """Every product of a batched pass, counted by its shapes; and nothing else."""
    problem = problem_of(CASE, 0)
    shapes = []

    class Counted(np.ndarray):
        def __array_ufunc__(self, ufunc, method, *inputs, **options):
            plain = [np.asarray(one) for one in inputs]
            if ufunc is np.matmul:
                shapes.append(tuple(one.shape for one in plain))
            return getattr(ufunc, method)(*plain, **options)

    made = forms.products_of(problem)
    counted = [tuple(array.view(Counted) for array in kind) for kind in (made.weights, made.a, made.delta)]
    made._replace(weights=counted[0], a=counted[1], delta=counted[2]).run()
    n, m = CASE.sizes, CASE.batch
    forward = [((m, n[i]), (n[i], n[i + 1])) for i in range(3)]
    outer = [((n[i + 1], m), (m, n[i])) for i in range(3)]
    carried = [((m, n[i + 1]), (n[i + 1], n[i])) for i in range(1, 3)]
    assert sorted(shapes) == sorted(forward + outer + carried)


def test_the_products_go_into_buffers_of_their_own():
    problem = problem_of(CASE, 0)
    made = forms.products_of(problem)
    again = made.run()
    given = batched.backprop(problem.network, problem.cost, problem.x, problem.y)
    for array in (*again.z, *again.nabla_w, *again.carried):
        assert not any(map(partial(np.shares_memory, array), (*given.z, *made.a, *made.delta, *made.weights)))


def test_wrong_products_are_noticed():
    prepared = forms.products(problem_of(CASE, 0))
    for kind in ("z", "nabla_w", "carried"):
        result = prepared.call()
        getattr(result, kind)[0][0, 0] += 1e-9
        assert prepared.error(result) > 1, kind
