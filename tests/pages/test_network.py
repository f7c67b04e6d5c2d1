from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from minibp.pages.network import MOST, Mark, drawn


def of_sizes(sizes, **given):
    return drawn(
        sizes,
        lambda layer, j: Mark("level0", f"neuron {layer} {j}"),
        lambda layer, j, k: Mark("level1", f"weight {layer} {j} {k}"),
        **given,
    )


@given(st.lists(st.integers(1, 30), min_size=2, max_size=6))
def test_every_part_has_its_place_and_a_name_of_its_own(sizes):
    drawing = of_sizes(sizes)
    shown = [min(size, MOST) for size in sizes]
    assert len(drawing.neurons) == sum(shown)
    assert len(drawing.weights) == sum(a * b for a, b in pairwise(shown))
    assert [column.left_out for column in drawing.columns] == [max(0, size - MOST) for size in sizes]
    names = [one.id for one in (*drawing.neurons, *drawing.weights)]
    assert len(set(names)) == len(names)
    places = {(one.x, one.y) for one in drawing.neurons}
    assert len(places) == len(drawing.neurons)
    for one in drawing.neurons:
        assert drawing.radius < one.x < drawing.width - drawing.radius
        assert drawing.radius < one.y < drawing.height - drawing.radius
    ends = {(one.x1, one.y1) for one in drawing.weights} | {(one.x2, one.y2) for one in drawing.weights}
    assert ends == places


def test_a_weight_goes_from_neuron_k_to_neuron_j():
    drawing = of_sizes([2, 1])
    at = {one.id: (one.x, one.y) for one in drawing.neurons}
    (first, second) = drawing.weights
    assert [first.id, second.id] == ["w2-1-1", "w2-1-2"]
    assert (first.x1, first.y1, first.x2, first.y2) == (*at["n1-1"], *at["n2-1"])
    assert (second.x1, second.y1) == at["n1-2"]
    assert first.mark.title == "weight 2 1 1"


def test_of_a_wide_layer_those_are_drawn_that_matter_most_in_their_order():
    drawing = of_sizes([1, 40], rank=lambda layer, j: j == 33)
    assert [one.id for one in drawing.neurons][1:] == [f"n2-{j}" for j in (*range(1, MOST), 33)]


def test_layers_are_named():
    assert [column.label for column in of_sizes([2, 3, 1]).columns] == ["layer 1, x", "layer 2", "layer 3, output"]
