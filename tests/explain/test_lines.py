import numpy as np

from minibp.explain.lines import Line, Matrix, Part, Step, Worked, matrix


def line(part, letters="x y", numbers="2·3", sign="="):
    return Line("(24)", part, "c", letters, numbers, 6.0, sign)


def test_the_sides_of_an_equation():
    assert line(None).pieces() == ["c", "= x y", "= 2·3", "= 6.00000"]
    assert line(None, numbers="").pieces() == ["c", "= x y", "= 6.00000"]
    assert line(None, letters="", sign="←").pieces() == ["c", "← 2·3", "= 6.00000"]


def test_lines_of_a_part_are_those_about_it_alone_in_their_order():
    lines = [line(Part(2, 1)), line(Part(2, 1, 1)), line(None), line(Part(2, 1), "later")]
    worked = Worked("", "", [Step("", "", lines[:2], []), Step("", "", lines[2:], [])], "", 0.0)
    assert list(worked.lines()) == lines
    assert worked.lines_of(Part(2, 1)) == [lines[0], lines[3]]
    assert worked.lines_of(Part(2, 1, 1)) == [lines[1]]
    assert worked.lines_of(Part(3, 1)) == []


def test_a_vector_stands_upright():
    assert matrix(np.array([0.5, -0.25])) == Matrix((("0.50000",), ("−0.25000",)))
    assert matrix(np.array([[0.5, 1.0]]), as_given=True) == Matrix((("0.5", "1"),))
