import numpy as np
import pytest

import minibp
from minibp import InputError
from minibp.adapters import numpy_layer

RNG = np.random.default_rng(3)
X, W, B = RNG.standard_normal((4, 3)), RNG.standard_normal((3, 2)), RNG.standard_normal(2)


def affine(x, w, b):
    return np.tanh(x @ w + b), (x, w, b)


def gradients(dout, cache, missing=None):
    x, w, b = cache
    d = dout * (1 - np.tanh(x @ w + b) ** 2)
    found = {"x": d @ w.T, "w": x.T @ d, "b": d.sum(axis=0)}
    return {**found, missing: 2 * found[missing]} if missing else found


FORMS = {
    "a tuple": lambda *given: tuple(gradients(*given).values()),
    "a list": lambda *given: list(gradients(*given).values()),
    "a dict": gradients,
    "a dict in another order": lambda *given: dict(reversed(gradients(*given).items())),
    "a dict with d": lambda *given: {f"d{name}": value for name, value in gradients(*given).items()},
}


@pytest.mark.parametrize("name", FORMS)
def test_a_layer_is_correct_however_its_gradients_come(name):
    assert minibp.check_vjp(*numpy_layer(affine, FORMS[name]), (X, W, B), seed=1)


@pytest.mark.parametrize("name", ["x", "w", "b"])
def test_a_mistake_is_placed_at_its_argument(name):
    def backward(dout, cache):
        return gradients(dout, cache, name)

    report = minibp.check_vjp(*numpy_layer(affine, backward), (X, W, B), seed=1, raise_on_mismatch=False)
    assert report.verdict == "wrong"
    assert all(f"/∂{name}[" in one.tensor for one in report.findings)
    assert {one.subject for one in report.findings} == {"backward"}


def test_one_argument_has_one_gradient():
    def forward(x):
        return np.exp(x), x

    assert minibp.check_vjp(*numpy_layer(forward, lambda dout, x: dout * np.exp(x)), X, seed=1)
    assert minibp.check_vjp(*numpy_layer(forward, lambda dout, x: {"dx": dout * np.exp(x)}), X, seed=1)


def test_nothing_is_left_over_from_one_point_to_the_next():
    """Each backward pass has the cache of a forward pass at its own point."""
    layer = numpy_layer(lambda x: (x**2, x), lambda dout, x: 2 * x * dout)
    layer.f(np.array([5.0]))
    assert layer.vjp(np.array([3.0]), np.array([1.0])).tolist() == [6.0]


@pytest.mark.parametrize(
    ("forward", "got"),
    [
        pytest.param(lambda x: x, "ndarray", id="no cache"),
        pytest.param(lambda x: (x, x, x), "3 values", id="three"),
    ],
)
def test_what_is_no_pair_is_said(forward, got):
    layer = numpy_layer(forward, lambda dout, cache: dout)
    for ask in (lambda: layer.f(X), lambda: layer.vjp(X, X)):
        with pytest.raises(InputError, match=rf"<lambda> returned {got}, expected \(out, cache\)"):
            ask()


def test_keys_that_name_no_argument_are_said():
    layer = numpy_layer(affine, lambda dout, cache: {"dx": dout, "weights": dout})
    with pytest.raises(InputError, match="returned a dict with 'dx', 'weights', expected x, w, b"):
        layer.vjp(X, W, B, X @ W)


def test_a_backward_pass_of_other_arguments_is_refused():
    with pytest.raises(InputError, match=r"backward: got <lambda>\(dout\), expected <lambda>\(dout, cache\)"):
        numpy_layer(affine, lambda dout: dout)
