from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from case_ids import written_out

import minibp
from minibp import batched, component, data, per_example
from minibp.activations import HIDDEN
from minibp.arrays import InputError
from minibp.check.layout import EQUATIONS
from minibp.check.oracles import complex_step
from minibp.check.verify import implementations
from minibp.check.verify.verify import verify
from minibp.data.mnist_files import MNIST_VARIABLE
from minibp.drawing import pairings
from minibp.network import Gradient


@pytest.fixture
def small(monkeypatch):
    """Without MNIST, whose 23,860 parameters take most of a short run."""
    monkeypatch.delenv(MNIST_VARIABLE, raising=False)
    data.mnist.cache_clear()


@pytest.fixture
def unshrunk(monkeypatch):
    """Without a simpler failure, the search for which takes most of the time of a verification that fails."""
    monkeypatch.setattr(implementations.Run, "shrink", lambda *given: None)


@pytest.fixture(scope="module")
def report():
    return verify(examples=168, seed=3)


def test_the_packages_own_forms_are_correct(report):
    assert report.verdict == "correct"
    assert report.findings == ()
    assert report.counterexample is None
    for oracle in ("jax", "complex_step", "finite_difference"):
        for equation in EQUATIONS:
            if equation != "(1)" or oracle == "jax":
                assert 0 < report.worst(oracle, equation) <= 1


def test_everything_is_covered(report):
    assert set(report.covered) == {
        *(f"hidden {name}" for name in HIDDEN),
        *(f"{cost.name} on {output.name}" for output, cost in pairings()),
        *("float32", "float64", "with L2", "without L2"),
    }
    assert set(report.statistics) == {"component", "per_example", "batched", "workspace"}
    images = 8 if not report.notes else 6
    assert report.networks == 168 + images
    assert report.entries > 50 * report.networks


def test_tolerances_are_sharp_enough_to_mean_something(report):
    for by_oracle in report.statistics.values():
        assert by_oracle["jax"].median_relative_tolerance() <= 1e-12
        assert by_oracle["complex_step"].median_relative_tolerance() <= 1e-12
        # Seven digits on ordinary networks, as test_finite_difference shows; half of these are hard ones.
        assert by_oracle["finite_difference"].median_relative_tolerance() <= 1e-3


def figures(report):
    return {name: value for name, value in report.to_dict().items() if name not in ("seconds", "environment")}


@pytest.mark.usefixtures("small")
def test_the_same_seed_gives_the_same_figures_whoever_does_the_work():
    once = figures(verify(examples=10, seed=11))
    with ThreadPoolExecutor(1) as pool:
        assert once == figures(verify(examples=10, seed=11, executor=pool))
    assert once != figures(verify(examples=10, seed=12))


@pytest.mark.usefixtures("small")
def test_without_a_seed_it_takes_a_new_one_and_names_it():
    one, other = verify(examples=1), verify(examples=1)
    assert one.seed != other.seed
    assert str(one.seed) in one.again


@pytest.mark.usefixtures("small")
def test_progress_is_told():
    seen = []
    verify(examples=5, seed=1, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1][0] == seen[-1][1]
    assert seen == sorted(seen)


@pytest.mark.parametrize(
    ("kwargs", "message"), [({"examples": 0}, "examples is 0"), ({"seed": -1}, "seed is -1")], ids=written_out
)
def test_bad_arguments(kwargs, message):
    with pytest.raises(InputError, match=message):
        verify(**kwargs)


def test_mnist_is_left_out_where_it_is_not_and_the_report_says_so(monkeypatch):
    monkeypatch.delenv(MNIST_VARIABLE, raising=False)
    data.mnist.cache_clear()
    report = verify(examples=1, seed=1)
    assert report.notes == (
        "784-30-10 was left out: MNIST is not at hand: set MINIBP_MNIST_DIR to a folder with its four IDX files",
    )


MODULES = {"batched": batched, "component": component, "per_example": per_example}


def broken(form, change):
    """A backprop of which one tensor is changed."""

    def backprop(network, cost, x, y, l2=0.0):
        found = form(network, cost, x, y, l2)
        return change(found)

    return backprop


def change_delta(found):
    *others, last = found.delta
    return found._replace(delta=(*others, last * (1 + 1e-4)))


def change_weight_gradient(found):
    w = found.gradient.nabla_w[0].copy()
    w[0, 0] += 1.0
    return found._replace(gradient=Gradient((w, *found.gradient.nabla_w[1:]), found.gradient.nabla_b))


def change_bias_gradient(found):
    b = [-one for one in found.gradient.nabla_b]
    return found._replace(gradient=Gradient(found.gradient.nabla_w, tuple(b)))


def forget_the_penalty(found):
    return found._replace(cost=found.cost - 1.0)


@pytest.mark.parametrize(
    ("form", "change", "equation", "tensor"),
    [
        ("batched", change_delta, "(17)", "delta"),
        ("component", change_delta, "(17)", "delta"),
        ("per_example", change_weight_gradient, "(24)", "nabla_w"),
        ("batched", change_bias_gradient, "(23)", "nabla_b"),
        ("per_example", forget_the_penalty, "(9)(25)", "cost"),
    ],
)
@pytest.mark.usefixtures("small")
def test_a_gradient_broken_on_purpose_is_wrong_and_placed(monkeypatch, form, change, equation, tensor):
    module = MODULES[form]
    monkeypatch.setattr(module, "backprop", broken(module.backprop, change))
    report = verify(examples=84, seed=2)
    assert report.verdict == "wrong"
    (finding,) = report.findings
    assert (finding.subject, finding.equation, finding.tensor) == (form, equation, tensor)
    assert finding.error > finding.tolerance
    assert max(report.counterexample.network.sizes) <= 3
    assert report.counterexample.m == 1
    assert equation in str(report)
    assert len(str(report)) < 3000
    assert "reproduce with: minibp verify --examples 84 --seed 2" in str(report)


@pytest.mark.parametrize("form", ["batched", "component", "per_example"])
@pytest.mark.usefixtures("small")
def test_a_fault_of_l2_alone_is_left_at_27(monkeypatch, form):
    module = MODULES[form]
    right = module.backprop

    def doubled(network, cost, x, y, l2=0.0):
        return right(network, cost, x, y, 2 * l2.alpha)

    monkeypatch.setattr(module, "backprop", doubled)
    (finding,) = verify(examples=84, seed=2).findings
    assert (finding.subject, finding.equation) == (form, "(27)")


def test_a_broken_derivative_is_found_in_all_forms_that_call_it_and_shrunk(monkeypatch):
    silu = HIDDEN["silu"]
    right = silu.prime
    monkeypatch.setattr(type(silu), "prime", lambda self, z: right(z) + 1e-3 * (np.abs(z) > 0.5))
    report = verify(examples=168, seed=4)
    assert report.verdict == "wrong"
    assert {finding.subject for finding in report.findings} == {"component", "per_example", "batched"}
    assert {finding.equation for finding in report.findings} <= {"(17)", "(22)"}
    network = report.counterexample.network
    assert silu in network.activations
    assert max(network.sizes) <= 2
    assert report.counterexample.m == 1


@pytest.mark.usefixtures("small")
def test_a_wrong_recursion_is_reported_at_22_and_its_layer(monkeypatch):
    def no_prime(network, cost, x, y, l2=0.0):
        """Batched, with σ' missing from layer 2."""
        found = per_example.backprop(network, cost, x, y, l2)
        if len(found.delta) < 2:
            return found
        delta = (found.delta[1] @ network.weights[1], *found.delta[1:])
        w = delta[0].T @ found.a[0] / len(x) + l2.gradient(network.weights[0], len(x))
        gradient = Gradient((w, *found.gradient.nabla_w[1:]), (delta[0].mean(0), *found.gradient.nabla_b[1:]))
        return found._replace(delta=delta, gradient=gradient)

    monkeypatch.setattr(batched, "backprop", no_prime)
    report = verify(examples=84, seed=5)
    (finding,) = report.findings
    assert (finding.subject, finding.equation, finding.layer, finding.tensor) == ("batched", "(22)", 2, "delta")
    assert len(report.counterexample.network.sizes) == 3


@pytest.mark.usefixtures("small", "unshrunk")
def test_the_executor_stays_the_callers(monkeypatch):
    monkeypatch.setattr(batched, "backprop", broken(batched.backprop, change_bias_gradient))
    with ThreadPoolExecutor(1) as pool:
        assert minibp.verify(examples=200, seed=2, executor=pool).verdict == "wrong"
        assert pool.submit(int).result() == 0


def test_a_fault_that_only_pictures_show_is_shown_on_a_drawn_network_where_one_shows_it(monkeypatch):
    right = batched.backprop

    def wrong_beyond_eight(network, cost, x, y, l2=0.0):
        found = right(network, cost, x, y, l2)
        return change_weight_gradient(found) if network.sizes[0] > 8 else found

    monkeypatch.setattr(batched, "backprop", wrong_beyond_eight)
    report = verify(examples=1, seed=1)
    assert report.verdict == "wrong"
    assert 8 < max(report.counterexample.network.sizes) <= 16


def wrong_shape(found):
    return found._replace(gradient=Gradient(found.gradient.nabla_w, tuple(b[None] for b in found.gradient.nabla_b)))


def wrong_dtype(found):
    return found._replace(delta=tuple(d.astype(np.float16) for d in found.delta))


def missing_layer(found):
    return found._replace(z=found.z[:-1])


@pytest.mark.parametrize(
    ("change", "equation", "message"),
    [
        (wrong_shape, "(23)", "nabla_b has shape (1, "),
        (wrong_dtype, "(17)", "and dtype float16, expected shape"),
        (missing_layer, "(13)", "z is missing, expected shape"),
    ],
)
@pytest.mark.usefixtures("small", "unshrunk")
def test_shapes_and_dtypes_are_held_too(monkeypatch, change, equation, message):
    monkeypatch.setattr(batched, "backprop", broken(batched.backprop, change))
    report = verify(examples=10, seed=2)
    assert (report.verdict, report.findings[0].equation) == ("wrong", equation)
    assert message in report.findings[0].message


@pytest.mark.usefixtures("small")
def test_an_oracle_that_tells_nothing_leaves_it_undecided(monkeypatch):
    right = complex_step.estimates

    def silent(stack):
        found = right(stack)
        return replace(found, delta_radius=tuple(np.full(d.shape, np.inf) for d in found.delta_radius))

    monkeypatch.setattr(complex_step, "estimates", silent)
    report = verify(examples=10, seed=2)
    assert report.verdict == "undecided"
    assert "complex step resolved no entry of equation (17) in batched" in report.notes
    assert str(report).splitlines()[-1].startswith("undecided: ")


def test_what_may_overflow_is_skipped_and_counted():
    network = minibp.Network([np.full((1, 1), 1e36, np.float32)], [np.zeros(1, np.float32)], "identity")
    run = implementations.Run()
    run.check([minibp.Problem(network, "huber", [[1.0]], [[0.0]])])
    assert run.failed is None
    assert run.skipped["values near the end of float32's range"] == run.entries
