"""minibp: backpropagation by hand, and the check that holds it, or yours, against independent oracles."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import _minibp  # noqa: F401 (it comes first, and hears Ctrl-C where this is imported for `python -m minibp`)
from minibp import batched, component, per_example
from minibp.activations import Activation
from minibp.arrays import InputError
from minibp.batched import feedforward
from minibp.costs import L2, Cost
from minibp.extras import how_to_install
from minibp.network import Backprop, Gradient, Network
from minibp.problem import Problem
from minibp.workspace.workspace import Workspace

if TYPE_CHECKING:
    from minibp import adapters as adapters
    from minibp import check as check
    from minibp import data as data
    from minibp import sharded as sharded
    from minibp import strategies as strategies
    from minibp.check.backprop.backprop_check import check_backprop as check_backprop
    from minibp.check.grad.public import check_grad as check_grad
    from minibp.check.grad.public import check_hessian as check_hessian
    from minibp.check.grad.public import check_hvp as check_hvp
    from minibp.check.grad.public import check_jacobian as check_jacobian
    from minibp.check.grad.public import check_jvp as check_jvp
    from minibp.check.grad.public import check_vjp as check_vjp
    from minibp.check.report.finding import Finding as Finding
    from minibp.check.report.report import GradientMismatch as GradientMismatch
    from minibp.check.report.report import Report as Report
    from minibp.check.verify.verify import verify as verify
    from minibp.descent.directions import directional_derivative as directional_derivative
    from minibp.descent.directions import steepest_descent_direction as steepest_descent_direction
    from minibp.descent.path import Path as Path
    from minibp.descent.path import gradient_descent as gradient_descent
    from minibp.monomials import polynomial_terms as polynomial_terms
    from minibp.training.history import Epoch as Epoch
    from minibp.training.history import History as History
    from minibp.training.loop import Training as Training
    from minibp.training.loop import train as train

__version__ = "0.1.0"

__all__ = [
    "L2",
    "Activation",
    "Backprop",
    "Cost",
    "Epoch",
    "Finding",
    "Gradient",
    "GradientMismatch",
    "History",
    "InputError",
    "Network",
    "Path",
    "Problem",
    "Report",
    "Training",
    "Workspace",
    "adapters",
    "batched",
    "check",
    "check_backprop",
    "check_grad",
    "check_hessian",
    "check_hvp",
    "check_jacobian",
    "check_jvp",
    "check_vjp",
    "component",
    "data",
    "directional_derivative",
    "feedforward",
    "gradient_descent",
    "per_example",
    "polynomial_terms",
    "sharded",
    "steepest_descent_direction",
    "strategies",
    "train",
    "verify",
]

# What needs more than NumPy is loaded when it is first asked for.
_LATER = {
    "Epoch": "minibp.training.history",
    "Finding": "minibp.check.report.report",
    "GradientMismatch": "minibp.check.report.report",
    "History": "minibp.training.history",
    "Path": "minibp.descent.path",
    "Report": "minibp.check.report.report",
    "Training": "minibp.training.loop",
    "adapters": "",
    "check": "",
    "check_backprop": "minibp.check.backprop.backprop_check",
    "check_grad": "minibp.check.grad.public",
    "check_hessian": "minibp.check.grad.public",
    "check_hvp": "minibp.check.grad.public",
    "check_jacobian": "minibp.check.grad.public",
    "check_jvp": "minibp.check.grad.public",
    "check_vjp": "minibp.check.grad.public",
    "data": "",
    "directional_derivative": "minibp.descent.directions",
    "gradient_descent": "minibp.descent.path",
    "polynomial_terms": "minibp.monomials",
    "sharded": "",
    "steepest_descent_direction": "minibp.descent.directions",
    "strategies": "",
    "train": "minibp.training.loop",
    "verify": "minibp.check.verify.verify",
}


if not TYPE_CHECKING:  # a type checker that sees it takes every name for an attribute of the package

    def __getattr__(name: str) -> Any:
        if name not in _LATER:
            raise AttributeError(f"module 'minibp' has no attribute {name!r}")
        home = _LATER[name]
        try:
            return getattr(import_module(home), name) if home else import_module(f"minibp.{name}")
        except ModuleNotFoundError as error:
            message = f"minibp.{name} needs {error.name}, which is not installed: {how_to_install('all')}"
            raise ModuleNotFoundError(message, name=error.name) from None


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
