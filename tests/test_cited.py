"""docs/extensions/cited.py: the lines that the book takes from the source."""

import pytest
from cited import NotCitedError, citing_lines, source_of_test

MODULE = '''"""Some equations, (1)."""


def outer(x):
    """Equation (2) in a sentence.

    Notes
    -----
    None.
    """

    def inner():
        """(2) once more."""

    for w in x:  # (3)
        z = w + 1  # (4), (5)
        a = z  # (5)
        print(a)
    # By (6),
    # as it happens:
    return [
        z,  # (7)
        a,
        w,
    ]


class Thing:
    def method(self):
        """The thing of (8)."""
        return sum(
            (1, 2)
        )  # (9)
'''


@pytest.fixture
def root(tmp_path):
    (tmp_path / "module.py").write_text(MODULE, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("number", "lines"),
    [
        pytest.param(3, [(15, 15)], id="the head of a statement that has others in it"),
        pytest.param(4, [(16, 16)], id="a simple statement"),
        pytest.param(5, [(16, 17)], id="statements that follow each other are one"),
        pytest.param(6, [(19, 21)], id="a comment by itself, with the head of what it is on"),
        pytest.param(7, [(22, 22)], id="of a long statement the line alone"),
        pytest.param(9, [(31, 33)], id="a statement of some lines whole"),
    ],
)
def test_comments_cite_the_statement_that_they_are_on(root, number, lines):
    found = citing_lines(root, "module.py", number)
    assert [(one.first, one.last) for one in found] == lines
    assert not found[0].text.startswith(" ")


def test_without_a_comment_a_docstrings_first_line_cites_and_the_rest_of_it_is_left_out(root):
    (found,) = citing_lines(root, "module.py", 2)
    assert (found.first, found.last) == (4, 25)
    assert found.text.splitlines()[:3] == ["def outer(x):", '    """Equation (2) in a sentence."""', ""]
    assert "Notes" not in found.text
    (found,) = citing_lines(root, "module.py::Thing", 8)
    assert found.text.startswith("def method(self):")


@pytest.mark.parametrize(
    ("place", "number", "message"),
    [
        pytest.param("module.py", 1, r"module.py does not cite \(1\)", id="the module's docstring alone"),
        pytest.param("module.py::Thing", 4, r"module.py::Thing does not cite \(4\)", id="elsewhere in the file"),
        pytest.param("module.py::Thing.other", 4, "module.py::Thing.other is not there", id="no such name"),
        pytest.param("other.py", 4, "other.py is not there", id="no such file"),
    ],
)
def test_what_is_not_cited_is_an_error(root, place, number, message):
    with pytest.raises(NotCitedError, match=message):
        citing_lines(root, place, number)


def test_a_test_is_shown_with_its_decorators(root):
    text = "import pytest\n\n\n@pytest.mark.skip\ndef test_f():\n    assert 1\n"
    (root / "test_f.py").write_text(text, encoding="utf-8")
    assert source_of_test(root, "test_f.py::test_f[1]").text == "@pytest.mark.skip\ndef test_f():\n    assert 1"
    with pytest.raises(NotCitedError, match="test_f.py::test_g is not there"):
        source_of_test(root, "test_f.py::test_g")
