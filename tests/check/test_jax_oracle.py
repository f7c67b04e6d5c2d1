import numpy as np
import pytest
from oracle_checks import check_shapes, worst_of_radius
from users import Cube, Quartic

from minibp import Activation, Network, Problem
from minibp.activations import HIDDEN
from minibp.check import complex_step, jax_oracle
from minibp.check.estimate import OracleUnavailable
from minibp.check.rounding import arithmetic_of, bound
from minibp.costs import COSTS

jax = pytest.importorskip("jax")


def test_it_is_within_its_radius(drawn):
    for problem, estimate in zip(drawn, jax_oracle.estimates(drawn), strict=True):
        check_shapes(problem, estimate)
        assert worst_of_radius(problem, estimate) <= 1, problem


def test_one_at_a_time_or_hundreds_are_the_same_to_the_bit(drawn):
    for problem, together in zip(drawn[:40], jax_oracle.estimates(drawn[:40]), strict=True):
        alone = jax_oracle.estimate(problem)
        for one, other in zip(alone.gradient.nabla_w, together.gradient.nabla_w, strict=True):
            assert np.array_equal(one, other)
        assert alone.slopes[0].value == together.slopes[0].value


def plain_cases():
    rng = np.random.default_rng(5)
    for output, cost in (
        ("sigmoid", "cross_entropy"),
        ("softmax", "cross_entropy"),
        ("softmax", "categorical_cross_entropy"),
        ("tanh", "quadratic"),
        ("elu", "huber"),
    ):
        for hidden in (["sigmoid", "silu"], ["tanh", "relu"], ["softplus", "elu"], ["leaky_relu", "identity"]):
            network = Network.random([5, 4, 3, 3], [*hidden, output], rng=rng)
            yield Problem(network, cost, rng.standard_normal((4, 5)), rng.dirichlet(np.ones(3), 4), 0.3)


def test_padding_changes_nothing():
    for problem in plain_cases():
        padded, plain = jax_oracle.estimate(problem), jax_oracle.plain(problem)
        assert worst_of_radius(problem, plain) <= 1
        for kind in ("nabla_w", "nabla_b"):
            for one, other, radius in zip(
                getattr(padded.gradient, kind), getattr(plain.gradient, kind), getattr(plain.radius, kind), strict=True
            ):
                assert np.all(np.abs(one - other) <= 2 * radius)


def test_what_does_not_fit_the_padding_is_served_without():
    rng = np.random.default_rng(6)
    for sizes, m in (([20, 3, 2], 3), ([3] * 10, 2), ([3, 2], 9)):
        problem = Problem(
            Network.random(sizes, "tanh", rng=rng), "quadratic", rng.random((m, sizes[0])), rng.random((m, sizes[-1]))
        )
        assert not jax_oracle.fits(problem)
        estimate = jax_oracle.estimate(problem)
        check_shapes(problem, estimate)
        assert worst_of_radius(problem, estimate) <= 1


class NumpyOnly(Cube):
    def value(self, z):
        return np.power(np.asarray(z), 3)


class Masking(Cube):
    def value(self, z):
        return z - z[z < 0].sum()


class Bell(Activation):
    name = "bell"
    bounds = (0.0, 1.0)

    def value(self, z):
        return 1 / (1 + z * z)

    def prime(self, z):
        return -2 * z / (1 + z * z) ** 2


def test_functions_of_the_users_are_traced():
    rng = np.random.default_rng(7)
    problem = Problem(Network.random([3, 2], Cube(), rng=rng), Quartic(), rng.random((2, 3)), rng.random((2, 2)))
    ours, theirs = complex_step.estimate(problem), jax_oracle.estimate(problem)
    limit = ours.radius.nabla_w[0] + theirs.radius.nabla_w[0]
    assert np.all(np.abs(ours.gradient.nabla_w[0] - theirs.gradient.nabla_w[0]) <= limit)


def test_cross_entropy_on_a_users_output_is_the_textbooks():
    rng = np.random.default_rng(7)
    problem = Problem(Network.random([3, 2], Bell(), rng=rng), "cross_entropy", rng.random((2, 3)), rng.random((2, 2)))
    ours, theirs = complex_step.estimate(problem), jax_oracle.estimate(problem)
    limit = ours.radius.nabla_w[0] + theirs.radius.nabla_w[0]
    assert np.all(np.abs(ours.gradient.nabla_w[0] - theirs.gradient.nabla_w[0]) <= limit)


@pytest.mark.parametrize("activation", [NumpyOnly(), Masking()], ids=lambda activation: type(activation).__name__)
def test_functions_that_cannot_be_traced_make_it_unavailable(activation):
    problem = Problem(Network.random([3, 2], activation, rng=0), "quadratic", np.ones((2, 3)), np.ones((2, 2)))
    with pytest.raises(OracleUnavailable, match="JAX cannot trace this problem's functions"):
        jax_oracle.estimate(problem)


def test_directions_are_signs_fresh_for_each_problem_and_the_same_for_the_same(drawn):
    seen = set()
    for problem in drawn[:30]:
        direction = jax_oracle._direction(problem)
        signs = np.concatenate([way.ravel() for kind in direction for way in kind])
        assert set(np.abs(signs).tolist()) == {1.0}
        again = jax_oracle._direction(problem)
        assert all(np.array_equal(*pair) for pair in zip(direction.nabla_w, again.nabla_w, strict=True))
        if signs.size > 30:
            seen.add(signs[:30].tobytes())
    assert len(seen) > 10


def test_it_shares_no_derivative_with_the_package():
    """σ' and ∇_a C of the package are never asked: with both broken, the estimate is the same."""
    problem = Problem(Network.random([3, 2], rng=0), "quadratic", np.ones((2, 3)), np.ones((2, 2)))
    before = jax_oracle.estimate(problem).gradient.nabla_w[0]
    patch = pytest.MonkeyPatch()
    try:
        patch.setattr(type(HIDDEN["sigmoid"]), "prime", lambda self, z: 0 * z)
        patch.setattr(type(COSTS["quadratic"]), "gradient", lambda self, a, y: 0 * a)
        after = jax_oracle.estimate(problem).gradient.nabla_w[0]
    finally:
        patch.undo()
    assert np.array_equal(before, after)


def test_callers_configuration_of_jax_is_left_as_it_is():
    assert jax.numpy.ones(1).dtype == np.float32
    jax_oracle.estimate(Problem(Network.random([3, 2], rng=0), "quadratic", np.ones((2, 3)), np.ones((2, 2))))
    assert jax.numpy.ones(1).dtype == np.float32
    assert jax.config.values["jax_compilation_cache_dir"] is None


def test_the_radius_is_that_of_the_granted_arithmetic():
    problem = Problem(Network.random([3, 2], rng=0), "quadratic", np.ones((2, 3)), np.ones((2, 2)))
    radius = jax_oracle.estimate(problem).radius.nabla_w[0]
    assert np.all(radius > bound(problem, arithmetic_of("float64")).gradient.nabla_w[0])
    assert np.all(radius < 1e-14)
