"""Activations and output errors as steps that write into given buffers, so that a workspace allocates nothing.

A step is a call without arguments, made once and run for every batch: nearly all are one NumPy ufunc over whole arrays.
The formulas are those of `activations` and `costs`, ordered so that the two buffers z and a of a layer are all they
need, and so that σ' keeps its digits where neurons saturate.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from minibp.activations import ACTIVATIONS, LEAKY_SLOPE, Activation, softmax
from minibp.arrays import Array
from minibp.costs import HUBER_DELTA, Cost, CrossEntropy, Huber, Quadratic, fuses
from minibp.user_functions import checked_activation

Step = Callable[[], object]
"""Something to be done with buffers; what it returns is not used."""


class Rows(NamedTuple):
    """The buffers of one layer for some examples, each (k, n_l) in C order."""

    z: Array
    """The weighted input (or −z, where the kernel says so) before the forward steps run; theirs to overwrite."""
    a: Array
    delta: Array
    """∂C/∂a before the backward steps run, δ after."""


def _nothing(rows: Rows) -> list[Step]:
    return []


class Kernel(NamedTuple):
    """One activation: how `z` becomes `a`, and how ∂C/∂a becomes δ once `a` is of no further use."""

    forward: Callable[[Rows], list[Step]]
    backward: Callable[[Rows], list[Step]]
    guard: Callable[[Rows], list[Step]] = _nothing
    """Steps before the forward ones where exponentials overflow, lest the backward ones make ∞·0."""
    negated: bool = False
    """True where the forward steps start from −z."""
    in_place: bool = False
    """True where a is z, in one buffer."""


def scalar_like(value: float, like: Array) -> Array:
    """`value` as an array without axes: ufuncs take that faster than a Python number, and keep the dtype."""
    return np.array(value, like.dtype)


def _least(of: Array, and_: Array, into: Array) -> Step:
    return partial(np.minimum, of, and_, out=into)


def _largest(of: Array, and_: Array, into: Array) -> Step:
    return partial(np.maximum, of, and_, out=into)


def _sigmoid_forward(rows: Rows) -> list[Step]:
    """a = 1/(1 + e), with e = e^−z left in z; a is 0 where e overflows."""
    z, a, _ = rows
    one = scalar_like(1, z)
    return [partial(np.exp, z, z), partial(np.add, z, one, a), partial(np.divide, one, a, a)]


def _sigmoid_guard(rows: Rows) -> list[Step]:
    """Cap −z, so that e·a is 1 in the tail."""
    return [_least(rows.z, scalar_like(np.log(np.finfo(rows.z.dtype).max) - 1, rows.z), rows.z)]


def _sigmoid_backward(rows: Rows) -> list[Step]:
    """σ' = σ(−z) σ(z), and σ(−z) = e a."""
    z, a, delta = rows
    return [partial(np.multiply, z, a, z), partial(np.multiply, delta, z, delta), partial(np.multiply, delta, a, delta)]


def _tanh_forward(rows: Rows) -> list[Step]:
    return [partial(np.tanh, rows.z, rows.a)]


def _tanh_backward(rows: Rows) -> list[Step]:
    """tanh' = 1/cosh², which is 0 where cosh overflows."""
    z, _, delta = rows
    return [partial(np.cosh, z, z), partial(np.divide, delta, z, delta), partial(np.divide, delta, z, delta)]


def _relu_forward(rows: Rows) -> list[Step]:
    return [_largest(rows.z, scalar_like(0, rows.z), rows.a)]


def _relu_backward(rows: Rows) -> list[Step]:
    z, a, delta = rows
    return [partial(np.sign, a, z), partial(np.multiply, delta, z, delta)]


def _leaky_relu_forward(rows: Rows) -> list[Step]:
    z, a, _ = rows
    return [partial(np.multiply, z, scalar_like(LEAKY_SLOPE, z), a), _largest(z, a, a)]


def _leaky_relu_backward(rows: Rows) -> list[Step]:
    z, _, delta = rows
    return [
        partial(np.heaviside, z, scalar_like(1, z), z),
        _largest(z, scalar_like(LEAKY_SLOPE, z), z),
        partial(np.multiply, delta, z, delta),
    ]


def _elu_forward(rows: Rows) -> list[Step]:
    """max(z, e^min(z, 0) − 1): where z < 0, the second is never the smaller."""
    z, a, _ = rows
    return [_least(z, scalar_like(0, z), a), partial(np.expm1, a, a), _largest(z, a, a)]


def _elu_backward(rows: Rows) -> list[Step]:
    z, _, delta = rows
    return [_least(z, scalar_like(0, z), z), partial(np.exp, z, z), partial(np.multiply, delta, z, delta)]


def _softplus_forward(rows: Rows) -> list[Step]:
    return [partial(np.logaddexp, rows.z, scalar_like(0, rows.z), rows.a)]


def _over_logistic(z: Array, delta: Array) -> list[Step]:
    """δ σ(z) = δ/(1 + e^−z), which is 0 where the exponential overflows."""
    return [
        partial(np.negative, z, z),
        partial(np.exp, z, z),
        partial(np.add, z, scalar_like(1, z), z),
        partial(np.divide, delta, z, delta),
    ]


def _softplus_backward(rows: Rows) -> list[Step]:
    return _over_logistic(rows.z, rows.delta)


def _silu_forward(rows: Rows) -> list[Step]:
    z, a, _ = rows
    return [
        partial(np.negative, z, a),
        partial(np.exp, a, a),
        partial(np.add, a, scalar_like(1, z), a),
        partial(np.divide, z, a, a),
    ]


def _silu_backward(rows: Rows) -> list[Step]:
    """silu' = σ(z)(1 + z σ(−z)), with σ(−z) = 1/(1 + e^z)."""
    z, a, delta = rows
    one = scalar_like(1, z)
    return [
        partial(np.exp, z, a),
        partial(np.add, a, one, a),
        partial(np.divide, z, a, a),
        partial(np.add, a, one, a),
        partial(np.multiply, delta, a, delta),
        *_over_logistic(z, delta),
    ]


def _with_row(ufunc: np.ufunc, left: Array, of_rows: Array, into: Array) -> list[Step]:
    """`ufunc` of `left` and one number a row, which is laid out first: ufuncs that broadcast allocate a buffer."""
    wide = np.empty_like(left)
    return [partial(np.copyto, wide, of_rows), partial(ufunc, left, wide, into)]


def _reduced(ufunc: np.ufunc, array: Array, into: Array) -> Step:
    """`ufunc` over each row, into (k, 1)."""
    return partial(ufunc.reduce, array, axis=1, out=into, keepdims=True)


def _shares(z: Array, into: Array) -> list[Step]:
    """e^z over its sum, of each row: softmax."""
    of_rows = np.empty((len(z), 1), z.dtype)
    return [
        _reduced(np.maximum, z, of_rows),
        *_with_row(np.subtract, z, of_rows, into),
        partial(np.exp, into, into),
        _reduced(np.add, into, of_rows),
        *_with_row(np.divide, into, of_rows, into),
    ]


def _softmax_forward(rows: Rows) -> list[Step]:
    return _shares(rows.z, rows.a)


def _softmax_backward(rows: Rows) -> list[Step]:
    """s ⊙ (g − Σ g ⊙ s)."""
    z, a, delta = rows
    of_rows = np.empty((len(z), 1), z.dtype)
    return [
        partial(np.multiply, delta, a, z),
        _reduced(np.add, z, of_rows),
        *_with_row(np.subtract, delta, of_rows, delta),
        partial(np.multiply, delta, a, delta),
    ]


def _bernoulli_softmax_steps(rows: Rows) -> list[Step]:
    """δ_k = r_k − Σ_{j≠k} r_j q_jk, where q_jk is the share of e^{z_k} among all but e^{z_j}, one j after the other."""
    z, r, delta = rows
    q = np.empty_like(z)
    steps: list[Step] = [partial(np.copyto, r, delta)]
    for j in range(z.shape[1]):
        steps += [
            partial(np.copyto, q, z),
            partial(np.copyto, q[:, j], scalar_like(-np.inf, z)),
            *_shares(q, q),
            *_with_row(np.multiply, q, r[:, j, None], q),
            partial(np.subtract, delta, q, delta),
        ]
    return steps


_KERNELS = {
    "identity": Kernel(_nothing, _nothing, in_place=True),
    "sigmoid": Kernel(_sigmoid_forward, _sigmoid_backward, _sigmoid_guard, negated=True),
    "tanh": Kernel(_tanh_forward, _tanh_backward),
    "relu": Kernel(_relu_forward, _relu_backward),
    "leaky_relu": Kernel(_leaky_relu_forward, _leaky_relu_backward),
    "elu": Kernel(_elu_forward, _elu_backward),
    "softplus": Kernel(_softplus_forward, _softplus_backward),
    "silu": Kernel(_silu_forward, _silu_backward),
    "softmax": Kernel(_softmax_forward, _softmax_backward),
}


def kernel_of(activation: Activation) -> Kernel:
    """The steps of one of the package's activations, or those of any other by its own functions."""
    return _KERNELS[activation.name] if ACTIVATIONS.get(activation.name) is activation else own_functions(activation)


def own_functions(activation: Activation) -> Kernel:
    """Steps that ask the activation itself, leave z as it is, and allocate what its functions allocate."""
    activation = checked_activation(activation)

    def forward(rows: Rows) -> list[Step]:
        return [lambda: np.copyto(rows.a, activation.value(rows.z))]

    def backward(rows: Rows) -> list[Step]:
        return [lambda: np.copyto(rows.delta, activation.backward(rows.z, rows.delta))]

    return Kernel(forward, backward)


def has_output_steps(cost: Cost, activation: Activation) -> bool:
    """True where `output_steps` knows this pair."""
    known = ACTIVATIONS.get(activation.name) is activation and type(cost) in (Quadratic, Huber)
    return known or fuses(cost, activation) or (type(cost) is CrossEntropy and activation is softmax)


def output_steps(cost: Cost, activation: Activation, rows: Rows) -> list[Step]:
    """From a − y in `rows.delta` to δ^L, by (17) or (26)."""
    if fuses(cost, activation):
        return []
    if type(cost) is CrossEntropy:
        return _bernoulli_softmax_steps(rows)
    delta = rows.delta
    ends = scalar_like(-HUBER_DELTA, delta), scalar_like(HUBER_DELTA, delta)
    clip = [_largest(delta, ends[0], delta), _least(delta, ends[1], delta)] if type(cost) is Huber else []
    return clip + kernel_of(activation).backward(rows)
