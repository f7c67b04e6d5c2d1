import json

import click
import numpy as np
import pytest
from click.testing import CliRunner

import minibp
from minibp.check.command.finish import annotate, finish


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
