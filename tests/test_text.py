import pytest

from minibp.text import counted


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((0, "step"), "0 steps"),
        ((1, "step"), "1 step"),
        ((2, "step"), "2 steps"),
        ((1234567, "step"), "1,234,567 steps"),
        ((1, "entry", "entries"), "1 entry"),
        ((3, "entry", "entries"), "3 entries"),
    ],
    ids=["none", "one", "two", "many", "one entry", "entries"],
)
def test_a_number_has_its_noun(arguments, text):
    assert counted(*arguments) == text
