from minibp.adapters.with_vjp import Differentiable, WithVjp


def test_it_is_a_pair_and_has_more():
    double = Differentiable.of(lambda x: 2 * x, lambda x, c: 2 * c, lambda x, v: 2 * v, {"w": 1.0})
    f, vjp = double
    assert (f(3.0), vjp(3.0, 5.0), double.jvp(3.0, 7.0), double.grad(3.0)) == (6.0, 10.0, 14.0, 2.0)
    assert double.parameters == {"w": 1.0}
    assert isinstance(double, WithVjp)
    assert Differentiable.of(f, vjp, vjp).parameters == {}
