"""An adapter makes a subject, `subject(weights, biases, x, y) -> (nabla_w, nabla_b)`, out of other shapes of code.

These return a `Subject`. Where the code is written for certain sizes, the subject says for which. `numpy_layer`,
`torch_function` and `jax_function` make a function and its vector-Jacobian product, for `minibp.check_vjp`.
"""

from minibp.adapters.jax_functions import jax_function
from minibp.adapters.layouts import columns, flat, per_example
from minibp.adapters.model import model
from minibp.adapters.of_jax import jax_loss
from minibp.adapters.of_numpy import numpy_layer
from minibp.adapters.of_torch import torch_module
from minibp.adapters.steps import update
from minibp.adapters.subject import Subject
from minibp.adapters.torch_functions import torch_function
from minibp.adapters.with_vjp import Differentiable, WithVjp

__all__ = [
    "Differentiable",
    "Subject",
    "WithVjp",
    "columns",
    "flat",
    "jax_function",
    "jax_loss",
    "model",
    "numpy_layer",
    "per_example",
    "torch_function",
    "torch_module",
    "update",
]
