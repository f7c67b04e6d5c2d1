import pickle
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from adapter_programs import (
    SIGMOID,
    SIZES,
    ask,
    assert_right,
    assert_wrong,
    half_squares,
    is_right,
    sigmoid_with,
    stack,
)

from minibp import InputError, adapters, batched, check_backprop
from minibp.check.generation import draw
from minibp.check.rounding.whole_pass import arithmetic_of, bound
from minibp.check.tolerance import within
from minibp.strategies import problems


def test_a_torch_module(torch, drawn_of_sizes):
    subject = adapters.torch_module(stack(torch, SIZES), half_squares)
    assert subject.sizes == (SIZES,)
    assert_right(subject, drawn_of_sizes)
    assert_wrong(adapters.torch_module(stack(torch, SIZES), torch.nn.MSELoss(reduction="sum")), drawn_of_sizes)
    with pytest.raises(InputError, match=r"sizes are \(2, 2\), the code is for \(4, 3, 2\)"):
        subject([np.ones((2, 2))], [np.ones(2)], np.ones((1, 2)), np.ones((1, 2)))


def test_a_torch_module_of_any_sizes(torch, drawn):
    state = torch.random.get_rng_state()
    subject = adapters.torch_module(partial(stack, torch), half_squares)
    assert (subject.sizes, subject.__name__) == (None, "stack")
    assert_right(subject, drawn)
    assert torch.equal(torch.random.get_rng_state(), state)
    one_layer = adapters.torch_module(lambda sizes: stack(torch, sizes[:2]), half_squares)
    with pytest.raises(InputError, match=r"sizes are \(4, 3, 2\), the code is for \(4, 3\)"):
        one_layer([np.ones((3, 4)), np.ones((2, 3))], [np.ones(3), np.ones(2)], np.ones((1, 4)), np.ones((1, 2)))


def test_an_autograd_function_in_a_torch_module(torch, drawn_of_sizes):
    right = stack(torch, SIZES, sigmoid_with(torch, lambda a: a * (1 - a)))
    assert_right(adapters.torch_module(right, half_squares), drawn_of_sizes)
    wrong = stack(torch, SIZES, sigmoid_with(torch, lambda a: a))
    assert_wrong(adapters.torch_module(wrong, half_squares), drawn_of_sizes)


def test_a_torch_module_with_parameters_of_its_own(torch, drawn_of_sizes):
    class ByHand(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.w2, self.w3 = (torch.nn.Parameter(torch.zeros(k, n)) for n, k in pairwise(SIZES))
            self.b2, self.b3 = (torch.nn.Parameter(torch.zeros(k)) for k in SIZES[1:])

        def forward(self, x):
            hidden = torch.sigmoid(x @ self.w2.T + self.b2)
            return torch.sigmoid(hidden @ self.w3.T + self.b3)

    subject = adapters.torch_module(ByHand(), half_squares)
    assert subject.__name__ == "ByHand"
    assert_right(subject, drawn_of_sizes)


def test_a_loss_may_refer_to_its_module(torch):
    module = stack(torch, SIZES)

    def penalised(a, y):
        squares = sum((p**2).sum() for p in module.parameters() if p.ndim == 2)
        return half_squares(a, y) + squares * (5 / (2 * len(y)))

    given = draw(problems(sizes=SIZES, **{**SIGMOID, "l2": 5.0}), 30, 8)
    assert_right(adapters.torch_module(module, penalised), given)
    assert_wrong(adapters.torch_module(module, half_squares), given)


def test_hooks_of_parameters_are_part_of_the_gradient(torch, drawn_of_sizes):
    module = stack(torch, SIZES)
    module[0].weight.register_hook(lambda grad: 2 * grad)
    assert_wrong(adapters.torch_module(module, half_squares), drawn_of_sizes)


@pytest.mark.parametrize("fails", [False, True])
def test_a_torch_module_is_left_as_it_was(torch, drawn_of_sizes, fails):
    class Counting(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("calls", torch.zeros(1, dtype=torch.int64))
            self.register_buffer("sums", torch.zeros(2))

        def forward(self, x):
            self.calls += 1
            self.sums = self.sums + x.detach().sum(0)
            assert self.sums.dtype == x.dtype
            assert not fails
            return x

    module = torch.nn.Sequential(*stack(torch, SIZES), Counting()).to(torch.float16)
    module[0].weight.grad = torch.ones_like(module[0].weight)
    parameters = list(module.parameters())
    before = {name: (tensor, tensor.clone()) for name, tensor in module.state_dict(keep_vars=True).items()}
    grads = [None if p.grad is None else (p.grad, p.grad.clone()) for p in parameters]
    subject = adapters.torch_module(module, half_squares)
    for problem in drawn_of_sizes[:10]:
        if fails:
            with pytest.raises(AssertionError, match="not True"):
                ask(subject, problem)
        else:
            assert is_right(subject, problem)
    after = module.state_dict(keep_vars=True)
    assert list(after) == list(before)
    for name, (tensor, content) in before.items():
        assert after[name] is tensor
        assert tensor.dtype == content.dtype
        assert torch.equal(tensor, content)
    for parameter, kept in zip(parameters, grads, strict=True):
        assert (parameter.grad is None) is (kept is None)
        if kept:
            assert parameter.grad is kept[0]
            assert torch.equal(*kept)


def test_a_torch_parameter_that_no_gradient_reaches_has_the_gradient_0(torch, drawn_of_sizes):
    class Detached(torch.nn.Module):
        def forward(self, a):
            return a.detach()

    module = torch.nn.Sequential(stack(torch, SIZES[:2]), Detached(), stack(torch, SIZES[1:]))
    frozen = stack(torch, SIZES)
    for parameter in frozen[0].parameters():
        parameter.requires_grad_(False)
    for subject in (adapters.torch_module(module, half_squares), adapters.torch_module(frozen, half_squares)):
        for problem in drawn_of_sizes:
            nabla_w, nabla_b = ask(subject, problem)
            expected = batched.backprop(problem.network, problem.cost, problem.x, problem.y).gradient
            assert not nabla_w[0].any()
            assert not nabla_b[0].any()
            assert (nabla_w[0].dtype, nabla_w[0].shape) == (problem.dtype, (3, 4))
            limit = bound(problem, arithmetic_of(problem.dtype)).gradient.nabla_w[1]
            assert np.isfinite(limit).all()
            assert within(nabla_w[1], expected.nabla_w[1], limit, limit).all()


def test_torch_code_cannot_hide_what_it_changes_in_place(torch):
    class Clamping(torch.nn.Linear):
        def forward(self, x):
            with torch.no_grad():
                self.weight.clamp_(max=0.5)
                x.mul_(3)
            return super().forward(x)

    given = [np.ones((2, 3))], [np.ones(2)], np.ones((4, 3)), np.ones((4, 2))
    adapters.torch_module(Clamping(3, 2), half_squares)(*given)
    assert np.all(given[0][0] == 0.5)
    assert np.all(given[2] == 3)


def test_torch_takes_arrays_that_cannot_be_written_to_and_works_without_grad(torch, drawn_of_sizes):
    subject = adapters.torch_module(stack(torch, SIZES), half_squares)
    problem = drawn_of_sizes[0]
    with torch.no_grad():
        got = subject(problem.network.weights, problem.network.biases, problem.x, problem.y)
    assert not problem.x.flags.writeable
    for one, other in zip(got, ask(subject, problem), strict=True):
        assert all(map(np.array_equal, one, other))


def test_torch_modules_with_other_parameters_are_refused(torch):
    nn = torch.nn
    expected = r"expected a weight \(n_out, n_in\) and a bias \(n_out,\) for each layer"
    for module in (
        nn.Linear(2, 2, bias=False),
        nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 1)),
        nn.Sequential(nn.Linear(2, 3), nn.Linear(4, 1)),
        nn.Sequential(nn.Linear(2, 3), nn.PReLU()),
        nn.Conv2d(1, 1, 3),
        nn.Bilinear(2, 3, 2),
    ):
        with pytest.raises(InputError, match=f"{type(module).__name__} has the parameters .*weight .*{expected}"):
            adapters.torch_module(module, half_squares)
    with pytest.raises(InputError, match=r"Sigmoid has the parameters \(none\); expected"):
        adapters.torch_module(nn.Sigmoid(), half_squares)
    with pytest.raises(InputError, match="module is 3, expected a torch.nn.Module or a function"):
        adapters.torch_module(3, half_squares)


def test_a_check_names_what_is_wrong_in_an_autograd_function(torch):
    module = stack(torch, (3, 3, 3), sigmoid_with(torch, lambda a: a))
    report = check_backprop(adapters.torch_module(module, half_squares), examples=5, seed=1, raise_on_mismatch=False)
    assert report.verdict == "wrong"
    assert "hidden_activation_for_derivative" in [finding.fault for finding in report.findings]
    assert {finding.subject for finding in report.findings} == {"Sequential"}


@pytest.mark.parametrize("n", [1, 2, 5])
def test_a_check_knows_the_mean_over_all_entries_of_torchs_own_loss(torch, n):
    subject = adapters.torch_module(stack(torch, (4, 3, n)), torch.nn.MSELoss())
    report = check_backprop(subject, examples=5, seed=1, raise_on_mismatch=False)
    assert report.verdict == ("correct" if n == 2 else "wrong")  # its gradients are 2/n times those of the cost (9)
    assert bool(report.findings) == (n != 2)
    assert all("nn.MSELoss" in finding.message for finding in report.findings)


def test_a_check_points_from_a_torch_module_to_its_adapter(torch):
    for subject in (stack(torch, SIZES), torch.nn.Linear(2, 1), torch.nn.Linear):
        with pytest.raises(InputError, match=r"a torch module, .*minibp\.adapters\.torch_module\(module, loss\)"):
            check_backprop(subject)


def test_the_adapter_of_models_points_to_that_of_torch(torch):
    for make in (torch.nn.Linear, torch.nn.Linear(2, 1)):
        with pytest.raises(
            InputError, match=r"make is Linear, a torch module, .*minibp\.adapters\.torch_module\(module"
        ):
            adapters.model(make, "backward")


def test_a_torch_subject_is_pickled_too(torch, drawn_of_sizes):
    subject = adapters.torch_module(stack(torch, SIZES), half_squares)
    assert_right(pickle.loads(pickle.dumps(subject)), drawn_of_sizes[:8])
