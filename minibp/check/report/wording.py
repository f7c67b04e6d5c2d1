"""The wording of a report, line by line; the command gives each kind of line a colour."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from minibp import tables
from minibp.check.faults.catalogue import CATALOGUE
from minibp.check.layout import EQUATIONS
from minibp.check.report.symptoms import SYMPTOMS

if TYPE_CHECKING:
    from minibp.check.report.finding import Finding
    from minibp.check.report.report import Report
    from minibp.check.statistics import Statistics

LONGEST = 2000
"""Characters of a network that are printed; the whole of it is in JSON."""
FORMULAS = {**EQUATIONS, "(6)": "the mean over the examples, 1/m Σ ∇C_x"}
ORACLE_NAMES = {
    "jax": "JAX autodiff",
    "complex_step": "complex step",
    "finite_difference": "finite differences",
    "core": "minibp",
}
"""The names of the sources of expected values: oracles, and minibp's own gradient."""
OWN_VALUES = {"(22)": "δ and W", "(23)": "δ", "(24)": "δ"}
"""The subject's own values that an equation is applied to, to place a fault."""
SHORT_NAMES = {"jax": "JAX", "complex_step": "complex step", "finite_difference": "differences"}
"""Of the oracles, for the heads of narrow tables."""
HEAD = "max error / tolerance"
MEDIAN = "median relative tolerance, float64"


class Line(NamedTuple):
    """`kind` is "", "place", "fault", "remedy" or "verdict"."""

    kind: str
    text: str


def text(lines: list[Line]) -> str:
    """The lines without their kinds."""
    return "\n".join(line.text for line in lines)


def of_finding(finding: Finding) -> list[Line]:
    """The place; the name and how to mend it; the numbers."""
    lines = [Line("place", f"{finding.subject}: {place(finding)}: {formula(finding)}")]
    fault = CATALOGUE.get(finding.fault or "")
    if fault is not None:
        constant = "" if finding.constant is None else f" (c = {finding.constant:.6g})"
        lines += [Line("fault", f"  {fault.id}: {fault.summary}{constant}"), Line("remedy", f"  {fault.remedy}")]
        if finding.also:
            lines.append(Line("", f"  indistinguishable here from {', '.join(finding.also)}"))
    elif finding.fault in SYMPTOMS:
        lines.append(Line("fault", f"  {finding.fault}: {'; '.join(finding.looks)}"))
        lines.append(Line("remedy", f"  {SYMPTOMS[finding.fault].remedy}"))
    elif finding.fault is not None:
        lines.append(Line("fault", f"  {finding.fault}"))
    if finding.looks and finding.fault is None:
        lines.append(Line("fault", f"  no fault of the catalogue: {'; '.join(finding.looks)}"))
    return lines + [Line("", f"  {line}") for line in numbers(finding)]


def place(finding: Finding) -> str:
    """The equation and the layers."""
    if not finding.equation:
        return "calling contract"
    if len(finding.layers) > 1:
        return f"equation {finding.equation}, layers {', '.join(map(str, finding.layers))}"
    return f"equation {finding.equation}" + ("" if finding.layer is None else f", layer {finding.layer}")


def formula(finding: Finding) -> str:
    """The message of a finding, or else the formula of its equation."""
    return finding.message or FORMULAS[finding.equation or "(1)"]


def numbers(finding: Finding) -> list[str]:
    """Got, expected, error and bound, in sentences; nothing where there are none."""
    rows = values(finding)
    if not rows:
        return []
    (entry, got), (_, expected), _ = rows
    source = _source(finding)
    gives = "give" if source.endswith("s") else "gives"
    return [f"{entry} = {got}; {source} {gives} {expected}", f"the error, {finding.error:.3g}, {_share(finding)}"]


def values(finding: Finding) -> list[tuple[str, str]]:
    """Got, expected and error, each with what it is; nothing where there are none."""
    if finding.got is None or finding.expected is None or finding.tolerance is None:
        return []
    at = f" of layer {finding.layer}" if finding.layer is not None and finding.tensor != "delta" else ""
    return [
        (f"{finding.tensor}{_index(finding)}{at}", f"{finding.got:.17g}"),
        (_source(finding).rstrip(","), f"{finding.expected:.17g}"),
        ("error", f"{finding.error:.3g}, {_share(finding).removeprefix('is ')}"),
    ]


def _share(finding: Finding) -> str:
    """The size of the error beside the tolerance, or, where it is within, beside the value."""
    assert finding.error is not None
    assert finding.tolerance is not None
    ratio = finding.error / finding.tolerance if finding.tolerance else math.inf
    if ratio > 1:
        return f"is {ratio:.3g} × the tolerance, {finding.tolerance:.3g}"
    part = finding.error / abs(finding.expected or math.inf)  # unstable
    return f"{part:.2g} of the value, is rounding of its own alone"


def _index(finding: Finding) -> str:
    """The entry: of a tensor of a network as w[3][1], of an array of the user's own as x[3, 1]."""
    entry = finding.entry or ()
    if finding.layer is not None:
        return "".join(f"[{i}]" for i in entry)
    return f"[{', '.join(map(str, entry))}]" if entry else ""


def _source(finding: Finding) -> str:
    """The source of the expected value."""
    if finding.oracle != "equation":
        return ORACLE_NAMES.get(finding.oracle or "", str(finding.oracle))
    own = OWN_VALUES.get(finding.equation or "")
    return f"equation {finding.equation}" + (f", applied to your own {own}," if own else "")


def of_report(report: Report, width: int | None = None) -> list[Line]:
    """The table of errors, what was checked, the findings, and the verdict last, in lines of `width`.

    By default that is the terminal's width, or 100 where there is none. The verdict is one line at any width, and what
    is copied, the network and the command, is not broken either.
    """
    width = tables.width() if width is None else width
    lines = [Line("", row) for row in (*_text_table(report, width), "")] if cells(report) else []
    prose = [Line("", row) for row in (sizes(report), *remarks(report), str(report.environment))]
    for finding in report.findings:
        prose += [Line("", ""), *of_finding(finding)]
    lines += [Line(kind, row) for kind, whole in prose for row in _wrapped(whole, width)]
    if report.counterexample is not None:
        shown = _shortened(repr(report.counterexample))
        lines += [Line("", row) for row in ("", "smallest failing network found:", f"  {shown}")]
    if report.point:
        lines += [Line("", row) for row in ("", "failing point:", f"  {_shortened(report.point)}")]
    if report.findings and report.again:
        lines += [Line("", ""), Line("", f"reproduce with: {report.again}")]
    return [*lines, Line("", ""), Line("verdict", verdict_line(report))]


def sizes(report: Report) -> str:
    """The numbers of networks, entries and calls of f, the time, and the seed."""
    parts = [_counted(report.networks, "network", "networks")] if report.networks else []
    parts.append(_counted(report.entries, "entry", "entries"))
    parts += [_counted(report.calls, "call of f", "calls of f")] if report.calls else []
    return ", ".join([*parts, f"{report.seconds:.1f} s", f"seed {report.seed}"])


def remarks(report: Report) -> list[str]:
    """The skipped entries, and the notes."""
    skipped = [f"skipped: {_counted(count, 'entry', 'entries')}, {why}" for why, count in report.skipped.items()]
    return skipped + [f"note: {note}" for note in report.notes]


def verdict_line(report: Report) -> str:
    """The verdict in one line."""
    if report.verdict == "correct":
        if not report.oracles() and report.notes:
            return f"correct: {next((note for note in report.notes if 'kinks' in note), report.notes[0])}"
        entries = "every entry" if not report.skipped else "every resolved entry"
        return f"correct: {entries} agrees with {_listed(report.oracles())} within rounding error"
    if report.verdict == "wrong" and report.findings:
        first = report.findings[0]
        if first.equation is None:
            return f"wrong: {first.subject}: {first.message}"
        layer = "" if first.layer is None else f", layer {first.layer}"
        named = f": {first.fault}" if first.fault else ""
        more = f", and {len(report.findings) - 1} more" if len(report.findings) > 1 else ""
        at = f"equation {first.equation}{layer}"
        if not report.networks and first.tensor:
            at = first.tensor + _index(first)
        return f"wrong: {first.subject} disagrees with the oracles at {at}{named}{more}"
    if report.verdict == "unstable" and report.findings:
        return f"unstable: {report.findings[0].subject} is correct but numerically unstable"
    reasons = report.notes if report.networks else report.notes[:1]
    return f"{report.verdict}: {'; '.join(reasons) or 'no oracle could bound its own error'}"


def cells(report: Report) -> dict[str, list[str]]:
    """For each equation that was compared, the largest error / tolerance by each oracle."""
    names = report.oracles()
    rows = {equation: [report.worst(name, equation) for name in names] for equation in EQUATIONS}
    return {key: [_ratio(cell) for cell in row] for key, row in rows.items() if any(one is not None for one in row)}


def median_tolerance(report: Report) -> list[str]:
    """The median relative tolerance of float64 entries, by each oracle."""
    largest = {
        name: max(stats.median_relative_tolerance() for of, stats in _by_oracle(report) if of == name)
        for name in report.oracles()
    }
    return [f"{tolerance:.0e}" for tolerance in largest.values()]


def _by_oracle(report: Report) -> Iterator[tuple[str, Statistics]]:
    """The statistics of every oracle on everything that was checked."""
    for by_oracle in report.statistics.values():
        yield from by_oracle.items()


def _text_table(report: Report, width: int) -> list[str]:
    """Equations down, oracles across; where that is too wide with short names, too, each formula below its row."""
    rows, last = cells(report), [MEDIAN, *median_tolerance(report)]
    for known in (ORACLE_NAMES, {**ORACLE_NAMES, **SHORT_NAMES}):
        names = [known.get(name, name) for name in report.oracles()]
        labelled = [[f"{equation:<8}  {EQUATIONS[equation]}", *columns] for equation, columns in rows.items()]
        lines = tables.grid([HEAD, *names], [*labelled, last])
        if max(map(len, lines)) <= width:
            return lines
    numbered = [[equation, *columns] for equation, columns in rows.items()]
    head, *lines = tables.grid(["equation", *names], [*numbered, ["", *last[1:]]])
    formulas = [EQUATIONS[equation] for equation in rows]
    below = [line for pair in zip(lines, [*formulas, MEDIAN], strict=True) for line in (pair[0], f"    {pair[1]}")]
    return [HEAD, head, *below]


def _wrapped(line: str, width: int) -> list[str]:
    """A line in lines of at most `width` where its words allow it, all but the first indented by two more."""
    indent = line[: len(line) - len(line.lstrip())] + "  "
    filled = textwrap.wrap(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    return filled or [line]


def _ratio(cell: float | None) -> str:
    return "–" if cell is None else f"{cell:.3f}" if cell < 1000 else f"{cell:.1e}"


def _counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def _shortened(whole: str) -> str:
    return whole if len(whole) <= LONGEST else f"{whole[:LONGEST]} … ({len(whole):,} characters; whole in JSON)"


def _listed(names: list[str]) -> str:
    shown = [ORACLE_NAMES.get(name, name) for name in names]
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
