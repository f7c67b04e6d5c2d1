import numpy as np

from minibp.check.layout import Segment
from minibp.check.report.evidence import Evidence
from minibp.check.report.finding import Finding


def seen(networks, entries, alarms, skipped):
    found = Evidence(networks=networks, entries=entries)
    found.stats_of("f", "jax").add("(24)", 0.5 * networks, entries)
    found.stats_of("f", "jax").alarms += alarms
    found.skipped["a kink"] += skipped
    found.covered["float64"] += networks
    return found


def test_evidence_adds_up():
    one, other = seen(1, 10, 0, 2), seen(2, 20, 1, 3)
    other.stats_of("g", "jax").add("(22)", 0.125, 4)
    one.add(other)
    assert (one.networks, one.entries) == (3, 30)
    assert (one.skipped, one.covered) == ({"a kink": 5}, {"float64": 3})
    stats = one.statistics["f"]["jax"]
    assert (stats.worst, stats.entries, stats.alarms) == ({"(24)": 1.0}, {"(24)": 30}, 1)
    assert one.statistics["g"]["jax"].entries == {"(22)": 4}
    assert other.entries == 20


SEGMENTS = [Segment("(23)", 2, "nabla_b", (2,), 0, 2), Segment("(24)", 2, "nabla_w", (2, 1), 2, 4)]


def test_oracles_are_held_against_each_other_in_units_of_both_radii():
    found, again = Evidence(), Evidence()
    rows = {
        "jax": (np.array([1.0, 2.0, 3.0, 4.0]), np.full(4, 0.5)),
        "complex_step": (np.array([1.0, 2.0, 3.0, 5.0]), np.full(4, 0.5)),
        "finite_difference": (np.array([1.0, 2.5, 9.0, 4.0]), np.array([0.5, 0.5, np.inf, 0.5])),
    }
    found.add_agreement(SEGMENTS, rows)
    again.add_agreement(SEGMENTS, {name: rows[name] for name in ("jax", "complex_step")})
    found.add(again)
    worst = {pair: stats.worst for pair, stats in found.agreement.items()}
    assert worst == {
        ("jax", "complex_step"): {"(23)": 0.0, "(24)": 1.0},
        ("jax", "finite_difference"): {"(23)": 0.5, "(24)": 0.0},
        ("complex_step", "finite_difference"): {"(23)": 0.5, "(24)": 1.0},
    }
    assert found.agreement["jax", "complex_step"].entries == {"(23)": 4, "(24)": 4}
    assert found.agreement["jax", "finite_difference"].entries == {"(23)": 2, "(24)": 1}


def test_statistics_of_an_oracle_are_made_once():
    found = Evidence()
    assert found.stats_of("f", "jax") is found.stats_of("f", "jax")
    assert found.stats_of("f", "jax") is not found.stats_of("f", "complex_step")


def test_entries_that_were_skipped_are_no_comparison():
    found = Evidence()
    assert not found.has_compared()
    found.stats_of("f", "jax").add("(24)", 0.0, 0)
    assert not found.has_compared()
    found.stats_of("f", "jax").add("(22)", 0.0, 1)
    assert found.has_compared()


def test_a_report_has_all_of_it():
    found = seen(2, 20, 0, 3)
    found.covered["a tanh"] += 1
    finding = Finding("(24)", 2, "nabla_w", subject="f")
    report = found.report("wrong", seed=7, findings=[finding], notes=["a note"], again="minibp check", seconds=1.5)
    assert (report.verdict, report.seed, report.seconds, report.again) == ("wrong", 7, 1.5, "minibp check")
    assert (report.networks, report.entries, report.skipped) == (2, 20, {"a kink": 3})
    assert (report.findings, report.notes, report.counterexample) == ((finding,), ("a note",), None)
    assert list(report.covered.items()) == [("a tanh", 1), ("float64", 2)]
    assert report.statistics is found.statistics
