"""Arrays that a user names."""

from types import SimpleNamespace

import numpy as np
import pytest

from minibp import InputError
from minibp.adapters.held import arrays_in
from minibp.adapters.naming import Naming, named


def net():
    shared = np.ones((2, 2))
    return SimpleNamespace(
        W0=shared, W1=np.ones((3, 2)), n=3, a0=np.ones(1), a1=np.ones(2), a2=np.ones(3),
        params={"W": [shared, np.ones((3, 2))], "b": {"x": np.ones(2), "y": np.ones(3)}},
        late1=np.ones(1), late2=np.ones(2),
    )  # fmt: skip


def names(given, layers=2):
    holder = net()
    return [str(one.place) for one in named("weights", given, holder, arrays_in(holder), layers)]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("W{}", [".W0", ".W1"]),
        ("a{}", [".a1", ".a2"]),
        ("late{}", [".late1", ".late2"]),
        (".params['W'][{}]", [".params['W'][0]", ".params['W'][1]"]),
        (".params['W']", [".params['W'][0]", ".params['W'][1]"]),
        (".params['b']", [".params['b']['x']", ".params['b']['y']"]),
        (("W1", "a0"), [".W1", ".a0"]),
    ],
    ids=["from 0", "from 1 where there is one more", "from 1", "index", "list", "dict", "paths"],
)
def test_a_name_is_a_pattern_a_holder_or_a_list_of_paths(given, expected):
    assert names(given) == expected


def test_one_path_names_the_array_of_one_layer_and_the_number_of_layers_may_be_open():
    assert names("W1", 1) == [".W1"]
    assert names("a{}", None) == [".a0", ".a1", ".a2"]
    assert names(("W0",), None) == [".W0"]


def test_what_is_named_keeps_the_other_paths_to_it():
    holder = net()
    (one,) = named("weights", ("params['W'][0]",), holder, arrays_in(holder), 1)
    assert [len(one.place.paths), str(one.place)] == [2, ".params['W'][0]"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("Q{}", r"weights is 'Q\{\}', and there is no \.Q0 and no \.Q1"),
        ("Q", r"weights: there is no \.Q$"),
        (("Q",), r"weights: there is no \.Q$"),
        ("n", r"weights: \.n is a int, expected an array"),
        ("W1", r"weights is 'W1', which names 1 arrays, expected 2, one a layer"),
        (("W1",), r"weights is \('W1',\), which names 1 arrays, expected 2"),
    ],
    ids=["pattern", "path", "list", "number", "one", "list of one"],
)
def test_names_of_what_is_not_there_are_told(given, message):
    with pytest.raises(InputError, match=message):
        names(given)


def test_options_are_checked():
    given = Naming.checked(None, True, weights=["a", "b"], biases=(), nabla_w="dW{}", nabla_b=None)
    assert given == Naming(("a", "b"), (), "dW{}", None, None, True)
    for wrong in (3, [3], "", [""], b"W"):
        with pytest.raises(InputError, match="weights is .*, expected a pattern such as 'W{}', or a list of paths"):
            Naming.checked(None, None, weights=wrong, biases=None, nabla_w=None, nabla_b=None)
    with pytest.raises(InputError, match=r"biases has 'b\(\{\}\)', expected what is written"):
        Naming.checked(None, None, weights=None, biases="b({})", nabla_w=None, nabla_b=None)
