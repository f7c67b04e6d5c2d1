import numpy as np
import pytest

from minibp import Gradient, Network, Problem
from minibp.check.diagnosis.batch import Average, Batch, averaged
from minibp.check.diagnosis.delta_readings import SingleExample
from minibp.check.diagnosis.single_example import UNKNOWN, Part, explain
from minibp.check.faults.catalogue import CATALOGUE
from minibp.check.faults.injection import FaultInstance, FaultyBackprop
from minibp.check.faults.pairs import paired
from minibp.check.rounding.arithmetic import arithmetic_of

M = 3


def problem_of(l2=0.7, sizes=(2, 4, 4, 2), seed=4):
    rng = np.random.default_rng(seed)
    network = Network.random(list(sizes), "tanh", rng=rng)
    return Problem(network, "quadratic", rng.standard_normal((M, sizes[0])), rng.standard_normal((M, sizes[-1])), l2)


def faulty(*faults, l2=0.7):
    return FaultyBackprop(faults, "tanh", None, "quadratic", l2)


def placed(name, *layers):
    return FaultInstance(CATALOGUE[name], layers or None)


def of(subject, problem):
    network = problem.network
    result = subject(list(network.weights), list(network.biases), problem.x, problem.y)
    return Gradient(*map(tuple, result))


def judged(subject, *problems, first=None):
    """The account of batches of these problems, or of one with `first` examples alone."""
    examples, batches = [], []
    for whole in problems or [problem_of()]:
        m = first or whole.m
        batch = Problem(whole.network, whole.cost, whole.x[:m], whole.y[:m], whole.l2)
        batches.append(Batch(batch, of(subject, batch), tuple(range(len(examples), len(examples) + m))))
        for i in range(m):
            one = Problem(whole.network, whole.cost, whole.x[i : i + 1], whole.y[i : i + 1], whole.l2)
            examples.append(SingleExample(one, of(subject, one)))
    fp = arithmetic_of("float64")
    return averaged(batches, explain(examples, fp), fp)


def names(part):
    return [one.fault.id for one in part.candidates]


def wrong(found):
    """What is left of each tensor of each layer where that is anything."""
    return {at: names(part) or "off" for at, part in found.parts.items() if part.wrong}


def test_a_fault_in_several_layers_costs_once_and_every_unknown_one_its_own():
    one, other = (
        Part((FaultInstance(CATALOGUE[name]),)) for name in ("product_of_means", "bias_gradient_not_averaged")
    )
    assert Average(Part(), {}).cost == 0
    assert Average(one, {("nabla_w", 2): Part()}).cost == 1
    assert Average(Part(), {("nabla_w", 2): one, ("nabla_w", 3): one}).cost == 1
    assert Average(one, {("nabla_w", 2): one, ("nabla_b", 3): other}).cost == 3
    assert Average(one, {("nabla_w", 2): Part(off=True), ("nabla_b", 3): Part(off=True)}).cost == 1 + 2 * UNKNOWN


@pytest.mark.parametrize("l2", [0.0, 0.7])
@pytest.mark.parametrize("name", ["sum_for_mean", "mean_twice", "mean_compounded", "first_example_only"])
def test_a_mean_that_is_wrong_everywhere_is_one_fault(name, l2):
    found = judged(faulty(name, l2=l2), problem_of(l2), problem_of(l2, sizes=(3, 3, 3, 3)))
    assert (names(found.mean), wrong(found), found.cost) == ([name], {}, 1)


def test_a_right_mean_leaves_nothing():
    found = judged(faulty(), problem_of(), problem_of(sizes=(3, 3, 3, 3)))
    assert (names(found.mean), wrong(found), found.cost) == ([], {}, 0)
    assert set(found.parts) == {(tensor, layer) for tensor in ("nabla_b", "nabla_w") for layer in (2, 3, 4)}


@pytest.mark.parametrize("factor", [1, M], ids=["mean", "sum"])
def test_l2_may_be_in_what_is_summed(factor):
    def subject(weights, biases, x, y):
        """(α/m) W is added before all is multiplied by m."""
        times = factor if len(x) == M else 1
        return [[times * one for one in kind] for kind in faulty()(weights, biases, x, y)]

    found = judged(subject)
    assert (names(found.mean), wrong(found)) == (["sum_for_mean"] * (factor == M), {})


def test_a_factor_that_one_example_has_shown_is_not_blamed_again():
    found = judged(faulty("mean_over_outputs"))
    assert (names(found.mean), wrong(found)) == ([], {})


@pytest.mark.parametrize(
    "name",
    [
        "bias_gradient_not_averaged", "bias_gradient_averaged_twice", "weight_gradient_not_averaged",
        "weight_gradient_averaged_twice", "product_of_means",
    ],
)  # fmt: skip
@pytest.mark.parametrize("layers", [(), (3,)], ids=["all", "one"])
def test_a_tensor_has_faults_of_its_own(name, layers):
    tensor = "nabla_b" if name.startswith("bias") else "nabla_w"
    found = judged(faulty(placed(name, *layers)))
    assert wrong(found) == {(tensor, layer): [name] for layer in (layers or (2, 3, 4))}
    assert (names(found.mean), found.cost) == ([], 1)


@pytest.mark.parametrize("layers", [(), (3,)], ids=["all", "one"])
def test_l2_that_is_not_divided_is_seen_in_a_batch(layers):
    found = judged(faulty(placed("l2_not_divided_by_m", *layers)))
    assert wrong(found) == {("nabla_w", layer): ["l2_not_divided_by_m"] for layer in (layers or (2, 3, 4))}


@pytest.mark.parametrize(
    "name",
    [
        "l2_on_biases", "l2_missing", "l2_factor_two", "outer_product_transposed", "bias_gradient_zero",
        "hidden_derivative_missing", "weights_already_updated", "weights_for_activation", "bias_value_for_gradient",
    ],
)  # fmt: skip
def test_what_is_wrong_with_single_examples_is_not_blamed_again(name):
    found = judged(faulty(name))
    assert (names(found.mean), wrong(found)) == ([], {})
    also = judged(faulty(name, "mean_twice"))
    assert (names(also.mean), wrong(also)) == (["mean_twice"], {})


def test_a_tensor_that_is_unknown_of_one_example_is_not_judged():
    def subject(weights, biases, x, y):
        (nabla_w,), nabla_b = faulty(l2=0.0)(weights, biases, x, y)
        return [nabla_w**3], nabla_b

    found = judged(subject, problem_of(0.0, sizes=(2, 3)))
    assert (set(found.parts), found.cost) == ({("nabla_b", 2)}, 0)


@pytest.mark.parametrize(("tensor", "layer"), [("nabla_b", 2), ("nabla_w", 3)])
def test_what_no_fault_explains_is_off_where_it_is(tensor, layer):
    def subject(weights, biases, x, y):
        found = dict(zip(("nabla_w", "nabla_b"), faulty()(weights, biases, x, y), strict=True))
        if len(x) > 1:
            found[tensor][layer - 2] = found[tensor][layer - 2] * (1 + 1e-9)
        return found["nabla_w"], found["nabla_b"]

    found = judged(subject)
    assert wrong(found) == {(tensor, layer): "off"}
    assert found.cost == UNKNOWN


def test_a_fault_has_to_explain_all_batches():
    def subject(weights, biases, x, y):
        fault = ["sum_for_mean"] if x.shape[1] == 2 else ["mean_twice"]
        return faulty(*fault)(weights, biases, x, y)

    found = judged(subject, problem_of(), problem_of(sizes=(3, 4, 4, 2)))
    assert found.cost > UNKNOWN
    assert "off" in wrong(found).values()


def test_of_two_accounts_the_cheaper_one_is_taken():
    # The last example is dropped in two ways; of a batch of two, first_example_only gives the same as one of them.
    found = judged(faulty("last_example_dropped"), first=2)
    assert names(found.mean) == ["last_example_dropped"]
    second = FaultInstance(CATALOGUE["last_example_dropped"], variant=1)
    found = judged(faulty(second))
    assert [(one.fault.id, one.variant) for one in found.mean.candidates] == [("last_example_dropped", 1)]
    both = judged(faulty("mean_twice", placed("bias_gradient_not_averaged", 3)))
    assert (names(both.mean), wrong(both)) == (["mean_twice"], {("nabla_b", 3): ["bias_gradient_not_averaged"]})


# A batch that is the mean of its examples


def one_by_one(*faults, weights_of_examples=None, l2=0.0):
    """Code that takes one example a call, and what an adapter makes of it: the mean, or another sum by these shares."""

    def subject(weights, biases, x, y):
        m = len(x)
        shares = [1 / m] * m if weights_of_examples is None else weights_of_examples(m)
        rows = [faulty(*faults, l2=l2)(weights, biases, x[[i]], y[[i]]) for i in range(m)]
        return [
            [
                sum(share * row[kind][layer] for share, row in zip(shares, rows, strict=True))
                for layer in range(len(weights))
            ]
            for kind in (0, 1)
        ]

    return subject


UPDATED = FaultInstance(CATALOGUE["weights_already_updated"], constant=0.1)
RAW = FaultInstance(CATALOGUE["raw_error_propagated"])


@pytest.mark.parametrize(
    "fault", [UPDATED, paired(RAW, UPDATED), placed("hidden_derivative_missing")], ids=["updated", "raw", "missing"]
)
def test_where_a_batch_is_the_mean_of_its_examples_the_mean_is_right(fault):
    found = judged(one_by_one(fault), problem_of(0.0), problem_of(0.0, sizes=(3, 3, 3, 3)))
    assert (names(found.mean), wrong(found), found.cost) == ([], {}, 0)


@pytest.mark.parametrize("fault", [UPDATED, placed("hidden_derivative_missing")], ids=["updated", "missing"])
@pytest.mark.parametrize(
    ("shares", "name"),
    [
        (lambda m: [1.0] * m, "sum_for_mean"),
        (lambda m: [1 / m**2] * m, "mean_twice"),
        (lambda m: [1.0] + [0.0] * (m - 1), "first_example_only"),
    ],
    ids=["sum", "twice", "first"],
)
def test_another_sum_of_examples_has_its_name(fault, shares, name):
    found = judged(one_by_one(fault, weights_of_examples=shares), problem_of(0.0), problem_of(0.0, sizes=(3, 3, 3, 3)))
    assert (names(found.mean), wrong(found)) == ([name], {})


def test_a_batch_that_updates_by_its_own_gradient_is_right_too():
    found = judged(faulty(UPDATED, l2=0.0), problem_of(0.0), problem_of(0.0, sizes=(3, 3, 3, 3)))
    assert (names(found.mean), wrong(found), found.cost) == ([], {}, 0)


def test_l2_of_each_example_is_not_that_of_the_batch():
    # α W is in the gradient of each, and α/m W belongs in that of the batch.
    found = judged(one_by_one(l2=0.7))
    assert wrong(found) == {("nabla_w", layer): ["l2_not_divided_by_m"] for layer in (2, 3, 4)}


def test_a_sum_over_the_wrong_axis_is_no_second_fault():
    whole = problem_of(0.0, sizes=(3, 3, 3, 3))
    for variant in (2, 3):
        fault = FaultInstance(CATALOGUE["bias_gradient_summed_over_neurons"], None, variant)
        found = judged(faulty(fault, l2=0.0), whole)
        assert (names(found.mean), wrong(found), found.cost) == ([], {}, 0)


def test_without_biases_their_gradient_is_not_judged():
    problem = problem_of(0.0)
    batch = Batch(problem, of(faulty("bias_gradient_not_averaged", l2=0.0), problem), (0, 1, 2))
    examples = [
        SingleExample(one, of(faulty(l2=0.0), one))
        for one in (Problem(problem.network, problem.cost, problem.x[[i]], problem.y[[i]]) for i in range(M))
    ]
    fp = arithmetic_of("float64")
    assert wrong(averaged([batch], explain(examples, fp), fp))
    assert wrong(averaged([batch], explain(examples, fp, biases=False), fp, biases=False)) == {}
