import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from hypothesis import given, settings
from printed import examples

from minibp.explain.example import example_of
from minibp.explain.lines import Matrix
from minibp.explain.page import grouped, page_of, typeset
from minibp.explain.worked import worked

pytest.importorskip("jinja2")


def page(sizes=(2, 3, 2), activation="sigmoid", output=None, cost="quadratic", l2=0.0, seed=0):
    example = example_of(sizes, activation, output, cost, l2, seed)
    pass_ = worked(example)
    return page_of(example, pass_), pass_


class Reader(HTMLParser):
    """The tags of a page with their attributes, and the text of each element that has an id."""

    VOID = frozenset({"meta", "line", "circle", "br", "input", "link", "img"})

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts, self.open = [], {}, []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append((tag, dict(attrs).get("id")))

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open[-1][0] == tag, (self.open, tag)
        self.open.pop()

    def handle_data(self, data):
        for _, name in self.open:
            if name:
                self.texts[name] = self.texts.get(name, "") + data


@given(example=examples())
@settings(max_examples=15)
def test_every_part_that_can_be_chosen_shows_its_own_lines(example):
    pass_ = worked(example)
    read = Reader(page_of(example, pass_))
    assert read.open == []
    ids = [attributes["id"] for _, attributes in read.tags if "id" in attributes]
    assert len(set(ids)) == len(ids)
    buttons = [attributes for _, attributes in read.tags if "data-shows" in attributes]
    sizes = example.network.sizes
    assert len(buttons) == sum(sizes) + sum(a * b for a, b in pairwise(sizes))
    for button in buttons:
        assert button["tabindex"] == "0"
        assert button["role"] == "button"
        assert button["aria-label"]
        assert button["data-shows"] in ids


def test_a_weight_has_its_derivative_and_its_step_and_a_neuron_the_whole_way():
    texts = Reader(page()[0]).texts
    assert re.findall(r"\(\d+\)", texts["of-w2-1-2"]) == ["(24)", "(3)"]
    whole_way = "(12) (14) (8) (20) (20) (18) (21) (23) (3)"
    assert re.findall(r"\(\d+\)", texts["of-n2-1"]) == whole_way.split()
    assert "nothing is computed" in texts["of-n1-1"]


def test_all_lines_are_there_without_a_script():
    text, pass_ = page(l2=0.5, cost="cross_entropy")
    assert text.count('<section class="step">') == len(pass_.steps)
    sections = text.split('<section class="step">', 1)[1]
    assert sections.count('<span class="sides">') == len(list(pass_.lines()))
    assert "hidden" not in re.sub(r"<script>.*", "", sections, flags=re.DOTALL)


def test_nothing_is_loaded_and_everything_is_escaped():
    text, _ = page()
    assert "default-src 'none'" in text
    assert not re.search(r"(?:src|href)=\"(?!#)", text)
    assert "σ&#39;(z" in text


def test_formulas_have_their_indices_above_and_below():
    assert typeset("w^2_1k a^1_k") == [("", "w"), ("sup", "2"), ("sub", "1k"), ("", " a"), ("sup", "1"), ("sub", "k")]
    assert typeset("e^−0.58)") == [("", "e"), ("sup", "−0.58"), ("", ")")]
    assert typeset("Σ_k e^z_k ∇_a C") == [
        ("", "Σ"), ("sub", "k"), ("", " e"), ("sup", "z_k"), ("", " ∇"), ("sub", "a"), ("", " C"),
    ]  # fmt: skip
    assert typeset("½ (a − y)²") == [("", "½ (a − y)²")]


def test_a_sign_is_not_parted_from_the_matrix_behind_it():
    one = Matrix((("1",),))
    assert grouped([one, "=", one, one]) == [("", one), ("=", one), ("", one)]
    assert grouped(["C =", one, "."]) == [("C =", one), (".", None)]
