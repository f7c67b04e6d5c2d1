"""The check of any function's derivatives: gradients, products with the Jacobian, the Jacobian and the Hessian.

    public.py            check_grad, check_vjp, check_jvp, check_jacobian, check_hessian, check_hvp
    points.py            the point given and one beside it, or those of a strategy; the smallest that fails
    checks.py            one question at one point: function, claim, comparison, contract, verdict
    tally.py             statistics of errors in units of their tolerances
    conclusion.py        the verdict that the comparisons come to, and what is said of it
    question.py          the question: what is claimed, and how it may be checked
    watch.py             calls that do not end, and how far a long check is
    findings.py          the entries that are shown, and what they are called; symptom_fits.py: the symptom they have
    single_result.py     of many results the one that is off
    contract.py          what a backward pass owes: linear, of its point, gentle with what it gets
    engine.py            which slopes are compared: every entry, or random signs, and halves of what is off
    judge.py             what comes of the slopes along one direction, by all oracles that tell them
    claimed_slopes.py    what is claimed along a direction, and its own rounding
    oracle_slopes.py     what JAX (autodiff.py) and the complex step (complex_step.py) say along it
    differences.py       finite differences at every scale (levels.py): slope, both sides, jumps, plateaus
    decider.py           what comes of a comparison that no oracle has settled
    resolution.py        what a tolerance resolves, and which claims have lost it
    doubts.py            what is off, looked at once more: by hidden_rounding.py, dropped.py
    kinks.py             claims at kinks, between the slopes nearby
    steps.py             claims across the steps of f (inexact.py): rounded values, iterations that stop
    claim.py             a gradient, a product or a matrix as rows or columns (parsed.py), and how noisy it is
    second_order.py      the gradient of f as a function of its own
    function.py          f on rows of numbers: value, noise (own_noise.py), precision (precision.py, formats.py)
    projected.py         sums of its results with random signs
    run_to_run.py        what calls with the same arguments differ by
    arguments.py         the point as a row of numbers; structure.py: containers

The path of one check: `points` asks `checks` at a point. There f becomes a `Function`, what is claimed a `Claim`, and
the `Engine` chooses directions. Of each the `Judge` compares what is claimed with what the accurate oracles say; what
does not agree to the last digits is measured for noise, then decided by differences at all scales, and what is off is
doubted once more: are there kinks, or steps of f, that the claim has reason to look across? What is left is wrong;
`findings` say where, and what it looks like.
"""
