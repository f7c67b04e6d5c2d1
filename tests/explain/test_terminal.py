import pytest
from hypothesis import given
from printed import examples

from minibp.explain.example import example_of
from minibp.explain.lines import Line, Matrix, Step, VectorLine, Worked
from minibp.explain.terminal import text_of
from minibp.explain.worked import worked


def of(lines=(), vectors=(), columns=60):
    found = text_of(Worked("A title", "About", [Step("A step", "", lines, vectors)], "The end", 0.0), columns)
    assert found[:2] == ["A title", "About"]
    assert found[-2:] == ["", "The end"]
    return found[4:-2]


@pytest.mark.parametrize("columns", [40, 60, 80, 100, 120, 200])
@given(example=examples())
def test_no_line_is_wider_than_the_terminal(columns, example):
    assert max(map(len, text_of(worked(example), columns))) <= columns


def test_no_line_of_the_largest_networks_is_either():
    for sizes in ([6, 6, 4], [1] * 9, [9, 6], [6, 9], [1, 9, 5]):
        example = example_of(sizes, "silu", "softmax" if sizes[-1] > 1 else None, "quadratic", 1.5, 0)
        assert max(map(len, text_of(worked(example), 60))) <= 60


LINE = Line("(24)", None, "c", "x y", "2·3", 6.0)


def test_a_line_has_its_number_in_the_margin_and_its_signs_below_each_other():
    assert of([LINE]) == ["(24)  c = x y = 2·3 = 6.00000"]
    long = LINE._replace(letters="a" * 20, numbers="1 + " * 12 + "1")
    assert of([long]) == [
        f"(24)  c = {'a' * 20}",
        "        = 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1",
        "        = 6.00000",
    ]


def test_a_sum_that_is_too_long_is_broken_before_a_sign():
    long = LINE._replace(letters="", numbers=" + ".join(["0.12345·0.5"] * 6))
    first, second, third = of([long])
    assert first.startswith("(24)  c = 0.12345·0.5 + 0.12345·0.5")
    assert second.startswith("          + 0.12345·0.5")
    assert third.strip() == "= 6.00000"


X, Y, PRODUCT = Matrix((("2",), ("3",))), Matrix((("3",),)), Matrix((("6.0",), ("9.0",)))
VECTOR = VectorLine("(24)", "C = x yᵀ", (PRODUCT, "=", X, Y))


def test_a_difference_is_not_broken_where_there_is_another_place():
    long = LINE._replace(letters="", numbers="0·ln(1 − 0.14104) + 1·ln(1 − 0.14104) + 0·ln(1 − 0.13540)")
    assert of([long])[1] == "          + 0·ln(1 − 0.13540) = 6.00000"
    narrow = of([LINE._replace(letters="", numbers="(0.39894 − 0)/(0.39894·(1 − 0.39894))")], columns=40)
    assert narrow[1].startswith("          − ")


def test_matrices_stand_beside_each_other_in_the_middle_of_their_height():
    three = VECTOR._replace(terms=(Matrix((("1",), ("2",), ("3",))), "=", Matrix((("4",),))))
    assert of(vectors=[VECTOR, three]) == [
        "(24)  C = x yᵀ",
        "      [6.0] = [2] [3]",
        "      [9.0]   [3]",
        "(24)  C = x yᵀ",
        "      [1]",
        "      [2] = [4]",
        "      [3]",
    ]


def test_what_is_too_wide_goes_on_below():
    wide = VECTOR._replace(terms=("=", Matrix((("0.12345",) * 9,)), "+", Matrix((("0.5",),))))
    assert of(vectors=[wide]) == [
        "(24)  C = x yᵀ",
        f"      = [{' '.join(['0.12345'] * 6)}]",
        f"      … [{' '.join(['0.12345'] * 3)}] + [0.5]",
    ]


def test_the_two_forms_are_beside_each_other_where_there_is_space():
    assert of([LINE], [VECTOR], 120) == [
        "(24)  c = x y = 2·3 = 6.00000 │ (24)  C = x yᵀ",
        "                              │       [6.0] = [2] [3]",
        "                              │       [9.0]   [3]",
    ]
    below = of([LINE], [VECTOR], 80)
    assert below[:3] == ["(24)  c = x y = 2·3 = 6.00000", "", "(24)  C = x yᵀ"]
