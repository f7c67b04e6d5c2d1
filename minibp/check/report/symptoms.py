"""Mistakes in derivatives of any function, by name: what each looks like, and how it is mended."""

from __future__ import annotations

from typing import NamedTuple


class Symptom(NamedTuple):
    """`id` is what reports and JSON call it."""

    id: str
    summary: str
    remedy: str


_ALL = (
    Symptom(
        "cotangent_ignored",
        "the cotangent is not used: the result is the sum of all rows of the Jacobian, whatever comes from above",
        "multiply the local derivative by the cotangent (grad_output) before summing",
    ),
    Symptom(
        "cotangent_summed",
        "the sum of the cotangent is used in place of the cotangent itself",
        "multiply entry by entry, and sum only over dimensions that were broadcast",
    ),
    Symptom("zero", "every entry is 0", "return the derivative; a detached or overwritten buffer gives zeros"),
    Symptom("sign_flipped", "every entry has the opposite sign", "change the sign"),
    Symptom(
        "mean_for_sum",
        "every entry is divided by the number of {count} once too often",
        "do not divide, or divide f too",
    ),
    Symptom("not_averaged", "every entry lacks a division by the number of {count}", "divide by it, as f does"),
    Symptom(
        "scaled", "every entry is {constant} times the slope", "look for a constant factor, 2 or ½ of a square say"
    ),
    Symptom("shifted", "every entry is the slope and {constant}", "look for a constant that is added"),
    Symptom(
        "decay_added",
        "every entry is the slope and {constant} times x",
        "f has no such penalty: leave the weight decay out, or put λ/2 x² into f",
    ),
    Symptom(
        "penalty_missing",
        "every entry lacks {constant} times x",
        "add the derivative of the penalty that f has",
    ),
    Symptom("transposed", "the result is transposed", "transpose it"),
    Symptom(
        "arguments_swapped",
        "the gradients of two arguments have changed places",
        "return them in the order of the arguments",
    ),
    Symptom(
        "broadcast_not_summed",
        "only a part of a dimension that was broadcast in f is summed over",
        "sum over every dimension that was broadcast",
    ),
    Symptom(
        "repeated_index_overwritten",
        "where an entry is used more than once the last write wins",
        "add: np.add.at(grad, index, rows) in place of grad[index] = rows or grad[index] += rows",
    ),
    Symptom(
        "diagonal_only",
        "the claimed Jacobian is diagonal, the true one is not",
        "add the terms off the diagonal, of a softmax −s_i s_j",
    ),
    Symptom(
        "statistics_held_constant",
        "the mean or the norm of {count} is not differentiated",
        "add the terms through the mean and the variance",
    ),
    Symptom("times_x", "every entry is the slope times x", "the derivative by log x is not that by x: divide by x"),
    Symptom(
        "divided_by_x",
        "every entry is the slope divided by x",
        "the derivative by x is not that by log x: multiply by x",
    ),
    Symptom(
        "symmetrised",
        "the result is the slope symmetrised, (G + Gᵀ)/2 or G + Gᵀ",
        "f reads one triangle, or moves both: symmetrise inside f, or hand in the triangle alone",
    ),
    Symptom(
        "one_triangle",
        "only one triangle of a symmetric matrix is filled",
        "fill the other too: H + Hᵀ, less the diagonal",
    ),
    Symptom(
        "at_output",
        "the derivative is taken at the value of the function in place of its argument, σ'(σ(x))",
        "evaluate it at the input that the forward pass had",
    ),
    Symptom(
        "coarser_arithmetic",
        "the errors are as of {arithmetic} arithmetic",
        "see what computes in it, TF32 of tensor cores say, or claim it by arithmetic=",
    ),
    Symptom(
        "at_input",
        "the derivative in terms of the value of the function is given its argument, x(1 − x) for σ(x)(1 − σ(x))",
        "give it the output of the forward pass",
    ),
    Symptom(
        "stale_state",
        "the result belongs to another point, the one that f was called with last",
        "recompute, or keep what the backward pass needs with the call that it belongs to",
    ),
    Symptom(
        "rows_only",
        "{count} are off, all others are right",
        "look at how these differ: entries that are used more than once, where the last write wins (add instead, by +="
        " or np.add.at), padding, masks",
    ),
)
SYMPTOMS = {symptom.id: symptom for symptom in _ALL}
"""By id."""
