"""Code that holds its parameters in an object: they are found by their shapes and names, and so is the gradient."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from minibp.adapters.held import Path, at, numbers_of, parts_of, text_of
from minibp.adapters.model_call import How, Known, ModelCall
from minibp.adapters.naming import Naming
from minibp.adapters.parameters import symbol
from minibp.adapters.subject import Sizes, Subject, checked_counts
from minibp.adapters.survey import expect_use_of_weights, survey, with_gradient, without_idle_biases
from minibp.arrays import InputError
from minibp.inputs import checked_rate
from minibp.signatures import expect_arguments, name_of_code

GRADIENTS = ("found", "returned", "update")
RATES = frozenset({"lr", "learningrate", "eta", "alpha", "stepsize", "rate"})
"""The names of a learning rate, in lower case and without underscores."""
NAMELESS = frozenset({"<lambda>", "dict", "list", "tuple", "SimpleNamespace"})


def model(
    make: Any,
    step: Callable[..., Any] | str,
    *,
    gradient: str = "found",
    rate: float | None = None,
    sizes: Sequence[int] | Sequence[Sequence[int]] | None = None,
    weights: str | Sequence[str] | None = None,
    biases: str | Sequence[str] | None = None,
    nabla_w: str | Sequence[str] | None = None,
    nabla_b: str | Sequence[str] | None = None,
    transposed: bool | None = None,
    bias_first: bool | None = None,
) -> Subject:
    """A subject of code that holds its parameters in an object.

    Parameters
    ----------
    make : class, callable or object
        A class or a function that makes a model of given sizes, make([n_1, …, n_L]), make(n_1, …, n_L) or make(n_1,
        [n_2, …], n_L); or make(), or one object, that has sizes of its own. A model is any object, a dict or a list:
        its attributes, entries and those of what they hold are looked through for arrays, and for lists of numbers. A
        layer may also be a list of neurons, objects or dicts of which each has its weights: "[{}][:]['weights']".
    step : callable or str
        step(net, x, y) runs it forwards and backwards once, with x (m, n_1) and y (m, n_L); or the name of its method
        of (x, y).
    gradient : {"found", "returned", "update"}, optional
        The gradient is in other arrays of the object after the step, by names such as dW, grad_b or nabla_w; or in
        what the step returns, nested in any way; or it is (w − w')/η of the parameters before and after, which a step
        changes in the model, or returns in another one of the same structure. Default "found".
    rate : float, optional
        η of "update", above 0. Default None: the number in the model that is called lr, learning_rate, eta, alpha,
        step_size or rate.
    sizes : sequence of int, or of sequences of int, optional
        The n_1, …, n_L to call it for. Default None: those of the model, or some for one and for two hidden layers.
    weights, biases, nabla_w, nabla_b : str or sequence of str, optional
        The paths of the arrays as they are written after the object, one a layer, ".params['W1']"; or a pattern with {}
        for the number of the layer, "layers[{}].W"; or the path of a list of them. Those of a gradient that is returned
        are written after the result. biases=() says that there are none. Default None: they are found.
    transposed : bool, optional
        W is (n_in, n_out), or (n_out, n_in). Default None: the one that fits.
    bias_first : bool, optional
        Where W and b are one array, b is its first column (its first row, if transposed), or its last. Default None:
        the last, since shapes do not tell.

    Returns
    -------
    Subject
        Writes the parameters into a model that is made anew, or into a copy of the object, takes the step, and returns
        the gradient in the shapes of the parameters. Its `notes` say which array was taken for what.

    Raises
    ------
    InputError
        Where the maker raises, where no arrays fit or two ways to take them do, and for arguments that cannot be used.
        It lists the arrays there are.

    Notes
    -----
    Shapes tell which array is which where no two of all n_l and n_l + 1 are the same, so that a maker is asked for such
    sizes first; networks of equal widths are then read by the same paths. Names decide between arrays of one shape.
    Where there are no biases ∂C/∂b is returned as zeros. An array of another dtype than the parameters is replaced.

    Source: equations (3), (5) and (7) for "update".

    Examples
    --------
    >>> import numpy as np
    >>> from minibp import adapters
    >>> class Linear:
    ...     def __init__(self, sizes):
    ...         self.W, self.b = np.ones(sizes), np.zeros(sizes[-1])
    ...     def backward(self, x, y):
    ...         delta = (x @ self.W + self.b - y) / len(x)
    ...         self.dW, self.db = x.T @ delta, delta.sum(0)
    >>> subject = adapters.model(Linear, "backward")
    >>> for note in subject.notes:
    ...     print(note)
    W² is .W, transposed
    b² is .b
    ∂C/∂W² is .dW, transposed
    ∂C/∂b² is .db
    >>> subject([np.ones((1, 2))], [np.ones(1)], np.ones((2, 2)), np.array([[1.0], [3.0]]))
    ([array([[1., 1.]])], [array([1.])])
    """
    if gradient not in GRADIENTS:
        raise InputError(f"gradient is {gradient!r}, expected 'found', 'returned' or 'update'")
    if rate is not None and gradient != "update":
        raise InputError(f"rate is {rate!r}, and gradient is {gradient!r}: a rate goes with gradient='update' alone")
    naming = Naming.checked(transposed, bias_first, weights=weights, biases=biases, nabla_w=nabla_w, nabla_b=nabla_b)
    step = _checked_step(step, make)
    _expect_numpy(make)
    found = survey(make, _checked_sizes(sizes), naming)
    first = found.known[0]
    net = first.models.model(first.layout.sizes)
    _expect_step(net, step)
    how = How(step, gradient, _rate_of(net, rate)[0] if gradient == "update" else None, naming)
    known, doubts = [without_idle_biases(how, one) for one in found.known], [""]
    if gradient != "update":
        known, doubts = map(list, zip(*(with_gradient(how, one) for one in known), strict=True))
        for one in known:
            expect_use_of_weights(how, one)
    own = found.sizes[0] if found.is_own else None
    notes = [*_parameter_notes(net, known[0], naming), *_gradient_notes(net, known[0], how, rate)]
    call = ModelCall(how, tuple(known), own)
    return Subject(call, _name(make, step), found.sizes, rate=how.rate, notes=(*notes, *filter(None, doubts[:1])))


def _expect_numpy(make: Any) -> None:
    kind = make if inspect.isclass(make) else type(make)
    if "torch" in {ancestor.__module__.partition(".")[0] for ancestor in kind.__mro__}:
        raise InputError(
            f"make is {kind.__name__}, a torch module, expected a model that holds NumPy arrays or lists: "
            "minibp.adapters.torch_module(module, loss) makes a subject of it"
        )


def _checked_step(step: Any, make: Any) -> Any:
    """The step as it is called: a method of the object itself by its name, since a copy of it takes the step."""
    if isinstance(step, str):
        return step
    if not callable(step):
        raise InputError(f"step is {step!r}, expected a function of (net, x, y), or the name of a method of (x, y)")
    if inspect.ismethod(step) and step.__self__ is make:
        return step.__name__
    expect_arguments("step", step, ("net", "x", "y"))
    return step


def _expect_step(net: Any, step: Any) -> None:
    if not isinstance(step, str):
        return
    method = getattr(net, step, None)
    if not callable(method):
        names = [name for name in dir(net) if not name.startswith("_") and callable(getattr(net, name, None))]
        kind = type(net).__name__
        raise InputError(f"step is {step!r}, expected a method of {kind}, which has {', '.join(names) or 'none'}")
    expect_arguments("step", method, ("x", "y"))


def _checked_sizes(sizes: Any) -> tuple[Sizes, ...] | None:
    if sizes is None:
        return None
    expected = "expected the n_1, …, n_L of a network, or a list of such"
    if isinstance(sizes, str) or not isinstance(sizes, Iterable):
        raise InputError(f"sizes is {sizes!r}, {expected}")
    given = [*sizes]
    nested = (
        given if given and all(isinstance(one, Iterable) and not isinstance(one, str) for one in given) else [given]
    )
    checked = tuple(checked_counts("sizes", [*one]) for one in nested)
    if not all(len(one) > 1 for one in checked):
        raise InputError(f"sizes is {sizes!r}, {expected}: an input layer and at least one more")
    return checked


def _rate_of(net: Any, given: float | None) -> tuple[float, str]:
    """η, and where it is where it was not given."""
    if given is not None:
        return checked_rate("rate", given), ""
    numbers = list(_numbers(net, ()))
    if len({value for _, value in numbers}) != 1:
        shown = ", ".join(f"{text_of(path)} = {value}" for path, value in numbers) or "none"
        raise InputError(
            f"rate is None, expected η, rate=…: of numbers called lr, learning_rate, eta, alpha, step_size or rate the "
            f"model has {shown}"
        )
    path, value = numbers[0]
    return checked_rate(text_of(path), value), text_of(path)


def _numbers(holder: Any, path: Path) -> Iterator[tuple[Path, float]]:
    """The numbers in an object, or in what it holds, by the names of a learning rate."""
    for step, value in parts_of(holder) if len(path) < 3 else ():
        if isinstance(value, int | float) and not isinstance(value, bool):
            if str(step.key).lower().replace("_", "") in RATES:
                yield (*path, step), value
        else:
            yield from _numbers(value, (*path, step))


def _name(make: Any, step: Any) -> str:
    """The name of the maker or of the object, else of the step, where it has one."""
    names = (name_of_code(make), step if isinstance(step, str) else name_of_code(step))
    return next((name for name in names if name not in NAMELESS), "model")


def _parameter_notes(net: Any, known: Known, naming: Naming) -> Iterator[str]:
    for l, layer in enumerate(known.layout.layers, start=2):
        w, b = symbol("W", l), symbol("b", l)
        if layer.form.joined:
            end = "first" if layer.form.bias_first else "last"
            line = "row" if layer.form.transposed else "column"
            doubt = (
                " (shapes do not tell: bias_first=True says that it is the first)" if naming.bias_first is None else ""
            )
            yield f"{w} and {b} are {layer.weights}, as {layer.form}, {b} its {end} {line}{doubt if l == 2 else ''}"
            continue
        yield f"{w} is {layer.weights}{', transposed' if layer.form.transposed else ''}"
        if layer.biases is not None:
            yield f"{b} is {layer.biases}{_axes(net, layer.biases.paths[0])}"
    if all(layer.biases is None and not layer.form.joined for layer in known.layout.layers):
        yield "there are no biases: ∂C/∂b is returned as zeros"


def _axes(holder: Any, path: Path) -> str:
    """The shape of biases where it has axes of length 1."""
    array = numbers_of(at(holder, path))
    if array is None or array.ndim == 1:
        return ""
    return f", as ({', '.join('1' if n == 1 else 'n' for n in array.shape)})"


def _gradient_notes(net: Any, known: Known, how: How, rate: float | None) -> Iterator[str]:
    if how.gradient == "update":
        where = _rate_of(net, rate)[1]
        yield f"∂C/∂w is (w − w')/η, with η = {how.rate:g}{f', which is {where}' if where else ''}"
    elif known.gradient is not None:
        of = " of what step returned" if how.gradient == "returned" else ""
        for l, (w, form, b) in enumerate(known.gradient.layers, start=2):
            yield f"∂C/∂{symbol('W', l)} is {w}{of}{', transposed' if form.transposed else ''}"
            if b is not None:
                yield f"∂C/∂{symbol('b', l)} is {b}{of}"
