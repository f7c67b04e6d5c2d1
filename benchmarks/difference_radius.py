"""How wide the derived radius of finite differences is beside the estimate from two steps, and how often either fails.

    python benchmarks/difference_radius.py [--stacks N] [--seed S]

On stacks of 32 networks, drawn as `minibp verify --soak` draws them. A radius fails where the difference is further
from the complex step than both radii allow. The ratio is over entries of the gradient and of δ that both tell.
"""

from __future__ import annotations

import argparse

import numpy as np

from minibp.arrays import Array
from minibp.check.oracles import complex_step, finite_difference
from minibp.check.oracles.estimate import Estimate
from minibp.check.oracles.jax_autodiff import oracle as jax_oracle
from minibp.check.problem_stack import Stack
from minibp.check.verify.soak import drawn

QUANTILES = (0.01, 0.5, 0.99, 0.999)


def main() -> None:
    """Draw, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stacks", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    ratios: list[Array] = []
    failures, entries, skipped = {"derived": 0, "estimated": 0}, 0, {"derived": 0, "estimated": 0}
    worst = dict.fromkeys(failures, 0.0)
    with np.errstate(all="ignore"):
        for _ in range(options.stacks):
            stack = Stack.of(drawn(rng, jax_oracle.STACK))
            exact, radius = row(complex_step.estimates(stack))
            both = {name: row(finite_difference.estimates(stack, derived=name == "derived")) for name in failures}
            ratio = both["derived"][1] / both["estimated"][1]
            ratios.append(ratio[np.isfinite(ratio)])
            entries += len(exact)
            for name, (value, own) in both.items():
                excess = np.abs(value - exact) / (own + radius)
                failures[name] += int((excess > 1).sum())
                worst[name] = max(worst[name], float(excess[np.isfinite(excess)].max(initial=0)))
                skipped[name] += int((~np.isfinite(own)).sum())
    found = np.quantile(np.concatenate(ratios), QUANTILES)
    print(f"{options.stacks * jax_oracle.STACK:,} networks, {entries:,} entries, seed {options.seed}")
    print(
        "derived / estimated: " + ", ".join(f"{q:.1%} {value:.4g}" for q, value in zip(QUANTILES, found, strict=True))
    )
    for name, failed in failures.items():
        print(f"{name:<10} {failed} failures, worst error / radii {worst[name]:.3f}, {skipped[name]:,} skipped")


def row(estimate: Estimate) -> tuple[Array, Array]:
    """The entries of a gradient and of δ, and their radii."""
    value = (*estimate.gradient.nabla_w, *estimate.gradient.nabla_b, *estimate.delta)
    radius = (*estimate.radius.nabla_w, *estimate.radius.nabla_b, *estimate.delta_radius)
    return np.concatenate([one.ravel() for one in value]), np.concatenate([one.ravel() for one in radius])


if __name__ == "__main__":
    main()
