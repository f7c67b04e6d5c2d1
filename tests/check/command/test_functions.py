import json

import numpy as np
import pytest
from click.testing import CliRunner

from minibp.cli import cli

FILE = """
import numpy as np

def f(x, y):
    return np.log(1 + np.exp(x * y)).sum()

def grad(x, y):
    s = 1 / (1 + np.exp(-x * y))
    return s * y, s * x

def swapped(x, y):
    return grad(x, y)[::-1]

def layer(x, w):
    return np.tanh(x @ w)

def backward(x, w, c):
    d = c * (1 - np.tanh(x @ w) ** 2)
    return d @ w.T, x.T @ d

def square(x):
    return x @ x

def hessian(x):
    return 2 * np.eye(len(x))

POINT = np.array([0.5, -1.0])
"""
TORCH = """
import torch

class Rule(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, scale=2.0):
        ctx.save_for_backward(x)
        return x.exp()

    @staticmethod
    def backward(ctx, g):
        return g

net = torch.nn.Linear(3, 2)
"""
JAX = """
import jax.numpy as jnp

def f(x, w):
    return jnp.tanh(x @ w)
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    (tmp_path / "code.py").write_text(FILE)
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        return CliRunner().invoke(cli, ["check-grad", *arguments], catch_exceptions=False)

    return call


def test_a_gradient_at_a_point(run):
    result = run("code.py:f", "code.py:grad", "--at", "(POINT, np.arange(2.0))", "--seed", "1")
    assert result.exit_code == 0, result.output
    assert result.stdout.rstrip().endswith("within rounding error")


def test_a_wrong_one_ends_with_1_and_says_how_to_see_it_again(run):
    arguments = [
        "code.py:f",
        "code.py:swapped",
        "--at",
        "(POINT, POINT - 3)",
        "--wrt",
        "x,1",
        "--oracle",
        "complex_step",
    ]
    result = run(*arguments, "--seed", "3", "--json", "-", "--github")
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert (report["verdict"], report["seed"]) == ("wrong", 3)
    assert "::error file=" in result.stderr
    shown = run(*arguments, "--seed", "3")
    expected = (
        "minibp check-grad code.py:f code.py:swapped --at '(POINT, POINT - 3)' --kind grad --wrt x,1 --seed 3"
        " --oracle complex_step"
    )
    assert f"reproduce with: {expected}\n" in shown.stdout


@pytest.mark.parametrize("names", [("w", "x"), ("first", "second")], ids=["by name", "in order"])
def test_arrays_of_a_file_are_the_arguments(run, names):
    rng = np.random.default_rng(0)
    arrays = {"w": rng.standard_normal((3, 2)), "x": rng.standard_normal((2, 3))}
    if names == ("first", "second"):
        arrays = {"first": arrays["x"], "second": arrays["w"]}
    np.savez("point.npz", **arrays)
    result = run("code.py:layer", "code.py:backward", "--kind", "vjp", "--at", "point.npz")
    assert result.exit_code == 0, result.output


def test_a_single_array_is_the_argument(run):
    np.save("x.npy", np.ones(3))
    np.savez("x.npz", np.ones(3))
    for file in ("x.npy", "x.npz"):
        assert run("code.py:square", "code.py:hessian", "--kind", "hessian", "--at", file).exit_code == 0


def test_points_of_a_strategy(run, tmp_path):
    at = "st.tuples(*[arrays(float, 2, elements=st.floats(-2, 2))] * 2)"
    given = "code.py:f", "code.py:swapped", "--at", at, "--examples", "5", "--seed", "1", "--html", "page.html"
    result = run(*given)
    assert result.exit_code == 1
    assert "failing point:" in result.stdout
    assert "swapped" in (tmp_path / "page.html").read_text()
    assert run("code.py:f", "code.py:grad", *given[2:-2]).exit_code == 0


def test_functions_of_torch(run, tmp_path):
    pytest.importorskip("torch", reason="torch is not installed")
    (tmp_path / "net.py").write_text(TORCH)
    wrong = run("net.py:Rule.apply", "--framework", "torch", "--at", "np.ones(2)")
    assert wrong.exit_code == 1
    assert "/∂x[" in wrong.stdout
    module = "net.py:net", "--framework", "torch", "--kind", "vjp", "--seed", "1", "--at"
    for at in ("np.ones((1, 3), 'f')", "arrays('f', (2, 3), elements=st.floats(-2, 2, width=32))"):
        result = run(*module, at, *(["--examples", "3"] if "arrays" in at else []))
        assert result.exit_code == 0, result.output


def test_functions_of_jax(run, tmp_path):
    pytest.importorskip("jax", reason="JAX is not installed")
    (tmp_path / "net.py").write_text(JAX)
    for kind in ("vjp", "jvp"):
        result = run(
            "net.py:f", "--framework", "jax", "--kind", kind, "--at", "(np.ones((2, 3)), np.full((3, 1), 0.5))"
        )
        assert result.exit_code == 0, result.output


LOW = """
import jax.numpy as jnp
import numpy as np

def f(x):
    return np.sin(np.asarray(x, np.float64)).sum()

def grad(x):
    return np.asarray(jnp.cos(jnp.asarray(x, jnp.bfloat16)), np.float32)

def layer(x):
    return jnp.tanh(x)
"""


def test_an_arithmetic_is_stated(run, tmp_path):
    pytest.importorskip("jax")
    (tmp_path / "low.py").write_text(LOW)
    asked = ["low.py:f", "low.py:grad", "--at", "np.array([0.3, 1.1], np.float32)", "--seed", "1"]
    assert run(*asked).exit_code == 1
    found = run(*asked, "--arithmetic", "bfloat16", "--json", "found.json")
    assert found.exit_code == 0, found.output
    assert "--arithmetic bfloat16" in json.loads((tmp_path / "found.json").read_text())["again"]
    framework = ["low.py:layer", "--framework", "jax", "--at", "np.array([0.3, 1.1])", "--arithmetic", "bfloat16"]
    assert "is granted the rounding of bfloat16" in run(*framework).output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["code.py:f", "--at", "1.0"], "DERIVATIVE is missing: what computes the derivative of FUNCTION"),
        (["code.py:f", "code.py:grad", "--at", "nope"], "as an expression raised NameError: name 'nope' is"),
        (["code.py:f", "code.py:grad", "--at", "no.npz"], "no.npz: No such file or directory"),
        (["code.py:f", "code.py:grad", "--at", "code.npz"], "code.npz: it is not an archive"),
        (["code.py:f", "code.py:grad", "--at", "empty.npz"], "empty.npz: it has no arrays"),
        (["code.py:f", "code.py:grad", "--at", "pickled.npy"], "pickled.npy: "),
        (["code.py:f", "code.py:grad", "--at", "1.0"], "missing 1 required positional argument: 'y'"),
        (["code.py:f", "code.py:no", "--at", "1.0"], "code.py has no function 'no'; its functions: "),
        (["code.py:f.no", "code.py:grad", "--at", "1.0"], "code.py has no function 'f.no'"),
        (["code.py:f", "code.py:grad", "--at", "(POINT, POINT)", "--wrt", "z"], "wrt has 'z', expected some of x, y"),
        (["code.py:square", "--framework", "jax", "--kind", "hessian", "--at", "POINT"], "hessian needs DERIVATIVE"),
        (["code.py:f", "code.py:grad"], "Missing option '--at'"),
        (["code.py:f", "code.py:grad", "--at", "1.0", "--json", "no/x.json"], "cannot write no/x.json"),
    ],
    ids=[
        "no derivative", "no name", "no file", "no archive", "no arrays", "a pickle", "one argument of two",
        "no such function", "no such attribute", "no such argument", "no such kind", "no point", "no folder",
    ],
)  # fmt: skip
def test_what_cannot_be_used_ends_with_2_and_one_line(run, arguments, message, tmp_path):
    (tmp_path / "code.npz").write_text(FILE)
    np.savez("empty.npz")
    np.save("pickled.npy", np.array([{}]), allow_pickle=True)
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert "Traceback" not in result.output
