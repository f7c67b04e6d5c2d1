"""Wrong uses of the package and of its command line, and whether each is told in one clear line.

    python tests/wrong_uses.py

prints how many are clear, unclear, end in a traceback, or are taken in silence; and each that is not clear. A line is
clear where it is one, names the argument that is wrong, and says what was expected.
"""

# ruff: noqa: E501 (a table reads best with one row a line)
from __future__ import annotations

import inspect
import re
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from click.testing import CliRunner

import minibp
from minibp import adapters, data
from minibp.cli import cli

X, Y = np.ones((4, 3)), np.zeros((4, 2))
NETWORK = minibp.Network.random([3, 4, 2], rng=0)
CLEAR = re.compile(
    r"expected|has \d+ (neurons|rows|columns)|Missing|not in the range|is a directory|is hidden|ended the program|is needed|--resume goes|GiB are free|needs|there is no|there are no|unknown|must|only|goes with|cannot|has no|not one of|No such|not a"
)
LONGEST = 500


class Use(NamedTuple):
    """One wrong use: what it is called, what it does, and what the message has to name."""

    name: str
    call: Callable[[], Any]
    names: str


COUNTS = {"True": True, "text": "1", "1.5": 1.5, "-1": -1, "nan": np.nan, "list": [], "bytes": b"1", "complex": 1j}
RATES = {
    "True": True,
    "text": "1",
    "nan": np.nan,
    "inf": np.inf,
    "-1": -1.0,
    "None": None,
    "list": [1.0],
    "complex": 1j,
}
NAMES = {"unknown": "sigmoyd", "3": 3, "empty": "", "bytes": b"tanh", "type": dict}
GENERATORS = {"text": "a", "1.5": 1.5, "-1": -1, "object": object(), "module": np.random}
MATRICES = {
    "None": None,
    "text": "x",
    "number": 1.0,
    "vector": np.ones(3),
    "cube": np.ones((2, 3, 3)),
    "no rows": np.ones((0, 3)),
    "nan": np.full((4, 3), np.nan),
    "inf": np.full((4, 3), np.inf),
    "integers": np.ones((4, 3), int),
    "booleans": np.ones((4, 3), bool),
    "complex": np.ones((4, 3), complex),
    "objects": np.full((4, 3), None),
    "half": np.ones((4, 3), np.float16),
    "ragged": [[1.0, 2.0], [1.0]],
    "masked": np.ma.masked_array(np.ones((4, 3)), mask=np.eye(4, 3)),
    "columns": np.ones((4, 5)),
}


def sphere(w: Any) -> float:
    """A right function, and `right` its right gradient."""
    return float((w * w).sum())


def right(w: Any) -> Any:
    return 2 * w


def subject(weights: Any, biases: Any, x: Any, y: Any) -> Any:
    """A right backprop."""
    return minibp.batched.backprop(minibp.Network(weights, biases), "quadratic", x, y).gradient


def swept(
    entry: str, function: Callable[..., Any], argument: str, values: dict[str, Any], says: str = "", **given: Any
) -> Iterator[Use]:
    """The same call with one value of an argument wrong after another; `says` is what is named, if not the argument."""
    for label, value in values.items():
        use = lambda value=value: function(**{**given, argument: value})  # noqa: E731
        yield Use(f"{entry}({argument}={label})", use, says or argument)


def of_api() -> Iterator[Use]:
    """Wrong calls from Python."""
    for kind in ("batched", "per_example", "component"):
        backprop = getattr(minibp, kind).backprop
        given = {"network": NETWORK, "cost": "quadratic", "x": X, "y": Y}
        yield from swept(kind, backprop, "x", MATRICES, **given)
        yield from swept(kind, backprop, "y", {**MATRICES, "rows": np.zeros((3, 2))}, **given)
        yield from swept(kind, backprop, "cost", NAMES, **given)
        yield from swept(kind, backprop, "l2", RATES, **given)
        yield from swept(kind, backprop, "network", {"None": None, "sizes": [3, 2], "class": minibp.Network}, **given)
    yield from swept("feedforward", minibp.feedforward, "x", MATRICES, network=NETWORK)
    given = {"weights": [np.ones((2, 3))], "biases": [np.ones(2)]}
    parameters = {"None": None, "text": "w", "number": [1.0], "nan": [np.full((2, 3), np.nan)]}
    yield from swept("Network", minibp.Network, "weights", {**parameters, "integers": [np.ones((2, 3), int)]}, **given)
    yield from swept("Network", minibp.Network, "biases", {**parameters, "matrix": [np.ones((2, 1))]}, **given)
    yield from swept("Network", minibp.Network, "activation", NAMES, **given)
    yield Use("Network(no weights)", lambda: minibp.Network([], []), "weights")
    yield Use("Network(no biases)", lambda: minibp.Network([np.ones((2, 3))], []), "0 bias vectors")
    sizes = {"None": None, "text": "3-2", "one": [3], "zero": [3, 0], "True": [True, True], "1.5": [3, 1.5]}
    yield from swept("Network.random", minibp.Network.random, "sizes", sizes)
    yield Use("Network.random(huge)", lambda: minibp.Network.random([10**6, 10**8]), "1000000-100000000 neurons")
    yield from swept("Network.random", minibp.Network.random, "rng", GENERATORS, sizes=[3, 2])
    yield from swept(
        "Network.random", minibp.Network.random, "dtype", {"int": "int64", "half": "float16", "3": 3}, sizes=[3, 2]
    )
    paths = {"None": None, "number": 3, "missing": "missing.npz", "folder": ".", "text file": "text", "empty": "empty"}
    for label, path in paths.items():
        named = path if isinstance(path, str) and path != "." else "path" if not isinstance(path, str) else ""
        yield Use(f"Network.load({label})", lambda path=path: minibp.Network.load(path), str(named))
    for label in ("None", "number"):
        yield Use(f"network.save({label})", lambda path=paths[label]: NETWORK.save(path), "path")
    yield from swept("Workspace", minibp.Workspace, "batch_size", {**COUNTS, "0": 0}, network=NETWORK, cost="quadratic")
    yield Use(
        "Workspace(huge)", lambda: minibp.Workspace(NETWORK, "quadratic", 10**15), "1,000,000,000,000,000 examples"
    )
    yield from swept("Workspace", minibp.Workspace, "cost", NAMES, network=NETWORK, batch_size=4)
    work = minibp.Workspace(NETWORK, "quadratic", 4)
    for label, value in MATRICES.items():
        yield Use(f"workspace.gradient(x={label})", lambda value=value: work.gradient(value, Y), "x")
    yield Use("workspace.gradient(too many rows)", lambda: work.gradient(np.ones((5, 3)), np.ones((5, 2))), "x")
    given = {"network": NETWORK, "x": X, "y": Y, "cost": "quadratic", "epochs": 1, "batch_size": 2, "eta": 0.1}
    yield from swept("train", minibp.train, "epochs", {**COUNTS, "0": 0}, **given)
    yield from swept("train", minibp.train, "batch_size", {**COUNTS, "0": 0}, **given)
    yield from swept("train", minibp.train, "eta", {**RATES, "0": 0.0}, **given)
    yield from swept("train", minibp.train, "l2", RATES, **given)
    yield from swept("train", minibp.train, "rng", GENERATORS, **given)
    yield from swept("train", minibp.train, "callback", {"text": "print", "3": 3}, **given)
    yield from swept("train", minibp.train, "test", {"one": X, "3": 3, "text": "xy", "swapped": (Y, X)}, **given)
    given = {"f": sphere, "grad": right, "start": np.ones(2), "eta": 0.1, "steps": 3}
    yield from swept("gradient_descent", minibp.gradient_descent, "eta", {**RATES, "0": 0.0}, **given)
    yield from swept("gradient_descent", minibp.gradient_descent, "steps", {**COUNTS, "huge": 10**12}, **given)
    yield from swept("gradient_descent", minibp.gradient_descent, "tolerance", RATES, **given)
    starts = {
        name: MATRICES[name] for name in ("None", "text", "no rows", "nan", "booleans", "complex", "objects", "ragged")
    }
    yield from swept("gradient_descent", minibp.gradient_descent, "start", starts, **given)
    yield from swept(
        "gradient_descent", minibp.gradient_descent, "f", {"None": None, "text": "f", "array": np.ones(2)}, **given
    )
    yield from swept("gradient_descent", minibp.gradient_descent, "grad", {"text": "g", "array": np.ones(2)}, **given)
    yield Use(
        "gradient_descent(f of text)",
        lambda: minibp.gradient_descent(lambda w: "x", right, np.ones(2), eta=0.1, steps=3),
        "f",
    )
    yield Use(
        "gradient_descent(grad of shape)",
        lambda: minibp.gradient_descent(sphere, lambda w: w[:1], np.ones(2), eta=0.1, steps=3),
        "grad",
    )
    for argument in ("grad_at_w", "v"):
        values = {
            "None": None,
            "text": "v",
            "nan": np.full(2, np.nan),
            "length": np.ones(3),
            "objects": np.full(2, None),
        }
        yield from swept("directional_derivative", minibp.directional_derivative, argument, values, grad_at_w=np.ones(2), v=np.ones(2))  # fmt: skip
    yield from of_checks()
    yield from swept("data.data_set", data.data_set, "name", {"None": None, "3": 3, "empty": ""}, says="path|name")
    yield from swept(
        "data.data_set", data.data_set, "name", {"missing": "nowhere", "file": "text"}, says="nowhere|text"
    )
    given = {"f": lambda theta, x, y: theta}
    yield from swept(
        "adapters.flat", adapters.flat, "sizes", {"text": "3-2", "zero": (3, 0), "True": (True, 2)}, **given
    )
    yield from swept("adapters.flat", adapters.flat, "order", NAMES, **given)
    yield from swept("adapters.flat", adapters.flat, "matrix_order", NAMES, **given)
    yield from of_models()


def of_models() -> Iterator[Use]:
    """Wrong uses of the adapter of models."""
    net = {"W1": np.ones((4, 3)), "b1": np.ones(4), "W2": np.ones((2, 4)), "b2": np.ones(2)}
    given = {"make": net, "step": lambda net, x, y: ([net["W1"] * 2, net["W2"] * 2], [net["b1"] * 2, net["b2"] * 2])}
    given["gradient"] = "returned"
    makes = {"None": None, "3": 3, "text": "Net", "empty": {}, "class": dict, "sum": sum}
    arrays = {"unknown": "V{}", "3": 3, "empty": "", "bytes": b"W", "call": "W()", "None": [None]}
    options = {"text": "yes", "3": 3, "list": []}

    def swept_model(argument: str, values: dict[str, Any], names: str = "", **more: Any) -> Iterator[Use]:
        yield from swept("adapters.model", adapters.model, argument, values, names or argument, **{**given, **more})

    yield from swept_model("make", makes, "make|no arrays")
    yield from swept_model("step", {"None": None, "3": 3, "text": "train", "two": lambda x, y: 1})
    yield from swept_model("gradient", {**NAMES, "None": None})
    yield from swept_model("rate", {key: RATES[key] for key in RATES if key != "True"}, gradient="update")
    yield from swept_model("sizes", {"text": "3-2", "zero": (3, 0), "True": (True, 2), "one": [3], "3": 3})
    yield from swept_model("sizes", {"other": (7, 8)}, r"sizes \[7, 8\]")
    for argument in ("weights", "biases", "nabla_w", "nabla_b"):
        yield from swept_model(argument, arrays)
    for argument in ("transposed", "bias_first"):
        yield from swept_model(argument, options)


def of_checks() -> Iterator[Use]:
    """Wrong calls of the checks."""
    given = {"subject": subject, "examples": 2, "seed": 1}
    check = minibp.check_backprop
    yield from swept("check_backprop", check, "subject", {"None": None, "text": "f", "network": NETWORK}, **given)
    yield from swept(
        "check_backprop", check, "subject", {"class": minibp.Network, "two": sphere, "pair": lambda a, b: a}, **given
    )
    yield from swept("check_backprop", check, "examples", {**COUNTS, "0": 0}, **given)
    yield from swept("check_backprop", check, "seed", COUNTS, **given)
    yield from swept("check_backprop", check, "l2", RATES, **given)
    yield from swept("check_backprop", check, "activation", {**NAMES, "none": []}, **given)
    yield from swept(
        "check_backprop",
        check,
        "output_activation",
        {key: NAMES[key] for key in ("unknown", "3")},
        "activation",
        **given,
    )
    yield from swept("check_backprop", check, "cost", NAMES, **given)
    yield from swept("check_backprop", check, "reduction", {**NAMES, "None": None}, **given)
    yield from swept("check_backprop", check, "dtype", {"int": "int32", "half": "float16", "3": 3}, **given)
    yield from swept("check_backprop", check, "executor", {"3": 3, "text": "processes", "class": dict}, **given)
    yield from derivative_uses()
    yield from swept("verify", minibp.verify, "examples", {**COUNTS, "0": 0})
    yield from swept("verify", minibp.verify, "seed", COUNTS, examples=1)
    yield from swept("verify", minibp.verify, "executor", {"3": 3, "text": "processes", "class": dict}, examples=1)


def derivative_uses() -> Iterator[Use]:
    """Wrong uses of the checks of any function's derivatives."""
    points = {
        name: MATRICES[name] for name in ("None", "text", "no rows", "nan", "inf", "booleans", "objects", "ragged")
    }
    points |= {"empty tuple": (), "set": {1.0}, "dict of text": {"w": "tanh"}, "list of None": [None]}
    functions = {"None": None, "text": "f", "array": np.ones(2)}
    numbers = {"None": None, "text": "g", "set": {1.0}}
    oracles = {"unknown": ("torch",), "none": (), "text": "autograd"}
    results = {"None": None, "complex": 1j, "array": np.ones(2), "text": "1", "list": [1.0, 2.0]}
    for kind, f, claim in (
        ("grad", sphere, right),
        ("vjp", np.sin, lambda x, c: np.cos(x) * c),
        ("jvp", np.sin, lambda x, v: np.cos(x) * v),
        ("jacobian", np.sin, lambda x: np.diag(np.cos(x))),
        ("hessian", sphere, lambda x: 2 * np.eye(2)),
        ("hvp", sphere, lambda x, v: 2 * v),
    ):
        entry, check = f"check_{kind}", getattr(minibp, f"check_{kind}")
        of, given = list(inspect.signature(check).parameters)[1:3], {"f": f, "seed": 1}
        given |= {of[0]: claim, of[1]: np.ones(2)}
        takes_numbers = kind in {"grad", "jacobian", "hessian"}
        yield from swept(entry, check, of[1], points, "x", **given)
        yield from swept(entry, check, "f", functions, **given)
        yield from swept(entry, check, of[0], numbers if takes_numbers else functions, kind, **given)
        yield from swept(entry, check, "seed", COUNTS, **given)
        yield from swept(entry, check, "calls", {**COUNTS, "0": 0}, **given)
        yield from swept(entry, check, "accuracy", {key: RATES[key] for key in RATES if key != "None"}, **given)
        yield from swept(entry, check, "oracles", oracles, **given)
        yield from swept(entry, check, "points", {"3": 3, "array": np.ones(2)}, **given)
        yield from swept(entry, check, "examples", {"without points": 3}, **given)
        if kind in {"grad", "hessian"}:
            yield from swept(
                entry, check, "f", {f"returns {label}": returning(value) for label, value in results.items()}, **given
            )


def returning(value: Any) -> Callable[..., Any]:
    """A function of that value alone."""
    return lambda x: value


COMMANDS: list[tuple[str, str]] = [
    *((f"{command} --nonsense", "--nonsense") for command in ("verify", "check", "faults", "bench", "train", "descend")),
    ("nonsense", "nonsense"),
    *((f"verify --examples {value}", "--examples") for value in ("0", "-1", "many", "1.5", "''")),
    *((f"verify --seed {value}", "--seed") for value in ("-1", "x", "1.5")),
    *((f"verify --soak {value}", "soak|seconds") for value in ("0", "-1", "x", "inf", "nan")),
    ("verify --soak 1 --examples 3", "--examples"),
    *((f"verify --workers {value}", "--workers") for value in ("0", "-1", "x")),
    *((f"verify --networks {value}", "--networks") for value in ("0", "-1", "x", "1.5")),
    *((f"{command} --executor {value}", "--executor") for command in ("verify", "verify --soak 1", "faults", "check subject.py:right")
      for value in ("''", "x", "dask", "dask=127.0.0.1:8786", "ray=tcp://127.0.0.1:1")),
    ("verify --workers 2 --executor dask=tcp://127.0.0.1:1", "--workers"),
    *((f"{command} {option} {value}", f"{option}|missing") for command in ("verify", "check subject.py:right", "train", "descend")
      for option in ("--json",) for value in ("''", "missing/file", ".")),
    *((f"verify --html {value}", "--html|missing|folder") for value in ("''", "missing/file", ".", "-")),
    *((f"check subject.py:right --html {value}", "--html|missing|folder") for value in ("''", "missing/file", ".", "-")),
    ("verify --json same --html same", "same"),
    ("check", "TARGET"),
    *((f"check {target}", "target|" + re.escape(target.split(":")[0].strip("'"))) for target in (
        "right", "subject.py", ":right", "subject.py:", "missing.py:f", "subject.py:missing", "subject.py:number",
        "missing_module:f", "text:right", "broken.py:f", "raises.py:f", "leaves.py:f", "''", "folder.py:f",
    )),
    *((f"check subject.py:{name}", name + "|f\\(|returned|raised") for name in ("two", "one", "several", "Class")),
    *((f"check subject.py:right --activation {value}", "activation") for value in ("sigmoyd", "''", "tanh,", "a,b", ",")
      if value != "tanh,"),
    ("check subject.py:right --activation softmax,sigmoid", "softmax"),
    ("check subject.py:right --cost cross_entropy --activation tanh", "cross_entropy"),
    ("check subject.py:right --cost categorical_cross_entropy", "categorical_cross_entropy"),
    *((f"check subject.py:right --cost {value}", "cost") for value in ("mse", "''", "3")),
    *((f"check subject.py:right --l2 {value}", "l2") for value in ("-1", "nan", "inf", "x")),
    *((f"check subject.py:right --dtype {value}", "dtype") for value in ("int", "float16", "x")),
    *((f"check subject.py:right --examples {value}", "--examples") for value in ("0", "x")),
    *((f"check subject.py:right {option} {value}", option) for option in ("--reduction", "--layout") for value in ("x", "''")),
    *((f"faults {option}", f"{option.split()[0]}|missing") for option in ("--seed -1", "--seed x", "--workers 0", "--json missing/x")),
    *((f"bench --sizes {value}", "sizes") for value in ("x", "3", "3-0", "3--2", "1.5-2", "''")),
    ("bench --sizes 1000000-1000000000", "1000000-1000000000"),
    *((f"bench --batch {value}", "batch") for value in ("0", "x", "-1", "1.5", "1000000000000000")),
    *((f"bench --dtype {value}", "dtype") for value in ("int", "x")),
    *((f"bench {option}", option.split()[0] + "|missing") for option in ("--seed x", "--json missing/x", "--plot missing/x.svg")),
    ("bench --plot x.txt", "x.txt|plot"),
    *((f"train --epochs {value}", "--epochs") for value in ("0", "x", "1.5")),
    *((f"train --batch-size {value}", "--batch-size|batch_size") for value in ("0", "x")),
    *((f"train --eta {value} --epochs 1", "eta") for value in ("0", "-1", "nan", "inf", "x")),
    *((f"train --l2 {value} --epochs 1", "l2") for value in ("-1", "nan", "inf", "x")),
    *((f"train --hidden {value}", "--hidden|sizes") for value in ("x", "0", "''", "3,", "-1", "10000000", "1.5")),
    *((f"train --data {value}", value.strip("'") or "path") for value in ("nowhere", "text", "''", "empty_folder", "bad_idx")),
    *((f"train {option} x", option) for option in ("--preset", "--form", "--dtype", "--seed")),
    ("train --resume", "--checkpoint"),
    ("train --checkpoint text --epochs 1", "text"),
    ("train --checkpoint text --resume --epochs 1", "text"),
    *((f"train {option} {value} --epochs 1", f"{option}|missing|folder") for option in ("--checkpoint", "--save", "--plot")
      for value in ("missing/file", ".", "''", "-")),
    ("train --plot x.txt --epochs 1", "x.txt|plot"),
    *((f"descend --function {value} --start 1,2", value.split(":")[0].strip("'") or "function") for value in (
        "nonsense", "missing.py:f", "subject.py:missing", "''", "raises.py:f", "leaves.py:f")),
    *((f"descend --start {value}", "--start") for value in ("x", "''", "1,2,3", "1,,2")),
    ("descend --start nan,1", "start"),
    *((f"descend --eta {value}", "eta") for value in ("0", "-1", "nan", "inf", "x")),
    *((f"descend --steps {value}", "steps") for value in ("0", "x", "1000000000000")),
    *((f"descend --tolerance {value}", "tolerance") for value in ("-1", "nan", "x")),
    ("descend --function subject.py:sphere", "--start"),
    ("descend --gradient subject.py:right", "--gradient"),
    ("descend --function subject.py:sphere --start 1,2 --gradient subject.py:missing", "missing"),
    ("descend --plot x.txt", "x.txt|plot"),
    ("descend --plot -", "--plot"),
]  # fmt: skip

FILES = {
    "text": "not an archive",
    "empty": "",
    "broken.py": "def f(:\n",
    "raises.py": "raise RuntimeError('no')\n",
    "leaves.py": "import sys\nsys.exit(0)\n",
    "subject.py": (
        "import minibp\nnumber = 3\n"
        "def right(weights, biases, x, y):\n"
        "    return minibp.batched.backprop(minibp.Network(weights, biases), 'quadratic', x, y).gradient\n"
        "def two(net, x):\n    return x\n"
        "def one(x):\n    return x\n"
        "def several(net, data, more, still, yet):\n    return 1\n"
        "def sphere(w):\n    return float(w @ w)\n"
        "class Class:\n    def __call__(self, weights, biases, x, y):\n        return right(weights, biases, x, y)\n"
    ),
    "bad_idx/train-images-idx3-ubyte": "x",
    "folder.py/inside": "",
    "empty_folder/keep.txt": "",
}


def of_command_line() -> Iterator[Use]:
    """Wrong command lines, run in this process."""
    import shlex

    for line, names in COMMANDS:
        yield Use(f"minibp {line}", lambda line=line: CliRunner().invoke(cli, shlex.split(line)), names)


def outcome(use: Use) -> tuple[str, str]:
    """ "clear", "unclear", "traceback" or "silent", and what was said. To be called in a folder with `FILES`."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            result = use.call()
    except (minibp.InputError, FileNotFoundError) as error:
        said = str(error)
    except Exception as error:  # noqa: BLE001 (which is what is looked for)
        return "traceback", f"{type(error).__name__}: {error}"
    else:
        if not hasattr(result, "exit_code"):
            return "silent", repr(result)[:100]
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            return "traceback", repr(result.exception)
        if result.exit_code == 0:
            return "silent", result.output[:100]
        lines = [
            line for line in result.stderr.splitlines() if line.strip() and not line.startswith(("Usage:", "Try "))
        ]
        said = "\n".join(lines) or result.output
    clear = "\n" not in said and len(said) <= LONGEST and re.search(use.names, said) and CLEAR.search(said)
    return ("clear" if clear else "unclear"), said


def make_files(folder: Path) -> None:
    """The files that wrong uses speak of."""
    for name, content in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content)


def uses() -> list[Use]:
    """All of them."""
    return [*of_api(), *of_command_line()]


def main() -> None:
    """Print the table."""
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        make_files(Path(folder))
        for use in uses():
            found, said = outcome(use)
            counts[found] += 1
            if found != "clear" or "-v" in sys.argv:
                print(f"{found:<10} {use.name}: {said}")
    print(", ".join(f"{kind} {counts[kind]}" for kind in ("clear", "unclear", "traceback", "silent")))


if __name__ == "__main__":
    main()
