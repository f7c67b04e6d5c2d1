import pytest
from subjects import backprop

from minibp import adapters, check_backprop
from minibp.check.diagnosis.conventions import in_convention

FEW = {"examples": 10, "seed": 1, "raise_on_mismatch": False}
MSE = "as nn.MSELoss takes it"


def mse(weights, biases, x, y):
    """The gradient of the mean over all entries of (a - y)²."""
    factor = x.dtype.type(2) / x.dtype.type(y.shape[1])
    return backprop(weights, biases, x, y, lambda a, y: factor * (a - y) * a * (1 - a))


def with_outputs(n, f=mse):
    return adapters.Subject(f, f.__name__, sizes=((3, 4, n),))


@pytest.mark.parametrize(
    ("n", "fault", "dtype"),
    [
        (1, "cost_factor_two", "float64"),
        (3, "mean_over_outputs", "float32"),
        (4, "cost_factor_half", "float64"),
        (5, "mean_over_outputs", "float64"),
        (7, "mean_over_outputs", "float32"),
    ],
)
def test_the_mean_over_all_entries_is_named_at_every_width(n, fault, dtype):
    (finding,) = check_backprop(with_outputs(n), dtype=dtype, **FEW).findings
    assert finding.fault == fault
    assert MSE in finding.message
    assert "write ((a - y) ** 2).sum() / (2 * m)" in finding.message
    assert finding.got / finding.expected == pytest.approx(2 / n, rel=1e-5)


def test_with_two_outputs_it_is_right():
    assert check_backprop(with_outputs(2), **FEW).verdict == "correct"


def test_over_widths_of_all_kinds_it_is_one_finding():
    (finding,) = check_backprop(mse, **FEW).findings
    assert (finding.equation, finding.fault, finding.also) == ("(6)", "mean_over_outputs", ())
    assert "2/n times" in finding.message
    assert finding.message.count(MSE) == 1


def factor(c, over_outputs=False):
    def subject(weights, biases, x, y):
        by = x.dtype.type(c / (y.shape[1] if over_outputs else 1))
        return backprop(weights, biases, x, y, lambda a, y: by * (a - y) * a * (1 - a))

    return subject


@pytest.mark.parametrize(
    ("c", "over_outputs", "fault"),
    [(2, False, "cost_factor_two"), (0.5, False, "cost_factor_half"), (1, True, "mean_over_outputs")],
)
def test_each_fault_alone_keeps_its_own_words(c, over_outputs, fault):
    (finding,) = check_backprop(factor(c, over_outputs), **FEW).findings
    assert finding.fault == fault
    assert MSE not in finding.message


def test_other_mistakes_beside_it_stay():
    def subject(weights, biases, x, y):
        by = x.dtype.type(2 / y.shape[1])
        return backprop(weights, biases, x, y, lambda a, y: by * (a - y) * a * (1 - a), without_prime=range(99))

    findings = check_backprop(subject, **FEW).findings
    assert {one.fault for one in findings} == {"mean_over_outputs", "hidden_derivative_missing"}
    assert [MSE in one.message for one in findings] == [one.fault == "mean_over_outputs" for one in findings]


def test_sums_and_other_costs_are_left_alone():
    of_sums = check_backprop(with_outputs(1), reduction="sum", **FEW).findings
    of_another_cost = check_backprop(with_outputs(1, factor(2)), cost="cross_entropy", **FEW).findings
    for findings in (of_sums, of_another_cost):
        assert findings
        assert not any(MSE in one.message for one in findings)
    assert in_convention([], []) == []
