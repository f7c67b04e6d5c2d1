import pytest

from minibp import InputError
from minibp.adapters.drop_in import OptionError, own_errors
from minibp.check.grad.arguments import Misuse


def test_what_code_raises_comes_out_with_a_note_of_where_it_was_called():
    own = KeyError("mine")
    with pytest.raises(KeyError, match="mine") as caught, own_errors():
        raise InputError("f raised KeyError: 'mine', at x = 1.0") from own
    assert caught.value is own
    assert own.__notes__ == ["minibp: f raised KeyError: 'mine', at x = 1.0"]


@pytest.mark.parametrize(
    "cause",
    [None, Misuse("f returned a str"), InputError("the cotangent has 2 parts")],
    ids=["no cause", "a misuse", "an input error"],
)
def test_what_is_of_no_use_is_an_input_error(cause):
    with pytest.raises(InputError, match="expected an array"), own_errors():
        raise InputError("f returned a str, expected an array") from cause


def test_options_that_need_each_other_are_errors_of_both_kinds():
    assert issubclass(OptionError, ValueError)
    assert issubclass(OptionError, AssertionError)
