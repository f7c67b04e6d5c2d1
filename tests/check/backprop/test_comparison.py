import numpy as np
from subjects import backprop

from minibp.check.backprop.comparison import NO_BIASES, Comparison, kind_of
from minibp.check.report.finding import Finding
from minibp.check.subject.claim import Claim
from minibp.check.subject.specification import Setting


def compared(subject, count=None, **claim):
    setting = Setting.checked("sigmoid", None, "quadratic", 0.0, Claim(**claim), "float64", subject)
    comparison = Comparison(subject, setting, seed=0)
    comparison.look(setting.bases(0)[:count])
    return comparison


def test_every_entry_is_held_to_every_oracle():
    found = compared(backprop)
    assert not found.mismatches
    for oracle in ("jax", "complex_step", "finite_difference"):
        entries = found.evidence.stats_of("backprop", oracle).entries
        assert sum(entries.values()) == found.evidence.entries


def test_one_entry_that_is_off_is_a_mismatch_in_its_place():
    def off(weights, biases, x, y):
        nabla_w, nabla_b = backprop(weights, biases, x, y)
        nabla_w[1][0, 2] *= 1 + 1e-9
        return nabla_w, nabla_b

    problem, mismatch, oracle = compared(off, 1).mismatches[0]
    assert problem.m == 3
    assert (mismatch.segment.tensor, mismatch.segment.layer, mismatch.entry) == ("nabla_w", 3, (0, 2))
    assert oracle == "jax"


def test_without_biases_their_entries_are_skipped_and_counted():
    found = compared(lambda *given: backprop(*given)[0], biases=False)
    assert not found.mismatches
    biases = sum(sum(sizes[1:]) for sizes in ([3] * 5, [4] * 5, [2, 5, 3, 4, 5]))
    assert found.evidence.skipped[NO_BIASES] == 3 * biases  # once by each oracle


def test_results_that_are_missing_are_kept_apart_by_their_reason():
    def breaks(weights, biases, x, y):
        raise OverflowError("math range error") if len(weights[0]) == 3 else ValueError("no")

    found = compared(breaks)
    assert (len(found.without_gradient), len(found.overflowed)) == (3, 1)
    assert len(found.contract_findings) == 2


def test_remarks_are_kept_once():
    def wide(weights, biases, x, y):
        return tuple([np.asarray(a, np.float64) for a in kind] for kind in backprop(weights, biases, x, y))

    setting = Setting.checked("sigmoid", None, "quadratic", 0.0, Claim(), "float32", wide)
    comparison = Comparison(wide, setting, seed=0)
    comparison.look(setting.bases(0))
    assert list(comparison.remarks) == ["wide returns float64 for parameters of float32"]
    assert not comparison.contract_findings


def test_findings_are_of_one_kind_whatever_their_numbers():
    one, other = (Finding(None, None, None, message=f"nabla_w of layer {i} has shape ({i}, 2): x{i}") for i in (2, 3))
    assert kind_of(one) == kind_of(other)
