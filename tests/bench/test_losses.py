from stored import outcome, results

from minibp.bench.losses import losses
from minibp.bench.tables import text


def test_a_faster_peer_is_named_with_quartiles():
    found = losses(results(JAX=0.9))
    assert (
        "784-1024-1024-10, 256 examples, float32, 1 thread: JAX takes 0.75 (quartiles 0.75 and 0.75) "
        "of the workspace's time" in found
    )
    assert not any("PyTorch takes" in line for line in found)
    assert "Where minibp loses\n- " in text(results(JAX=0.9))


def test_a_missed_target_a_simpler_form_and_a_checker_are_named():
    found = losses(results(workspace=2.1))
    assert any("the workspace takes 2.10" in line and "its target is 1.35" in line for line in found)
    assert not any(line.startswith("2-3-1") and "target" in line for line in found)
    assert any("batched takes 0.95" in line for line in found)
    stored = results()
    assert any("784-30-10, 1 examples" in line and "the loop takes 0.75" in line for line in losses(stored))
    stored["cases"][-1]["contenders"]["scipy check_grad"] = outcome(0.5, 1e-3)
    assert any("scipy check_grad takes 0.50" in line and "three oracles" in line for line in losses(stored))


def test_what_has_no_figures_is_a_loss_with_its_reason():
    stored = results()
    stored["cases"][0]["contenders"]["MyGrad"] = {"failed": "its process died"}
    assert "2-3-1, 4 examples, float64, 1 thread: MyGrad has no figures: its process died" in losses(stored)


def test_nothing_lost_is_said_too():
    stored = results(workspace=1.0)
    stored["cases"] = stored["cases"][:1]
    assert losses(stored) == []
    assert text(stored).endswith("minibp loses nowhere in these tables")
