"""The survey of a model before any check: for which sizes it can be made, and where its parameters and gradient are."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import count, pairwise
from typing import Any, NamedTuple

import numpy as np

from minibp.adapters.array_names import role_of
from minibp.adapters.gradients import GradientPlaces
from minibp.adapters.held import Place, arrays_in
from minibp.adapters.makers import Maker, Original, is_maker, takes_nothing, ways_of
from minibp.adapters.matrix_forms import sizes_apart
from minibp.adapters.model_call import How, Known, copies_of, places_after, put, run
from minibp.adapters.naming import Naming
from minibp.adapters.parameters import BY_NAME, UnclearError, layout_of, own_layout
from minibp.adapters.subject import Arrays, Sizes
from minibp.arrays import Array, InputError
from minibp.signatures import name_of_code
from minibp.user_error import description_of

USUAL, OTHER = (3, 4), (2, 5)
"""The lengths that a maker is tried for; the others where it takes neither."""
EQUAL = 3
"""The width of further networks, of equal layers: a product by the wrong side of W raises nothing there."""
KINDS = ("rows", "columns", "one", "column", "labels")
"""The ways in which a step may take examples."""
ROWS = 11
"""The least number of examples of a trial, which is no width of the model, nor one more."""
DRAWS = 8
"""The draws on all of which parameters that change nothing are no parameters."""


class Survey(NamedTuple):
    """The layouts by the number of layers, the sizes to call for, and whether they are the model's own."""

    known: list[Known]
    sizes: tuple[Sizes, ...]
    is_own: bool


def survey(make: Any, sizes: tuple[Sizes, ...] | None, naming: Naming) -> Survey:
    """The models that can be made, and their parameters; `InputError` where there is none that fits."""
    if not is_maker(make):
        return _own(Original(make), sizes, naming)
    try:
        return _of_any_sizes(make, naming) if sizes is None else _of_sizes(make, sizes, naming)
    except InputError:
        if not takes_nothing(make):
            raise
    return _own(Maker(make, "own"), sizes, naming)


def _of_any_sizes(make: Any, naming: Naming) -> Survey:
    """The models of a maker for one hidden layer and for two, of those that it makes."""
    found, faults = _of_lengths(make, USUAL, naming)
    if not found and not any(isinstance(error, UnclearError) for error in faults):
        found, more = _of_lengths(make, OTHER, naming)
        faults += more
    if not found:
        raise next((error for error in faults if isinstance(error, UnclearError)), faults[0])
    sizes = [one for known in found for one in (known.layout.sizes, (EQUAL,) * len(known.layout.sizes))]
    return Survey(found, tuple(one for one in sizes if _misfit(found, one) is None), is_own=False)


def _of_lengths(make: Any, lengths: tuple[int, ...], naming: Naming) -> tuple[list[Known], list[InputError]]:
    """The models of so many widths, and the errors where there are none."""
    found, faults = [], []
    for length in lengths:
        try:
            found.append(_known(make, sizes_apart(length), naming))
        except InputError as error:
            faults.append(error)
    return found, faults


def _of_sizes(make: Any, sizes: tuple[Sizes, ...], naming: Naming) -> Survey:
    """The models of a maker for sizes that the user gave: their layout is told by other sizes where it makes such."""
    found = []
    for one in {len(one): one for one in sizes}.values():
        try:
            found.append(_known(make, sizes_apart(len(one)), naming))
        except InputError:
            found.append(_known(make, one, naming))
    for one in sizes:
        misfit = _misfit(found, one)
        if misfit is not None:
            raise misfit
    return Survey(found, sizes, is_own=False)


def _own(models: Maker | Original, sizes: tuple[Sizes, ...] | None, naming: Naming) -> Survey:
    """A model that has sizes of its own."""
    model = models.model(())
    held = arrays_in(model)
    if not held:
        verb = "returned" if isinstance(models, Maker) else "is"
        raise InputError(
            f"make {verb} {model!s:.80}, expected a class, a function of sizes, or an object that holds arrays"
        )
    if sizes is not None and len(sizes) > 1:
        raise InputError(f"sizes is {[list(one) for one in sizes]}, expected one network: make has sizes of its own")
    layout = layout_of(model, held, sizes[0], naming) if sizes else own_layout(model, held, naming)
    return Survey([Known(models, layout)], (layout.sizes,), is_own=True)


def _known(make: Any, sizes: Sizes, naming: Naming) -> Known:
    """The first way to take these sizes in which a maker makes a model that they fit."""
    misfits, raised = [], []
    for way in ways_of(make, sizes):
        maker = Maker(make, way)
        try:
            model = maker.model(sizes)
        except InputError as error:
            raised.append(str(error))
            continue
        try:
            return Known(maker, layout_of(model, arrays_in(model), sizes, naming))
        except InputError as error:
            misfits.append(error)
    if misfits:
        raise misfits[0]
    name = name_of_code(make)
    expected = f"expected {name}(sizes), {name}(n_1, n_2, n_3) or one that takes nothing and has sizes of its own"
    raise InputError(
        "; ".join([*raised, expected]) if raised else f"make is {name}, which takes no {list(sizes)}, {expected}"
    )


def _misfit(found: list[Known], sizes: Sizes) -> InputError | None:
    """The error of a model of these sizes where the layout of its length does not fit it."""
    known = next(one for one in found if len(one.layout.sizes) == len(sizes))
    zeros = [(np.zeros((n, k)), np.zeros(n)) for k, n in pairwise(sizes)]
    try:
        put(known.models.model(sizes), replace(known.layout, sizes=sizes), *zip(*zeros, strict=True))
    except InputError as error:
        return error
    return None


def with_gradient(how: How, known: Known) -> tuple[Known, str]:
    """The same with the places of the gradient, found by a trial; or the reason why they are looked for in each call.

    The examples of the trial are rows, columns, one vector or one column, or have labels: whichever the step takes.
    `InputError` where it takes rows, and leaves no gradient. A step that raises on all of them may write into arrays
    that are there before it.
    """
    faults: list[Exception] = []
    for kind in KINDS:
        try:
            return replace(known, gradient=_tried(how, known, kind)), ""
        except Exception as error:  # noqa: BLE001 (whatever the step raises is raised again where it is checked)
            faults.append(error)
    if isinstance(faults[0], InputError):
        raise faults[0]
    if how.gradient == "found":
        with suppress(InputError):
            model = known.models.model(known.layout.sizes)
            return replace(known, gradient=places_after(how, model, None, known.layout, {})), ""
    return known, f"on a trial step raised {description_of(faults[0])}: its gradient is looked for in each call"


def without_idle_biases(how: How, known: Known) -> Known:
    """The same without biases that are not called so, where other values in them change nothing.

    A model may keep activations beside its weights, which have the shape of biases and are overwritten by each pass.
    """
    layout = known.layout
    if all(layer.biases is None or role_of(layer.biases.paths[0]) == "biases" for layer in layout.layers):
        return known
    for kind in KINDS:
        with suppress(Exception):
            if _changes(how, known, kind, shift_of_biases=1.0):
                return known
            layers = tuple(replace(one, biases=None) for one in layout.layers)
            return replace(known, layout=replace(layout, layers=layers))
    return known


def expect_use_of_weights(how: How, known: Known) -> None:
    """Reject a layout whose weights change nothing of what a step does: they may be copies of others."""
    for kind in KINDS if known.gradient is not None else ():
        try:
            used = [_changes(how, known, kind, other_weights=i) for i in range(len(known.layout.layers))]
        except Exception:  # noqa: BLE001, S112 (whatever the step raises is raised again where it is checked)
            continue
        for layer, is_used in zip(known.layout.layers, used, strict=True):
            if not is_used:
                raise InputError(
                    f"other values in {layer.weights} change nothing: expected the arrays that step computes with; "
                    f"{BY_NAME}"
                )
        return


def _changes(how: How, known: Known, kind: str, shift_of_biases: float = 0.0, other_weights: int | None = None) -> bool:
    """True where other parameters change anything of a step on some draw: on one of them a layer may be all zero."""
    but = None if other_weights is None else known.layout.layers[other_weights].weights
    return any(
        not _is_same(
            _state(how, known, kind, seed), _state(how, known, kind, seed, shift_of_biases, other_weights), but
        )
        for seed in range(DRAWS)
    )


def _state(
    how: How, known: Known, kind: str, seed: int, shift_of_biases: float = 0.0, other_weights: int | None = None
) -> dict[Any, Any]:
    """All arrays after a step with such parameters, in the model and in what the step returned."""
    sizes = known.layout.sizes
    weights, biases = _parameters(sizes, seed)
    weights = [w[::-1, ::-1] if i == other_weights else w for i, w in enumerate(weights)]
    with np.errstate(all="ignore"), _same_random_numbers():
        model = known.models.model(sizes)
        put(model, known.layout, weights, [b + shift_of_biases for b in biases])
        returned = run(how.step, model, *_examples(sizes, kind, seed))
    return {
        (i, place): array for i, holder in enumerate((model, returned)) for place, array in copies_of(holder).items()
    }


@contextmanager
def _same_random_numbers() -> Iterator[None]:
    """Within, the generators that have a state for all code start from one seed; afterwards they go on as before."""
    states = np.random.get_state(), random.getstate()  # noqa: NPY002 (models draw from it)
    np.random.seed(0)  # noqa: NPY002
    random.seed(0)
    try:
        yield
    finally:
        np.random.set_state(states[0])  # noqa: NPY002
        random.setstate(states[1])


def _is_same(one: dict[Any, Any], other: dict[Any, Any], but: Place | None = None) -> bool:
    """True where two states have the same arrays, but for one place in the model."""
    kept = one.keys() - {(0, but)}
    return one.keys() == other.keys() and all(np.array_equal(one[key], other[key], equal_nan=True) for key in kept)


def _tried(how: How, known: Known, kind: str) -> GradientPlaces:
    layout = known.layout
    model = known.models.model(layout.sizes)
    put(model, layout, *_parameters(layout.sizes))
    before = copies_of(model)
    with np.errstate(all="ignore"):
        returned = run(how.step, model, *_examples(layout.sizes, kind))
    return places_after(how, model, returned, layout, before)


def _parameters(sizes: Sizes, seed: int = 0) -> tuple[Arrays, Arrays]:
    rng = np.random.default_rng(seed)
    return [rng.standard_normal((n, k)) for k, n in pairwise(sizes)], [rng.standard_normal(n) for n in sizes[1:]]


def _examples(sizes: Sizes, kind: str, seed: int = 0) -> tuple[Array, Array]:
    """x and y as rows, as columns, or of one example, which is a vector or a column; or labels for rows."""
    rng = np.random.default_rng([seed, 1])
    m = next(m for m in count(ROWS) if not {m, m - 1}.intersection(sizes))
    x, y = rng.standard_normal((m, sizes[0])), rng.uniform(0.1, 0.9, (m, sizes[-1]))
    return {
        "rows": (x, y),
        "columns": (x.T, y.T),
        "one": (x[0], y[0]),
        "column": (x[:1].T, y[:1].T),
        "labels": (x, y.argmax(1)),
    }[kind]
