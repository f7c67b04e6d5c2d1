"""Wrong uses, each told in one clear line: see `wrong_uses`, which also prints the table."""

import contextlib

import pytest
import wrong_uses

import minibp

USES = wrong_uses.uses()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the files that are spoken of, to be in."""
    made = tmp_path_factory.mktemp("wrong_uses")
    wrong_uses.make_files(made)
    with contextlib.chdir(made):
        yield made


@pytest.mark.parametrize("use", USES, ids=[use.name for use in USES])
@pytest.mark.usefixtures("folder")
def test_a_wrong_use_is_told_in_one_clear_line(use):
    found, said = wrong_uses.outcome(use)
    assert found == "clear", said


def test_there_are_hundreds_and_no_two_are_called_the_same():
    assert len(USES) > 500
    assert len({use.name for use in USES}) == len(USES)


@pytest.mark.parametrize(
    ("call", "outcome"),
    [
        pytest.param(lambda: 1 / 0, "traceback", id="traceback"),
        pytest.param(lambda: 1, "silent", id="silent"),
        pytest.param(lambda: minibp.Network.load("missing"), "unclear", id="unclear"),
    ],
)
def test_the_table_tells_other_outcomes(call, outcome):
    assert wrong_uses.outcome(wrong_uses.Use("", call, "argument"))[0] == outcome
