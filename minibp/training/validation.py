"""The door of training: all that a run depends on beside its network and its generator, checked together."""

from __future__ import annotations

from typing import Any, NamedTuple

from minibp.arrays import Array, InputError, checked_count, is_foreign
from minibp.costs import L2, Cost
from minibp.inputs import checked_inputs, checked_rate
from minibp.network import Network
from minibp.sharded.devices import checked_mesh
from minibp.training.scores import Examples

BACKPROP_FORMS = ("batched", "per_example")


class Settings(NamedTuple):
    """The arguments of `Training`, checked."""

    train: Examples
    test: Examples | None
    cost: Cost
    batch_size: int
    eta: float
    l2: L2
    form: str
    mesh: Any = None
    """The devices that batches are divided among; None of NumPy."""

    @property
    def decay(self) -> float:
        """ηα/m of (29), m being the size of the whole training set."""
        return self.eta * self.l2.alpha / len(self.train.x)


def checked_settings(
    network: Network,
    x: Any,
    y: Any,
    *,
    cost: Any,
    batch_size: Any,
    eta: Any,
    l2: Any,
    test: Any,
    form: str,
    devices: Any = None,
) -> Settings:
    """The arguments of `Training`, made ready, or one `InputError` that says what was got and what was expected."""
    inputs = checked_inputs(network, cost, x, y, l2, copy=False)
    train = _examples(inputs.x, inputs.y)
    if any(map(is_foreign, network.weights)):
        raise InputError("the network's parameters are not NumPy's, which training does not take")
    size, m = checked_count("batch_size", batch_size), len(train.x)
    if size > m:
        raise InputError(f"batch_size is {batch_size}, expected at most {m}, the number of rows of x")
    if form not in BACKPROP_FORMS:
        raise InputError(f"form is {form!r}, expected one of {', '.join(BACKPROP_FORMS)}")
    mesh = _checked_devices(devices, form)
    held_out = None if test is None else _test_examples(network, inputs.cost, test)
    settings = Settings(train, held_out, inputs.cost, size, checked_rate("eta", eta), inputs.l2, form, mesh)
    if settings.decay > 1:
        raise InputError(
            f"eta × l2 / {m} is {settings.decay:.6g}, expected at most 1: "
            "by (29) each step multiplies the weights by 1 less that"
        )
    return settings


def _checked_devices(devices: Any, form: str) -> Any:
    if devices is None:
        return None
    if form != "batched":
        raise InputError(f"devices is {devices!r} and form {form!r}, expected form 'batched' on devices of JAX")
    return checked_mesh(devices)


def _examples(x: Array, y: Array) -> Examples:
    """Of checked arrays; those of other libraries than NumPy are rejected."""
    for name, array in (("x", x), ("y", y)):
        if is_foreign(array):
            raise InputError(f"{name} is a {type(array).__name__}, expected NumPy's")
    return Examples(x, y)


def _test_examples(network: Network, cost: Cost, test: Any) -> Examples:
    try:
        x, y, *_ = test
    except (TypeError, ValueError):
        raise InputError(f"test is a {type(test).__name__}, expected a pair of arrays x and y") from None
    try:
        inputs = checked_inputs(network, cost, x, y, 0.0, copy=False)
        return _examples(inputs.x, inputs.y)
    except InputError as error:
        raise InputError(f"test: {error}") from None
