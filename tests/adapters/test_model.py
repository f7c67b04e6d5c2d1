"""Programs that hold their parameters in objects, found and checked without a wrapper."""

import pickle
from functools import cache
from types import SimpleNamespace

import held_programs as programs
import numpy as np
import pytest
from held_programs import RATE, with_mistake

import minibp
from minibp import InputError, adapters, batched
from minibp.adapters import columns, model, per_example
from minibp.check.rounding.arithmetic import arithmetic_of_anyone
from minibp.check.rounding.whole_pass import bound
from minibp.check.tolerance import within

PROGRAMS = {
    "attributes": (programs.Attributes, lambda net: model(net, "backward")),
    "layer objects": (programs.LayerObjects, lambda net: model(net, "train_step")),
    "dicts and columns": (programs.ParamsDict, lambda net: columns(model(net, "propagate"))),
    "update by its own rate": (programs.Updating, lambda net: model(net, "fit_batch", gradient="update")),
    "augmented matrices": (programs.Augmented, lambda net: model(net, "gradients", bias_first=True)),
    "lists of numbers": (programs.PurePython, lambda net: per_example(model(net, "learn"))),
    "gradients that add up": (programs.Accumulating, lambda net: model(net, "backward")),
    "one object": (programs.Accumulating, lambda net: model(net([4, 5, 3]), "backward")),
    "returned dict": (programs.Returning, lambda net: model(net, "loss_and_grads", gradient="returned")),
    "returned by column": (
        programs.Network,
        lambda net: per_example(model(net, programs.one_column, gradient="returned")),
    ),
    "update of a list of pairs": (
        programs.Network,
        lambda net: model(net, programs.mini_batch, gradient="update", rate=RATE),
    ),
    "moments of Adam": (programs.Adam, lambda net: model(net, "backward")),
    "float32 and integers": (programs.SinglePrecision, lambda net: model(net, "backward")),
    "arrays that are shared": (programs.SharedArrays, lambda net: model(net, "gradient", gradient="returned")),
}
MISTAKES = [
    *((name, "hidden") for name in PROGRAMS),
    ("attributes", "output"),
    ("attributes", "transposed"),
    ("dicts and columns", "transposed"),
    ("lists of numbers", "transposed"),
    ("update by its own rate", "transposed"),
    ("update by its own rate", "early"),
    ("layer objects", "summed"),
    ("update of a list of pairs", "summed"),
]


def checked(subject, **keywords):
    return minibp.check_backprop(subject, seed=1, examples=4, raise_on_mismatch=False, **keywords)


@cache
def faults_by_hand(mistake, sizes):
    wrapped = adapters.Subject(with_mistake(programs.Wrapped, mistake)(), "wrapped", sizes)
    return faults_in(checked(wrapped))


def faults_in(report):
    return {(finding.equation, finding.fault) for finding in report.findings if finding.fault}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_right_program_is_correct(name):
    program, adapted = PROGRAMS[name]
    report = checked(pickle.loads(pickle.dumps(adapted(program))))
    assert report.verdict == "correct", str(report)


@pytest.mark.parametrize(("name", "mistake"), MISTAKES, ids=[f"{name}, {mistake}" for name, mistake in MISTAKES])
def test_a_mistake_has_the_name_that_it_has_behind_a_wrapper(name, mistake):
    program, adapted = PROGRAMS[name]
    subject = adapted(with_mistake(program, mistake))
    report = checked(subject)
    expected = faults_by_hand(mistake, subject.sizes)
    assert report.verdict == "wrong"
    assert len(expected) == 1
    assert faults_in(report) == expected, str(report)


@pytest.mark.parametrize("name", ["attributes", "lists of numbers", "float32 and integers", "update by its own rate"])
def test_a_right_program_is_correct_in_single_precision(name):
    program, adapted = PROGRAMS[name]
    report = checked(adapted(program), dtype="float32")
    assert report.verdict == "correct", str(report)


def test_one_activation_a_layer_chooses_the_depth():
    report = checked(model(programs.LayerObjects, "train_step"), activation=["sigmoid", "sigmoid"])
    assert report.verdict == "correct", str(report)
    assert len(checked(model(programs.Attributes, "backward"), activation=["tanh", "sigmoid"]).findings) > 0


NOTES = {
    "attributes": [
        "W² is .W1, transposed",
        "b² is .b1, as (1, n)",
        "W³ is .W2, transposed",
        "b³ is .b2, as (1, n)",
        "∂C/∂W² is .dW1, transposed",
        "∂C/∂b² is .db1",
        "∂C/∂W³ is .dW2, transposed",
        "∂C/∂b³ is .db2",
    ],
    "dicts and columns": [
        "W² is .parameters['W1']",
        "b² is .parameters['b1'], as (n, 1)",
        "W³ is .parameters['W2']",
        "b³ is .parameters['b2'], as (n, 1)",
        "∂C/∂W² is .gradients['dW1']",
        "∂C/∂b² is .gradients['db1']",
        "∂C/∂W³ is .gradients['dW2']",
        "∂C/∂b³ is .gradients['db2']",
    ],
    "update by its own rate": [
        "W² is .weights[0]",
        "b² is .biases[0]",
        "W³ is .weights[1]",
        "b³ is .biases[1]",
        "∂C/∂w is (w − w')/η, with η = 0.25, which is .lr",
    ],
    "augmented matrices": [
        "W² and b² are .Theta[0], as (n_out, n_in + 1), b² its first column",
        "W³ and b³ are .Theta[1], as (n_out, n_in + 1), b³ its first column",
        "∂C/∂W² is .Theta_grad[0]",
        "∂C/∂W³ is .Theta_grad[1]",
    ],
    "returned by column": [
        "W² is .weights[0]",
        "b² is .biases[0], as (n, 1)",
        "W³ is .weights[1]",
        "b³ is .biases[1], as (n, 1)",
        "∂C/∂W² is [1][0] of what step returned",
        "∂C/∂b² is [0][0] of what step returned",
        "∂C/∂W³ is [1][1] of what step returned",
        "∂C/∂b³ is [0][1] of what step returned",
    ],
}


@pytest.mark.parametrize("name", NOTES)
def test_a_subject_says_what_it_found(name):
    program, adapted = PROGRAMS[name]
    assert list(adapted(program).notes) == NOTES[name]


def test_shapes_do_not_tell_which_column_is_the_biases():
    first, *rest = model(programs.Augmented, "gradients").notes
    doubt = "b² its last column (shapes do not tell: bias_first=True says that it is the first)"
    assert first == f"W² and b² are .Theta[0], as (n_out, n_in + 1), {doubt}"
    assert rest[0] == "W³ and b³ are .Theta[1], as (n_out, n_in + 1), b³ its last column"
    assert checked(model(programs.Augmented, "gradients")).verdict == "wrong"


def test_a_step_that_raises_on_a_trial_is_told_and_raises_in_the_check():
    def step(net, x, y):
        raise ArithmeticError("no step today")

    subject = model(programs.Attributes, step, gradient="returned")
    assert subject.notes[-1] == (
        "on a trial step raised ArithmeticError: no step today: its gradient is looked for in each call"
    )
    assert "raised ArithmeticError: no step today" in str(checked(subject))


@pytest.mark.parametrize(
    ("make", "sizes"),
    [
        (programs.Attributes, {(2, 5, 8), (3, 3, 3)}),
        (programs.LayerObjects, {(2, 5, 8), (3, 3, 3), (4, 2, 6, 9), (3, 3, 3, 3)}),
        (programs.SharedArrays, {(2, 5, 8), (3, 3, 3), (4, 2, 6, 9), (3, 3, 3, 3)}),
        (lambda n, k: programs.LayerObjects([n, k]), {(3, 5), (3, 3)}),
        (lambda: programs.LayerObjects([4, 3, 2]), {(4, 3, 2)}),
        (lambda lr=0.1: programs.LayerObjects([4, 3, 2]), {(4, 3, 2)}),
        (programs.LayerObjects([6, 3, 4]), {(6, 3, 4)}),
    ],
    ids=["three numbers", "a list", "a list of hidden layers", "two numbers", "none", "an option alone", "an object"],
)
def test_the_sizes_are_those_that_the_maker_takes(make, sizes):
    step = "train_step" if make is not programs.Attributes else "backward"
    kind = "found"
    if make is programs.SharedArrays:
        step, kind = "gradient", "returned"
    assert set(model(make, step, gradient=kind).sizes) == sizes


def test_sizes_are_those_that_are_given_also_of_equal_widths():
    assert model(programs.LayerObjects, "train_step", sizes=[3, 3, 3]).sizes == ((3, 3, 3),)
    subject = model(programs.LayerObjects, "train_step", sizes=[(2, 2), (3, 4, 3)])
    assert subject.sizes == ((2, 2), (3, 4, 3))
    assert checked(subject).verdict == "correct"


def test_other_sizes_than_those_of_a_check_are_taken_too():
    subject = model(programs.LayerObjects, "train_step")
    for problem in drawn_of((3, 2, 4, 2, 3), 2):
        assert_right(subject, problem)


def drawn_of(sizes, count):
    rng = np.random.default_rng(5)
    for _ in range(count):
        network = minibp.Network.random(list(sizes), "sigmoid", rng=rng)
        yield minibp.Problem(network, "quadratic", rng.normal(size=(4, sizes[0])), rng.normal(size=(4, sizes[-1])))


def assert_right(subject, problem, with_biases=True):
    network = problem.network
    biases = [b.copy() if with_biases else 0 * b for b in network.biases]
    given = [w.copy() for w in network.weights], biases, problem.x.copy(), problem.y.copy()
    same = minibp.Problem(minibp.Network(*given[:2], "sigmoid"), "quadratic", problem.x, problem.y)
    expected = batched.backprop(same.network, "quadratic", same.x, same.y).gradient
    limit = bound(same, arithmetic_of_anyone("float64", subject.rate)).gradient
    got = subject(*given)
    for mine, theirs, limits in zip(got[0], expected.nabla_w, limit.nabla_w, strict=True):
        assert within(mine, theirs, limits, limits).all()
    for mine, theirs, limits in zip(got[1], expected.nabla_b, limit.nabla_b, strict=True):
        assert within(mine, theirs, limits, limits).all() if with_biases else np.array_equal(mine, 0 * theirs)


@pytest.mark.parametrize(
    ("make", "adapted"),
    [
        (programs.NoBiases, lambda net: model(net, "train")),
        (programs.KeptPass, lambda net: per_example(model(net, "train", gradient="update", rate=RATE))),
    ],
    ids=["two matrices", "lists beside the matrices that are no biases"],
)
def test_without_biases_their_gradient_is_zeros_and_the_notes_say_so(make, adapted):
    subject = adapted(make)
    for problem in drawn_of((2, 5, 3), 5):
        assert_right(subject, problem, with_biases=False)
    inner = subject if make is programs.NoBiases else model(make, "train", gradient="update", rate=RATE)
    assert "there are no biases: ∂C/∂b is returned as zeros" in inner.notes


def test_one_object_is_left_as_it_was_and_calls_do_not_add_up():
    net = programs.Accumulating([4, 6, 3])
    net.backward(np.ones((2, 4)), np.ones((2, 3)))
    before = pickle.dumps(net)
    subject = model(net, net.backward)
    for problem in drawn_of((4, 6, 3), 2):
        assert_right(subject, problem)
    assert pickle.dumps(net) != pickle.dumps(programs.Accumulating([4, 6, 3]))
    kept = pickle.loads(before)
    for name in ("weights", "biases", "weight_grads", "bias_grads"):
        assert all(map(np.array_equal, getattr(net, name), getattr(kept, name)))


def test_names_settle_what_shapes_leave_open():
    net = programs.LayerObjects([3, 3, 3])
    with pytest.raises(InputError, match=r"\.layers\[0\]\.weights may be \(n_out, n_in\) .* or \(n_in, n_out\)"):
        model(net, "train_step")
    names = {f"{role}s": f"layers[{{}}].{role}s" for role in ("weight", "biase")}
    subject = model(
        net, "train_step", transposed=False, **names, nabla_w="layers[{}].grad_w", nabla_b="layers[{}].grad_b"
    )
    assert checked(subject).verdict == "correct"


def test_a_step_is_a_name_a_function_or_a_method_and_names_the_subject():
    assert model(programs.Attributes, "backward").__name__ == "Attributes"
    assert model(programs.Attributes, programs.Attributes.backward).__name__ == "Attributes"
    net = {"W": np.ones((2, 3)), "b": np.ones(2)}

    def half_steps(net, x, y):
        return {"W": net["W"] / 2, "b": net["b"] / 2}

    subject = model(net, half_steps, gradient="returned")
    assert subject.__name__ == "half_steps"
    assert np.array_equal(
        subject([np.ones((2, 3))], [np.ones(2)], np.ones((1, 3)), np.ones((1, 2)))[0][0], np.ones((2, 3)) / 2
    )
    assert model(lambda: net, half_steps, gradient="returned").__name__ == "half_steps"


@pytest.mark.parametrize(
    ("more", "rate"),
    [({"eta": 0.5}, 0.5), ({"opt": SimpleNamespace(learning_rate=2)}, 2.0), ({"lr": 0.1, "alpha": 0.1}, 0.1)],
    ids=["attribute", "of an optimizer", "twice the same"],
)
def test_a_rate_is_read_from_the_model(more, rate):
    net = SimpleNamespace(W=np.ones((2, 3)), b=np.ones(2), **more)
    assert model(net, lambda net, x, y: None, gradient="update").rate == rate


class NotCopied(SimpleNamespace):
    def __deepcopy__(self, memo):
        return NotCopied(**vars(self))


def bad_maker(sizes):
    raise RuntimeError(f"no model of {sizes}")


def nothing(net, x, y):
    return None


LAYERS = (programs.LayerObjects, "train_step")
NET = {"W1": np.ones((5, 4)), "b1": np.ones(5), "W2": np.ones((2, 5)), "b2": np.ones(2)}
SQUARE = {"W1": np.ones((3, 3)), "W2": np.ones((3, 3))}
UPDATE = {"gradient": "update"}
WRONG = {
    "gradient": (*LAYERS, {"gradient": "grads"}, "gradient is 'grads', expected 'found', 'returned' or 'update'"),
    "rate of another": (*LAYERS, {"rate": 0.1}, "rate is 0.1, and gradient is 'found': a rate goes with gradient='up"),
    "no rate": (NET, nothing, UPDATE, r"rate is None, expected η, rate=….*the model has none"),
    "two rates": (
        SimpleNamespace(lr=0.1, eta=0.2, **NET),
        nothing,
        UPDATE,
        r"rate is None, expected η, rate=….*the model has \.lr = 0\.1, \.eta = 0\.2",
    ),
    "negative rate": (NET, nothing, {**UPDATE, "rate": -1}, "rate is -1.0, expected a finite number above 0"),
    "rate of the model": (
        SimpleNamespace(lr=0, **NET),
        nothing,
        UPDATE,
        r"\.lr is 0\.0, expected a finite number above 0",
    ),
    "step": (programs.LayerObjects, 3, {}, r"step is 3, expected a function of \(net, x, y\), or the name of a meth"),
    "step of two": (programs.LayerObjects, lambda x, y: 1, {}, r"step: got <lambda>\(x, y\), expected <lambda>\(net"),
    "no method": (programs.LayerObjects, "train", {}, "step is 'train', expected a method of LayerObjects, .*train_"),
    "method of one": (programs.Attributes, "forward", {}, r"step: got forward\(X\), expected forward\(x, y\)"),
    "method of a dict": (NET, "train", {}, "step is 'train', expected a method of dict, which has clear"),
    "transposed": (*LAYERS, {"transposed": "yes"}, "transposed is 'yes', expected True, False or None"),
    "bias_first": (*LAYERS, {"bias_first": 1}, "bias_first is 1, expected True, False or None"),
    "sizes of text": (*LAYERS, {"sizes": "3-2"}, "sizes is '3-2', expected the n_1, …, n_L of a network"),
    "a number for sizes": (*LAYERS, {"sizes": 3}, "sizes is 3, expected the n_1"),
    "one size": (*LAYERS, {"sizes": [3]}, r"sizes is \[3\], expected .*: an input layer and at least one more"),
    "zero": (*LAYERS, {"sizes": [3, 0]}, r"sizes\[1\] is 0, expected at least 1"),
    "no object": (None, nothing, {}, "make is None, expected a class, a function of sizes, or an object that holds"),
    "maker that raises": (
        bad_maker,
        nothing,
        {},
        r"make: bad_maker\(\[2, 5, 8\]\) raised RuntimeError: no model of \[2, 5, 8\]; expected bad_maker\(sizes\)",
    ),
    "maker of nothing": (lambda: None, nothing, {}, "make returned None, expected a class, a function of sizes"),
    "maker of seven": (
        lambda a, b, c, d, e, f, g: 1,
        nothing,
        {},
        r"make is <lambda>, which takes no .*, expected <lambda>\(sizes\)",
    ),
    "other arrays": (
        lambda sizes: {"W": np.ones((7, 7))},
        nothing,
        {},
        r"no arrays fit .* sizes \[2, 5, 8\]: there are \['W'\] \(7, 7\), expected W² as \(5, 2\) or .*; name them: w",
    ),
    "two for a layer": (
        lambda sizes: {"W1": np.ones((2, 5)), "W1_too": np.ones((2, 5)), "W2": np.ones((5, 8))},
        nothing,
        {},
        r"\['W1'\] and \['W1_too'\] are as likely to be W²; name them: weights='W\{\}'",
    ),
    "weights of no layer": (
        lambda n, k: {"W1": np.ones((n, k)), "W2": np.ones((k, 1))},
        nothing,
        {},
        r"\['W2'\] \(5, 1\) is of no layer of a network of sizes \[3, 5\]: there are .*; name them",
    ),
    "weights that are not used": (
        lambda sizes: {"W1": np.ones((2, 5)), "W2": np.ones((5, 8)), "given": sizes},
        lambda net, x, y: (np.ones((2, 5)), np.ones((5, 8))),
        {"gradient": "returned"},
        r"other values in \['W1'\] change nothing: expected the arrays that step computes with; name them: weights=",
    ),
    "biases of one layer": (
        {name: NET[name] for name in ("W1", "W2", "b2")},
        nothing,
        {},
        r"no biases b² were found, and others were: there are .* or biases=\(\) where there are none",
    ),
    "equal widths": (
        SQUARE,
        nothing,
        {},
        r"\['W1'\] may be \(n_out, n_in\) for sizes \[3, 3, 3\] or \(n_in, n_out\) .*pass transposed=True where",
    ),
    "no gradient": (
        NET,
        nothing,
        {},
        r"no ∂C/∂W², ∂C/∂W³ in the object after step, .*there are \(none\); name them: nabla_w=",
    ),
    "two gradients": (
        {**NET, "dW1": np.ones((5, 4)), "grad_W1": np.ones((5, 4))},
        nothing,
        {},
        r"\['dW1'\] and \['grad_W1'\] are as likely to be ∂C/∂W²; name them: nabla_w='dW\{\}'",
    ),
    "nothing returned": (NET, nothing, {"gradient": "returned"}, "no ∂C/∂W².* in what step returned"),
    "an object that is not copied": (
        SimpleNamespace(own=(i for i in ()), **NET),
        nothing,
        {},
        "make is an instance of SimpleNamespace, expected one that is copied by copy.deepcopy.*raised TypeError",
    ),
    "a copy of the same arrays": (NotCopied(**NET), nothing, {}, "make is an instance of NotCopied.*the same arrays"),
    "sizes of an object": (NET, nothing, {"sizes": [(4, 5, 2), (4, 3, 2)]}, "expected one network: make has sizes of"),
    "sizes that do not fit": (NET, nothing, {"sizes": (4, 3, 2)}, r"no arrays fit a network of sizes \[4, 3, 2\]: the"),
    "sizes that the maker does not take": (
        programs.Attributes,
        "backward",
        {"sizes": [2, 3]},
        r"make is Attributes, which takes no \[2, 3\], expected Attributes\(sizes\)",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_used_is_told(case):
    make, step, keywords, message = WRONG[case]
    with pytest.raises(InputError, match=message) as caught:
        model(make, step, **keywords)
    assert len(str(caught.value)) < 500


def test_adapters_around_a_model_hand_on_its_notes_its_sizes_and_its_rate():
    inner = model(programs.Updating, "fit_batch", gradient="update")
    for outer in (per_example(inner), columns(inner)):
        assert (outer.notes, outer.sizes, outer.rate) == (inner.notes, inner.sizes, 0.25)


def test_what_is_returned_is_no_parameter_and_shares_no_memory_with_the_model():
    def step(net, x, y):
        return net["W"], net["b"], *net["grads"]

    net = {"W": np.ones((2, 3)), "b": np.ones(2), "grads": [np.ones((2, 3)), np.ones(2)]}
    subject = model(lambda: net, step, gradient="returned")
    assert subject.notes[2:] == ("∂C/∂W² is [2] of what step returned", "∂C/∂b² is [3] of what step returned")
    (nabla_w,), (nabla_b,) = subject([np.zeros((2, 3))], [np.zeros(2)], np.ones((1, 3)), np.ones((1, 2)))
    assert not np.may_share_memory(nabla_w, net["grads"][0])
    assert not np.may_share_memory(nabla_b, net["grads"][1])
    assert (nabla_w.tolist(), nabla_b.tolist()) == (np.ones((2, 3)).tolist(), [1, 1])
