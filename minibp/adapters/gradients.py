"""The gradient among the arrays that an object holds after a step, or that the step returned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from minibp.adapters.array_names import kind_of, role_of
from minibp.adapters.held import Held, Place, arrays_in, at, is_number, listing, numbers_in, numbers_of
from minibp.adapters.matrix_forms import Form, fits_biases
from minibp.adapters.naming import Naming, named
from minibp.adapters.neurons import neurons_in
from minibp.adapters.parameters import Layout, groups_of, in_order, strongest, symbol
from minibp.arrays import Array, InputError

RANKS = {
    "found": {"gradient": 3, "delta": 1},
    "returned": {"gradient": 3, "parameter": 2, "unknown": 2, "delta": 1, "value": 1},
}
"""How likely an array is a gradient by the kind of its name; what is returned needs no name that says so."""
BY_NAME = "name them: nabla_w='dW{}', nabla_b=\".grads['b{}']\", or a list of paths, one a layer"


class LayerGradient(NamedTuple):
    """The place and the form of ∂C/∂W^l, and the place of ∂C/∂b^l: None where it has none, or ∂C/∂W^l has it."""

    weights: Place
    form: Form
    biases: Place | None


@dataclass(frozen=True)
class GradientPlaces:
    """Those of the layers 2..L."""

    layers: tuple[LayerGradient, ...]


class Pool(NamedTuple):
    """Where a gradient is looked for: an object after a step, or what the step returned."""

    kind: str
    """ "found" or "returned"."""
    holder: Any
    parameters: Sequence[Any]
    """The arrays that are the parameters, which are no gradients."""
    before: dict[Place, Array]
    """Copies of the arrays that were there before the step."""
    has_neurons: bool = False
    """True where each neuron has a row of the parameters, and so of the gradient."""

    @property
    def held(self) -> list[Held]:
        """The arrays that may be gradients."""
        own = {id(one) for one in self.parameters}
        neurons = neurons_in(self.holder) if self.has_neurons else []
        neurons += numbers_in(self.holder) if self.kind == "returned" else []
        arrays = [one for one in arrays_in(self.holder) if id(at(self.holder, one.place.paths[0])) not in own]
        return [*arrays, *neurons]

    def is_changed(self, one: Held) -> bool:
        """True for an array that is new, or that the step has changed."""
        old = self.before.get(one.place)
        return old is None or not np.array_equal(old, one.array, equal_nan=True)


def gradient_places(pool: Pool, layout: Layout, naming: Naming) -> GradientPlaces:
    """The places of the gradient by each parameter; `InputError` where nothing fits, or where two arrays do."""
    held, pairs = pool.held, list(pairwise(layout.sizes))
    forms = [layer.form for layer in layout.layers]

    def fits_w(one: Held, i: int) -> int:
        ways = [way.fits(one.array.shape, *pairs[i]) for way in (forms[i], forms[i].other())]
        return 2 if ways[0] else int(ways[1])

    def fits_b(one: Held, i: int) -> int:
        return int(fits_biases(one.array.shape, pairs[i][1]))

    if naming.nabla_w is not None:
        weights = named("nabla_w", naming.nabla_w, pool.holder, held, len(pairs))
    else:
        weights = _matched(pool, held, "weights", fits_w, list(zip(pairs, forms, strict=True)))
    forms = [
        form.other() if fits_w(one, i) == 1 else form for i, (one, form) in enumerate(zip(weights, forms, strict=True))
    ]
    biases: list[Held | None] = [None] * len(pairs)
    if any(layer.biases for layer in layout.layers):
        free = [one for one in held if one.place not in {w.place for w in weights}]
        if naming.nabla_b is not None:
            biases = [*named("nabla_b", naming.nabla_b, pool.holder, held, len(pairs))]
        else:
            biases = [*_matched(pool, free, "biases", fits_b, [n for _, n in pairs])]
    layers = zip(weights, forms, biases, strict=True)
    return GradientPlaces(tuple(LayerGradient(w.place, form, b and b.place) for w, form, b in layers))


def _matched(
    pool: Pool, held: list[Held], role: str, fits: Callable[[Held, int], int], keys: Sequence[Any]
) -> list[Held]:
    """Each layer's array: by its shape; where one is missing, by its name alone, for a check to see."""
    letter = "W" if role == "weights" else "b"
    ranked = [(one, rank) for one in held if (rank := _rank(pool.kind, one.place, role))]
    found: dict[int, Held] = {}
    for layers in groups_of(keys).values():
        fitting = [(one, (rank, fit, pool.is_changed(one))) for one, rank in ranked if (fit := fits(one, layers[0]))]
        what = f"∂C/∂{symbol(letter, layers[0] + 2)}"
        chosen = strongest(fitting, len(layers), lambda one: one.place, what, BY_NAME) or []
        found.update(zip(layers, chosen, strict=False))
    missing = [i for i in range(len(keys)) if i not in found]
    taken = {one.place for one in found.values()}
    rest = [one for one, _ in ranked if one.place not in taken and role_of(one.place.paths[0]) == role]
    if missing and len(rest) != len(missing):
        lacking = ", ".join(f"∂C/∂{symbol(letter, i + 2)}" for i in missing)
        where = "in what step returned" if pool.kind == "returned" else "in the object after step, by names such as dW"
        raise InputError(f"no {lacking} {where}: there are {listing(pool.held)}; {BY_NAME}")
    found.update(zip(missing, in_order(rest, lambda one: one.place), strict=False))
    return [found[i] for i in range(len(keys))]


def _rank(kind: str, place: Place, role: str) -> int:
    """The likelihood that an array is the gradient by parameters of this role, by its names; 0 where it is not."""
    said = {role_of(path) for path in place.paths} - {None}
    if said and role not in said:
        return 0
    return max(RANKS[kind].get(kind_of(path), 0) for path in place.paths)


def gradient_at(
    holder: Any, places: GradientPlaces, layout: Layout, dtype: Any
) -> tuple[list[Array], list[Array | None]]:
    """The gradient at these places, in the forms of W and b; an array of another shape as it is, for a check to see."""
    nabla_w: list[Array] = []
    nabla_b: list[Array | None] = []
    for layer, (n_in, n_out) in zip(places.layers, pairwise(layout.sizes), strict=True):
        w, b = unpacked(read(holder, layer.weights, dtype), layer.form, n_in, n_out)
        nabla_w.append(w)
        nabla_b.append(b if layer.biases is None else read(holder, layer.biases, dtype))
    return nabla_w, nabla_b


def unpacked(array: Array, form: Form, n_in: int, n_out: int) -> tuple[Array, Array | None]:
    """The parts of an array of this form or of its transpose; the array alone where it has neither shape."""
    for one in (form, form.other()):
        if one.fits(array.shape, n_in, n_out):
            return one.unpacked(array, n_in, n_out)
    return array, None


def read(holder: Any, place: Place, dtype: Any) -> Array:
    """A copy of the array at a place; numbers in a list have the dtype that is given."""
    try:
        value = at(holder, place.paths[0])
    except LookupError:
        raise InputError(f"there is no {place} after step: there are {listing(arrays_in(holder))}") from None
    if is_number(value):
        return np.array(value)
    array = numbers_of(value)
    if array is None:
        raise InputError(f"{place} is a {type(value).__name__} after step, expected an array of numbers")
    return np.array(array, dtype if isinstance(value, list) else array.dtype)
