import pytest

from minibp import GradientMismatch
from minibp.torch import gradcheck, gradgradcheck


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch", reason="torch is not installed")


@pytest.fixture
def x(torch):
    return torch.randn(2, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).requires_grad_()


def rule(torch, forward, backward, **more):
    methods = {"forward": forward, "backward": backward, **more}
    return type("Rule", (torch.autograd.Function,), {name: staticmethod(one) for name, one in methods.items()})


def exp_with(torch, factor):
    """An exponential whose backward pass is off by a factor."""

    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.exp()

    return rule(torch, forward, lambda ctx, g: factor * g * ctx.saved_tensors[0].exp()).apply


def errors_of(torch):
    from importlib import import_module

    return import_module("torch.autograd.gradcheck").GradcheckError


# What PyTorch's own tests of gradcheck hold


def test_one_input_and_several(torch, x):
    w = torch.randn(3, 2, dtype=torch.float64, requires_grad=True)
    assert gradcheck(torch.tanh, x)
    assert gradcheck(torch.tanh, (x,), fast_mode=True)
    assert gradcheck(torch.mm, (x, w), eps=1e-3, atol=1e-2, rtol=1e-2)
    assert gradcheck(torch.mm, (x, w.detach()))
    assert gradcheck(lambda x, label, n, kind: (x * n, label), (x, torch.tensor([1, 2]), 3.0, "text"))


def test_a_wrong_gradient_raises_an_error_of_both_kinds(torch, x):
    with pytest.raises(errors_of(torch), match="vjp disagrees with the oracles at ∂out") as caught:
        gradcheck(exp_with(torch, 1 + 1e-5), x)
    assert isinstance(caught.value, GradientMismatch)
    assert caught.value.report.verdict == "wrong"
    assert gradcheck(exp_with(torch, 1 + 1e-5), x, raise_exception=False) is False
    assert torch.autograd.gradcheck(exp_with(torch, 1 + 1e-5), x.detach().requires_grad_())  # which its own cannot see


def test_inputs_have_to_require_a_gradient(torch):
    with pytest.raises(ValueError, match="no input requires a gradient, expected at least one tensor"):
        gradcheck(torch.tanh, (torch.ones(2), 3))


@pytest.mark.filterwarnings("ignore:ComplexHalf support is experimental")
def test_single_precision_needs_no_tolerance(torch, x):
    single = x.detach().float().requires_grad_()
    assert gradcheck(torch.nn.functional.softplus, single)
    assert not gradcheck(exp_with(torch, 1.001), single, raise_exception=False)
    with pytest.raises(ValueError, match="dtype float16, expected float64 or float32"):
        gradcheck(torch.tanh, x.detach().half().requires_grad_())
    assert not gradcheck(lambda x: x.chalf(), x, raise_exception=False)


def test_complex_inputs_and_results(torch):
    z = torch.randn(3, dtype=torch.complex128, generator=torch.Generator().manual_seed(1)).requires_grad_()
    assert gradcheck(lambda z: z * z.abs(), z)
    assert gradcheck(lambda z: z.real, z)
    assert gradcheck(torch.view_as_real, z, check_forward_ad=True)
    wrong = rule(torch, lambda ctx, z: z * 2j, lambda ctx, g: g * 2j)
    assert not gradcheck(wrong.apply, z, raise_exception=False)


def test_results_without_a_gradient(torch, x):
    assert gradcheck(lambda x: (x.exp(), x.argmax(), x.detach()), x)
    assert not gradcheck(lambda x: x.detach().exp(), x, raise_exception=False)
    assert gradcheck(lambda x: torch.ones(3, dtype=torch.float64), x)


@pytest.mark.parametrize("layout", ["transposed", "channels last", "with gaps"])
def test_inputs_keep_their_layout(torch, layout):
    strides = []

    def f(x):
        strides.append(x.stride())
        return (x * x).sum()

    given = {
        "transposed": torch.randn(3, 2, dtype=torch.float64).T,
        "channels last": torch.randn(1, 2, 2, 3, dtype=torch.float64).to(memory_format=torch.channels_last),
        "with gaps": torch.randn(2, 4, dtype=torch.float64)[:, ::2],
    }[layout].requires_grad_()
    assert gradcheck(f, given)
    assert set(strides) == {given.stride()}


def test_what_the_function_raises_comes_out_as_it_is(torch, x):
    def failing(_):
        raise KeyError("w")

    backward = rule(torch, lambda ctx, x: x * 1, lambda ctx, g: failing(g)).apply
    for f in (failing, backward):
        for check in (gradcheck, gradgradcheck):
            with pytest.raises(KeyError, match="w"):
                check(f, x, raise_exception=False)
    with pytest.raises(NotImplementedError, match="must implement the jvp") as caught:
        gradcheck(rule(torch, lambda ctx, x: x * 1, lambda ctx, g: g).apply, x, check_forward_ad=True)
    assert caught.value.__notes__[0].startswith("minibp: jvp raised NotImplementedError")


def test_without_entries_there_is_nothing_to_check(torch, x):
    empty = torch.ones(0, 3, dtype=torch.float64, requires_grad=True)
    assert gradcheck(torch.exp, empty)
    assert gradgradcheck(torch.exp, empty)
    assert gradcheck(lambda x, e: x.exp() + e.sum(), [x, empty], check_batched_grad=True, check_forward_ad=True)
    assert gradcheck(lambda x: x[:0], x)
    assert gradcheck(lambda x: (), x)
    with pytest.raises(ValueError, match="no result requires a gradient"):
        gradgradcheck(torch.argmax, x)
    with pytest.raises(ValueError, match="f returned a NoneType"):
        gradcheck(lambda x: None, x)


def test_gradients_of_another_layout(torch, x):
    sparse = rule(torch, lambda ctx, x: x * 1, lambda ctx, g: g.to_sparse()).apply
    with pytest.raises(errors_of(torch), match="by input 0 is torch.sparse_coo .2 . 0 dim., expected torch.strided"):
        gradcheck(sparse, x)

    def in_one_dimension(s):
        y = s.clone()
        y.register_hook(lambda g: g.to_dense().to_sparse(1))
        return y.to_dense()

    s = torch.eye(2, dtype=torch.float64).to_sparse().requires_grad_()
    with pytest.raises(errors_of(torch), match=r"is torch.sparse_coo .1 . 1 dim., expected .* .2 . 0 dim."):
        gradcheck(in_one_dimension, s, masked=True)
    assert not gradcheck(in_one_dimension, s, masked=True, raise_exception=False)


def test_single_precision_of_complex_numbers(torch):
    z = torch.tensor([0.1 + 0.7j, -1.3j, 2.7], dtype=torch.complex64, requires_grad=True)
    assert gradcheck(lambda z: 2 * z, z)
    assert not gradcheck(rule(torch, lambda ctx, z: 2 * z, lambda ctx, g: 2.001 * g).apply, z, raise_exception=False)


@pytest.mark.filterwarnings("ignore:Sparse invariant checks are implicitly disabled")
def test_tensors_of_mkldnn(torch):
    if not torch.backends.mkldnn.is_available():
        pytest.skip("PyTorch is built without MKL-DNN")
    a, b = torch.ones(3, requires_grad=True), torch.tensor([1.0, -2.0, 3.0]).to_mkldnn().requires_grad_()
    assert gradcheck(lambda a, b: a * b.to_dense(), (a, b))
    assert gradcheck(lambda a: a.to_mkldnn(), a)
    with pytest.raises(ValueError, match="expected no inputs of MKLDNN"):
        gradcheck(lambda a, b: a * b.to_dense(), (a, b), check_forward_ad=True)


def test_expanded_inputs_are_taken_as_full_ones(torch):
    assert gradcheck(torch.tanh, torch.ones(1, dtype=torch.float64).expand(3).requires_grad_())


@pytest.mark.filterwarnings("ignore:Sparse invariant checks are implicitly disabled")
@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support is in beta state")
def test_sparse_inputs(torch, x):
    def sparse():
        return torch.eye(2, dtype=torch.float64).to_sparse().requires_grad_()

    assert gradcheck(torch.sparse.mm, (sparse(), x), masked=True)
    assert not gradcheck(torch.sparse.mm, (sparse(), x), masked=False, raise_exception=False)
    assert gradcheck(lambda s: s.to_dense() ** 2, sparse())
    rows = torch.eye(2, dtype=torch.float64).to_sparse_csr().requires_grad_()
    assert gradcheck(lambda s: s.to_dense() ** 2, rows)
    assert gradcheck(torch.sparse.mm, (rows, x), masked=True)


def test_results_that_have_no_cotangent(torch, x):
    def forward(ctx, x):
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(x)
        return x.exp(), x.sin()

    def backward(ctx, a, b):
        return a * ctx.saved_tensors[0].exp() + b * ctx.saved_tensors[0].cos()

    def forgetful(ctx, a, b):
        a, b = (torch.ones_like(ctx.saved_tensors[0]) if c is None else c for c in (a, b))
        return backward(ctx, a, b)

    raising, ones = rule(torch, forward, backward).apply, rule(torch, forward, forgetful).apply
    with pytest.raises(errors_of(torch), match="backward raised TypeError: .* where only result 0 has a gradient"):
        gradcheck(raising, x)
    with pytest.raises(errors_of(torch), match="by input 0 is another where only result 0 has a gradient"):
        gradcheck(ones, x)
    assert gradcheck(raising, x, check_undefined_grad=False)


def test_a_single_result_that_has_no_cotangent(torch, x):
    def forward(ctx, x):
        ctx.set_materialize_grads(False)
        return x * 2

    def forgetful(ctx, g):
        return 2 * (torch.ones_like(x) if g is None else g)

    with pytest.raises(errors_of(torch), match="backward raised TypeError: .* where no result has a gradient"):
        gradcheck(rule(torch, forward, lambda ctx, g: g * 2).apply, x)
    with pytest.raises(errors_of(torch), match="by input 0 is another where no result has a gradient"):
        gradcheck(rule(torch, forward, forgetful).apply, x)
    assert gradcheck(rule(torch, forward, lambda ctx, g: None if g is None else g * 2).apply, x)


def test_one_result_of_three_has_no_cotangent(torch, x):
    def forward(ctx, x):
        ctx.set_materialize_grads(False)
        return x * 1, x * 2, x * 3

    def backward(ctx, *c):
        if sum(one is None for one in c) == 1:
            return None
        return (
            sum(k * one for k, one in enumerate(c, 1) if one is not None) if any(one is not None for one in c) else None
        )

    with pytest.raises(errors_of(torch), match="by input 0 is another where result 0 alone has no gradient"):
        gradcheck(rule(torch, forward, backward).apply, x)


def test_forward_mode(torch, x):
    def jvp(factor):
        def forward(ctx, x):
            ctx.x = x
            return x.sin()

        return rule(torch, forward, lambda ctx, g: g * ctx.x.cos(), jvp=lambda ctx, v: factor * v * ctx.x.cos()).apply

    assert gradcheck(torch.tanh, x, check_forward_ad=True)
    assert gradcheck(jvp(1), x, check_forward_ad=True)
    assert gradcheck(jvp(1.5), x)
    with pytest.raises(errors_of(torch), match="jvp disagrees"):
        gradcheck(jvp(1.5), x, check_forward_ad=True, check_backward_ad=False)


def test_in_forward_mode_inputs_require_no_gradient(torch, x):
    level = torch.autograd.forward_ad

    def forward(ctx, x, y):
        assert not (level._current_level >= 0 and (x.requires_grad or y.requires_grad))
        return x.clone(), y.clone()

    both = rule(torch, forward, lambda ctx, a, b: (a, b), jvp=lambda ctx, a, b: (a, b)).apply
    y = x.detach().clone()
    forward_alone = {"check_forward_ad": True, "check_backward_ad": False, "check_batched_forward_grad": True}
    assert gradcheck(both, (x, y.requires_grad_()), **forward_alone)
    assert gradcheck(both, (x, x.detach()), **forward_alone)
    assert gradgradcheck(torch.sin, x, check_fwd_over_rev=True, check_rev_over_rev=False)

    def drawing(ctx, v):
        torch.randn_like(v)
        return v

    with pytest.raises(errors_of(torch), match=r"tangents under torch.vmap: .* random"):
        gradcheck(rule(torch, lambda ctx, x: x * 1, lambda ctx, g: g, jvp=drawing).apply, x, **forward_alone)


def test_batched_gradients_and_tangents(torch, x):
    assert gradcheck(torch.tanh, x, check_batched_grad=True)
    assert gradcheck(torch.tanh, x, check_forward_ad=True, check_batched_forward_grad=True)
    one_by_one = rule(torch, lambda ctx, x: x.clone(), lambda ctx, g: g * float(g.sum() != 1e9))
    with pytest.raises(errors_of(torch), match=r"gradients under torch.vmap: RuntimeError"):
        gradcheck(one_by_one.apply, x, check_batched_grad=True)


@pytest.mark.parametrize(
    "options",
    [
        {"check_backward_ad": False},
        {"check_batched_grad": True, "check_backward_ad": False, "check_forward_ad": True},
        {"check_batched_forward_grad": True},
    ],
    ids=["no mode", "batched without backward", "batched without forward"],
)
def test_options_that_say_nothing(torch, x, options):
    with pytest.raises(ValueError, match="expected"):
        gradcheck(torch.tanh, x, **options)
    with pytest.raises(AssertionError, match="expected"):
        gradcheck(torch.tanh, x, **options)


def test_gradients_of_gradients(torch, x):
    w = torch.randn(3, 2, dtype=torch.float64, requires_grad=True)
    assert gradgradcheck(torch.tanh, x, check_fwd_over_rev=True)
    assert gradgradcheck(torch.mm, (x, w), gen_non_contig_grad_outputs=True)
    assert gradgradcheck(torch.mm, (x, w), torch.ones(2, 2, dtype=torch.float64), check_batched_grad=True)
    assert gradgradcheck(lambda x: (x.exp(), x.argmax()), x)

    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * x.detach().exp()  # right, and constant as far as its own gradient goes

    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.exp()

    cut = rule(torch, forward, backward).apply
    assert gradcheck(cut, x)
    with pytest.raises(errors_of(torch), match=r"/∂x\["):
        gradgradcheck(cut, x)
    assert not gradgradcheck(cut, x, raise_exception=False)
    assert gradgradcheck(lambda a: torch.nn.functional.l1_loss(a, torch.zeros_like(a)), x)
    with pytest.raises(AssertionError, match="neither check_fwd_over_rev nor check_rev_over_rev"):
        gradgradcheck(torch.tanh, x, check_rev_over_rev=False)
    with pytest.raises(AssertionError, match="check_batched_grad is true, expected check_rev_over_rev=True"):
        gradgradcheck(torch.tanh, x, check_rev_over_rev=False, check_fwd_over_rev=True, check_batched_grad=True)
