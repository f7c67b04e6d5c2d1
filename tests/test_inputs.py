from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from case_ids import written_out

from minibp import L2, InputError, Network, Problem, batched, component, feedforward, per_example
from minibp.costs import Huber
from minibp.inputs import checked_l2, checked_rate

NETWORK = Network.random([3, 4, 2], rng=0)
X, Y = np.ones((5, 3)), np.ones((5, 2))

BAD = [
    pytest.param(
        {"x": np.ones((5, 4))}, "x has 4 columns, the network's input layer has 3 neurons", id="x with 4 columns"
    ),
    pytest.param({"x": np.ones(3)}, r"x has shape \(3,\), expected 2 dimensions", id="x a vector"),
    pytest.param({"x": np.ones((0, 3))}, r"x has shape \(0, 3\), expected at least one entry", id="x empty"),
    pytest.param({"x": np.ones((5, 3), int)}, "x has dtype int64, expected float64 or float32", id="x of int64"),
    pytest.param({"x": np.ones((5, 3), object)}, "x has dtype object", id="x of object"),
    pytest.param({"x": np.full((5, 3), np.nan)}, r"x has the value nan at \[0, 0\]", id="x nan"),
    pytest.param(
        {"y": np.ones((4, 2))},
        r"y has shape \(4, 2\), expected \(5, 2\): one row for each row of x",
        id="y with 4 rows",
    ),
    pytest.param({"y": np.ones((5, 3))}, r"y has shape \(5, 3\), expected \(5, 2\)", id="y with 3 columns"),
    pytest.param({"y": np.full((5, 2), np.inf)}, "y has the value inf", id="y inf"),
    pytest.param({"y": np.ones((5, 2), bool)}, "y has dtype bool", id="y of bool"),
    ({"cost": "mse"}, "unknown cost 'mse'"),
    ({"cost": "categorical_cross_entropy"}, "needs a softmax output, got sigmoid"),
    pytest.param(
        {"cost": "cross_entropy", "y": np.full((5, 2), 2.0)},
        r"expects them within \[0, 1\]",
        id="cross_entropy with y above 1",
    ),
    ({"l2": -0.1}, "l2 is -0.1, expected a finite number of float64 that is not negative"),
    ({"l2": float("nan")}, "l2 is nan, expected a number"),
    ({"l2": "much"}, "l2 is 'much', expected a number"),
    ({"l2": True}, "l2 is True, expected a number"),
    pytest.param(
        {"network": NETWORK.astype("float32"), "l2": 1e300},
        r"l2 is 1e\+300, expected a finite number of float32",
        id="float32 network, l2=1e300",
    ),
    pytest.param(
        {"x": np.ma.masked_array(X, X > 0)}, "x is a masked array, expected every entry to count", id="x masked"
    ),
    pytest.param(
        {"cost": Huber}, "cost is <class 'minibp.costs.Huber'>, expected a name or an object", id="cost a class"
    ),
    ({"network": "a network"}, "network is 'a network', expected a minibp.Network"),
]


@pytest.mark.parametrize(
    "entrance",
    [batched.backprop, component.backprop, per_example.backprop, Problem],
    ids=["batched", "component", "per_example", "Problem"],
)
@pytest.mark.parametrize(("changed", "message"), BAD, ids=written_out)
def test_bad_input_gets_one_clear_error_at_every_door(entrance, changed, message):
    given = {"network": NETWORK, "cost": "quadratic", "x": X, "y": Y, "l2": 0.0, **changed}
    with pytest.raises(InputError, match=message) as caught:
        entrance(**given)
    assert "\n" not in str(caught.value)


def test_softmax_over_one_neuron_has_no_cross_entropy():
    with pytest.raises(InputError, match="softmax over one neuron"):
        Problem(Network.random([2, 1], output_activation="softmax"), "cross_entropy", X[:, :2], Y[:, :1])


@pytest.mark.parametrize(
    "form",
    [batched.feedforward, component.feedforward, per_example.feedforward, feedforward],
    ids=["batched", "component", "per_example", "minibp"],
)
def test_feedforward_has_the_same_door(form):
    with pytest.raises(InputError, match="x has 2 columns"):
        form(NETWORK, np.ones((5, 2)))


def test_the_parameters_dtype_decides():
    for form in (batched, component, per_example):
        single = form.backprop(NETWORK.astype("float32"), "quadratic", X, Y, 0.5)
        arrays = [*single.gradient.nabla_w, *single.gradient.nabla_b, *single.z, *single.a, *single.delta, single.cost]
        assert {array.dtype for array in arrays} == {np.dtype("float32")}


def test_l2_is_taken_as_a_number_or_an_object():
    assert checked_l2(2, "float64") == checked_l2(L2(2.0), "float64") == L2(2.0)


@pytest.mark.parametrize(
    "value",
    [2, 2.0, np.float32(2), np.int64(2), np.array(2.0), np.array(2), Fraction(2), Decimal(2)],
    ids=["int", "float", "float32", "int64", "0-d", "0-d of int", "fraction", "decimal"],
)
def test_every_real_number_is_a_rate(value):
    assert checked_rate("eta", value) == 2.0
    assert checked_l2(value, "float32") == L2(2.0)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("1", id="str"),
        pytest.param(b"1", id="bytes"),
        pytest.param(bytearray(b"1"), id="bytearray"),
        pytest.param(memoryview(b"1"), id="memoryview"),
        pytest.param(np.str_("1"), id="str_"),
        pytest.param(np.array("1"), id="0-d of str"),
        pytest.param(True, id="bool"),
        pytest.param(np.True_, id="bool_"),
        pytest.param(1 + 0j, id="complex"),
        pytest.param(np.complex128(1), id="complex128"),
        pytest.param(np.array([1.0]), id="1-d"),
        pytest.param(None, id="None"),
        pytest.param([1.0], id="list"),
    ],
)
def test_text_truth_and_arrays_are_no_rates(value):
    for door in (lambda: checked_rate("eta", value), lambda: checked_l2(value, "float64")):
        with pytest.raises(InputError, match="^(eta|l2) is .*, expected a number$"):
            door()
