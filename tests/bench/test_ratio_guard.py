"""The guard of the workspace's ratios: figures of known sizes, and the measurement itself on the smallest row."""

import json

import pytest
import ratio_guard

from minibp.bench.cases import TABLE_ROWS, of_table

(CASE,) = of_table(TABLE_ROWS[1:2], ["float32"], 1)
TARGET = TABLE_ROWS[1].targets["float32"]


def row(units, factor=1.3):
    """The row of a workspace that takes `units` of the products in every round, whatever the machine does meanwhile."""
    rounds = {"products": [1.0, 8.0, 1.5], "workspace": [units, 8 * units, 1.5 * units]}
    return ratio_guard.row_of(CASE, TARGET, factor, {name: {"seconds": seconds} for name, seconds in rounds.items()})


@pytest.mark.parametrize(("units", "over"), [(1.0, False), (1.3 * TARGET - 0.01, False), (1.3 * TARGET + 0.01, True)])
def test_a_row_is_over_where_its_ratio_exceeds_the_factor_times_the_target(units, over):
    found = row(units)
    assert found.ratio.median == pytest.approx(units, rel=1e-12)
    assert found.limit == 1.3 * TARGET
    assert found.over == over
    assert ("over the limit" in ratio_guard.table([found])) == over


def test_a_smaller_factor_allows_less():
    assert row(1.1 * TARGET, factor=1.0).over
    assert not row(1.1 * TARGET, factor=1.2).over


@pytest.mark.parametrize("kind", ["failed", "wrong"])
def test_a_workspace_without_figures_is_over(kind):
    found = ratio_guard.row_of(CASE, TARGET, 1.3, {"products": {"seconds": [1.0]}, "workspace": {kind: "not so"}})
    assert found.over
    assert ratio_guard.table([found]).endswith(f"{CASE.label:<36}  no figures: not so")


@pytest.mark.parametrize(("factor", "status"), [("0.01", 1), ("100", 0)])
def test_the_status_follows_what_is_measured(factor, status, tmp_path, capsys):
    """No machine has the workspace take a hundredth of its products, or a hundred times its target."""
    file = tmp_path / "rows.json"
    assert ratio_guard.main(["--rows", "1", "--rounds", "1", "--factor", factor, "--json", str(file)]) == status
    rows = json.loads(file.read_text(encoding="utf-8"))
    assert [one["label"] for one in rows] == ["2-3-1, 4, float64", "2-3-1, 4, float32"]
    assert [one["over"] for one in rows] == 2 * [bool(status)]
    said = capsys.readouterr().out
    assert all(one["label"] in said for one in rows)
