import pickle
import sys
from functools import partial

import numpy as np
import pytest
from adapter_programs import (
    SIZES,
    ask,
    course,
    jax_loss,
    textbook,
    unrolled,
)

from minibp import adapters, check_backprop


def test_subjects_have_the_name_of_what_they_call():
    class Callable:
        def __call__(self, *given):
            return textbook(*given)

    assert adapters.per_example(textbook).__name__ == "textbook"
    assert adapters.columns(Callable()).__name__ == "Callable"
    assert adapters.flat(partial(partial(unrolled, sizes=SIZES), order="layers"), SIZES).__name__ == "unrolled"
    assert adapters.columns(course).sizes is adapters.columns(course).batch_sizes is None


def test_a_check_asks_only_for_the_sizes_and_numbers_of_examples_that_a_subject_declares():
    asked = set()

    def f(weights, biases, x, y):
        asked.add((x.shape[1], *(len(b) for b in biases), len(x)))
        return adapters.per_example(textbook)(weights, biases, x, y)

    subject = adapters.Subject(f, "f", sizes=((2, 3, 2), (3, 3, 3)), batch_sizes=(1, 2))
    assert check_backprop(subject, examples=10, seed=1).verdict == "correct"
    assert asked == {(2, 3, 2, 1), (2, 3, 2, 2), (3, 3, 3, 1), (3, 3, 3, 2)}


def test_subjects_are_pickled_where_their_code_is(drawn_of_sizes):
    pytest.importorskip("jax", reason="JAX is not installed")
    subjects = [
        adapters.per_example(textbook),
        adapters.columns(course),
        adapters.flat(unrolled, order="weights_first"),
        adapters.jax_loss(jax_loss, sizes=[SIZES]),
    ]
    for subject in subjects:
        again = pickle.loads(pickle.dumps(subject))
        assert (again.__name__, again.sizes, again.batch_sizes) == (
            subject.__name__,
            subject.sizes,
            subject.batch_sizes,
        )
        for one, other in zip(ask(subject, drawn_of_sizes[0]), ask(again, drawn_of_sizes[0]), strict=True):
            assert all(map(np.array_equal, one, other))


@pytest.mark.parametrize(
    ("library", "make", "message"),
    [
        ("torch", adapters.torch_module, "minibp.adapters.torch_module needs torch, .*: pip install torch$"),
        ("jax", adapters.jax_loss, r"minibp.adapters.jax_loss needs jax, .*: pip install '\.\[jax\]' in minibp"),
    ],
)
def test_a_library_that_is_missing_is_named_with_the_command_that_installs_it(monkeypatch, library, make, message):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ModuleNotFoundError, match=message) as caught:
        make(None, ()) if library == "jax" else make(None, None)
    assert caught.value.name == library
