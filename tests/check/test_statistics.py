import math

import numpy as np

from minibp.check.statistics import RATIO_EDGES, Statistics


def test_the_worst_is_kept_and_entries_add_up():
    found = Statistics()
    for worst, entries in ((0.5, 3), (0.25, 4), (2.0, 0)):
        found.add("(13)", worst, entries)
    assert (found.worst, found.entries) == ({"(13)": 2.0}, {"(13)": 7})


def test_merging_is_adding_what_both_have_seen():
    one, other = Statistics(), Statistics()
    one.add("(13)", 0.5, 3)
    other.add("(13)", 0.25, 4)
    other.add("(14)", 0.125, 5)
    one.alarms, other.alarms = 1, 2
    for each in (one, other):
        each.add_relative_tolerances(np.ones(2), np.full(2, 1e-3 * 0.99))
    one.merge(other)
    assert (one.worst, one.entries) == ({"(13)": 0.5, "(14)": 0.125}, {"(13)": 7, "(14)": 5})
    assert (one.alarms, one.relative_tolerances.sum(), one.relative_tolerances[3]) == (3, 4, 4)
    assert (other.entries["(13)"], other.relative_tolerances[3]) == (4, 2)


def test_relative_tolerances_is_in_powers_of_ten_and_of_what_is_told_alone():
    found = Statistics()
    expected = np.array([1.0, 1.0, 1.0, 0.0, 1.0, 1.0])
    tolerance = np.array([10.0, 0.5e-2, 0.5e-2, 1e-3, math.inf, 0.0])
    found.add_relative_tolerances(expected, tolerance)
    assert {k: int(n) for k, n in enumerate(found.relative_tolerances) if n} == {0: 1, 2: 2, 39: 1}


def test_the_histogram_of_ratios_has_each_once_at_its_upper_edge():
    found = Statistics()
    found.add_error_ratios(np.array([0.0, 1e-6, 1.0, np.nextafter(1, 2), 99.0, 1e9, np.inf]))
    counts = {float(f"{RATIO_EDGES[k]:.6g}"): int(n) for k, n in enumerate(found.error_ratios) if n}
    assert counts == {1e-6: 2, 1.0: 1, 1.77828: 1, 100.0: 3}
    other = Statistics()
    other.merge(found)
    other.merge(found)
    assert (other.error_ratios == 2 * found.error_ratios).all()


def test_half_of_the_entries_are_told_to_within_the_median():
    found = Statistics()
    assert found.median_relative_tolerance() == math.inf
    found.add_relative_tolerances(np.ones(5), np.array([0.5e-3, 0.5e-3, 0.5e-8, 0.5e-8, 0.5e-8]))
    assert found.median_relative_tolerance() == 1e-8
    found.add_relative_tolerances(np.ones(3), np.full(3, 0.5e-3))
    assert found.median_relative_tolerance() == 1e-3


def test_no_two_share_their_counts():
    Statistics().relative_tolerances[0] += 1
    assert Statistics().relative_tolerances.sum() == 0
