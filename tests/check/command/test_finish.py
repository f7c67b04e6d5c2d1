import json
import sys

import click
import numpy as np
import pytest
from click.testing import CliRunner

import minibp
from minibp.check.command.finish import annotate, expect_outputs, finish
from minibp.console import Exit


def ended(report, *files):
    @click.command()
    def command():
        annotate(report, ended, files[0] if files else None)
        finish(report, *(files or (None, None)))

    return CliRunner().invoke(command, [])


@pytest.mark.parametrize(("claim", "status"), [(np.cos, 0), (np.sin, 1)], ids=["right", "wrong"])
def test_the_status_is_that_of_the_verdict(claim, status, tmp_path):
    report = minibp.check_grad(lambda x: np.sin(x).sum(), claim, np.ones(2), seed=1, raise_on_mismatch=False)
    shown = ended(report)
    assert shown.exit_code == status
    assert shown.stdout.rstrip().endswith(report.verdict_line())
    assert shown.stdout.count("::error ") == len(report.findings)
    written = ended(report, "-", str(tmp_path / "page.html"))
    assert json.loads(written.stdout)["verdict"] == report.verdict
    assert report.verdict in (tmp_path / "page.html").read_text()


def test_files_that_cannot_be_written_are_rejected_before_the_check(tmp_path, monkeypatch, capsys):
    expect_outputs("-", str(tmp_path / "page.html"))
    expect_outputs(None, None)
    with pytest.raises(Exit):
        expect_outputs(None, str(tmp_path / "missing" / "page.html"))
    monkeypatch.setitem(sys.modules, "jinja2", None)
    expect_outputs("-", None)
    with pytest.raises(Exit) as ended:
        expect_outputs(None, str(tmp_path / "page.html"))
    assert ended.value.code == 2
    assert "a page of HTML needs jinja2, which is not installed: pip install" in capsys.readouterr().err
