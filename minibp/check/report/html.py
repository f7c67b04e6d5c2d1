"""The report as one page of HTML, in a single file."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from minibp.check.faults.catalogue import CATALOGUE
from minibp.check.layout import EQUATIONS
from minibp.check.report import wording

if TYPE_CHECKING:
    from minibp.check.report.finding import Finding
    from minibp.check.report.report import Report

STYLE = """
:root { color-scheme: light dark; --line: #8884; --good: #1a7f37; --bad: #cf222e; --odd: #9a6700; }
@media (prefers-color-scheme: dark) { :root { --good: #3fb950; --bad: #f85149; --odd: #d29922; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 58rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.3rem; border-left: .4rem solid; padding-left: .8rem; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 0 0 .3rem; }
.correct { color: var(--good); } .wrong { color: var(--bad); } .unstable, .undecided { color: var(--odd); }
section { border: 1px solid var(--line); border-radius: .5rem; padding: 1rem; margin: 1rem 0; }
code, pre, td, .formula { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .9rem; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid var(--line); padding: .8rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; }
th, td { border-bottom: 1px solid var(--line); padding: .25rem .8rem .25rem 0; text-align: left; }
.number { text-align: right; }
p { margin: .4rem 0; }
"""


def page(report: Report, title: str = "minibp") -> str:
    """The verdict, every finding, the smallest failing network whole, the errors, and how to reproduce it."""
    verdict = wording.verdict_line(report)
    parts = [
        f'<h1 class="{escape(report.verdict)}">{escape(verdict)}</h1>',
        *(_finding(finding, report.verdict) for finding in report.findings),
    ]
    if report.counterexample is not None:
        parts += [
            "<h2>Smallest failing network found</h2>",
            f"<pre>{escape(repr(report.counterexample))}</pre>",
        ]
    if report.again:
        parts += ["<h2>Reproduce with</h2>", f"<pre>{escape(report.again)}</pre>"]
    if wording.cells(report):
        parts += ["<h2>Max error / tolerance</h2>", _html_table(report)]
    remarks = (wording.sizes(report), *wording.remarks(report), str(report.environment))
    parts += [f"<p>{escape(line)}</p>" for line in remarks]
    body = "\n".join(parts)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}: {escape(report.verdict)}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def _finding(finding: Finding, verdict: str) -> str:
    """One finding: its place, its formula or message, its name, and the numbers."""
    heading = f"{finding.subject}: {wording.place(finding)}"
    parts = [
        f'<h2 class="{escape(verdict)}">{escape(heading)}</h2>',
        f'<p class="formula">{escape(wording.formula(finding))}</p>',
    ]
    fault = CATALOGUE.get(finding.fault or "")
    if fault is not None:
        parts.append(f"<p><code>{escape(fault.id)}</code>: {escape(fault.summary)}. <b>{escape(fault.remedy)}</b></p>")
    elif finding.fault is not None:
        parts.append(f"<p><code>{escape(finding.fault)}</code></p>")
    if finding.constant is not None:
        parts.append(f"<p>c = {finding.constant:.6g}</p>")
    if finding.also:
        parts.append(f"<p>The same numbers would come from {escape(', '.join(finding.also))}.</p>")
    if finding.looks:
        parts.append(f"<p>No fault of the catalogue: {escape('; '.join(finding.looks))}.</p>")
    parts += [f"<p>{escape(line)}</p>" for line in wording.numbers(finding)]
    return "<section>\n" + "\n".join(parts) + "\n</section>"


def _html_table(report: Report) -> str:
    """Equations down, oracles across."""
    names = [wording.ORACLE_NAMES.get(name, name) for name in report.oracles()]
    rows = [_table_row(["equation", ""], names, "th")]
    rows += [_table_row([key, EQUATIONS[key]], columns) for key, columns in wording.cells(report).items()]
    rows.append(_table_row(["", wording.MEDIAN], wording.median_tolerance(report)))
    return '<div class="scroll"><table>\n' + "\n".join(rows) + "\n</table></div>"


def _table_row(labels: list[str], columns: list[str], tag: str = "td") -> str:
    cells = [f"<{tag}>{escape(label)}</{tag}>" for label in labels]
    cells += [f'<{tag} class="number">{escape(column)}</{tag}>' for column in columns]
    return "<tr>" + "".join(cells) + "</tr>"
