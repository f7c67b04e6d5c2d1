"""The gradient among arrays, told by names and shapes."""

import numpy as np
import pytest

from minibp import InputError
from minibp.adapters.gradients import Pool, gradient_at, gradient_places
from minibp.adapters.held import arrays_in
from minibp.adapters.naming import Naming
from minibp.adapters.parameters import layout_of

SIZES = (2, 5, 8)
SHAPES = {"W1": (5, 2), "b1": 5, "W2": (8, 5), "b2": 8}
RNG = np.random.default_rng(0)


def arrays(**shapes):
    return {name: RNG.normal(size=shape) for name, shape in shapes.items()}


def found(after, naming=None, before=None, kind="found", **shapes):
    """The places in what an object of these parameters has after a step."""
    net = arrays(**(shapes or SHAPES))
    layout = layout_of(net, arrays_in(net), SIZES, Naming())
    copies = {one.place: one.array.copy() for one in arrays_in(before or {})}
    parameters = list(net.values())
    pool = Pool(kind, {**net, **after} if kind == "found" else after, parameters, copies)
    places = gradient_places(pool, layout, naming or Naming())
    return [(str(one.weights), one.biases and str(one.biases)) for one in places.layers], places, layout


TWO = [("['dW1']", "['db1']"), ("['dW2']", "['db2']")]
RIGHT = arrays(dW1=(5, 2), db1=5, dW2=(8, 5), db2=8)


@pytest.mark.parametrize(
    "more",
    [
        arrays(vW1=(5, 2), mb1=5, velocity_dW2=(8, 5)),
        arrays(z1=5, delta=8, a=(5, 2)),
        {"v": arrays(dW1=(5, 2), db2=8)},
        arrays(U=(8, 5)),
        arrays(db_by_example=(8, 5)),
    ],
    ids=["memory", "values", "moments by the same names", "another matrix", "of another role"],
)
def test_other_arrays_are_no_gradients(more):
    assert found({**more, **RIGHT})[0] == TWO


def test_a_gradient_may_be_transposed_or_have_axes_of_1():
    names, places, layout = found(arrays(dW1=(2, 5), db1=(1, 5), dW2=(5, 8), db2=(8, 1)))
    assert names == TWO
    assert [one.form.transposed for one in places.layers] == [True, True]
    after = arrays(dW1=(2, 5), db1=(1, 5), dW2=(5, 8), db2=(8, 1))
    nabla_w, nabla_b = gradient_at(after, places, layout, float)
    assert all(map(np.array_equal, nabla_w, (after["dW1"].T, after["dW2"].T)))
    assert [b.shape for b in nabla_b] == [(1, 5), (8, 1)]


def test_joined_gradients_are_taken_apart():
    names, places, layout = found(arrays(Theta1_grad=(5, 3), Theta2_grad=(8, 6)), Theta1=(5, 3), Theta2=(8, 6))
    assert names == [("['Theta1_grad']", None), ("['Theta2_grad']", None)]
    after = arrays(Theta1_grad=(5, 3), Theta2_grad=(8, 6))
    nabla_w, nabla_b = gradient_at(after, places, layout, float)
    assert np.array_equal(nabla_w[0], after["Theta1_grad"][:, :2])
    assert np.array_equal(nabla_b[1], after["Theta2_grad"][:, 5])


def test_of_two_that_are_called_so_the_one_that_the_step_has_changed_is_taken():
    old = arrays(grad_W1=(5, 2))
    assert found({**old, **RIGHT}, before=old)[0] == TWO
    with pytest.raises(
        InputError, match=r"\['grad_W1'\] and \['dW1'\] are as likely to be ∂C/∂W²; name them: nabla_w="
    ):
        found({**old, **RIGHT})
    names = Naming(nabla_w="['dW{}']", nabla_b=("['db1']", "['db2']"))
    assert found({**old, **RIGHT}, names)[0] == TWO


def test_deltas_are_the_gradient_by_the_biases_where_nothing_else_is():
    after = {"dW1": RIGHT["dW1"], "dW2": RIGHT["dW2"], "deltas": [np.ones(5), np.ones(8)]}
    assert found(after)[0] == [("['dW1']", "['deltas'][0]"), ("['dW2']", "['deltas'][1]")]


def test_an_array_of_a_wrong_shape_is_taken_by_its_name_and_left_as_it_is():
    after = {**RIGHT, "db1": np.ones((11, 5))}
    names, places, layout = found(after)
    assert names == TWO
    assert gradient_at(after, places, layout, float)[1][0].shape == (11, 5)
    after = {**RIGHT, "dW2": np.ones((8, 8))}
    names, places, layout = found(after)
    assert names == TWO
    assert gradient_at(after, places, layout, float)[0][1].shape == (8, 8)


def test_what_is_returned_needs_no_names():
    w1, b1, w2, b2 = RIGHT.values()
    for returned, expected in (
        ((0.5, [w1, w2], [b1, b2]), [("[1][0]", "[2][0]"), ("[1][1]", "[2][1]")]),
        ([(w2, b2), (w1, b1)], [("[1][0]", "[1][1]"), ("[0][0]", "[0][1]")]),
        ({"b1": b1, "W1": w1, "b2": b2, "W2": w2, "output": b2}, [("['W1']", "['b1']"), ("['W2']", "['b2']")]),
        ((w1.tolist(), b1.tolist(), w2.tolist(), b2.tolist()), [("[0]", "[1]"), ("[2]", "[3]")]),
    ):
        assert found(returned, kind="returned")[0] == expected


def test_what_is_missing_is_told_with_what_is_there():
    with pytest.raises(InputError, match=r"^no ∂C/∂b³ in what step returned: there are \[0\] \(5, 2\), .*nabla_b="):
        found((RIGHT["dW1"], RIGHT["db1"], RIGHT["dW2"]), kind="returned")
    with pytest.raises(InputError, match=r"^no ∂C/∂W², ∂C/∂W³ in the object after step, by names such as dW"):
        found(arrays(z=(5, 2)))


def test_a_place_that_is_gone_or_holds_something_else_is_told():
    _, places, layout = found(RIGHT)
    with pytest.raises(InputError, match=r"there is no \['dW1'\] after step: there are \['db1'\] \(5,\)"):
        gradient_at({"db1": np.ones(5)}, places, layout, float)
    with pytest.raises(InputError, match=r"\['dW1'\] is a NoneType after step, expected an array of numbers"):
        gradient_at({**RIGHT, "dW1": None}, places, layout, float)


def test_numbers_in_lists_have_the_dtype_of_the_parameters_and_arrays_their_own():
    _, places, layout = found(RIGHT)
    after = {name: array.tolist() for name, array in RIGHT.items()}
    assert {w.dtype for w in gradient_at(after, places, layout, np.float32)[0]} == {np.dtype(np.float32)}
    assert {w.dtype for w in gradient_at(RIGHT, places, layout, np.float32)[0]} == {np.dtype(np.float64)}


def test_numbers_without_axes_are_taken_by_their_names_and_layers():
    returned = {"dW2": RIGHT["dW2"], "db2": np.float64(2), "dW1": RIGHT["dW1"], "db1": np.array(1.0), "loss": 0.5}
    paths, places, layout = found(returned, kind="returned")
    assert paths == [("['dW1']", "['db1']"), ("['dW2']", "['db2']")]
    assert [b.tolist() for b in gradient_at(returned, places, layout, float)[1]] == [1, 2]
