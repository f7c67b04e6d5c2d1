"""The checkers of other packages, on the same right and mutated derivatives.

Each gets f and the derivative as its users would write them for NumPy code: `torch.autograd.Function`,
`jax.custom_vjp` around callbacks, `autograd.extend.primitive`, and two functions of a vector for SciPy. Tolerances and
steps are those that they have by default; SciPy's, which returns the error, is held to `SCIPY_LIMIT`.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module, metadata
from importlib.util import find_spec
from typing import Any

import numpy as np

from minibp.tables import grid
from zoo.checking import Answer, Case, in_time
from zoo.entry import Array
from zoo.points import called, flat, like

SCIPY_LIMIT = 1e-5
"""The error that is granted where a checker returns it, in units of the gradient's norm, or of 1."""


class Pulled:
    """A case as plain functions of float64 arrays: f, and the gradients for a cotangent."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.several = isinstance(case.point, tuple)
        point = case.point if self.several else (case.point,)
        self.arrays = [np.array(array, np.float64) for array in point]
        self.shape = np.shape(called(case.entry.f, case.point))

    def f(self, *arrays: Any) -> Array:
        """The result."""
        return np.asarray(self.case.entry.f(*map(np.array, arrays)), np.float64)

    def back(self, arrays: Sequence[Any], c: Any) -> tuple[Array, ...]:
        """The gradients by all arguments."""
        point = tuple(map(np.array, arrays)) if self.several else np.array(arrays[0])
        claim, kind = self.case.claim, self.case.entry.kind
        if kind == "vjp":
            found = called(claim, point, np.array(c))
        elif kind == "grad":
            found = called(claim, point)
            found = like(point, float(c) * flat(found))
        else:
            rows = np.asarray(called(claim, point)).reshape(np.size(c), -1)
            found = like(point, np.ravel(c) @ rows)
        return tuple(np.asarray(part, np.float64) for part in (found if isinstance(found, tuple) else (found,)))


def is_taken(case: Case) -> bool:
    """True of what every one of them could take: float64 arguments, one array as the result, and a backward pass."""
    point = case.point if isinstance(case.point, tuple) else (case.point,)
    doubles = all(np.asarray(array).dtype == np.float64 for array in point)
    return doubles and case.entry.kind != "jvp" and not isinstance(called(case.entry.f, case.point), tuple)


def is_scalar(case: Case) -> bool:
    """True of scalar functions."""
    return is_taken(case) and case.entry.kind == "grad"


# -- each says True where it accepts


def by_torch(case: Pulled, *, fast: bool) -> bool:
    """torch.autograd.gradcheck."""
    torch = import_module("torch")

    class Op(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, *tensors: Any) -> Any:
            ctx.save_for_backward(*tensors)
            return torch.from_numpy(np.array(case.f(*(tensor.detach().numpy() for tensor in tensors))))

        @staticmethod
        def backward(ctx: Any, c: Any) -> Any:
            arrays = [tensor.detach().numpy() for tensor in ctx.saved_tensors]
            return tuple(torch.from_numpy(np.array(part)) for part in case.back(arrays, c.detach().numpy()))

    tensors = [torch.from_numpy(array.copy()).requires_grad_() for array in case.arrays]
    return bool(torch.autograd.gradcheck(Op.apply, tensors, fast_mode=fast, raise_exception=False))


def by_jax(case: Pulled) -> bool:
    """jax.test_util.check_grads, reverse mode."""
    jax = import_module("jax")
    check_grads = import_module("jax.test_util").check_grads
    with jax.enable_x64(True):
        out = jax.ShapeDtypeStruct(case.shape, np.float64)
        into = tuple(jax.ShapeDtypeStruct(array.shape, np.float64) for array in case.arrays)

        @jax.custom_vjp
        def op(*arrays: Any) -> Any:
            return jax.pure_callback(case.f, out, *arrays)

        def back(arrays: Any, c: Any) -> Any:
            return jax.pure_callback(lambda c, *arrays: case.back(arrays, c), into, c, *arrays)

        op.defvjp(lambda *arrays: (op(*arrays), arrays), back)
        try:
            check_grads(op, tuple(case.arrays), order=1, modes=("rev",))
        except AssertionError:
            return False
    return True


def by_autograd(case: Pulled) -> bool:
    """autograd.test_util.check_grads, reverse mode."""
    extend, test_util = import_module("autograd.extend"), import_module("autograd.test_util")
    op = extend.primitive(case.f)

    def pulled(k: int) -> Callable[..., Any]:
        return lambda _, *arrays: lambda c: case.back(arrays, c)[k]

    extend.defvjp(op, *map(pulled, range(len(case.arrays))))
    try:
        test_util.check_grads(op, modes=["rev"], order=1)(*case.arrays)
    except AssertionError:
        return False
    return True


def by_scipy(case: Pulled) -> bool:
    """scipy.optimize.check_grad."""
    optimize = import_module("scipy.optimize")
    point = case.case.point

    def arrays(x: Array) -> list[Array]:
        found = like(point, x)
        return list(found) if case.several else [found]

    def gradient(x: Array) -> Array:
        return np.concatenate([part.ravel() for part in case.back(arrays(x), 1.0)])

    x = np.concatenate([array.ravel() for array in case.arrays])
    error = optimize.check_grad(lambda x: float(case.f(*arrays(x))), gradient, x)
    return bool(error <= SCIPY_LIMIT * max(1.0, float(np.linalg.norm(gradient(x)))))


Peer = tuple[str, Callable[[Case], bool], Callable[[Pulled], bool]]
PEERS: dict[str, Peer] = {
    "torch gradcheck": ("torch", is_taken, lambda case: by_torch(case, fast=False)),
    "torch gradcheck, fast": ("torch", is_taken, lambda case: by_torch(case, fast=True)),
    "jax check_grads": ("jax", is_taken, by_jax),
    "autograd check_grads": ("autograd", is_taken, by_autograd),
    "scipy check_grad": ("scipy", is_scalar, by_scipy),
}


@dataclass
class Row:
    """What was seen of one checker."""

    right: int = 0
    alarms: int = 0
    raised: int = 0
    mutated: int = 0
    accepted: int = 0
    missed: int = 0
    undecided: int = 0
    seconds: float = 0.0

    def add(self, verdict: str, answer: Answer, seconds: float) -> None:
        """What was said of a case: "correct", "wrong", "undecided" or "raised"; `answer` is minibp's."""
        mutated = bool(answer.mutation)
        self.right += not mutated
        self.mutated += mutated
        self.alarms += verdict == "wrong" and not mutated
        self.accepted += verdict == "correct" and mutated
        self.missed += verdict == "correct" and mutated and answer.verdict in RESOLVED
        self.undecided += verdict == "undecided"
        self.raised += verdict == "raised"
        self.seconds += seconds

    def cells(self) -> list[str]:
        """For the table."""
        numbers = (self.right, self.alarms, self.mutated, self.accepted, self.missed, self.undecided, self.raised)
        of = max(1, self.right + self.mutated)
        return [*map(str, numbers), f"{self.seconds:.1f}", f"{1e3 * self.seconds / of:.1f}"]


OURS = {"unstable": "wrong", "missed": "correct", "unresolved": "correct", "exception": "raised"}
RESOLVED = {"wrong", "unstable", "missed"}
"""minibp's answers to mistakes that some oracle of its resolves."""
Said = dict[str, tuple[str, float]]
"""By checker, what it says of a case, and the seconds that it takes."""


def said_of(case: Case) -> Said:
    """What the checkers that are installed say of a case, those of them that take it."""
    found: Said = {}
    for name, (package, takes, accepts) in PEERS.items():
        if find_spec(package) and takes(case):
            import_module(package)  # whose time is not the check's
            found[name] = asked(accepts, case)
    return found


def compared(answers: Sequence[tuple[Answer, Said]]) -> list[str]:
    """Two lines for each checker: its own, and minibp's on the cases that it takes."""
    rows, missing = [], []
    for name, (package, _, _) in PEERS.items():
        if not find_spec(package):
            missing.append(f"{name}: {package} is not installed")
            continue
        own, ours = Row(), Row()
        for answer, said in answers:
            if name in said:
                own.add(said[name][0], answer, said[name][1])
                ours.add(OURS.get(answer.verdict, answer.verdict), answer, answer.seconds)
        rows += [[f"{name} {metadata.version(package)}", *own.cells()], ["  minibp on the same", *ours.cells()]]
    head = ["checkers", "right", "called wrong", "mutated", "called correct", "missed", "undecided", "raised", "s"]
    missed = "missed: mutated derivatives that are called correct, where an oracle of minibp's resolves the mistake"
    return [*grid([*head, "ms a check"], rows), missed, *missing]


def asked(accepts: Callable[[Pulled], bool], case: Case) -> tuple[str, float]:
    """What a checker says of a case, and the seconds that it takes."""
    start = time.perf_counter()
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with in_time():
                verdict = "correct" if accepts(Pulled(case)) else "wrong"
        except Exception:  # noqa: BLE001 - whatever it raises is counted
            verdict = "raised"
    return verdict, time.perf_counter() - start
