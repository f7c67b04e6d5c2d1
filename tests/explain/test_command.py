import pytest
from case_ids import written_out
from click.testing import CliRunner

from minibp.cli import cli


def run(*arguments):
    return CliRunner().invoke(cli, ["explain", *map(str, arguments)], catch_exceptions=False)


def test_by_default_a_small_network_is_worked_out():
    result = run()
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "A pass by hand: 2-3-2, sigmoid, quadratic, seed 0"
    for part in ("Forward, layer 3", "The error of layer 2", "One step of gradient descent", "the cost falls"):
        assert part in result.stdout
    assert "minibp.batched.backprop" in " ".join(lines[-2:])
    assert max(map(len, lines)) <= 100
    assert run("--seed", 1).stdout != result.stdout == run("--seed", 0).stdout


def test_options_are_what_is_worked_out():
    options = ("--activation", "tanh", "--output-activation", "softmax", "--cost", "categorical_cross_entropy")
    result = run("--sizes", "2,2,2", *options, "--l2", 0.5, "--seed", 7)
    assert result.exit_code == 0
    title = "A pass by hand: 2-2-2, tanh and softmax, categorical_cross_entropy, L2 with α = 0.5, seed 7"
    assert result.stdout.splitlines()[0] == title


def test_a_page_is_written_too(tmp_path):
    pytest.importorskip("jinja2")
    file = tmp_path / "page.html"
    result = run("--html", file)
    assert result.exit_code == 0
    assert "Forward, layer 2" in result.stdout
    assert "<title>A pass by hand: 2-3-2, sigmoid, quadratic, seed 0</title>" in file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--sizes", "784,30,10"], "with 23,820 weights are too many to be read: expected at most 9 layers"),
        (["--sizes", "2,x"], "--sizes is '2,x', expected whole numbers with commas between them"),
        (["--sizes", "3"], "expected an input layer and at least one more"),
        (["--sizes", "2,0,1"], "sizes[1] is 0, expected at least 1"),
        (["--activation", "gelu"], "gelu is not written out for a calculator"),
        (["--activation", "softmax"], "softmax is an output activation"),
        (["--cost", "hinge"], "unknown cost 'hinge', expected one of quadratic"),
        (["--cost", "categorical_cross_entropy"], "categorical_cross_entropy needs a softmax output, got sigmoid"),
        (["--l2", "-1"], "l2 is -1.0, expected a finite number"),
        (["--l2", "nan"], "l2 is nan, expected a number"),
        (["--seed", "-1"], "-1 is not in the range x>=0"),
        (["--html", "nowhere/page.html"], "cannot write nowhere/page.html: there is no folder"),
        (["--html", ""], "--html needs the name of a file"),
    ],
    ids=written_out,
)
def test_unusable_arguments_are_refused_with_2(arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.output


def test_help_says_what_can_be_chosen():
    text = " ".join(run("--help").stdout.split())
    for word in ("softplus", "huber", "[default: 2,3,2]", "pocket calculator"):
        assert word in text
