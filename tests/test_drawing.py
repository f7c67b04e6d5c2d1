import numpy as np
import pytest

from minibp.activations import ACTIVATIONS, HIDDEN
from minibp.arrays import FLOAT_DTYPES
from minibp.costs import COSTS
from minibp.drawing import (
    LAYERS,
    TEXTURES,
    X_TEXTURES,
    NumPyChoices,
    chosen_arrays,
    chosen_hidden,
    chosen_sizes,
    chosen_targets,
    fits,
    pairings,
)

SHAPE = (40, 3)


class Chosen(NumPyChoices):
    """NumPy's choices, but for the first, which is given."""

    def __init__(self, *first):
        super().__init__(np.random.default_rng(0))
        self.first = list(first)

    def one_of(self, *values):
        if not self.first:
            return super().one_of(*values)
        assert self.first[0] in values
        return self.first.pop(0)


def choices(seed=0):
    return NumPyChoices(np.random.default_rng(seed))


def test_everything_can_be_chosen_and_nothing_else():
    given = choices()
    assert {given.one_of("a", "b", "c") for _ in range(100)} == {"a", "b", "c"}
    assert {given.whole(2, 4) for _ in range(100)} == {2, 3, 4}
    assert len(given.bytes(7)) == 7


def test_sizes_are_of_the_depth_asked_for_and_no_wider():
    given = choices()
    found = [chosen_sizes(given, max_layers=3, max_width=6) for _ in range(300)]
    assert {len(sizes) - 1 for sizes in found} == {n for n in LAYERS if n <= 3}
    assert {n for sizes in found for n in sizes} == {1, 2, 3, 4, 5, 6}
    assert {len(chosen_sizes(given, layers=7)) for _ in range(5)} == {8}
    assert {n for _ in range(50) for n in chosen_sizes(given, max_width=2)} <= {1, 2}


def test_widths_are_often_all_the_same():
    found = [chosen_sizes(Chosen(3, 16, square)) for square in (True, False) for _ in range(20)]
    assert all(len(set(sizes)) == 1 for sizes in found[:20])
    assert any(len(set(sizes)) > 1 for sizes in found[20:])


@pytest.mark.parametrize("dtype", FLOAT_DTYPES)
@pytest.mark.parametrize("texture", X_TEXTURES)
def test_arrays_have_their_shapes_dtype_and_texture(texture, dtype):
    first, second = chosen_arrays(Chosen(texture), [SHAPE, (2,)], dtype, X_TEXTURES)
    assert (first.shape, second.shape) == (SHAPE, (2,))
    assert first.dtype == second.dtype == dtype
    assert np.isfinite(first).all()
    size = np.abs(first)
    holds = {
        "entries": len(np.unique(first)) > 10,
        "ones": (first == 1).all(),
        "small integers": set(np.unique(first)) == {-2, -1, 0, 1, 2},
        "tenths": np.array_equal(first, (np.round(10 * first) / 10).astype(dtype)),
        "normal": 0.5 < first.std() < 1.5,
        "fan-in": 0.5 < first.std() * np.sqrt(3) < 1.5,
        "zero": not first.any(),
        "equal": len(np.unique(first)) == 1,
        "sparse": (first == 0).any() and (first != 0).any(),
        "vanishing": size.max() < 0.1,
        "saturated": size.max() > 20,
        "subnormal": (size < np.finfo(dtype).tiny).any() and (size > 0.1).any(),
        "huge": size.max() > 1000,
    }
    assert set(holds) == set(X_TEXTURES) == {*TEXTURES, "huge"}
    assert holds[texture]


@pytest.mark.parametrize("labels", [True, False])
def test_targets_fit_their_cost(labels):
    y = chosen_targets(Chosen(labels), COSTS["cross_entropy"], SHAPE, "float64")
    assert set(np.unique(y)) == {0, 1} if labels else ((y > 0) & (y < 1)).all()
    y = chosen_targets(Chosen(labels), COSTS["categorical_cross_entropy"], SHAPE, "float64")
    # Three quotients and their sum, each rounded.
    assert np.abs(y.sum(-1) - 1).max() <= 4 * np.finfo(np.float64).eps
    assert (y > 0).all() != labels
    assert (chosen_targets(Chosen("saturated"), COSTS["quadratic"], SHAPE, "float64") < 0).any()


def test_pairings_are_those_that_fit():
    found = pairings()
    assert len(found) == len(set(found))
    assert {(one, cost) for one in ACTIVATIONS.values() for cost in COSTS.values() if fits(one, cost)} == set(found)
    assert not fits(ACTIVATIONS["tanh"], COSTS["cross_entropy"])
    assert not fits(ACTIVATIONS["sigmoid"], COSTS["categorical_cross_entropy"])


def test_hidden_layers_have_one_activation_or_each_its_own():
    assert len({one.name for one in chosen_hidden(Chosen(False), 20)}) == 1
    assert len({one.name for one in chosen_hidden(Chosen(True), 20)}) > 1
    assert {one.name for one in chosen_hidden(Chosen(True), 300)} == set(HIDDEN)
