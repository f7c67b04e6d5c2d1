"""One call of a model as a subject: parameters are written into it, it takes its step, the gradient is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from minibp.adapters.answers import cost_apart
from minibp.adapters.gradients import GradientPlaces, Pool, gradient_at, gradient_places, read, unpacked
from minibp.adapters.held import Place, arrays_in, at, is_of_neurons, numbers_of, write
from minibp.adapters.makers import Maker, Original
from minibp.adapters.matrix_forms import fits_biases, sizes_apart
from minibp.adapters.naming import Naming
from minibp.adapters.parameters import Layout, layout_of
from minibp.adapters.steps import derivative
from minibp.adapters.subject import Arrays, Sizes, expect_sizes, sizes_of
from minibp.arrays import Array, InputError


@dataclass(frozen=True)
class How:
    """The step of a model, and how its gradient is read."""

    step: Callable[..., Any] | str
    gradient: str
    rate: float | None
    naming: Naming


@dataclass(frozen=True)
class Known:
    """Of networks of one number of layers: their maker, the parameters, and the gradient where it is known already."""

    models: Maker | Original
    layout: Layout
    gradient: GradientPlaces | None = None


@dataclass(frozen=True)
class ModelCall:
    """A model as a function of (weights, biases, x, y)."""

    how: How
    known: tuple[Known, ...]
    own_sizes: Sizes | None

    def __call__(self, weights: Arrays, biases: Arrays, x: Array, y: Array) -> Any:
        sizes = sizes_of(weights)
        expect_sizes(self.own_sizes or sizes, sizes)
        known = next((one for one in self.known if len(one.layout.sizes) == len(sizes)), None)
        if known is None:
            models, probe = self.known[0].models, sizes_apart(len(sizes))
            net = models.model(probe)
            known = Known(models, layout_of(net, arrays_in(net), probe, self.how.naming))
        net = known.models.model(sizes)
        layout = replace(known.layout, sizes=sizes)
        put(net, layout, weights, biases)
        cost: list[Any] = []
        if self.how.gradient == "update":
            nabla_w, nabla_b = self._by_update(net, layout, weights, biases, x, y)
        else:
            if isinstance(known.models, Original) and known.gradient and self.how.gradient == "found":
                _clear(net, known.gradient)
            cost, (nabla_w, nabla_b) = self._by_places(net, layout, known.gradient, weights[0].dtype, x, y)
        zeros = [np.zeros_like(b) for b in biases]
        pairs = [zero if got is None else _like(got, zero) for got, zero in zip(nabla_b, zeros, strict=True)]
        return (*cost, [np.array(one) for one in nabla_w], pairs)

    def _by_places(
        self, net: Any, layout: Layout, places: GradientPlaces | None, dtype: Any, x: Array, y: Array
    ) -> tuple[list[Any], tuple[list[Array], list[Array | None]]]:
        """The cost, where one is returned before the gradient; and the gradient."""
        before = {} if places else copies_of(net)
        returned = run(self.how.step, net, x, y)
        places = places or places_after(self.how, net, returned, layout, before)
        if self.how.gradient == "found":  # a number that a step returns may be anything
            return [], gradient_at(net, places, layout, dtype)
        return cost_apart(returned)[0], gradient_at(returned, places, layout, dtype)

    def _by_update(
        self, net: Any, layout: Layout, weights: Arrays, biases: Arrays, x: Array, y: Array
    ) -> tuple[list[Array], list[Array | None]]:
        dtype = weights[0].dtype
        before = {place: read(net, place, dtype) for place in layout.places}
        returned = run(self.how.step, net, x, y)
        if _are_as_before(net, before, dtype) and _has_all(returned, before):
            net = returned  # new parameters, as the model has them, in place of changed ones
        nabla_w, nabla_b = [], []
        for layer, w, b in zip(layout.layers, weights, biases, strict=True):
            after = _changed(net, layer.weights, before, dtype)
            new_w, new_b = unpacked(after, layer.form, w.shape[1], len(w))
            if layer.biases is not None:
                new_b = _like(_changed(net, layer.biases, before, dtype), b)
            rate = self.how.rate or 1.0
            nabla_w.append(derivative(w, new_w, rate))
            nabla_b.append(None if new_b is None else derivative(b, _like(new_b, b), rate))
        return nabla_w, nabla_b


def put(net: Any, layout: Layout, weights: Arrays, biases: Arrays) -> None:
    """Write the parameters into a model; `InputError` where an array has not the shape for it."""
    for layer, w, b in zip(layout.layers, weights, biases, strict=True):
        n_out, n_in = w.shape
        shape = _shape(net, layer.weights, layout.sizes)
        if not layer.form.fits(shape, n_in, n_out):
            expected = layer.form.shape(n_in, n_out)
            raise InputError(f"{layer.weights} has shape {shape}, expected {expected} in sizes {list(layout.sizes)}")
        write(net, layer.weights, layer.form.packed(w, b.reshape(-1)))
        if layer.biases is not None:
            shape = _shape(net, layer.biases, layout.sizes)
            if not fits_biases(shape, n_out):
                raise InputError(f"{layer.biases} has shape {shape}, expected {n_out} in sizes {list(layout.sizes)}")
            write(net, layer.biases, b.reshape(-1))


def _shape(net: Any, place: Place, sizes: Sizes) -> tuple[int, ...]:
    try:
        array = numbers_of(at(net, place.paths[0]))
    except LookupError:
        array = None
    if array is None:
        raise InputError(f"there is no array {place} in a model of sizes {list(sizes)}, and was in one of other sizes")
    return array.shape


def run(step: Callable[..., Any] | str, net: Any, x: Array, y: Array) -> Any:
    """The result of one step."""
    return getattr(net, step)(x, y) if isinstance(step, str) else step(net, x, y)


def copies_of(net: Any) -> dict[Place, Array]:
    """Copies of all arrays of a model."""
    return {one.place: np.array(one.array) for one in arrays_in(net)}


def places_after(how: How, net: Any, returned: Any, layout: Layout, before: dict[Place, Array]) -> GradientPlaces:
    """The places of the gradient, in the model or in what its step returned."""
    parameters = [at(net, place.paths[0]) for place in layout.places]
    holder, copies = (net, before) if how.gradient == "found" else (returned, {})
    has_neurons = any(map(is_of_neurons, layout.places))
    return gradient_places(Pool(how.gradient, holder, parameters, copies, has_neurons), layout, how.naming)


def _changed(net: Any, place: Place, before: dict[Place, Array], dtype: Any) -> Array:
    """The parameters at a place after the step: of several paths to it, at one that the step has changed."""
    values = [read(net, Place((path,)), dtype) for path in place.paths if _is_there(net, path)]
    changed = [one for one in values if not np.array_equal(one, before[place], equal_nan=True)]
    return (changed or values or [read(net, place, dtype)])[0]


def _are_as_before(net: Any, before: dict[Place, Array], dtype: Any) -> bool:
    """True where a step has changed no parameters."""
    return all(
        np.array_equal(_changed(net, place, before, dtype), old, equal_nan=True) for place, old in before.items()
    )


def _has_all(returned: Any, before: dict[Place, Array]) -> bool:
    """True where what a step returned has arrays of the same shapes at the places of the parameters."""
    for place, old in before.items():
        try:
            array = numbers_of(at(returned, place.paths[0]))
        except LookupError:
            return False
        if array is None or array.shape != old.shape:
            return False
    return True


def _is_there(net: Any, path: Any) -> bool:
    try:
        at(net, path)
    except LookupError:
        return False
    return True


def _clear(net: Any, gradient: GradientPlaces) -> None:
    """Write zeros into the gradient of an object that has taken steps before: it may add to what is there."""
    for layer in gradient.layers:
        for place in (layer.weights, layer.biases):
            if place is not None and _is_there(net, place.paths[0]):
                array = numbers_of(at(net, place.paths[0]))
                if array is not None:
                    write(net, place, np.zeros_like(array))


def _like(array: Array, b: Array) -> Array:
    """An array for biases in the shape that the biases have, (n,) or (n, 1); of another size as it is."""
    return array.reshape(b.shape) if fits_biases(array.shape, b.size) else array
