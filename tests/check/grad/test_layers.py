from functools import cache

import numpy as np
import pytest
from grad_layers import LAYERS, MISTAKES

from minibp import check_vjp
from minibp.check.report.symptoms import SYMPTOMS
from minibp.check.report.wording import of_finding


def report_of(layer, vjp, **options):
    args = layer.args if len(layer.args) > 1 else layer.args[0]
    return check_vjp(layer.f, vjp, args, raise_on_mismatch=False, **{"seed": 1, **options})


@cache
def report_on(name):
    """The report of a mistake."""
    layer, mistake = MISTAKES[name]
    return report_of(layer, mistake.vjp)


def arguments(report):
    """The names of the arguments whose gradient is off, by the findings."""
    off = [finding.tensor for finding in report.findings if finding.equation is not None]
    return {tensor.partition("/∂")[2].partition("[")[0] for tensor in off}


@pytest.mark.parametrize("name", LAYERS)
def test_right_layers_are_correct(name):
    report = report_of(LAYERS[name], LAYERS[name].vjp)

    assert (report.verdict, report.findings, report.skipped) == ("correct", (), {})


@pytest.mark.parametrize("name", LAYERS)
def test_right_layers_are_correct_at_other_points(name):
    layer = LAYERS[name]
    rng = np.random.default_rng(7)
    args = tuple(a + 0.3 * rng.standard_normal(a.shape) if a.dtype == np.float64 else a for a in layer.args)

    without_jax = {"seed": 2, "oracles": ("complex_step", "finite_difference")}
    assert report_of(layer._replace(args=args), layer.vjp, **without_jax).verdict == "correct"


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_wrong_and_placed_at_their_arguments(name):
    _, mistake = MISTAKES[name]

    assert report_on(name).verdict == "wrong"
    # Five findings are shown at most, one of each argument first.
    shown = arguments(report_on(name))
    assert shown <= set(mistake.arguments)
    assert len(shown) == min(len(mistake.arguments), 5)


@pytest.mark.parametrize("name", [name for name, (_, mistake) in MISTAKES.items() if mistake.symptom])
def test_mistakes_are_named(name):
    _, mistake = MISTAKES[name]

    assert {finding.fault for finding in report_on(name).findings} == {mistake.symptom}


@pytest.mark.parametrize("name", [name for name, (_, mistake) in MISTAKES.items() if not mistake.symptom])
def test_mistakes_without_a_name_get_none(name):
    """But for the rows that are off, which is no more than where they are."""
    assert {finding.fault for finding in report_on(name).findings} <= {None, "rows_only"}


@pytest.mark.parametrize("name", [name for name, (_, mistake) in MISTAKES.items() if mistake.symptom])
def test_what_is_printed_ends_in_the_remedy(name):
    symptom = MISTAKES[name][1].symptom
    lines = of_finding(report_on(name).findings[0])

    assert [line.text.strip() for line in lines if line.kind == "remedy"] == [SYMPTOMS[symptom].remedy]


@pytest.mark.parametrize("name", [name for name, (_, mistake) in MISTAKES.items() if not mistake.arguments])
def test_broken_contracts_are_told_once(name):
    (finding,) = report_on(name).findings

    assert (finding.equation, finding.got) == (None, None)


def test_a_mask_that_is_drawn_again_is_told_by_both_numbers():
    (finding,) = report_on("dropout-mask_drawn_again").findings

    assert "at the same x, expected the same number" in finding.message


def test_the_factor_of_a_forgotten_scale_is_told():
    for finding in report_on("attention-scale_forgotten").findings:
        assert finding.constant == pytest.approx(np.sqrt(3), rel=1e-9)


def test_the_rows_of_a_padding_that_is_dropped_are_told():
    (finding,) = report_on("embedding-padding_dropped").findings

    assert "0 of 5" in finding.looks[0]
