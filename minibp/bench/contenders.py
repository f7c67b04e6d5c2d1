"""Who is measured: each contender's name, where it is made ready, the process that it runs in, and what it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.util import find_spec
from typing import NamedTuple

from minibp.bench.forms import Prepared
from minibp.problem import Problem


class Contender(NamedTuple):
    """Code that computes the gradient of a problem, or checks it."""

    name: str
    home: str
    """module:function, which makes a problem into a `Prepared`."""
    process: str
    """Contenders with the same word here share a process."""
    needs: tuple[str, ...] = ()
    """Modules that have to be installed."""

    def absent(self) -> list[str]:
        """The libraries that it needs and that are not installed."""
        return [module for module in self.needs if find_spec(module) is None]


FORMS_MODULE = "minibp.bench.forms"
PRODUCTS = Contender("products", f"{FORMS_MODULE}:products", "numpy")
WORKSPACE = Contender("workspace", f"{FORMS_MODULE}:workspace", "numpy")
BATCHED = Contender("batched", f"{FORMS_MODULE}:batched", "numpy")
PER_EXAMPLE = Contender("per-example", f"{FORMS_MODULE}:per_example", "numpy")
OWN_FORMS = (PER_EXAMPLE, BATCHED, PRODUCTS, WORKSPACE)
"""In the order of a round: the workspace runs next to the products that it is measured by."""

PEERS = (
    Contender("JAX", "minibp.bench.peers:jax_jit", "jax", ("jax",)),
    Contender("PyTorch", "minibp.bench.peers:torch_eager", "torch", ("torch",)),
    Contender("autograd", "minibp.bench.peers:autograd_grad", "autograd", ("autograd",)),
    Contender("MyGrad", "minibp.bench.peers:mygrad_backward", "mygrad", ("mygrad",)),
    Contender("scikit-learn", "minibp.bench.peers:sklearn_backprop", "sklearn", ("sklearn",)),
)

ALL_ORACLES = Contender("minibp, all oracles", "minibp.bench.checkers:all_oracles", "oracles", ("jax", "platformdirs"))
CHECKERS = (
    ALL_ORACLES,
    Contender("minibp, JAX", "minibp.bench.checkers:jax", "oracles", ("jax", "platformdirs")),
    Contender("minibp, complex step", "minibp.bench.checkers:complex_step", "oracles"),
    Contender("minibp, finite differences", "minibp.bench.checkers:finite_difference", "oracles"),
    Contender("torch gradcheck", "minibp.bench.checkers:torch_gradcheck", "torch", ("torch",)),
    Contender("scipy check_grad", "minibp.bench.checkers:scipy_check_grad", "scipy", ("scipy",)),
    Contender("autograd check_grads", "minibp.bench.checkers:autograd_check_grads", "autograd", ("autograd",)),
)


def installed(contenders: Iterable[Contender]) -> tuple[list[Contender], dict[str, str]]:
    """Those that can run here, and the others' names with what each lacks.

    >>> installed([Contender("none", "", "", ("no_such_module",))])
    ([], {'none': 'no_such_module'})
    """
    there, absent = [], {}
    for contender in contenders:
        missing = contender.absent()
        if missing:
            absent[contender.name] = ", ".join(missing)
        else:
            there.append(contender)
    return there, absent


def maker(home: str) -> Callable[[Problem], Prepared]:
    """The function that `home` names."""
    module, _, function = home.partition(":")
    found: Callable[[Problem], Prepared] = getattr(import_module(module), function)
    return found
