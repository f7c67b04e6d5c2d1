import pytest

from minibp.bench.summary import between, break_even, groups, growth, with_ratios


def case(kind, n, dtype="float64", threads=1, **seconds):
    outcomes = {name.replace("_", "-"): {"seconds": rounds} for name, rounds in seconds.items()}
    return {"kind": kind, "n": n, "dtype": dtype, "threads": threads, "contenders": with_ratios(outcomes)}


def test_ratios_are_to_the_products_of_the_same_round():
    found = with_ratios({"products": {"seconds": [1.0, 4.0, 2.0]}, "batched": {"seconds": [2.0, 4.0, 6.0]}})
    assert found["batched"]["median"] == 4.0
    assert found["batched"]["ratio"] == {"low": 1.5, "median": 2.0, "high": 2.5}
    assert found["products"]["ratio"]["median"] == 1.0


def test_ratios_of_checkers_are_to_all_oracles():
    found = with_ratios({"minibp, all oracles": {"seconds": [2.0]}, "scipy check_grad": {"seconds": [3.0]}})
    assert found["scipy check_grad"]["ratio"]["median"] == 1.5


def test_what_was_not_timed_stays_as_it_is_and_without_a_unit_there_is_no_ratio():
    wrong = {"error": None}
    found = with_ratios({"JAX": {"seconds": [3.0]}, "MyGrad": wrong})
    assert (found["JAX"]["median"], found["JAX"]["ratio"]) == (3.0, None)
    assert found["MyGrad"] is wrong


def test_groups_are_by_dtype_and_threads_in_the_order_of_measuring():
    cases = [case("width", 8, "float32"), case("batch", 1), case("width", 8), case("width", 9, "float32")]
    found = [(dtype, threads, [one["n"] for one in members]) for dtype, threads, members in groups(cases, "width")]
    assert found == [("float32", 1, [8, 9]), ("float64", 1, [8])]


def test_growth_is_the_power_of_n():
    cases = [case("width", n, batched=[n**3.0], products=[n**2.0]) for n in (10, 100, 1000)]
    found = {(one["sweep"], one["contender"]): one["exponent"] for one in growth(cases)}
    assert found == {("width", "batched"): pytest.approx(3.0), ("width", "products"): pytest.approx(2.0)}


def test_batches_pay_from_where_on_the_batched_form_takes_less_than_the_loop():
    rounds = {1: (2.0, 1.0), 4: (1.5, 1.0), 16: (0.5, 1.0), 64: (0.1, 1.0)}
    cases = [case("batch", n, batched=[over], per_example=[under]) for n, (over, under) in rounds.items()]
    (found,) = break_even(cases)
    assert (found["dtype"], found["threads"], found["least"]) == ("float64", 1, 1)
    assert 4 < found["batch"] <= 16
    assert break_even([case("batch", 4, batched=[1.0])]) == []


def test_a_ratio_of_two_contenders_is_of_their_rounds_and_none_where_one_has_none():
    one = case("batch", 4, batched=[1.0, 10.0, 3.0], per_example=[2.0, 5.0, 3.0])
    assert between(one, "batched", "per-example") == 1.0
    assert between(one, "per-example", "batched") == 1.0
    assert between(one, "batched", "workspace") is None
