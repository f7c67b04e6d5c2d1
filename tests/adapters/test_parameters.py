"""Parameters among arrays, told by shapes and names."""

import numpy as np
import pytest

from minibp import InputError
from minibp.adapters.held import arrays_in
from minibp.adapters.matrix_forms import Form
from minibp.adapters.naming import Naming
from minibp.adapters.parameters import UnclearError, layout_of, own_layout, symbol

SIZES = (2, 5, 8)


def rows(**shapes):
    """Arrays that are not zero, by their names."""
    return {name: np.ones(shape) for name, shape in shapes.items()}


def shown(layout):
    return [(str(one.weights), str(one.form), one.biases and str(one.biases)) for one in layout.layers]


def found(net, sizes=SIZES, **naming):
    return shown(layout_of(net, arrays_in(net), sizes, Naming(**naming)))


PLAIN = rows(W1=(5, 2), b1=5, W2=(8, 5), b2=8)
TWO = [("['W1']", "(n_out, n_in)", "['b1']"), ("['W2']", "(n_out, n_in)", "['b2']")]


@pytest.mark.parametrize(
    "more",
    [
        rows(dW1=(5, 2), db1=5, grad_W2=(8, 5)),
        rows(vW1=(5, 2), mb1=5, best_W2=(8, 5), W1_cache=(5, 2)),
        rows(z=(5, 2), a1=5, hidden=(8, 5)),
        {"W0": np.zeros((5, 2)), "b0": np.zeros(3)},
        rows(x=(8, 5), y=8, sizes=8),
    ],
    ids=["gradients", "an optimizer's memory", "values of a pass", "zeros", "data"],
)
def test_other_arrays_of_the_same_shapes_are_not_taken(more):
    assert found({**more, **PLAIN}) == TWO
    assert found({**PLAIN, **more}) == TWO


def test_every_form_is_told_by_shapes():
    assert found(rows(W1=(2, 5), W2=(5, 8))) == [("['W1']", "(n_in, n_out)", None), ("['W2']", "(n_in, n_out)", None)]
    joined = [("['T1']", "(n_out, n_in + 1)", None), ("['T2']", "(n_out, n_in + 1)", None)]
    assert found(rows(T1=(5, 3), T2=(8, 6))) == joined
    assert [form for _, form, _ in found(rows(T1=(3, 5), T2=(6, 8)))] == ["(n_in + 1, n_out)"] * 2
    assert [b for *_, b in found(rows(W1=(1, 5, 2), b1=(1, 5), W2=(8, 5, 1), b2=(8, 1)))] == ["['b1']", "['b2']"]


def test_one_output_may_have_a_vector_of_weights():
    net = rows(W1=(4, 3), b1=4, w2=4, b2=1)
    assert found(net, (3, 4, 1)) == [("['W1']", "(n_out, n_in)", "['b1']"), ("['w2']", "(n_out, n_in)", "['b2']")]
    with pytest.raises(
        InputError, match=r"\['w2'\] \(4,\) is of no layer of a network of sizes \[3, 4\]: .*sizes=\[...\]"
    ):
        own_layout(net, arrays_in(net), Naming())


def test_layers_may_have_different_forms_where_shapes_tell_them():
    assert found(rows(W1=(2, 5), b1=5, W2=(8, 5), b2=8)) == [
        ("['W1']", "(n_in, n_out)", "['b1']"),
        ("['W2']", "(n_out, n_in)", "['b2']"),
    ]


def test_arrays_without_names_of_their_own_are_told_by_shapes_and_by_what_is_beside_them():
    net = [[np.ones((5, 2)), np.zeros(5)], [np.ones((8, 5)), np.zeros(8)]]
    assert found(net) == [("[0][0]", "(n_out, n_in)", "[0][1]"), ("[1][0]", "(n_out, n_in)", "[1][1]")]


def test_equal_widths_go_by_numbers_and_by_order():
    net = rows(W2=(4, 4), W1=(4, 4), W3=(2, 4), b2=4, b1=4, b3=2)
    assert found(net, (4, 4, 4, 2)) == [(f"['W{i}']", "(n_out, n_in)", f"['b{i}']") for i in (1, 2, 3)]
    net = rows(w_in=(4, 4), w_out=(4, 4), b_in=4, b_out=4)
    assert found(net, (4, 4, 4), transposed=True) == [
        ("['w_in']", "(n_in, n_out)", "['b_in']"),
        ("['w_out']", "(n_in, n_out)", "['b_out']"),
    ]


def test_of_too_many_biases_those_beside_the_weights_are_taken():
    layers = [rows(W=(3, 3), b=3), rows(W=(3, 3), b=3)]
    net = {"b_scale": np.ones(3), "layers": layers}
    assert [b for *_, b in found(net, (3, 3, 3), transposed=False)] == ["['layers'][0]['b']", "['layers'][1]['b']"]


def test_names_and_empty_names_of_biases():
    net = rows(p=(5, 2), q=(8, 5), r=5, s=8, W1=(5, 2), b1=5)
    assert found(net, weights=("['p']", "['q']"), biases=("['r']", "['s']")) == [
        ("['p']", "(n_out, n_in)", "['r']"),
        ("['q']", "(n_out, n_in)", "['s']"),
    ]
    assert [b for *_, b in found(PLAIN, biases=())] == [None, None]
    with pytest.raises(InputError, match=r"biases: \['s'\] has shape \(8,\), expected \(5,\), \(1, 5\) or \(5, 1\)"):
        found(net, weights=("['p']", "['q']"), biases=("['s']", "['r']"))


@pytest.mark.parametrize(
    ("net", "sizes", "form"),
    [
        (PLAIN, SIZES, Form()),
        (rows(W1=(2, 5), b1=5, W2=(5, 8), b2=8), SIZES, Form(transposed=True)),
        (rows(Theta1=(5, 3), Theta2=(8, 6)), SIZES, Form(joined=True)),
        (rows(W1=(3, 4), b1=3, W2=(4, 3), b2=4), (4, 3, 4), Form()),
        (rows(W1=(4, 3), b1=3, W2=(3, 4), b2=4), (4, 3, 4), Form(transposed=True)),
        (rows(W=(2, 4), b=2), (4, 2), Form()),
        (rows(W1=(3, 3), b1=3, W2=(2, 3), b2=2), (3, 3, 2), Form()),
        ([[np.ones((2, 5)), np.ones((1, 5))], [np.ones((5, 8)), np.ones((1, 8))]], SIZES, Form(transposed=True)),
        ({**PLAIN, "W3": np.zeros((7, 9))}, SIZES, Form()),
    ],
    ids=["plain", "transposed", "joined", "there and back", "transposed back", "one layer", "one of equal widths",
         "unnamed", "zeros left over"],
)  # fmt: skip
def test_an_object_says_its_own_sizes(net, sizes, form):
    layout = own_layout(net, arrays_in(net), Naming())
    assert (layout.sizes, {one.form for one in layout.layers}) == (sizes, {form})


@pytest.mark.parametrize(
    ("net", "ways"),
    [
        (rows(W1=(3, 3), W2=(3, 3)), r"\(n_out, n_in\) for sizes \[3, 3, 3\] or \(n_in, n_out\) for sizes \[3, 3, 3\]"),
        (rows(W1=(3, 4), W2=(4, 3)), r"\(n_out, n_in\) for sizes \[4, 3, 4\] or \(n_in, n_out\) for sizes \[3, 4, 3\]"),
        (rows(W=(2, 4)), r"\(n_out, n_in\) for sizes \[4, 2\] or .* or \(n_in \+ 1, n_out\) for sizes \[1, 4\]"),
    ],
    ids=["equal", "there and back", "one matrix"],
)
def test_what_shapes_leave_open_is_told(net, ways):
    with pytest.raises(
        UnclearError, match=rf"by its shape \['W1?'\] may be {ways}: there are .*; pass transposed=True"
    ):
        own_layout(net, arrays_in(net), Naming())


def test_an_object_without_weights_that_follow_each_other_is_told():
    net = rows(W1=(5, 2), W2=(7, 9))
    with pytest.raises(
        InputError, match=r"no arrays are the weights of layer after layer: there are \['W1'\] \(5, 2\)"
    ):
        own_layout(net, arrays_in(net), Naming())


def test_symbols_have_the_number_of_their_layer():
    assert symbol("b", 12) == "b¹²"
