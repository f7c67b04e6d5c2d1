"""The parameters among the arrays of an object, matched to layers by their shapes and by their names."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any, NamedTuple, TypeVar

from minibp.adapters.array_names import kind_of, role_of
from minibp.adapters.held import Held, Place, listing, text_of
from minibp.adapters.matrix_forms import Form, fits_biases, without_ones
from minibp.adapters.naming import Naming, named
from minibp.adapters.neurons import with_neurons
from minibp.adapters.subject import Sizes
from minibp.arrays import InputError

Candidate = TypeVar("Candidate")
BY_NAME = "name them: weights='W{}', biases=\".params['b{}']\", or a list of paths, one a layer"
SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
NAMED = 4
"""The rank of what the user named, above that of any name."""


class UnclearError(InputError):
    """More than one array, or more than one form, that fits; or arrays for some of the layers alone."""


@dataclass(frozen=True)
class Layer:
    """The places of W^l and b^l, and the form of W^l; no place for b^l where there is none, or W^l has it."""

    weights: Place
    form: Form
    biases: Place | None


@dataclass(frozen=True)
class Layout:
    """The layers 2..L of a network of these sizes."""

    sizes: Sizes
    layers: tuple[Layer, ...]

    @property
    def places(self) -> list[Place]:
        """Those of all parameters."""
        return [place for layer in self.layers for place in (layer.weights, layer.biases) if place is not None]


class _Match(NamedTuple):
    layout: Layout
    score: tuple[int, int, bool]
    """The ranks of the weights, the use that is made of biases, and whether these come in the order of the weights."""


def layout_of(model: Any, held: Sequence[Held], sizes: Sizes, naming: Naming) -> Layout:
    """The parameters of a network of these sizes; `InputError` where nothing fits, or where two ways do."""
    return _or_of_neurons(lambda some: _layout_of(model, some, sizes, naming), model, held)


def _or_of_neurons(search: Callable[[Sequence[Held]], Layout], model: Any, held: Sequence[Held]) -> Layout:
    """What a search finds among arrays; where nothing fits, with the rows of neurons as arrays."""
    try:
        return search(held)
    except UnclearError:
        raise
    except InputError:
        with suppress(InputError):
            return search(with_neurons(model, held))
        raise


def _layout_of(model: Any, held: Sequence[Held], sizes: Sizes, naming: Naming) -> Layout:
    forms = _forms(naming)
    matches = _matches(model, held, [(sizes, (form,)) for form in forms], naming)
    matches = matches or _matches(model, held, [(sizes, tuple(form for form in forms if not form.joined))], naming)
    if not matches:
        shapes = " or ".join(str(form.shape(*sizes[:2])) for form in forms)
        raise InputError(
            f"no arrays fit a network of sizes {list(sizes)}: there are {listing(held)}, expected {symbol('W', 2)} as "
            f"{shapes}; {BY_NAME}"
        )
    return _best(matches, held)


def own_layout(model: Any, held: Sequence[Held], naming: Naming) -> Layout:
    """The sizes and the parameters of an object that has its own; `InputError` as of `layout_of`."""
    return _or_of_neurons(lambda some: _own_layout(model, some, naming), model, held)


def _own_layout(model: Any, held: Sequence[Held], naming: Naming) -> Layout:
    tries = [(sizes, (form,)) for form in _forms(naming) for sizes in _chains(model, held, form, naming)]
    matches = _matches(model, held, tries, naming)
    if not matches:
        raise InputError(
            f"no arrays are the weights of layer after layer: there are {listing(held)}, expected (n_2, n_1), "
            f"(n_3, n_2), … or their transposes; {BY_NAME}"
        )
    return _best(matches, held)


def symbol(letter: str, layer: int) -> str:
    """A letter with the number of a layer.

    >>> symbol("W", 2)
    'W²'
    """
    return letter + str(layer).translate(SUPERSCRIPTS)


def strongest(
    ranked: Sequence[tuple[Candidate, Any]],
    count: int,
    place_of: Callable[[Candidate], Place],
    what: str,
    remedy: str = BY_NAME,
) -> list[Candidate] | None:
    """As many candidates as there are layers, those of the highest ranks, in order; None where there are fewer.

    Where more are as good, an `UnclearError` names them.
    """
    if len(ranked) < count:
        return None
    least = sorted((rank for _, rank in ranked), reverse=True)[count - 1]
    chosen = [one for one, rank in ranked if rank >= least]
    if len(chosen) > count:
        shown = " and ".join(dict.fromkeys(str(place_of(one)) for one in chosen))
        raise UnclearError(f"{shown} are as likely to be {what}; {remedy}")
    return in_order(chosen, place_of)


def in_order(candidates: list[Candidate], place_of: Callable[[Candidate], Place]) -> list[Candidate]:
    """The candidates by the numbers in their paths, where these differ in nothing else; else as they are."""
    texts = [text_of(place_of(one).paths[0]) for one in candidates]
    if len({re.sub(r"\d+", "", text) for text in texts}) > 1:
        return candidates
    numbers = [[int(number) for number in re.findall(r"\d+", text)] for text in texts]
    return [candidates[i] for i in sorted(range(len(candidates)), key=numbers.__getitem__)]


def _forms(naming: Naming) -> list[Form]:
    """The forms that all layers may have."""
    ways = [False, True] if naming.transposed is None else [naming.transposed]
    return [Form(way, joined, bool(naming.bias_first)) for joined, way in product([False, True], ways)]


def _matches(
    model: Any, held: Sequence[Held], tries: Iterable[tuple[Sizes, tuple[Form, ...]]], naming: Naming
) -> list[_Match]:
    """The layouts of the sizes and forms that fit; where there is none but for a doubt, the doubt is raised."""
    found: list[_Match] = []
    doubts = []
    for sizes, forms in tries:
        try:
            found += _match(model, held, sizes, forms, naming)
        except UnclearError as error:
            doubts.append(error)
    if doubts and not found:
        raise doubts[0]
    return found


def _best(matches: list[_Match], held: Sequence[Held]) -> Layout:
    """The layout that names speak for most."""
    best = max(match.score for match in matches)
    top = [match.layout for match in matches if match.score == best]
    if len(top) == 1:
        return top[0]
    ways = " or ".join(f"{one.layers[0].form} for sizes {list(one.sizes)}" for one in top)
    remedies = ["transposed=True where W is (n_in, n_out), False where it is (n_out, n_in)"]
    remedies += ["sizes=[...]"] if len({one.sizes for one in top}) > 1 else []
    raise UnclearError(
        f"by its shape {top[0].layers[0].weights} may be {ways}: there are {listing(held)}; "
        f"pass {', or '.join(remedies)}"
    )


def _match(model: Any, held: Sequence[Held], sizes: Sizes, forms: tuple[Form, ...], naming: Naming) -> Iterator[_Match]:
    """The layout of these sizes in these forms, where there is one."""
    weights = _weights(model, held, sizes, forms, naming)
    if weights is None:
        return
    places = [one.place for one, _, _ in weights]
    if len(set(places)) < len(places):
        return
    more = [one for one in held if one.place not in places and rank_of_weights(one) == 3]
    for one in more if naming.weights is None else ():
        if one.array.any():
            raise UnclearError(
                f"{one.place} {one.array.shape} is of no layer of a network of sizes {list(sizes)}: there are "
                f"{listing(held)}; {BY_NAME}, or pass a function of sizes as make, and sizes=[...]"
            )
    biases = _biases(model, held, sizes, weights, naming)
    layers = [Layer(one.place, form, b and b.place) for (one, form, _), b in zip(weights, biases, strict=True)]
    order = [[one.place for one in held].index(b.place) for b in biases if b is not None and naming.biases is None]
    unused = naming.biases is None and any(_rank_of_biases(one, ()) == 3 for one in held)
    score = (sum(rank for *_, rank in weights), 2 if all(biases) else int(not unused), order == sorted(order))
    yield _Match(Layout(sizes, tuple(layers)), score)


def _weights(
    model: Any, held: Sequence[Held], sizes: Sizes, forms: tuple[Form, ...], naming: Naming
) -> list[tuple[Held, Form, int]] | None:
    """The array of each layer's weights with its form and rank, or None."""
    pairs = list(pairwise(sizes))
    if naming.weights is not None:
        given = named("weights", naming.weights, model, held, len(pairs))
        kept = [
            [(one, form, NAMED) for form in forms if form.fits(one.array.shape, *pair)]
            for one, pair in zip(given, pairs, strict=True)
        ]
        return [ways[0] for ways in kept] if all(len(ways) == 1 for ways in kept) else None
    found: dict[int, tuple[Held, Form, int]] = {}
    for pair, layers in groups_of(pairs).items():
        fitting = [
            ((one, form, rank), (rank, bool(one.array.any())))
            for one in held
            if (rank := rank_of_weights(one))
            for form in forms
            if form.fits(one.array.shape, *pair)
        ]
        chosen = strongest(fitting, len(layers), lambda one: one[0].place, symbol("W", layers[0] + 2))
        if chosen is None:
            return None
        found.update(zip(layers, chosen, strict=True))
    return [found[layer] for layer in range(len(pairs))]


def groups_of(keys: Iterable[Any]) -> dict[Any, list[int]]:
    """The indices of equal keys."""
    groups: dict[Any, list[int]] = defaultdict(list)
    for i, key in enumerate(keys):
        groups[key].append(i)
    return groups


def rank_of_weights(one: Held) -> int:
    """The likelihood that an array is weights by its name, 0 where it is not."""
    ranks = {"parameter": 3, "unknown": 2, "value": 1}
    return max(0 if role_of(path) == "biases" else ranks.get(kind_of(path), 0) for path in one.place.paths)


def _biases(
    model: Any, held: Sequence[Held], sizes: Sizes, weights: list[tuple[Held, Form, int]], naming: Naming
) -> list[Held | None]:
    """The array of each layer's biases; None for those that are joined with the weights, or where there are none."""
    taken = [one.place for one, _, _ in weights]
    if all(form.joined for _, form, _ in weights) or naming.biases == ():
        return [None] * len(weights)
    if naming.biases is not None:
        given = named("biases", naming.biases, model, held, len(weights))
        for one, n in zip(given, sizes[1:], strict=True):
            if not fits_biases(one.array.shape, n):
                raise UnclearError(
                    f"biases: {one.place} has shape {one.array.shape}, expected ({n},), (1, {n}) or ({n}, 1)"
                )
        return list(given)
    found: list[Held | None] = [None] * len(weights)
    free = [one for one in held if one.place not in taken]
    for n, layers in groups_of(sizes[1:]).items():
        ranked = [
            (one, rank) for one in free if fits_biases(one.array.shape, n) and (rank := _rank_of_biases(one, taken))
        ]
        for layer, one in zip(layers, _of_layers(ranked, [taken[i] for i in layers], layers[0] + 2), strict=False):
            found[layer] = one
    missing = [symbol("b", i + 2) for i, one in enumerate(found) if one is None]
    if not any(one is not None and _rank_of_biases(one, ()) == 3 for one in found) and missing:
        return [None] * len(found)
    if missing and len(missing) < len(found):
        raise UnclearError(
            f"no biases {', '.join(missing)} were found, and others were: there are {listing(held)}; {BY_NAME}, "
            "or biases=() where there are none"
        )
    return found


def _of_layers(ranked: list[tuple[Held, int]], weights: list[Place], layer: int) -> list[Held]:
    """The biases of layers of one width; where there are too many, those that are held beside the weights."""
    try:
        return strongest(ranked, len(weights), lambda one: one.place, symbol("b", layer)) or []
    except UnclearError:
        beside = [[(one, (rank, _shared(one.place, place))) for one, rank in ranked] for place in weights]
        return [one for each in beside for one in strongest(each, 1, lambda one: one.place, symbol("b", layer)) or []]


def _rank_of_biases(one: Held, weights: Sequence[Place]) -> int:
    """The likelihood that an array is biases: by its name, or by weights that are held beside it."""
    path = one.place.paths[0]
    kind = kind_of(path)
    if kind == "parameter":
        return 3 if role_of(path) == "biases" else 0
    beside = any(path[:-1] == place.paths[0][:-1] for place in weights)
    return {"unknown": 2 if beside else 1, "value": 1}.get(kind, 0)


def _shared(one: Place, other: Place) -> int:
    """The number of steps that two paths begin with alike."""
    pairs = list(zip(one.paths[0], other.paths[0], strict=False))
    return next((i for i, (a, b) in enumerate(pairs) if a != b), len(pairs))


def _chains(model: Any, held: Sequence[Held], form: Form, naming: Naming) -> list[Sizes]:
    """The sizes of networks whose weights follow each other in this form."""
    if naming.weights is not None:
        return [*_chain(named("weights", naming.weights, model, held, None), form)]
    matrices = [(one, rank) for one in held if (rank := rank_of_weights(one)) and one.array.ndim > 1]
    top = max((rank for _, rank in matrices), default=0)
    likely = [one for one, rank in matrices if rank == top]
    filled = [one for one in likely if one.array.any()]
    wide = [one for one in filled if 1 not in one.array.shape]
    return list(dict.fromkeys(sizes for some in (likely, filled, wide) for sizes in _chain(some, form)))


def _chain(matrices: list[Held], form: Form) -> Iterator[Sizes]:
    sizes: list[int] = []
    for one in in_order(matrices, lambda one: one.place):
        shape = one.array.shape if one.array.ndim == 2 else without_ones(one.array.shape)
        if len(shape) != 2:
            return
        n_out, n_in = shape[::-1] if form.transposed else shape
        if n_in - form.joined < 1 or (sizes and sizes[-1] != n_in - form.joined):
            return
        sizes += [n_out] if sizes else [n_in - form.joined, n_out]
    if sizes:
        yield tuple(sizes)
