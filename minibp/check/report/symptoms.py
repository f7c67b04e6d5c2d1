"""Mistakes in derivatives of any function, by name: what each looks like, and how it is mended."""

from __future__ import annotations

from typing import NamedTuple


class Symptom(NamedTuple):
    """`id` is what reports and JSON call it.

    In formulas G is the claimed derivative, J the right one, and ȳ the cotangent, `grad_out`.
    """

    id: str
    summary: str
    remedy: str
    tex: str
    """What is claimed, in TeX."""
    shows: str
    """How it shows in the numbers, and where it does not."""


_ALL = (
    Symptom(
        "cotangent_ignored",
        "the cotangent is not used: the result is the sum of all rows of the Jacobian, whatever comes from above",
        "multiply the local derivative by the cotangent (grad_output) before summing",
        r"\bar x = \mathbf 1^{\mathsf T} J \text{ for } \bar y^{\mathsf T} J",
        "The same numbers for every grad_out, also for zeros. Right for a grad_out of ones, as `out.sum()` has it, so"
        " that a test by a sum passes.",
    ),
    Symptom(
        "cotangent_summed",
        "the sum of the cotangent is used in place of the cotangent itself",
        "multiply entry by entry, and sum only over dimensions that were broadcast",
        r"\bar x = \Big(\sum_i \bar y_i\Big)\,\mathbf 1^{\mathsf T} J",
        "Every row of the Jacobian is the sum of all rows. Right for one result alone.",
    ),
    Symptom(
        "zero",
        "every entry is 0",
        "return the derivative; a detached or overwritten buffer gives zeros",
        r"G = 0",
        "Every entry is exactly 0; parameters that depend on it never move.",
    ),
    Symptom(
        "sign_flipped",
        "every entry has the opposite sign",
        "change the sign",
        r"G = -J",
        "Lengths are right, every sign is wrong; steps go uphill.",
    ),
    Symptom(
        "mean_for_sum",
        "every entry is divided by the number of {count} once too often",
        "do not divide, or divide f too",
        r"G = J/n",
        "Every entry is off by one factor, the inverse of a number of rows or entries. It changes with the batch size.",
    ),
    Symptom(
        "not_averaged",
        "every entry lacks a division by the number of {count}",
        "divide by it, as f does",
        r"G = n\,J",
        "Every entry is off by one factor, a number of rows or entries. It changes with the batch size.",
    ),
    Symptom(
        "scaled",
        "every entry is {constant} times the slope",
        "look for a constant factor, 2 or ½ of a square say",
        r"G = c\,J",
        "Every entry is off by one factor: a step of another length in the right direction. Of several arguments one "
        "alone may be scaled.",
    ),
    Symptom(
        "shifted",
        "every entry is the slope and {constant}",
        "look for a constant that is added",
        r"G = J + c",
        "The difference to the slope is one number in all entries; beside large slopes it is hardly seen.",
    ),
    Symptom(
        "decay_added",
        "every entry is the slope and {constant} times x",
        "f has no such penalty: leave the weight decay out, or put λ/2 x² into f",
        r"G = J + c\,x",
        "The difference to the slope is a multiple of x: nothing at x = 0.",
    ),
    Symptom(
        "penalty_missing",
        "every entry lacks {constant} times x",
        "add the derivative of the penalty that f has",
        r"G = J - c\,x",
        "The difference to the slope is a multiple of x: nothing at x = 0.",
    ),
    Symptom(
        "transposed",
        "the result is transposed",
        "transpose it",
        r"G_{ij} = J_{ji}",
        "Of a square matrix alone, else the shape is wrong; the diagonal is right.",
    ),
    Symptom(
        "arguments_swapped",
        "the gradients of two arguments have changed places",
        "return them in the order of the arguments",
        r"(G_a, G_b) = (J_b, J_a)",
        "Both arguments are off, and each has the numbers of the other; of arguments of unequal shapes the shape is "
        "wrong.",
    ),
    Symptom(
        "broadcast_not_summed",
        "only a part of a dimension that was broadcast in f is summed over",
        "sum over every dimension that was broadcast",
        r"G_b = \bar y_1 \text{ for } \sum_i \bar y_i",
        "The gradient by an offset, or a gain, depends on the first or the last row alone. With one row nothing is "
        "off.",
    ),
    Symptom(
        "repeated_index_overwritten",
        "where an entry is used more than once the last write wins",
        "add: np.add.at(grad, index, rows) in place of grad[index] = rows or grad[index] += rows",
        r"G_k = \bar y_{i} \text{ for the last } i \text{ with } k_i = k",
        "Rows that are looked up once are right, those that are looked up more often have the last share alone. Right"
        " as long as no index comes twice.",
    ),
    Symptom(
        "diagonal_only",
        "the claimed Jacobian is diagonal, the true one is not",
        "add the terms off the diagonal, of a softmax −s_i s_j",
        r"G = \mathrm{diag}(J)",
        "Terms from one entry to another are 0: right of an elementwise function, while the entries of a softmax's "
        "gradient no longer sum to 0.",
    ),
    Symptom(
        "statistics_held_constant",
        "the mean or the norm of {count} is not differentiated",
        "add the terms through the mean and the variance",
        r"G = \partial f/\partial x \text{ at constant mean, variance or norm}",
        "What is missing lies along 1 and x in each group: of batch or layer norm the gradient no longer sums to 0 "
        "over the group.",
    ),
    Symptom(
        "times_x",
        "every entry is the slope times x",
        "the derivative by log x is not that by x: divide by x",
        r"G = x \odot J",
        "Off by the factor x, entry by entry; right where x = 1.",
    ),
    Symptom(
        "divided_by_x",
        "every entry is the slope divided by x",
        "the derivative by x is not that by log x: multiply by x",
        r"G = J / x",
        "Off by the factor 1/x, entry by entry; right where x = 1.",
    ),
    Symptom(
        "symmetrised",
        "the result is the slope symmetrised, (G + Gᵀ)/2 or G + Gᵀ",
        "f reads one triangle, or moves both: symmetrise inside f, or hand in the triangle alone",
        r"G = \tfrac12 (J + J^{\mathsf T}), \text{ or } J + J^{\mathsf T}",
        "A mean, or a sum, of both triangles stands in each; the shape is right.",
    ),
    Symptom(
        "one_triangle",
        "only one triangle of a symmetric matrix is filled",
        "fill the other too: H + Hᵀ, less the diagonal",
        r"G_{ij} = 0 \text{ where } i < j, \text{ or } i > j",
        "One triangle of a symmetric matrix is 0, the diagonal and the other one are right; solvers that read that "
        "one alone do not notice.",
    ),
    Symptom(
        "at_output",
        "the derivative is taken at the value of the function in place of its argument, σ'(σ(x))",
        "evaluate it at the input that the forward pass had",
        r"G = \sigma'(\sigma(x))",
        "Off by the ratio σ'(σ(x))/σ'(x): too long where σ saturates, little near its fixed points.",
    ),
    Symptom(
        "coarser_arithmetic",
        "the errors are as of {arithmetic} arithmetic",
        "see what computes in it, TF32 of tensor cores say, or claim it by arithmetic=",
        r"|G - J| \approx u_{\text{coarse}}\,|J|",
        "Errors of about 5e-4 (TF32, float16) or 4e-3 (bfloat16) of the terms, other ones at each point; the formula "
        "is right.",
    ),
    Symptom(
        "at_input",
        "the derivative in terms of the value of the function is given its argument, x(1 − x) for σ(x)(1 − σ(x))",
        "give it the output of the forward pass",
        r"G = x(1 - x) \text{ for } a(1 - a),\ a = \sigma(x)",
        "Of any size, with the wrong sign where x < 0 or x > 1.",
    ),
    Symptom(
        "stale_state",
        "the result belongs to another point, the one that f was called with last",
        "recompute, or keep what the backward pass needs with the call that it belongs to",
        r"G(x) = J(x_{\text{last}})",
        "Right as long as every backward pass follows its own forward pass; wrong as soon as f is called at another "
        "point in between.",
    ),
    Symptom(
        "rows_only",
        "{count} are off, all others are right",
        "look at how these differ: entries that are used more than once, where the last write wins (add instead, by "
        "+= or np.add.at), padding, masks",
        r"G_{ij} = J_{ij} \text{ but in some rows or columns}",
        "Some rows, columns or entries of an argument are off, all others agree to rounding.",
    ),
)
SYMPTOMS = {symptom.id: symptom for symptom in _ALL}
"""By id."""
