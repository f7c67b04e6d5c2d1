"""The check: whether a gradient is right; if not, which equation is wrong in which layer, and what the mistake is.

The map, from the lowest floor up; a file imports only from lower floors.

    problem_stack.py        problems of one shape on top of each other, so that one array operation serves all
    tolerance.py            within: |g − ĝ| ≤ bound + radius, the one comparison
    generation.py           Hypothesis draws problems, and finds the smallest one that fails
    rounding/               the bound of the rounding error of an honest floating-point computation
        arithmetic.py         units of rounding, and balls: numbers with a bound of their error
        activation_bounds.py  of each σ: Lipschitz and variation bounds, and the rounding of its formulas
        further_bounds.py     the same of the further ones, and of those with constants
        layer.py              z by (13), a by (14), σ'(z); the bound of softmax itself
        output_layer.py       on top of layer.py: the costs, and δ^L by (17) or (26), on softmax outputs too
        error_array.py        arrays that carry a bound of their rounding through NumPy code, by error_rules.py
        noise.py              how values of a function scatter about a smooth curve
        own_functions.py      bounds of activations and costs of the user's own
        whole_pass.py         `bound`: of a whole pass and of its gradient
        running_error.py      running-error numbers, for the diagnosis
    oracles/                right gradients from elsewhere, each with a radius that bounds its own error
        jax_autodiff/         JAX: reverse mode, by one program for many shapes
        complex_step.py       derivatives without cancellation
        finite_difference.py  central differences; truncation.py, curvature.py and jets.py bound what they leave out
    faults/                 the catalogue of mistakes, and a backprop that makes them
        fault.py              the record of a fault, and the decorator that makes one of the function that computes it
        forward.py            faults of (13) and (14)
        output.py             faults of (17) and (26): σ'(z^L) missing, …
        output_derivative.py  more of them: another derivative in place of σ'(z^L)
        saturation.py         and more: epsilons and clips in cross-entropy
        recursion.py          faults of (22): σ'(z^l) missing, …
        hidden_derivative.py  more of them: another derivative in place of σ'(z^l)
        factors.py            what stands where σ' belongs, in either place
        pairs.py              two faults of (22) at once
        parameters.py         faults of (23) and (24)
        batch.py, l2.py       faults of the mean (6), and of (27)
        clipping.py           a gradient that is clipped
        catalogue.py          all of them by their ids
        injection.py          a backprop that makes given faults
        pass_state.py         the arrays of one pass, plain or as running-error numbers
    layout.py               a pass as one row of numbers, in the order of the equations
    statistics.py           the statistics of an oracle: counts and the worst ratios
    compare.py              a pass, or slopes, against an oracle: the first entry beyond its tolerance
    report/                 verdicts, findings and symptoms as text, JSON, a page, GitHub annotations
    subject/                the code that is checked: its call, what it must accept, what it computes, by which
                              conventions
    diagnosis/              what is wrong
        findings.py           the findings of a diagnosis, causes first
        single_example.py     one example: which fault explains δ, ∂C/∂b and ∂C/∂W (a missing σ', a swapped product, …)
        candidates.py         the faults of one δ, held to it in all networks
        constants.py          constants of faults, fitted, and whether there are equations that confirm them
        delta_readings.py     what may be the subject's own δ, and the faults to try on it
        batch.py              several examples: the mean (6), and L2
        own_cost.py           the cost that comes with a gradient
        other_claims.py       another convention by which the code would be correct
        clipping.py           a gradient that is right but for being clipped
        stability.py          rounding that is magnified, distinguished from a wrong formula
        saturation.py         the epsilon, or the clip, that keeps cross-entropy finite where outputs saturate
    verify/                 minibp's own gradients against every oracle, and every fault against the check
    grad/                   the check of the derivatives of any function: see its own map
    backprop/               the check of anyone's backprop
        comparison.py         a subject held against the oracles, problem by problem
        fitted_rate.py        the learning rate of steps, where it is not given
        shapes.py             a single output where targets are its labels; few shapes for code of JAX
        conclusion.py         the verdict, the findings and the smallest failing problem
        backprop_check.py     `check_backprop`
    command/                the commands
        networks.py           verify, check and faults
        functions.py          check-grad
        finish.py             how a command ends: report, files, exit status

The path of one `check_backprop(subject)`, in backprop/:

 1. subject.specification: which networks, cost and L2 the subject is for; subject.claim, its other conventions.
 2. generation.draw: problems of that kind; or subject.given: those that the user has.
 3. subject.calling: the subject is called on copies; shapes, dtypes and changed inputs are looked at.
 4. oracles: each gives the gradient ĝ with its radius.
 5. rounding.whole_pass: the bound of an honest gradient.
 6. compare.compare: |g − ĝ| ≤ bound + radius for every entry, in the order of the equations; statistics count.
 7. diagnosis.stability: is what is off magnified rounding? Then the verdict is "unstable".
 8. generation.smallest: the smallest failing network, as far as Hypothesis shrinks it; what fails, stability says.
 9. diagnosis.findings: equation, layer and fault, every fault of the catalogue tried on well-conditioned networks.
10. report.report: all of it as a `Report`; report.wording says it.
"""

from minibp.check.tolerance import within

__all__ = ["within"]
