"""The checks that all oracles share: of their errors, in units of their radii, and of their shapes."""

import numpy as np
import reference


def worst_of_radius(problem, estimate):
    """The largest error of an estimate in units of its radius, over all resolved entries."""
    cost, nabla_w, nabla_b, z, a, delta = reference.backprop(problem)
    pairs = [
        *zip(estimate.gradient.nabla_w, nabla_w, estimate.radius.nabla_w, strict=True),
        *zip(estimate.gradient.nabla_b, nabla_b, estimate.radius.nabla_b, strict=True),
        *zip(estimate.delta, delta, estimate.delta_radius, strict=True),
        *zip(estimate.z, z, estimate.z_radius, strict=True),
        *zip(estimate.a, a, estimate.a_radius, strict=True),
        (estimate.cost, cost, estimate.cost_radius),
    ]
    for slope in estimate.slopes:
        exact = sum(
            (direction * entries).sum()
            for directions, gradient in zip(slope.direction, (nabla_w, nabla_b), strict=True)
            for direction, entries in zip(directions, gradient, strict=True)
        )
        pairs.append((slope.value, exact, slope.radius))
    worst = 0.0
    for got, exact, radius in pairs:
        resolved = np.isfinite(radius)
        error = np.abs(np.asarray(got, np.longdouble)[resolved] - np.asarray(exact)[resolved])
        assert not np.isnan(error).any(), problem
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(error == 0, 0, error / np.asarray(radius)[resolved])
        worst = max(worst, float(ratio.max(initial=0)))
    return worst


def check_shapes(problem, estimate):
    network = problem.network
    assert [w.shape for w in estimate.gradient.nabla_w] == [w.shape for w in network.weights]
    assert [w.shape for w in estimate.radius.nabla_w] == [w.shape for w in network.weights]
    assert [b.shape for b in estimate.gradient.nabla_b] == [b.shape for b in network.biases]
    assert [b.shape for b in estimate.radius.nabla_b] == [b.shape for b in network.biases]
    assert [d.shape for d in estimate.delta] == [(problem.m, n) for n in network.sizes[1:]]
    assert {array.dtype for kind in estimate.gradient for array in kind} == {np.dtype("float64")}
