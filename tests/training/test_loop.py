import signal
import threading
from itertools import chain

import numpy as np
import pytest
from case_ids import written_out
from helpers import expected, parameters, problem_of
from hypothesis import given
from hypothesis import strategies as st
from users import Cube

from minibp import Activation, Cost, History, InputError, Network, Training, batched, data, train
from minibp.arrays import FLOAT_DTYPES
from minibp.check.tolerance import within
from minibp.training.validation import BACKPROP_FORMS

ETA = 0.3


class Seen(Cost):
    """The quadratic cost; it notes the targets of every batch it is asked for, and calls `then` with their number."""

    name = "seen"

    def __init__(self, then=lambda count: None):
        self.batches, self._then = [], then

    def value(self, a, y):
        return ((a - y) ** 2).sum(axis=-1) / 2

    def gradient(self, a, y):
        self.batches.append(y[:, 0].tolist())
        self._then(len(self.batches))
        return a - y


def numbered(m):
    """m examples that are told apart by their targets, all of the same x."""
    return np.ones((m, 1)), np.arange(float(m))[:, None]


def flat(batches):
    return list(chain.from_iterable(batches))


def linear():
    return Network([[[0.5]]], [[0.0]], "identity")


def digits(m=200):
    images = data.digits()
    return images.x[:m], images.y[:m]


@pytest.fixture(autouse=True)
def interrupts():
    """What runs in the background may have them ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def run(epochs=3, m=50, batch_size=7, form="batched", **options):
    x, y = digits(m)
    network = Network.random([64, 5, 10], rng=options.pop("network_seed", 0))
    options = {"cost": "cross_entropy", "eta": ETA, "l2": 0.1, "rng": 1} | options
    return Training(network, x, y, batch_size=batch_size, form=form, **options).run(epochs)


@given(st.data())
def test_every_example_is_used_exactly_once_an_epoch(data):
    m = data.draw(st.integers(1, 40))
    k = data.draw(st.integers(1, m))
    seen = Seen()
    train(linear(), *numbered(m), cost=seen, epochs=2, batch_size=k, eta=1e-9)
    steps = -(-m // k)
    # Where steps move nothing, the cost is asked once more for the reason.
    assert len(seen.batches) >= 2 * steps
    for epoch in (seen.batches[:steps], seen.batches[steps : 2 * steps]):
        assert [len(batch) for batch in epoch[:-1]] == [k] * (steps - 1)
        assert sorted(flat(epoch)) == list(range(m))


def test_the_sources_program_leaves_one_example_out_and_this_does_not():
    """The source cuts the last batch of an epoch at `size − 1`, exclusive."""
    m, k = 23, 10
    order = list(range(m))
    source = [order[i : i + k] if i + k < m else order[i : m - 1] for i in range(0, m, k)]
    assert len(flat(source)) == m - 1
    seen = Seen()
    train(linear(), *numbered(m), cost=seen, epochs=1, batch_size=k, eta=1e-9)
    assert [len(batch) for batch in seen.batches] == [10, 10, 3]
    assert len(set(flat(seen.batches))) == m


def test_examples_are_reshuffled_each_epoch_and_rows_of_x_and_y_stay_together():
    m = 60
    x, y = np.arange(float(m))[:, None] / m, np.arange(float(m))[:, None]
    pairs = []

    class Pairs(Seen):
        def gradient(self, a, y):
            pairs.extend(zip(a[:, 0] * m, y[:, 0], strict=True))
            return super().gradient(a, y)

    seen = Pairs()
    train(Network([[[1.0]]], [[0.0]], "identity"), x, y, cost=seen, epochs=2, batch_size=7, eta=1e-300)
    orders = [flat(batches) for batches in (seen.batches[:9], seen.batches[9:])]
    assert orders[0] != orders[1]
    assert orders[0] != sorted(orders[0])
    assert np.allclose(*np.transpose(pairs), rtol=1e-14)


def test_stochastic_and_batch_gradient_descent_are_the_two_ends():
    m = 12
    for k, steps in ((1, m), (m, 1), (5, 3)):
        seen = Seen()
        history = train(linear(), *numbered(m), cost=seen, epochs=1, batch_size=k, eta=1e-9)
        assert history.steps == len(seen.batches) == steps


def reference(network, x, y, *, cost, epochs, batch_size, eta, l2, rng, off_by=0.0):
    """(7), (28) and (29) in some lines: m is the whole training set's, also for minibatches.

    Each step moves parameters by as much as `off_by` says, relative to the largest of their layer, up or down.
    """
    generator, signs, m = np.random.default_rng(rng), np.random.default_rng(0), len(x)

    def off(p):
        return p + off_by * np.abs(p).max() * signs.choice([-1.0, 1.0], p.shape)

    for _ in range(epochs):
        order = generator.permutation(m) if batch_size < m else np.arange(m)
        for rows in np.split(order, range(batch_size, m, batch_size)):
            gradient = batched.backprop(network, cost, x[rows], y[rows]).gradient
            weights = [(1 - eta * l2 / m) * w - eta * g for w, g in zip(network.weights, gradient.nabla_w, strict=True)]
            biases = [b - eta * g for b, g in zip(network.biases, gradient.nabla_b, strict=True)]
            network = Network(list(map(off, weights)), list(map(off, biases)), network.activations)
    return network


@pytest.mark.parametrize("batch_size", [1, 7, 50])
@pytest.mark.parametrize("form", BACKPROP_FORMS)
def test_it_follows_the_equations(form, batch_size):
    x, y = digits(50)
    network = Network.random([64, 5, 10], rng=0)
    options = {"cost": "cross_entropy", "batch_size": batch_size, "eta": ETA, "l2": 4.0, "rng": 3}
    found = parameters(Training(network, x, y, form=form, **options).run(2).network)
    want = parameters(reference(network, x, y, epochs=2, **options))
    # How far rounding carries is seen by adding it to every step of the reference: 16 u, of each layer's largest
    # parameter, is more than a step of a gradient of 64 products rounds by.
    limit = np.abs(parameters(reference(network, x, y, epochs=2, off_by=2.0**-49, **options)) - want).max()
    assert np.abs(found - want).max() <= limit
    other = parameters(reference(network, x, y, epochs=2, **options | {"l2": 4 + 1e-9}))
    assert np.abs(other - want).max() > limit


@pytest.mark.parametrize("dtype", FLOAT_DTYPES)
def test_one_step_of_both_forms_is_the_same_within_the_bound(dtype):
    problem = problem_of([5, 4, 3], dtype=dtype)
    l2 = 0.5
    steps = {
        form: Training(
            problem.network, problem.x, problem.y, cost=problem.cost, batch_size=problem.m, eta=ETA, l2=l2, form=form
        ).run(1)
        for form in BACKPROP_FORMS
    }
    want, limit = expected(problem, ETA * l2 / problem.m)
    for history in steps.values():
        assert history.steps == 1
        assert within(parameters(history.network), want, limit).all()


@pytest.mark.parametrize("form", BACKPROP_FORMS)
@pytest.mark.parametrize("cost", ["quadratic", "cross_entropy"])
def test_both_forms_descend(form, cost):
    history = run(epochs=4, form=form, cost=cost)
    costs = [epoch.train.cost + epoch.penalty for epoch in (history.start, *history.epochs)]
    assert costs[-1] < costs[1] < costs[0]


def test_the_same_seed_gives_the_same_bits_and_another_does_not():
    first, again, other = run(), run(), run(rng=2)
    assert first.network == again.network
    assert [epoch._replace(seconds=0) for epoch in first.epochs] == [
        epoch._replace(seconds=0) for epoch in again.epochs
    ]
    assert other.network != first.network
    assert run(rng=np.random.default_rng(1)).network == first.network


def test_a_generator_moves_on():
    generator = np.random.default_rng(1)
    assert run(rng=generator).network != run(rng=generator).network


def test_a_history_has_a_record_of_every_epoch():
    test = digits(300)
    history = run(epochs=2, test=[array[200:] for array in test])
    assert (history.outcome, history.message) == ("finished", "finished 2 epochs")
    assert [epoch.number for epoch in (history.start, *history.epochs)] == [0, 1, 2]
    last = history.epochs[-1]
    outputs = batched.feedforward(history.network, test[0][200:])
    assert last.test.right == (outputs.argmax(axis=1) == test[1][200:].argmax(axis=1)).sum()
    assert last.test.total == 100
    with_l2 = batched.backprop(history.network, "cross_entropy", *digits(50), l2=0.1)
    assert last.train.cost + last.penalty == pytest.approx(with_l2.cost, rel=1e-12)
    assert last.norm_w == pytest.approx([np.linalg.norm(w) for w in history.network.weights], rel=1e-13)
    assert last.seconds > 0
    assert history.to_dict()["epochs"][1]["test"]["right"] == last.test.right
    assert "weights" not in repr(history)


def test_without_test_data_there_is_no_test_score():
    assert run().epochs[-1].test is None


def test_the_network_and_the_data_are_left_alone():
    x, y = (array.copy() for array in digits(20))
    network = Network.random([64, 5, 10], rng=0)
    before = parameters(network)
    train(network, x, y, cost="quadratic", epochs=1, batch_size=7, eta=1.0)
    assert np.array_equal(parameters(network), before)
    assert all(np.array_equal(*pair) for pair in zip((x, y), digits(20), strict=True))
    assert x.flags.writeable


@pytest.mark.parametrize(
    "convert",
    [np.asfortranarray, lambda a: a.astype(">f8"), lambda a: a.astype("f4"), list],
    ids=["columns first", "big-endian", "float32", "list"],
)
def test_data_of_other_kinds_are_made_ready(convert):
    x, y = (array.astype("f4").astype("f8") for array in digits(50))
    network = Network.random([64, 5, 10], rng=0)
    options = {"cost": "quadratic", "epochs": 1, "batch_size": 7, "eta": 1.0}
    assert train(network, convert(x), convert(y), **options).network == train(network, x, y, **options).network


def test_float32_stays_float32():
    x, y = digits(50)
    network = Network.random([64, 5, 10], dtype="float32", rng=0)
    history = train(network, x, y, cost="quadratic", epochs=2, batch_size=7, eta=1.0, l2=0.1)
    assert history.network.dtype == "float32"
    assert history.network.weights[0].dtype == np.float32


def test_activations_of_ones_own():
    x, y = np.linspace(-1, 1, 20)[:, None], np.linspace(-1, 1, 20)[:, None] ** 3
    network = Network([[[0.5]]], [[0.1]], Cube())
    history = train(network, x, y, cost="quadratic", epochs=100, batch_size=5, eta=0.5)
    assert history.epochs[-1].train.cost < 0.1 * history.start.train.cost


def test_a_cost_that_overflows_on_the_test_data_alone_is_no_divergence():
    test = np.full((1, 1), 1e200), np.ones((1, 1))
    history = train(
        linear(), np.ones((4, 1)), np.ones((4, 1)), cost="quadratic", epochs=2, batch_size=2, eta=0.1, test=test
    )
    assert history.outcome == "finished"
    assert history.epochs[-1].test.cost == np.inf


@pytest.mark.parametrize("returned", [lambda z: z.astype("f4"), lambda z: z > 0], ids=["float32", "bool"])
def test_functions_of_ones_own_may_return_what_other_forms_take_too(returned):
    class Odd(Activation):
        name = "odd"

        def value(self, z):
            return returned(z)

        def prime(self, z):
            return np.ones_like(z)

    x, y = np.ones((6, 1)), np.zeros((6, 1))
    network = Network([[[0.5]], [[0.5]]], [[0.0], [0.0]], [Odd(), "identity"])
    history = train(network, x, y, cost="quadratic", epochs=2, batch_size=4, eta=0.1)
    assert history.epochs[-1].train.cost < history.start.train.cost
    assert history.epochs[-1].norm_b[0] > 0


@pytest.mark.parametrize("form", BACKPROP_FORMS)
def test_divergence_stops_with_the_last_good_parameters(form):
    x, y = np.full((4, 1), 3.0), np.ones((4, 1))
    histories = []
    training = Training(linear(), x, y, cost="quadratic", batch_size=2, eta=10.0, form=form)
    history = training.run(10**6, histories.append)
    assert history.outcome == "diverged"
    assert history.steps == 2 * (len(history.epochs) + 1)
    assert training.run(10**6).message == history.message  # from the last good one on again
    number = len(history.epochs) + 1
    assert number > 2
    assert history.message.startswith(f"diverged in epoch {number}: ")
    assert history.message.endswith(f"The network is that of epoch {number - 1}; try a smaller eta than 10")
    assert history.network == histories[-1].network
    assert np.isfinite(parameters(history.network)).all()
    assert history.epochs[-1].is_finite


def test_a_parameter_that_overflows_at_once_leaves_what_it_began_with():
    with pytest.warns(RuntimeWarning, match="in epoch 1: a parameter is no longer finite"):
        history = train(
            linear(), np.full((2, 1), 1e100), np.ones((2, 1)), cost="quadratic", epochs=3, batch_size=1, eta=1e300
        )
    assert (history.network, history.epochs) == (linear(), ())


def test_a_callback_stops_training_by_returning_true_and_by_nothing_else():
    seen = []

    def callback(history):
        assert isinstance(history, History)
        assert history.outcome == "running"
        seen.append(history.epochs[-1].number)
        return np.True_ if len(seen) == 3 else len(seen)

    x, y = digits(20)
    network = Network.random([64, 5, 10], rng=0)
    history = train(network, x, y, cost="quadratic", epochs=9, batch_size=7, eta=1.0, callback=callback)
    assert seen == [1, 2, 3]
    assert (history.outcome, history.message) == ("stopped", "stopped by the callback after 3 epochs")


def test_what_a_callback_raises_comes_out():
    def callback(history):
        raise RuntimeError("enough")

    x, y = digits(20)
    with pytest.raises(RuntimeError, match="enough"):
        train(
            Network.random([64, 10], rng=0), x, y, cost="quadratic", epochs=9, batch_size=7, eta=1.0, callback=callback
        )


def test_an_interrupt_ends_after_the_step_in_hand():
    def at_step_five(count):
        if count == 5:
            signal.raise_signal(signal.SIGINT)

    seen = Seen(at_step_five)
    before = signal.getsignal(signal.SIGINT)
    history = train(linear(), *numbered(12), cost=seen, epochs=9, batch_size=4, eta=1e-3)
    assert len(seen.batches) == history.steps == 5
    assert (history.outcome, history.message) == ("interrupted", "interrupted after 1 epoch and 2 steps of the next")
    assert len(history.epochs) == 1
    assert signal.getsignal(signal.SIGINT) is before
    # The step in hand was taken: the parameters are those of five whole steps.
    plain = linear()
    generator = np.random.default_rng(0)
    orders = np.concatenate([generator.permutation(12) for _ in range(2)]).reshape(-1, 4)[:5]
    for rows in orders:
        gradient = batched.backprop(plain, "quadratic", *(array[rows] for array in numbered(12))).gradient
        plain = Network(
            [plain.weights[0] - 1e-3 * gradient.nabla_w[0]], [plain.biases[0] - 1e-3 * gradient.nabla_b[0]], "identity"
        )
    assert np.allclose(parameters(history.network), parameters(plain), rtol=1e-13)


def test_an_interrupt_in_the_last_step_of_an_epoch_keeps_the_whole_epoch_and_the_callback_has_it():
    seen, histories = Seen(lambda count: count == 3 and signal.raise_signal(signal.SIGINT)), []
    options = {"cost": seen, "batch_size": 4, "eta": 1e-3}
    history = train(linear(), *numbered(12), epochs=9, callback=histories.append, **options)
    assert (len(history.epochs), history.steps, len(histories)) == (1, 3, 1)
    assert (history.outcome, history.message) == ("interrupted", "interrupted after 1 epoch")


def test_an_interrupt_in_a_callback_is_heard_before_another_step():
    def callback(history):
        signal.raise_signal(signal.SIGINT)

    seen = Seen()
    history = train(linear(), *numbered(12), cost=seen, epochs=9, batch_size=4, eta=1e-3, callback=callback)
    assert len(seen.batches) == history.steps == 3
    assert history.outcome == "interrupted"


def test_an_interrupt_after_the_last_step_of_all_comes_too_late():
    seen = Seen(lambda count: count == 6 and signal.raise_signal(signal.SIGINT))
    history = train(linear(), *numbered(12), cost=seen, epochs=2, batch_size=4, eta=1e-3)
    assert history.message == "finished 2 epochs"


@pytest.mark.parametrize("stop", [lambda: signal.raise_signal(signal.SIGINT), lambda: 1 / 0], ids=["SIGINT", "error"])
def test_what_was_left_within_an_epoch_begins_it_anew(stop):
    """No example is used twice in an epoch, and the bits are those of a training without a break."""
    options = {"batch_size": 4, "eta": 1e-3}
    whole = Training(linear(), *numbered(20), cost=Seen(), **options).run(3)
    training = Training(linear(), *numbered(20), cost=Seen(lambda count: count == 8 and stop()), **options)
    try:
        assert training.run(3).outcome == "interrupted"
    except ZeroDivisionError:
        assert training.history.steps == 5
    history = training.run(3)
    assert (history.network, history.steps) == (whole.network, whole.steps)


def test_a_second_interrupt_is_at_once():
    def twice(count):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train(linear(), *numbered(12), cost=Seen(twice), epochs=9, batch_size=4, eta=1e-3)


def test_it_runs_in_any_thread():
    found = []
    thread = threading.Thread(target=lambda: found.append(run().network))
    thread.start()
    thread.join()
    assert found == [run().network]


def test_a_training_goes_on_from_where_it_is():
    x, y = digits(50)
    options = {"cost": "cross_entropy", "batch_size": 7, "eta": ETA, "l2": 0.1, "rng": 1}
    training = Training(Network.random([64, 5, 10], rng=0), x, y, **options)
    assert training.history.message == "at 0 epochs"
    assert len(training.run(1).epochs) == 1
    assert training.history.outcome == "running"
    assert training.run(3).network == run(3).network
    assert training.run(2).message == "finished 3 epochs"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"network": "a network"}, "network is 'a network', expected a minibp.Network"),
        pytest.param(
            {"x": np.ones((4, 2))}, "x has 2 columns, the network's input layer has 1 neuron", id="x with 2 columns"
        ),
        pytest.param(
            {"x": np.ones((0, 1))},
            r"x has shape \(0, 1\), expected at least one entry along every dimension",
            id="x empty",
        ),
        pytest.param({"x": np.ones((4, 1), int)}, "x has dtype int64, expected float64 or float32", id="x of int64"),
        pytest.param({"x": np.full((4, 1), np.nan)}, "x has the value nan at", id="x nan"),
        pytest.param({"y": np.ones((3, 1))}, r"y has shape \(3, 1\), expected \(4, 1\)", id="y with 3 rows"),
        ({"cost": "dear"}, "unknown cost 'dear'"),
        ({"cost": "cross_entropy"}, "cross_entropy needs outputs between 0 and 1"),
        ({"epochs": 0}, "epochs is 0, expected at least 1"),
        ({"batch_size": 0}, "batch_size is 0, expected at least 1"),
        ({"batch_size": 5}, "batch_size is 5, expected at most 4, the number of rows of x"),
        ({"eta": -1.0}, "eta is -1.0, expected a finite number above 0"),
        ({"l2": -1.0}, "l2 is -1.0, expected a finite number of float64 that is not negative"),
        ({"rng": -1}, "rng is -1, expected a seed or a numpy.random.Generator"),
        ({"rng": "seed"}, "rng is 'seed', expected a seed or a numpy.random.Generator"),
        ({"callback": "call me"}, "callback is 'call me', expected a function of the history"),
        ({"l2": 50.0}, r"eta × l2 / 4 is 1.25, expected at most 1: by .29. each step multiplies"),
        pytest.param({"eta": 10**400}, "eta is inf, expected a finite number above 0", id="eta=10**400"),
        ({"test": 5}, "test is a int, expected a pair of arrays x and y"),
        pytest.param(
            {"test": (np.ones((2, 3)), np.ones((2, 1)))},
            "test: x has 3 columns, the network's input layer has 1",
            id="test x with 3 columns",
        ),
        pytest.param({"x": np.full((4, 1), 1e200)}, "the cost is inf before the first step", id="x=1e200"),
    ],
    ids=written_out,
)
def test_what_does_not_fit_together_is_refused(changed, message):
    arguments = {"network": linear(), "x": np.ones((4, 1)), "y": np.ones((4, 1)), "cost": "quadratic", "eta": 0.1}
    with pytest.raises(InputError, match=message):
        train(**{**arguments, "epochs": 1, "batch_size": 2, **changed})


def test_parameters_whose_norm_overflows_are_refused():
    network = Network([[[1.5e308, 1.5e308]]], [[0.0]])
    with pytest.raises(InputError, match="the norm of a layer's parameters is not finite before the first step"):
        train(network, np.zeros((4, 2)), np.ones((4, 1)), cost="quadratic", epochs=1, batch_size=2, eta=0.1)


def test_a_form_that_is_none_and_arrays_of_others_are_refused():
    with pytest.raises(InputError, match="form is 'loop', expected one of batched, per_example"):
        Training(linear(), *numbered(3), cost="quadratic", batch_size=1, eta=1.0, form="loop")
    jnp = pytest.importorskip("jax.numpy")
    x = jnp.ones((3, 1), "float32")
    network = Network([np.ones((1, 1), "f4")], [np.ones(1, "f4")])
    options = {"cost": "quadratic", "batch_size": 1, "eta": 1.0}
    with pytest.raises(InputError, match="x is a .*, expected NumPy's"):
        Training(network, x, np.asarray(x), **options)
    with pytest.raises(InputError, match="y is a .*, expected NumPy's"):
        Training(network, np.asarray(x), x, **options)
    with pytest.raises(InputError, match="test: y is a .*, expected NumPy's"):
        Training(network, np.asarray(x), np.asarray(x), test=(np.asarray(x), x), **options)
    with pytest.raises(InputError, match="the network's parameters are not NumPy's"):
        Training(Network([x[:1]], [x[0]]), np.asarray(x), np.asarray(x), **options)
