"""Calls of models as subjects."""

from itertools import pairwise
from types import SimpleNamespace

import held_programs as programs
import numpy as np
import pytest

from minibp import InputError
from minibp.adapters.held import arrays_in
from minibp.adapters.makers import Maker, Original
from minibp.adapters.model_call import How, Known, ModelCall, put, run
from minibp.adapters.naming import Naming
from minibp.adapters.parameters import layout_of

SIZES = (2, 5, 8)
RNG = np.random.default_rng(3)
W = [RNG.normal(size=(5, 2)), RNG.normal(size=(8, 5))]
B = [RNG.normal(size=5), RNG.normal(size=8)]
X, Y = np.ones((3, 2)), np.ones((3, 8))


def called(make, step, gradient="found", rate=None, sizes=SIZES):
    models = Maker(make, "list") if callable(make) else Original(make)
    net = models.model(sizes)
    layout = layout_of(net, arrays_in(net), sizes, Naming())
    how = How(step, gradient, rate, Naming())
    return ModelCall(how, (Known(models, layout),), None if callable(make) else sizes)


def net_of(sizes, columns=False):
    pairs = list(pairwise(sizes))
    return SimpleNamespace(
        W=[np.zeros(pair) for pair in pairs], b=[np.zeros((n, 1) if columns else n) for _, n in pairs], dW=None, db=None
    )


def doubling(net, x, y):
    """Gradients that are twice the parameters."""
    net.dW, net.db = [2 * w for w in net.W], [2 * b for b in net.b]


@pytest.mark.parametrize("columns", [False, True], ids=["(n,)", "(n, 1)"])
@pytest.mark.parametrize("own", [False, True], ids=["(n,)", "(n, 1)"])
def test_biases_are_given_and_returned_in_either_shape(columns, own):
    call = called(lambda sizes: net_of(sizes, own), doubling)
    biases = [b[:, None] for b in B] if columns else B
    nabla_w, nabla_b = call(W, biases, X, Y)
    assert all(map(np.array_equal, nabla_w, [2 * w for w in W]))
    assert all(map(np.array_equal, nabla_b, [2 * b for b in biases]))


def test_what_is_given_is_left_alone_and_x_is_handed_on_itself():
    seen = []

    def step(net, x, y):
        doubling(net, x, y)
        seen.append((x, y))
        for array in (*net.W, *net.b):
            array[...] = 7

    before = [one.copy() for one in (*W, *B)]
    called(net_of, step)(W, B, X, Y)
    assert all(map(np.array_equal, before, (*W, *B)))
    assert seen[0][0] is X
    assert seen[0][1] is Y


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_update_is_read_in_the_dtype_of_the_parameters(dtype):
    def step(net, x, y):
        net.W = [w - np.asarray(0.5, w.dtype) * 3 for w in net.W]
        net.b = [b + 0 for b in net.b]

    nabla_w, nabla_b = called(net_of, step, "update", 0.5)(
        [w.astype(dtype) for w in W], [b.astype(dtype) for b in B], X, Y
    )
    limit = 8 * np.finfo(dtype).eps * max(np.abs(w).max() + 1.5 for w in W)
    assert max(np.abs(w - 3).max() for w in nabla_w) < limit
    assert not any(b.any() for b in nabla_b)
    assert {one.dtype for one in (*nabla_w, *nabla_b)} == {np.dtype(dtype)}


def test_of_several_paths_an_update_is_read_where_the_step_has_changed_something():
    def make(sizes):
        net = net_of(sizes)
        net.layers = [SimpleNamespace(W=w) for w in net.W]
        return net

    def step(net, x, y):
        for layer in net.layers:
            layer.W = layer.W - 1.0

    nabla_w, _ = called(make, step, "update", 1.0)(W, B, X, Y)
    assert all(np.allclose(w, 1, rtol=0, atol=1e-14) for w in nabla_w)  # eight roundings of numbers below 4


def test_an_object_forgets_the_gradient_that_it_had():
    net = programs.Accumulating(list(SIZES))
    net.backward(X, Y)
    layout = layout_of(net, arrays_in(net), SIZES, Naming())
    call = ModelCall(How("backward", "found", None, Naming()), (Known(Original(net), layout),), SIZES)
    known = Known(Original(net), layout, found_places(net, layout))
    cleared = ModelCall(call.how, (known,), SIZES)
    once, again = cleared(W, B, X, Y), cleared(W, B, X, Y)
    fresh = called(programs.Accumulating, "backward")(W, B, X, Y)
    for one, two, other in zip(once, again, fresh, strict=True):
        assert all(map(np.array_equal, one, other))
        assert all(map(np.array_equal, two, other))


def found_places(net, layout):
    from minibp.adapters.model_call import places_after

    return places_after(How("backward", "found", None, Naming()), net, None, layout, {})


def test_a_depth_that_was_not_surveyed_is_told_by_other_sizes():
    call = called(net_of, doubling)
    w = [RNG.normal(size=(3, 3)) for _ in range(3)]
    nabla_w, _ = call(w, [np.ones(3)] * 3, np.ones((2, 3)), np.ones((2, 3)))
    assert all(map(np.array_equal, nabla_w, [2 * one for one in w]))


def test_an_object_takes_no_other_sizes():
    call = called(net_of(SIZES), doubling)
    with pytest.raises(InputError, match=r"the network's sizes are \(2, 5\), the code is for \(2, 5, 8\)"):
        call(W[:1], B[:1], X, np.ones((3, 5)))


def test_a_model_that_keeps_other_shapes_for_other_sizes_is_told():
    def make(sizes):
        net = net_of(sizes)
        if sizes[0] == 3:
            net.W[0] = np.zeros((3, 7))
        if sizes[0] == 4:
            net.b[0] = np.zeros(7)
        if sizes[0] == 6:
            net.W = None
        return net

    call = called(make, doubling)
    for n, message in (
        (3, r"\.W\[0\] has shape \(3, 7\), expected \(3, 5\) in sizes \[3, 5, 8\]"),
        (4, r"\.b\[0\] has shape \(7,\), expected 5 in sizes \[4, 5, 8\]"),
        (6, r"there is no array \.W\[0\] in a model of sizes \[6, 5, 8\], and was in one of other sizes"),
    ):
        with pytest.raises(InputError, match=message):
            call([np.ones((5, n)), W[1]], B, np.ones((3, n)), Y)


def test_parameters_are_written_in_the_form_of_the_layout():
    net = net_of(SIZES)
    layout = layout_of(net, arrays_in(net), SIZES, Naming())
    put(net, layout, W, B)
    assert all(map(np.array_equal, net.W, [w.T for w in W]))
    assert all(map(np.array_equal, net.b, B))


def test_a_step_is_a_function_or_the_name_of_a_method():
    assert run(lambda net, x, y: (net, x, y), 1, 2, 3) == (1, 2, 3)
    assert run("get", {2: 4}, 2, 3) == 4


def test_new_parameters_may_be_returned_in_place_of_changed_ones():
    def pairs(sizes):
        return [(np.zeros((a, b)), np.zeros(b)) for a, b in pairwise(sizes)]

    call = called(pairs, lambda net, x, y: [(w - 0.5 * w, b - b) for w, b in net], "update", 0.25)
    nabla_w, nabla_b = call(W, B, X, Y)
    assert all(map(np.allclose, nabla_w, [2 * w for w in W]))
    assert all(map(np.allclose, nabla_b, [4 * b for b in B]))


def test_what_else_a_step_returns_is_no_parameters():
    for returned in (0.5, None, [(np.ones((2, 2)), np.ones(5))]):
        call = called(net_of, lambda net, x, y, returned=returned: returned, "update", 0.25)
        assert not any(array.any() for kind in call(W, B, X, Y) for array in kind)
