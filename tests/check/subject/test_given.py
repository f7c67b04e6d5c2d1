import numpy as np
import pytest
from claim_programs import backprop, code_of

import minibp
from minibp import InputError, Network, Problem

NETWORK = Network.random([4, 3, 2], "sigmoid", rng=0)
X = np.random.default_rng(1).standard_normal((5, 4))
Y = np.random.default_rng(2).random((5, 2))


def check(code=backprop, **given):
    return minibp.check_backprop(code, raise_on_mismatch=False, seed=1, **given)


def off_at_one(weights, biases, x, y):
    """Right but where an input is beyond 2, which what is drawn for a check seldom is."""
    nabla_w, nabla_b = backprop(weights, biases, x, y)
    return nabla_w, [1.5 * b if x.max() > 2 else b for b in nabla_b]


def test_the_check_is_at_the_very_point():
    far = X.copy()
    far[3, 1] = 2.5
    at = check(off_at_one, network=NETWORK, x=far, y=Y)
    assert at.verdict == "wrong"
    assert at.networks == 1
    assert np.array_equal(at.counterexample.x, far[3:4])  # the one row that shows it
    assert check(off_at_one, network=NETWORK, x=np.clip(X, -2, 2), y=Y).verdict == "correct"


def test_a_network_may_be_the_file_of_its_save(tmp_path):
    NETWORK.save(tmp_path / "stuck.npz")
    for path in (tmp_path / "stuck.npz", str(tmp_path / "stuck.npz")):
        report = check(network=path, x=X, y=Y)
        assert (report.verdict, report.networks) == ("correct", 1)
    with pytest.raises(InputError, match=r"none\.npz"):
        check(network=tmp_path / "none.npz", x=X, y=Y)


def test_problems_come_with_their_cost_and_penalty():
    network = Network.random([3, 2], "tanh", rng=0)

    def mine(weights, biases, x, y):
        return minibp.batched.backprop(Network(weights, biases, "tanh"), "huber", x, y, 0.5).gradient

    problems = [Problem(network, "huber", X[:m, :3], Y[:m], 0.5) for m in (1, 4)]
    report = check(mine, problems=problems)
    assert (report.verdict, report.networks) == ("correct", 2)
    assert check(backprop, problems=problems).verdict == "wrong"


def test_labels_are_given_as_they_are():
    labels = np.array([0, 1, 1, 0, 1])
    assert check(code_of("labels"), network=NETWORK, x=X, y=labels, targets="labels").verdict == "correct"
    one = Network.random([4, 1], "sigmoid", rng=0)
    assert check(code_of("labels"), network=one, x=X, y=labels, targets="labels").verdict == "correct"


def test_float32_stays_so():
    report = check(network=NETWORK.astype("float32"), x=X, y=Y)
    assert report.verdict == "correct"
    assert report.counterexample is None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"network": NETWORK}, "x and y missing: a network is given with x and y"),
        ({"x": X, "y": Y}, "network missing"),
        ({"network": NETWORK, "x": X}, "y missing"),
        ({"network": 3, "x": X, "y": Y}, "network is 3, expected a minibp.Network, or the file that its save wrote"),
        ({"network": NETWORK, "x": X[:, :2], "y": Y}, "x has 2 columns"),
        ({"network": NETWORK, "x": X, "y": Y, "problems": []}, "problems and network were given"),
        ({"problems": []}, r"problems is \[\], expected a sequence of minibp.Problem"),
        ({"problems": 7}, "problems is 7, expected a sequence"),
        ({"problems": [Problem(NETWORK, "quadratic", X, Y), 1]}, "expected a sequence of minibp.Problem"),
        (
            {"problems": [Problem(NETWORK, "quadratic", X, Y, l2) for l2 in (0.0, 1.0)]},
            r"problems\[1\] has l2 .*1.*, problems\[0\] .*0",
        ),
        (
            {"problems": [Problem(NETWORK.astype(dtype), "quadratic", X, Y) for dtype in ("float64", "float32")]},
            r"problems\[1\] has dtype float32, problems\[0\] float64",
        ),
        ({"network": NETWORK, "x": X, "y": Y, "targets": "one_hot"}, r"y\[0\] is .*, expected a single 1 among zeros"),
        ({"network": NETWORK, "x": X, "y": Y, "targets": "signs"}, "expected numbers of 1 and -1"),
        ({"network": NETWORK, "x": X, "y": Y, "targets": "labels"}, r"y has shape \(5, 2\) and dtype float64"),
        ({"network": NETWORK, "x": X, "y": [0, 1, 2, 0, 0], "targets": "labels"}, "from 0 to 2, expected 0 to 1"),
        (
            {"network": Network([[[1.0]]], [[1.0]]), "x": [[1.0]], "y": [[1.0]], "biases": False},
            "biases=False, and the network has biases that are not 0",
        ),
    ],
    ids=[
        "no examples", "no network", "no targets", "no Network", "columns", "both", "empty", "a number", "not all",
        "two penalties", "two dtypes", "not one-hot", "not signs", "not labels", "a label too large", "biases",
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_refused(given, message):
    with pytest.raises(InputError, match=message):
        check(**given)
