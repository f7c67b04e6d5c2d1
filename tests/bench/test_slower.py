from stored import outcome, results

from minibp.bench.slower import slower_cases
from minibp.bench.tables import results_text


def test_a_faster_peer_is_named_with_quartiles():
    found = slower_cases(results(JAX=0.9))
    assert ("JAX / workspace, 1 thread", "784-1024-1024-10, 256, float32", "0.75 [0.75, 0.75]") in found
    assert ("JAX / batched, 1 thread", "2-3-1, 4, float64", "0.45 [0.45, 0.45]") in found
    assert not any(loss.what.startswith("PyTorch") for loss in found)
    said = results_text(results(JAX=0.9))
    assert "Where minibp is slower: median ratios with their quartiles\n" in said
    assert "JAX / workspace, 1 thread\n  2-3-1, 4, float64: 0.75 [0.75, 0.75]\n  784-30-10, 10, float64: 0.75" in said


def test_a_missed_target_a_simpler_form_and_a_checker_are_named():
    found = slower_cases(results(workspace=2.1))
    over = "workspace / products over its target, 1 thread"
    assert (over, "784-30-10, 10, float64", "2.10 [2.10, 2.10] over 1.35") in found
    assert not any(loss.what == over and loss.where.startswith("2-3-1") for loss in found)
    assert ("batched / workspace, 1 thread", "2-3-1, 4, float64", "0.95 [0.95, 0.95]") in found
    stored = results()
    assert ("per-example / batched, 1 thread", "784-30-10, 1, float64", "0.75 [0.75, 0.75]") in slower_cases(stored)
    stored["cases"][-1]["contenders"]["scipy check_grad"] = outcome(0.05, 1e-3)
    lost = ("scipy check_grad / minibp, all oracles, 1 thread", "5-4-3, 4, float64", "0.0500 [0.0500, 0.0500]")
    assert lost in slower_cases(stored)


def test_what_quartiles_do_not_settle_is_a_draw():
    stored = results()
    row = stored["cases"][0]["contenders"]
    row["workspace"]["seconds"], row["JAX"]["seconds"] = [1.0, 1.0, 1.0], [0.9, 0.9, 1.2]
    row["workspace"]["ratio"] = {"low": 2.3, "median": 2.5, "high": 2.6}
    found = slower_cases(stored)
    assert ("JAX / workspace, 1 thread", "2-3-1, 4, float64", "0.90 [0.90, 1.05], a draw") in found
    over = "workspace / products over its target, 1 thread"
    assert (over, "2-3-1, 4, float64", "2.50 [2.30, 2.60] over 2.40, a draw") in found


def test_what_has_no_figures_is_a_loss_with_its_reason():
    stored = results()
    stored["cases"][0]["contenders"]["MyGrad"] = {"failed": "its process died"}
    assert ("MyGrad has no figures, 1 thread", "2-3-1, 4, float64", "its process died") in slower_cases(stored)


def test_nothing_lost_is_said_too():
    stored = results(workspace=1.0, batched=1.2)
    stored["cases"] = stored["cases"][:1]
    assert slower_cases(stored) == []
    assert results_text(stored).endswith("minibp is slower nowhere in these tables")
