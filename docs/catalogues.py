"""Write the two catalogues, docs/faults.md and docs/symptoms.md, from the entries in the code.

    python docs/catalogues.py

What is said of an entry stands beside it, in minibp/check/faults/ and in minibp/check/report/symptoms.py; what is
measured here is what each fault does to one gradient. What became of wrong code with each symptom is read from
docs/symptom_matrix.json, which `python benchmarks/symptom_matrix.py` has written. A test writes both pages again and
compares.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from minibp import L2, Network, Problem, batched
from minibp.check.faults.catalogue import CATALOGUE
from minibp.check.faults.fault import Fault
from minibp.check.faults.injection import FaultyBackprop
from minibp.check.report.symptoms import SYMPTOMS, Symptom

FOLDER = Path(__file__).parent
MATRIX = FOLDER / "symptom_matrix.json"

FAULTS_HEAD = """\
# Catalogue of faults

The mistakes that `minibp check` knows by name: {count} of them, by the equation that each breaks. The first line of an
entry is its formula, in place of that of the section; the letters are [the article's](article/index.md). A report has
the id as the `fault` of a finding.

{settings}

- **All** is the length of the faulty gradient over that of the right one, and the cosine of the angle between them:
  while that is positive, small steps still go downhill.
- ∂C/∂b and ∂C/∂W are those lengths layer by layer, from the output (4) down; "=" where nothing is off.

This page is written by `python docs/catalogues.py` from `minibp/check/faults/`; how a fault is recognised is in
[How it finds the equation](checking.md#how-it-finds-the-equation), and how to add one in
[extending](extending.md#a-fault).

Every one is caught, placed and named, in all layers and in one, with every output and cost and all hidden activations;
`minibp faults` shows it, in some minutes. Faults that are the same function as another there, or as the right one
(σ'(a) for σ'(z) with relu), are said to be. It ended with

    of 4373 faults that change anything: caught 100.0%, placed 100.0%, named 100.0%, another that gives the same numbers
    named first 0.0%; 1129 change nothing where they are put

Mistakes come in pairs. Of 250 pairs in different equations, drawn for each of five networks and costs, 702 differ from
either fault alone; both were named first in 94.2%, and no other is among those that give the same numbers. Most that
were not are with a clipped gradient, which hides what is below it: it is named where it is the only mistake.

```sh
python benchmarks/fault_pairs.py --pairs 250
```

```python
>>> from minibp.check.faults.catalogue import CATALOGUE
>>> print(CATALOGUE["raw_error_propagated"].summary)
what goes back through W^{{l+1}} is the error before it was multiplied by σ'(z^{{l+1}})

```
"""
SETTINGS_SAID = """\
What a fault does to the numbers is measured on one network, 4-4-4-4, on five examples: hidden layers of tanh, outputs
of sigmoid and quadratic cost, without L2, unless a line says otherwise.
"""

SYMPTOMS_HEAD = """\
# Catalogue of symptoms

What a wrong derivative of any function may look like: {count} names, fitted on the claimed against the true Jacobian.
Where the entries of a wrong derivative, by one argument, all fit a common mistake, the finding has its name as
`fault`, and c, where there is one, as `constant`. The fit is held to the tolerances of the entries. Names are told
where every entry is compared.

In the formulas G is the derivative that is claimed and J the right one; of a backward pass $\\bar y$ is `grad_out`, and
$\\bar x$ what it returns.

This page is written by `python docs/catalogues.py` from `minibp/check/report/symptoms.py`; how to add a symptom is in
[extending](extending.md#a-symptom).

```python
>>> from minibp.check.report.symptoms import SYMPTOMS
>>> print(SYMPTOMS["stale_state"].remedy)
recompute, or keep what the backward pass needs with the call that it belongs to

```
"""
IN_CODE_HEAD = """\
## Each one in wrong code

Wrong derivatives of ordinary functions, as people write them, at {points} random points each. One is caught where the
verdict is "wrong", and named where a finding has the symptom. The right derivatives of the same {functions} functions
were checked at the same points: {alarms} of {checks} were called anything but correct.

```sh
python benchmarks/symptom_matrix.py --json docs/symptom_matrix.json
```

| id | function | what is wrong | caught | named |
|---|---|---|---:|---:|
"""


class Section(NamedTuple):
    """The faults of one equation."""

    title: str
    tex: str


SECTIONS = {
    "(13)": Section("(13) Weighted inputs", r"z^l = W^l a^{l-1} + b^l"),
    "(14)": Section("(14) Activations", r"a^l = \sigma(z^l)"),
    "": Section(
        "(17) and (26) Error of the output layer",
        r"\delta^L = \nabla_a C \odot \sigma'(z^L), \qquad \delta^L = a^L - y \text{ where } \sigma' \text{ cancels}",
    ),
    "(22)": Section(
        "(22) Errors of hidden layers", r"\delta^l = \big((W^{l+1})^{\mathsf T} \delta^{l+1}\big) \odot \sigma'(z^l)"
    ),
    "(23)": Section("(23) Gradient by the biases", r"\partial C/\partial b^l = \delta^l"),
    "(24)": Section("(24) Gradient by the weights", r"\partial C/\partial W^l = \delta^l (a^{l-1})^{\mathsf T}"),
    "(6)": Section("(6) Mean over the examples", r"\nabla C = \tfrac{1}{m} \sum_x \nabla C_x"),
    "(27)": Section(
        "(27) L2", r"\partial C/\partial W^l = \partial C_0/\partial W^l + \tfrac{\alpha}{m} W^l"
    ),
}  # fmt: skip
"""By the number of the equation, in the order of a pass."""


class Setting(NamedTuple):
    """A network on which a fault is made."""

    hidden: str
    output: str
    cost: str

    def words(self, l2: L2) -> str:
        """Its name, where it is not the usual one."""
        penalty = f", L2 with α = {l2.alpha:g}" if l2.alpha else ""
        usual = self == SETTINGS[0]
        return ("" if usual else f"{self.hidden}, {self.output}, {self.cost.replace('_', '-')}") + (
            penalty.removeprefix(", ") if usual else penalty
        )


SETTINGS = (
    Setting("tanh", "sigmoid", "quadratic"),
    Setting("tanh", "sigmoid", "cross_entropy"),
    Setting("sigmoid", "softmax", "quadratic"),
    Setting("leaky_relu(0.2)", "sigmoid", "quadratic"),
    Setting("elu", "sigmoid", "quadratic"),
    Setting("silu", "sigmoid", "quadratic"),
    Setting("tanh", "identity", "huber"),
    Setting("tanh", "tanh", "quadratic"),
    Setting("tanh", "elu", "quadratic"),
    Setting("tanh", "silu", "quadratic"),
    Setting("tanh", "leaky_relu(0.2)", "quadratic"),
)
"""The first on which a fault changes anything is taken."""
SIZES, EXAMPLES, ALPHA, SEED = (4, 4, 4, 4), 5, 0.5, 1
SAME = 1e-9
"""A tensor is right where it is so near to the right one, relative to its length."""


def problem_of(setting: Setting, l2: float) -> Problem:
    """The problem of a setting, on which faults are made."""
    rng = np.random.default_rng(SEED)
    drawn = Network.random(list(SIZES), setting.hidden, setting.output, "float64", rng)
    biases = [rng.normal(size=b.shape) / 2 for b in drawn.biases]
    network = Network(drawn.weights, biases, setting.hidden, setting.output)
    y = 3 * rng.normal(size=(EXAMPLES, SIZES[-1])) if setting.cost == "huber" else rng.random((EXAMPLES, SIZES[-1]))
    if setting.output == "softmax":
        y /= y.sum(1, keepdims=True)
    return Problem(network, setting.cost, rng.normal(size=(EXAMPLES, SIZES[0])), y, l2)


def measured(fault: Fault) -> str:
    """The line of what a fault does to a gradient: lengths and cosine."""
    for setting in SETTINGS:
        problem = problem_of(setting, ALPHA if fault.step.startswith("l2") else 0.0)
        network = problem.network
        right = batched.backprop(network, problem.cost, problem.x, problem.y, problem.l2).gradient
        subject = FaultyBackprop([fault.id], setting.hidden, setting.output, setting.cost, problem.l2)
        wrong = subject(network.weights, network.biases, problem.x, problem.y)
        pairs = [
            [(np.ravel(got), np.ravel(expected)) for got, expected in zip(*both, strict=True)]
            for both in ((wrong[1], right.nabla_b), (wrong[0], right.nabla_w))
        ]
        if all(_same(*pair) for kind in pairs for pair in kind):
            continue
        got, expected = (np.concatenate([pair[k] for kind in pairs for pair in kind]) for k in (0, 1))
        of_biases, of_weights = (", ".join(_length(*pair) for pair in reversed(kind)) for kind in pairs)
        of_all = f"{_length(got, expected)}, cos {_cosine(got, expected)}"
        said = setting.words(problem.l2)
        return f"All {of_all}; ∂C/∂b {of_biases}; ∂C/∂W {of_weights}{f' ({said})' if said else ''}"
    raise AssertionError(f"{fault.id} changes nothing on any of the settings")


def _same(got: np.ndarray, expected: np.ndarray) -> bool:
    return bool(np.linalg.norm(got - expected) <= SAME * np.linalg.norm(expected))


def _length(got: np.ndarray, expected: np.ndarray) -> str:
    if _same(got, expected):
        return "="
    ratio = np.linalg.norm(got) / np.linalg.norm(expected)
    return f"×{ratio:.2f}" if ratio < 9.995 else f"×{ratio:.0f}"


def _cosine(got: np.ndarray, expected: np.ndarray) -> str:
    lengths = np.linalg.norm(got) * np.linalg.norm(expected)
    return f"{got @ expected / lengths:.2f}".replace("-", "−") if lengths else "undefined"


def of_fault(fault: Fault) -> str:
    """An entry of docs/faults.md."""
    return "\n".join(
        (
            f"### {fault.id}",
            "",
            f"$${fault.tex}$$",
            "",
            f"{_capital(fault.summary)}.",
            "",
            f"- **Shows**: {fault.shows}",
            f"- **Measured**: {measured(fault)}",
            f"- **Remedy**: {fault.remedy}",
            "",
        )
    )


def of_symptom(symptom: Symptom) -> str:
    """An entry of docs/symptoms.md."""
    words = {"count": "…", "constant": "c", "arithmetic": "a coarser"}
    return "\n".join(
        (
            f"## {symptom.id}",
            "",
            f"$${symptom.tex}$$",
            "",
            f"{_capital(symptom.summary.format(**words))}.",
            "",
            f"- **Shows**: {symptom.shows}",
            f"- **Remedy**: {symptom.remedy}.",
            "",
        )
    )


def _capital(clause: str) -> str:
    """A clause as a sentence, unless it begins with a letter of a formula."""
    return clause[0].upper() + clause[1:] if clause[:2].isascii() and clause[:2].isalpha() else clause


def table_of(entries: list[tuple[str, str]]) -> str:
    """The entries with their summaries, each with a link."""
    rows = [f"| [`{name}`](#{name}) | {summary.replace('|', chr(92) + '|')} |" for name, summary in entries]
    return "\n".join(["| id | the mistake |", "|---|---|", *rows, ""])


def faults_page() -> str:
    """docs/faults.md."""
    parts = [FAULTS_HEAD.format(count=len(CATALOGUE), settings=SETTINGS_SAID.strip())]
    parts.append(table_of([(fault.id, _escaped(fault.summary)) for fault in CATALOGUE.values()]))
    for equation, section in SECTIONS.items():
        parts.append(f"## {section.title}\n\n$${section.tex}$$\n")
        parts += [of_fault(fault) for fault in CATALOGUE.values() if fault.equation == equation]
    return "\n".join(parts)


def symptoms_page() -> str:
    """docs/symptoms.md."""
    words = {"count": "…", "constant": "c", "arithmetic": "a coarser"}
    rows = [(symptom.id, _escaped(symptom.summary.format(**words))) for symptom in SYMPTOMS.values()]
    parts = [SYMPTOMS_HEAD.format(count=len(SYMPTOMS)), table_of(rows)]
    parts.append(in_code(json.loads(MATRIX.read_text(encoding="utf-8"))))
    return "\n".join([*parts, *(of_symptom(symptom) for symptom in SYMPTOMS.values())])


def in_code(rows: list[dict[str, Any]]) -> str:
    """What became of wrong code with each symptom, and of the right code of the same functions."""
    right = [row for row in rows if not row["symptom"]]
    checks = sum(row["checks"] for row in right)
    alarms = checks - sum(row["verdicts"].get("correct", 0) for row in right)
    head = IN_CODE_HEAD.format(points=rows[0]["checks"], functions=len(right), alarms=alarms, checks=checks)
    return head + "".join(_line_of(row) for row in rows if row["symptom"])


def _line_of(row: dict[str, Any]) -> str:
    said = [_escaped(row[key]).replace("|", "\\|") for key in ("function", "words")]
    counts = [f"{n} of {row['checks']}" for n in (row["verdicts"].get("wrong", 0), row["named"])]
    return f"| {' | '.join(['`' + row['symptom'] + '`', *said, *counts])} |\n"


def _escaped(text: str) -> str:
    return text.replace("_", "\\_")


PAGES = {"faults.md": faults_page, "symptoms.md": symptoms_page}


def main() -> None:
    """Write both."""
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), encoding="utf-8")
        print(f"docs/{name}")


if __name__ == "__main__":
    main()
